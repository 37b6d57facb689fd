#!/usr/bin/env python
"""The documentation site in _docs/, from nbdev's processed notebooks, without a network

python tools/site.py            build it; exit 1 and list them when internal links are broken
python tools/site.py --sidebar  write the sidebar of _quarto.yml from the numbers of the notebooks
"""
import argparse, base64, html, json, os, posixpath, re, shutil, subprocess, sys, tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from fastcore.nbio import read_nb
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from nbdev.config import get_config, nbpath2html
from nbdev.serve import proc_nbs
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {0:'Ground', 1:'Data', 2:'Plan', 3:'Torch', 4:'Recipes', 5:'Model', 6:'Run', 7:'Doors', 9:'Check'}
LOCAL = re.compile(r'(<a\b[^>]*?)\s+href="(?!\w+:|#|/)[^"]*"') # in an output: a file of the run, not of the site
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')
CSS = """
.al-out pre { font-size: .72rem; line-height: 1.4; padding: .4rem .8rem; margin: 0 0 1em; overflow-x: auto;
              border-left: .15rem solid var(--md-accent-fg-color); }
.al-out { overflow-x: auto; font-size: .72rem; }
.al-out img, .al-out svg { max-width: 100%; height: auto; }
.al-out table { border-collapse: collapse; border: 0; margin: 0 0 1em; }
.al-out th, .al-out td { padding: .2rem .7rem; text-align: right; border: 0;
                         border-bottom: 1px solid var(--md-default-fg-color--lightest); }
.md-typeset .al-source { float: right; font-size: .65rem; }
"""
md = MarkdownIt('commonmark', dict(html=True)).enable(['table', 'strikethrough'])

# ---- the sidebar: index, then floor by floor

def notebooks(
    nbs:Path, # the folder of notebooks
)->list[str]: # paths relative to `nbs`
    "All notebooks that have a page, the index first, then by number, tutorials last"
    names = [p.relative_to(nbs).as_posix() for p in nbs.rglob('*.ipynb')]
    names = [n for n in names if not any(o.startswith(('.','_')) for o in n.split('/'))]
    def number(n): return int(posixpath.basename(n)[:2]) if floor(n) is not None else 99
    def place(n): return n!='index.ipynb', n.startswith('tutorials/'), number(n), n
    return sorted(names, key=place)

def floor(name:str)->int|None:
    "The floor of the notebook `name`: the first of its two digits"
    m = re.match(r'(\d)\d_', posixpath.basename(name))
    return int(m[1]) if m else None

def sidebar(
    names:list[str], # as from `notebooks`
)->list: # as Quarto writes it: paths, and sections of paths
    "Group `names` by floor; what has no number stands alone, tutorials have a section of their own"
    res = []
    for n in names:
        sect = 'Tutorials' if n.startswith('tutorials/') else FLOORS.get(floor(n))
        if sect is None: res.append(n)
        elif res and isinstance(res[-1], dict) and res[-1]['section']==sect: res[-1]['contents'].append(n)
        else: res.append(dict(section=sect, contents=[n]))
    return res

def write_sidebar(
    path:Path, # _quarto.yml, whose last block is the sidebar's contents
    items:list, # as from `sidebar`
):
    "Replace what follows `contents:` at the end of the file at `path`; comments above it stay"
    head = path.read_text(encoding='utf-8').split('\n    contents:\n')[0]+'\n' # sections have contents, too, further in
    lines = []
    for o in items:
        if isinstance(o, str): lines.append(f'      - {o}')
        else:
            lines += [f"      - section: {o['section']}", '        contents:']
            lines += [f'          - {n}' for n in o['contents']]
    path.write_text('\n'.join([head+'    contents:', *lines])+'\n', encoding='utf-8')

# ---- one notebook, one page

def directives(
    src:str, # the source of a code cell
)->tuple[dict, str]: # the `#| key: value` lines at its top, and the rest
    "Quarto's wishes for a cell"
    d,lines = {},src.splitlines()
    while lines and lines[0].startswith('#|'):
        k,_,v = lines.pop(0)[2:].partition(':')
        d[k.strip()] = v.strip().strip('"')
    return d, '\n'.join(lines).strip()

def code(src:str, lang:str)->str:
    "`src` as coloured HTML"
    try: lexer = get_lexer_by_name(lang)
    except ClassNotFound: lexer = get_lexer_by_name('text')
    return highlight(src, lexer, HtmlFormatter(cssclass='highlight'))

def prose(src:str)->str:
    "Markdown as Jupyter reads it: headings and code stay Markdown for the site builder, the rest becomes HTML here"
    lines,res = src.splitlines(),[]
    for node in SyntaxTreeNode(md.parse(src)).children:
        if node.type in ('heading','fence'): res.append('\n'.join(lines[node.map[0]:node.map[1]]))
        else: res.append(md.renderer.render(node.to_tokens(), md.options, {}).strip())
    return '\n\n'.join(res)

def text(o)->str: return ''.join(o) if isinstance(o, list) else o or ''

def pre(s:str)->str: return f"<pre>{html.escape(ANSI.sub('', s))}</pre>"

def show(
    out:dict, # one output of a cell
    save, # (bytes, suffix) -> address of a picture
)->str: # HTML
    "The richest form of `out` that a page can hold"
    if out['output_type']=='stream': return pre(text(out['text']))
    if out['output_type']=='error': return pre('\n'.join(out['traceback']))
    d = {k:text(v) for k,v in out['data'].items() if isinstance(v, (str,list))}
    alt = html.escape(d.get('text/plain', 'output'), quote=True)
    if 'text/html' in d: return LOCAL.sub(r'\1', d['text/html'])
    if 'image/svg+xml' in d: return d['image/svg+xml']
    for kind in ('png','jpeg','gif','webp'):
        picture = d.get(f'image/{kind}')
        if picture: return f'<p><img src="{save(base64.b64decode(picture), kind)}" alt="{alt}"></p>'
    if 'text/markdown' in d: return md.render(d['text/markdown'])
    return pre(d['text/plain']) if 'text/plain' in d else ''

def documented(src:str)->str:
    "What nbdev's `show_doc` wrote, with the anchor that its links use and without dead links to the source"
    src = re.sub(r'^(#+) ([\w.]+)\s*$', lambda m: f'{m[1]} `{m[2]}` {{ #{m[2].lower()} }}', src, flags=re.M)
    def source(m): return f'<a class="al-source" href="{m[1]}">source</a>' if urlsplit(m[1]).scheme else ''
    return re.sub(r'\[source\]\((\S+?)\)\{[^}]*\}', source, src)

def page(
    nb, # a processed notebook
    name:str, # its page without suffix, relative to the site
    docs:Path, # where pages and pictures are written
    outs:dict, # filled: id of a placeholder -> HTML that replaces it once the page is built
)->str: # the title, for the sidebar
    "Write the notebook `nb` as Markdown"
    head,parts = {},[]
    files = f'{posixpath.basename(name)}_files'
    def save(data, suffix):
        d = docs/posixpath.dirname(name)/files
        d.mkdir(parents=True, exist_ok=True)
        p = d/f'{len(list(d.iterdir()))}.{suffix}'
        p.write_bytes(data)
        return f'{files}/{p.name}'
    for cell in nb.cells:
        src = text(cell.get('source'))
        if cell.cell_type=='raw':
            if src.startswith('---'): head = yaml.safe_load(src.split('---')[1])
        elif cell.cell_type=='markdown':
            for k,v in cell.get('attachments', {}).items():
                kind,data = next(iter(v.items()))
                src = src.replace(f'attachment:{k}', save(base64.b64decode(data), kind.split('/')[1]))
            parts.append(prose(directives(src)[1])) # exported prose keeps its directive
        else:
            d,src = directives(src)
            if d.get('include')=='false': continue
            lang = cell.metadata.get('language', 'python')
            if src and d.get('echo')!='false':
                if 'code-fold' in d:
                    open_,label = ' open' if d['code-fold']=='show' else '',d.get('code-summary', 'Code')
                    parts.append(f'<details{open_}><summary>{label}</summary>\n{code(src, lang)}</details>')
                else:
                    fence = '`'*max(3, 1+max(map(len, re.findall('`+', src)), default=0))
                    parts.append(f'{fence}{lang}\n{src}\n{fence}')
            for o in cell.get('outputs', []) if d.get('output')!='false' else []:
                if d.get('output')=='asis' and 'text/markdown' in o.get('data', {}):
                    parts.append(documented(text(o['data']['text/markdown'])))
                else:
                    key = f'al-out-{len(outs)}'
                    outs[key] = show(o, save)
                    parts.append(f'<div class="al-out" id="{key}"></div>')
    title = head.get('title') or posixpath.basename(name)
    top = f"# {title}\n\n"+(f"> {head['description']}\n\n" if head.get('description') else '')
    (docs/f'{name}.md').parent.mkdir(parents=True, exist_ok=True)
    (docs/f'{name}.md').write_text(top+'\n\n'.join(parts)+'\n', encoding='utf-8')
    return title

# ---- the site

def toml(o)->str:
    "`o` as a TOML value on one line"
    if isinstance(o, dict): return '{ '+', '.join(f'{toml(k)} = {toml(v)}' for k,v in o.items())+' }'
    if isinstance(o, list): return '['+', '.join(map(toml, o))+']'
    return json.dumps(o, ensure_ascii=False)

def config(
    cfg, # nbdev's configuration
    nav:list, # titles and pages
)->str: # zensical.toml
    "The builder's settings: no fonts, scripts or pictures from other places"
    project = dict(site_name=cfg.title, site_description=cfg.description, docs_dir='docs', site_dir='site',
                   use_directory_urls=False, extra_css=['al.css'], nav=nav)
    if cfg.doc_url: project['site_url'] = cfg.doc_url
    if cfg.git_url: project['repo_url'] = cfg.git_url
    theme = dict(font=False, features=['content.code.copy','navigation.footer','navigation.sections','navigation.top',
                                       'search.highlight'])
    ext = {'attr_list':{}, 'tables':{}, 'toc':dict(permalink=True), 'pymdownx.highlight':dict(pygments_lang_class=True),
           'pymdownx.superfences':{}}
    lines = ['[project]', *[f'{k} = {toml(v)}' for k,v in project.items()]]
    lines += ['[project.theme]', *[f'{k} = {toml(v)}' for k,v in theme.items()]]
    for media,scheme,icon,to in (('light','default','sun','dark'), ('dark','slate','moon','light')):
        lines += ['[[project.theme.palette]]', f'media = "(prefers-color-scheme: {media})"', f'scheme = "{scheme}"',
                  f'toggle = {toml(dict(icon="lucide/"+icon, name=f"Switch to {to} mode"))}']
    for k,v in ext.items():
        lines += [f'[project.markdown_extensions.{json.dumps(k)}]', *[f'{a} = {toml(b)}' for a,b in v.items()]]
    return '\n'.join(lines)+'\n'

class Page(HTMLParser):
    "The anchors and the addresses in one page"
    def __init__(self, src):
        super().__init__()
        self.ids,self.urls = set(),[]
        self.feed(src)
    def handle_starttag(self, tag, attrs):
        d = dict(attrs)
        self.ids |= {d[k] for k in ('id','name') if d.get(k)}
        self.urls += [(tag,d[k]) for k in ('href','src') if d.get(k) is not None]

def finish(
    site:Path, # the built site, changed in place
    pages:dict, # notebook -> page, both relative to the site
    outs:dict, # as `page` filled it
):
    "Put the outputs in, and turn links to notebooks and nbdev's links to symbols into links to pages"
    built = {p.relative_to(site).as_posix():p for p in site.rglob('*.html') if p.name!='404.html'}
    ids = {k:Page(p.read_text(encoding='utf-8')).ids for k,p in built.items()}
    for here,p in built.items():
        def link(m):
            u = urlsplit(html.unescape(m[2]))
            if u.scheme or u.netloc or not u.path: return m[0]
            there,frag = unquote(u.path),u.fragment
            if there.startswith('/'): # from nbdev, which knows methods that have no heading of their own
                there = there[1:]
                if there not in ids: return m[0]
                while frag and frag not in ids[there]: frag = frag.rpartition('.')[0]
            elif there.endswith('.ipynb'):
                there = pages.get(posixpath.normpath(posixpath.join(posixpath.dirname(here), there)))
                if not there: return m[0]
            else: return m[0]
            there = posixpath.relpath(there, posixpath.dirname(here) or '.')
            return f'{m[1]}="{html.escape(there)}{"#"+frag if frag else ""}"'
        txt = p.read_text(encoding='utf-8')
        txt = re.sub(r'<div class="?al-out"? id="?(al-out-\d+)"?>', lambda m: m[0]+outs[m[1]], txt)
        p.write_text(re.sub(r'\b(href)="([^"]*)"', link, txt), encoding='utf-8')

def broken(
    site:Path, # the finished site
)->list[str]: # one line each
    "Internal addresses that lead nowhere, and anything that a page would load from another place"
    home = get_config(ROOT).doc_url
    htmls = {p.relative_to(site).as_posix():p for p in site.rglob('*.html') if p.name!='404.html'}
    seen,res = {k:Page(p.read_text(encoding='utf-8')) for k,p in htmls.items()},set()
    for here,pg in seen.items():
        for tag,url in pg.urls:
            u = urlsplit(url)
            if u.scheme=='data' or url=='#': continue
            if u.scheme or u.netloc:
                if tag!='a' and not (home and url.startswith(home)): res.add(f'{here}: <{tag}> loads {url}')
                continue
            there = posixpath.normpath(posixpath.join(posixpath.dirname(here), unquote(u.path))) if u.path else here
            if (site/there).is_dir(): there = posixpath.normpath(f'{there}/index.html')
            if u.path.startswith('/') or not (site/there).exists(): res.add(f'{here}: no page or file {url}')
            elif u.fragment and there in seen and unquote(u.fragment) not in seen[there].ids:
                res.add(f'{here}: no anchor {url}')
    return sorted(res)

def build(
    force:bool=False, # process every notebook again, not only those that changed
)->list[str]: # broken links
    "Process the notebooks, write the pages, build the site into _docs/"
    cfg = get_config(ROOT)
    names = notebooks(cfg.nbs_path)
    want = sidebar(names)
    have = yaml.safe_load((ROOT/'_quarto.yml').read_text(encoding='utf-8'))['website']['sidebar']['contents']
    if have!=want: sys.exit('The sidebar in _quarto.yml is stale. Run: python tools/site.py --sidebar')
    cache = proc_nbs(force=force)
    pages = {n:nbpath2html(Path(n)).as_posix() for n in names}
    outs,titles = {},{}
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp)
        docs = tmp/'docs'
        for n in names: titles[n] = page(read_nb(cache/n), pages[n][:-5], docs, outs)
        for p in cache.rglob('*'):
            if p.suffix.lower() in ('.png','.jpg','.jpeg','.gif','.svg','.webp'):
                (docs/p.relative_to(cache)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(p, docs/p.relative_to(cache))
        (docs/'al.css').write_text(CSS)
        def entry(o):
            if isinstance(o, str): return {titles[o]: pages[o][:-5]+'.md'}
            return {o['section']: [entry(c) for c in o['contents']]}
        (tmp/'zensical.toml').write_text(config(cfg, [entry(o) for o in want]), encoding='utf-8')
        cmd = [sys.executable, '-m', 'zensical', 'build', '-f', 'zensical.toml']
        r = subprocess.run(cmd, cwd=tmp, capture_output=True, text=True)
        if r.returncode: sys.exit(f'zensical failed:\n{r.stdout}{r.stderr}')
        finish(tmp/'site', pages, outs)
        shutil.rmtree(cfg.doc_path, ignore_errors=True)
        shutil.copytree(tmp/'site', cfg.doc_path)
    return broken(cfg.doc_path)

def main():
    "Build the site, or write the sidebar"
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument('--sidebar', action='store_true', help='write the sidebar of _quarto.yml and stop')
    ap.add_argument('--force', action='store_true', help='process every notebook again')
    args = ap.parse_args()
    os.chdir(ROOT)
    if args.sidebar: return write_sidebar(ROOT/'_quarto.yml', sidebar(notebooks(ROOT/'nbs')))
    bad = build(args.force)
    if bad: sys.exit('\n'.join([f'{len(bad)} broken links:', *bad]))
    print(f"{len(list((ROOT/'_docs').rglob('*.html')))} pages in _docs/")

if __name__=='__main__': main()
