"Texts that write on: where they lie, how they are cut, and a run from the command line"
import json, math
import numpy as np, pandas as pd, pytest, torch
from pydoc_data.topics import topics
from autolearn.core import Stream, UserError
from autolearn.language import Counts, count_nats, measure_nats
from autolearn.learner import AutoLearner
from autolearn.model import Model
from autolearn.problem import Asked, prepare
from autolearn.profile import look
from autolearn.recipes import text_generation as recipes
from autolearn.source import open_source, reopen
from autolearn.tasks.text_generation import PLAIN, example
from autolearn.textstream import Coder, count_tokens
from autolearn.records import Recipe
from runs import call

BOOK = '\n\n'.join(topics.values())

def al_items(model, part): return (items := model.run_items()).text[items.part==part]

def again(source): return reopen(json.loads(json.dumps(source.to_dict()))).items

def test_books_lists_tables_and_folders(tmp_path):
    "What goes on is read in pieces, a list line by line, a table row by row; opened again all are the same"
    texts = example(200)
    (tmp_path/'book.txt').write_text(BOOK)
    (tmp_path/'list.txt').write_text('\n'.join(texts.text)+'\n')
    (tmp_path/'windows.txt').write_bytes('\n'.join(texts.text+' ü').encode('utf-16'))
    texts.to_csv(tmp_path/'table.csv', index=False)
    for i,o in enumerate(texts.text[:30]):
        (tmp_path/'short').mkdir(exist_ok=True)
        (tmp_path/f'short/{i}.txt').write_text(o)
    for k in ('strings', 'class'):
        (tmp_path/'books').mkdir(exist_ok=True)
        (tmp_path/f'books/{k}.txt').write_text(BOOK)
    wanted = dict(book='read_running', list='read_plain_lines', windows='read_plain_lines', table='read_texts', short='read_plain_files', books='read_running')
    for name,fn in wanted.items():
        source = open_source(next(tmp_path.glob(f'{name}*')))
        assert source.fn==fn and again(source).equals(source.items) and {*source.items.label}=={''}, (name, source)
    assert ''.join(open_source(tmp_path/'book.txt').items.text)==BOOK
    assert open_source(tmp_path/'windows.txt').items.text[0].endswith(' ü')
    assert open_source(texts).items.text.tolist()==texts.text.tolist()
    assert len(open_source(tmp_path/'book.txt', inputs='lines').items)>1000 and 'before' in open_source(tmp_path/'list.txt', inputs='whole').items
    (tmp_path/'parts').mkdir()
    for k,n in dict(train=150, test=50).items(): (tmp_path/f'parts/{k}.txt').write_text('\n'.join(texts.text[:n]))
    assert open_source(tmp_path/'parts').items.part.value_counts().to_dict()==dict(train=150, test=50)
    given = open_source(tmp_path/'list.txt', test=str(tmp_path/'parts/test.txt')).items
    assert given.part.value_counts().to_dict()==dict(train=200, test=50)

    with pytest.raises(UserError, match='named train'): open_source(tmp_path/'short', test=str(tmp_path/'list.txt'))
    (tmp_path/'far').mkdir()
    far = open_source(tmp_path/'list.txt', test=str((tmp_path/'parts/test.txt').rename(tmp_path/'far/test.txt')))
    assert far.items.part.value_counts().to_dict()==dict(train=200, test=50) and again(far).equals(far.items)

def test_a_column_of_numbers_beside_the_texts(tmp_path):
    "It is no label where nothing is learnt from labels"
    source = open_source(example(300).assign(ID=[f'n{i}' for i in range(300)]), inputs='text', target='ID')
    ready = prepare(source, *look(source), Asked(task='text_generation'))
    assert ready.rows.part.value_counts().to_dict()==dict(train=180, valid=60, test=60)

def test_whether_texts_go_on_is_remembered():
    items = pd.DataFrame(dict(key=['a', 'b', 'c', 'd'], text=['one two three']*4, before=['', 'x', 'y', 'z']))
    dls = recipes.make_dls(items, np.array(['train', 'train', 'train', 'valid']), Recipe('text_generation', PLAIN|dict(bs=2)))
    new = dls.test_dl(items[['key', 'text']])
    assert new.runs and len(new.parts[0][1])==1+len('one two three') # no end behind it

def test_frequent_characters_have_no_context():
    stream = np.array([3, 3, 3, 4]*50)
    found = count_nats(stream, [(np.array([3, 4]), 0)], 5, order=0)
    p = (np.array([150, 50])+np.array([2, 2])/5)/202 # Witten and Bell, two kinds were seen
    assert np.allclose(found, -np.log(p).sum(), atol=.02)

def test_a_book_is_tested_on_its_end(tmp_path):
    (tmp_path/'book.txt').write_text(BOOK)
    source = open_source(tmp_path/'book.txt')
    items,profile = look(source)
    ready = prepare(source, items, profile, Asked())
    assert ready.problem.task=='text_generation' and ready.problem.split['tail']==['test']
    part = ready.rows.set_index('key').part
    keys = {p:sorted(part.index[part==p]) for p in ('train', 'valid', 'test')}
    assert keys['train'][-1]<keys['test'][0] and keys['valid'][-1]<keys['test'][0] and keys['valid'][0]<keys['train'][-100] and len(keys['test'])==round(.1*len(part))
    both = prepare(source, items, profile, Asked(valid='position:0.1')).rows.set_index('key').part
    assert both[both=='train'].index.max()<both[both=='valid'].index.min()<both[both=='valid'].index.max()<both[both=='test'].index.min()
    asked = prepare(source, items, profile, Asked(test='position:0.3', valid='0.2'))
    assert asked.problem.split['tail']==['test'] and (asked.rows.part=='test').sum()==round(.3*len(part))
    with pytest.raises(UserError, match='position:0.1'): prepare(source, items, profile, Asked(test='position:half'))
    with pytest.raises(UserError, match='learns from labels'): prepare(source, items, profile, Asked(task='text_classification'))

@pytest.mark.parametrize('text', ['the cat, sat!\n', '床前明光 ab', 'سلام 🦊 x', ' two  spaces', 'a_b\tc', ''])
@pytest.mark.parametrize('unit', ['char', 'word', 'bpe'])
def test_any_text_is_spelled_and_read_back(text, unit):
    coder = Coder(count_tokens([text*2, text, 'the cat'*2], unit))
    assert coder.text(coder(text))==text

def test_counts_are_probabilities():
    rng = np.random.default_rng(0)
    stream = rng.integers(0, 5, 400)
    model = Counts(stream, 5, 3)
    for seen in ([], [1], [1, 2, 3], [4]*6):
        assert abs(sum(math.exp(-model.nats(np.r_[seen, i])[-1]) for i in range(5))-1)<1e-9

def test_a_text_costs_the_same_in_any_company():
    "Nats of a text don't depend on the batch; what is unknown costs as much as guessing it"
    items = example(40).assign(key=lambda d: [*map(str, range(len(d)))], label='')
    recipe = Recipe('text_generation', PLAIN|dict(hidden=32, dim=16, epochs=1))
    dls = recipes.make_dls(items, np.array(['train']*20+['valid']*20), recipe)
    learn = recipes.make_learner(dls, recipe)
    whole = measure_nats(learn.model, dls.valid)[0]
    alone = [measure_nats(learn.model, dls.test_dl(items[i:i+1]))[0][0] for i in range(20, 40)]
    assert np.allclose(whole, alone, rtol=1e-4)
    odd = items.iloc[:1].assign(text=items.text[0]+'🦊')
    more = measure_nats(learn.model, dls.test_dl(odd))[0][0]-measure_nats(learn.model, dls.test_dl(items[:1]))[0][0]
    assert more>math.log(155_000)

def test_epochs_can_be_repeated_and_the_end_is_learnt():
    items = pd.DataFrame(dict(text=['ab', 'cd', 'ef']*40)).assign(key=lambda d: [*map(str, range(len(d)))], label='')
    recipe = Recipe('text_generation', PLAIN|dict(hidden=32, dim=16, bs=4, steps=8, epochs=12, lr=.02, drop=0., length=10))
    dls = recipes.make_dls(items, np.array(['train']*100+['valid']*20), recipe)
    learn = recipes.make_learner(dls, recipe)
    with learn.no_bar(), learn.no_logging(): recipes.fit(learn, recipe)
    assert {*recipes.sample(learn, 50, 0, recipe.having(temperature=.5))}=={'ab', 'cd', 'ef'}
    assert recipes.score(learn, dls.valid, recipe)['nats_per_char']<.5 # ln 3 for three characters

def test_awd_lstm_is_saved_and_reads_on():
    "Of two layers, with weights dropped while it learns: opened again it says and writes the same"
    items = example(80).assign(key=lambda d: [*map(str, range(len(d)))], label='')
    recipe = Recipe('text_generation', PLAIN|dict(awd=True, hidden=24, dim=24, layers=2, drop=.4, epochs=2, bs=4, steps=16, counts=2, length=60))
    dls = recipes.make_dls(items, np.array(['train']*60+['valid']*20), recipe)
    learn = recipes.make_learner(dls, recipe)
    with learn.no_bar(), learn.no_logging(): recipes.fit(learn, recipe)
    later = recipes.make_learner(recipes.open_dls(json.loads(json.dumps(recipes.facts(dls))), recipe), recipe)
    later.model.load_state_dict(learn.model.state_dict())
    assert recipes.score(later, dls.valid, recipe)==recipes.score(learn, dls.valid, recipe) and recipes.sample(later, 3, 0, recipe)==recipes.sample(learn, 3, 0, recipe)
    net = learn.model.net.eval()
    x = torch.randint(3, len(dls.train.coder), (2, 12))
    a,state = net.read(x[:,:5])
    assert torch.allclose(net.read(x)[0], torch.cat([a, net.read(x[:,5:], state)[0]], 1), atol=1e-5)

def test_a_net_that_has_hardly_learnt_is_no_worse_than_counts():
    "One pass with a tiny net: counts answer; without counts it is far behind"
    items = example(300).assign(key=lambda d: [*map(str, range(len(d)))], label='')
    split = np.array(['train']*220+['valid']*40+['test']*40)
    found = {}
    for n in (6, 0):
        recipe = Recipe('text_generation', PLAIN|dict(hidden=16, dim=8, epochs=1, counts=n))
        learn = recipes.make_learner(recipes.make_dls(items, split, recipe), recipe)
        with learn.no_bar(), learn.no_logging(): recipes.fit(learn, recipe)
        found[n] = recipes.predict(learn, learn.dls.test_dl(items[split=='test']), recipe).score(['nats_per_char'])['nats_per_char']
    counted = recipes.baselines(items, split)['what follows six characters'].table
    counted = counted[counted.key.isin(items.key[split=='test'])]
    assert found[6]<=1.01*counted.nats.sum()/counted.chars.sum()<found[0]-.5

def test_counts_follow_the_weights():
    "Weights that are loaded bring their counts, also where others have been counted already"
    items = example(60).assign(key=lambda d: [*map(str, range(len(d)))], label='')
    recipe = Recipe('text_generation', PLAIN|dict(hidden=16, dim=8, epochs=1, counts=3))
    dls = recipes.make_dls(items, np.array(['train']*40+['valid']*20), recipe)
    learn,other = recipes.make_learner(dls, recipe),recipes.make_learner(dls, recipe)
    with learn.no_bar(), learn.no_logging(): recipes.fit(learn, recipe)
    other.model.stream.fill_(5)
    before = measure_nats(other.model, dls.valid)[0]
    other.model.load_state_dict(learn.model.state_dict())
    assert np.array_equal(measure_nats(other.model, dls.valid)[0], measure_nats(learn.model, dls.valid)[0]) and not np.array_equal(before, measure_nats(learn.model, dls.valid)[0])

@pytest.mark.parametrize('name, data, words', [
    ('bin.txt', bytes(range(256))*20, 'is no text'), ('empty.txt', b'', 'is empty'), ('few.txt', b'one\ntwo\nthree\n', '20 are the least'),
    ('same.txt', b'always the same\n'*200, 'copies')])
def test_what_cannot_be_learnt_from_is_told(tmp_path, name, data, words):
    (tmp_path/name).write_bytes(data)
    with pytest.raises(UserError, match=words): AutoLearner(tmp_path/name, task='text_generation', out=tmp_path/'run', news=Stream())
    assert not (tmp_path/'run').exists()

@pytest.mark.parametrize('script, chars', [('Han', '床前明光疑是地上霜舉頭望低思故鄉'), ('Arabic', 'سلام عليكم يا صديقي العزيز'), ('', '🦊🐢🐝🌲🌊🔥 ')])
def test_any_script_is_learnt(tmp_path, script, chars):
    "Nothing is set: by the character, and what is written is of the same characters"
    rng = np.random.default_rng(0)
    lines = [''.join(rng.choice([*chars], rng.integers(5, 15))).strip() for _ in range(300)]
    (tmp_path/'lines.txt').write_text('\n'.join(o for o in lines if o))
    al = AutoLearner(tmp_path/'lines.txt', out=tmp_path/'run', news=Stream())
    assert al.problem.task=='text_generation' and al.recipe.unit=='char' and (script=='' or [*al.found.stats['scripts']]==[script])
    items,split = al.rows()
    recipe = al.recipe.having(hidden=32, drop=.1, bf16=False, epochs=1, length=12)
    learn = recipes.make_learner(recipes.make_dls(items, split, recipe), recipe)
    with learn.no_bar(), learn.no_logging(): recipes.fit(learn, recipe)
    assert {*''.join(recipes.sample(learn, 20, 0, recipe))}<={*chars}

def test_a_run_that_learns_to_write(tmp_path):
    "Fit, verify, generate, test, predict from the command line"
    (tmp_path/'help.txt').write_text('\n'.join(example().text)+'\n')
    code,out = call('fit', tmp_path/'help.txt', '--budget', '25s', '--out', tmp_path/'run', '--json')
    assert code==0, out
    r = json.loads(out[out.index('{'):])
    assert r['task']=='text_generation' and .5<r['test']['score']<min(r['baselines'].values(), default=4) and r['test']['low']<=r['test']['score']<=r['test']['high'], r
    assert {'nats_per_char', 'bits_per_char', 'perplexity'}<={*r['metrics']}
    code,out = call('verify', tmp_path/'run')
    assert code==0 and 'equal' in out, out
    assert call('generate', tmp_path/'run', '-n', 5, '--seed', 1, '--set', 'temperature=0.7', '--out', tmp_path/'a.txt')[0]==0
    model = Model.load(tmp_path/'run')
    assert (tmp_path/'a.txt').read_text()=='\n'.join(model.sample(5, seed=1, temperature=.7))+'\n'
    assert all(o.startswith('The ') for o in model.sample(2, start='The '))
    with pytest.raises(UserError, match="'temperature'"): model.sample(1, temprature=1)
    with pytest.raises(UserError, match="no '床', '前'"): model.sample(1, start='床前')
    seen = [*al_items(model, 'train')][:3]
    assert model.known_among([*seen, 'Nobody has ever written this.'])==3
    code,out = call('generate', tmp_path/'run', '-n', 40, '--against', 'test')
    assert code==0 and 'Self-BLEU: each against the other 39' in out and 'self_bleu' in out, out
    table = model.compare(tmp_path/'help.txt', samples=['The import statement binds names.', 'The '*5]) # what it learnt from
    assert [*table.columns]==['bleu', 'self_bleu'] and table.index.tolist()==[2, 3, 4, 5] and (table.self_bleu<table.bleu).all()
    code,out = call('test', tmp_path/'run', tmp_path/'help.txt')
    assert code==0 and 'nats_per_char' in out and 'has learnt from' in out, out
    (tmp_path/'new.txt').write_text('The assignment statement binds a name.\nQqqq zzzz xxjq wvvk!\n')
    code,out = call('predict', tmp_path/'run', tmp_path/'new.txt', '--out', tmp_path/'p.csv')
    each = pd.read_csv(tmp_path/'p.csv')
    assert code==0 and (each.nats/each.chars).diff()[1]>1, out
    al = AutoLearner.open(tmp_path/'run')
    assert {'steps', 'steps (chosen)'}<={*al.trials}
    assert al.model.test().table.nats.notna().all() and 'nats per character' in repr(al.model.test().sheet())
    with pytest.raises(UserError, match='no labels'): al.doubts()
