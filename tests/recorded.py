"What a run of a minute tells, as it was recorded from digits and shortened; the tests of the views replay it"
import math

def events(hostile='three', start=1_700_000_000.): # hostile: a name that comes from the data
    "A realistic run: look, baselines, three trials of which one fails, test, write, done"
    t,out = start,[]
    def tell(kind, after=0., **what):
        nonlocal t
        t += after
        out.append(dict(kind=kind, at=round(t, 3), **what))
        if kind!='clock' and int(t-start)>sum(o['kind']=='clock' for o in out): out.append(dict(kind='clock', at=round(t, 3), used=round(t-start, 1), secs=60.))
    tell('clock', used=.4, secs=60.)
    tell('stage', .1, name='look')
    for i in range(0, 1797, 150): tell('progress', .25, doing='reading pictures', done=i, of=1797)
    tell('finding', finder='exact_copies', evidence=f"12 pictures are exact copies of others, for example {hostile}/0012.png of {hostile}/0007.png", default=True)
    tell('finding', finder='imbalance', evidence=f"the largest class, {hostile}, has 3 times as many rows as the smallest", default=False)
    tell('decision', decision=dict(kind='decision', schema=1, key='split.valid', value=.2, evidence='the data bring no parts of their own', alternatives=[.1],
                                   override="AutoLearner(…, valid=0.1)"))
    tell('stage', .2, name='baselines')
    tell('progress', 1., doing='linear model', done=1, of=2)
    for n,(epochs,best) in enumerate(((8, .95), (8, .3), (6, .975)), 1):
        trial = f'digits-3f2a-{n:02}'
        tell('trial', .2, trial=trial, n=n, state='running')
        tell('stage', .1, name='prepare', trial=trial)
        tell('stage', 1., name='plan', trial=trial)
        for k,v,why in (('lr', .0123, 'the valley of lr_find over 60 steps, median of 3'), ('epochs', epochs, f'{1.4*n:.1f} s an epoch, measured on this machine'),
                        ('bf16', False, 'bfloat16 was 1.3 times slower here')):
            tell('decision', .1, trial=trial, decision=dict(kind='decision', schema=1, key=k, value=v, evidence=why, alternatives=[], override=f'al.override({k!r}, …)'))
        tell('stage', .1, name='train', trial=trial, epochs=epochs)
        if n==2:
            tell('trial', 1., trial=trial, n=n, state='failed', metrics={}, error=f'RuntimeError: out of memory while reading {hostile}')
            continue
        for i in range(epochs):
            for j in range(8):
                step = 40*i+5*j+1
                tell('step', .25, step=step, of=40*epochs, loss=.15/n+2.2*math.exp(-step/60)+.03*math.sin(step))
            loss = .15+1.8*math.exp(-(i+1)/1.6)
            tell('epoch', .1, epoch=i, train_loss=loss, valid_loss=loss*1.1+.05, accuracy=best-.75*math.exp(-(i+1)/1.5), macro_f1=best-.78*math.exp(-(i+1)/1.5))
        tell('trial', .3, trial=trial, n=n, state='done', metrics=dict(accuracy=best), error='')
        tell('best', metric='accuracy', value=best, trial=trial)
    tell('note', text=f'The twin notebook opens {hostile} as the run did.')
    tell('stage', .1, name='test')
    tell('stage', .6, name='write')
    tell('done', .5, result=dict(schema=1, status='done', task='image_classification', metric=dict(name='accuracy', better='up'), valid=.975,
        test=dict(score=.9694, low=.9532, high=.9812, n=360, looks=1), metrics=dict(accuracy=.9694), baselines=dict(most_frequent=.1056, linear=.9139),
        seconds=round(t-start, 1), budget=60., n_train=1150, n_valid=287, trials=3, run=f'runs/{hostile}-3f2a', twin=f'runs/{hostile}-3f2a/twin.ipynb'))
    return out
