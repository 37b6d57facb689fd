"The path of pretrained nets from end to end, with weights that were never trained: none may be downloaded here"
import json
import numpy as np, pytest
from PIL import Image
from runs import call, result

@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    "Pieces of two photographs that ship with scikit-learn"
    from sklearn.datasets import load_sample_images
    top,rng = tmp_path_factory.mktemp('photos'),np.random.default_rng(0)
    for name,p in zip(('china', 'flower'), load_sample_images().images):
        (top/name).mkdir()
        for i in range(40):
            r,c = [int(rng.integers(0, s-100)) for s in p.shape[:2]]
            Image.fromarray(p[r:r+100, c:c+100]).save(top/f'{name}/{i}.png')
    return top

@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    import timm, torch
    from safetensors.torch import save_file
    folder = tmp_path_factory.mktemp('weights')
    torch.manual_seed(0)
    save_file(timm.create_model('resnet18').state_dict(), folder/'resnet18.safetensors')
    return folder

@pytest.mark.parametrize('once', [True, False])
def test_pretrained(photos, weights, tmp_path, monkeypatch, once):
    "Found by its name, used, and the twin reaches the same figures"
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(weights))
    code,out = call('fit', photos, '--budget', '40s', '--offline', '--out', tmp_path/'run', '--set', 'shape=[3, 64, 64]', '--set', 'epochs=2', '--set', f'once={json.dumps(once)}',
                    '--set', f'thaw={1. if once else .5}')
    assert code==0, out
    choices = result(tmp_path/'run')['recipe']['choices']
    assert choices['net']=='resnet18' and choices['once'] is once
    code,out = call('verify', tmp_path/'run')
    assert code==0, out

def test_without_weights(photos, tmp_path, monkeypatch):
    "Offline and with an empty folder it learns from nothing"
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(tmp_path))
    monkeypatch.setenv('HF_HOME', str(tmp_path/'none'))
    monkeypatch.setenv('TORCH_HOME', str(tmp_path/'none'))
    code,out = call('fit', photos, '--budget', '30s', '--offline', '--out', tmp_path/'run', '--set', 'epochs=2')
    assert code==0, out
    choices = result(tmp_path/'run')['recipe']['choices']
    assert choices['net']=='' and choices['stride']==2 and choices['zoom']<1

def test_a_pretrained_net_that_is_not_wanted(photos, weights, tmp_path, monkeypatch):
    "The override that the decision offers gives a net of its own, and a twin"
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(weights))
    code,out = call('fit', photos, '--budget', '40s', '--offline', '--out', tmp_path/'run', '--set', 'shape=[3, 32, 32]', '--set', 'net=', '--set', 'weights=', '--set', 'epochs=2')
    assert code==0 and (tmp_path/'run/twin.ipynb').exists(), out
    assert result(tmp_path/'run')['recipe']['choices']['widths']
    code,out = call('fit', photos, '--budget', '40s', '--offline', '--out', tmp_path/'other', '--set', 'net=resnet50')
    assert code==2 and "'weights'" in out, out
