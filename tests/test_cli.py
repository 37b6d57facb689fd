"The command line: what a user may do wrong, and hostile names"
import json, os, shutil, subprocess, sys, time, zipfile
import pandas as pd, pytest
from PIL import Image
from autolearn.tasks.image_classification import PLAIN, example
from runs import call, write_folder

HOSTILE = {0:"'];import os;os.system('touch hacked')#", 1:'<img src=x onerror=alert(1)>', 2:'[bold red]x[red]', 3:'$\\alpha$ `x`'}

@pytest.fixture(scope='module')
def folder(tmp_path_factory): return write_folder(tmp_path_factory.mktemp('digits')/'digits', 200)

@pytest.fixture(scope='module')
def recipe_file(tmp_path_factory):
    "A closed recipe that takes a second"
    path = tmp_path_factory.mktemp('recipe')/'recipe.json'
    path.write_text(json.dumps(dict(kind='recipe', schema=1, task='image_classification', choices=PLAIN|dict(shape=[1, 8, 8], shift=1, flip=False, bs=16,
        widths=[16, 32], lr=.02, epochs=4))))
    return path

@pytest.fixture(scope='module')
def trained(folder, recipe_file, tmp_path_factory):
    "A finished run"
    run = tmp_path_factory.mktemp('trained')/'run'
    code,out = call('fit', folder, '--budget', '60s', '--out', run, '--recipe', recipe_file, '--json')
    assert code==0 and json.loads(out)['status']=='done', out
    return run

def refused(*args, has='', **kw):
    code,out = call(*args, timeout=90, **kw)
    lines = [l for l in out.strip().splitlines() if l.strip()]
    assert code==2 and 'Traceback' not in out and 0<len(lines)<=12, out
    for o in [has] if isinstance(has, str) else has: assert o in out, out
    return out

def test_bad_input(folder, tmp_path):
    b = ['--budget', '60s', '--out', tmp_path/'run']
    (tmp_path/'empty').mkdir()
    refused('fit', tmp_path/'empty', *b, has='empty')
    refused('fit', tmp_path/'nowhere', *b, has='nowhere')
    one = tmp_path/'one/a'
    one.mkdir(parents=True)
    for i,im in enumerate(example(20)[0]): Image.fromarray(im).save(one/f'{i}.png')
    refused('fit', tmp_path/'one', *b, has='one')
    for c in 'ab':
        (tmp_path/'words'/c).mkdir(parents=True)
        (tmp_path/'words'/c/'x.png').write_text('no picture')
    refused('fit', tmp_path/'words', *b, has='picture')
    pd.DataFrame(dict(path=[f'one/a/{i}.png' for i in range(20)], label=[*'uv']*10)).to_csv(tmp_path/'t.csv', index=False)
    refused('fit', tmp_path/'t.csv', '--target', 'lable', *b, has=["'lable'", "'label'"])
    refused('fit', folder, '--budget', '2s', '--out', tmp_path/'run', has='too short')
    refused('fit', folder, '--budget', 'soon', '--out', tmp_path/'run', has="'soon'")
    refused('fit', folder, '--metric', 'acuracy', *b, has="'accuracy'")
    refused('fit', folder, '--set', 'widhts=[8]', *b, has="'widths'")
    refused('fit', folder, '--refuse', 'exact_copy', *b, has='exact_copies')
    assert not (tmp_path/'run').exists() # nothing was begun

def test_bad_recipes(folder, tmp_path):
    good = dict(kind='recipe', schema=1, task='image_classification', choices=PLAIN|dict(shape=[1, 8, 8], shift=1, flip=False, bs=32, widths=[8],
                lr=.01, epochs=1))
    def given(d):
        (tmp_path/'r.json').write_text(d if isinstance(d, str) else json.dumps(d))
        return 'fit', folder, '--recipe', tmp_path/'r.json', '--budget', '60s', '--out', tmp_path/'run'
    refused(*given(good|dict(task='text_classification')), has='text_classification')
    refused(*given(good|dict(choices=good['choices']|dict(widhts=[8]))), has="'widths'")
    refused(*given(good|dict(choices=good['choices']|dict(widths=[10**9]))), has='widths')
    refused(*given(good|dict(schema=99)), has='newer')
    refused(*given('{"kind"'), has='damaged')
    refused(*given(good|dict(task='os.system')), has='os.system')
    assert not (tmp_path/'run').exists()

def test_a_run_of_another_problem_is_left_alone(folder, tmp_path):
    from autolearn.all import AutoLearner, Stream
    from autolearn.run import create_run
    other = AutoLearner(example(100), news=Stream())
    run = create_run(other.ready, other.asked, tmp_path/'run')
    before = {p:p.read_bytes() for p in run.rglob('*') if p.is_file()}
    refused('fit', folder, '--budget', '60s', '--out', run, has='another run')
    assert before=={p:p.read_bytes() for p in run.rglob('*') if p.is_file()}
    mine = tmp_path/'mine'
    mine.mkdir()
    (mine/'thesis.txt').write_text('precious')
    refused('fit', folder, '--budget', '60s', '--out', mine, has='no run')
    assert [p.name for p in mine.iterdir()]==['thesis.txt']

def test_damaged_runs(folder, tmp_path):
    bad = tmp_path/'bad'
    bad.mkdir()
    (bad/'ledger.db').write_bytes(b'not a database'*100)
    refused('resume', bad, has='ledger')
    refused('resume', tmp_path/'none', has='no run')
    from autolearn.all import AutoLearner, Stream
    from autolearn.run import create_run
    al = AutoLearner(folder, news=Stream())
    for name,has in (('run.json', 'damaged'), ('problem.json', 'damaged'), ('profile.json', 'damaged')):
        run = create_run(al.ready, al.asked, tmp_path/name)
        (run/name).write_text('{"half": ')
        refused('resume', run, has=has)
    run = create_run(al.ready, al.asked, tmp_path/'moved')
    shutil.copytree(folder, tmp_path/'copy')
    d = json.loads((run/'problem.json').read_text())
    d['source']['args']['path'] = str(tmp_path/'gone')
    (run/'problem.json').write_text(json.dumps(d))
    refused('resume', run, '--budget', '30s', has='gone')

def test_no_space_for_the_run(folder, tmp_path):
    if os.geteuid()!=0: pytest.skip('only root can mount a small disk')
    small = tmp_path/'small'
    small.mkdir()
    if subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=96k', 'none', str(small)], capture_output=True).returncode: pytest.skip('this machine mounts nothing')
    try: refused('fit', folder, '--budget', '30s', '--out', small/'run', has='space')
    finally: subprocess.run(['umount', str(small)])

def test_names_are_text(tmp_path, recipe_file):
    "Hostile class names go through look, fit, twin, HTML, predict and test as plain text"
    folder = write_folder(tmp_path/'odd', 500, HOSTILE)
    code,out = call('look', folder, cwd=tmp_path)
    assert code==0, out
    code,out = call('fit', folder, '--budget', '60s', '--out', tmp_path/'run', '--recipe', recipe_file, cwd=tmp_path)
    assert code==0, out
    html,nb = (tmp_path/'run/twin.html').read_text(),json.loads((tmp_path/'run/twin.ipynb').read_text())
    assert '<img src=x' not in html and not any('<img src=x' in ''.join(c['source']) for c in nb['cells'] if c['cell_type']=='markdown')
    code,out = call('verify', tmp_path/'run', cwd=tmp_path)
    assert code==0 and 'equal' in out, out
    code,out = call('predict', tmp_path/'run', folder/'test', '--out', tmp_path/'a.csv', cwd=tmp_path)
    assert code==0, out
    assert set(pd.read_csv(tmp_path/'a.csv').prediction.astype(str))<={*HOSTILE.values(), *'456789'}
    code,out = call('test', tmp_path/'run', folder, cwd=tmp_path)
    assert code==0 and HOSTILE[1] in out, out
    assert not [*tmp_path.rglob('hacked')]

def test_predict_and_test(trained, folder, tmp_path):
    some = sorted((folder/'test').rglob('*.png'))[:3]
    for ending,read in (('csv', pd.read_csv), ('jsonl', lambda p: pd.read_json(p, lines=True)), ('parquet', pd.read_parquet)):
        code,out = call('predict', trained, *some, '--out', tmp_path/f'a.{ending}')
        assert code==0, out
        t = read(tmp_path/f'a.{ending}')
        assert [*t.key]==[*map(str, some)] and {'prediction', 'prob', 'prob_3'}<={*t}
    refused('predict', trained, some[0], '--out', tmp_path/'a.xls', has='.csv')
    refused('predict', trained, tmp_path/'none.png', has='none.png')
    code,out = call('predict', trained, some[0], tmp_path/'none.png', some[1], '--out', tmp_path/'m.csv') # one misspelt name costs one answer
    assert code==0 and '1 could not be read' in out and pd.read_csv(tmp_path/'m.csv').prediction.isna().tolist()==[False, True, False], out
    for way in (('predict', trained, some[0], '--out', '/proc/a.csv'), ('fit', folder, '--out', '/proc/x', '--budget', '30s')): refused(*way, has='/proc')
    refused('predict', tmp_path, some[0], has='no model')
    code,out = call('test', trained, folder, '--json')
    assert code==0 and json.loads(out)['n']==40, out
    code,out = call('doubts', trained)
    assert code==0 and 'key,label,prediction,prob,prob_of_label' in out and 'may be wrong' in out
    for n in '12': refused('doubts', trained, '--folds', n, has='3 or more')
    code,out = call('trials', trained)
    assert code==0 and 'done' in out and out.split().index('accuracy')<out.split().index('log_loss')
    code,out = call('look', folder, '--json')
    assert code==0 and json.loads(out)['n']==200

def test_predict_files_that_name_or_hold_pictures(trained, folder, tmp_path):
    "A table of paths, a list without header, an archive, folders beside pictures; nothing that can be read is exit status 1"
    some = sorted((folder/'test').rglob('*.png'))[:4]
    def keys(*inputs, code=0):
        got,out = call('predict', trained, *inputs, '--out', tmp_path/'a.csv')
        assert got==code, out
        return pd.read_csv(tmp_path/'a.csv').key.tolist(), out
    pd.DataFrame(dict(id=range(4), file=some)).to_csv(tmp_path/'new.csv', index=False)
    (tmp_path/'list.csv').write_text('\n'.join(map(str, [*some, tmp_path/'gone.png'])))
    assert keys(tmp_path/'new.csv')[0]==[*map(str, some)]
    found,out = keys(tmp_path/'list.csv')
    assert found[:4]==[*map(str, some)] and '1 could not be read' in out and 'gone.png' in out
    with zipfile.ZipFile(tmp_path/'new.zip', 'w') as z:
        for i,o in enumerate(some): z.write(o, f'new/{i}.png')
    assert keys(tmp_path/'new.zip')[0]==[f'new/{i}.png' for i in range(4)]
    assert keys(some[0], folder/'test')[0][0]==str(some[0])
    (tmp_path/'notes.txt').write_text('no picture')
    assert '1 could not be read' in keys(tmp_path/'notes.txt', code=1)[1]
    (tmp_path/'empty.csv').touch()
    refused('predict', trained, tmp_path/'empty.csv', has='empty.csv')

def test_the_model_opens_quickly(trained, folder):
    src = ("import sys,time; import fastai.vision.all; from autolearn.all import Model; t=time.time(); m=Model.load(sys.argv[1]);"
           "m.predict([sys.argv[2]]); print(time.time()-t)")
    r = subprocess.run([sys.executable, '-c', src, trained, next((folder/'test').rglob('*.png'))], capture_output=True, text=True)
    assert float(r.stdout.split()[-1])<10, r.stderr # 3 s on a quiet machine: accept/house measures that

def test_a_model_from_a_stranger(trained, folder, tmp_path):
    "Weights that do not fit, recipes that would fill the memory, pickles in disguise"
    pic = next((folder/'test').rglob('*.png'))
    for name,change in dict(huge=lambda d: d['choices'].update(widths=[4096]*9), other=lambda d: d['choices'].update(widths=[7, 9])).items():
        m = tmp_path/name
        shutil.copytree(trained/'model', m)
        d = json.loads((m/'recipe.json').read_text())
        change(d)
        (m/'recipe.json').write_text(json.dumps(d))
        refused('predict', m, pic)
    m = tmp_path/'pickle'
    shutil.copytree(trained/'model', m)
    (m/'weights.safetensors').write_bytes(b"cos\nsystem\n(S'touch hacked'\ntR.")
    refused('predict', m, pic, cwd=tmp_path)
    assert not [*tmp_path.rglob('hacked')]

def test_files_of_the_data_are_not_run(tmp_path, recipe_file):
    "Modules in the current folder, among the data, are data"
    folder = write_folder(tmp_path/'digits', 120)
    for name in ('json', 'queue', 'torch', 'numpy'): (folder/f'{name}.py').write_text("open('hacked', 'w')\nraise SystemExit('taken over')")
    exe = os.path.join(os.path.dirname(sys.executable), 'autolearn') # the command itself: `python -c` would look into the folder, too
    if not os.path.exists(exe): pytest.skip('autolearn is not installed as a command')
    r = subprocess.run([exe, 'fit', '.', '--budget', '60s', '--out', tmp_path/'run', '--recipe', recipe_file], cwd=folder, capture_output=True, text=True)
    assert r.returncode==0, r.stdout+r.stderr
    assert not [*tmp_path.rglob('hacked')]

def test_starts_at_once():
    def best(*src): return min(timed(src) for _ in range(4))
    def timed(src):
        t = time.time()
        subprocess.run(src, stdout=subprocess.DEVNULL, check=True)
        return time.time()-t
    bare = best(sys.executable, '-c', 'pass')
    assert best(sys.executable, '-c', 'from autolearn.cli import main; main()', '--help')-bare<1 # .5 s on a quiet machine
    out = subprocess.run([sys.executable, '-c', 'from autolearn.all import *; import sys; print("torch" in sys.modules, "fastai" in sys.modules)'],
                         capture_output=True, text=True).stdout
    assert out.split()==['False', 'False']
