"The live view in JupyterLab, operated by a browser"
import os, shutil, time
from pathlib import Path
import nbformat, pytest
from lab import need_browser, start_lab

HERE = Path(__file__).parent
NAME = '<img src=x onerror=alert(1)> [b]x[/] $\\alpha$'

# A cell that works for about 10 seconds, as a fit does, unless it is asked to stop
REPLAY = f"""
import sys, time
sys.path.insert(0, {str(HERE)!r})
from recorded import events
from autolearn.widgets.live import make_view
told,stops,now = events({NAME!r}),[],time.time
begin = now()
with make_view(stop=lambda: stops.append(now()-begin)) as news:
    view,left = news.readers[0],None
    for a,b in zip(told, told[1:]):
        if a['kind']=='done': continue
        view(a)
        time.sleep((b['at']-a['at'])/4)
        if stops: # a run needs a moment to end
            for i in range(12):
                time.sleep(.1)
                view(dict(kind='clock', at=a['at']+i/10, used=now()-begin, secs=60.))
            break
    view(told[-1]|dict(result=told[-1]['result']|(dict(status='stopped') if stops else {{}})))
end = now()-begin
"""
TELL = "print(f'stops {len(stops)} after {stops[0] if stops else -1:.1f} of {end:.1f} broken {view.broken}')"

def shot(page, name, tmp_path):
    "Look at it yourself: AUTOLEARN_SHOTS names a folder to keep the pictures in"
    path = tmp_path/f'{name}.png'
    page.screenshot(path=path)
    if os.environ.get('AUTOLEARN_SHOTS'): shutil.copy(path, os.environ['AUTOLEARN_SHOTS'])
    assert path.stat().st_size>10_000

def stop_while_blocked(lab, page, name):
    "Click on Stop while the first cell of the notebook `name` is blocked, wait for the end; what its second cell told"
    lab.write(name, REPLAY, TELL)
    lab.open(page, name)
    lab.command(page, 'notebook:run-all-cells')
    page.wait_for_selector('.al-live svg polyline')
    page.wait_for_selector('.al-live .al-time')
    assert page.locator('.jp-CodeCell .jp-InputPrompt').nth(0).inner_text()=='[*]:'
    page.locator('button.al-stop').click()
    page.get_by_text('keeps the best').wait_for()
    assert page.locator('button.al-stop').is_disabled()
    page.wait_for_selector('.al-card')
    out = page.locator('.jp-CodeCell').nth(1).locator('.jp-OutputArea-output')
    out.wait_for()
    return out.inner_text()

def check(told):
    _,n,_,stop,_,end,_,broken = told.split()
    assert (n, broken)==('1', 'None') and float(end)<float(stop)+3 and float(end)<8, told

def test_stop_while_the_cell_is_blocked(lab, page, tmp_path):
    check(stop_while_blocked(lab, page, 'stop.ipynb'))
    assert page.locator('.al-card').inner_text().startswith('stopped, the best is kept')
    assert page.errors==[] and page.locator('.jp-OutputArea img').count()==0

def test_stop_where_comms_go_to_the_main_shell(page, tmp_path):
    "As in other front ends, and where the user has switched subshells off"
    off = {'@jupyterlab/apputils-extension/kernels-settings':dict(commsOverSubshells='disabled')}
    with start_lab(tmp_path/'lab', off) as lab: check(stop_while_blocked(lab, page, 'stop.ipynb'))

def test_looks_and_stays(lab, page, tmp_path):
    "Light and dark while it works, the result, and the saved notebook in a browser without a kernel"
    path = lab.write('looks.ipynb', REPLAY, TELL)
    lab.open(page, 'looks.ipynb')
    lab.command(page, 'notebook:run-all-cells')
    page.get_by_text('notes (1)').wait_for() # the second trial has failed, the third begins
    page.locator('.jupyter-widget-Collapse-header', has_text='findings').click() # opens although the kernel is busy
    page.locator('.al-text', has_text='exact_copies').wait_for()
    page.locator('.al-live svg').nth(1).wait_for()
    shot(page, 'light', tmp_path)
    lab.theme(page, dark=True)
    shot(page, 'dark', tmp_path)
    page.wait_for_selector('.al-card')
    assert page.locator('.al-live').get_by_text('[b]x[/] $\\alpha$').count()
    assert page.locator('.al-live mjx-container').count()==0 # no mathematics
    assert page.locator('button.al-stop').count()==0 and page.locator('.al-live details').count()==3
    shot(page, 'done-dark', tmp_path)
    lab.theme(page, dark=False)
    page.locator('.al-live summary', has_text='decisions').click()
    shot(page, 'done-light', tmp_path)
    lab.command(page, 'docmanager:save')
    until = time.time()+20
    while not (outputs:=nbformat.read(path, 4).cells[0].outputs) and time.time()<until: time.sleep(.2)
    assert [set(o.data) for o in outputs]==[{'text/html', 'text/plain'}]
    assert '0.9532 to 0.9812' in outputs[0].data['text/plain']
    assert page.errors==[]

def test_reopened_without_a_kernel(lab, page, tmp_path):
    "Somebody else opens the notebook: nothing is trusted, nothing runs"
    from autolearn.widgets.live import final_html
    from autolearn.widgets.seen import Seen
    from recorded import events
    seen = Seen()
    for e in events(NAME): seen.hear(e)
    path = lab.write('mail.ipynb', '1')
    nb = nbformat.read(path, 4)
    nb.cells[0].outputs = [nbformat.v4.new_output('display_data', {'text/html':final_html(seen), 'text/plain':''})]
    nbformat.write(nb, path)
    lab.open(page, 'mail.ipynb')
    page.get_by_text('0.9694').wait_for()
    for o in ('95% interval 0.9532 to 0.9812', 'decisions (6)'): assert page.get_by_text(o).is_visible()
    shot(page, 'untrusted', tmp_path)
    assert page.errors==[] and page.locator('.jp-OutputArea img').count()==0

def test_the_twin_is_a_click_away(lab, page):
    (lab.root/'runs/three-3f2a').mkdir(parents=True)
    lab.write('runs/three-3f2a/twin.ipynb', '"the twin"')
    lab.write('link.ipynb', f"import sys\nsys.path.insert(0, {str(HERE)!r})\nfrom recorded import events\n"
                            "from autolearn.widgets.live import make_view\nmake_view()(events()[-1])")
    lab.open(page, 'link.ipynb')
    lab.run_all(page)
    page.locator('.al-card a').click()
    page.wait_for_function("() => window.jupyterapp.shell.currentWidget?.context?.path==='runs/three-3f2a/twin.ipynb'")
    assert page.errors==[]

@pytest.mark.parametrize('require', ['0', '1'])
def test_without_a_browser(monkeypatch, require):
    monkeypatch.setattr('lab.CHROMIUM', '/nowhere/chromium')
    monkeypatch.setenv('AUTOLEARN_REQUIRE_BROWSER', require)
    expected = pytest.fail.Exception if require=='1' else pytest.skip.Exception
    with pytest.raises(expected, match='/nowhere/chromium'): need_browser()
