#!/usr/bin/env python
"""Pictures that never were: is our loop as quick as a bare one, and how far are our pictures from real ones beside those of PyTorch's tutorial in the same minutes?

    python benchmarks/gan.py speed [WIDTH]       rounds a second, a ratio, measured in turn in one process
    python benchmarks/gan.py score DATA MINUTES SEED [ours|dcgan128|dcgan16]     DATA: fashion_mnist, cifar10_jpeg
    python benchmarks/gan.py table               rows.jsonl as a table in README.md

The yardstick is the net of PyTorch's DCGAN tutorial (nz 100, ngf = ndf = 64, Adam 2e-4, betas .5 and .999) at 32×32, one layer less than there, with the tutorial's batch of 128 and with 16, on our pipeline, in our number format.
Who looks belongs to none of them: a classifier that learns from the whole training part, always with the same seed, six times over it; how often it is right for the test part is in each row.
Rows are appended to rows.jsonl, with hardware, versions and commit. Data lie in AUTOLEARN_DATA.
"""
import json, os, shutil, subprocess, sys, tempfile, time
from functools import lru_cache
from pathlib import Path
from rows import add_row, table

DATA = Path(os.environ.get('AUTOLEARN_DATA', '../shared/data')).resolve()
WHERE = dict(fashion_mnist='fashion_mnist', cifar10_jpeg='cifar10_jpeg/cifar10_jpeg.tar.gz')
KEPT = Path(tempfile.gettempdir())/'autolearn_gan'

# --- speed

def speed(width:str='24', n:int=8000, epochs:int=8):
    "Rounds of our learner and of a bare loop: the same two nets, data, rule, penalty, optimiser, schedule, and the mean of the generator"
    import numpy as np, torch
    from autolearn.layers import bf16_pays
    from autolearn.recipes.image_generation import make_dls, make_learner
    from autolearn.records import Recipe
    from autolearn.source import open_source
    from autolearn.tasks.image_generation import PLAIN
    from turns import compare
    items = open_source(DATA/'fashion_mnist').items[:n+500].assign(key=lambda t: t.key.astype(str))
    recipe = Recipe('image_generation', PLAIN|dict(classes=True, shape=[1, 28, 28], store='array', width=int(width), critic_width=int(width), bf16=bf16_pays(), epochs=epochs))
    dls = make_dls(items, np.array(['train']*n+['valid']*500), recipe)
    x,y,bs = dls.train.x.clone(),dls.train.y[0].clone(),recipe.bs
    net = make_learner(dls, recipe).model
    opt = torch.optim.Adam([o for k in (net.make, net.critic) for o in k.parameters()], recipe.lr, betas=(.5, .99), fused=True)
    perm,done = torch.arange(n),[0]
    fast,slow = [*net.make.parameters()],[*net.slow.parameters()]
    def begin():
        net.train()
        torch.randperm(n, out=perm)
    def step(i):
        rows = perm[i*bs:(i+1)*bs]
        net.steps = i
        net(x[rows], y[rows]).backward()
        opt.step()
        opt.zero_grad()
        done[0] += 1
        with torch.no_grad():
            share = 1/(1+recipe.slow*done[0])
            torch._foreach_lerp_(slow, fast, share)
            for a,b in zip(net.slow.buffers(), net.make.buffers()): a.copy_(b) if a.dtype==torch.long else a.lerp_(b, share)
    @torch.no_grad()
    def valid(i):
        net.eval()
        net(dls.valid.x[i*bs:(i+1)*bs], dls.valid.y[0][i*bs:(i+1)*bs])
    learn = make_learner(dls, recipe)
    learn.remove_cb(learn.watch) # it measures after each epoch, and a bare loop does not
    learn.metrics = []
    def fit(turns):
        with learn.no_bar(), learn.no_logging(): learn.fit(epochs, recipe.lr, cbs=turns)
    add_row(what='speed', data='fashion_mnist, two nets', width=int(width), **compare(fit, begin, step, valid, n))

# --- score

@lru_cache
def pictures(data:str)->tuple: # bytes (N, C, H, W) of the training part, numbers of classes; the same of the test part; names of the test part's rows, of classes
    "The official parts of a data set"
    import numpy as np
    from autolearn.recipes.image_generation import make_dls
    from autolearn.records import Recipe
    from autolearn.source import open_source
    from autolearn.tasks.image_generation import PLAIN
    items = open_source(DATA/WHERE[data]).items.sample(frac=1, random_state=0, ignore_index=True) # in folders they lie class by class
    items = items.assign(key=items.key.astype(str), label=items.label.astype(str))
    shape = [1, 28, 28] if data=='fashion_mnist' else [3, 32, 32]
    recipe = Recipe('image_generation', PLAIN|dict(classes=True, shape=shape, store='array' if data=='fashion_mnist' else 'memory'))
    dls = make_dls(items, np.where(items.part=='test', 'valid', 'train').astype(object), recipe)
    return dls.train.x, dls.train.y[0], dls.valid.x, dls.valid.y[0], [*items.key[items.part=='test']], np.array([*dls.vocab], dtype=object)

@lru_cache
def extractor(data:str):
    "A classifier that knows the training part"
    from fastai.basics import set_seed
    from safetensors.torch import load_file, save_file
    from autolearn.gan import Judge, train_judge
    from autolearn.layers import bf16_pays
    x,y,tx,ty,_,vocab = pictures(data)
    set_seed(0)
    judge,path = Judge(x.shape[1], len(vocab), [32, 64, 128], len(x)),KEPT/f'{data}.safetensors'
    if path.exists(): judge.load_state_dict(load_file(path))
    else:
        train_judge(judge, (x, y), (tx, ty), 6*(len(x)//128), bf16_pays())
        KEPT.mkdir(exist_ok=True)
        save_file({k:v.contiguous() for k,v in judge.state_dict().items()}, path)
    return judge

def likeness(data:str, made, asked=None)->tuple: # bytes of as many pictures as there are in the test part; numbers of classes; figures; distance and its interval
    "What the extractor says of made pictures"
    from autolearn.evaluate import Predictions
    judge,(_, _, tx, _, keys, vocab) = extractor(data),pictures(data)
    look,named = judge.look(made)
    words = (None, None) if asked is None else (vocab[asked.numpy()], vocab[named])
    p = Predictions.of_crowds(keys, judge.look(tx)[0], look, judge.remembered(keys), *words)
    s,low,high = p.interval('frechet')
    return p.score(), dict(score=s, low=low, high=high, n=len(made), right=round(float(judge.right), 4))

def ours(data:str, secs:float, seed:int)->tuple: # made pictures, numbers of the classes that were asked for; seconds; more
    "One command"
    from autolearn.gan import kinds_for, make_pictures, noise_of
    from autolearn.model import Model
    run,keys = KEPT/f'{data}-{secs:g}-{seed}',pictures(data)[4]
    shutil.rmtree(run, ignore_errors=True)
    start = time.time()
    subprocess.run(['autolearn', 'fit', DATA/WHERE[data], '--task', 'image_generation', '--budget', f'{int(secs)}s', '--out', run, '--seed', str(seed), '--offline'], check=True, stdout=subprocess.DEVNULL)
    wall,r,net = time.time()-start,json.loads((run/'result.json').read_text()),Model.load(run).learn.model
    asked = kinds_for(net, keys)
    return make_pictures(net, noise_of(keys, net.make.n_noise, 0), asked), asked, wall, dict(own={k:round(v, 4) for k,v in r['metrics'].items()}, choices=r['recipe']['choices'])

def tutorial(data:str, secs:float, seed:int, bs:int)->tuple: # likewise
    "PyTorch's tutorial"
    import torch
    from torch import nn
    from torch.nn import functional as F
    from autolearn.layers import bf16_pays
    x,test = pictures(data)[0],pictures(data)[2]
    c,h,_ = x.shape[1:]
    side,half = (32-h)//2,bf16_pays()
    torch.manual_seed(seed)
    def first(m):
        if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)): nn.init.normal_(m.weight, 0., .02)
        elif isinstance(m, nn.BatchNorm2d): nn.init.normal_(m.weight, 1., .02)
    up = lambda i, o, s=2, p=1: (nn.ConvTranspose2d(i, o, 4, s, p, bias=False), nn.BatchNorm2d(o), nn.ReLU(True))
    down = lambda i, o: (nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(.2, True))
    G = nn.Sequential(*up(100, 256, 1, 0), *up(256, 128), *up(128, 64), nn.ConvTranspose2d(64, c, 4, 2, 1, bias=False), nn.Tanh()).apply(first).to(memory_format=torch.channels_last)
    D = nn.Sequential(nn.Conv2d(c, 64, 4, 2, 1, bias=False), nn.LeakyReLU(.2, True), *down(64, 128), *down(128, 256), nn.Conv2d(256, 1, 4, 1, 0, bias=False)).apply(first).to(memory_format=torch.channels_last)
    og,od = (torch.optim.Adam(o.parameters(), 2e-4, betas=(.5, .999), fused=True) for o in (G, D))
    cast = lambda: torch.autocast('cpu', torch.bfloat16, enabled=half)
    start,steps,order = time.time(),0,[]
    while time.time()-start<secs: # all of the minutes are for training
        if len(order)<bs: order = torch.randperm(len(x))
        rows,order = order[:bs],order[bs:]
        real = F.pad(x[rows].float()/127.5-1, (side,)*4, value=-1.).contiguous(memory_format=torch.channels_last)
        with cast():
            made = G(torch.randn(bs, 100, 1, 1))
            loss = F.softplus(-D(real).float()).mean()+F.softplus(D(made.detach()).float()).mean()
        od.zero_grad()
        loss.backward()
        od.step()
        og.zero_grad()
        with cast(): loss = F.softplus(-D(made).float()).mean()
        loss.backward()
        og.step()
        steps += 1
    wall,n = time.time()-start,len(test)
    with torch.no_grad(), cast(): made = torch.cat([G(torch.randn(min(500, n-i), 100, 1, 1)).float() for i in range(0, n, 500)]) # the tutorial keeps the norms of training
    made = ((made[:,:,side:side+h,side:side+h]+1)*127.5).round().clamp(0, 255).to(torch.uint8)
    return made, None, wall, dict(steps=steps)

def score(data:str, minutes:str, seed:str, who:str='ours'):
    secs = 60*float(minutes)
    extractor(data) # before time is taken
    made,asked,wall,more = ours(data, secs, int(seed)) if who=='ours' else tutorial(data, secs, int(seed), int(who.removeprefix('dcgan')))
    figures,test = likeness(data, made, asked)
    add_row(what='likeness', data=data, minutes=float(minutes), seed=int(seed), who=who, score=round(test['score'], 3), low=round(test['low'], 3), high=round(test['high'], 3), n=test['n'], right=test['right'], wall=round(wall), figures={k:round(v, 4) for k,v in figures.items()}, **more)

if __name__=='__main__':
    if len(sys.argv)<2 or sys.argv[1] not in ('speed', 'score', 'table'): sys.exit(__doc__)
    dict(speed=speed, score=score, table=table)[sys.argv[1]](*sys.argv[2:])
