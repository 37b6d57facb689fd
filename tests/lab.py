"JupyterLab and a browser for tests; `conftest.py` makes fixtures of it"
import contextlib, json, os, secrets, socket, subprocess, sys, time, urllib.request
from pathlib import Path
import pytest

CHROMIUM = os.environ.get('AUTOLEARN_CHROMIUM') or '/usr/bin/chromium'
FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync']
READY = """() => { const w = window.jupyterapp?.shell.currentWidget, s = w?.sessionContext
    return s?.isReady && s.session?.kernel?.connectionStatus==='connected' && s.session.kernel.status==='idle' }"""
RAN = """n => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
    .filter(e => /\\[\\d+\\]/.test(e.textContent)).length>=n"""

def no_browser()->str:
    "Why no browser can be had; '' when it can"
    try: import jupyterlab, playwright # noqa: F401
    except ModuleNotFoundError as e: return f'no browser tests without {e.name}'
    if Path(CHROMIUM).exists(): return ''
    return f'no chromium at {CHROMIUM}: apt-get install chromium, or set AUTOLEARN_CHROMIUM'

def need_browser():
    "Skip a test that has no browser; fail it where AUTOLEARN_REQUIRE_BROWSER=1"
    why = no_browser()
    if why: (pytest.fail if os.environ.get('AUTOLEARN_REQUIRE_BROWSER')=='1' else pytest.skip)(why)

def free_port()->int:
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]

class Lab:
    "A JupyterLab server at `url` that serves `root`"
    def __init__(self, url:str, token:str, root:Path): self.url,self.token,self.root = url,token,root
    def write(self,
        name:str, # a file name that ends in .ipynb
        *cells, # the source of each code cell
    )->Path:
        "Write a notebook of code cells into `root`"
        import nbformat
        from nbformat.v4 import new_code_cell, new_notebook
        spec = dict(kernelspec=dict(name='python3', display_name='Python 3'))
        nb = new_notebook(cells=[new_code_cell(o) for o in cells], metadata=spec)
        nbformat.write(nb, self.root/name)
        return self.root/name
    def open(self, page, name:str):
        "Show a notebook of `root` in the browser, with a kernel that is really connected"
        page.goto(f'{self.url}/lab/tree/{name}?token={self.token}&reset')
        page.wait_for_selector('.jp-Notebook .jp-Cell')
        page.wait_for_function(READY)
    def command(self, page, name:str, **args):
        "Start one of JupyterLab's commands; no waiting for it, `page.evaluate` has no time limit"
        page.evaluate('([name, args]) => { window.jupyterapp.commands.execute(name, args) }', [name, args])
    def run_all(self, page, secs:float=60):
        "Run all cells and wait until each has its number"
        self.command(page, 'notebook:run-all-cells')
        page.wait_for_function(RAN, arg=page.locator('.jp-CodeCell').count(), timeout=1000*secs)
    def theme(self, page, dark:bool):
        "Change between JupyterLab's light and dark theme"
        self.command(page, 'apputils:change-theme', theme=f"JupyterLab {'Dark' if dark else 'Light'}")
        page.wait_for_selector(f'body[data-jp-theme-light="{str(not dark).lower()}"]', state='attached')
        page.wait_for_selector('#jupyterlab-splash', state='detached')

@contextlib.contextmanager
def start_lab(
    folder:Path, # for settings, logs and notebooks
    settings:dict=None, # plugin: its settings, e.g. {'@jupyterlab/apputils-extension/kernels-settings': {…}}
    secs:float=90, # how long the server may take to answer
    **env, # more environment variables
):
    "A JupyterLab server with settings, config and kernels of its own"
    port,token = free_port(),secrets.token_hex(8)
    root = folder/'work'
    root.mkdir(parents=True)
    quiet = dict(fetchNews='false', checkForUpdates=False, doNotDisturbMode=True)
    for plugin,o in {'@jupyterlab/apputils-extension/notification':quiet, **(settings or {})}.items():
        path = folder/f'settings/{plugin}.jupyterlab-settings'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(o))
    own = dict(JUPYTER_CONFIG_DIR='config', JUPYTER_DATA_DIR='data', JUPYTER_RUNTIME_DIR='runtime', IPYTHONDIR='ipy',
               JUPYTERLAB_SETTINGS_DIR='settings', JUPYTERLAB_WORKSPACES_DIR='workspaces')
    env = os.environ|{k:str(folder/v) for k,v in own.items()}|env
    env.pop('PYTEST_CURRENT_TEST', None) # ipykernel behaves differently where it stands
    log = folder/'lab.log'
    with open(log, 'w') as f:
        server = subprocess.Popen([sys.executable, '-m', 'jupyterlab', '--no-browser', '--allow-root', '--ip=127.0.0.1',
            f'--port={port}', f'--IdentityProvider.token={token}', f'--ServerApp.root_dir={root}',
            '--ServerApp.port_retries=0', '--LabApp.expose_app_in_browser=True'], stdout=f, stderr=f, env=env)
    try:
        url,until = f'http://127.0.0.1:{port}',time.time()+secs
        while True:
            try:
                urllib.request.urlopen(f'{url}/api/status?token={token}', timeout=2).close()
                break
            except OSError:
                if server.poll() is not None or time.time()>until:
                    raise RuntimeError(f'JupyterLab does not start: {log.read_text()[-2000:]}') from None
                time.sleep(.2)
        yield Lab(url, token, root)
    finally:
        server.terminate()
        try: server.wait(20)
        except subprocess.TimeoutExpired: server.kill()

@contextlib.contextmanager
def start_page(folder:Path, secs:float=30, width:int=1200, height:int=1000):
    "A page of a browser with a profile of its own; its errors and the dialogs it opened stand in `page.errors`"
    from playwright.sync_api import expect, sync_playwright
    with sync_playwright() as p:
        browser = p.chromium.launch_persistent_context(str(folder/'profile'), executable_path=CHROMIUM, args=FLAGS,
                                                       headless=True, viewport=dict(width=width, height=height))
        browser.set_default_timeout(1000*secs)
        expect.set_options(timeout=1000*secs)
        page = browser.new_page()
        page.errors = []
        page.on('pageerror', lambda e: page.errors.append(str(e)))
        def dialog(o):
            page.errors.append(f'a dialog: {o.message}')
            o.dismiss()
        page.on('dialog', dialog)
        try: yield page
        finally: browser.close()
