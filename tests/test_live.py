"Both views, fed with a recorded run, with hostile text, with nonsense"
import io, os, re, subprocess, sys, threading, time
from html.parser import HTMLParser
from pathlib import Path
import pytest
from hypothesis import given, settings, strategies as st
from rich.console import Console
from autolearn.core import Stream
from autolearn.widgets.live import NotebookView, TerminalView, View, final_html, head_html, make_view
from autolearn.widgets.live import spark, take_clicks
from autolearn.widgets.seen import Seen, card, inert, number, say_number
from recorded import events

HOSTILE = '[bold]x[/] <img src=x onerror=alert(1)>\x1b[2J\x1b]0;owned\x07\r\n\u202egnp.exe ' \
          '<script>alert(1)</script>"\' :smile: $x^2$'

def terminal(live, width=100, height=30, view=TerminalView):
    "A view that writes into memory, and what it wrote"
    out = io.StringIO()
    return view(Console(file=out, force_terminal=live, width=width, height=height, legacy_windows=False), live=live),out

class Widgets:
    "IPython's display in memory: what was shown, and what took its place"
    def __init__(self): self.shown = []
    def __call__(self, data, raw=False, display_id=None, **_):
        self.shown.append(data)
        return self
    def update(self, data, raw=False): self.shown.append(data)

@pytest.fixture
def screen(monkeypatch):
    "What a notebook would show"
    o = Widgets()
    monkeypatch.setattr('IPython.display.display', o)
    monkeypatch.setattr(NotebookView, 'wait', 0)
    return o

class Tags(HTMLParser):
    "The elements of a page, and its text"
    def __init__(self, page):
        super().__init__()
        self.tags,self.text = [],''
        self.feed(page)
    def handle_starttag(self, tag, attrs): self.tags.append((tag, dict(attrs)))
    def handle_data(self, s): self.text += s

def feed(view, told):
    for e in told: view(e)
    assert view.broken is None, view.broken
    return view

# a terminal

@pytest.mark.parametrize('live', [True, False])
def test_terminal_tells_all_that_matters_once(live):
    view,out = terminal(live, width=160)
    told = events()
    feed(view, told[:-1])
    assert not live or view.region is not None
    feed(view, told[-1:])
    text = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', out.getvalue())
    for o in ('exact_copies', 'imbalance', 'lr = 0.0123', 'out of memory', 'The twin notebook opens'):
        assert text.count(o)==1, o
    for o in ('0.9694', '0.9532 to 0.9812', 'linear', '0.9139', 'runs/three-3f2a/twin.ipynb', 'runs/three-3f2a/model'):
        assert o in text, o
    hidden,back = map(out.getvalue().count, ('\x1b[?25l', '\x1b[?25h')) # the cursor
    assert view.region is None and hidden==back==int(live)

def test_live_region_shows_time_curve_and_best():
    class Every(TerminalView): every = 0
    view,out = terminal(True, view=Every)
    feed(view, events()[:-1])
    text = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', out.getvalue())
    for o in ('training', 's left of 1 m 00 s', 'to go', 'epoch 3 of 8', 'best accuracy 0.9500', '▇█', 'valid_loss'):
        assert o in text, o
    view.close()

@pytest.mark.parametrize('width,height', [(20, 4), (40, 10), (200, 60)])
def test_lines_fit_into_any_terminal(width, height):
    view,out = terminal(True, width, height)
    feed(view, events('日本語の名前'*20)).close()
    lines = re.sub(r'\x1b\[[0-9;?]*[A-Za-z]', '', out.getvalue()).replace('\r', '\n').split('\n')
    from rich.cells import cell_len
    assert max(map(cell_len, lines))<=width

def test_plain_lines_hold_no_codes_and_are_few(monkeypatch):
    now = [100.]
    monkeypatch.setattr(time, 'monotonic', lambda: now[0])
    view,out = terminal(False)
    told,when = events(HOSTILE),[]
    write = view.console.file.write
    monkeypatch.setattr(view.console.file, 'write', lambda s: (when.append((now[0], s)), write(s)))
    for a,b in zip(told, [*told[1:], told[-1]]):
        feed(view, [a])
        now[0] += b['at']-a['at']
    text = out.getvalue()
    assert all(c=='\n' or c.isprintable() for c in text)
    assert any('epoch 2' in o or 'epoch 3' in o for _,o in when) and any('training, trial 1' in o for _,o in when)
    words = 'epoch|training|looking|preparing|planning|testing|writing'
    milestones = [t for t,o in when if re.match(rf' +[\dms ]+s  ({words})', o)]
    assert len(milestones)>4 and all(b-a>=2 for a,b in zip(milestones, milestones[1:]))
    assert len(text.splitlines())<45

def test_plain_lines_show_life_when_nothing_happens(monkeypatch):
    now = [0.]
    monkeypatch.setattr(time, 'monotonic', lambda: now[0])
    view,out = terminal(False)
    feed(view, [dict(kind='stage', at=1., name='train')])
    for i in range(300):
        now[0] += 1
        feed(view, [dict(kind='clock', at=1.+i, used=float(i), secs=600.)])
    assert 5<=len(out.getvalue().splitlines())<=7 and 'left of 10 m 00 s' in out.getvalue()

def test_a_pipe_gets_plain_lines(tmp_path):
    code = f"import sys\nsys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom recorded import events\n" \
           "from autolearn.widgets.live import make_view\nv = make_view()\nfor e in events(): v(e)"
    for more in ({}, dict(FORCE_COLOR='1'), dict(PYTHONIOENCODING='ascii'), dict(TERM='dumb')):

        r = subprocess.run([sys.executable, '-c', code], capture_output=True, env=os.environ|more)
        assert r.returncode==0, r.stderr.decode()
        assert b'\x1b' not in r.stdout and b'0.9694' in r.stdout and not r.stderr

def test_a_pipe_that_closes_ends_the_view_not_the_run(caplog):
    view,out = terminal(False)
    out.close()
    for e in events(): view(e)
    view.close()
    assert isinstance(view.broken, ValueError)
    assert sum('fell silent' in r.message for r in caplog.records)==1

def test_a_view_that_fails_gives_the_terminal_back(monkeypatch):
    view,out = terminal(True)
    feed(view, events()[:60])
    def fail(*_): raise RuntimeError('a mistake of ours')
    monkeypatch.setattr('autolearn.widgets.live.live_lines', fail)
    view.every = 0
    for e in events()[60:]: view(e)
    view.close()
    assert str(view.broken)=='a mistake of ours' and out.getvalue().count('\x1b[?25l')==out.getvalue().count('\x1b[?25h')==1

# a notebook

def test_notebook_shows_widgets_and_leaves_html(screen):
    view = NotebookView(stop=lambda: None)
    view.every = 0
    told = events()
    feed(view, told[:-1])
    assert set(screen.shown[0])=={'application/vnd.jupyter.widget-view+json', 'text/plain'}
    head,body = Tags(view.head.value),Tags(view.body.value)
    assert 'left of 1 m 00 s' in head.text and 'best accuracy 0.9750' in head.text
    assert [t for t,_ in body.tags].count('svg')==2 and 'valid_loss' in body.text
    assert view.lists.titles==('findings (2)', 'decisions (6)', 'notes (2)')
    assert 'out of memory' in view.parts['notes'].value
    feed(view, told[-1:])
    last = screen.shown[-1]
    assert set(last)=={'text/html', 'text/plain'} and len(screen.shown)==2 and view.box is None
    for o in ('0.9694', '0.9532 to 0.9812', 'linear', 'twin.ipynb', 'used for choosing'):
        assert o in last['text/html'] and o in last['text/plain'], o
    assert '<script' not in last['text/html'] and 'widget' not in last['text/html']

def test_no_message_without_a_change(screen):
    view = NotebookView()
    view.every = 0
    feed(view, events()[:40])
    sent = []
    for o in (view.head, view.body, view.lists, *view.parts.values()): o.observe(sent.append)
    feed(view, [dict(kind='note', at=0, text='a')])
    n = len(sent)
    feed(view, [dict(kind='note', at=0, text='a')]*20)
    assert n and len(sent)==n

@pytest.mark.parametrize('done', [True, False])
def test_hostile_text_stays_text_in_a_notebook(screen, done):
    view = NotebookView(stop=print)
    view.every = 0
    told = events(HOSTILE)
    told.insert(60, dict(kind='epoch', at=told[60]['at'], epoch=0, **{HOSTILE:.5, '<b>':.1}))
    told.insert(60, dict(kind='best', at=told[60]['at'], metric=HOSTILE, value=.1, trial=HOSTILE))
    told.insert(60, dict(kind='stage', at=told[60]['at'], name=HOSTILE, trial=HOSTILE))
    pages = []
    for e in told if done else told[:-1]:
        feed(view, [e])
        if view.box is not None: pages += [view.head.value, view.body.value, *(o.value for o in view.parts.values())]
    view.close()
    pages.append(screen.shown[-1]['text/html'])
    allowed = set('div span b style table thead tbody tr th td svg line polyline circle details summary a'.split())
    for p in pages:
        tags = Tags(p).tags
        assert {t for t,_ in tags}<=allowed, {t for t,_ in tags}-allowed
        assert not any(k.startswith('on') for _,attrs in tags for k in attrs)
        assert all(attrs.get('href', './').startswith('./') and ':' not in attrs.get('href', '') for _,attrs in tags)
        assert not re.search(r'\$x', p) and '\u202e' not in p and '\x1b' not in p
    assert any('<img src=x onerror=alert(1)>' in Tags(p).text for p in pages)

def test_a_click_stops_once(screen):
    calls = []
    view = NotebookView(stop=lambda: calls.append(threading.current_thread().name))
    feed(view, events()[:60])
    threads = [threading.Thread(target=view.button.click) for _ in range(8)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert len(calls)==1 and view.button.disabled and 'topping' in view.button.description
    view.draw()
    assert 'keeps the best' in view.head.value

def test_interrupted_before_the_end(screen):
    "An error in the run closes the view and leaves what was seen"
    with pytest.raises(KeyboardInterrupt):
        with NotebookView() as news:
            for e in events()[:80]: news.readers[0](e)
            raise KeyboardInterrupt
    assert 'ended here' in screen.shown[-1]['text/html'] and 'text/html' in screen.shown[-1]

def test_what_is_over_at_once_shows_no_widgets(screen, monkeypatch):
    monkeypatch.setattr(NotebookView, 'wait', 5)
    view = feed(NotebookView(), events()[:5])
    assert screen.shown==[]
    view.close()
    assert screen.shown==[]
    feed(NotebookView(), events()[:20]).close()
    assert [set(o) for o in screen.shown]==[{'text/html', 'text/plain'}] and 'findings (2)' in screen.shown[0]['text/html']

def test_nothing_said_leaves_nothing(screen):
    with NotebookView() as news: assert isinstance(news, Stream)
    assert screen.shown==[]

# any view

@pytest.fixture(params=['live', 'plain', 'notebook', 'none'])
def view(request, screen):
    if request.param=='notebook': yield NotebookView(stop=print)
    elif request.param=='none': yield View()
    else: yield terminal(request.param=='live')[0]

def test_another_run_in_the_same_view(view):
    feed(view, events())
    assert view.closed
    feed(view, [dict(kind='clock', at=1, used=1., secs=2.)])
    assert view.closed
    feed(view, events()[1:60])
    assert not view.closed and view.seen.result is None
    view.close()

def test_unknown_kinds_are_passed_over(view):
    for kind in ('weather', None, ['stage'], '', '__init__', 1): view(dict(kind=kind, at=1.))
    for e in (dict(at=1.), {}, None, 'stage', []): view(e)
    assert view.broken is None and view.drawn<0

KINDS = ['clock', 'stage', 'progress', 'finding', 'decision', 'trial', 'step', 'epoch', 'best', 'note', 'done']
FIELDS = ('at used secs name trial doing done of finder evidence default decision n state metrics error step loss '
          'epoch epochs train_loss accuracy metric value text result').split()
INNER = ('key value evidence override metric name test score low high n looks baselines run twin status valid seconds '
         'budget').split()
leaves = st.none()|st.booleans()|st.integers()|st.floats()|st.text(st.characters())
anything = st.recursive(leaves, lambda o: st.lists(o, max_size=3)|
                        st.dictionaries(st.sampled_from(INNER)|st.text(max_size=3), o, max_size=6), max_leaves=8)
strange = st.dictionaries(st.sampled_from(FIELDS)|st.text(max_size=4), anything, max_size=8)

@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(KINDS), strange), max_size=12))
def test_strange_events_do_no_harm(told):
    o = Widgets()
    with pytest.MonkeyPatch.context() as mp:
        mp.setattr('IPython.display.display', o)
        mp.setattr(NotebookView, 'wait', 0)
        for v in (terminal(True)[0], terminal(False)[0], NotebookView(stop=print)):
            v.every = 0
            for kind,e in told: v({**e, 'kind':kind})
            v.close()
            assert v.broken is None, v.broken

def test_events_by_the_thousand_cost_little(view):
    feed(view, events()[:60])
    draws,draw = [],view.draw
    view.draw = lambda: (draws.append(1), draw())
    start = time.perf_counter()
    feed(view, (dict(kind='step', at=1.7e9+i/100, step=i, of=20_000, loss=1/(i+1)) for i in range(20_000)))
    secs = time.perf_counter()-start
    assert len(draws)<=secs/view.every+1
    assert secs<4, f'{secs/20_000*1e6:.0f} µs an event'
    view.close()

def test_many_threads(view):
    told = events()
    def work():
        for e in told[:-1]: view(e)
    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads: t.start()
    for t in threads: t.join()
    view(told[-1])
    assert view.broken is None and view.closed

def test_memory_has_an_end():
    seen = Seen()
    for i in range(3000):
        for k in ('finding', 'note', 'decision', 'trial', 'epoch', 'step'):
            seen.hear(dict(kind=k, at=i, finder=str(i), text=str(i), decision=dict(key=str(i)), trial='a', n=i, epoch=i,
                           step=i, loss=1., evidence='x'*10_000))
    assert max(map(len, (seen.findings, seen.decisions, seen.notes)))<=100
    assert max(map(len, (seen.rows, seen.losses, seen.marks)))<=600
    for i in range(3000): seen.hear(dict(kind='trial', at=i, trial=str(i), n=i))
    assert len(seen.names)<=1001

# the parts

def test_time_left():
    seen = Seen()
    seen.hear(dict(kind='clock', at=100., used=50., secs=60.))
    assert seen.time_left()[1]=='10 s left of 1 m 00 s'
    seen.hear(dict(kind='stage', at=104., name='train'))
    assert seen.time_left()[1]=='6 s left of 1 m 00 s'
    seen.hear(dict(kind='clock', at=112., used=62., secs=60.))
    assert seen.time_left()==(1., '2 s over 1 m 00 s')

def test_pace_of_a_stage():
    seen = Seen()
    seen.hear(dict(kind='stage', at=.1, name='train'))
    for at,step in ((10., 1), (20., 11)): seen.hear(dict(kind='step', at=at, step=step, of=101))
    assert seen.to_go()==pytest.approx(90)
    seen.hear(dict(kind='step', at=21., step=12, of=62)) # the pace was changed
    assert seen.to_go()==pytest.approx(50)
    seen.hear(dict(kind='stage', at=22., name='write'))
    assert seen.to_go() is None and seen.where()[1] is None

def test_a_trial_begins_its_own_curve():
    seen = Seen()
    told = events()
    for e in told:
        seen.hear(e)
        if e['kind']=='trial' and e['state']=='running': assert seen.rows==[] and seen.losses==[]
    assert len(seen.rows)==6 and seen.rows[-1]['epoch']==6 and seen.name_of(seen.best[2])=='trial 3'

@pytest.mark.parametrize('result', [
    {}, dict(test=None, metric=None, baselines=None, valid=None),
    dict(test=dict(score='x'), metric='accuracy', baselines=[1]),
    dict(test=dict(score=.5, low=None, high=.6, n=True, looks='3'), run=3, twin=['a'], status={}, seconds='soon')])
def test_results_with_gaps(result):
    ended,rows = card(result)
    assert isinstance(ended, str) and all(isinstance(o, str) for row in rows for o in row)

def test_a_second_look_is_told():
    assert 'look number 2' in card(dict(test=dict(score=.5, low=.4, high=.6, n=10, looks=2)))[1][0][2]

def test_small_parts():
    assert spark([1, float('nan'), 2])=='▁█' and len(spark(range(1000), 24))==24
    assert number(True) is None and number(float('inf')) is None and number(10**400) is None
    assert say_number(-123456)=='-123,456' and say_number(0)=='0.0000'
    assert inert('a\u2028b\x85c\td')=='a b c d' and inert('\x9b31mx')=='31mx' and len(inert('x'*10_000))==200
    assert take_clicks('x')==0

def test_make_view():
    told = Stream()
    with make_view(news=told) as news: assert news is told
    assert type(make_view()) is TerminalView

def test_import_is_light_and_quick():
    code = "import sys, time\nt = time.perf_counter()\nimport autolearn.widgets.live\nt = time.perf_counter()-t\n" \
           "print(t, *{'torch', 'fastai', 'ipywidgets', 'rich', 'IPython', 'pandas', 'numpy', 'zmq'} & {*sys.modules})"
    def run(): return subprocess.check_output([sys.executable, '-c', code], text=True).split()
    out = [run() for _ in range(3)]
    assert {len(o) for o in out}=={1}, out
    assert min(float(o[0]) for o in out)<.5

def test_head_of_nothing(): assert 'working' in head_html(Seen()) and final_html(Seen())==''

CROWD = """
import time, ipywidgets
from autolearn.widgets.live import take_clicks
b,n,late,log = ipywidgets.Button(),0,[],[] # late: clicks handed out before the cell began to look, which wait for its end
b.on_click(late.append)
model = b.model_id
"""

def test_nothing_in_line_is_lost():
    "Clicks are taken out, cells sent meanwhile run afterwards, and no interrupt leaves the kernel deaf"
    from jupyter_client.manager import start_new_kernel
    manager,kernel = start_new_kernel(kernel_name='python3')
    def ask(code): return kernel.execute_interactive(code, timeout=30, output_hook=lambda m: None, allow_stdin=False)
    try:
        assert ask(CROWD)['content']['status']=='ok'
        reply = kernel.execute_interactive('1', user_expressions=dict(m='model'), timeout=30, allow_stdin=False)
        model = reply['content']['user_expressions']['m']['data']['text/plain'].strip("'")
        click = dict(comm_id=model, data=dict(method='custom', content=dict(event='click')))
        for interrupt in (False, True, True, True, False):
            sent = [kernel.execute('n,t = 0,time.time()\nlate.clear()\nwhile n<36 and time.time()-t<25: n += take_clicks(model)')]
            for i in range(40):
                if interrupt and i==20: manager.interrupt_kernel()
                kernel.shell_channel.send(kernel.session.msg('comm_msg', click))
                sent.append(kernel.execute('log.append(1)'))
                time.sleep(.01)
            replies = {}
            while len(replies)<len(sent):
                m = kernel.get_shell_msg(timeout=30)
                replies[m['parent_header']['msg_id']] = m['content']['status']
            assert set(replies)==set(sent)
            if interrupt: continue
            assert set(replies.values())=={'ok'}
            seen = ask(f'assert n>=36 and n+len(late)==40 and len(log)>={len(sent)-1}, (n, len(late), len(log))\nlog.clear()')['content']
            assert seen['status']=='ok', seen.get('evalue')
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
