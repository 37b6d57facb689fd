"""One linear layer on pixels

## `make_dls`: pixels in batches
The pictures become numbers, the labels become places.

## `flat`: a net of one layer
Every pixel votes for every class."""
import numpy as np, pandas as pd, torch
from torch import nn
from fastai.vision.all import (CategoryBlock, ColReader, ColSplitter, CrossEntropyLossFlat, DataBlock, DataLoaders, ImageBlock, Learner, PILImage,
    accuracy, set_seed, show_images)
from autolearn.evaluate import Predictions
from autolearn.fastdata import StackedDL, fit_size
from autolearn.media.image import read_picture
from autolearn.records import Decision
from autolearn.train import Seeded, Shorten

class flat(nn.Sequential):
    "Bytes to votes"
    def forward(self, x): return super().forward(x.float()/255)

def make_dls(items:pd.DataFrame, split:np.ndarray, recipe)->DataLoaders:
    "Batches of pictures"
    seen = items[split!='test'].assign(is_valid=split[split!='test']=='valid')
    block = DataBlock((ImageBlock(PILImage), CategoryBlock(vocab=sorted(set(seen.label)))), get_x=ColReader('image'),
                      get_y=ColReader('label'), splitter=ColSplitter())
    stack = lambda cells: np.stack([fit_size(read_picture(o), recipe.shape) for o in cells])
    code = lambda vocab, labels: torch.tensor([vocab.o2i[o] for o in labels])
    dls = block.dataloaders(seen, bs=recipe.bs, dl_type=StackedDL, stack=stack, code=code)
    return dls

def show_batch(dls):
    "A row of them"
    x,y = dls.train.one_batch()
    show_images(x[:8], titles=[dls.vocab[i] for i in y[:8]], nrows=1)

def make_learner(dls:DataLoaders, recipe)->Learner:
    "One layer"
    set_seed(recipe.seed)
    net = flat(nn.Flatten(), nn.LazyLinear(len(dls.vocab)))
    net(dls.train.x[:2])
    learn = Learner(dls, net, CrossEntropyLossFlat(), metrics=accuracy, cbs=[Seeded(recipe.seed)])
    return learn

def plan(learn, recipe, secs):
    "A rate that suits one layer"
    if recipe.lr is not None: return recipe,[]
    return recipe.having(lr=.05),[Decision('lr', .05, "one layer bears a high rate")]

def fit(learn:Learner, recipe):
    "One cycle"
    if recipe.cuts: learn.add_cb(Shorten(recipe.cuts))
    learn.fit_one_cycle(recipe.epochs, recipe.lr)

def score(learn:Learner, dl, recipe)->dict:
    "Accuracy"
    probs,truth = learn.get_preds(dl=dl)
    return dict(accuracy=float((probs.argmax(1)==truth).double().mean()))

def predict(learn, dl, recipe):
    "Answers"
    rows,(probs,_) = dl.dataset.items,learn.get_preds(dl=dl)
    return Predictions.of_probs([*rows.key], probs.numpy(), [*learn.dls.vocab], [*rows.label] if 'label' in rows else None)

def baselines(items, split):
    "Always the most frequent"
    held,share = items[split!='train'],items.label[split=='train'].value_counts(normalize=True)
    vocab = sorted(set(items.label[split!='test']))
    probs = np.tile(share.reindex(vocab).fillna(0.).to_numpy(), (len(held), 1))
    return {'most frequent class':Predictions.of_probs([*held.key], probs, vocab, [*held.label])}

def facts(dls): return dict(classes=[*dls.vocab])

def open_dls(facts, recipe):
    "Blank pictures stand in"
    classes = facts['classes']
    items = pd.DataFrame(dict(key='', image=[np.zeros(recipe.shape[1:], 'uint8')]*2*len(classes), label=classes*2))
    return make_dls(items, np.repeat(['train', 'valid'], len(classes)), recipe)
