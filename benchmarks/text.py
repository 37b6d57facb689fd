#!/usr/bin/env python
"""Texts: is our loop as quick as a bare one, and are our nets better than fastai by hand in the same minutes?

    python benchmarks/text.py speed [write|tell] [WIDTH]       tokens a second of a language model or of nets that tell texts apart, a ratio, measured in turn in one process
    python benchmarks/text.py score DATA MINUTES SEED [ours|fastai|linear]     DATA: sst2, trec, ag
    python benchmarks/text.py table               rows.jsonl as a table in README.md

Rows are appended to rows.jsonl, with hardware, versions and commit. Data lie in AUTOLEARN_DATA. Nobody has weights from elsewhere.
"""
import json, os, re, subprocess, sys, tempfile, time
from pathlib import Path
import pandas as pd
from rows import add_row, table

DATA = Path(os.environ.get('AUTOLEARN_DATA', '../shared/data')).resolve()

def lines(path, cut=r'(\S+) (.*)', encoding='utf-8'):
    "Text and label of each line"
    found = [re.match(cut, o) for o in path.read_text(encoding).splitlines() if o.strip()]
    return pd.DataFrame([(m[2], m[1]) for m in found], columns=['text', 'label'])

def load(data:str)->tuple: # train, test, and validation where the data bring one
    "The official parts"
    if data=='sst2': return tuple(lines(DATA/f'sst2/stsa.binary.{o}') for o in ('train', 'test', 'dev'))
    if data=='trec': return tuple(lines(DATA/f'trec_questions/{o}', r'(\w+):\S+ (.*)', 'latin-1') for o in ('train_5500.label', 'TREC_10.label'))
    read = lambda o: pd.read_csv(DATA/f'ag_news_subset/{o}', names=['label', 'title', 'text'], dtype=str).fillna('').assign(text=lambda t: t.title+' . '+t.text)[['text', 'label']]
    return read('train_subset.csv'),read('test.csv')

# --- speed

def speed(what:str='write', width:str='256'):
    "Tokens a second of our learner and of a bare loop: the same net, data, loss, optimiser, schedule"
    (write if what=='write' else tell)(int(width))

def write(width:int, epochs:int=6):
    "A language model of `width` states"
    import numpy as np, torch
    from autolearn.layers import bf16_pays
    from autolearn.recipes.text_generation import make_dls, make_learner
    from autolearn.records import Recipe
    from autolearn.source import open_source
    from autolearn.tasks.text_generation import PLAIN
    from torch.nn.functional import cross_entropy
    from turns import compare
    items = open_source(next((DATA/'tinyshakespeare').glob('*.txt'))).items[:400]
    recipe = Recipe('text_generation', PLAIN|dict(hidden=width, bf16=bf16_pays(), epochs=epochs))
    dls = make_dls(items, np.array(['train']*380+['valid']*20), recipe)
    net,b,t,held = make_learner(dls, recipe).model,dls.train.rows_at_once,recipe.steps,[*dls.valid]
    rows = dls.train.flat[:b*dls.train.length+1]
    x,y = rows[:-1].view(b, -1),rows[1:].view(b, -1)
    opt = torch.optim.AdamW(net.parameters(), recipe.lr, betas=(.9, .99), weight_decay=recipe.wd)
    rates = torch.optim.lr_scheduler.OneCycleLR(opt, recipe.lr, total_steps=epochs*len(dls.train), pct_start=.25)
    def begin():
        net.train()
        net.reset()
    def step(i):
        cross_entropy(net(x[:,i*t:(i+1)*t]).flatten(0, 1), y[:,i*t:(i+1)*t].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
        opt.step()
        opt.zero_grad()
        rates.step()
    @torch.no_grad()
    def valid(i):
        net.eval()
        cross_entropy(net(held[i][0]).flatten(0, 1), held[i][1].flatten(), ignore_index=0)
    learn = make_learner(dls, recipe)
    def fit(turns):
        with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(epochs, recipe.lr, cbs=turns)
    add_row(what='speed', data='tinyshakespeare', width=width, of='states', **compare(fit, begin, step, valid, x.numel()))

def tell(width:int, epochs:int=6, n:int=4000):
    "A text CNN and an LSTM side by side, of `width` channels or states"
    import numpy as np, torch
    from autolearn.layers import bf16_pays
    from autolearn.recipes.text_classification import make_dls, make_learner
    from autolearn.records import Recipe
    from autolearn.tasks.text_classification import PLAIN
    from torch.nn.functional import cross_entropy
    from turns import compare
    items = load('sst2')[0][:n+500].assign(key=lambda t: [*map(str, range(len(t)))])
    recipe = Recipe('text_classification', PLAIN|dict(kinds=['cnn', 'lstm'], hidden=width, bf16=bf16_pays(), epochs=epochs))
    dls = make_dls(items, np.array(['train']*n+['valid']*500), recipe)
    net,bs,y,held = make_learner(dls, recipe).model,recipe.bs,dls.train.y[0],torch.tensor(dls.valid.get_idxs())
    opt = torch.optim.AdamW(net.parameters(), recipe.lr, betas=(.9, .99), weight_decay=recipe.wd)
    rates = torch.optim.lr_scheduler.OneCycleLR(opt, recipe.lr, total_steps=epochs*len(dls.train), pct_start=.25)
    order = torch.zeros(len(dls.train.get_idxs()), dtype=torch.long)
    def begin():
        net.train()
        order[:] = torch.tensor(dls.train.get_idxs()) # batches of like length, as ours
    def step(i):
        rows = order[i*bs:(i+1)*bs]
        said = net(dls.train.x[rows])
        cross_entropy(said.flatten(0, 1), y[rows].repeat(len(said))).backward()
        opt.step()
        opt.zero_grad()
        rates.step()
    @torch.no_grad()
    def valid(i):
        net.eval()
        net(dls.valid.x[held[i*bs:(i+1)*bs]])
    learn = make_learner(dls, recipe)
    def fit(turns):
        with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(epochs, recipe.lr, cbs=turns)
    add_row(what='speed', data='sst2', width=width, of='states', **compare(fit, begin, step, valid, int(dls.train.x.lens.sum())))

# --- score

def by_hand(data:str, secs:float, seed:int)->tuple: # as somebody who knows fastai writes it in a few lines
    "Test accuracy and seconds of fastai's AWD-LSTM, without weights from elsewhere"
    start = time.time()
    from fastai.text.all import AWD_LSTM, TextDataLoaders, accuracy, set_seed, text_classifier_learner
    from autolearn.train import GiveUp, Stopwatch
    train,test,*valid = load(data)
    set_seed(seed, reproducible=True)
    rows = pd.concat([train.assign(is_valid=False), valid[0].assign(is_valid=True)]) if valid else train.assign(is_valid=pd.Series(range(len(train))).sample(frac=1, random_state=seed).to_numpy()<.1*len(train))
    dls = TextDataLoaders.from_df(rows.reset_index(drop=True), text_col='text', label_col='label', valid_col='is_valid', bs=64, num_workers=0)
    build = lambda: text_classifier_learner(dls, AWD_LSTM, pretrained=False, drop_mult=.5, metrics=accuracy)
    ready = time.time()-start
    # who has done it before knows how many epochs fit: he has all of the time for them
    learn,watch = build(),Stopwatch()
    with learn.no_bar(), learn.no_logging(): learn.fit(1, 4e-3, cbs=[watch, GiveUp(25.)])
    step = sum(watch.secs[3:])/len(watch.secs[3:])
    ask = .4*step*len(test)/dls.bs
    epochs = max(1, int((secs-ready-ask)/(step*(len(dls.train)+.4*len(dls.valid)))))
    start = time.time()-ready
    set_seed(seed, reproducible=True)
    learn = build()
    with learn.no_bar(): learn.fit_one_cycle(epochs, 4e-3)
    dl = dls.test_dl(test, with_labels=True)
    with learn.no_bar(): probs,truth = learn.get_preds(dl=dl)
    return float((probs.argmax(1)==truth).float().mean()), len(test), time.time()-start, dict(epochs=epochs)

def linear(data:str, secs:float, seed:int)->tuple:
    "Test accuracy and seconds of tf-idf of words and pairs, and logistic regression"
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    train,test,*valid = load(data)
    start = time.time()
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)).fit(train.text, train.label)
    return float(model.score(test.text, test.label)), len(test), time.time()-start, {}

def ours(data:str, secs:float, seed:int)->tuple:
    "Test accuracy and seconds of one command; `seed` deals validation and training anew"
    with tempfile.TemporaryDirectory() as tmp:
        for name,t in zip(('train', 'test', 'dev'), load(data)): t.to_csv(f'{tmp}/{name}.csv', index=False)
        start = time.time()
        subprocess.run(['autolearn', 'fit', tmp, '--target', 'label', '--budget', f'{int(secs)}s', '--out', tmp+'/run', '--seed', str(seed), '--offline'], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env={k:v for k,v in os.environ.items() if k!='AUTOLEARN_WEIGHTS'})
        r = json.loads(Path(tmp, 'run/result.json').read_text())
        return r['test']['score'], r['test']['n'], time.time()-start, dict(choices=r['recipe']['choices'])

def score(data:str, minutes:str, seed:str, who:str='ours'):
    from autolearn.metric import wilson
    s,n,wall,more = dict(ours=ours, fastai=by_hand, linear=linear)[who](data, 60*float(minutes), int(seed))
    low,high = wilson(round(s*n), n)
    add_row(what='score', data=data, minutes=float(minutes), seed=int(seed), who=who, score=round(s, 4), low=round(low, 4), high=round(high, 4), n=n, wall=round(wall), **more)

if __name__=='__main__':
    if len(sys.argv)<2 or sys.argv[1] not in ('speed', 'score', 'table'): sys.exit(__doc__)
    dict(speed=speed, score=score, table=table)[sys.argv[1]](*sys.argv[2:])
