"What a recipe decides when there is hardly any time"
import time
import numpy as np
from autolearn.core import plugin
from autolearn.media.image import add_content
from autolearn.recipes.image_classification import make_dls, make_learner, plan
from autolearn.records import Recipe
from autolearn.source import open_source
from autolearn.split import split_items
from autolearn.tasks.image_classification import PLAIN, example

def test_no_time_left_for_planning():
    "A machine that others use may have eaten the time: what is left of it is for learning, not for measuring"
    items = add_content(open_source(example(400)).items)
    recipe = Recipe('image_classification', PLAIN|dict(shape=[1, 8, 8], shift=1, flip=False, bs=64, widths=None, lr=None, epochs=None, bf16=None, muon=None))
    learn = make_learner(make_dls(items, split_items(items, valid=.2, test=.2), recipe), recipe)
    start = time.time()
    closed,why = plan(learn, recipe, .01)
    assert closed.closed and not closed.muon and not closed.bf16 and time.time()-start<5
    assert {o.key:o.evidence for o in why}['muon']=='there was no time to try it'

def test_pixels_mean_what_they_meant():
    "The same picture as bytes, 0 to 1, -1 to 1, 0 to 255 and as one of several gives the same pixels; what nobody can know is refused"
    medium,(x,_) = plugin('media', 'image'),example(20)
    x = (x.astype(float)*255/x.max()).round().astype('uint8')
    for o in (x/255, x/127.5-1, x.astype(float), x.astype('int64'), [*(x/255)]): assert all((a==b).all() for a,b in zip(medium.as_items(o).image, x))
    dark = np.concatenate([x[:1]//255, x[1:]]).astype(float) # one picture of zeros and ones among others from 0 to 255
    assert (medium.as_items(dark).image[0]==x[0]//255).all()
    assert (medium.as_items(x/16., dict(span=[0, 16])).image[3]==medium.as_items([x[3]/16.], dict(span=[0, 16])).image[0]).all()
