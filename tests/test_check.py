"The contracts, run over everything registered and over a package of somebody else's"
import json, os, shutil, subprocess, sys
from pathlib import Path
import pandas as pd, pytest
from autolearn import check
from autolearn.core import plugins
from autolearn.tasks.image_classification import example
from runs import write_folder

OUTSIDE = Path(__file__).parent/'outside'

@pytest.mark.parametrize('name', plugins('tasks'))
def test_every_task(name): check.check_task(name, 12)

def sources(tmp):
    "Data for every registered source: name → data"
    import gzip, struct
    x,y = example(60)
    folder = write_folder(tmp/'folder', 60)
    idx = tmp/'idx'
    idx.mkdir()
    for part in ('train', 't10k'):
        with gzip.open(idx/f'{part}-images-idx3-ubyte.gz', 'wb') as f: f.write(struct.pack('>4I', 0x803, *x.shape)+x.tobytes())
        with gzip.open(idx/f'{part}-labels-idx1-ubyte.gz', 'wb') as f: f.write(struct.pack('>2I', 0x801, len(y))+y.astype('uint8').tobytes())
    table = pd.DataFrame(dict(path=sorted(str(p) for p in folder.rglob('*.png'))))
    table['label'] = table.path.map(lambda p: Path(p).parent.name)
    packed = Path(shutil.make_archive(str(tmp/'packed'), 'zip', folder))
    (tmp/'labels.json').write_text(json.dumps(dict(zip(table.path, table.label))))
    (tmp/'texts.csv').write_text('text,label\n'+'\n'.join(f'this is text {i},{"ab"[i%2]}' for i in range(60)))
    (tmp/'lines.txt').write_text('\n'.join(f'a line that says {o}' for o in ('yes', 'no', 'perhaps')*20))
    return dict(folder=folder, idx=idx, arrays=(x, y), tables=table, archive=packed, labels=tmp/'labels.json', texts=tmp/'texts.csv', corpus=tmp/'lines.txt')

def test_every_source(tmp_path):
    given = sources(tmp_path)
    assert {*plugins('sources')}=={*given}, "give the new source an example here"
    for name,data in given.items(): check.check_source(str(data) if isinstance(data, Path) else data, **(dict(target='label') if name=='tables' else {}))

def test_a_broken_task_is_caught(monkeypatch):
    "A recipe that leaks test rows, and one whose plan gives no reason"
    from autolearn.recipes import image_classification as mod
    make = mod.make_dls
    def leaky(items, split, recipe): return make(items, pd.Series(split).replace('test', 'train').to_numpy(), recipe)
    monkeypatch.setattr(mod, 'make_dls', leaky)
    with pytest.raises(AssertionError, match='test part'): check.check_task('image_classification', 8)
    monkeypatch.setattr(mod, 'make_dls', make)
    plan = mod.plan
    monkeypatch.setattr(mod, 'plan', lambda *a: (plan(*a)[0], []))
    with pytest.raises(AssertionError, match='no reason'): check.check_task('image_classification', 8)

def outside(*args, cwd=None):
    env = {**os.environ, 'PYTHONPATH':str(OUTSIDE)}
    return subprocess.run([sys.executable, '-c', *args], env=env, cwd=cwd, capture_output=True, text=True, timeout=240)

def test_an_outside_package_joins():
    r = outside('from autolearn.check import check_task; check_task("picture_lines", 12)')
    assert r.returncode==0, r.stderr[-3000:]

def test_an_outside_task_runs_whole(tmp_path):
    "Fit, twin without autolearn and without the outside package, verify"
    folder = write_folder(tmp_path/'digits', 500)
    cli = 'from autolearn.cli import main; main()'
    r = outside(cli, 'fit', str(folder), '--task', 'picture_lines', '--budget', '14s', '--out', str(tmp_path/'run'))
    assert r.returncode==0, r.stdout+r.stderr
    text = (tmp_path/'run/twin.ipynb').read_text()
    code = ''.join(l for c in json.loads(text)['cells'] for l in c['source'])
    assert 'class flat' in code and 'Every pixel votes' in code and 'import outside' not in code and 'from outside' not in code
    r = outside(cli, 'verify', str(tmp_path/'run'))
    assert r.returncode==0 and 'equal' in r.stdout, r.stdout+r.stderr
    r = subprocess.run([sys.executable, '-c', cli, 'resume', str(tmp_path/'run')], capture_output=True, text=True)
    assert r.returncode==2 and 'picture_lines' in r.stderr # without the package: one message
