"The package is what settings.ini and the notebooks say"
import ast, json, os, re, shutil, subprocess, sys, zipfile
from configparser import ConfigParser
from email import message_from_string
from pathlib import Path
import pytest
import yaml
from packaging.requirements import Requirement
try: import tomllib
except ModuleNotFoundError: import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
NBS = sorted(p for p in (ROOT/'nbs').rglob('*.ipynb') if not re.search('/[._]', p.relative_to(ROOT).as_posix()))
INI = ConfigParser(delimiters=['='], interpolation=None)
INI.read(ROOT/'settings.ini', encoding='utf-8')
INI = INI['DEFAULT']
TOML = tomllib.loads((ROOT/'pyproject.toml').read_text(encoding='utf-8'))

def lines(key): return [o for o in INI[key].splitlines() if o]
REQS = {k:lines(k) for k in INI if k.endswith('requirements')}

def cells(path, kind='code'):
    "Sources of the cells of one kind"
    for c in json.loads(path.read_text(encoding='utf-8'))['cells']:
        if c['cell_type']==kind: yield ''.join(c['source'])

def exports(path):
    "What the notebook calls its module"
    return [m[1] for s in cells(path) for m in re.finditer(r'^#\|\s*default_exp:?\s+(\S+)', s, re.M)]

# ---- metadata

def test_repeated_values_are_equal():
    p = TOML['project']
    assert (p['name'], p['description'])==(INI['lib_name'], INI['description'])
    assert p['requires-python']==f">={INI['min_python']}"
    assert TOML['tool']['nbdev']['lib_path']==INI['lib_name']

@pytest.mark.parametrize('req', sorted({o for v in REQS.values() for o in v}))
def test_bounds_are_lower_bounds(req):
    assert {s.operator for s in Requirement(req).specifier}<={'>='}

def test_dev_can_use_the_databases():
    assert set(REQS['db_requirements'])<=set(REQS['dev_requirements'])

# ---- notebooks

def test_one_notebook_one_module():
    names = [n for p in NBS for n in exports(p)]
    assert sorted(names)==sorted(set(names))
    assert all(len(exports(p))<=1 for p in NBS)

def test_every_module_has_its_notebook():
    want = {n.replace('.', '/')+'.py' for p in NBS for n in exports(p)}
    have = {p.relative_to(ROOT/'autolearn').as_posix() for p in (ROOT/'autolearn').rglob('*.py')}
    have = {n for n in have if n.split('/')[-1] not in ('__init__.py','_modidx.py')}
    assert have-want==set(), 'modules whose notebook is gone'
    # a notebook that exports nothing writes no module
    full = {n.replace('.', '/')+'.py' for p in NBS for n in exports(p) if any('#| export' in s for s in cells(p))}
    assert full-have==set(), 'notebooks that were never exported'

def test_directives_do_not_hide_in_metadata():
    for p in NBS:
        nb = json.loads(p.read_text(encoding='utf-8'))
        assert not [m for m in (nb['metadata'], *(c['metadata'] for c in nb['cells'])) if 'nbdev' in m], p.name

@pytest.mark.parametrize('path', NBS, ids=lambda p: p.stem)
def test_import_cells_hold_only_imports(path):
    "nbdev's documentation runs each cell that imports anything, and of the others only those that are exported"
    imports = ast.Import,ast.ImportFrom
    for src in cells(path):
        tree = ast.parse(re.sub(r'^\s*[%!].*', '', src, flags=re.M))
        within = tree.body if re.search(r'^#\|\s*export', src, re.M) else ast.walk(tree)
        if not any(isinstance(o, imports) for o in within): continue
        assert all(isinstance(o, imports) for o in tree.body), f'imports beside other code:\n{src}'

def test_sidebar_lists_every_notebook():
    def flat(items): return [n for o in items for n in (flat(o['contents']) if isinstance(o, dict) else [o])]
    listed = flat(yaml.safe_load((ROOT/'_quarto.yml').read_text(encoding='utf-8'))['website']['sidebar']['contents'])
    have = [p.relative_to(ROOT/'nbs').as_posix() for p in NBS]
    assert sorted(listed)==sorted(have), 'run: python tools/site.py --sidebar'
    assert (ROOT/'nbs/_quarto.yml').resolve()==ROOT/'_quarto.yml'

def test_readme_is_fresh():
    r = subprocess.run([sys.executable, 'tools/readme.py', '--check'], cwd=ROOT, capture_output=True, text=True)
    assert r.returncode==0, r.stderr

# ---- what is installed

@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    "The wheel, built from a copy: a build in place would leave old modules in build/"
    pytest.importorskip('setuptools', minversion='77')
    src,out = tmp_path_factory.mktemp('src'),tmp_path_factory.mktemp('dist')
    for f in ('setup.py','settings.ini','pyproject.toml','README.md','LICENSE','MANIFEST.in'): shutil.copy(ROOT/f, src)
    shutil.copytree(ROOT/'autolearn', src/'autolearn', ignore=shutil.ignore_patterns('__pycache__'))
    code = 'import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])'
    r = subprocess.run([sys.executable, '-c', code, str(out)], cwd=src, capture_output=True, text=True)
    assert r.returncode==0, r.stderr[-2000:]
    with zipfile.ZipFile(next(out.glob('*.whl'))) as z: yield z

def test_wheel_holds_every_module(wheel):
    have = {n for n in wheel.namelist() if n.startswith('autolearn/')}
    assert have>={p.relative_to(ROOT).as_posix() for p in (ROOT/'autolearn').rglob('*.py')}
    assert {n.split('/')[0] for n in wheel.namelist()}=={'autolearn', f"autolearn-{INI['version']}.dist-info"}

def test_wheel_says_what_settings_say(wheel):
    info = f"autolearn-{INI['version']}.dist-info"
    meta = message_from_string(wheel.read(f'{info}/METADATA').decode())
    assert (meta['Name'], meta['Version'], meta['Summary'])==(INI['lib_name'], INI['version'], INI['description'])
    assert 'Apache-2.0' in (meta['License-Expression'] or meta['License'])
    need = [Requirement(o) for o in meta.get_all('Requires-Dist')]
    assert {r.name for r in need if not r.marker}=={Requirement(o).name for o in REQS['requirements']}
    assert set(meta.get_all('Provides-Extra'))=={k[:-len('_requirements')] for k in REQS if k!='requirements'}
    points = ConfigParser(delimiters=['='])
    points.read_string(wheel.read(f'{info}/entry_points.txt').decode())
    assert points['console_scripts']['autolearn']=='autolearn.cli:main'
    assert points['nbdev']['autolearn']=='autolearn._modidx:d'

@pytest.mark.parametrize('torch,vision', [(None,None), ('2.6.0','0.21.0'), ('2.13.0+cpu','0.28.0+cpu')])
def test_installing_leaves_torch_alone(tmp_path, torch, vision):
    "pip without an index can only keep what is there: it fails as soon as a requirement asks for another version"
    for name,v in (('torch',torch), ('torchvision',vision)):
        if v is None: continue # as installed here; else the environment claims to have version `v`
        d = tmp_path/f'{name}-{v}.dist-info'
        d.mkdir()
        (d/'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {v}\n')
    env = {k:v for k,v in os.environ.items() if not k.startswith('PIP_')}
    env |= dict(PIP_CONFIG_FILE=os.devnull, PYTHONPATH=str(tmp_path))
    cmd = [sys.executable, '-m', 'pip', 'install', '--dry-run', '--no-index', '--quiet', '--report', '-']
    r = subprocess.run([*cmd, *REQS['requirements']], env=env, capture_output=True, text=True)
    assert r.returncode==0, r.stderr
    assert json.loads(r.stdout)['install']==[]
