"Open the built site in a browser: `python .ci/look.py _docs shot.png`"
import functools, re, sys, threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from PIL import Image
from playwright.sync_api import expect, sync_playwright

FLAGS = ['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking',
         '--disable-component-update','--disable-sync']

class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args): pass

folder,shot = sys.argv[1:]
server = ThreadingHTTPServer(('127.0.0.1',0), functools.partial(Quiet, directory=folder))
threading.Thread(target=server.serve_forever, daemon=True).start()
here = f'http://127.0.0.1:{server.server_port}/'
with sync_playwright() as p:
    browser = p.chromium.launch(executable_path='/usr/bin/chromium', args=FLAGS)
    page = browser.new_page(viewport=dict(width=1300, height=1000))
    errors,foreign = [],[]
    page.on('pageerror', lambda e: errors.append(str(e)))
    page.on('request', lambda r: None if r.url.startswith((here,'data:','blob:')) else foreign.append(r.url))
    page.goto(here)
    assert page.title().startswith('autolearn'), page.title()
    expect(page.locator('h1')).to_contain_text('autolearn')
    page.screenshot(path=shot)
    box = page.get_by_role('button', name='Search')
    expect(box).to_be_visible()
    box.click()
    page.get_by_placeholder('Search').press_sequentially('notebook')
    expect(page.get_by_text(re.compile(r'^\d+ results?$'))).to_be_visible(timeout=20_000)
    browser.close()
assert not errors, errors
assert not foreign, foreign
colours = Image.open(shot).convert('RGB').getcolors(1<<24)
assert len(colours)>50 and max(n for n,_ in colours)<.99*1300*1000, 'the page looks blank'
print('the first page opens, its search answers')
