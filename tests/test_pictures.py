"What stands in files of pictures, and several labels for a picture, from data to twin"
import io, json, struct, zlib
import numpy as np, pandas as pd, pytest
from PIL import Image
from sklearn.datasets import load_digits
from autolearn.core import Stream
from autolearn.learner import AutoLearner
from autolearn.media.image import add_measures, add_near, find_near_leaks, measure, near_pairs, read_picture
from autolearn.profile import label_sep
from autolearn.records import Recipe
from autolearn.tasks.image_classification import PLAIN

RNG = np.random.default_rng(0)
SCENE = np.asarray(Image.fromarray(RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((80, 60), Image.BICUBIC))

def near(a, b, most): return np.abs(a.astype(int)-b.astype(int)).mean()<most

@pytest.mark.parametrize('ending,most', [('png', 0), ('bmp', 0), ('tiff', 0), ('ppm', 0), ('webp', 12), ('jpg', 6), ('gif', 12)])
def test_formats(tmp_path, ending, most):
    Image.fromarray(SCENE).save(tmp_path/f'scene.{ending}')
    found = read_picture(tmp_path/f'scene.{ending}')
    assert found.shape==SCENE.shape and (near(found, SCENE, most) if most else (found==SCENE).all())

def test_kinds_of_pixels(tmp_path):
    im = Image.fromarray(SCENE)
    im.quantize(64).save(tmp_path/'palette.png')
    assert read_picture(tmp_path/'palette.png').shape==SCENE.shape and near(read_picture(tmp_path/'palette.png'), SCENE, 20)
    im.convert('CMYK').save(tmp_path/'ink.jpg')
    assert near(read_picture(tmp_path/'ink.jpg'), SCENE, 10)
    im.convert('LA').save(tmp_path/'grey.png')
    assert read_picture(tmp_path/'grey.png').ndim==2
    im.convert('1').save(tmp_path/'ink.png')
    assert {*np.unique(read_picture(tmp_path/'ink.png'))}=={0, 255}
    im.save(tmp_path/'moves.gif', save_all=True, append_images=[im.rotate(90)]) # its first picture counts
    assert near(read_picture(tmp_path/'moves.gif'), SCENE, 12)

@pytest.mark.parametrize('way,turn', [(1, lambda p: p), (3, lambda p: p[::-1, ::-1]), (6, lambda p: p.transpose(1, 0, 2)[:, ::-1]), (8, lambda p: p.transpose(1, 0, 2)[::-1])])
def test_photographs_are_turned_upright(tmp_path, way, turn):
    exif = Image.Exif()
    exif[0x112] = way
    Image.fromarray(SCENE).save(tmp_path/'scene.png', exif=exif)
    assert (read_picture(tmp_path/'scene.png')==turn(SCENE)).all()

def text_chunk(path, n):
    "A PNG with a text of `n` bytes, which take no room on disk"
    out = io.BytesIO()
    Image.fromarray(SCENE).save(out, 'PNG')
    head,rest = out.getvalue()[:33],out.getvalue()[33:] # the signature and IHDR
    with open(path, 'wb') as f:
        f.write(head+struct.pack('>I', n)+b'tEXtComment\0')
        f.truncate(len(head)+8+n+4)
        f.seek(0, 2)
        f.write(rest)

def test_what_would_take_gigabytes_is_not_opened(tmp_path):
    import resource
    text_chunk(tmp_path/'text.png', 2_000_000_000)
    Image.new('1', (30_000, 30_000)).save(tmp_path/'wide.png')
    Image.new('1', (10_000, 9_000)).save(tmp_path/'large.png') # Pillow opens it
    (tmp_path/'start.jpg').write_bytes(b'%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n(x) run\n')
    packed = zlib.compress(bytes(300_000_000), 9)
    out = io.BytesIO()
    Image.fromarray(SCENE).save(out, 'PNG')
    body = b'zTXt'+b'Comment\0\0'+packed
    (tmp_path/'packed.png').write_bytes(out.getvalue()[:33]+struct.pack('>I', len(body)-4)+body+struct.pack('>I', zlib.crc32(body))+out.getvalue()[33:])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = {o.name:measure(str(o))[-1] for o in sorted(tmp_path.iterdir())}
    assert 'larger than 200 MB' in said['text.png'] and 'pixels' in said['wide.png'] and 'more than 80 million' in said['large.png'] and 'UnidentifiedImageError' in said['start.jpg']
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss-before<500_000 # KB

def test_the_same_thing_in_another_light_is_no_copy(tmp_path):
    "Traffic lights: one scene, and the class is in the colour"
    rows = []
    for i in range(30):
        for c,colour in enumerate(((200, 40, 40), (40, 200, 40))):
            p = np.clip(np.array(colour)*np.ones((40, 40, 1))+20*np.sin(np.arange(40)/5)[:,None,None]+i%7, 0, 255).astype('uint8')
            rows.append((f'{c}/{i}', p, 'red' if c==0 else 'green', 'test' if i<5 else 'train'))
    alone = add_measures(pd.DataFrame([r for r in rows if (r[3]=='test')==(r[2]=='red')], columns=['key', 'image', 'label', 'part'])) # red ones to test with, green ones to learn from
    assert any(len(o) for o in near_pairs(np.stack([*alone.thumb]))) and find_near_leaks(alone) is None # in grey they are alike
    same = alone.assign(tone=0, channels=1, thumb=[alone.thumb[0]]*len(alone)) # the check can fail
    assert len(find_near_leaks(add_near(same.drop(columns=['near', 'leak']))).keys)==(alone.part=='train').sum()

def test_halves_are_no_lists():
    assert label_sep({'1':9, '1,5':9, '2':9, '2,5':9, '3':9})=='' and label_sep({'1':9, '1,3':9, '2':9, '2,3':9, '3':9, '1,2':9, '1,2,3':3})==','

def garments(n=700):
    "Two digits side by side, and both of their names"
    d = load_digits()
    rng = np.random.default_rng(1)
    i = rng.integers(len(d.target), size=(n, 2))
    names = np.array(['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'])[d.target[i]]
    return np.concatenate([(d.images[i[:,k]]*255/16).round().astype('uint8') for k in (0, 1)], 2), [sorted({*o}) for o in names.tolist()]

def test_several_labels_for_a_picture(tmp_path):
    "From arrays and lists of names to a model, its figures for each label, its answers and its twin"
    x,y = garments()
    al = AutoLearner((x, y), budget=25, out=tmp_path/'run', news=Stream()).override('epochs', 12)
    al.fit()
    told = al.model.test()
    assert told.kind=='multilabel' and told.interval('macro_f1')[0]>.3
    assert len(al.model.classes)==10 and {*told.per_class().index}>={'zero', 'nine'}
    said = al.model.predict(x[:5])
    assert all({*o}<={*al.model.classes} for o in said['predictions'])
    names = [f'{i}.png' for i in range(60)]
    for p,o in zip(x, names): Image.fromarray(p).save(tmp_path/o)
    scores = []
    for sep in (';', ',', ' | '):
        pd.DataFrame(dict(path=names, labels=[sep.join(o) for o in y[:60]])).to_csv(tmp_path/'pairs.csv', index=False)
        scores.append(al.model.test(tmp_path/'pairs.csv').score())
    assert scores[0]==scores[1]==scores[2] and scores[0]['macro_f1']>.3 # whatever stands between them
    assert al.verify()['equal']

@pytest.mark.parametrize('choice', [dict(mixup=.4, store='disk'), dict(cutmix=1., cutout=2)])
def test_choices_nobody_makes_by_default(tmp_path, choice):
    d = load_digits()
    x,y = (d.images[:400]*255/16).round().astype('uint8'),d.target[:400]
    for i,(p,c) in enumerate(zip(x, y)):
        (tmp_path/f'digits/{c}').mkdir(parents=True, exist_ok=True)
        Image.fromarray(p).save(tmp_path/f'digits/{c}/{i}.png')
    recipe = Recipe('image_classification', PLAIN|dict(shape=[1, 8, 8], shift=1, bs=16, widths=[16, 32], lr=.02, epochs=6))
    al = AutoLearner(tmp_path/'digits', budget=120, recipe=recipe, out=tmp_path/'run', news=Stream()) # ends when the epochs are over, however busy the machine
    for k,v in choice.items(): al.override(k, v)
    al.fit()
    assert al.result['metrics']['accuracy']>.3
    assert all(json.loads((tmp_path/'run/model/recipe.json').read_text())['choices'][k]==v for k,v in choice.items())

def test_scans_of_more_than_eight_bits(tmp_path):
    "One pair of numbers is black and white for all of them; the model keeps it"
    d = load_digits()
    for i,(p,c) in enumerate(zip(d.images[:120], d.target)):
        (tmp_path/f'scans/{c%2}').mkdir(parents=True, exist_ok=True)
        Image.fromarray((p*(400 if i%2 else 60)).astype('uint16')).save(tmp_path/f'scans/{c%2}/{i}.png') # up to 6400, or to 960
    al = AutoLearner(tmp_path/'scans', budget=20, out=tmp_path/'run', news=Stream()).override('epochs', 2)
    al.fit()
    assert al.model.recipe.choices['span']==[0, 16383]
    assert 'span' in set(al.decisions.key) and len(al.model.predict(tmp_path/'scans/0'))==sum(c%2==0 for c in d.target[:120])
    assert al.verify()['equal']

def photographs(folder, n=24, side=96, grey=False):
    for c in 'ab':
        (folder/c).mkdir(parents=True)
        for i in range(n):
            im = Image.fromarray(RNG.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize((side, side), Image.BICUBIC)
            if c=='a': im = im.point(lambda v: v//2)
            (im.convert('L') if grey else im).save(folder/f'{c}/{i}.jpg', quality=90)
    return folder

def test_a_resnet_from_scratch(tmp_path, monkeypatch):
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(tmp_path/'none'))
    al = AutoLearner(photographs(tmp_path/'shop'), budget=60, offline=True, out=tmp_path/'run', news=Stream()).override('net', 'resnet18').override('epochs', 2)
    al.fit()
    choices = al.model.recipe.choices
    assert choices['net']=='resnet18' and choices['weights']=='' and sum(p.numel() for p in al.model.learn.model.parameters())>1e7

@pytest.mark.parametrize('grey', [False, True])
def test_photographs_in_grey_are_photographs(tmp_path, grey):
    "X-rays are begun with a pretrained net, and lit and cut as others are"
    from autolearn.profile import look
    from autolearn.source import open_source
    from autolearn.tasks.image_classification import portfolio, takes_net
    profile = look(open_source(photographs(tmp_path/'shop', grey=grey)))[1]
    choices = portfolio(profile, 300)[0].choices
    assert takes_net(profile) and choices['zoom']==(.8 if grey else .6) and choices['colour']>0 and choices['shape'][0]==(1 if grey else 3)

def test_where_there_is_no_network_trying_is_short(monkeypatch):
    import socket, time
    from huggingface_hub import constants
    from autolearn.weights import fetch_weights
    monkeypatch.delenv('HF_HUB_OFFLINE', raising=False)
    with socket.socket() as deaf: # takes the call and says nothing
        deaf.bind(('127.0.0.1', 0))
        deaf.listen()
        for port,most in ((9, 1.), (deaf.getsockname()[1], 2.5)): # nobody is there; nobody answers
            monkeypatch.setattr(constants, 'ENDPOINT', f'http://127.0.0.1:{port}')
            monkeypatch.setattr('huggingface_hub.hf_hub_download', lambda *args, **kwargs: time.sleep(10))
            fetch_weights.cache_clear()
            start = time.monotonic()
            assert fetch_weights(secs=1.5)=='' and time.monotonic()-start<most
    fetch_weights.cache_clear()

def test_figures_are_shown_after_a_batch_was(tmp_path, monkeypatch):
    "In a notebook, what is drawn after `show_batch` appears, too: nothing of matplotlib's may be set and set back while its first figure is made"
    import nbformat
    from nbclient import NotebookClient
    monkeypatch.delenv('MPLBACKEND', raising=False)
    cells = ["from autolearn.all import *\nfrom autolearn.tasks.image_classification import example",
             f"al = AutoLearner(example(200), budget='15s', out={str(tmp_path/'run')!r})\nal.show_batch()", "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"]
    nb = nbformat.v4.new_notebook(cells=[*map(nbformat.v4.new_code_cell, cells)])
    NotebookClient(nb, timeout=120, resources=dict(metadata=dict(path=str(tmp_path)))).execute()
    assert ['image/png' in [k for o in c.outputs for k in o.get('data', {})] for c in nb.cells]==[False, True, True]
