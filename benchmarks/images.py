#!/usr/bin/env python
"""Pictures: is our loop as quick as a bare one, and are our nets better than fastai by hand in the same minutes?

    python benchmarks/images.py speed [WIDTH]       a ratio, measured in turn in one process; 16 is the net of one minute, 32 that of five
    python benchmarks/images.py score DATA MINUTES SEED [ours|fastai]     DATA: fashion_mnist, cifar10_jpeg, imagenette_subset
    python benchmarks/images.py table               rows.jsonl as a table in README.md

Rows are appended to rows.jsonl, with hardware, versions and commit. Data lie in AUTOLEARN_DATA.
"""
import json, os, subprocess, sys, tempfile, time
from pathlib import Path
from rows import add_row, table

DATA = Path(os.environ.get('AUTOLEARN_DATA', '../shared/data')).resolve()
WHERE = dict(fashion_mnist='fashion_mnist', cifar10_jpeg='cifar10_jpeg/cifar10_jpeg.tar.gz', imagenette_subset='imagenette_subset/imagenette_subset.tar.gz')

# --- speed

def speed(width:str='32', n:int=10_000, epochs:int=20):
    "Pictures a second of our learner and of a bare loop: the same net, data, augmentation, loss, optimiser, schedule. They take turns after each batch, so that what else the machine does meets both"
    import numpy as np, torch
    from autolearn.recipes.image_classification import make_dls, make_learner
    from autolearn.layers import bf16_pays
    from autolearn.records import Recipe
    from autolearn.source import open_source
    from autolearn.tasks.image_classification import PLAIN
    from torch.nn.functional import cross_entropy
    from turns import compare
    items = open_source(DATA/'fashion_mnist').items[:n+1000]
    items['key'] = items.key.astype(str)
    recipe = Recipe('image_classification', PLAIN|dict(shape=[1, 28, 28], store='array', shift=1, bs=128, widths=[int(width)*k for k in (1, 2, 4)], bf16=bf16_pays(), lr=.005, epochs=epochs))
    dls = make_dls(items, np.array(['train']*n+['valid']*1000), recipe)
    x,y,held = dls.train.x.clone(),dls.train.y[0].clone(),dls.valid.x.clone()
    net = make_learner(dls, recipe).model
    opt = torch.optim.AdamW([o for o in net.parameters() if o.requires_grad], recipe.lr, betas=(.9, .99), weight_decay=recipe.wd, fused=True)
    rates = torch.optim.lr_scheduler.OneCycleLR(opt, recipe.lr, total_steps=epochs*(n//recipe.bs), pct_start=.25)
    perm = torch.arange(n)
    def begin():
        net.train()
        torch.randperm(n, out=perm)
    def step(i):
        rows = perm[i*recipe.bs:(i+1)*recipe.bs]
        b = x[rows]
        for f in dls.train.augment: b = f(b)
        loss = cross_entropy(net(b), y[rows], label_smoothing=recipe.smooth)
        loss.backward()
        opt.step()
        opt.zero_grad()
        rates.step()
    @torch.no_grad()
    def valid(i):
        net.eval()
        net(held[i*recipe.bs:(i+1)*recipe.bs])
    learn = make_learner(dls, recipe)
    def fit(turns):
        with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(epochs, recipe.lr, cbs=turns)
    add_row(what='speed', data='fashion_mnist', width=int(width), **compare(fit, begin, step, valid, n))

# --- score

def by_hand(data:str, secs:float, seed:int)->tuple: # as somebody who knows fastai writes it in a few lines
    "Test accuracy and seconds of plain fastai"
    start = time.time()
    import numpy as np
    from fastai.vision.all import (CategoryBlock, CrossEntropyLossFlat, DataBlock, ImageBlock, Learner, Normalize, RandomResizedCrop, RandomSplitter, Resize,
        accuracy, aug_transforms, get_image_files, imagenet_stats, parent_label, resnet18, set_seed, vision_learner, xresnet18)
    from autolearn.train import GiveUp, Stopwatch
    set_seed(seed, reproducible=True)
    with tempfile.TemporaryDirectory() as tmp:
        if data=='fashion_mnist':
            from autolearn.source import open_source
            from PIL import Image
            items = open_source(DATA/data).items
            train,test = items[items.part=='train'],items[items.part=='test']
            pick = lambda rows: [dict(image=Image.fromarray(x).convert('RGB'), label=y) for x,y in zip(rows.image, rows.label)] # of a tuple fastai would take each part
            rows,held = pick(train),pick(test)
            block = DataBlock((ImageBlock, CategoryBlock), get_x=lambda o: np.array(o['image']), get_y=lambda o: o['label'], splitter=RandomSplitter(.1, seed=seed),
                              batch_tfms=[Normalize.from_stats(*imagenet_stats)])
        else:
            import tarfile
            with tarfile.open(DATA/WHERE[data]) as t: t.extractall(tmp, filter='data')
            files = get_image_files(tmp)
            part = lambda *names: [o for o in files if o.parent.parent.name in names]
            rows,held = part('train'),part('val', 'test')
            small = data=='cifar10_jpeg'
            block = DataBlock((ImageBlock, CategoryBlock), get_y=parent_label, splitter=RandomSplitter(.1, seed=seed),
                              item_tfms=Resize(32) if small else RandomResizedCrop(128, min_scale=.35),
                              batch_tfms=[*([] if small else aug_transforms(size=128)), Normalize.from_stats(*imagenet_stats)])
        def build():
            dls = block.dataloaders(rows, bs=64 if data=='imagenette_subset' else 128, num_workers=0)
            if data=='imagenette_subset': return Learner(dls, xresnet18(n_out=dls.c), loss_func=CrossEntropyLossFlat(), metrics=accuracy),4e-3
            return vision_learner(dls, resnet18, pretrained=False, normalize=False, metrics=accuracy),2e-3
        # who has done it before knows how many epochs fit: he has all of the time for them
        ready = time.time()-start
        (learn,lr),watch = build(),Stopwatch()
        with learn.no_bar(), learn.no_logging(): learn.fit(1, lr, cbs=[watch, GiveUp(25.)])
        step = sum(watch.secs[3:])/len(watch.secs[3:])
        test = .4*step*len(held)/learn.dls.bs
        epochs = max(1, int((secs-ready-test)/(step*(len(learn.dls.train)+.4*len(learn.dls.valid)))))
        start = time.time()-ready
        set_seed(seed, reproducible=True)
        learn,lr = build()
        with learn.no_bar(): learn.fit_one_cycle(epochs, lr)
        probs,truth = learn.get_preds(dl=learn.dls.test_dl(held, with_labels=True))
        return float((probs.argmax(1)==truth).float().mean()), len(held), time.time()-start, dict(epochs=epochs)

def ours(data:str, secs:float, seed:int)->tuple:
    "Test accuracy and seconds of one command; `seed` deals validation and training anew"
    with tempfile.TemporaryDirectory() as tmp:
        start = time.time()
        subprocess.run(['autolearn', 'fit', str(DATA/WHERE[data]), '--budget', f'{int(secs)}s', '--out', tmp+'/run', '--seed', str(seed), '--offline'], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wall,r = time.time()-start,json.loads(Path(tmp, 'run/result.json').read_text())
        return r['test']['score'], r['test']['n'], wall, dict(low=r['test']['low'], high=r['test']['high'], recipe=json.loads(Path(tmp, 'run/model/recipe.json').read_text())['choices'])

def score(data:str, minutes:str, seed:str, who:str='ours'):
    from autolearn.metric import wilson
    s,n,wall,more = (ours if who=='ours' else by_hand)(data, 60*float(minutes), int(seed))
    low,high = wilson(round(s*n), n)
    add_row(what='score', data=data, minutes=float(minutes), seed=int(seed), who=who, score=round(s, 4), low=round(low, 4), high=round(high, 4), n=n, wall=round(wall), **({} if who=='ours' else more), **({'choices':more['recipe']} if who=='ours' else {}))

if __name__=='__main__':
    if len(sys.argv)<2 or sys.argv[1] not in ('speed', 'score', 'table'): sys.exit(__doc__)
    dict(speed=speed, score=score, table=table)[sys.argv[1]](*sys.argv[2:])
