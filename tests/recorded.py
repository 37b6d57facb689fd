"What a run of a minute tells, as it was recorded from digits and shortened; the tests of the views replay it"
import math

def events(hostile='three', start=1_700_000_000.): # hostile: a name that comes from the data
    "A realistic run: look, baselines, three trials of which one fails, test, write, done"
    t,out = start,[]
    def tell(kind, after=0., **what):
        nonlocal t
        t += after
        out.append(dict(kind=kind, at=round(t, 3), **what))
        clocks = sum(o['kind']=='clock' for o in out)
        if int(t-start)>clocks: out.append(dict(kind='clock', at=round(t, 3), used=round(t-start, 1), secs=60.))
    def decide(key, value, evidence, override, **what):
        d = dict(kind='decision', schema=1, key=key, value=value, evidence=evidence, alternatives=[], override=override)
        tell('decision', .1, decision=d, **what)
    tell('clock', used=.4, secs=60.)
    tell('stage', .1, name='look')
    for i in range(0, 1797, 150): tell('progress', .25, doing='reading pictures', done=i, of=1797)
    tell('finding', finder='exact_copies', default=True, evidence="12 pictures are exact copies of others, for example "
                                                                  f"{hostile}/0012.png of {hostile}/0007.png")
    tell('finding', finder='imbalance', default=False,
         evidence=f"the largest class, {hostile}, has 3 times as many rows as the smallest")
    decide('split.valid', .2, 'the data bring no parts of their own', 'AutoLearner(…, valid=0.1)')
    tell('stage', .2, name='baselines')
    tell('progress', 1., doing='linear model', done=1, of=2)
    for n,(epochs,best) in enumerate(((8, .95), (8, .3), (6, .975)), 1):
        trial = f'digits-3f2a-{n:02}'
        tell('trial', .2, trial=trial, n=n, state='running')
        tell('stage', .1, name='prepare', trial=trial)
        tell('stage', 1., name='plan', trial=trial)
        decide('lr', .0123, 'the valley of lr_find over 60 steps, median of 3', "al.override('lr', …)", trial=trial)
        decide('epochs', epochs, f'{1.4*n:.1f} s an epoch on this machine', "al.override('epochs', …)", trial=trial)
        decide('bf16', False, 'bfloat16 was 1.3 times slower here', "al.override('bf16', …)", trial=trial)
        tell('stage', .1, name='train', trial=trial, epochs=epochs)
        if n==2:
            tell('trial', 1., trial=trial, n=n, state='failed', error=f'RuntimeError: out of memory at {hostile}')
            continue
        for i in range(epochs):
            for j in range(8):
                step = 40*i+5*j+1
                tell('step', .25, step=step, of=40*epochs, loss=.15/n+2.2*math.exp(-step/60)+.03*math.sin(step))
            loss,gap = .15+1.8*math.exp(-(i+1)/1.6),.75*math.exp(-(i+1)/1.5)
            row = dict(train_loss=loss, valid_loss=loss*1.1+.05, accuracy=best-gap, macro_f1=best-1.04*gap)
            tell('epoch', .1, epoch=i, **row)
        tell('trial', .3, trial=trial, n=n, state='done', metrics=dict(accuracy=best), error='')
        tell('best', metric='accuracy', value=best, trial=trial)
    tell('note', text=f'The twin notebook opens {hostile} as the run did.')
    tell('stage', .1, name='test')
    tell('stage', .6, name='write')
    run,secs = f'runs/{hostile}-3f2a',round(t-start, 1)
    result = dict(schema=1, status='done', task='image_classification', metric=dict(name='accuracy', better='up'),
                  valid=.975, test=dict(score=.9694, low=.9532, high=.9812, n=360, looks=1), metrics=dict(accuracy=.9694),
                  baselines=dict(most_frequent=.1056, linear=.9139), seconds=secs, budget=60., trials=3)
    tell('done', .5, result=result|dict(run=run, twin=f'{run}/twin.ipynb'))
    return out
