"What would bore readers of the source notebooks: containers that agree, strangers' files, messages"
import ast, gzip, inspect, io, json, os, shutil, struct, subprocess, sys, time, zipfile
import numpy as np, pandas as pd, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from autolearn.core import UserError
from autolearn.core import plugin, plugins
from autolearn.profile import look
from autolearn.source import open_source, reopen, settle_parts
from autolearn.sources import arrays, folder, idx, tables
from autolearn.task import choose_task

rng = np.random.default_rng(0)
X,Y = rng.integers(0, 256, (12, 6, 5), dtype=np.uint8),np.array([3, 0, 7]*4)
PART = np.array(['train']*8+['test']*4)

def write_idx(path, x, shape=None, kind=8):
    "Write `x` as IDX; `shape` and `kind` may lie"
    shape = x.shape if shape is None else shape
    with (gzip.open if str(path).endswith('.gz') else open)(path, 'wb') as f:
        f.write(bytes([0, 0, kind, len(shape)])+struct.pack(f'>{len(shape)}I', *shape)+x.tobytes())

def write_pair(path, x, y, part='train', end=''):
    path.mkdir(exist_ok=True)
    write_idx(path/f'{part}-images-idx3-ubyte{end}', x)
    write_idx(path/f'{part}-labels-idx1-ubyte{end}', np.asarray(y, dtype=np.uint8))

def picture(path, x=X[0]):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(x).save(path)

@pytest.fixture
def boxes(tmp_path):
    "The same pictures in every container"
    for i,(x,y,p) in enumerate(zip(X, Y, PART)): picture(tmp_path/f'folder/{p}/{y}/{i:02}.png', x)
    for p,n in (('train', 'train'), ('test', 't10k')): write_pair(tmp_path/'idx', X[PART==p], Y[PART==p], n, '.gz')
    pairs = {p:(X[PART==p], Y[PART==p]) for p in ('train', 'test')}
    np.savez_compressed(tmp_path/'arrays.npz', **{f'{k}_{p}':v for p,xy in pairs.items() for k,v in zip('xy', xy)})
    paths = [f'folder/{p}/{y}/{i:02}.png' for i,(y,p) in enumerate(zip(Y, PART))]
    t = pd.DataFrame(dict(path=paths, label=Y, part=PART))
    t.to_csv(tmp_path/'t.csv', index=False)
    t.to_csv(tmp_path/'t.tsv', index=False, sep='\t')
    t.to_parquet(tmp_path/'t.parquet')
    (tmp_path/'t.jsonl').write_text(t.to_json(orient='records', lines=True))
    whole = t.assign(path=[str(tmp_path/o) for o in t.path])
    for kind in ('zip', 'gztar'): shutil.make_archive(str(tmp_path/'packed'), kind, tmp_path, 'folder')
    files = ('folder', 'idx', 'arrays.npz', 't.csv', 't.tsv', 't.parquet', 'packed.zip', 'packed.tar.gz', 't.jsonl')
    return [tmp_path/o for o in files]+[whole, tuple(pairs.values())]

def content(items):
    "What the items show, in an order of its own"
    def pixels(x): return np.asarray(x if isinstance(x, np.ndarray) else Image.open(x)).tobytes()
    return sorted((pixels(x), y, p) for x,y,p in zip(items.image, items.label, items.part))

def same(a, b):
    "Are two tables of items equal, pixels included?"
    return a.drop(columns='image').equals(b.drop(columns='image')) and all(map(np.array_equal, a.image, b.image))

def test_containers_agree(boxes, tmp_path):
    want = sorted((x.tobytes(), str(y), p) for x,y,p in zip(X, Y, PART))
    for i,box in enumerate(boxes):
        s = open_source(box)
        assert content(s.items)==want and s.items.key.is_unique and not s.items.isna().any(axis=None), s
        again = reopen(json.loads(json.dumps(s.store(tmp_path/f'run{i}').to_dict())))
        assert same(again.items, s.items) and again.name==s.name
        assert os.path.isabs(s.args['path']) and again.to_dict()==s.to_dict()

def test_registry():
    assert {'folder', 'idx', 'arrays', 'tables'}<={*plugins('sources')}
    for name in plugins('sources'):
        m = plugin('sources', name)
        assert m.OPENS and m.MEDIUM and all(callable(getattr(m, o)) for o in m.READS)
        for o in (None, 5, 'no such thing', ['a', 'b'], object(), dict(a=1), lambda: 0): assert m.sniff(o)==0
    with pytest.raises(UserError, match="no 'os' among"): plugin('sources', 'os')

READING = [(folder, folder.read_folder), (idx, idx.read_idx), (arrays, arrays.read_arrays), (arrays, arrays.read_npz), (tables, tables.read_table),
           (tables, tables.read_tables), (tables, tables.read_items)]

def cut(mod, fn):
    "The text of `fn` and of what it uses of its own module, as the twin has it"
    names,todo = [],[fn.__name__]
    while todo:
        n = todo.pop()
        if n in names or not (n in vars(mod) and n in mod.__all__): continue
        names.append(n)
        if inspect.isfunction(vars(mod)[n]):
            todo += [o.id for o in ast.walk(ast.parse(inspect.getsource(vars(mod)[n]))) if isinstance(o, ast.Name)]
    parts = [(n, vars(mod)[n]) for n in reversed(names)]
    return [inspect.getsource(o) if inspect.isfunction(o) else f'{n} = {o!r}\n' for n,o in parts]

@pytest.mark.parametrize('mod,fn', READING)
def test_reading_functions_are_short_and_stand_alone(mod, fn):
    for text in cut(mod, fn):
        assert len(text.splitlines())<=16 and 'autolearn' not in text and 'UserError' not in text
    assert f'## `{fn.__name__}`: ' in mod.__doc__

@pytest.mark.parametrize('i', [*range(6), 9, 10]) # the twins of archives and label files are run in test_run
def test_twins_read_without_autolearn(boxes, tmp_path, i):
    s = open_source(boxes[i]).store(tmp_path/'run')
    mod = plugin('sources', s.reader)
    tree = ast.parse(inspect.getsource(mod))
    outside = [o for o in tree.body if isinstance(o, (ast.Import, ast.ImportFrom)) and not getattr(o, 'level', 0)]
    top = '\n'.join(map(ast.unparse, outside))
    show = "print(json.dumps([items.key.tolist(), items.label.tolist(), items.part.tolist()]))"
    code = [top, *cut(mod, getattr(mod, s.fn)), f'items = {s.fn}(**{s.args!r})', "assert 'autolearn' not in sys.modules"]
    (tmp_path/'twin.py').write_text('\n'.join(['import json, sys', *code, show]))
    out = subprocess.run([sys.executable, '-I', tmp_path/'twin.py'], capture_output=True, text=True)
    assert out.returncode==0, out.stderr
    assert json.loads(out.stdout)==[s.items[o].tolist() for o in ('key', 'label', 'part')]

# ---- parts ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('want', [
    dict(train='train', val='test'), dict(Training='train', dev='valid', Testing='test'),
    dict(train='train', validation='valid', test='test'), dict(train=''), dict(val='')])
def test_parts_of_folders(tmp_path, want):
    for n in want:
        for c in 'ab': picture(tmp_path/f'd/{n}/{c}/1.png')
    items = open_source(tmp_path/'d').items
    for n,part in want.items(): assert {*items.part[items.key.str.startswith(n+'/')]}=={part}
    assert items.label.tolist()==['a', 'b']*len(want)

def test_a_class_may_be_called_train(tmp_path):
    for c in ('bus', 'train', 'car'): picture(tmp_path/f'd/{c}/1.png')
    assert {*open_source(tmp_path/'d').items.label}=={'bus', 'train', 'car'}

def test_a_folder_of_something_else_beside_parts(tmp_path):
    for o in ('train/a', 'train/b', 'test', 'figures'): picture(tmp_path/f'd/{o}/1.png')
    s = open_source(tmp_path/'d')
    assert {*s.items.label}=={'a', 'b'} and 'left aside' in s.note

def test_wrapped_and_nested_folders(tmp_path):
    for c in 'ab':
        for n in ('1', 'deep/er/2'): picture(tmp_path/f'd/unpacked/train/{c}/{n}.JPG')
        picture(tmp_path/f'd/unpacked/test/{c}/3.png')
    (tmp_path/'d/__MACOSX').mkdir()
    picture(tmp_path/'d/__MACOSX/._x.png')
    picture(tmp_path/'d/unpacked/train/a/.hidden/4.png')
    (tmp_path/'d/unpacked/train/a/notes.txt').write_text('x')
    s = open_source(tmp_path/'d')
    assert [*s.items.key]==['train/a/1.JPG', 'train/a/deep/er/2.JPG', 'train/b/1.JPG', 'train/b/deep/er/2.JPG',
                            'test/a/3.png', 'test/b/3.png']
    assert s.name=='d' and '1 other file left aside' in s.note

def test_two_names_for_one_part(tmp_path):
    for n in ('train', 'val', 'valid'): picture(tmp_path/f'd/{n}/a/1.png')
    with pytest.raises(UserError, match="'val' and 'valid'"): open_source(tmp_path/'d')
    with pytest.raises(UserError, match='no train part'): settle_parts(dict(val='valid', test='test'))

def test_parts_that_the_user_names(tmp_path):
    for n in ('one', 'two', 'both/train', 'both/val'):
        for c in 'ab': picture(tmp_path/f'{n}/{c}/1.png')
    def parts(*a, **k): return {k:v for k,v in open_source(*a, **k).items.part.value_counts().items()}
    assert parts(tmp_path/'one', test=tmp_path/'two')==dict(train=2, test=2)
    assert parts(tmp_path/'both', valid=tmp_path/'both/val')==parts(tmp_path/'both', test=.2)==dict(train=2, valid=2)
    assert parts(tmp_path/'both', valid=.2)==dict(train=2, test=2)
    assert parts(tmp_path/'both', test=str(tmp_path/'two'))==dict(train=2, valid=2, test=2)
    s = open_source(tmp_path/'one', test=tmp_path/'two')
    assert reopen(s.to_dict()).items.equals(s.items) and '../two/a/1.png' in {*s.items.key}
    with pytest.raises(UserError, match='among the class folders'): open_source(tmp_path/'one', test=tmp_path/'one/b')
    with pytest.raises(UserError, match='no pictures'): open_source(tmp_path/'one', test=tmp_path/'one/../two/a')
    write_pair(tmp_path/'i', X, Y)
    write_pair(tmp_path/'j', X, Y, 't10k')
    assert parts(tmp_path/'i', test=tmp_path/'j')==dict(train=12, test=12)
    np.savez(tmp_path/'a.npz', x=X, y=Y)
    for test in (tmp_path/'a.npz', (X, Y)): assert parts(tmp_path/'a.npz', test=test)==dict(train=12, test=12)
    s = open_source(tmp_path/'a.npz', test=tmp_path/'a.npz')
    assert same(reopen(s.to_dict()).items, s.items)
    for n in ('one', 'two'): (tmp_path/f'{n}.csv').write_text(f'path,label\n{n}/a/1.png,a\n{n}/b/1.png,b\n')
    s = open_source(tmp_path/'one.csv', test=tmp_path/'two.csv')
    assert parts(tmp_path/'one.csv', test=tmp_path/'two.csv')==dict(train=2, test=2)
    assert reopen(s.to_dict()).items.equals(s.items)

# ---- folders -------------------------------------------------------------------------------------------------------

def test_hostile_names(tmp_path):
    names = ["'];import os;os.system('touch hacked')#", '<img src=x onerror=alert(1)>', 'two\nlines',
             '{recipe.x}', '$(touch hacked)', '-rf', 'ü', 'caf\udce9']
    for n in names: picture(tmp_path/'odd'/n/'a \'"\n.png')
    picture(tmp_path/'odd/ü/caf\udce9.png')
    s = open_source(tmp_path/'odd')
    assert len(s.items)==len(names)+1 and {*s.items.label}=={*names[:-1], 'caf\\xe9'}
    assert all(os.path.isfile(o) for o in s.items.image)
    s.items.drop(columns='image').to_parquet(tmp_path/'items.parquet') # keys and labels are text
    assert reopen(json.loads(json.dumps(s.to_dict()))).items.equals(s.items)

def test_links_are_not_followed(tmp_path):
    for c in 'ab': picture(tmp_path/f'd/{c}/1.png')
    picture(tmp_path/'other/x/1.png')
    (tmp_path/'d/c').symlink_to(tmp_path/'other/x')
    (tmp_path/'d/a/link.png').symlink_to(tmp_path/'other/x/1.png')
    (tmp_path/'d/a/loop').symlink_to(tmp_path/'d')
    os.mkfifo(tmp_path/'d/a/pipe.png')
    assert [*open_source(tmp_path/'d').items.key]==['a/1.png', 'b/1.png']
    (tmp_path/'links').mkdir()
    (tmp_path/'links/a').symlink_to(tmp_path/'d/a')
    with pytest.raises(UserError, match='1 links, which are not followed'): open_source(tmp_path/'links')

def test_a_deep_tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):
        os.mkdir('a')
        os.chdir('a')
    try:
        assert [*folder.walk_files(str(tmp_path))]==[]
        with pytest.raises(UserError, match='nothing to learn from'): open_source(tmp_path)
    finally: # what removes temporary folders is not made for this depth
        for _ in range(1200):
            os.chdir('..')
            os.rmdir('a')

# ---- IDX -----------------------------------------------------------------------------------------------------------

SIDE = st.integers(1, 6)

@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(x=hnp.arrays(np.uint8, st.tuples(*[SIDE]*3)|st.tuples(*[SIDE]*3, st.just(3))), gz=st.booleans(), data=st.data())
def test_idx_round_trip(tmp_path, x, gz, data):
    y = data.draw(hnp.arrays(np.uint8, len(x)))
    for o in tmp_path.glob('*byte*'): o.unlink()
    end = '.gz'*gz
    write_idx(tmp_path/f'train-images.idx{x.ndim}-ubyte{end}', x)
    write_idx(tmp_path/f'train-labels.idx1-ubyte{end}', y)
    s = open_source(tmp_path)
    assert np.array_equal(np.stack(s.items.image), x) and {*s.items.part}=={''}
    assert s.items.label.tolist()==[str(o) for o in y]
    assert same(reopen(s.to_dict()).items, s.items)

@pytest.mark.parametrize('end', ['', '.gz'])
def test_damaged_idx(tmp_path, end):
    f,g = tmp_path/f'd/train-images-idx3-ubyte{end}',tmp_path/f'd/train-labels-idx1-ubyte{end}'
    def refuse(match, name='train-images'):
        with pytest.raises(UserError, match=match) as e: open_source(tmp_path/'d')
        assert name in str(e.value) and '\n' not in str(e.value)
        write_pair(tmp_path/'d', X, Y, end=end)
    write_pair(tmp_path/'d', X, Y, end=end)
    whole = f.read_bytes()
    for n in (0, 3, 10, 40, len(whole)-1):
        f.write_bytes(whole[:n])
        refuse('damaged|truncated|no IDX file')
    f.write_bytes(whole+b'more' if not end else whole[:-20]+bytes(12)+whole[-8:])
    refuse('damaged')
    write_idx(f, X, shape=(11, 6, 5))
    refuse('damaged|but')
    write_idx(f, X, shape=(2**32-1,)*3)
    refuse('damaged|not read')
    write_idx(f, X, kind=13)
    refuse('kind 13')
    f.write_bytes(gzip.compress(b'PNG or so') if end else b'PNG or so')
    refuse('no IDX file')
    write_idx(g, np.arange(11, dtype=np.uint8))
    refuse('12 pictures, but .* 11 labels')
    write_idx(f, np.zeros((0, 6, 5), np.uint8))
    refuse('no pictures')
    g.unlink()
    refuse('no file of labels')
    g.write_bytes(b'\0\0\x08')
    refuse('truncated|no IDX file|damaged', 'train-labels')

def test_gzip_bombs(tmp_path):
    write_pair(tmp_path/'d', X, Y, end='.gz')
    f = tmp_path/'d/train-images-idx3-ubyte.gz'
    head = bytes([0, 0, 8, 3])
    with gzip.open(f, 'wb') as o: # says 12 pictures, holds 300 MB
        o.write(head+struct.pack('>3I', 12, 6, 5))
        for _ in range(300): o.write(bytes(1_000_000))
    with pytest.raises(UserError, match='damaged'): open_source(tmp_path/'d')
    with gzip.open(f, 'wb') as o: # tells the truth: 300 MB from 300 kB
        o.write(head+struct.pack('>3I', 300, 1000, 1000))
        for _ in range(300): o.write(bytes(1_000_000))
    with pytest.raises(UserError, match='not read'): open_source(tmp_path/'d')

def test_sets_side_by_side(tmp_path):
    for name in ('emnist-letters', 'emnist-digits'):
        for p in ('train', 'test'): write_pair(tmp_path/'d', X, Y, f'{name}-{p}', '.gz')
    with pytest.raises(UserError, match="'emnist-digits', 'emnist-letters'"): open_source(tmp_path/'d')
    s = open_source(tmp_path/'d/emnist-letters-test-labels-idx1-ubyte.gz')
    assert s.name=='d' and len(s.items)==24 and all('letters' in o for o in s.args['train']+s.args['test'])

def test_a_file_and_its_gzip_are_one(tmp_path):
    write_pair(tmp_path/'d', X, Y)
    write_pair(tmp_path/'d', X, Y, end='.gz')
    s = open_source(tmp_path/'d')
    assert len(s.items)==12 and not s.args['all'][0].endswith('.gz')

# ---- arrays --------------------------------------------------------------------------------------------------------

class Evil:
    def __reduce__(self): return os.mkdir, ('hacked',)

def test_no_pickle(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evil = np.array([Evil()]*12, dtype=object)
    for k,x,y in (('x', evil, Y), ('y', X, evil)):
        np.savez(tmp_path/'a.npz', x=x, y=y)
        with pytest.raises(UserError, match=f'{k!r} holds Python objects'): open_source(tmp_path/'a.npz')
        args = dict(path=str(tmp_path/'a.npz'), all=['x', 'y'])
        with pytest.raises(UserError, match='Python objects'): reopen(dict(reader='arrays', fn='read_arrays', args=args))
        with pytest.raises(ValueError): arrays.read_arrays(**args)
    with pytest.raises(UserError, match='Python objects'): open_source((evil.reshape(12, 1, 1), Y))
    np.savez(tmp_path/'a.npz', x=X, y=Y, extra=evil) # never read
    assert len(open_source(tmp_path/'a.npz').items)==12 and not (tmp_path/'hacked').exists()

def test_npz_bombs(tmp_path):
    def npy(shape, body=b'', descr='|u1'):
        f = io.BytesIO()
        np.lib.format.write_array_header_1_0(f, dict(descr=descr, fortran_order=False, shape=shape))
        return f.getvalue()+body
    y = npy((300,), bytes(300))
    def refuse(x, match):
        with zipfile.ZipFile(tmp_path/'b.npz', 'w', zipfile.ZIP_DEFLATED) as z:
            z.writestr('x.npy', x)
            z.writestr('y.npy', y)
        with pytest.raises(UserError, match=match): open_source(tmp_path/'b.npz')
    refuse(npy((300, 1000, 1000), bytes(300_000_000)), 'not read')
    refuse(npy((300, 10**6, 10**6), bytes(10)), 'announces')
    refuse(npy((300, -1, -1), bytes(300)), 'damaged')
    refuse(npy((300, 2, 2), bytes(1200), descr='<U99999999'), 'damaged|no pictures')
    refuse(b'no array', 'damaged')
    (tmp_path/'b.npz').write_bytes(b'no zip')
    with pytest.raises(UserError, match='no .npz file'): open_source(tmp_path/'b.npz')
    np.savez(tmp_path/'b.npz', x=X, y=Y)
    whole = (tmp_path/'b.npz').read_bytes()
    at = whole.index(X.tobytes())
    (tmp_path/'b.npz').write_bytes(whole[:at+5]+bytes([whole[at+5]^255])+whole[at+6:]) # the checksum is wrong
    with pytest.raises(UserError, match='damaged'): open_source(tmp_path/'b.npz')

def test_shapes_and_values():
    def first(x): return open_source((x, Y)).items.image[0]
    for x in (X, X[..., None], X[:, None]): assert np.array_equal(first(x), X[0])
    c = rng.integers(0, 256, (12, 6, 5, 4), dtype=np.uint8)
    for x in (c[..., :3], c[..., :3].transpose(0, 3, 1, 2)): assert np.array_equal(first(x), c[0, ..., :3])
    for x in (X/255, X.astype('float32'), X.astype('int64'), (X/127.5-1).astype('float16')):
        assert np.abs(first(x).astype(int)-X[0]).max()<=(1 if x.dtype==np.float16 else 0), x.dtype
    assert np.array_equal(first(X>99), (X[0]>99)*np.uint8(255)) and first(X.astype('uint16')*257).max()<=255
    bad = X/255
    bad[0, 0, :2] = np.nan,np.inf
    assert first(bad)[0, :2].tolist()==[0, 255] and first(X*np.nan).max()==0
    for x in (X.reshape(12, -1), X[..., None].repeat(2, -1), X.astype(complex), X.astype(str), X[:0], X[:, :0]):
        with pytest.raises(UserError): open_source((x, Y[:len(x)]))

def test_test_values_have_no_say():
    s = open_source(((X[:8]/16, Y[:8]), (X[8:]*9., Y[8:])))
    assert f'{X[:8].max()/16:g} is white' in s.note and s.items.image[8].max()==255

@pytest.mark.parametrize('y,want', [
    (Y, '3'), (Y.astype('float32'), '3'), (Y[:, None], '3'), (np.eye(8)[Y], '3'), (np.eye(8, dtype=bool)[Y], '3'),
    (list(map(int, Y)), '3'), (list('abc'*4), 'a'), (np.array(['a', 'b', 'c']*4), 'a'), (np.array([b'a']*12), 'a'),
    (pd.Series(list('abc'*4)), 'a'), (pd.Series(list('abc'*4), dtype='category'), 'a'), (Y>2, 'True'),
    ([None, 'a', 'b']*4, ''), (np.array([np.nan, 1, 2]*4), ''), ([float('nan'), 1, 2]*4, ''),
    (np.arange(12)+.5, '0.5'), (np.arange(12)+1e9, '1000000000')])
def test_labels(y, want):
    assert open_source((X, y)).items.label[0]==want

def test_label_shapes_refused():
    for y in (Y[:9], np.ones((12, 3)), np.eye(12)[:, :, None], np.zeros((12, 3))):
        with pytest.raises(UserError): open_source((X, y))

def test_names_of_arrays(tmp_path):
    def opened(**k):
        np.savez(tmp_path/'n.npz', **k)
        return open_source(tmp_path/'n.npz')
    s = opened(train_images=X, train_labels=Y[:, None], val_images=X[:4], val_labels=Y[:4, None], test_images=X[:2],
               test_labels=Y[:2, None])
    assert s.items.part.value_counts().to_dict()==dict(train=12, valid=4, test=2)
    assert opened(X=X, Y=Y).args['all']==['X', 'Y']
    assert 'has no labels' in opened(X_train=X, y_train=Y, X_test=X).note
    with pytest.raises(UserError, match='Which arrays'): opened(pixels=X, kind=Y)
    assert len(open_source(tmp_path/'n.npz', inputs='pixels', target='kind').items)==12
    with pytest.raises(UserError, match="Nearest: 'kind'"): open_source(tmp_path/'n.npz', inputs='pixels', target='kinds')
    assert len(open_source(dict(x=X, y=Y)).items)==12

# ---- tables --------------------------------------------------------------------------------------------------------

@pytest.fixture
def pics(tmp_path):
    for i in range(6): picture(tmp_path/f'p/{i}.png', X[i])
    return tmp_path

def write(path, text):
    path.write_text(text, encoding='utf-8')
    return path

def test_messages_of_tables(pics):
    t = write(pics/'t.csv', 'path,label\n'+'\n'.join(f'p/{i}.png,{"uv"[i%2]}' for i in range(6)))
    with pytest.raises(UserError) as e: open_source(t, target='lable')
    assert str(e.value)=="Column 'lable' is not in t.csv (2 columns: 'path', 'label'). Nearest: 'label'. Pass target='label'."
    with pytest.raises(UserError, match="Pass inputs='path'"): open_source(t, inputs='pth')
    with pytest.raises(UserError, match='names no file that exists'): open_source(t, inputs='label', target='path')
    for text,match in (('', 'is empty'), ('path,label\n', 'no rows'), ('a,b\n17,23\n', 'No column'),
                       ('path\np/0.png\n', 'no column of labels'), ('path,a,b\np/0.png,1,2\n', 'Which column'),
                       ('path,label\np/0.png,"a\n', 'cannot be read'),
                       ('p/0.png,a\np/1.png,b\n', 'Pass names='), ('path,label\np/0.png,a,b\n', 'more cells')):
        with pytest.raises(UserError, match=match): open_source(write(pics/'u.csv', text))
    (pics/'u.csv').write_bytes('path,label\np/0.png,\xe9\n'.encode('latin-1'))
    with pytest.raises(UserError, match='UTF-8'): open_source(pics/'u.csv')
    (pics/'u.parquet').write_bytes(b'PAR1 not')
    with pytest.raises(UserError, match='damaged'): open_source(pics/'u.parquet')
    twice = pd.DataFrame([['p/0.png', 1, 2]], columns=['path', 'a', 'a'])
    with pytest.raises(UserError, match='several columns'): open_source(twice)

def test_forms_of_tables(pics, monkeypatch):
    rows = [(f'p/{i}.png', 'uv'[i%2]) for i in range(6)]
    def text(sep): return '\n'.join(sep.join(o) for o in [('path', 'label'), *rows])
    want = open_source(write(pics/'a.csv', text(','))).items
    assert want.label.tolist()==list('uvuvuv') and want.key[0]=='p/0.png'
    for name,body in (('b.csv', text(';')), ('c.tsv', text('\t')), ('d.csv', '\ufeff'+text(',')), ('e.csv', text('|')),
                      ('f.csv', text(',').replace('\n', '\r\n'))):
        s = open_source(write(pics/name, body))
        assert s.items.equals(want) and reopen(s.to_dict()).items.equals(want)
    df = pd.DataFrame(rows, columns=['path', 'label'], index=[7]*6)
    df.to_parquet(pics/'g.parquet')
    monkeypatch.chdir(pics)
    for s in (open_source('g.parquet'), open_source(df)):
        assert s.items.equals(want) and reopen(s.store(pics/'run').to_dict()).items.equals(want)
    s = open_source(write(pics/'h.csv', '\n'.join(','.join(o) for o in rows)), names=['label_', 'path'][::-1])
    assert s.items.equals(want) and reopen(s.to_dict()).items.equals(want)

def test_what_is_missing(pics):
    rows = ('path,label', 'p/0.png,NA', 'p/1.png,', 'p/2.png,None', 'p/0.png,x', 'gone.png,x', 'p/3.png,nan')
    s = open_source(write(pics/'t.csv', '\n'.join(rows)))
    assert s.items.label.tolist()==['NA', '', 'None', 'x', 'x', 'nan']
    assert s.items.key.tolist()==['p/0.png', 'p/1.png', 'p/2.png', 'p/0.png#2', 'gone.png', 'p/3.png']
    assert "1 of 6 files are missing, the first is 'gone.png'" in s.note
    t = pd.DataFrame(dict(path=[str(pics/f'p/{i}.png') for i in range(3)], label=[7., None, 8.]))
    assert open_source(t).items.label.tolist()==['7', '', '8']

def test_paths_outside(pics):
    (pics/'sub').mkdir()
    s = open_source(write(pics/'sub/t.csv', f'path,label\n../p/0.png,a\n{pics}/p/1.png,b\n'))
    assert '2 of 2 files lie outside' in s.note and all(os.path.isfile(o) for o in s.items.image)

@pytest.mark.parametrize('column,values,want', [
    ('split', ['train', 'train', 'val', 'val'], dict(train=2, test=2)), ('fold', [0, 1, 2, 3], {'':4}),
    ('set', ['Train', 'Train', 'dev', 'test'], dict(train=2, valid=1, test=1)), ('split', ['train']*4, {'':4}),
    ('is_valid', [False, False, False, True], dict(train=3, test=1)), ('is_test', [0, 0, 0, 1], dict(train=3, test=1)),
    ('part', ['', '', 'test', 'test'], dict(train=2, test=2)), ('split', ['a', 'b', 'train', 'test'], dict(train=1, test=1)),
    ('split', ['val', 'valid', 'train', 'test'], dict(valid=2, train=1, test=1)), ('is_test', ['True', '1', '0', 'false'], dict(test=2, train=2)), ('is_test', ['True', '', '', 'yes'], dict(test=2, train=2))])
def test_columns_of_parts(pics, column, values, want):
    df = pd.DataFrame({'path':[f'p/{i}.png' for i in range(4)], 'label':list('abab'), column:values})
    df.to_csv(pics/'t.csv', index=False)
    df.to_parquet(pics/'t.parquet')
    for t in (pics/'t.csv', pics/'t.parquet'):
        s = open_source(t, target='label')
        assert s.items.part.value_counts().to_dict()==want and reopen(s.to_dict()).items.equals(s.items)

def test_folder_of_tables(pics):
    write(pics/'train.csv', 'id,path,label\n1,p/0.png,a\n2,p/1.png,b\n')
    write(pics/'val.csv', 'id,path,label\n3,p/2.png,a\n4,p/0.png,b\n')
    write(pics/'test.csv', 'id,path\n5,p/3.png\n')
    write(pics/'sample.csv', 'id,label\n5,a\n')
    s = open_source(pics, target='label', reader='tables')
    assert s.items.part.tolist()==['train', 'train', 'valid', 'valid'] and 'left aside' in s.note
    assert reopen(s.to_dict()).items.equals(s.items)
    for o in ('train', 'val', 'test'): (pics/f'{o}.csv').rename(pics/f'{o}_.csv')
    with pytest.raises(UserError, match='holds 4 tables'): open_source(pics, reader='tables')

def test_tables_that_only_name_their_files(pics):
    s = open_source(write(pics/'t.csv', 'id,label\n'+'\n'.join(f'{i},{i%2}' for i in range(6)))) # 0.png and 1.png are there for each label, too
    assert s.args['place']=='p/{}.png' and s.args['image']=='id' and s.items.key[3]=='3' and all(os.path.isfile(o) for o in s.items.image)
    assert "names the files of 'p/{}.png'" in s.note and reopen(s.to_dict()).items.equals(s.items)
    for i in range(6): picture(pics/f'deep/er/1{i}.jpg', X[i])
    s = open_source(write(pics/'test.csv', 'id,label\n10.jpg,a\n11.jpg,b\n'), test=str(write(pics/'u.csv', 'id,label\n4,a\n5,b\n')))
    assert s.items.image.map(lambda o: os.path.relpath(o, pics)).tolist()==['deep/er/10.jpg', 'deep/er/11.jpg', 'p/4.png', 'p/5.png']
    assert s.store(pics/'run') and reopen(s.to_dict()).items.equals(s.items)
    with pytest.raises(UserError, match='No column'): open_source(write(pics/'v.csv', 'id,label\n66,a\n77,b\n'))

def test_names_that_are_in_the_folders_of_both_parts(tmp_path):
    for part in ('train', 'test'):
        for i in range(6): picture(tmp_path/f'{part}/{i}.png', X[i])
    s = open_source(write(tmp_path/'trainLabels.csv', 'id,label\n'+'\n'.join(f'{i},{"uv"[i%2]}' for i in range(6))))
    assert s.args['place']=='train/{}.png' # the names are in test, too, with other pictures
    for part in ('train', 'test'): write(tmp_path/f'{part}.json', json.dumps([dict(file=f'{i}.png', label='uv'[i%2]) for i in range(6)]))
    (tmp_path/'trainLabels.csv').unlink()
    s = open_source(tmp_path)
    assert s.args['train']==['train.json', 'train'] and s.args['test']==['test.json', 'test']
    (tmp_path/'test').rename(tmp_path/'more')
    (tmp_path/'train').rename(tmp_path/'even')
    with pytest.raises(UserError, match='in several places'): open_source(write(tmp_path/'t.csv', 'id,label\n0,u\n1,v\n'))

def test_pictures_without_labels_may_lie_anywhere(tmp_path):
    for d in ('train', 'one', 'two'):
        for i in range(4): picture(tmp_path/f'{d}/{i}.png', X[i])
    for part,text in dict(train='id,label\n0,u\n1,v\n', test='id\n2\n3\n').items(): write(tmp_path/f'{part}.csv', text)
    s = open_source(tmp_path, reader='tables')
    assert s.items.part.tolist()==['', ''] and s.args['place']=='train/{}.png' and 'left aside' in s.note

def test_a_label_file_emptied_since(tmp_path):
    for i in range(4): picture(tmp_path/f'p/{i}.png', X[i])
    s = open_source(write(tmp_path/'a.json', json.dumps([dict(file=f'p/{i}.png', label='uv'[i%2]) for i in range(4)])))
    for text in ('', '[]', '{}', 'null', '[1]'):
        write(tmp_path/'a.json', text)
        with pytest.raises(UserError): reopen(s.to_dict())

def test_contests(tmp_path):
    for part in ('train_images', 'test_images'):
        for i in range(4): picture(tmp_path/f'{part}/{part}{i}.png', X[i])
    write(tmp_path/'train.csv', 'id_code,diagnosis\n'+'\n'.join(f'train_images{i},{i%2}' for i in range(4)))
    write(tmp_path/'test.csv', 'id_code\ntest_images0\n')
    s = open_source(tmp_path)
    assert s.reader=='tables' and s.items.label.tolist()==['0', '1', '0', '1'] and 'left aside' in s.note
    with zipfile.ZipFile(tmp_path/'all.zip', 'w') as z:
        for o in tmp_path.glob('*/*.png'): z.write(o, o.relative_to(tmp_path))
        z.write(tmp_path/'train.csv', 'train.csv')
    with pytest.raises(UserError, match='a file that may label them'): open_source(tmp_path/'all.zip')

def test_labels_that_are_lists(tmp_path):
    for i in range(6): picture(tmp_path/f'p/{i}.png', X[i])
    lists = [['a', 'b'], ['c', 'd', 'e'], ['e', 'f'], ['g'], [], None]
    pd.DataFrame(dict(path=[f'p/{i}.png' for i in range(6)], labels=lists)).to_parquet(tmp_path/'t.parquet')
    s = open_source(tmp_path/'t.parquet')
    assert s.items.label.tolist()==['a;b;', 'c;d;e;', 'e;f;', 'g;', ';', ''] # none of them is no label, and a missing one is not known
    profile = look(s)[1]
    assert {*profile.labels}=={*'abcdefg'} and [o.keys for o in profile.findings if o.finder=='unlabelled']==[['p/5.png']]

def test_large_parquet_is_not_read(pics):
    import pyarrow as pa
    import pyarrow.parquet as pq
    c = pa.DictionaryArray.from_arrays(pa.array(np.zeros(tables.MAX_ROWS+1, np.int8)), pa.array(['p/0.png']))
    pq.write_table(pa.table(dict(path=c, label=c)), pics/'t.parquet')
    assert (pics/'t.parquet').stat().st_size<5e6
    with pytest.raises(UserError, match='not read'): open_source(pics/'t.parquet')

# ---- nothing to open -----------------------------------------------------------------------------------------------

def test_messages_when_nothing_fits(tmp_path):
    (tmp_path/'photos').mkdir()
    for data,match in ((tmp_path/'photso', "Nearest: 'photos'"), (tmp_path/'photso/a/b', "Nearest: 'photos'"),
                       (tmp_path/'photos', "'photos' is empty.*What can be opened"), ('a\0b', 'no'),
                       ('https://example.com/a.zip', 'Download it'), (5, "'int'"), (None, "'NoneType'"),
                       (['a.png'], "'list'"), (b'photos', "'bytes'")):
        with pytest.raises(UserError, match=match): open_source(data)
    for i in range(3): picture(tmp_path/f'flat/{i}.png')
    flat = open_source(tmp_path/'flat')
    assert len(flat.items)==3 and {*flat.items.label}=={''} and 'no labels' in flat.note
    with pytest.raises(UserError, match="Put each into a folder"): choose_task(look(flat)[1])
    write(tmp_path/'photos/a.txt', 'x')
    with pytest.raises(UserError, match="holds files .1 '.txt'. but"): open_source(tmp_path/'photos')
    write(tmp_path/'photos/a.doc', 'x')
    with pytest.raises(UserError, match="'a.doc' is no file"): open_source(tmp_path/'photos/a.doc')
    with pytest.raises(UserError, match="'a.tar.gz' is an archive"): open_source(write(tmp_path/'a.tar.gz', 'x'))
    with pytest.raises(UserError, match='no columns'): open_source(tmp_path/'flat', target='species', reader='folder')
    with pytest.raises(UserError, match="no 'foldr' among the sources. Nearest: 'folder'"): open_source(tmp_path/'flat', reader='foldr')

@pytest.mark.parametrize('d', [None, [], {}, dict(reader='os', fn='system', args={})]+[
    dict(reader=reader, fn=fn, args=args) for reader,fn,args in (
        ('folder', 'os', dict(path='/')), ('folder', 'walk_files', dict(path='/')), ('folder', 'read_folder', {}),
        ('folder', 'read_folder', dict(path=5)), ('folder', 'read_folder', dict(path='/no/such')),
        ('folder', 'read_folder', dict(path='HERE', train=5)), ('folder', 'read_folder', dict(path='HERE', evil='d')),
        ('idx', 'read_idx', dict(path='HERE', all='ab')), ('idx', 'read_idx', dict(path='HERE')),
        ('arrays', 'read_arrays', dict(path='HERE', span='ab', all=['x', 'y'])),
        ('tables', 'read_table', dict(path='HERE', image='a', label='b')), ('tables', 'read_items', dict(path='HERE')))])
def test_descriptions_from_strangers(tmp_path, d):
    for c in 'ab': picture(tmp_path/f'd/{c}/1.png')
    if d and d['args'].get('path')=='HERE': d = {**d, 'args':{**d['args'], 'path':str(tmp_path)}}
    with pytest.raises(UserError): reopen(d)

def test_real_data(data):
    start = time.time()
    s = open_source(data/'fashion_mnist')
    secs = time.time()-start
    assert s.items.part.value_counts().to_dict()==dict(train=60_000, test=10_000) and s.items.image[0].shape==(28, 28)
    assert s.items.label[:3].tolist()==['9', '0', '0'] and secs<5 # 0.6 s on an idle machine

@pytest.mark.parametrize('text', ['', '[', '7', '"a"', 'null', '[1, 2]', '{}', '[]', '[[1]]', '{"images": 3, "annotations": []}', '{"a.png": {"x": 1}, "b.png": 2}',
    '{"images": [{"id": 1}], "annotations": [{"image_id": 2, "category_id": 1}]}', '['*100_000, '{"path": "a.png", "label": "b"}\n{"path"', '[{"a": 1}, {"a": [1]}]',
    '{"a": "b", "a": "c"}', '[{"path": "/dev/zero", "label": "a"}]'])
def test_damaged_labels(tmp_path, text):
    "One clear message, whatever the file holds"
    (tmp_path/'l.json').write_text(text)
    with pytest.raises(UserError): open_source(tmp_path/'l.json')

def test_label_files_without_labels(tmp_path):
    images = [dict(id=i, file_name=f'{i}.png') for i in range(6)]
    said = [dict(image_id=i, category_id=i%2) for i in range(6)]
    for part in ('train', 'test'):
        for i in range(6): picture(tmp_path/f'{part}/{i}.png', X[i])
    write(tmp_path/'train.json', json.dumps(dict(images=images, annotations=said, categories=[dict(id=i, name='uv'[i]) for i in range(2)])))
    for bare in (dict(images=images, categories=[]), [dict(file_name='0.png')]):
        write(tmp_path/'test.json', json.dumps(bare))
        s = open_source(tmp_path)
        assert len(s.items)==6 and "'test.json' is left aside" in s.note and reopen(s.to_dict()).items.equals(s.items)

def test_coco_folder(tmp_path):
    "Pictures and a label file in the folder of each part, as tools export them; pictures without annotations have no label"
    for part,n in (('train', 4), ('valid', 2), ('test', 2)):
        for i in range(n): picture(tmp_path/f'{part}/{i}.png', X[i])
        d = dict(images=[dict(id=i, file_name=f'{i}.png') for i in range(n)], categories=[dict(id=0, name='a'), dict(id=1, name='b')],
                 annotations=[dict(image_id=i, category_id=j) for i in range(n-1) for j in range(1+i%2)])
        (tmp_path/f'{part}/_annotations.coco.json').write_text(json.dumps(d))
    s = open_source(tmp_path)
    assert s.reader=='labels' and s.items.part.value_counts().to_dict()==dict(train=4, valid=2, test=2)
    assert s.items.label.tolist()==['a;', 'a;b;', 'a;', ';']+['a;', ';']*2 and s.items.image.map(os.path.isfile).all()
    assert same(reopen(s.to_dict()).items, s.items)

def test_transparent_arrays_are_what_files_are(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (6, 9, 8, 4), dtype='uint8')
    for i,o in enumerate(x):
        (tmp_path/f'{"ab"[i%2]}').mkdir(exist_ok=True)
        Image.fromarray(o).save(tmp_path/f'{"ab"[i%2]}/{i}.png')
    y,medium = np.array(['a', 'b']*3),plugin('media', 'image')
    content = {o:sorted(medium.add_content(open_source(d).items).content) for o,d in dict(files=tmp_path, last=(x, y), first=(x.transpose(0, 3, 1, 2), y)).items()}
    assert content['files']==content['last']==content['first']
    assert (medium.as_items(x).image[2]==open_source((x, y)).items.image[2]).all()
    with pytest.raises(UserError, match='1, 3 or 4 channels'): medium.as_items([np.zeros((8, 8, 2), 'uint8')])

def test_a_row_for_each_label(tmp_path):
    "As many tools write it: one example with several labels, in a file, in a DataFrame, and by the arguments that the notebook is written with"
    rows = []
    for i in range(12):
        Image.fromarray(np.full((8, 8), 20*i, 'uint8')).save(tmp_path/f'{i}.png')
        rows += [dict(path=f'{i}.png', label=o, box=f'{i},{k}') for k,o in enumerate(('red', 'white', 'red')[:1+i%3])]
    pd.DataFrame(rows).to_csv(tmp_path/'t.csv', index=False)
    found = open_source(str(tmp_path/'t.csv'), target='label')
    assert len(found.items)==12 and [*found.items.label[:3]]==['red;', 'red;white;', 'red;white;'] and '24 rows name 12 pictures' in found.note
    again = open_source(pd.DataFrame(rows).assign(path=lambda d: str(tmp_path)+'/'+d.path), target='label')
    assert [*again.items.label]==[*found.items.label]
    assert reopen(found.to_dict()).items.equals(found.items)
    votes = pd.DataFrame(rows).drop_duplicates('path')
    pd.concat([votes, votes[:1].assign(label='white')]).to_csv(tmp_path/'v.csv', index=False) # one disagreement is no list
    assert len(open_source(str(tmp_path/'v.csv'), target='label').items)==13
