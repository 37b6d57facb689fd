"Training that breaks and goes on, where the notebook's example does not reach"
from pathlib import Path
import pytest, torch
from fastai.vision.all import Callback, CrossEntropyLossFlat, DataLoader, DataLoaders, Learner, OptimWrapper, partial, set_seed
from autolearn.layers import conv_net
from autolearn.tasks.image_classification import example
from autolearn.train import Checkpoint, Muon, Seeded

class Break(Callback):
    def before_batch(self):
        if self.training and self.epoch==1 and self.iter==3: raise RuntimeError('power cut')

def train(*cbs, half=False):
    x,y = [torch.as_tensor(o) for o in example(192)]
    dls = DataLoaders(DataLoader([*zip(x[:,None], y)], bs=32, shuffle=True), DataLoader([*zip(x[:64,None], y)], bs=64))
    set_seed(0)
    opt = partial(OptimWrapper, opt=Muon, betas=(.9, .99), fused=True, half=half)
    learn = Learner(dls, conv_net(1, 10, [8, 16]), CrossEntropyLossFlat(), opt_func=opt, wd=.05, cbs=[Seeded(0), *cbs])
    learn.path = Path('/nowhere')
    with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(3, 1e-2)
    return learn

@pytest.mark.parametrize('half', [False, True])
def test_muon_goes_on_exactly(tmp_path, half):
    "Momentum of the filters, steps and moments of the rest are all in the checkpoint"
    path = tmp_path/'state.safetensors'
    with pytest.raises(RuntimeError, match='power cut'): train(Break(), Checkpoint(path), half=half)
    resumed,whole = train(Checkpoint(path), half=half),train(half=half)
    assert all(torch.equal(a, b) for a,b in zip(resumed.model.state_dict().values(), whole.model.state_dict().values()))

def test_muon_learns():
    learn = train()
    losses = [float(o) for o in learn.recorder.losses]
    assert sum(losses[-3:])<.9*sum(losses[:3]), losses
    filters = [p for p in learn.model.parameters() if p.ndim==4 and p.requires_grad]
    assert all('momentum' in learn.opt.opt.state[p] and 'exp_avg' not in learn.opt.opt.state[p] for p in filters)
