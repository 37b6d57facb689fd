"Pictures that never were: a run from the command line, what it survives, and what its measures see"
import json
import numpy as np, pandas as pd, pytest, torch, torch.nn.functional as F
from PIL import Image
from autolearn.core import Budget, UserError
from autolearn.gan import Gan, Judge
from autolearn.gannets import Critic, Generator, steepness, usual
from autolearn.likeness import Crowds, copies, frechet, kernel_distance, recall
from autolearn.learner import AutoLearner
from autolearn.media.image import add_content, write_made
from autolearn.model import Model
from autolearn.problem import Asked, prepare
from autolearn.profile import look
from autolearn.records import Recipe
from autolearn.source import open_source
from autolearn.split import split_items
from autolearn.task import get_recipe
from autolearn.tasks.image_generation import PLAIN, check_choices, example, portfolio
from runs import call, kill_group, pickles, result, start, wait_for, write_folder

CLOSED = PLAIN|dict(classes=True, shape=[1, 8, 8], store='memory', judge=[16, 32], judge_steps=60, repeat=8, width=16, critic_width=16, epochs=6)

@pytest.fixture(scope='module')
def folder(tmp_path_factory): return write_folder(tmp_path_factory.mktemp('digits'), 600, names={3:'a b', 4:'käse'})

@pytest.fixture(scope='module')
def recipe_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('recipe')/'recipe.json'
    path.write_text(json.dumps(Recipe('image_generation', CLOSED).to_dict()))
    return path

@pytest.fixture(scope='module')
def run(folder, recipe_file, tmp_path_factory):
    out = tmp_path_factory.mktemp('runs')/'run'
    code,said = call('fit', folder, '--task', 'image_generation', '--recipe', recipe_file, '--budget', '120s', '--out', out)
    assert code==0, said
    assert 'The judge is right for' in said and 'frechet' in said
    return out

def test_a_run_that_makes_pictures(run, tmp_path):
    "Fit, verify, generate, test"
    r = result(run)
    assert r['metric']==dict(name='frechet', better='down') and {'recall', 'coverage', 'density', 'kernel_distance', 'frechet_real', 'named_right'}<={*r['metrics']}
    assert r['metrics']['frechet_real']<r['test']['score']<r['baselines']['noise'] and r['test']['low']<=r['test']['score']<=r['test']['high']
    code,out = call('verify', run)
    assert code==0 and 'equal' in out, out
    code,out = call('generate', run, '-n', 20, '--seed', 1, '--out', tmp_path/'a')
    assert code==0 and '20 pictures written' in out, out
    al = AutoLearner.open(run)
    model = al.model
    write_made(model.sample(20, seed=1), str(tmp_path/'b'))
    files = sorted(o.relative_to(tmp_path/'a') for o in (tmp_path/'a').rglob('*.png'))
    assert len(files)==21 and {o.parent.name for o in files}=={'', 'a b', 'käse', *'01256789'}
    assert all((tmp_path/'a'/o).read_bytes()==(tmp_path/'b'/o).read_bytes() for o in files)
    with pytest.raises(UserError, match='no empty folder'): write_made(model.sample(1), str(tmp_path/'a'))
    assert model.sample(4, only='käse').labels==['käse']*4 and model.known_among(model.sample(10))==0
    with pytest.raises(UserError, match="'käse'"): model.sample(4, only='nothing')
    with pytest.raises(UserError, match="'width' is not for saying how.*'walk'"): model.sample(4, width=48) # after training it would change nothing
    with pytest.raises(UserError, match='makes new things'): model.predict([tmp_path/'a'/files[0]])
    tested = model.test(str(tmp_path/'a'))
    assert tested.metric=='frechet' and len(tested)>=20 and 'frechet' in repr(tested)
    assert not pickles(run) and json.loads((run/'twin.ipynb').read_text())['metadata']['autolearn']['figures']['frechet']>0
    assert 'frechet' in al.model.test()._repr_html_() and al.model.sample(4, seed=2).labels==['0', '1', '2', '5']
    code,out = call('generate', run, '-n', 60, '--seed', 1, '--against', 'test')
    assert code==0 and '60 made pictures beside as many real ones' in out and ' of 60 are copies' in out and 'kernel_distance' in out, out
    table = model.compare(samples=model.sample(60, seed=1))
    assert {*table.features}=={'judge'} and table.score['frechet']>0 and (table.low<=table.score).all() and (table.score<=table.high).all()
    with pytest.raises(UserError, match='what is real'): Model.load(run/'model').compare()

def test_killed_it_goes_on_as_if_nothing_had_happened(run, folder, recipe_file, tmp_path):
    p = start('fit', folder, '--task', 'image_generation', '--recipe', recipe_file, '--budget', '120s', '--out', tmp_path/'run')
    wait_for(lambda: [*(tmp_path/'run').glob('trials/*/state.safetensors')] or p.poll() is not None)
    kill_group(p)
    assert not [*(tmp_path/'run').glob('trials/*/trial.json')] # it was training
    code,out = call('resume', tmp_path/'run')
    assert code==0, out
    a,b = [result(o) for o in (run, tmp_path/'run')]
    assert (a['valid'], a['test']['score'])==(b['valid'], b['test']['score'])

def test_one_picture_few_pictures_and_pictures_of_all_kinds(tmp_path):
    "One is refused; of few, of several sizes and channels and partly without labels, decisions say what was done"
    (tmp_path/'one').mkdir()
    Image.new('L', (32, 32), 99).save(tmp_path/'one/a.png')
    code,out = call('fit', tmp_path/'one', '--task', 'image_generation', '--budget', '60s', '--out', tmp_path/'r')
    assert code==2 and '12 are the least' in out
    rng,rows = np.random.default_rng(0),[]
    for i in range(60):
        Image.fromarray(rng.integers(0, 256, (20+i%7, 30+i%5, 3), dtype='uint8')).convert('L' if i%2 else 'RGB').save(tmp_path/f'{i}.png')
        rows.append((f'{i}.png', '' if i%10==0 else 'ab'[i%2]))
    pd.DataFrame(rows, columns=['file', 'kind']).to_csv(tmp_path/'mixed.csv', index=False)
    source = open_source(tmp_path/'mixed.csv', target='kind')
    ready = prepare(source, *look(source), Asked(task='image_generation'))
    why = {o.key:o.evidence for o in ready.decisions}
    assert '6 pictures have no label' in why['unlabelled'] and 'are grey' in why['sizes'] and '20 to 26 rows' in why['sizes'] and (ready.rows.dropped_by=='').all()
    assert ready.plan.portfolio(ready.used, 60)[0].shape==[3, 24, 32]

def test_photographs_without_labels_and_fewer_than_a_batch(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path/'photos').mkdir()
    for i in range(20): Image.fromarray(np.kron(rng.integers(0, 256, (3, 4, 3)), np.ones((16, 16, 1))).astype('uint8')).save(tmp_path/f'photos/{i}.png')
    code,out = call('fit', tmp_path/'photos', '--budget', '20s')
    assert code==2 and 'Put each into a folder' in out and "task='image_generation'" in out, out
    recipe = tmp_path/'recipe.json'
    recipe.write_text(json.dumps(Recipe('image_generation', CLOSED|dict(classes=False, shape=[3, 24, 32], varied=True, repeat=16, epochs=2)).to_dict()))
    code,out = call('fit', tmp_path/'photos', '--task', 'image_generation', '--recipe', recipe, '--budget', '60s', '--out', tmp_path/'run')
    assert code==0 and 'the pictures have no labels' in out, out
    code,out = call('generate', tmp_path/'run', '-n', 6, '--out', tmp_path/'made', '--against', 'test')
    assert code==0 and len([*(tmp_path/'made').glob('*.png')])==7 and 'are copies of one of' in out, out

def test_a_critic_with_batch_norm_teaches_both_as_two_losses_would():
    torch.manual_seed(0)
    make,critic = Generator((1, 8, 8), 8, 3, 16),Critic((1, 8, 8), 8, 3, batch_norm=True)
    net = Gan(make, critic, Judge(1, 3, [8], 20), usual, steepness, gamma=0.).train()
    x,y = torch.randint(0, 256, (12, 1, 8, 8), dtype=torch.uint8),torch.arange(12)%3
    torch.manual_seed(1)
    net(x, y).backward()
    mine = [[p.grad.clone() for p in o.parameters()] for o in (make, critic)]
    torch.manual_seed(1)
    made,real = make(torch.randn(12, 16), y),x/127.5-1
    his = torch.autograd.grad(F.softplus(-critic(made, y)).mean(), [*make.parameters()], retain_graph=True)
    hers = torch.autograd.grad(usual(critic(real, y), critic(made.detach(), y))[0], [*critic.parameters()])
    assert all(torch.allclose(a, b, atol=1e-6) for a,b in zip(mine[0]+mine[1], [*his, *hers]))

@pytest.mark.parametrize('how', [dict(rule='usual', batch_norm=True, gamma=0.), dict(rule='hinge', spectral=True, gamma=0.), dict(rule='wasserstein', penalty='slope_of_one', gamma=10., every=1), {}],
                         ids=['DCGAN', 'SN-GAN', 'WGAN-GP', 'R3GAN'])
def test_every_recipe_learns(how):
    from autolearn.recipes.image_generation import fit, make_dls, make_learner, score
    x,y = example()
    items = add_content(pd.DataFrame(dict(key=np.arange(len(x)).astype(str), image=[*x], label=y.astype(str), part='')))
    split,recipe = split_items(items, valid=.2, test=.2),Recipe('image_generation', CLOSED|dict(store='array', repeat=1, epochs=3)|how)
    check_choices(recipe)
    learn = make_learner(make_dls(items, split, recipe), recipe)
    with learn.no_bar(), learn.no_logging(): fit(learn, recipe)
    trained = score(learn, learn.dls.valid, recipe)['frechet']
    for o in (learn.model.make, learn.model.slow): o.load_state_dict(Generator((1, 8, 8), 16, 10).state_dict())
    assert trained<.9*score(learn, learn.dls.valid, recipe)['frechet']

def test_epochs_are_parts_of_many_pictures():
    from autolearn.recipes.image_generation import make_dls, make_learner, plan
    x,y = example()
    items = add_content(pd.DataFrame(dict(key=np.arange(len(x)).astype(str), image=[*x], label=y.astype(str), part='')))
    split,recipe = split_items(items, valid=.2, test=.2),Recipe('image_generation', CLOSED|dict(store='array', repeat=1, per_epoch=160))
    dls = make_learner(make_dls(items, split, recipe), recipe).dls
    seen = [torch.cat([o for o,_ in dls.train]) for _ in range(12)]
    assert len(dls.train)==160//recipe.bs and all(len(o)==160 for o in seen) and not torch.equal(seen[0], seen[1])
    every = {o.numpy().tobytes() for o in dls.train.x}
    assert len({o.numpy().tobytes() for o in torch.cat(seen)})>.6*len(every) and {o.numpy().tobytes() for o in seen[0]}<=every
    asked = recipe.having(repeat=16, per_epoch=None, epochs=None)
    dls = make_dls(items, split, asked)
    n,(closed, why) = len(dls.train),plan(make_learner(dls, asked), asked, 20.)
    assert closed.closed and {o.key for o in why}>={'per_epoch', 'epochs'}
    assert (len(dls.train)<.7*n and dls.train.n==closed.per_epoch) if closed.per_epoch else len(dls.train)==n
    assert len(make_learner(make_dls(items, split, closed), closed).dls.train)==len(dls.train)

def test_others_look_where_their_weights_are(run, tmp_path, monkeypatch):
    import timm
    from safetensors.torch import save_file
    mod = get_recipe('image_generation')
    monkeypatch.setattr(mod, 'SEERS', dict(resnet18=1.8)) # Inception takes long to make
    save_file(timm.create_model('resnet18').state_dict(), tmp_path/'resnet18.safetensors')
    model = Model.load(run)
    rows = model.run_items()
    table,said = mod.compare(model.learn, model.sample(12), rows[rows.part=='test'], rows[rows.part=='train'], folders=[tmp_path])
    assert {*table.features}=={'judge', 'resnet18'} and 'Of resnet18, at 12 pictures' in said and np.isfinite(table[table.features=='resnet18'].score).all()

def crowd(real, made): return Crowds(real, made, real, np.full(len(real), np.nan))

def test_measures_against_their_definitions():
    "The distance of two normal clouds in closed form; kernels pair by pair; who never comes near"
    rng,W = np.random.default_rng(0),np.ones((1, 4000))
    a,b = rng.normal(0, 1, (4000, 3)),rng.normal(0, 1, (4000, 3))*[1, 2, 3]+[1, 0, 0]
    assert abs(frechet(crowd(a, b), W)[0]-(1+0+1+4))<.35
    x,y = a[:30],b[:30]
    k = lambda u, v: (u@v/3+1)**3
    pairs = [(i, j) for i in range(30) for j in range(30) if i!=j]
    want = np.mean([k(x[i], x[j])+k(y[i], y[j]) for i,j in pairs])-2*np.mean([k(u, v) for u in x for v in y])
    assert np.isclose(kernel_distance(crowd(x, y), np.ones((1, 30)))[0], want)
    assert recall(crowd(a[:300], a[300:600]), np.ones((1, 300)))[0]>.8 and recall(crowd(a[:300], a[:1].repeat(300, 0)), np.ones((1, 300)))[0]<.02
    at,same = copies(np.vstack([a[:2]+1e-4, b[2:3]+50]), a[:1000], a[1000:2000])
    assert same.tolist()==[True, True, False] and at[:2].tolist()==[0, 1]

def test_large_and_small_pictures_have_recipes_that_fit():
    from autolearn.recipes.image_generation import make_dls, make_learner
    for h,w,c in ((8, 8, 1), (28, 28, 1), (30, 30, 3), (33, 120, 1), (480, 640, 3)):
        profile = look(open_source((np.random.default_rng(0).integers(0, 256, (14, h, w)+((3,) if c==3 else ()), dtype='uint8'), ['a']*14)))[1]
        recipe = portfolio(profile, 60)[0]
        items = pd.DataFrame(dict(key=[*map(str, range(14))], image=[np.zeros((h, w)+((3,) if c==3 else ()), 'uint8')]*14, label='a'))
        learn = make_learner(make_dls(items, np.array(['train']*10+['valid']*4), recipe.having(repeat=2)), recipe)
        x,y = learn.dls.train.one_batch()
        assert learn.model(x, y).ndim==0 and x.shape[1:]==(recipe.shape[0], *recipe.shape[1:]), (h, w)

def test_what_went_wrong_is_told_as_it_was_answered():
    told = get_recipe('image_generation').told
    said = told(dict(judge=.9, knows='classes', went_wrong=[[1, 'all alike', False], [5, 'too far', True], [7, 'few kinds', True]]))
    assert 'with half the rate: epoch 5: too far; epoch 7: few kinds. ' in said and said.endswith('nothing to go back to: epoch 1: all alike.')
    assert told(dict(judge=.9, knows='classes', went_wrong=[])).endswith('not learnt from.')
    said = told(dict(judge=.08, knows='single pictures', went_wrong=[]))
    assert 'knows 8.0% of the pictures again' in said and 'learnt little' in said

def test_the_demo_draws_classes_may_be_called_7_and_all_trials_are_measured_alike(tmp_path):
    run = tmp_path/'run'
    code,out = call('demo', 'draw', '--budget', '25s', '--out', run)
    assert code==0 and 'task = image_generation: as asked' in out, out
    code,out = call('generate', run, '-n', 4, '--set', 'only=7', '--out', tmp_path/'sevens')
    assert code==0 and {o.name for o in (tmp_path/'sevens').iterdir()}=={'7', 'sheet.png'}, out
    code,out = call('generate', run, '-n', 4, '--out', tmp_path/'none', '--against', tmp_path/'nothing')
    assert code==2 and not (tmp_path/'none').exists(), out
    opened = AutoLearner.open(run).run
    (first,),second = opened.trials(),opened.next_recipe(Budget(7200.))
    assert all(first.closed.choices[k]==second.choices[k] for k in ('shape', 'judge', 'judge_steps', 'bf16')) and first.closed.gamma!=second.gamma

def test_the_judge_is_the_same_whatever_the_seed_of_the_nets():
    x,y = example(300)
    items = add_content(pd.DataFrame(dict(key=np.arange(len(x)).astype(str), image=[*x], label=y.astype(str), part='')))
    mod,nets = get_recipe('image_generation'),[]
    for seed in (0, 1):
        recipe = Recipe('image_generation', CLOSED|dict(store='array', repeat=1, seed=seed, judge_steps=8, epochs=1))
        learn = mod.make_learner(mod.make_dls(items, split_items(items, valid=.2, test=.2), recipe), recipe)
        with learn.no_bar(), learn.no_logging(): mod.fit(learn, recipe)
        nets.append({k:v.clone() for k,v in learn.model.state_dict().items()})
    same = {k.split('.')[0] for k,v in nets[0].items() if torch.equal(v, nets[1][k]) and v.dtype.is_floating_point and v.numel()>100}
    assert same=={'judge'} and all(torch.equal(v, nets[1][k]) for k,v in nets[0].items() if k.startswith('judge.'))
