"Metrics against scikit-learn, intervals against what they promise, tables against strangers"
import io, json, re, subprocess, sys, time, warnings
import numpy as np, pandas as pd, pytest
from hypothesis import given, settings, strategies as st
from sklearn import metrics as sk
from autolearn.core import UserError, to_json
from autolearn.evaluate import Predictions, as_text, blend, clean_names, compare, mcnemar
from autolearn.metric import (METRICS, Metric, bootstrap, coded, get_metric, interval, metrics_for, register, resample,
                              wilson)

HOSTILE = ['<img src=x onerror=alert(1)>', '$\\frac', 'a\nb', 'caf\udce9', '', '\x00', '../../etc', 'prob_x', 'key',
           '\u202egnp', '文', "'; DROP TABLE al_trials; --", 'x'*5000, ' ', '7', 7, '[0]', '{}', '%s', '{0}']
NAMES = [o for o in HOSTILE if o!='']

def answers(seed, n, k, n_names=None, hard=1.):
    "n rows with distinct probabilities of k classes; some classes may be missing in truth or answers"
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(k)*hard, size=n)
    y = rng.integers(min(n_names or k, k), size=n)
    y = np.where(rng.random(n)<.5, P.argmax(1), y)
    return P,y,Predictions.of_probs(range(n), P, range(k), y)

@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(2, 9), st.integers(1, 9))
def test_equal_to_sklearn(seed, n, k, n_names):
    P,y,o = answers(seed, n, k, n_names)
    p,labels,s = P.argmax(1),np.arange(k),o.score()
    Y = (y[:, None]==labels).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        want = dict(accuracy=sk.accuracy_score(y, p), error=1-sk.accuracy_score(y, p),
            balanced_accuracy=sk.balanced_accuracy_score(y, p),
            macro_f1=sk.f1_score(y, p, average='macro', zero_division=0),
            kappa=sk.cohen_kappa_score(y, p), log_loss=sk.log_loss(y, P, labels=labels),
            brier=((P-Y)**2).sum(1).mean()/(2 if k==2 else 1))
        there = [c for c in labels if 0<Y[:, c].sum()<n]
        want['auc_ovr'] = np.mean([sk.roc_auc_score(Y[:, c], P[:, c]) for c in there]) if there else np.nan
        if k>5: want['top_5'] = sk.top_k_accuracy_score(y, P, k=5, labels=labels)
    assert set(want)==set(s)
    for m in want: assert s[m]==pytest.approx(want[m], abs=1e-9, nan_ok=True), m

def test_equal_to_sklearn_by_their_own_names():
    P,y,o = answers(3, 500, 7)
    assert o.score('auc_ovr')['auc_ovr']==pytest.approx(sk.roc_auc_score(y, P, multi_class='ovr'))
    assert o.score('brier')['brier']==pytest.approx(((P-np.eye(7)[y])**2).sum(1).mean())
    P,y,o = answers(4, 500, 2)
    assert o.score('auc_ovr')['auc_ovr']==pytest.approx(sk.roc_auc_score(y, P[:, 1]))
    assert o.score('brier')['brier']==pytest.approx(sk.brier_score_loss(y, P[:, 1]))

def test_float32_is_clipped_where_sklearn_clips():
    P = np.array([[1, 0], [0, 1], [.5, .5]], dtype=np.float32)
    o = Predictions.of_probs('abc', P, 'xy', ['y', 'y', 'x'])
    assert o.probs.dtype==np.float32
    assert o.score('log_loss')['log_loss']==pytest.approx(sk.log_loss(['y', 'y', 'x'], P, labels=['x', 'y']), rel=1e-6)

def test_ties_in_auc_count_half_and_top_5_is_never_below_accuracy():
    rng = np.random.default_rng(0)
    P = rng.integers(1, 4, size=(300, 8)).astype(float)
    P /= P.sum(1, keepdims=True)
    y = rng.integers(8, size=300)
    s = Predictions.of_probs(range(300), P, range(8), y).score()
    assert s['auc_ovr']==pytest.approx(sk.roc_auc_score(y, P, multi_class='ovr'))
    flat = Predictions.of_probs(range(300), np.full((300, 8), 1/8), range(8), y).score()
    assert s['top_5']>=s['accuracy'] and flat['top_5']>=flat['accuracy'] and flat['auc_ovr']==.5

@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 80), st.integers(2, 8))
def test_per_class_and_confusion_equal_sklearn(seed, n, k):
    P,y,o = answers(seed, n, k, max(1, k-1))
    p,t = P.argmax(1),o.per_class()
    prec,rec,f1,count = sk.precision_recall_fscore_support(y, p, labels=range(k), zero_division=np.nan)
    assert (t.n==count).all() and t.index.tolist()==o.classes
    for a,b in ((t.precision, prec), (t.recall, rec)): np.testing.assert_allclose(a, b)
    np.testing.assert_allclose(t.f1.fillna(0), np.nan_to_num(f1))
    assert (o.confusion().to_numpy()==sk.confusion_matrix(y, p, labels=range(k))).all()
    for c,row in t.iterrows():
        off = o.confusion().loc[c].drop(c)
        assert row.confused==off.max()
        assert (row.most_confused=='' if not off.max() else off[row.most_confused]==off.max())

def test_ece_equals_the_paper():
    P,y,o = answers(5, 2000, 4)
    conf,hit,want = P.max(1),P.argmax(1)==y,0.
    for m in range(15):
        b = (conf>m/15)&(conf<=(m+1)/15)
        if b.any(): want += b.mean()*abs(hit[b].mean()-conf[b].mean()) # Guo et al. 2017, equation 3
    table,ece = o.calibration()
    assert ece==pytest.approx(want) and table.n.sum()==2000
    assert o.calibration(bins=1)[1]==pytest.approx(abs(hit.mean()-conf.mean()))

def test_wilson_known_values():
    # Newcombe 1998, table I, method 3
    for k,n,low,high in ((8, 10, .4902, .9433), (0, 10, 0, .2775), (10, 10, .7225, 1), (81, 263, .2553, .3662),
                         (15, 148, .0624, .1605), (0, 20, 0, .1611), (1, 29, .0061, .1718)):
        assert wilson(k, n)==pytest.approx((low, high), abs=1e-4)
    assert wilson(0, 1)[0]==0 and wilson(1, 1)[1]==1 and wilson(5, 10, level=.5)[0]>wilson(5, 10)[0]
    for k,n in ((0, 0), (3, 2), (-1, 5)):
        with pytest.raises(UserError): wilson(k, n)

def world(rng, n, k=4):
    "Rows of a world whose true scores can be had from a very large sample"
    y = rng.choice(k, p=np.array([.4, .3, .2, .1]), size=n)
    z = rng.normal(size=(n, k))
    z[np.arange(n), y] += 1.5
    P = np.exp(z)
    return P/P.sum(1, keepdims=True),y

@pytest.mark.parametrize('name', ['macro_f1', 'balanced_accuracy', 'log_loss', 'auc_ovr', 'brier', 'kappa', 'accuracy'])
def test_intervals_hold_what_they_promise(name):
    rng,tries,n = np.random.default_rng(1),200,300
    P,y = world(rng, 200_000)
    truth = Predictions.of_probs(range(len(y)), P, range(4), y).score(name)[name]
    held = 0
    for i in range(tries):
        P,y = world(rng, n)
        _,low,high = Predictions.of_probs(range(n), P, range(4), y).interval(name, n=300, seed=i)
        held += low<=truth<=high
    assert .89<=held/tries<=.99, held/tries # 95%, and 200 tries have a standard error of 1.5 points

def test_resampled_auc_is_the_auc_of_the_resampled_rows():
    P,y,o = answers(2, 200, 3)
    fast = resample('auc_ovr', o.table, n=200)[0]
    m = get_metric('auc_ovr')
    slow = resample(Metric('slow', 'up', 'classification', m.fn, ''), o.table, n=200)[0]
    assert fast.mean()==pytest.approx(slow.mean(), abs=.004) and fast.std()==pytest.approx(slow.std(), rel=.2)

@pytest.mark.parametrize('name', ['macro_f1', 'balanced_accuracy', 'kappa', 'log_loss', 'brier', 'accuracy'])
def test_a_draw_is_the_table_with_those_rows(name):
    P,y,o = answers(2, 50, 6)
    m,rows = get_metric(name),np.random.default_rng(0).integers(50, size=50)
    W = np.bincount(rows, minlength=50)[None].astype(float)
    assert m.many(coded(o.table), W)[0]==pytest.approx(m(o.table.iloc[rows]))

def test_bootstrap_is_quick_and_seeded():
    P,y,o = answers(0, 10_000, 10)
    start = time.process_time()
    a = bootstrap('macro_f1', o.table)
    assert time.process_time()-start<6 # .2 s on a quiet machine
    assert a==bootstrap('macro_f1', o.table)!=bootstrap('macro_f1', o.table, seed=1)

def test_a_perfect_small_table_is_no_proof():
    o = Predictions.of_probs(range(10), np.eye(2)[[0, 1]*5], 'ab', ['a', 'b']*5)
    for m in ('accuracy', 'macro_f1', 'balanced_accuracy', 'kappa', 'auc_ovr'):
        assert o.interval(m)==(1, *wilson(10, 10))

def test_unreadable_rows_count_as_wrong():
    P = np.array([[.9, .1], [.2, .8], [np.nan, np.nan], [np.nan, .5]])
    o = Predictions.of_probs(['a', 'b', 'c', 'd'], P, ['cat', 'dog'], ['cat', 'dog', 'cat', 'dog'])
    assert o.table.prediction.tolist()==['cat', 'dog', '', '']
    assert o.table.prob.isna().tolist()==[False, False, True, True]
    s = o.score()
    assert s['accuracy']==.5 and s['error']==.5 and s['balanced_accuracy']==.5 and s['macro_f1']==pytest.approx(2/3)
    assert s['log_loss']==pytest.approx(-np.log([.9, .8, .5, .5]).mean())
    assert s['brier']==pytest.approx(np.mean([.01, .04, .25, .25]))
    assert o.confusion()[''].tolist()==[1, 1] and o.report()['no_answer']==2 and len(o.worst())==0
    assert o.calibration()[0].n.sum()==2 and 'without an answer' in o._repr_html_()
    none = Predictions.of_probs('ab', np.full((2, 2), np.nan), 'xy', 'xy')
    assert none.score('accuracy')==dict(accuracy=0) and np.isnan(none.calibration()[1]) and none.report()['ece'] is None
    draw(none)

def test_rows_without_truth_are_not_scored():
    P,y,o = answers(1, 40, 3)
    half = Predictions.of_probs(range(40), P, range(3), [v if i<20 else None for i,v in enumerate(y)])
    first = Predictions.of_probs(range(20), P[:20], range(3), y[:20])
    assert half.score()==first.score() and half.interval('macro_f1')==first.interval('macro_f1')
    assert half.report()['unlabelled']==20 and half.report()['n']==20
    blank = Predictions.of_probs(range(40), P, range(3))
    for f in (blank.score, blank.report, blank.per_class, blank.confusion, blank.calibration, blank.plot_confusion):
        with pytest.raises(UserError, match='known label'): f()
    assert 'no known labels' in blank._repr_html_() and len(blank.worst())==0

def test_one_class_only_in_truth():
    P,_,_ = answers(1, 30, 3)
    o = Predictions.of_probs(range(30), P, 'abc', ['a']*30)
    s = o.score()
    assert np.isnan(s['auc_ovr']) and s['balanced_accuracy']==s['accuracy'] and s['kappa']==pytest.approx(0)
    assert all(np.isnan(o.interval('auc_ovr')))
    assert o.report()['scores']['auc_ovr']==dict(score=None, low=None, high=None, better='up')
    draw(o)

def test_classes_never_predicted_and_truths_never_heard_of():
    P = np.array([[.6, .4, 0], [.7, .3, 0], [.2, .8, 0]])
    o = Predictions.of_probs('xyz', P, 'abc', ['a', 'c', 'new'])
    t = o.per_class()
    assert t.index.tolist()==['a', 'b', 'c', 'new'] and np.isnan(t.precision['c'])
    assert t.recall['c']==0 and t.recall['new']==0
    eps = np.finfo(float).eps
    assert o.score('log_loss')['log_loss']==pytest.approx(-(np.log(.6)+2*np.log(eps))/3)
    assert o.worst()['prob_of_label'].tolist()==[0, 0]
    assert o.score('macro_f1')['macro_f1']==pytest.approx(np.mean([2/3, 0, 0, 0]))
    json.loads(to_json(o.report()))
    draw(o)

def draw(o):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    for f in (o.plot_confusion, o.plot_calibration):
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'Glyph')
            f().figure.savefig(io.BytesIO())
    plt.close('all')

def test_hostile_class_names(tmp_path):
    k = len(NAMES)
    P,y,_ = answers(0, 200, k)
    o = Predictions.of_probs(range(200), P, NAMES, [NAMES[i] for i in y])
    assert len(set(o.classes))==k and o.score('accuracy')['accuracy']==np.mean(P.argmax(1)==y)
    html = o._repr_html_()
    assert set(re.findall(r'<(?!/)\w*', html))<={'<div', '<table', '<tr', '<td', '<b', '<span'}
    o.write(tmp_path/'o.parquet')
    back = Predictions.read(tmp_path/'o.parquet')
    assert back.classes==o.classes and back.table.equals(o.table)
    (tmp_path/'r.json').write_text(to_json(o.report()), encoding='utf-8')
    assert 'img' in Predictions.of_probs('a', [[1.]*1], [NAMES[0]])._repr_html_()
    draw(o)

def test_names_stay_apart():
    assert clean_names([1, '1', '1 (2)', 2.5, True and 'x'])==['1', '1 (2)', '1 (2) (2)', '2.5', 'x']
    o = Predictions.of_probs('abc', np.eye(2)[[0, 1, 1]], [1, '1'], [1, '1', np.int64(1)])
    assert o.table.label.tolist()==['1', '1 (2)', '1'] and o.classes==['1', '1 (2)']
    assert as_text(None)==as_text(float('nan'))==as_text(pd.NA)==as_text(pd.NaT)==''
    for bad in (['a', 'a'], ['a', ''], ['a', None]):
        with pytest.raises(UserError): clean_names(bad)

def test_one_row_and_no_rows():
    o = Predictions.of_probs('a', [[.3, .7]], ['x', 'y'], ['y'])
    r = o.report()
    assert r['scores']['accuracy']['low']==wilson(1, 1)[0] and r['scores']['log_loss']['low'] is None
    assert o._repr_html_() and str(compare(o, o))
    draw(o)
    none = Predictions.of_probs([], [], ['x', 'y'], [])
    assert len(none)==0 and none._repr_html_() and len(none.worst())==0
    for f in (none.score, none.report, none.calibration, lambda: none.interval('macro_f1'),
              lambda: none.interval('accuracy'), lambda: compare(none, none),
              lambda: bootstrap('macro_f1', none.table)):
        with pytest.raises(UserError, match='no row has a known label'): f()
    assert len(blend([none, none]))==0

def test_words_of_errors():
    for args,say in (((['a', 'a'], np.eye(2), 'xy'), "Key 'a' stands twice"), 
                     ((['a'], np.eye(2), 'xy'), '1 keys and 2 classes'),
                     ((['a', 'b'], [[5., 1.], [1., 2.]], 'xy'), 'logits'),
                     ((['a', 'b'], [[1.5, -.5], [1., 0]], 'xy'), "of 'a' add up"),
                     ((['a', 'b'], np.eye(2), 'xy', ['x']), '2 keys and 1 labels')):
        with pytest.raises(UserError, match=say): Predictions.of_probs(*args)
    with pytest.raises(UserError, match="Nearest: 'accuracy'"): get_metric('acuracy')
    with pytest.raises(UserError, match='no metric None'): get_metric(None)
    with pytest.raises(UserError, match="column 'prob'"):
        Predictions(pd.DataFrame(dict(key=['a'], label=['b'], prediction=['b'])))
    with pytest.raises(UserError, match='fewer than 6'): answers(0, 9, 5)[2].score('top_5')
    with pytest.raises(UserError, match='needs probabilities'):
        get_metric('log_loss')(pd.DataFrame(dict(key=['a'], label=['b'], prediction=['b'])))

def test_parquet_round_trip_and_strangers(tmp_path):
    P,y,o = answers(0, 30, 4)
    P[3] = np.nan
    f = tmp_path/'o.parquet'
    for keys in (list(range(30)), [f'a/{i}.png' for i in range(30)]):
        for dtype in (np.float32, np.float64):
            o = Predictions.of_probs(keys, P.astype(dtype), 'wxyz', ['wxyz'[i] for i in y])
            o.write(f)
            back = Predictions.read(f)
            assert back.table.equals(o.table) and back.probs.dtype==dtype and back.table.key.tolist()==keys
            assert back.report()==o.report()
    data = f.read_bytes()
    assert b'pickle' not in data and [p.name for p in tmp_path.iterdir()]==['o.parquet']
    with pytest.raises(UserError, match='no file'): Predictions.read(tmp_path/'none')
    with pytest.raises(UserError, match='MB'): Predictions.read(f, max_mb=1e-6)
    pd.DataFrame(dict(a=[1])).to_parquet(f)
    with pytest.raises(UserError, match='no predictions'): Predictions.read(f)
    for junk in (b'', b'PAR1', data[:200], data[:-20]+b'\0'*20, b'PAR1'+b'\xff'*100+b'PAR1',
                 data[:100]+b'\xff'*50+data[150:]):
        f.write_bytes(junk)
        try: Predictions.read(f)
        except UserError as e: assert 'damaged' in str(e) or 'no predictions' in str(e)

def test_files_that_lie(tmp_path):
    import pyarrow as pa, pyarrow.parquet as pq
    f = tmp_path/'o.parquet'
    good = dict(key=['a'], label=['x'], prediction=['x'], prob=[1.], prob_x=[1.])
    for change in (dict(label=[3]), dict(prob_x=['1']), dict(prob=[None]), dict(prediction=[None])):
        meta = json.dumps(dict(kind='predictions', schema=1, classes=['x']))
        pq.write_table(pa.table(good|change).replace_schema_metadata(dict(autolearn=meta)), f)
        with pytest.raises(UserError, match='damaged'): Predictions.read(f)
    for meta,say in (('[]', 'no predictions'), ('{', 'damaged'), ('{"kind":"predictions","schema":2}', 'newer'),
                     ('{"kind":"predictions","schema":1,"classes":["y"]}', 'damaged'),
                     ('{"kind":"predictions","schema":1}', 'damaged')):
        pq.write_table(pa.table(good).replace_schema_metadata(dict(autolearn=meta)), f)
        with pytest.raises(UserError, match=say): Predictions.read(f)

def test_compare():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=600)
    def model(share):
        p = np.where(rng.random(600)<share, y, (y+1)%3)
        return Predictions.of_probs(range(600), np.eye(3)[p]*.7+.1, range(3), y)
    good,bad = model(.9),model(.7)
    for m in ('accuracy', 'error', 'macro_f1', 'log_loss', 'kappa'):
        c = compare(good, bad, m)
        assert c.better=='a' and compare(bad, good, m).better=='b' and c.low<=c.diff<=c.high and c.a==good.score(m)[m]
        assert compare(good, good, m).better=='' and compare(good, good, m).diff==0
    mixed = Predictions(bad.table.sample(frac=1, random_state=1))
    assert compare(good, mixed)==compare(good, bad) and compare(good, mixed, 'macro_f1')==compare(good, bad, 'macro_f1')
    no_truth = Predictions(bad.table.assign(label=''))
    assert compare(good, no_truth)==compare(good, bad)==compare(Predictions(good.table.assign(label='')), bad)
    with pytest.raises(UserError, match='one only'): compare(good, Predictions(bad.table[:-1]))
    with pytest.raises(UserError, match='do not agree'): compare(good, Predictions(bad.table.assign(label='0')))
    json.dumps(compare(good, bad).to_dict())

def test_comparison_holds_what_it_promises():
    rng,held,wrong,tries = np.random.default_rng(0),0,0,1000
    for _ in range(tries):
        both,a,b,_ = rng.multinomial(200, [.7, .12, .08, .1])
        low,high,p = mcnemar(a, b, 200)
        held += low<=.04<=high
        _,a,b,_ = rng.multinomial(200, [.7, .1, .1, .1])
        low,high,p = mcnemar(a, b, 200)
        wrong += (low>0 or high<0) and p<.05
    assert .93<=held/tries<=.98 and wrong/tries<=.06
    assert mcnemar(3, 0, 3)[2]==.25 and mcnemar(0, 0, 5)[2]==1 and mcnemar(9, 1, 50)[2]==pytest.approx(.0215, abs=1e-4)

def test_blend():
    P,y,a = answers(0, 20, 3)
    Q,_,_ = answers(1, 20, 3)
    b = Predictions.of_probs(range(19, -1, -1), Q[::-1][:, ::-1], [2, 1, 0]) # other order of rows and classes, no truth
    np.testing.assert_allclose(blend([a, b]).probs, (P+Q)/2)
    np.testing.assert_allclose(blend([a, b], [3, 1]).probs, (3*P+Q)/4)
    assert (blend([b, a]).table.label!='').all() and blend([a], [.1]).table.prediction.equals(a.table.prediction)
    P[0],P[1],Q[1] = np.nan,np.nan,np.nan
    c = blend([Predictions.of_probs(range(20), o, range(3), y) for o in (P, Q)])
    np.testing.assert_allclose(c.probs[0], Q[0])
    assert c.table.prediction[1]==''
    for members,w in (([], None), ([a, a], [1]), ([a, a], [0, 0]), ([a, a], [-1, 2]), ([a, a], [np.nan, 1])):
        with pytest.raises(UserError): blend(members, w)
    with pytest.raises(UserError, match='same classes'): blend([a, answers(0, 20, 4)[2]])

def test_report_is_json_and_matches():
    P,y,o = answers(0, 300, 8)
    r = o.report()
    assert json.loads(json.dumps(r, allow_nan=False))==r and set(r['scores'])==set(metrics_for(n_classes=8))
    for m,v in r['scores'].items(): assert v['low']<=v['score']<=v['high'] and v['better']==METRICS[m].better
    assert r['confused']==sorted(r['confused'], key=lambda x: -x['n']) and len(r['per_class'])==8
    w = o.worst(5)
    t = o.table[o.table.label!=o.table.prediction]
    assert w.prob.tolist()==sorted(t.prob, reverse=True)[:5]

@pytest.mark.parametrize('k', [2, 3, 11, 26, 60, 100])
def test_ticks_do_not_overlap(k):
    import matplotlib
    matplotlib.use('Agg')
    import matplotlib.pyplot as plt
    P,y,_ = answers(0, 2000, k)
    names = [f'class with a name {i:03}' for i in range(k)]
    for size in (None, (4, 4)):
        ax = plt.subplots(figsize=size, layout='constrained')[1] if size else None
        ax = Predictions.of_probs(range(2000), P, names, [names[i] for i in y]).plot_confusion(ax)
        ax.figure.canvas.draw()
        assert any(o.get_text() for o in ax.get_yticklabels())
        for at,side in ((ax.get_xticks(), 0), (ax.get_yticks(), 1)):
            px = ax.transData.transform(np.stack([at, at], axis=1))[:, side]
            assert min(abs(np.diff(px)), default=99)>=7.6*ax.figure.dpi/72, (k, size, side) # names are 8 points tall
    plt.close('all')

def test_a_metric_from_outside():
    m = Metric('always_half', 'down', 'classification', lambda t: .5, 'Half.')
    try:
        register(m)
        P,y,o = answers(0, 30, 3)
        assert o.score('always_half')==dict(always_half=.5) and interval('always_half', o.table)==(.5, .5, .5)
        assert get_metric('always_half').sign==-1 and m.is_better(.1, .2) and not m.is_better(float('nan'), .2)
    finally: METRICS.pop('always_half')
    with pytest.raises(ValueError): Metric('x', 'sideways', 'classification', len, '')

def test_import_is_light():
    code = ("import sys, autolearn.evaluate\n"
            "bad = {'torch', 'fastai', 'sklearn', 'scipy', 'matplotlib'}&set(sys.modules)\n"
            "sys.exit(str(bad) if bad else 0)")
    assert subprocess.run([sys.executable, '-c', code], capture_output=True, text=True).stderr==''

def test_perplexity_is_compared_for_the_same_tokens():
    ours = Predictions.of_nats(['a', 'b'], [3., 5.], [4, 6], [2, 2])
    base = Predictions.of_nats(['b', 'a'], [6., 4.], [6, 4], [6, 4]).for_rows(ours)
    assert base.table.key.tolist()==['a', 'b'] and np.isclose(base.score(['perplexity'])['perplexity'], np.exp(10/4))
