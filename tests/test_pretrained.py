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

@pytest.mark.parametrize('before', ['', 'net.'])
def test_weights_from_before_batches_were_counted(tmp_path, before):
    import timm, torch
    from autolearn.pretrained import find_net, load_body, pretrained_net
    state = {k:v for k,v in timm.create_model('resnet18').state_dict().items() if not k.endswith('num_batches_tracked')}
    torch.save({before+k:v for k,v in state.items()}, tmp_path/'resnet18-old.pth')
    net = pretrained_net('resnet18', 2)
    load_body(net, str(tmp_path/'resnet18-old.pth'), torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8))
    found = find_net(net)[1].state_dict()
    assert all(torch.equal(found[k], v) for k,v in state.items() if k in found)

def test_a_body_thaws_from_above():
    "The head alone, then the upper half of the body, too, then all of it; or the head alone to the end; afterwards nothing is frozen"
    from types import SimpleNamespace
    from autolearn.pretrained import Thaw, pretrained_net, slow_to_quick
    net = pretrained_net('resnet18', 2)
    def learning(at, pct): # who learns?
        cb = Thaw(at)
        cb.learn = SimpleNamespace(model=net, pct_train=pct)
        cb.before_fit()
        cb.before_batch()
        on = [{p.requires_grad for p in part} for part in slow_to_quick(net)]
        assert not net[1].training and all(len(o)==1 for o in on)
        cb.after_fit()
        assert all(p.requires_grad for p in net[1].parameters())
        return [True in o for o in on]
    assert [learning(.4, pct) for pct in (0., .09, .11, .39, .41, 1.)]==[[False, False, True]]*2+[[False, True, True]]*2+[[True]*3]*2
    assert learning(1., .99)==[False, False, True] and learning(0., 0.)==[True]*3

@pytest.mark.parametrize('once', [True, False])
def test_pretrained(photos, weights, tmp_path, monkeypatch, once):
    "Found by its name, used, and the twin reaches the same figures"
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(weights))
    code,out = call('fit', photos, '--budget', '25s', '--offline', '--out', tmp_path/'run', '--set', 'shape=[3, 64, 64]', '--set', 'epochs=2', '--set', f'once={json.dumps(once)}',
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
    code,out = call('fit', photos, '--budget', '14s', '--offline', '--out', tmp_path/'run', '--set', 'epochs=2')
    assert code==0, out
    choices = result(tmp_path/'run')['recipe']['choices']
    assert choices['net']=='' and choices['stride']==2 and choices['zoom']<1

def test_a_pretrained_net_that_is_not_wanted(photos, weights, tmp_path, monkeypatch):
    "The override that the decision offers gives a net of its own, and a twin"
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(weights))
    code,out = call('fit', photos, '--budget', '25s', '--offline', '--out', tmp_path/'run', '--set', 'shape=[3, 32, 32]', '--set', 'net=', '--set', 'weights=', '--set', 'epochs=2')
    assert code==0 and (tmp_path/'run/twin.ipynb').exists(), out
    assert result(tmp_path/'run')['recipe']['choices']['widths']
    code,out = call('fit', photos, '--budget', '25s', '--offline', '--out', tmp_path/'other', '--set', 'net=resnet50')
    assert code==2 and "'weights'" in out, out

@pytest.fixture(scope='module')
def encoder(tmp_path_factory):
    "A small transformer in the usual layout, that has read nothing"
    import torch
    from pydoc_data.topics import topics
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import AutoConfig, AutoModel
    folder = tmp_path_factory.mktemp('encoders')/'small-bert'
    folder.mkdir()
    cut = Tokenizer(models.WordPiece(unk_token='[UNK]'))
    cut.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    cut.train_from_iterator(topics.values(), trainers.WordPieceTrainer(vocab_size=800, special_tokens=['[PAD]', '[UNK]', '[CLS]', '[SEP]'], show_progress=False))
    cut.post_processor = processors.TemplateProcessing(single='[CLS] $A [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    cut.save(str(folder/'tokenizer.json'))
    config = dict(model_type='bert', vocab_size=800, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, max_position_embeddings=128, pad_token_id=0)
    (folder/'config.json').write_text(json.dumps(config))
    torch.manual_seed(0)
    save_file(AutoModel.from_config(AutoConfig.for_model(**config)).state_dict(), folder/'model.safetensors')
    return folder

@pytest.mark.parametrize('frozen', [True, False])
def test_a_net_that_has_read(encoder, tmp_path, monkeypatch, frozen):
    "Found in the folder of weights, used, the twin agrees, and the model answers where those weights are not"
    import pandas as pd
    from autolearn.tasks.text_classification import example
    example().to_csv(tmp_path/'libraries.csv', index=False)
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(encoder.parent))
    code,out = call('fit', tmp_path/'libraries.csv', '--budget', '18s', '--offline', '--out', tmp_path/'run', '--set', f'frozen={json.dumps(frozen)}', '--set', 'epochs=2')
    assert code==0, out
    r = result(tmp_path/'run')
    assert r['recipe']['choices']['encoder']=='bert' and r['recipe']['choices']['frozen'] is frozen and r['test']['score']>.8
    code,out = call('verify', tmp_path/'run')
    assert code==0 and 'equal' in out, out
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(tmp_path))
    encoder.rename(away := encoder.with_name('away'))
    try: code,out = call('predict', tmp_path/'run', 'Fit a logistic regression classifier.', 'Compute the singular value decomposition of an array.', '--out', tmp_path/'a.csv')
    finally: away.rename(encoder)
    assert code==0 and pd.read_csv(tmp_path/'a.csv').prediction.tolist()==['sklearn', 'numpy'], out

def test_texts_in_another_script_get_nets_of_their_own(encoder, monkeypatch):
    from autolearn.records import Profile
    from autolearn.tasks import text_classification as plan
    monkeypatch.setenv('AUTOLEARN_WEIGHTS', str(encoder.parent))
    stats = dict(n_readable=1000, chars=[10, 80, 200, 900], words=[2, 15, 40, 150], spaced=1., markup=0.)
    of = lambda script: plan.portfolio(Profile('t', 'text', 1000, '', {'':1000}, dict(a=500, b=500), stats|dict(scripts={script:1000})), 300)[0]
    assert of('Latin').weights==str(encoder) and of('Han').encoder==''
    plan.check_choices(of('Latin'))
