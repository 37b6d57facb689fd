"A critic of texts in a run: what it is asked, what becomes of its say, and what a crash leaves"
import json
import numpy as np, pytest, torch
from autolearn.learner import AutoLearner
from autolearn.recipes import text_generation as recipes
from autolearn.records import Recipe
from autolearn.tasks.text_generation import PLAIN, example
from autolearn.textgan import Adversary
from runs import call, kill_group, result, start, wait_for

CLOSED = PLAIN|dict(hidden=48, dim=24, steps=32, bs=16, epochs=8, drop=.1, counts=2, length=120, play=.8, compared=40)

@pytest.fixture(scope='module')
def texts(tmp_path_factory):
    path = tmp_path_factory.mktemp('texts')/'texts.txt'
    path.write_text('\n'.join(o for o in example().text if len(o)<120)+'\n')
    return path

@pytest.fixture(scope='module')
def recipe_file(tmp_path_factory):
    path = tmp_path_factory.mktemp('recipe')/'recipe.json'
    path.write_text(json.dumps(Recipe('text_generation', CLOSED).to_dict()))
    return path

@pytest.fixture(scope='module')
def run(texts, recipe_file, tmp_path_factory):
    out = tmp_path_factory.mktemp('runs')/'run'
    code,said = call('fit', texts, '--task', 'text_generation', '--recipe', recipe_file, '--budget', '120s', '--out', out)
    assert code==0, said
    assert 'etter with a critic' in said, said
    return out

def verdict_of(run): # the language model may have been kept, what it was compared with shows here
    twin = json.loads((run/'twin.ipynb').read_text())
    said, = {''.join(o['data']['text/plain']) for c in twin['cells'] for o in c.get('outputs', []) if 'validation texts' in ''.join(o.get('data', {}).get('text/plain', ''))}
    return said

def test_the_verdict_is_in_the_twin_and_the_twin_says_the_same(run):
    twin = json.loads((run/'twin.ipynb').read_text())
    code = '\n'.join(''.join(o['source']) for o in twin['cells'] if o['cell_type']=='code')
    shown = [o['data'] for c in twin['cells'] for o in c.get('outputs', []) if 'data' in o]
    assert 'Adversary(' in code and 'choose_writer(' in code
    assert any('image/png' in o and 'validation texts' in ''.join(o['text/plain']) for o in shown)
    code,said = call('verify', run)
    assert code==0, said

def test_killed_while_the_critic_has_a_say_it_goes_on_as_if_nothing_had_happened(run, texts, recipe_file, tmp_path):
    p = start('fit', texts, '--task', 'text_generation', '--recipe', recipe_file, '--budget', '120s', '--out', tmp_path/'run')
    seen = set()
    def fourth(): # checkpoint of eight: the critic had a say since the third
        for o in (tmp_path/'run').glob('trials/*/state.safetensors'): seen.add(o.stat().st_mtime_ns)
        return len(seen)>3 or p.poll() is not None
    wait_for(fourth)
    kill_group(p)
    assert not [*(tmp_path/'run').glob('trials/*/trial.json')] # it was training
    code,out = call('resume', tmp_path/'run')
    assert code==0, out
    a,b = [result(o) for o in (run, tmp_path/'run')]
    assert (a['valid'], a['test']['score'])==(b['valid'], b['test']['score']) and verdict_of(run)==verdict_of(tmp_path/'run')

@pytest.mark.parametrize('better', [True, False])
def test_the_better_writer_stays(better, monkeypatch):
    "And counts are weighed for the one that stays"
    items = example(120).assign(key=lambda d: [*map(str, range(len(d)))], label='')
    recipe,turns = Recipe('text_generation', CLOSED|dict(epochs=2)),[]
    class Noted(Adversary):
        def after_fit(self): turns.append(self.turns)
    dls = recipes.make_dls(items, np.array(['train']*80+['valid']*40), recipe)
    learn = recipes.make_learner(dls, recipe)
    weights = []
    weigh = recipes.weigh_counts
    def noted(net, dl):
        weights.append({k:v.clone() for k,v in net.net.state_dict().items()})
        return weigh(net, dl)
    monkeypatch.setattr(recipes, 'weigh_counts', noted)
    monkeypatch.setattr('autolearn.textgan.Verdict.better', property(lambda o: better))
    monkeypatch.setattr(recipes, 'Adversary', Noted)
    with learn.no_bar(), learn.no_logging(): shown = recipes.fit(learn, recipe)
    assert turns[0]>5
    before,after = weights[:2]
    now = learn.model.net.state_dict()
    same = lambda a, b: all(torch.equal(v, b[k]) for k,v in a.items())
    assert not same(before, after) and same(now, after if better else before) and same(now, weights[-1])
    assert recipes.told(shown).startswith('Better' if better else 'Not better') and recipes.told(None)==recipes.told([.5])==''

def test_a_critic_is_asked_for_by_its_choice_and_time_is_left_for_the_verdict(texts, tmp_path):
    "The verdict is told, and the budget kept"
    code,said = call('fit', texts, '--task', 'text_generation', '--budget', '40s', '--set', 'play=0.3', '--out', tmp_path/'run')
    assert code==0, said
    r = result(tmp_path/'run')
    assert r['recipe']['choices']['play']==.3 and 20<=r['recipe']['choices']['compared']<=500 and 'etter with a critic' in said, said
    assert r['seconds']<60 # a busy machine may take a little longer than the budget

def test_every_way_to_write_folds():
    from autolearn.task import recipe_path
    from autolearn.twin import fold_check
    for more in (dict(), dict(play=.3, compared=50), dict(play=.3, compared=50, counts=2, unit='word', whole=True), dict(counts=2, cuts=[[0, 9]])):
        assert fold_check(recipe_path('text_generation'), Recipe('text_generation', PLAIN|dict(epochs=2)|more))==['temperature', 'start']

def test_what_training_showed_is_seen_from_outside(run):
    shown = AutoLearner.open(run).shown
    assert {*shown._repr_mimebundle_()}=={'image/png', 'text/plain'} and repr(shown)==verdict_of(run)
