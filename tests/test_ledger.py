"The ledger on SQLite, PostgreSQL and MariaDB: its contract, crowds of writers, kills, and files that went wrong"
import json, os, random, secrets, shutil, signal, sqlite3, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
import pytest
from sqlalchemy import inspect, text
from autolearn import ledger as room
from autolearn.check import check_ledger
from autolearn.core import UserError
from autolearn.ledger import MIGRATIONS, Ledger, ledger_url, schema_of
from autolearn.records import Decision, Problem, Recipe, Trial

HERE = Path(__file__).resolve()
V1 = HERE.parent/'ledgers'/'v1.db'
SOURCE = dict(reader='folder', args=dict(path='digits/'))
PROBLEM = Problem('digits', SOURCE, 'c0ffee', 'image_classification', 'image', 'accuracy')
TRIAL = Trial('t', PROBLEM.id, Recipe('image_classification', dict(width=16, lr=None)))

DB = pytest.mark.db

@pytest.fixture(params=['sqlite', pytest.param('pg', marks=DB), pytest.param('mariadb', marks=DB)])
def place(request, tmp_path):
    "Where a ledger can be made: once in each kind of database"
    return str(tmp_path/'ledger.db') if request.param=='sqlite' else request.getfixturevalue(f'{request.param}_url')

def start(led, run='r'):
    "The problem and a run, in `led`"
    led.add_problem(PROBLEM)
    led.add_run(run, PROBLEM.id, 'digits', dict(budget='5m'))
    return led

# ---- the contract, and that it finds what is wrong

def test_contract(place):
    for _ in range(2): check_ledger(place)

def overwrite(led, trial):
    t = room.al_trials
    led._do(lambda c: c.execute(room.update(t).where(t.c.id==trial.id).values(**room._columns(trial))), write=True)

class Forgets(Ledger): # each of these breaks one promise, and the check says which
    said = 'Two looks'
    def add_look(self, problem, run, again=False): return super().add_look(problem, run)
class Eager(Ledger):
    said = 'goes on looks twice'
    def add_look(self, problem, run, again=False): return super().add_look(problem, run, again=True)
class Unfreezes(Ledger):
    said = 'has ended changes'
    set_trial = overwrite
class Restarts(Ledger):
    said = 'starts it again'
    def add_trial(self, trial, run):
        super().add_trial(trial, run)
        overwrite(self, trial)
class Reverses(Ledger):
    said = 'order of starting'
    def trials(self, *args, **kw): return super().trials(*args, **kw)[::-1]
class Mixes(Ledger):
    said = 'state does not find'
    def trials(self, run=None, problem=None, state=None): return super().trials(run=run, problem=problem)
class Hopes(Ledger):
    said = 'best is not'
    def best(self, problem, metric, better='up'):
        scored = [o for o in self.trials(problem=problem) if o.metrics.get(metric)]
        return max(scored, key=lambda o: o.metrics[metric], default=None)
class Repeats(Ledger):
    said = 'reader of events'
    def events(self, run, after=0): return super().events(run)
class Tears(Ledger):
    said = 'Half of a batch was written|torn apart|same number'
    def add_events(self, run, events): return [super(Tears, self).add_events(run, [o]) for o in events][-1]
class Trims(Ledger):
    said = 'decision does not come back'
    def add_decision(self, run, decision, trial=''):
        super().add_decision(run, decision.replace(evidence=decision.evidence.strip()), trial)
class Piles(Ledger):
    said = 'not replaced'
    n = 0
    def add_decision(self, run, decision, trial=''):
        self.n += 1
        super().add_decision(run, decision.replace(key=decision.key+(f'.{self.n}' if self.n>1 else '')), trial)
class Loses(Ledger):
    said = 'not what it was'
    def close(self):
        third = room.al_events.delete().where(room.al_events.c.number==3)
        if self.engine is not None: self._do(lambda c: c.execute(third), write=True)
        super().close()
class Reopens(Ledger):
    said = 'closed answers'
    def _connect(self, write):
        if self.engine is None: self.engine = room.open_engine(ledger_url(self.where))
        return super()._connect(write)

BROKEN = Forgets, Eager, Unfreezes, Restarts, Reverses, Mixes, Hopes, Repeats, Tears, Trims, Piles, Loses, Reopens

@pytest.mark.parametrize('broken', BROKEN)
def test_contract_finds_a_broken_ledger(tmp_path, broken):
    with pytest.raises(AssertionError, match=broken.said): check_ledger(tmp_path/'ledger.db', broken)

def test_the_package_does_not_bring_the_ledger():
    code = "import sys, autolearn.records, autolearn.check; assert not {'sqlalchemy', 'autolearn.ledger'} & {*sys.modules}"
    subprocess.run([sys.executable, '-c', code], check=True, cwd=HERE.parents[1])

# ---- many processes

def child(*args, **kw):
    "This file as a program, in a process of its own: see the end"
    env = os.environ|dict(PYTHONPATH=str(HERE.parents[1]))
    return subprocess.Popen([sys.executable, str(HERE), *map(str, args)], stdin=-1, stdout=-1, stderr=-1, text=True, env=env, **kw)

def ready(procs):
    "Wait until all have imported what they need, then let them go at once"
    for p in procs: assert p.stdout.readline()=='ready\n', p.communicate()[1]
    for p in procs:
        p.stdin.write('go\n')
        p.stdin.flush()

def write_rows(where, i, n):
    "A writer: opens the ledger, perhaps as the first, then adds `n` trials, ends them and adds `n` events"
    with start(Ledger(where)) as led:
        t = time.time()
        for j in range(n):
            trial = TRIAL.replace(id=f'{i}-{j}')
            led.add_trial(trial, 'r')
            led.add_event('r', dict(kind='epoch', writer=i, j=j))
            led.set_trial(trial.replace(state='done', metrics=dict(accuracy=j/n)))
            if j%5==0: led.add_look(PROBLEM.id, 'r', again=True)
        print(json.dumps([t, time.time()]), flush=True)

@pytest.mark.slow
def test_eight_writers_at_once(place, record_property):
    n = 100 if '://' not in place else 15
    procs = [child('write_rows', place, i, n) for i in range(8)]
    ready(procs)
    led,seen = None,[]
    while any(p.poll() is None for p in procs): # a reader beside them
        time.sleep(.05)
        if led is None and not list(Path(place).parent.glob('ledger.db')) and '://' not in place: continue
        led = led or start(Ledger(place))
        seen += led.events('r', after=seen[-1]['number'] if seen else 0)
    out = [p.communicate() for p in procs]
    assert [p.returncode for p in procs]==[0]*8, out
    assert not any('locked' in err or 'Error' in err for _,err in out), out
    seen += led.events('r', after=seen[-1]['number'] if seen else 0)
    assert [o['number'] for o in seen]==[*range(1, 8*n+1)] # no row lost, and the reader missed none
    assert {(o['writer'], o['j']) for o in seen}=={(i, j) for i in range(8) for j in range(n)}
    trials = led.trials(run='r', state='done')
    assert len(trials)==8*n==len({o.id for o in trials})==len(led.trials())
    for i in range(8): assert [o.id for o in trials if o.id.startswith(f'{i}-')]==[f'{i}-{j}' for j in range(n)]
    assert led.looks(PROBLEM.id)==8*n//5 and len(led.runs())==1
    if led.engine.dialect.name=='postgresql': # writers that wait for each other are parted after a second: slow, not lost
        time.sleep(1) # until the server has counted
        count = 'SELECT deadlocks FROM pg_stat_database WHERE datname=current_database()'
        assert led._do(lambda c: c.scalar(text(count)))==0
    led.close()
    times = [json.loads(o) for o,_ in out]
    rate = 8*n*3.2/(max(b for _,b in times)-min(a for a,_ in times))
    record_property('writes_per_second', round(rate))
    print(f'{place}: {rate:.0f} writes a second by 8 writers')

def write_on(where):
    "A writer that never stops: batches of 20 events and a trial; tells each batch that it wrote"
    led = start(Ledger(where))
    n = len(led.trials())
    while True:
        led.add_events('r', [dict(kind='note', text='x'*500)]*20)
        led.add_trial(TRIAL.replace(id=f't{n}'), 'r')
        n += 1
        print(n, flush=True)

@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='no kill -9 on this system')
def test_kill_in_the_middle(place):
    rng,told = random.Random(0),0
    for k in range(1, 4):
        p = child('write_on', place)
        ready([p])
        for _ in range(3): told = int(p.stdout.readline())
        time.sleep(rng.uniform(0, .05))
        p.send_signal(signal.SIGKILL)
        told = max([told]+[int(o) for o in p.communicate()[0].split() if o.isdigit()][:-1]) # the last line may be cut
        if '://' not in place:
            with sqlite3.connect(place) as con: assert con.execute('PRAGMA integrity_check').fetchone()==('ok',)
        with Ledger(place) as led:
            n = len(led.trials())
            events = [o['number'] for o in led.events('r')]
            assert n>=told # what was told is kept
            assert events==[*range(1, len(events)+1)] and len(events)%20==0 # and nothing is half there
            assert n<=len(events)//20<=n+k # each kill may fall between a batch and its trial
            led.add_decision('r', Decision('lr', k, 'nobody holds the row any more'))

@pytest.mark.skipif(not hasattr(os, 'fork'), reason='no fork on this system')
@pytest.mark.filterwarnings('ignore::DeprecationWarning') # of forking with threads
def test_a_forked_process_has_connections_of_its_own(place):
    with start(Ledger(place)) as led:
        led.add_event('r', dict(who='parent'))
        pids = []
        for i in range(3):
            pid = os.fork()
            if not pid:
                try:
                    for _ in range(5): led.add_event('r', dict(who=i))
                finally: os._exit(0)
            pids.append(pid)
        for _ in range(5): led.add_event('r', dict(who='parent'))
        for pid in pids: assert os.waitpid(pid, 0)[1]==0
        assert sorted(str(o['who']) for o in led.events('r'))==sorted(['parent']*6+['0', '1', '2']*5)

# ---- growing up

def add_machine(c):
    if 'machine' not in {o['name'] for o in inspect(c).get_columns('al_trials')}:
        c.execute(text('ALTER TABLE al_trials ADD COLUMN machine VARCHAR(190)'))
class Next(Ledger): migrations = [*MIGRATIONS, add_machine]

def columns(led): return [o['name'] for o in led._do(lambda c: inspect(c).get_columns('al_trials'))]

def test_migration(place):
    with start(Ledger(place)) as led: led.add_trial(TRIAL, 'r')
    with ThreadPoolExecutor(4) as pool: handles = [*pool.map(Next, [place]*4)] # several newer ones at once
    for led in handles:
        assert led._do(schema_of)==2 and columns(led).count('machine')==1
        assert led.trials()==[TRIAL]
        led.close()
    with pytest.raises(UserError, match='has schema 2, newer than 1. Update'): Ledger(place)
    with Next(place) as led: assert led.trials()==[TRIAL] # refusing it has changed nothing

def test_a_new_ledger_has_what_an_old_one_gets(place, tmp_path):
    with Next(place) as new: cols = columns(new)
    with Ledger(tmp_path/'old.db'): pass
    with Next(tmp_path/'old.db') as old: assert columns(old)==cols

def test_a_migration_that_fails_can_be_taken_again(place):
    with start(Ledger(place)) as led: led.add_trial(TRIAL, 'r')
    def fail(c):
        add_machine(c)
        raise RuntimeError('power cut')
    class Fails(Ledger): migrations = [*MIGRATIONS, fail]
    with pytest.raises(RuntimeError): Fails(place)
    with Ledger(place) as led:
        assert led._do(schema_of)==1 and led.trials()==[TRIAL]
        if led.engine.dialect.name!='mysql': assert 'machine' not in columns(led) # MariaDB can't take it back
    with Next(place) as led: assert led._do(schema_of)==2 and columns(led).count('machine')==1 and led.trials()==[TRIAL]

def test_making_the_tables_can_be_interrupted(place):
    with start(Ledger(place)) as led:
        led._do(lambda c: c.execute(room.al_looks.delete()), write=True)
        led._do(lambda c: room.al_looks.drop(c), write=True)
        led._do(lambda c: c.execute(room.al_meta.delete()), write=True)
    with Ledger(place) as led: assert led.add_look(PROBLEM.id, 'r')==1

def make_v1(path=V1):
    """Write the ledger that `test_opens_v1` opens: `python tests/test_ledger.py make_v1`. It was written once, by autolearn
    0.1.0, and is never written again: it stands for what lies on users' disks. A later schema gets a `v2.db` beside it"""
    Path(path).unlink(missing_ok=True)
    with Ledger(path) as led:
        led.add_problem(PROBLEM)
        led.add_run('digits-3f2a', PROBLEM.id, 'digits', dict(budget='5m', seed=0))
        for o in v1_trials():
            led.add_trial(o.replace(state='running', metrics={}), 'digits-3f2a')
            led.set_trial(o)
        led.add_events('digits-3f2a', [dict(kind='epoch', epoch=i, loss=1/(i+1)) for i in range(5)])
        led.add_decision('digits-3f2a', Decision('split.valid', .2, 'enough to choose by 🦊', [.1], 'valid=.1'))
        led.add_decision('digits-3f2a', Decision('lr', .01, 'steepest'), trial='t0')
        led.add_look(PROBLEM.id, 'digits-3f2a')

def v1_trials():
    states = ['done', 'pruned', 'timeout', 'failed', 'running']
    told = TRIAL.replace(closed=TRIAL.recipe.having(lr=.1))
    return [told.replace(id=f't{i}', state=s, metrics=dict(accuracy=.9-i/10)) for i,s in enumerate(states)]

def test_opens_v1(tmp_path):
    path = shutil.copy(V1, tmp_path/'v1.db') # opening may change it
    with Ledger(path) as led:
        assert led.problem(PROBLEM.id)==PROBLEM
        assert led.trials(run='digits-3f2a')==v1_trials() and led.best(PROBLEM.id, 'accuracy').id=='t0'
        assert [(o['name'], o['settings']) for o in led.runs()]==[('digits', dict(budget='5m', seed=0))]
        assert [(o['number'], o['loss']) for o in led.events('digits-3f2a')]==[(i+1, 1/(i+1)) for i in range(5)]
        assert [o.evidence for o in led.decisions('digits-3f2a')]==['enough to choose by 🦊', 'steepest']
        assert led.looks(PROBLEM.id)==1
        led.set_trial(v1_trials()[-1].replace(state='done'))
        assert led.add_event('digits-3f2a', dict(kind='done'))==6

# ---- files that went wrong

def test_not_a_database(tmp_path):
    path = tmp_path/'ledger.db'
    for content in b'This is no ledger. '*100, secrets.token_bytes(20_000), b'\0'*9000, b'SQLite format 3\0'+b'\7'*9000:
        path.write_bytes(content)
        with pytest.raises(UserError, match="(?s)ledger.db.*Move it away"): Ledger(path)
        assert path.read_bytes()==content # it may be somebody's

def test_a_damaged_file(tmp_path):
    path = tmp_path/'ledger.db'
    with start(Ledger(path)) as led:
        led.add_events('r', [dict(kind='note', text='x'*200)]*500)
        for i in range(100): led.add_trial(TRIAL.replace(id=f't{i}'), 'r')
    good,said = path.read_bytes(),0
    pages = len(good)//4096
    for page in range(1, pages):
        path.write_bytes(good[:page*4096]+b'\xa5'*4096+good[(page+1)*4096:])
        try:
            with Ledger(path) as led:
                led.trials(), led.events('r'), led.runs(), led.looks(PROBLEM.id)
                led.add_event('r', {}), led.add_look(PROBLEM.id, 'r')
        except UserError as e:
            said += 1
            assert 'Move it away' in str(e) and 'intact' in str(e) or 'no ledger of ours' in str(e)
    assert said>pages//2, (said, pages) # the rest were pages that nobody asked for
    path.write_bytes(good[:len(good)//2])
    with pytest.raises(UserError, match='Move it away'):
        with Ledger(path) as led: led.events('r'), led.trials()

@pytest.mark.parametrize('body', ['{"kind": "tri', '[]', '{}', '['*100_000, 'x'*30_000_000], ids=lambda o: o[:9])
def test_a_damaged_row(tmp_path, body):
    path = tmp_path/'ledger.db'
    with start(Ledger(path)) as led: led.add_trial(TRIAL, 'r')
    with sqlite3.connect(path) as con: con.execute('UPDATE al_trials SET body=?', [body])
    con.close()
    with Ledger(path) as led, pytest.raises(UserError): led.trials()

@pytest.mark.parametrize('sql', [
    "CREATE TABLE al_meta (x)", "CREATE TABLE al_meta (key, value); INSERT INTO al_meta VALUES ('schema', 'new')"])
def test_a_database_that_is_no_ledger(tmp_path, sql):
    with sqlite3.connect(tmp_path/'other.db') as con: con.executescript(sql)
    con.close()
    with pytest.raises(UserError): Ledger(tmp_path/'other.db')

def test_beside_other_tables(place):
    with Ledger(place) as led: led._do(lambda c: c.execute(text('CREATE TABLE theirs (x INTEGER)')), write=True)
    check_ledger(place)

def test_folder_missing_or_in_the_way(tmp_path):
    with pytest.raises(UserError, match='mkdir -p'): Ledger(tmp_path/'no'/'ledger.db')
    with pytest.raises(UserError, match='is a folder'): Ledger(tmp_path)

def test_another_process_holds_it(tmp_path, monkeypatch):
    monkeypatch.setattr(room, 'PATIENCE', .3)
    with start(Ledger(tmp_path/'ledger.db')) as led:
        con = sqlite3.connect(led.where, isolation_level=None)
        con.execute('BEGIN IMMEDIATE')
        with pytest.raises(UserError, match='locked by another process'): led.add_event('r', {})
        assert led.events('r')==[] # reading goes on
        con.execute('ROLLBACK')
        con.close()
        assert led.add_event('r', {})==1

@contextmanager
def disk(folder, *options):
    "A disk of its own at `folder`, as small as we like"
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', *options, 'tmpfs', folder]
    if sys.platform!='linux' or os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip('making a small disk needs Linux, root and mount')
    try: yield folder
    finally: subprocess.run(['umount', '-l', folder], check=True)

def fill(led):
    "Write until no more goes in; how many batches went in"
    n = 0
    with pytest.raises(UserError, match='(?s)space.*go on.*safe'):
        for n in range(10_000): led.add_events('r', [dict(kind='note', text='x'*1000)]*10)
    return n

def test_no_space(tmp_path):
    with disk(tmp_path/'small', '-o', 'size=512k') as folder:
        (folder/'ballast').write_bytes(b'\0'*100_000)
        with start(Ledger(folder/'ledger.db')) as led:
            n = fill(led)
            assert len(led.events('r'))==10*n # all that was told as written, no half batch
            (folder/'ballast').unlink()
            assert led.add_event('r', {})==10*n+1 # and on it goes
        with Ledger(folder/'ledger.db') as led: assert len(led.events('r'))==10*n+1
    with disk(tmp_path/'none', '-o', 'size=4k') as folder, pytest.raises(UserError, match='space'): Ledger(folder/'ledger.db')

def write_limited(where):
    "A writer whose files may not grow beyond 300 kB"
    import resource # POSIX
    led = start(Ledger(where))
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    print(fill(led), flush=True)

@pytest.mark.skipif(os.name!='posix', reason='no limits on the size of files on this system')
def test_a_limit_on_the_size_of_files(tmp_path):
    p = child('write_limited', tmp_path/'ledger.db')
    ready([p])
    out,err = p.communicate()
    assert p.returncode==0, err
    with Ledger(tmp_path/'ledger.db') as led: assert len(led.events('r'))==10*int(out)>0

def test_a_disk_that_is_read_only(tmp_path):
    with disk(tmp_path/'small', '-o', 'size=4m') as folder:
        with start(Ledger(folder/'ledger.db')): pass
        subprocess.run(['mount', '-o', 'remount,ro', folder], check=True)
        with pytest.raises(UserError, match='writable'): start(Ledger(folder/'ledger.db'), 'r2')
        with pytest.raises(UserError, match='writable'): Ledger(folder/'new.db')

# ---- URLs

@pytest.mark.parametrize('url,remedy', [
    ('postgresql://ann:hunter2@127.0.0.1/test', 'PGPASSWORD'),
    ('postgresql+psycopg://ann:hunter2@127.0.0.1/test', 'pgpass'),
    ('postgresql://127.0.0.1/test?user=ann&password=hunter2', 'PGPASSWORD'),
    ('mysql://ann:hunter2@127.0.0.1/test', 'read_default_file'),
    ('mariadb+pymysql://ann:hunter2@127.0.0.1/test', 'my.cnf'),
    ('mariadb://127.0.0.1/test?passwd=hunter2', 'my.cnf'),
    ('mysql://ann:p@hunter2@127.0.0.1/test', 'my.cnf'),
    ('postgresql://ann:hunter2@127.0.0.1:port/test', 'give the path'),
    ('postgresql//ann:hunter2://', 'give the path')])
def test_password_in_url(url, remedy):
    with pytest.raises(UserError, match=remedy) as e: Ledger(url)
    assert 'hunter2' not in str(e.value) and e.value.__suppress_context__|(e.value.__context__ is None)

@pytest.mark.parametrize('url,said', [
    ('oracle://ann@host/x', 'postgresql'), ('mysql://ann@host/x?local_infile=1', 'local_infile'), ('postgresql+asyncpg://host/x', 'asyncpg'), ('sqlite://', 'path of a file')])
def test_urls_that_we_do_not_serve(url, said):
    with pytest.raises(UserError, match=said): Ledger(url)

@pytest.mark.parametrize('scheme', ['postgresql', 'postgres', 'postgresql+psycopg', 'mysql', 'mariadb', 'mariadb+pymysql'])
def test_a_server_that_does_not_answer(scheme):
    with pytest.raises(UserError, match='Is it running'): Ledger(f'{scheme}://ann@127.0.0.1:9/nowhere')

def test_a_database_that_does_not_exist(place):
    if '://' not in place: pytest.skip('a file is made when it is missing')
    with pytest.raises(UserError, match='does the database exist'): Ledger(place+'_none')

@pytest.mark.parametrize('kind,driver', [('postgresql', 'psycopg'), ('mariadb', 'pymysql')])
def test_driver_missing(monkeypatch, kind, driver):
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(UserError, match=r"autolearn\[db\]"): Ledger(f'{kind}://ann@127.0.0.1/test')

def test_sqlite_url(tmp_path):
    with start(Ledger(f'sqlite:///{tmp_path}/ledger.db')): pass
    with Ledger(tmp_path/'ledger.db') as led: assert len(led.runs())==1

@pytest.mark.db
def test_password_from_my_cnf(mariadb_url, tmp_path):
    user,word = f'al_{secrets.token_hex(4)}',secrets.token_hex(8)
    url = ledger_url(mariadb_url)
    cnf = tmp_path/'my.cnf'
    cnf.write_text(f'[client]\npassword={word}\n')
    with Ledger(url) as led:
        def sql(s): led._do(lambda c: c.execute(text(s)))
        sql(f"CREATE USER {user}@'%' IDENTIFIED BY '{word}'")
        try:
            sql(f"GRANT ALL ON {url.database}.* TO {user}@'%'")
            place = f'mariadb://{user}@{url.host}:{url.port or 3306}/{url.database}'
            with Ledger(f'{place}?read_default_file={cnf}') as mine: assert word not in repr(start(mine))
            with pytest.raises(UserError, match='Access denied'): Ledger(place)
        finally: sql(f"DROP USER {user}@'%'")

@pytest.mark.db
def test_no_right_to_make_tables(pg_url):
    user,url = f'al_{secrets.token_hex(4)}',ledger_url(pg_url)
    with Ledger(url) as led:
        def sql(s): led._do(lambda c: c.execute(text(s)))
        sql(f'CREATE ROLE {user} LOGIN')
        try:
            sql('DROP TABLE al_events, al_decisions, al_looks, al_trials, al_runs, al_problems, al_meta')
            with pytest.raises(UserError, match='permission denied'): Ledger(url.set(username=user))
        finally: sql(f'DROP ROLE {user}')

if __name__=='__main__': # a child of a test, or make_v1
    job,*rest = sys.argv[1:]
    if job!='make_v1':
        print('ready', flush=True)
        sys.stdin.readline()
    globals()[job](*[int(o) if o.isdigit() else o for o in rest])
