"Runs that are killed, starved, stopped and replayed"
import json, os, shutil, signal, sqlite3, subprocess, sys, threading, time
from pathlib import Path
import pandas as pd, pytest, torch
from safetensors.torch import load_file
from autolearn.all import AutoLearner, Stream, UserError
from autolearn.problem import load_rows
from autolearn.records import Recipe
from autolearn.run import Run, RunError
from autolearn.tasks.image_classification import PLAIN, example
from runs import call, kill_group, pickles, result, start, trial_of, wait_for, write_folder

CHOICES = PLAIN|dict(shape=[1, 8, 8], shift=1, flip=False, bs=32, widths=[16, 32], lr=.01, epochs=24, seed=3)
RECIPE = Recipe('image_classification', CHOICES)

@pytest.fixture(scope='module')
def folder(tmp_path_factory): return write_folder(tmp_path_factory.mktemp('digits')/'digits', 700)

@pytest.fixture(scope='module')
def recipe_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('recipe')/'recipe.json'
    path.write_text(json.dumps(RECIPE.to_dict()))
    return path

@pytest.fixture(scope='module')
def whole(folder, recipe_file, tmp_path_factory):
    "An unbroken run of the closed recipe"
    run = tmp_path_factory.mktemp('whole')/'run'
    code,out = call('fit', folder, '--recipe', recipe_file, '--budget', '120s', '--out', run)
    assert code==0, out
    return run

def weights(run): return load_file(str(Path(run)/'model/weights.safetensors'))

def same(a, b):
    "Do two runs agree in curve, figures and weights, to the bit?"
    ta,tb = trial_of(a),trial_of(b)
    wa,wb = weights(a),weights(b)
    return ta['curve']==tb['curve'] and ta['metrics']==tb['metrics'] and all(torch.equal(wa[k], wb[k]) for k in wa)

def test_a_finished_run(whole):
    r = result(whole)
    assert r['status']=='done' and r['trials']==1 and r['test']['looks']==1
    assert r['test']['low']<=r['test']['score']<=r['test']['high'] and r['test']['score']>.9
    assert set(r['baselines'])=={'most frequent class', 'linear model'} and r['verified'] is None
    assert r['n_train']+r['n_valid']+r['test']['n']==700
    items = pd.read_parquet(whole/'items.parquet')
    assert {'key', 'part', 'dropped_by', 'label'}<={*items} and (items.part=='test').sum()==r['test']['n']
    assert {'train/0/', 'test/'}&{k[:8] for k in items.key} or items.key.str.startswith(('train/', 'test/')).all()
    assert not list(whole.rglob('state.safetensors')) # cleared
    assert not pickles(whole)

def test_the_same_call_returns_at_once(whole, folder, recipe_file):
    before,t = (whole/'result.json').stat().st_mtime_ns,time.time()
    code,out = call('fit', folder, '--recipe', recipe_file, '--budget', '120s', '--out', whole)
    assert code==0 and time.time()-t<15 and (whole/'result.json').stat().st_mtime_ns==before and 'accuracy' in out

def test_a_closed_recipe_replays_from_other_containers(whole, folder, recipe_file, tmp_path):
    x,y = example(700)
    part = ['test' if i%5==0 else 'train' for i in range(700)]
    order = pd.Series(range(700)).sample(frac=1, random_state=1)
    frame = pd.DataFrame(dict(image=[str(folder/part[i]/str(y[i])/f'{i:04}.png') for i in order], label=[str(y[i]) for i in order],
                              part=[part[i] for i in order]))
    frame.to_csv(tmp_path/'t.csv', index=False)
    code,out = call('fit', tmp_path/'t.csv', '--target', 'label', '--recipe', recipe_file, '--budget', '120s', '--out', tmp_path/'run')
    assert code==0, out
    assert same(whole, tmp_path/'run')

def test_a_recipe_of_arrays_replays_on_files(whole, folder, recipe_file, tmp_path):
    arrays = json.loads(Path(recipe_file).read_text())
    arrays['choices']['store'] = 'array' # as a run on an .npz file has written it
    (tmp_path/'recipe.json').write_text(json.dumps(arrays))
    code,out = call('fit', folder, '--recipe', tmp_path/'recipe.json', '--budget', '120s', '--out', tmp_path/'run')
    assert code==0, out
    assert same(whole, tmp_path/'run')

def test_the_data_were_moved(folder, recipe_file, tmp_path):
    shutil.copytree(folder, tmp_path/'one/digits')
    ask = lambda where: AutoLearner(str(tmp_path/where/'digits'), budget='60s', recipe=str(recipe_file), out=str(tmp_path/'run')).begin()
    ask('one')
    (tmp_path/'one').rename(tmp_path/'two')
    run = ask('two')
    assert load_rows(str(run.folder))[0].image.str.startswith(str(tmp_path/'two')).all()
    (tmp_path/'two').rename(tmp_path/'three')
    shutil.move(tmp_path/'three/digits', tmp_path/'three/digits_')
    (tmp_path/'three/digits').mkdir()
    shutil.move(tmp_path/'three/digits_', tmp_path/'three/digits/again') # the same pictures, deeper in
    assert load_rows(str(ask('three').folder))[0].image.str.contains('again').all()

@pytest.mark.parametrize('after', [1, 5, 12])
def test_killed_and_resumed_equals_unbroken(whole, folder, recipe_file, tmp_path, after):
    run = tmp_path/'run'
    p = start('fit', folder, '--recipe', recipe_file, '--budget', '120s', '--out', run)
    def epochs():
        try:
            with sqlite3.connect(f'file:{run}/ledger.db?mode=ro', uri=True) as c:
                return sum(json.loads(b).get('kind')=='epoch' for b, in c.execute('select body from al_events'))
        except (sqlite3.Error, ValueError): return 0
    wait_for(lambda: epochs()>=after or p.poll() is not None)
    kill_group(p)
    assert not [*run.glob('trials/*/trial.json')] # it was training
    assert not pickles(run)
    code,out = call('resume', run)
    assert code==0, out
    assert same(whole, run) and not pickles(run)
    with sqlite3.connect(run/'ledger.db') as c: assert c.execute('select count(*), min(state) from al_trials').fetchone()==(1, 'done')

def test_killed_at_any_moment_it_ends(folder, tmp_path):
    "Also before there is anything to resume, while planning, while testing and while writing"
    run,used = tmp_path/'run',0
    for secs in (1.5, 4, 7, 9):
        p,t = start('fit', folder, '--budget', '25s', '--out', run),time.time()
        time.sleep(secs)
        kill_group(p)
        used += time.time()-t
        assert not pickles(run)
    t = time.time()
    code,out = call('fit', folder, '--budget', '25s', '--out', run)
    assert code==0, out
    assert used+time.time()-t<25*1.05+10+10*4
    assert result(run)['status']=='done'

def test_the_worker_is_killed_and_the_run_goes_on(whole, folder, recipe_file, tmp_path):
    heard,killed = [],[]
    def hear(e):
        heard.append(e)
        if e['kind']=='epoch' and e['epoch']==4 and not killed:
            killed.append(1)
            os.kill(al.run.worker.p.pid, signal.SIGKILL)
    al = AutoLearner(folder, recipe=recipe_file, budget='120s', out=tmp_path/'run', news=Stream(hear))
    al.fit()
    assert killed and any('signal 9' in o.get('text', '') for o in heard)
    assert same(whole, tmp_path/'run')

def test_a_worker_that_always_dies_is_a_row(folder, tmp_path):
    def hear(e):
        if e['kind']=='stage' and e['name']=='train': os.kill(al.run.worker.p.pid, signal.SIGKILL)
    al = AutoLearner(folder, budget='40s', out=tmp_path/'run', news=Stream(hear))
    with pytest.raises(RunError, match='signal 9'): al.fit()
    rows = al.run.trials()
    assert rows and all(o.state=='failed' and 'memory' in o.error for o in rows)
    assert [o.state for o in al.run.ledger.trials()]==[o.state for o in rows]

def test_a_worker_that_hangs_is_ended(folder, recipe_file, tmp_path):
    stopped = []
    def hear(e):
        if e['kind']=='epoch' and e['epoch']==2 and not stopped:
            stopped.append(1)
            al.run.worker.hang = 3
            os.kill(al.run.worker.p.pid, signal.SIGSTOP)
    al = AutoLearner(folder, recipe=recipe_file, budget='120s', out=tmp_path/'run', news=Stream(hear))
    al.fit()
    assert stopped and result(tmp_path/'run')['status']=='done'

def test_stop_ends_with_the_best_so_far(folder, tmp_path):
    def hear(e):
        if e['kind']=='step' and not al.run.stopping: threading.Thread(target=al.run.stop).start()
    al,t = AutoLearner(folder, budget='120s', out=tmp_path/'run', news=Stream(hear)),time.time()
    al.fit()
    r = result(tmp_path/'run')
    assert time.time()-t<60 and r['status']=='stopped' and r['test']['score']>0 and (tmp_path/'run/twin.ipynb').exists()

def test_interrupt_ends_with_the_best_so_far(folder, tmp_path):
    run = tmp_path/'run'
    p = start('fit', folder, '--budget', '120s', '--out', run)
    wait_for(lambda: list(run.glob('trials/*/state.safetensors')))
    os.killpg(p.pid, signal.SIGINT) # as Ctrl-C does: to the whole group
    assert p.wait(150)==0
    assert result(run)['status']=='stopped'

def test_a_busy_machine_does_not_break_the_budget(folder, tmp_path):
    rivals = [subprocess.Popen([sys.executable, '-c', 'import time\nt=time.time()\nwhile time.time()-t<60: pass']) for _ in range(2)]
    try:
        t = time.time()
        code,out = call('fit', folder, '--budget', '30s', '--out', tmp_path/'run')
        assert code==0, out
        assert time.time()-t<30*1.05+10
    finally:
        for p in rivals: p.kill()

def test_go_on_with_more_time_by_another_metric(folder, tmp_path):
    run = tmp_path/'run'
    code,out = call('fit', folder, '--budget', '14s', '--out', run, '--metric', 'balanced_accuracy', '--set', 'epochs=2')
    assert code==0, out
    first = result(run)
    assert first['metric']==dict(name='balanced_accuracy', better='up') and 0<first['valid']<=1
    assert set(json.loads((run/'twin.ipynb').read_text())['metadata']['autolearn']['figures'])=={'accuracy', 'log_loss'}
    code,out = call('resume', run, '--budget', '25s')
    assert code==0, out
    then = result(run)
    assert then['trials']>first['trials'] and then['seconds']>first['seconds']+4 and then['valid']>=first['valid']
    assert then['test']['looks']==(1 if then['trial']==first['trial'] else 2)

def test_by_hand_and_back(folder, tmp_path):
    al = AutoLearner(folder, budget='15s', out=tmp_path/'run', news=Stream())
    al.override('epochs', 1).override('views', False).fit() # little, so that more by hand is better
    before,n = al.result,len(al.trials)
    learn = al.learner()
    with learn.no_bar(): assert abs(float(learn.validate()[1])-before['valid'])<1e-6
    with learn.no_bar(): learn.fit_one_cycle(8, .01)
    al.adopt(learn, note='eight more epochs <b>by hand</b>')
    r = al.result
    assert r['valid']>before['valid'] and r['test']['looks']==2 and al.trials.note.iloc[-1].startswith('eight')
    assert al.run.done and r['budget']==before['budget'] and len(al.fit().trials)==n+1 # no time was granted beside
    assert al.verify()['equal'] # the twin takes the weights from the file

def test_unreadable_test_items_count_as_wrong(tmp_path, recipe_file):
    folder = write_folder(tmp_path/'digits', 400)
    spoilt = sorted((folder/'test').rglob('*.png'))[:20]
    for p in spoilt: p.write_bytes(b'no picture')
    (folder/'train/0/broken.png').write_bytes(p.read_bytes())
    code,out = call('fit', folder, '--recipe', recipe_file, '--budget', '60s', '--out', tmp_path/'run')
    assert code==0, out
    r = result(tmp_path/'run')
    assert r['test']['n']==80 and r['test']['score']<=.75 # 20 of 80 cannot be right
    items = pd.read_parquet(tmp_path/'run/items.parquet').set_index('key')
    assert items.dropped_by['train/0/broken.png']=='drop_unreadable' and all(p.exists() for p in spoilt)

def test_copies_are_found_and_left_out(tmp_path):
    import shutil
    folder = write_folder(tmp_path/'digits', 300)
    train,test = sorted((folder/'train').rglob('*.png')),sorted((folder/'test').rglob('*.png'))
    shutil.copy(train[0], train[0].with_name('copy.png')) # in train, same label
    shutil.copy(test[0], folder/'train'/test[0].parent.name/'leak.png') # across parts
    other = next(d for d in sorted((folder/'train').iterdir()) if d!=train[5].parent)
    shutil.copy(train[5], other/'liar.png') # another label
    al = AutoLearner(folder, out=tmp_path/'run', news=Stream())
    found = {o.finder:o for o in al.look().findings}
    pair = {f"train/{train[0].parent.name}/{n}" for n in (train[0].name, 'copy.png')}
    assert {*found['exact_copies'].keys}==pair
    assert found['copies_across_parts'].keys==[f'train/{test[0].parent.name}/leak.png']
    assert f'train/{other.name}/liar.png' in found['conflicting_labels'].keys and not found['conflicting_labels'].default
    n = (al.ready.rows.dropped_by!='').sum()
    assert n==2
    al.refuse('exact_copies')
    assert (al.ready.rows.dropped_by!='').sum()==1
    al.accept('conflicting_labels')
    assert (al.ready.rows.dropped_by!='').sum()==3
    with pytest.raises(UserError, match='exact_copies'): al.refuse('exact_copy')

@pytest.mark.parametrize('kind', ['archive', 'label file'])
def test_indirect_data_and_their_twin(folder, tmp_path, kind):
    import shutil
    if kind=='archive': data = shutil.make_archive(str(tmp_path/'packed'), 'zip', folder)
    else:
        data = tmp_path/'labels.json'
        data.write_text(json.dumps({str(o):o.parent.name for o in sorted(folder.rglob('*.png'))}))
    code,out = call('fit', data, '--budget', '16s', '--out', tmp_path/'run', '--set', 'epochs=2')
    assert code==0, out
    code,out = call('verify', tmp_path/'run')
    assert code==0, out

def test_a_trial_that_never_began_is_no_damage(whole, folder, recipe_file):
    "Killed between the making of its folder and the first file in it"
    empty = whole/'trials'/f"{json.loads((whole/'run.json').read_text())['id']}-02"
    empty.mkdir()
    assert len(Run(whole).trials())==1
    code,out = call('fit', folder, '--recipe', recipe_file, '--budget', '120s', '--out', whole)
    assert code==0 and 'damaged' not in out, out
    empty.rmdir()

def test_the_password_of_a_ledger_reaches_no_file(folder, tmp_path):
    code,out = call('fit', folder, '--budget', '20s', '--out', tmp_path/'run', '--ledger', 'postgresql://ann:sesame@localhost/db')
    assert code==2 and 'sesame' not in out and 'password' in out, out
    assert not any(b'sesame' in o.read_bytes() for o in tmp_path.rglob('*') if o.is_file())

def test_two_calls_at_once_make_one_run(folder, tmp_path):
    from concurrent.futures import ThreadPoolExecutor
    from autolearn.run import create_run
    als = [AutoLearner(folder, out=tmp_path/'run', news=Stream()) for _ in range(4)]
    for al in als: al.ready
    for i in range(30): # which of them comes first, and how far it is, is chance
        out = tmp_path/f'run{i}'
        with ThreadPoolExecutor(4) as pool: paths = [*pool.map(lambda al: create_run(al.ready, al.asked, out), als)]
        assert len({*paths})==1 and json.loads((out/'run.json').read_text())['id'] and not (out/'.begun').exists()

def test_one_label_where_lists_were_found(tmp_path):
    "The override that the decision offers; and a class whose name is no mathematics"
    folder,rows = write_folder(tmp_path/'digits', 400, parts=False),[]
    for o in sorted(folder.rglob('*.png')): rows.append((o, '$$' if o.parent.name=='0' else 'even;small' if o.parent.name in '24' else 'even' if o.parent.name in '68' else 'small' if o.parent.name in '13' else 'odd'))
    pd.DataFrame(rows, columns=['path', 'label']).to_csv(tmp_path/'table.csv', index=False)
    al = AutoLearner(tmp_path/'table.csv', budget=25, out=tmp_path/'run', news=Stream())
    al.override('sep', '').override('epochs', 2)
    al.fit()
    assert al.result['metrics']['accuracy']>.2 and 'even;small' in al.model.classes

def test_many_classes(tmp_path):
    "A model of thousands of classes opens without thousands of pictures"
    from autolearn.recipes.image_classification import open_dls
    names = [f'{i:05}' for i in range(20_000)]
    dls = open_dls(dict(classes=names), RECIPE.having(shape=[3, 224, 224]))
    assert [*dls.vocab]==names and len(dls.train.x)==1
    with pytest.raises(UserError, match='damaged'): open_dls(dict(classes=['a', 'a']), RECIPE)

def test_pictures_in_two_qualities_are_not_learnt_and_tested(tmp_path):
    from PIL import Image
    import numpy as np
    rng = np.random.default_rng(0)
    for c in 'ab':
        (tmp_path/f'shop/{c}').mkdir(parents=True)
        for i in range(40):
            im = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize((96, 96), Image.BICUBIC)
            im.save(tmp_path/f'shop/{c}/{i}.png')
            if i%2: im.save(tmp_path/f'shop/{c}/{i}.jpg', quality=85)
    al = AutoLearner(tmp_path/'shop', out=tmp_path/'run', news=Stream())
    rows = al.ready.rows.assign(name=al.ready.rows.key.str.rsplit('.', n=1).str[0])
    assert (rows.part=='test').any() and (rows.groupby('name').part.nunique()==1).all()
    assert 'near_copies_in_one_part' in set(al.decisions.key)
    al.refuse('near_copies_in_one_part')
    rows = al.ready.rows.assign(name=al.ready.rows.key.str.rsplit('.', n=1).str[0])
    assert (rows.groupby('name').part.nunique()>1).any()

def test_what_a_model_is_warned_of():
    "Worse than the dullest baseline: not to be relied on; only as good as a strong one: nothing added; better than all: nothing"
    from autolearn.metric import get_metric
    class Bare(Run):
        metric = get_metric('accuracy')
        def __init__(self): pass
    run,said = Bare(),lambda score: dict(baselines=dict(dull=.25, strong=.9), test=dict(score=score))
    assert "don't rely" in run.warning(said(.25)) and run.is_dull(said(.25))
    assert 'as good' in run.warning(said(.9)) and 'better' in run.warning(said(.8)) and not run.is_dull(said(.8))
    assert run.warning(said(.95))=='' and not run.is_dull(said(.95))

@pytest.fixture
def copied(whole, tmp_path): return Path(shutil.copytree(whole, tmp_path/'copy'))

def test_more_time_counts_from_now_on(copied):
    "Also when it is as much as the run was begun with"
    (copied/'clock.json').write_text(json.dumps(dict(secs=300., used=290., past=0., going=True)))
    run = Run(copied)
    assert run.clock().left<11 and run.clock(300.).left<11 and run.clock(300., more=True).left>299 and run.clock(200.).left>199

def test_two_long_lists_lie_in_two_files(copied):
    run,lists = Run(copied),[[f'{k}{i}' for i in range(600)] for k in 'ab']
    files = [run.lay_aside('drop_rows', dict(keys=o))['keys'] for o in lists]
    assert [json.loads(Path(o).read_text()) for o in files]==lists

def test_an_adoption_cut_short_is_not_trained(copied):
    run = Run(copied)
    trial = run.begin_trial(RECIPE, 'by hand', by_hand=True)
    code,out = call('resume', copied, '--budget', '14s')
    assert code==0 and not run.trial_folder(trial).exists() and len(Run(copied).trials())==1, out

def test_what_was_in_memory_moves_with_its_run(tmp_path):
    al = AutoLearner(example(80), out=tmp_path/'run', news=Stream())
    n = len(load_rows(str(al.begin().folder))[0])
    shutil.move(tmp_path/'run', tmp_path/'elsewhere')
    assert len(load_rows(str(tmp_path/'elsewhere'))[0])==n>50

def test_a_seed_is_a_number(folder, tmp_path):
    al = AutoLearner(folder, out=tmp_path/'run', news=Stream())
    with pytest.raises(UserError, match='whole number'): al.override('seed', 'abc')
    assert al.asked.seed==0 and al.recipe.seed==0
