"Texts: what strangers' files look like, what is found in them, and a run from the command line"
import json
import numpy as np, pandas as pd, pytest
from autolearn.core import UserError
from autolearn.media import text as medium
from autolearn.model import Model
from autolearn.profile import look
from autolearn.records import Recipe
from autolearn.source import open_source, reopen, unlabelled
from autolearn.sources import texts
from autolearn.tasks.text_classification import example
from runs import call, kill_group, result, start, wait_for, write_folder

@pytest.fixture(scope='module')
def table(): return example(900)

def same(source, table): return sorted(zip(source.items.text, source.items.label))==sorted(zip(table.text, table.label))

def test_every_way_to_write_texts_down(table, tmp_path):
    "CSV, TSV, JSON lines, Parquet, lines, folders, in several encodings: the same rows, also opened again"
    t = table.assign(text=table.text.str.replace('[\t"\r\n;|]', ' ', regex=True).str.strip()+' é')
    ways = {}
    for code in ('utf-8', 'utf-8-sig', 'utf-16', 'cp1252'):
        ways[f'{code}.csv'] = lambda p, code=code: t.to_csv(p, index=False, encoding=code, errors='replace')
        ways[f'{code}.txt'] = lambda p, code=code: p.write_bytes('\n'.join(f'{b} {a}' for a,b in zip(t.text, t.label)).encode(code, errors='replace'))
    ways |= {'a.tsv':lambda p: t.to_csv(p, index=False, sep='\t'), 'a.jsonl':lambda p: t.to_json(p, orient='records', lines=True), 'a.parquet':lambda p: t.to_parquet(p),
             'tabs.txt':lambda p: p.write_text('\n'.join(f'{a}\t{b}' for a,b in zip(t.text, t.label))), 'fast.txt':lambda p: p.write_text('\n'.join(f'__label__{b} {a}' for a,b in zip(t.text, t.label)))}
    plain = t.assign(text=t.text.map(lambda o: o.encode('cp1252', 'replace').decode('cp1252')))
    for name,write in ways.items():
        write(tmp_path/name)
        source = open_source(tmp_path/name)
        assert source.medium=='text', name
        assert same(source, plain if 'cp1252' in name else t), (name, source)
        assert reopen(json.loads(json.dumps(source.to_dict()))).items.equals(source.items), name
    assert 'cp1252' in open_source(tmp_path/'cp1252.csv').note

def test_of_a_large_table_some_rows_are_read(table, tmp_path, monkeypatch):
    "Each third row, in pieces; opened again the same; test rows are all read"
    table.to_csv(tmp_path/'large.csv', index=False)
    monkeypatch.setattr(texts, 'LARGE', (tmp_path/'large.csv').stat().st_size//3+1)
    source = open_source(tmp_path/'large.csv')
    assert source.items.text.tolist()==table.text[::3].tolist() and source.items.key[1]=='3' and 'each 3rd' in source.note
    assert reopen(json.loads(json.dumps(source.to_dict()))).items.equals(source.items)
    table[:90].to_csv(tmp_path/'test.csv', index=False)
    both = open_source(tmp_path/'large.csv', test=tmp_path/'test.csv')
    assert both.items.part.value_counts().to_dict()==dict(train=300, test=90) and reopen(json.loads(json.dumps(both.to_dict()))).items.equals(both.items)

@pytest.mark.parametrize('every', [1, 3, 7])
def test_a_large_parquet_file_is_read_in_pieces(table, tmp_path, monkeypatch, every):
    "Some groups of rows at a time, the same rows as of any other table"
    import pyarrow.parquet as pq
    table.to_parquet(tmp_path/'large.parquet', row_group_size=100)
    with pq.ParquetFile(tmp_path/'large.parquet') as f: size = sum(f.metadata.row_group(i).total_byte_size for i in range(f.metadata.num_row_groups))
    monkeypatch.setattr(texts, 'LARGE', -(-size//every))
    monkeypatch.setattr(pq, 'read_table', None) # never whole
    monkeypatch.setattr(pd, 'read_parquet', None)
    source = open_source(tmp_path/'large.parquet')
    assert source.items.text.tolist()==table.text[::every].tolist() and source.items.key.tolist()==[str(i) for i in range(0, len(table), every)]
    assert ('too large' in source.note)==(every>1) and reopen(json.loads(json.dumps(source.to_dict()))).items.equals(source.items)

def test_parts(table, tmp_path):
    "Files named train, dev and test; class folders; a test file given"
    cut = dict(train=table[:500], dev=table[500:700], test=table[700:])
    for ending,write in (('txt', lambda d, p: p.write_text('\n'.join(f'{b} {a}' for a,b in zip(d.text, d.label)))), ('csv', lambda d, p: d.to_csv(p, index=False))):
        (tmp_path/ending).mkdir()
        for k,d in cut.items(): write(d, tmp_path/ending/f'{k}.{ending}')
        items = open_source(tmp_path/ending).items
        assert items.part.value_counts().to_dict()==dict(train=500, valid=200, test=200) and items.key[0]=='train/0', ending
    given = open_source(tmp_path/'csv/train.csv', test=tmp_path/'csv/test.csv').items
    assert given.part.value_counts().to_dict()==dict(train=500, test=200)
    for part,d in cut.items():
        for i,(a,b) in enumerate(zip(d.text, d.label)):
            (tmp_path/'f'/part/b).mkdir(parents=True, exist_ok=True)
            (tmp_path/'f'/part/b/f'{i}.txt').write_text(a)
    assert open_source(tmp_path/'f').items.part.value_counts().to_dict()==dict(train=500, valid=200, test=200)
    apart = open_source(tmp_path/'f/train', test=tmp_path/'f/test')
    assert apart.items.part.value_counts().to_dict()==dict(train=500, test=200) and reopen(json.loads(json.dumps(apart.to_dict()))).items.equals(apart.items)
    with pytest.raises(UserError, match='among the class folders'): open_source(tmp_path/'f/train', test=tmp_path/f'f/train/{table.label[0]}')
    (tmp_path/'held').mkdir()
    for k in ('csv', 'txt'):
        far = open_source(tmp_path/f'{k}/train.{k}', test=(tmp_path/f'{k}/test.{k}').rename(tmp_path/f'held/test.{k}'))
        assert far.items.part.value_counts().to_dict()==dict(train=500, test=200) and reopen(json.loads(json.dumps(far.to_dict()))).items.equals(far.items)
    asked = table.rename(columns=dict(text='What did you like most here?'))
    asked.to_csv(tmp_path/'asked.csv', index=False)
    with pytest.raises(UserError, match='Pass names='): open_source(tmp_path/'asked.csv')
    assert same(open_source(tmp_path/'asked.csv', inputs='What did you like most here?', target='label'), table)
    headless = tmp_path/'bare.csv'
    table[['label', 'text']].to_csv(headless, index=False, header=False)
    with pytest.raises(UserError, match='Pass names='): open_source(headless)
    assert same(open_source(headless, names=['label', 'text']), table)

def test_what_is_found(table):
    "Copies, near copies, empty texts, broken encodings, in train and across parts"
    t = table.assign(part='train')
    more = [dict(text=t.text[0], label=t.label[0], part='test'), dict(text=t.text[1].upper()+' !', label=t.label[1], part='test'), dict(text='  ', label='numpy', part='train'),
            dict(text='cafÃ© au lait is what they serve', label='numpy', part='train'), dict(text=t.text[2], label=t.label[2], part='train')]
    items,profile = look(open_source(pd.concat([t, pd.DataFrame(more)], ignore_index=True)))
    found = {o.finder:o.keys for o in profile.findings}
    assert found['copies_across_parts']==['0'] and '1' in found['near_copies_across_parts'] and found['unreadable']==['902'] and '903' in found['mojibake'] and '904' in found['exact_copies']+found.get('near_copies', [])

def test_several_labels_for_a_text(tmp_path):
    "Lists of labels: macro-F1, figures for each label, the twin agrees"
    import random
    rng,words = random.Random(0),dict(sea=['wave', 'boat', 'fish', 'salt'], city=['street', 'tram', 'crowd', 'tower'], food=['bread', 'soup', 'apple', 'salt'])
    rows = []
    for _ in range(700):
        of = rng.sample([*words], rng.choice((1, 1, 2)))
        rows.append((' '.join(rng.choice(words[k]+['the', 'and', 'with', 'near', 'some']) for k in of for _ in range(6)), ';'.join(of)))
    pd.DataFrame(rows, columns=['text', 'label']).drop_duplicates('text').to_csv(tmp_path/'trips.csv', index=False)
    code,out = call('fit', tmp_path/'trips.csv', '--budget', '15s', '--out', tmp_path/'run', '--json')
    assert code==0, out
    r = json.loads(out[out.index('{'):])
    assert r['metric']['name']=='macro_f1' and r['test']['score']>.9 and {o['class'] for o in r['report']['per_class']}=={*words}, r
    code,out = call('verify', tmp_path/'run')
    assert code==0 and 'equal' in out, out
    assert {'sea', 'city'}<={*Model.load(tmp_path/'run').predict('wave boat fish the tram crowd tower street').predictions[0]}

def test_every_way_to_learn_folds():
    "Several labels, a pretrained net, its head alone: each gives a notebook in which no name means two things"
    from autolearn.task import recipe_path
    from autolearn.tasks.text_classification import PLAIN
    from autolearn.records import Recipe
    from autolearn.twin import fold_check
    for more in (dict(), dict(sep=';'), dict(encoder='bert', weights='/w'), dict(encoder='bert', weights='/w', frozen=True, sep=';', bf16=True), dict(cuts=[[0, 9]]), dict(unit='bpe'), dict(unlabelled='/more.txt', read=3)):
        fold_check(recipe_path('text_classification'), Recipe('text_classification', PLAIN|dict(epochs=2)|more))

@pytest.mark.parametrize('ends', [1, 3, 5]) # while it reads, as it turns, while it learns
def test_reading_goes_on_where_it_ended(ends, table, tmp_path):
    "Killed after any epoch and begun again: the same weights"
    import torch
    from fastai.basics import Callback, np
    from autolearn.records import Recipe
    from autolearn.recipes.text_classification import fit, make_dls, make_learner
    from autolearn.tasks.text_classification import PLAIN
    from autolearn.train import Checkpoint, Pace
    (tmp_path/'more.txt').write_text('\n'.join(o.replace('\n', ' ') for o in example().text[300:1300]))
    items = table[:200].assign(key=[*map(str, range(200))])
    recipe = Recipe('text_classification', PLAIN|dict(unlabelled=str(tmp_path/'more.txt'), read=3, epochs=4, kinds=['cnn', 'lstm'], dim=16, hidden=16, bits=10, bs=16))
    dls = make_dls(items, np.array(['train', 'train', 'train', 'valid']*50), recipe)
    assert 500<len(dls.train.more)<1200 and not {*dls.train.more} & {*items.text}
    class Killed(Exception): pass
    class Kill(Callback):
        order = 99
        def after_epoch(self):
            if self.epoch==ends-1: raise Killed('here')
    def run(cbs):
        learn = make_learner(dls, recipe)
        learn.add_cbs([Checkpoint(tmp_path/'state'), Pace(1e12), *cbs])
        with learn.no_bar(), learn.no_logging(): fit(learn, recipe)
        return learn.model.state_dict()
    whole = run([])
    (tmp_path/'state').unlink()
    with pytest.raises(Killed): run([Kill()])
    again = run([])
    assert all(torch.equal(v, again[k]) for k,v in whole.items())

def test_read_before_learning(table, tmp_path):
    "Few labels and many texts without: a run from the command line, its notebook, and what cannot be"
    cut = example(seed=1)
    cut[:300].to_csv(tmp_path/'few.csv', index=False)
    cut[300:][['text']].to_json(tmp_path/'more.jsonl', orient='records', lines=True)
    code,out = call('fit', tmp_path/'few.csv', '--unlabelled', tmp_path/'more.jsonl', '--set', 'read=4', '--budget', '25s', '--out', tmp_path/'run', '--offline', '--json')
    assert code==0, out
    choices = json.loads(out[out.index('{'):])['recipe']['choices']
    assert choices['read']==4 and choices['unlabelled'].endswith('more.jsonl')
    code,out = call('verify', tmp_path/'run')
    assert code==0 and 'equal' in out, out
    assert 'Reading(' in (tmp_path/'run/twin.ipynb').read_text()
    (tmp_path/'more.jsonl').unlink() # the model needs it no more
    assert Model.load(tmp_path/'run').predict('Return the eigenvalues of a matrix').prob[0]>1/3
    code,out = call('fit', tmp_path/'few.csv', '--unlabelled', tmp_path/'mroe.txt', '--budget', '20s', '--out', tmp_path/'none')
    assert code==2 and 'mroe.txt' in out and len(out.strip().splitlines())==1, out

def test_words_put_together_from_pieces(table):
    "The same answers after the model was opened again, also of texts with words that nobody has seen"
    import torch
    from autolearn.records import Recipe
    from autolearn.recipes import text_classification as recipes
    from autolearn.tasks.text_classification import PLAIN
    items = table[:300].assign(key=[*map(str, range(300))])
    recipe = Recipe('text_classification', PLAIN|dict(unit='bpe', epochs=2, dim=32, hidden=32, bits=10, bs=16, read=1))
    dls = recipes.make_dls(items, np.array(['train', 'train', 'valid']*100), recipe)
    assert any(o.startswith('##') and len(o)>4 for o in dls.train.words) and len(dls.train.words)<8001
    learn = recipes.make_learner(dls, recipe)
    with learn.no_bar(), learn.no_logging(): recipes.fit(learn, recipe)
    later = recipes.make_learner(recipes.open_dls(json.loads(json.dumps(recipes.facts(dls))), recipe), recipe)
    later.model.load_state_dict(learn.model.state_dict())
    new = pd.DataFrame(dict(text=['eigenvaluelessness of matrices', 'plotting 床', ''])).assign(key=['0', '1', '2'])
    with learn.no_bar(), later.no_bar(): a,b = [recipes.answer_all(o, o.dls.test_dl(new)) for o in (learn, later)]
    assert torch.equal(a, b) and torch.allclose(a.sum(1), torch.ones(3), atol=1e-5)
    assert all((x==1).sum()<2 for x in later.dls.test_dl(new).x[[0]]) and recipes.notes(learn, items)==[]

@pytest.mark.parametrize('classes, sep', [(2, ''), (4, ''), (3, ';')])
def test_the_linear_model_takes_what_is_right_more_often(classes, sep):
    "Plain runs, runs weighed by naive Bayes, or both: never worse on the texts to choose with than either baseline"
    from autolearn.recipes.text_classification import baselines, bits_for
    from autolearn.textlayers import Grams, share_right
    rng = np.random.default_rng(classes)
    kinds = rng.integers(0, classes, 500)
    words = np.array([f'w{i}' for i in range(400)])
    texts = [' '.join(rng.choice(words[k*60:k*60+160], 9)) for k in kinds]
    labels = [';'.join(sorted({f'c{k}', f'c{(k+i%2)%classes}'})) if sep else f'c{k}' for i,k in enumerate(kinds)]
    items = pd.DataFrame(dict(text=texts, label=labels, key=[*map(str, range(500))]))
    split = np.array(['train', 'train', 'valid', 'test', 'train']*100)
    found = dict(baselines(items, split))
    assert [*found][1:]==['linear model of words and characters', 'naive Bayes SVM of words and characters']
    numbers = np.array([[f'c{k}' in o.split(';') for k in range(classes)] for o in labels], dtype='float32')
    if not sep: numbers = numbers.argmax(1)
    held = split=='valid'
    grams = Grams(classes, bits_for(classes)).learn(items.text[split=='train'], numbers[split=='train'], items.text[held], numbers[held])
    mine = share_right(grams(items.text[held]).numpy(), numbers[held])
    for name in [*found][1:]: assert mine>=share_right(found[name].probs[found[name].table.key.isin(items.key[held])]-.5, numbers[held])

def test_several_encodings(table, tmp_path):
    "Lines of one file, and files of one folder"
    t = table.assign(text=table.text.str.replace('[\t"\r\n;|]', ' ', regex=True).str.strip()+' é')[:200]
    half = lambda i, o: o.encode('cp1252' if i%2 else 'utf-8', 'replace').replace(b'?', b'.')
    t = t.assign(text=t.text.map(lambda o: o.encode('cp1252', 'replace').decode('cp1252').replace('?', '.')))
    (tmp_path/'a.csv').write_bytes(b'\r\n'.join([b'text\tlabel', *(half(i, f'{a}\t{b}') for i,(a,b) in enumerate(zip(t.text, t.label)))]))
    (tmp_path/'b.txt').write_bytes(b'\n'.join(half(i, f'{b} {a}') for i,(a,b) in enumerate(zip(t.text, t.label))))
    for i,(a,b) in enumerate(zip(t.text, t.label)):
        (tmp_path/'c'/b).mkdir(parents=True, exist_ok=True)
        (tmp_path/'c'/b/f'{i}.txt').write_bytes(half(i, a))
    for name in 'a.csv','b.txt','c':
        source = open_source(tmp_path/name)
        assert same(source, t) and 'as it is' in source.note, name
        assert reopen(json.loads(json.dumps(source.to_dict()))).items.equals(source.items), name

def test_files_of_very_different_encodings(tmp_path):
    texts = {f'{c}/{i}.txt':(f'Это {c} текст номер {i}, и он написан по-русски.', code) for c in 'ab' for i,code in enumerate(['utf-8']*6+['cp1251', 'utf-16'])}
    for name,(text,code) in texts.items():
        (tmp_path/name).parent.mkdir(exist_ok=True)
        (tmp_path/name).write_bytes(text.encode(code)*(20 if code=='cp1251' else 1)) # a few signs are no evidence
    source = open_source(tmp_path)
    assert {*source.items.text.str[:10]}=={'Это a текс', 'Это b текс'} and 'cp1251' in source.note and reopen(source.to_dict()).items.equals(source.items)

def test_the_columns_that_a_model_knows(table, tmp_path, monkeypatch):
    "What is asked about is read as what was learnt from, and all of it"
    t = table.assign(title='A title of a few words, '+table.label)[['title', 'text', 'label']]
    t.to_csv(tmp_path/'t.csv', index=False)
    monkeypatch.setattr(texts, 'LARGE', 1000)
    for data in (t, str(tmp_path/'t.csv')):
        assert texts.unlabelled(data, ['text']).text.tolist()==t.text.tolist()
        assert texts.unlabelled(data, ['text', 'title']).text[0]==f'{t.text[0]}\n{t.title[0]}'
    with pytest.raises(UserError, match="'text', 'abstract'"): texts.unlabelled(t[['text']], ['text', 'abstract'])
    assert open_source(t, inputs='text', target='label').inputs==['text']
    assert unlabelled(t, 'text', ['title']).text[0]==t.title[0] and unlabelled(t[['text']], 'text', ['title']) is not None

def test_quotation_marks_that_are_part_of_the_text(tmp_path):
    lines = [f'{"good" if i%2 else "bad"}\t{chr(34)*(i%3==0)}Text number {i} of them all' for i in range(60)]
    (tmp_path/'a.tsv').write_text('\n'.join(['label\ttext', *lines]))
    source = open_source(tmp_path/'a.tsv')
    assert len(source.items)==60 and source.items.text[0].startswith('"Text') and reopen(source.to_dict()).items.equals(source.items)
    (tmp_path/'b.tsv').write_text('\n'.join(['label\ttext', *(f'{"good" if i%2 else "bad"}\t"Text number {i}\nof them all"' for i in range(60))]))
    assert open_source(tmp_path/'b.tsv').items.text[0]=='Text number 0\nof them all'

def test_halves_of_signs(table, tmp_path):
    odd = table.assign(text=pd.Series([f'{o} \ud83d' for o in table.text], dtype=object))
    source = open_source(odd)
    source.items.to_parquet(tmp_path/'a.parquet')
    assert medium.as_items(['nice \ud83d', pd.NA, None]).text.tolist()==['nice \ufffd', '', '']

def test_nothing_to_tell_apart():
    from autolearn.textlayers import Grams
    said = Grams(3, 12).learn(['one text', 'another text'], np.array([1, 1]))(['a third text'])
    assert said.argmax(1).tolist()==[1]

def test_texts_to_be_read_before_leave_out_those_to_be_tested(tmp_path):
    from autolearn.reading import more_texts
    (tmp_path/'more.txt').write_text('one text\nanother  text\na title\na third one')
    assert more_texts(str(tmp_path/'more.txt'), {'one text\n', ' another text', 'a title\nand its text'})==['a third one']

def test_near_copies_are_few_words_apart():
    a = 'the quick brown fox jumps over the lazy dog and runs into the dark green forest behind the old mill near the river'
    texts = [a, a.replace('lazy', 'sleepy'), a[::-1], 'another text entirely, of which nothing is the same as in the others']
    assert medium.near_pairs([medium.runs_of(o) for o in texts], least=.7).tolist()==[[0, 1]]

def test_a_run_on_texts(table, tmp_path):
    "Fit, verify, predict, test from the command line"
    example().to_csv(tmp_path/'libraries.csv', index=False)
    code,out = call('fit', tmp_path/'libraries.csv', '--budget', '25s', '--out', tmp_path/'run', '--json')
    assert code==0, out
    r = json.loads(out[out.index('{'):])
    assert r['task']=='text_classification' and r['test']['score']>.8 and r['test']['score']>max(r['baselines'].values(), default=0)-.03, r
    code,out = call('verify', tmp_path/'run')
    assert code==0 and 'equal' in out, out
    (tmp_path/'new.txt').write_text('Compute the singular value decomposition of an array.\nFit a logistic regression classifier.\n')
    code,out = call('predict', tmp_path/'run', tmp_path/'new.txt', '--out', tmp_path/'a.csv')
    assert code==0 and pd.read_csv(tmp_path/'a.csv').prediction.tolist()==['numpy', 'sklearn'], out
    model = Model.load(tmp_path/'run')
    assert model.predict('Return the eigenvalues of a matrix').prediction.tolist()==['numpy']
    with pytest.raises(UserError, match='no file that is there'): model.predict(str(tmp_path/'nwe.txt'))
    (tmp_path/'folder').mkdir()
    for i in range(2): (tmp_path/f'folder/{i}.txt').write_text('Fit a logistic regression classifier.')
    found = model.predict(str(tmp_path/'folder'))
    assert found.prediction.tolist()==['sklearn']*2 and found.key[1].endswith('1.txt')
    assert len(model.predict([str(tmp_path/'new.txt'), str(tmp_path/'folder')]))==4
    bare = example(5)[['text']]
    bare.to_csv(tmp_path/'bare.csv', index=False, header=False)
    assert len(model.predict(str(tmp_path/'bare.csv')))==5
    assert len(model.predict(bare.rename(columns=dict(text='what'))))==5
    assert json.loads((tmp_path/'run/result.json').read_text())['trials'] and all(o['cost']['steps']>0 for o in map(json.loads, (p.read_text() for p in (tmp_path/'run').glob('trials/*/trial.json'))))
    code,out = call('test', tmp_path/'run', tmp_path/'libraries.csv')
    assert code==0 and 'macro_f1' in out, out
    with pytest.raises(UserError, match='knows texts'): model.test(write_folder(tmp_path/'digits', 40))
    assert model.predict(pd.DataFrame(dict(title=['Fit a logistic regression classifier.'], text=['Return the eigenvalues of a matrix']))).prediction.tolist()==['numpy']
    shown = Model.load(tmp_path/'run').explain(['Fit a logistic <b>regression</b> classifier.'])
    assert 'regression' in repr(shown) and '&lt;' in shown._repr_html_() and '<b>' not in shown._repr_html_()
    assert not [p for p in (tmp_path/'run').rglob('*') if p.suffix in ('.pkl', '.pt', '.pth')]

def test_a_file_without_header_is_read_as_the_one_before(tmp_path):
    "The model knows the names that the user had to give"
    texts = example(60)
    texts.assign(no=range(60))[['label', 'text', 'no']].to_csv(tmp_path/'new.csv', index=False, header=False)
    about = dict(inputs=['text'], names=['label', 'text', 'no'], target='label')
    of = lambda about: Model(Recipe('text_classification', {}), None, about).open_alike(str(tmp_path/'new.csv')).items
    assert of(about).text.tolist()==texts.text.tolist() and of(about).label.tolist()==texts.label.tolist()
    for odd in (dict(about, names=None), dict(about, names=[1, 2, 3]), dict(about, names='text')):
        with pytest.raises(UserError, match='no header'): of(odd)

def test_a_killed_run_on_texts_equals_an_unbroken_one(table, tmp_path):
    "The linear model is fitted anew, the nets go on where they were"
    from autolearn.tasks.text_classification import PLAIN
    table.to_csv(tmp_path/'libraries.csv', index=False)
    (tmp_path/'recipe.json').write_text(json.dumps(Recipe('text_classification', PLAIN|dict(kinds=['cnn', 'lstm'], hidden=48, epochs=14, longest=40)).to_dict()))
    how = 'fit', tmp_path/'libraries.csv', '--recipe', tmp_path/'recipe.json', '--budget', '120s', '--out'
    code,out = call(*how, tmp_path/'whole')
    assert code==0, out
    p = start(*how, tmp_path/'run')
    wait_for(lambda: [*(tmp_path/'run').glob('trials/*/state.safetensors')] or p.poll() is not None)
    kill_group(p)
    assert not [*(tmp_path/'run').glob('trials/*/trial.json')] # it was training
    code,out = call('resume', tmp_path/'run')
    assert code==0, out
    whole,again = [result(tmp_path/o) for o in ('whole', 'run')]
    assert again['valid']==whole['valid'] and again['test']['score']==whole['test']['score']

def test_with_little_time_the_linear_model_is_fitted_one_way(table, monkeypatch):
    "To learn from all texts comes before trying several ways"
    from itertools import count
    from types import SimpleNamespace
    import autolearn.recipes.text_classification as mod
    from autolearn.recipes.text_classification import make_dls, make_learner, plan_linear
    from autolearn.tasks.text_classification import PLAIN
    rows = table.assign(key=[*map(str, range(len(table)))])
    recipe = Recipe('text_classification', PLAIN|dict(linear=None, thorough=None, epochs=1))
    learn = make_learner(make_dls(rows, np.array(['train', 'train', 'valid']*300), recipe), recipe)
    def asked(secs):
        found,why = {},[]
        took = plan_linear(learn, recipe, secs, found, why)
        assert {o.key for o in why}=={'linear', 'thorough'}
        return found,took
    monkeypatch.setattr(mod, 'time', SimpleNamespace(perf_counter=count().__next__)) # some of the texts take a second
    found,whole = asked(1e3)
    assert found==dict(thorough=True, linear=1)
    found,plain = asked(2*(whole-1)*.8)
    assert found==dict(thorough=False, linear=1) and plain<whole
    assert asked(2*(plain-1)/3)[0]==dict(thorough=False, linear=3)

def test_a_baseline_that_is_made_counts_even_if_the_next_takes_too_long(tmp_path, monkeypatch):
    import autolearn.trial as trial
    from types import SimpleNamespace
    from autolearn.evaluate import Predictions
    from autolearn.core import write_json
    from autolearn.records import Problem
    def found(items, split):
        yield 'dull', Predictions.of_probs(['a'], np.array([[.5, .5]]), ['x', 'y'], ['x'])
        raise RuntimeError('killed')
    write_json(tmp_path/'problem.json', Problem('p', {}, '', 'text_classification', 'text', 'accuracy').to_dict())
    monkeypatch.setattr(trial, 'get_recipe', lambda task: SimpleNamespace(baselines=found))
    monkeypatch.setattr(trial, 'load_rows', lambda run: (pd.DataFrame(dict(content=['c'])), np.array(['valid'])))
    with pytest.raises(RuntimeError): trial.run_baselines(tmp_path, 2)
    assert json.loads((tmp_path/'baselines.json').read_text())==dict(dull='baseline_0.parquet') and (tmp_path/'baseline_0.parquet').exists()
