"What a recipe decides by the clock"
import time
import numpy as np, pytest, torch
from PIL import Image
from autolearn.core import plugin
from autolearn.media.image import add_content
from autolearn.recipes.image_classification import choose_batch, choose_format, make_dls, make_learner, plan
from autolearn.records import Recipe
from autolearn.source import open_source
from autolearn.split import split_items
from autolearn.tasks.image_classification import PLAIN, example

def write_pictures(cells, folder):
    "The pictures as files; their paths"
    for i,o in enumerate(cells): Image.fromarray(o).save(folder/f'{i}.png')
    return [str(folder/f'{i}.png') for i in range(len(cells))]

def test_no_time_left_for_planning():
    "A machine that others use may have eaten the time: what is left of it is for learning, not for measuring"
    items = add_content(open_source(example(400)).items)
    recipe = Recipe('image_classification', PLAIN|dict(shape=[1, 8, 8], shift=1, flip=False, bs=64, widths=None, lr=None, epochs=None, bf16=None, muon=None))
    learn = make_learner(make_dls(items, split_items(items, valid=.2, test=.2), recipe), recipe)
    start = time.time()
    closed,why = plan(learn, recipe, .01)
    assert closed.closed and not closed.muon and not closed.bf16 and time.time()-start<5
    assert {o.key:o.evidence for o in why}['muon']=='there was no time to try it'

@pytest.fixture(params=['array', 'disk'])
def learner(request):
    items = add_content(open_source(example(400)).items)
    if request.param=='disk': items['image'] = write_pictures(items.image, request.getfixturevalue('tmp_path'))
    recipe = Recipe('image_classification', PLAIN|dict(shape=[1, 8, 8], store=request.param, bs=2, widths=[8, 16], lr=.01, epochs=1))
    return make_learner(make_dls(items, split_items(items, valid=.2, test=.2), recipe), recipe)

@pytest.mark.parametrize('secs,want', [(lambda n: .01, 4), (lambda n: .01*n, 2), (lambda n: .01+.001*n, 4)])
def test_a_batch_grows_while_that_saves_time(learner, secs, want):
    "A device for which one batch is like another; a processor that wants time for each example; one between them. 240 examples have room for batches of 4"
    clock = lambda net, batch, n: secs(len(batch[1]))
    n = len(learner.dls.train)
    bs,step,said = choose_batch(learner, clock, secs(2), 10., 60, late=False)
    assert bs==want and step==secs(want) and 'in batches of 4' in said
    assert {o.bs for o in learner.dls.loaders}=={want} and len(learner.dls.train)==n*2//want and len(learner.dls.train.one_batch()[1])==want
    assert choose_batch(learner, clock, secs(want), 1e5, 60, late=False)[0]==want # there is time enough
    assert choose_batch(learner, None, secs(want), 1., 60, late=True)[:2]==(want, secs(want))

@pytest.mark.parametrize('quick,late', [(True, False), (False, False), (True, True)])
def test_format_is_the_quicker_one(learner, quick, late):
    "The order in memory that is timed as the quicker one is taken, and the net answers as before"
    x,_ = learner.dls.train.one_batch()
    filters,before = learner.model[3][0].weight,learner.model.eval()(x)
    assert filters.is_contiguous(memory_format=torch.channels_last)
    last,step,said = choose_format(learner.model, lambda net, n: .01 if quick and net[3][0].weight.is_contiguous() else .03, .02, late)
    assert last==(late or not quick) and step==(.02 if last else .01) and ('no time' in said)==late
    assert filters.is_contiguous()!=last and torch.allclose(learner.model(x), before, atol=1e-5)

def test_a_batch_that_has_no_room_is_not_taken(learner):
    def clock(net, batch, n): raise torch.OutOfMemoryError
    assert choose_batch(learner, clock, .01, 10., 60, late=False)[:2]==(2, .01)

def test_batch_and_format_are_told_and_kept():
    "Both are closed with a reason, and whoever makes the batches from the closed recipe gets the same"
    items = add_content(open_source(example(900)).items)
    split = split_items(items, valid=.2, test=.2)
    recipe = Recipe('image_classification', PLAIN|dict(shape=[1, 8, 8], bs=None, channels_last=None, widths=[8, 16], lr=.01, epochs=2))
    learn = make_learner(make_dls(items, split, recipe), recipe)
    closed,why = plan(learn, recipe, 10)
    told = {o.key:o.evidence for o in why}
    assert closed.closed and told['bs'] and 'ms' in told['channels_last']
    again = make_dls(items, split, closed)
    assert [(o.bs, len(o), o.drop_last) for o in again.loaders]==[(o.bs, len(o), o.drop_last) for o in learn.dls.loaders]

def test_pixels_mean_what_they_meant():
    "The same picture as bytes, 0 to 1, -1 to 1, 0 to 255 and as one of several gives the same pixels; what nobody can know is refused"
    medium,(x,_) = plugin('media', 'image'),example(20)
    x = (x.astype(float)*255/x.max()).round().astype('uint8')
    for o in (x/255, x/127.5-1, x.astype(float), x.astype('int64'), [*(x/255)]): assert all((a==b).all() for a,b in zip(medium.as_items(o).image, x))
    dark = np.concatenate([x[:1]//255, x[1:]]).astype(float) # one picture of zeros and ones among others from 0 to 255
    assert (medium.as_items(dark).image[0]==x[0]//255).all()
    assert (medium.as_items(x/16., dict(span=[0, 16])).image[3]==medium.as_items([x[3]/16.], dict(span=[0, 16])).image[0]).all()
