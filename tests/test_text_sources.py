"Files of texts as people have them"
import numpy as np, pandas as pd, pytest
from autolearn.core import UserError
from autolearn.profile import find_quantity, label_sep
from autolearn.source import open_source, reopen

WORDS = 'red green blue small large quick slow old new warm cold quiet loud'.split()
def sentences(n, seed=0):
    rng = np.random.default_rng(seed)
    return [' '.join(rng.choice(WORDS, 6)) for _ in range(n)]

def read_back(source): return reopen(source.to_dict()).items

def test_several_fasttext_labels(tmp_path):
    lines = [f"__label__{'ab'[i%2]} "+('__label__c '*(i%3==0))+o for i,o in enumerate(sentences(90))]
    (tmp_path/'train.txt').write_text('\n'.join(lines))
    source = open_source(tmp_path/'train.txt')
    assert {*source.items.label}=={'a', 'b', 'a;c;', 'b;c;'} and not source.items.text.str.contains('__label__').any()
    assert read_back(source).equals(source.items)

def test_a_thousand_fasttext_labels(tmp_path):
    (tmp_path/'train.txt').write_text('\n'.join(f'__label__{i%1000} {o}' for i,o in enumerate(sentences(3000))))
    assert open_source(tmp_path/'train.txt').items.label.nunique()==1000

def test_a_play_is_no_list_of_labels(tmp_path):
    (tmp_path/'play.txt').write_text('\n'.join(f"{('ANNA', 'BEN')[i%2]}: {o}" for i,o in enumerate(sentences(400))))
    assert not open_source(tmp_path/'play.txt').items.label.any()

def test_lines_as_they_are(tmp_path):
    "What looks like labels is said, and how to read the lines otherwise"
    (tmp_path/'log.txt').write_text('\n'.join(f"{('start', 'end')[i%2]} {o}" for i,o in enumerate(sentences(400))))
    source = open_source(tmp_path/'log.txt')
    assert {*source.items.label}=={'start', 'end'} and "inputs='lines'" in source.note
    plain = open_source(tmp_path/'log.txt', inputs='lines')
    assert not plain.items.label.any() and plain.items.text.str.startswith(('start', 'end')).all()

def test_short_texts_that_repeat(tmp_path):
    "Job titles: a few words, many times"
    jobs = [f'{a} {b}' for a in ('senior', 'junior', 'chief', 'deputy', 'lead', 'acting', 'former', 'second') for b in ('clerk', 'nurse', 'cook', 'judge', 'baker', 'pilot', 'tailor', 'porter')]
    rng = np.random.default_rng(0)
    pd.DataFrame(dict(title=rng.choice(jobs, 900), field=rng.choice(['a', 'b', 'c'], 900))).to_csv(tmp_path/'jobs.csv', index=False)
    source = open_source(tmp_path/'jobs.csv')
    assert source.medium=='text' and source.inputs==['title'] and {*source.items.label}=={'a', 'b', 'c'}

def test_a_column_that_the_user_names(tmp_path):
    "Nothing in it looks like a text"
    pd.DataFrame(dict(code=['A1', 'B2', 'C3', 'D4']*30, kind=['x', 'y']*60)).to_csv(tmp_path/'codes.csv', index=False)
    source = open_source(tmp_path/'codes.csv', inputs='code', target='kind')
    assert source.medium=='text' and set(source.items.text)=={'A1', 'B2', 'C3', 'D4'}

def test_a_contest(tmp_path):
    "The test part has no labels: it is left aside"
    texts = sentences(200)
    pd.DataFrame(dict(id=range(150), text=texts[:150], target=[0, 1]*75)).to_csv(tmp_path/'train.csv', index=False)
    pd.DataFrame(dict(id=range(50), text=texts[150:])).to_csv(tmp_path/'test.csv', index=False)
    source = open_source(tmp_path)
    assert len(source.items)==150 and 'test is left aside' in source.note and read_back(source).text.equals(source.items.text)
    with pytest.raises(UserError, match='target'): open_source(tmp_path/'train.csv', test=str(tmp_path/'test.csv'))

def test_lists_are_labels_and_notes_are_no_texts(tmp_path):
    rows = [dict(text=o, labels=[['a'], ['a', 'b'], ['b', 'c', 'd']][i%3], meta=dict(source='the web and more', n=i)) for i,o in enumerate(sentences(120))]
    pd.DataFrame(rows).to_json(tmp_path/'notes.jsonl', orient='records', lines=True)
    source = open_source(tmp_path/'notes.jsonl', target='labels')
    assert source.inputs==['text'] and 'a;b;' in {*source.items.label}

def test_numbers_of_rows_are_no_labels(tmp_path):
    pd.DataFrame(dict(id=range(200), text=sentences(200))).to_csv(tmp_path/'texts.csv', index=False)
    assert not open_source(tmp_path/'texts.csv').items.label.any()

def test_no_header(tmp_path):
    "A label in the first row"
    (tmp_path/'reviews.csv').write_text('\n'.join(f"{' '.join(o.split()[:3])},{('good', 'bad')[i%2]}" for i,o in enumerate(sentences(200))))
    with pytest.raises(UserError, match='names='): open_source(tmp_path/'reviews.csv')

def test_rows_of_no_part(tmp_path):
    pd.DataFrame(dict(text=sentences(200), label=['a', 'b']*100, split=['train']*150+['test']*40+['holdout']*10)).to_csv(tmp_path/'parts.csv', index=False)
    source = open_source(tmp_path/'parts.csv')
    assert len(source.items)==190 and '10 rows are left aside' in source.note

def test_folders_of_texts_without_a_class(tmp_path):
    for part in ('train', 'test'):
        for c in ('neg', 'pos', *['unsup']*(part=='train')):
            (tmp_path/part/c).mkdir(parents=True)
            for i,o in enumerate(sentences(12, len(c))): (tmp_path/part/c/f'{i}.txt').write_text(o)
    assert {*open_source(tmp_path).items.label}=={'neg', 'pos', ''}

@pytest.mark.parametrize('code, said', [('utf-16-le', 'über 5 €'), ('utf-16-be', 'über 5 €'), ('cp1250', 'zażółć gęślą jaźń, było')])
def test_encodings_that_nothing_tells(tmp_path, code, said):
    "UTF-16 without its mark; letters of Poland"
    t = pd.DataFrame(dict(text=[f'{o} {said}' for o in sentences(100)], label=['a', 'b']*50))
    t.to_csv(tmp_path/'a.csv', index=False, encoding=code)
    source = open_source(tmp_path/'a.csv')
    assert source.items.text.tolist()==t.text.tolist() and read_back(source).equals(source.items)

def test_scores_are_a_finding(tmp_path):
    rng = np.random.default_rng(0)
    pd.DataFrame(dict(text=sentences(500), score=rng.integers(0, 100, 500)/100)).to_csv(tmp_path/'scores.csv', index=False)
    source = open_source(tmp_path/'scores.csv', target='score')
    assert find_quantity(source.items.assign(content='x')).finder=='quantity'

def test_texts_in_lists():
    "With labels beside them, alone, or as a column"
    texts = sentences(60)
    source = open_source((texts, ['a', 'b']*30))
    assert source.items.text.tolist()==texts and source.items.label.tolist()==['a', 'b']*30
    for alone in (texts, pd.Series(texts), np.array(texts)): assert open_source(alone).items.text.tolist()==texts
    assert open_source(([*texts[:-1], None], np.array([0, 1]*30))).items.label.tolist()==['0', '1']*30
    with pytest.raises(UserError, match='rows of numbers'): open_source((texts, np.eye(2)[[0, 1]*30]))
    for odd in (np.array(5), ['a.png', 'b.png']):
        with pytest.raises(UserError, match='can be opened'): open_source(odd)
    parts = open_source((texts, ['a', 'b']*30), test=(sentences(20, 1), ['b', 'a']*10))
    assert parts.items.part.value_counts().to_dict()==dict(train=60, test=20)

def test_dates_are_a_quantity_and_headlines_no_lists():
    texts = sentences(400)
    finding = find_quantity(pd.DataFrame(dict(label=[f'2024-{i%12+1:02}-{i%28+1:02}' for i in range(400)])))
    assert 'dates' in finding.evidence and find_quantity(pd.DataFrame(dict(label=[f'v{i}' for i in range(400)]))) is None
    titles = [f'{o[:14]}; {o[14:]} #{i}' if i%3==0 else f'{o} #{i}' for i,o in enumerate(texts)]+['so they say;', 'never;', 'again']
    assert label_sep(dict.fromkeys(titles, 1))=='' and label_sep({'cat;dog;':5, 'cat;':3, 'bird':2})==';'

@pytest.mark.parametrize('cells, says', [('text,label\nso it is,a\n"never closed,b\nx,c\n', 'line 3 is opened and not closed'), ('text,label\nso it is,a\nand, so,b\n', 'line 3 has 3 cells')])
def test_broken_tables_say_where(tmp_path, cells, says):
    (tmp_path/'a.csv').write_text(cells)
    with pytest.raises(UserError, match=says): open_source(tmp_path/'a.csv', target='label')

def test_what_is_no_text_is_called_so(tmp_path):
    (tmp_path/'a.txt').write_bytes(bytes(range(256))*50)
    with pytest.raises(UserError, match='is no text'): open_source(tmp_path/'a.txt')
    pd.DataFrame(dict(a=sentences(60), b=sentences(60, 1), c=['x', 'y']*30)).to_csv(tmp_path/'a.csv', index=False)
    with pytest.raises(UserError, match='Name all columns'): open_source(tmp_path/'a.csv', names=['a', 'b'])
