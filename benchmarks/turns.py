"Our loop and a bare one in turn: after each batch of ours one of the other, so that what else the machine does meets both"
import time
import numpy as np
from fastai.basics import Callback

class Turns(Callback):
    "A batch of the bare loop after each of ours; `secs` holds the seconds of both for each epoch"
    order = 1000
    def __init__(self, begin, step, valid): self.begin,self.step_of,self.valid_of = begin,step,valid # an epoch begins; batch i of training; of validation
    def before_fit(self): self.secs,self.t = [[0., 0.]],time.perf_counter()
    def before_train(self): self.begin()
    def after_batch(self):
        start = time.perf_counter()
        (self.step_of if self.training else self.valid_of)(self.iter)
        self.secs[-1][0] += start-self.t
        self.t = time.perf_counter()
        self.secs[-1][1] += self.t-start
    def after_epoch(self):
        now = time.perf_counter()
        self.secs[-1][0] += now-self.t
        self.t = now
        self.secs.append([0., 0.])

def compare(fit, begin, step, valid, n:int)->dict: # gets callbacks; as for `Turns`; examples or tokens of an epoch
    "What both do in a second, and the ratio with its interval"
    turns = Turns(begin, step, valid)
    fit(turns)
    ours,bare = np.array(turns.secs[1:-1]).T # the first epoch warms up
    ratios = bare/ours
    low,high = np.quantile(np.median(np.random.default_rng(0).choice(ratios, (10_000, len(ratios))), 1), [.025, .975]) # bootstrap
    return dict(ours=round(n/np.median(ours)), bare=round(n/np.median(bare)), ratio=round(np.median(ratios), 3), low=round(low, 3), high=round(high, 3), ratios=[*ratios.round(3)])
