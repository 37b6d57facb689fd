"Fixtures that every test may use"
import gc, os, secrets
from pathlib import Path
import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault('MPLBACKEND', 'agg')
# no deadlines, since machines stall; CI draws the same examples each time
settings.register_profile('autolearn', deadline=None, derandomize=bool(os.environ.get('CI')))
settings.load_profile('autolearn')

@pytest.fixture(scope='session', autouse=True)
def home(tmp_path_factory):
    "Nothing outlives the tests in the user's own AUTOLEARN_HOME"
    with pytest.MonkeyPatch.context() as mp:
        path = tmp_path_factory.mktemp('home')
        mp.setenv('AUTOLEARN_HOME', str(path))
        yield path

@pytest.fixture(scope='session')
def data():
    "The folder of real data sets, one folder each"
    path = Path(os.environ.get('AUTOLEARN_DATA') or ROOT/'../shared/data').resolve()
    if not path.is_dir(): pytest.skip(f'no data sets at {path}: set AUTOLEARN_DATA')
    return path

def _database(url):
    "Make a database with a random name on the server at `url`, yield its URL, drop it"
    name,url = f'al_{secrets.token_hex(6)}',make_url(url)
    server = create_engine(url, isolation_level='AUTOCOMMIT', connect_args=dict(connect_timeout=5))
    def run(sql):
        with server.connect() as c:
            res = c.execute(text(sql))
            return list(res) if res.returns_rows else []
    try: run(f'CREATE DATABASE {name}')
    except SQLAlchemyError as e:
        why = f'no database server at {url}: {str(e.orig if hasattr(e, "orig") else e).splitlines()[0]}'
        pytest.fail(why) if os.environ.get('AUTOLEARN_REQUIRE_DB')=='1' else pytest.skip(why)
    try: yield url.set(database=name).render_as_string(hide_password=False)
    finally: # a connection left open, by a killed worker perhaps, must not block the drop
        gc.collect() # our own end in order first: one that dies later, cut off, can break whatever runs then
        if url.get_backend_name()=='postgresql': run(f'DROP DATABASE {name} WITH (FORCE)')
        else:
            for i, in run(f"SELECT id FROM information_schema.processlist WHERE db='{name}'"):
                try: run(f'KILL {i}')
                except SQLAlchemyError: pass # it went by itself
            run(f'DROP DATABASE {name}')
        server.dispose()

@pytest.fixture
def pg_url():
    "URL of an empty PostgreSQL database, dropped after the test"
    yield from _database(os.environ.get('AUTOLEARN_PG_URL', 'postgresql+psycopg://postgres@127.0.0.1:5432/test'))

@pytest.fixture
def mariadb_url():
    "URL of an empty MariaDB database, dropped after the test"
    yield from _database(os.environ.get('AUTOLEARN_MARIADB_URL', 'mysql+pymysql://root@127.0.0.1:3306/test'))

@pytest.fixture(scope='session')
def lab(tmp_path_factory):
    "A JupyterLab server of its own: `lab.write`, `lab.open`, `lab.run_all` (see lab.py)"
    from lab import need_browser, start_lab
    need_browser()
    with start_lab(tmp_path_factory.mktemp('lab')) as o: yield o

@pytest.fixture
def page(tmp_path):
    "A page of a browser; its errors and the dialogs it opened stand in `page.errors`"
    from lab import need_browser, start_page
    need_browser()
    with start_page(tmp_path) as o: yield o
