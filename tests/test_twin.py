"Folding keeps the meaning of a recipe's functions, and what strangers wrote stays text: autolearn.fold, house, markup, twin"
import ast, contextlib, importlib, json, re, subprocess, sys
import nbformat, pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from autolearn.core import UserError, to_json
from autolearn.fold import Unsettled, evaluate, fold, literal, names
from autolearn.house import House, Import, Module, Names, import_lines
from autolearn.markup import md_text, page_html, rebuild_tables, safe_outputs
from autolearn.records import Decision, Recipe
from autolearn.twin import Page, call_text, fold_check, make_twin, notebook_text, verify_twin, write_twin

HOSTILE = ["'];import os;os.system('touch hacked')#", '<img src=x onerror=alert(1)>', '</script><script>alert(1)</script>', '"""\n\\', '\ud800‮x']

def opened(src, choices, *args, to=''): return fold(src, choices, [*(args or ['recipe'])], to).text
def step(*lines): return 'def f(recipe):\n'+'\n'.join(f'    {l}' for l in lines)

# ---- values ----------------------------------------------------------------------------------------------------------
json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.sampled_from(HOSTILE),
                           lambda o: st.lists(o, max_size=3) | st.dictionaries(st.text(), o, max_size=3), max_leaves=8)

@given(json_values)
def test_a_literal_reads_back(v): assert ast.literal_eval(literal(v))==v

@pytest.mark.parametrize('v', [float('nan'), float('inf'), b'x', {1: 2}, object(), 1j, {1}])
def test_what_json_cannot_hold_is_no_literal(v):
    with pytest.raises(ValueError): literal(v)

def test_a_subclass_has_no_say_in_its_text():
    class Evil(str):
        def __repr__(self): return '__import__("os")'
    assert literal(Evil('a'))=="'a'"

def test_a_nest_too_deep_is_refused():
    v = []
    for _ in range(1000): v = [v]
    with pytest.raises(ValueError): literal(v)

# ---- the evaluator ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize('text', ['open("x")', 'recipe.a.__class__', '().__class__.__bases__', '__import__("os")', 'len.__self__', 'x', 'recipe',
    '[o for o in recipe.l]', '(lambda: 1)()', 'f"{recipe.a}"', 'recipe.l.append(1)', 'min(recipe.l, key=print)', 'len(*recipe.l)', '(y := 1)',
    'recipe.s*10**9', '9**9**9', '2**(10**9)', "'%s' % recipe.a", '1/0', 'recipe.l[9]', 'recipe.a<recipe.s', '~recipe.a', 'recipe.a@recipe.a', '1j', 'b"x"', '1e308*10'])
def test_the_evaluator_refuses(text):
    with pytest.raises(Unsettled): evaluate(text, dict(a=1, s='s', l=[1, 2]))

@pytest.mark.parametrize('text', ['recipe.a==1', 'recipe.a in (1, 2) and not recipe.s', '1<recipe.a+1<=2', "recipe.d['k'][0]", 'recipe.l[1:]', 'recipe.a is not None',
    'len(recipe.l)>1', 'max(recipe.l)', '-recipe.a**2', "recipe.s or 'x'", 'recipe.a if recipe.s else recipe.l', '{"k": recipe.a}["k"]', '(recipe.a, [recipe.s])', '7//2 % 2'])
def test_the_evaluator_agrees_with_python(text):
    choices = dict(a=1, s='', l=[1, 2], d=dict(k=[5]))
    assert evaluate(text, choices)==eval(text, dict(recipe=Recipe('x', choices)))

# ---- folding: a random function, its meaning before and after --------------------------------------------------------
CHOICES = dict(a=st.integers(-3, 3), b=st.integers(-3, 3), f=st.sampled_from([-.5, 0., .25, 2.]), flag=st.booleans(), off=st.booleans(),
    s=st.sampled_from(['a', 'b', "it's", '"q"', 'a{b}', '\\n\n', 'é', '', HOSTILE[0]]), l=st.lists(st.integers(-2, 2), min_size=1, max_size=3),
    d=st.fixed_dictionaries(dict(k=st.integers(-1, 1))))
def joined(*parts): return st.tuples(*parts).map(''.join)

number = st.deferred(lambda: st.one_of(
    st.sampled_from(['recipe.a', 'recipe.b', 'recipe.f', 'recipe.l[0]', 'recipe.l[-1]', "recipe.d['k']", 'x', 'dl.n', 'len(recipe.l)', '-recipe.a',
        '(recipe.b)', '3', 'sum(i*recipe.a for i in range(3))', '(lambda q: q+recipe.b)(2)', 'max(recipe.a, recipe.b)', '[recipe.a, x][0]',
        'dict(k=recipe.f)["k"]', 'abs(recipe.a)', 'recipe.a.real', 'recipe.l.count(0)', '[*recipe.l, recipe.a][-1]', '(y := recipe.a)',
        'recipe.a**2', 'x**2', '(recipe.f)**2']),
    joined(number, st.sampled_from([' + ', ' - ', '*']), number), joined(st.just('('), number, st.just(')')),
    joined(st.just('('), number, st.just(' if '), test, st.just(' else '), number, st.just(')')),
    joined(st.just('sum([1,\n        '), number, st.just('\n        if '), test, st.just('\n        else '), number, st.just('])'))))
test = st.deferred(lambda: st.one_of(
    st.sampled_from(['recipe.flag', 'recipe.off', 'not recipe.flag', 'recipe.a', 'recipe.s', 'x>1', 'dl.ok', 'not dl.ok', "recipe.s=='a'", 'other()',
        "recipe.s in ('a', 'b')", 'recipe.a<recipe.b', '0<recipe.a<=x', 'recipe.a is None', 'recipe.d', '1 in recipe.l']),
    joined(test, st.sampled_from([' and ', ' or ']), test), joined(st.just('('), test, st.sampled_from([' and ', ' or ']), test, st.just(')')),
    joined(st.just('('), test, st.sampled_from(['\n    and ', '\n    or ']), test, st.just(')')), joined(st.just('not ('), test, st.just(')')),
    joined(st.just('('), test, st.just(' if '), test, st.just(' else '), test, st.just(')'))))
string = st.sampled_from(["f'{recipe.s}'", "f'{recipe.a:>4}|{x}'", "f\"{recipe.s!r}{x:{recipe.b+5}d}\"", "f'{recipe.f:.2f} {{}} {dl.n}'", "f'{recipe.a=}'",
    "'p' f'{recipe.s}é{x}'", "f'{recipe.s if x>1 else 0}'", "f'{[x, recipe.s]}'", "f'''{recipe.s}\n  two {x}'''", "f'{dl.n}'", "'''keep\n me'''",
    "'#no' # 'comment", "str((recipe.s, recipe.l)) + f\"{'a' if recipe.flag else x}\""])
def indent(s): return '\n'.join(f'    {l}' if l.strip() else l for l in s.split('\n'))

comment = st.sampled_from(['', '# comment\n', '# one\n# two é\n', '\n'])
simple = st.one_of(number.map(lambda e: f't.append({e})'), string.map(lambda e: f't.append(\n    {e}\n)'), number.map(lambda e: f'x = {e}'),
    test.map(lambda e: f't.append(bool({e})) # why {{}}'), st.sampled_from(['t.append(1); t.append(2)', 'pass']),
    number.map(lambda e: f'add = lambda z: z+{e}\nt.append(add(1))'))
short = st.one_of(number.map(lambda e: f't.append({e})'), st.sampled_from(['t.append(8); t.append(9) # tail', 'pass']), number.map(lambda e: f't.append({e}) # é'))
block = st.deferred(lambda: st.lists(joined(comment, statement), min_size=1, max_size=3).map('\n'.join))
suite = st.one_of(st.tuples(st.sampled_from(['', ' # tail']), block).map(lambda t: f'{t[0]}\n{indent(t[1])}'), short.map(lambda o: f' {o}'))
def chain(t):
    (ask,body),more,rest = t
    out = f'if {ask}:{body}'
    for c,a,b in more: out += f'\n{c.lstrip()}elif {a}:{b}'
    return out+(f'\n{rest[0].lstrip()}else:{rest[1]}' if rest else '')
fork = st.tuples(st.tuples(test, suite), st.lists(st.tuples(comment, test, suite), max_size=2), st.none() | st.tuples(comment, suite)).map(chain)
statement = st.deferred(lambda: st.one_of(simple, fork, fork, joined(st.just('for i in range(2):'), suite),
    joined(st.just('try:'), suite, st.just('\nexcept ZeroDivisionError:'), suite), joined(st.just('with ctx('), number, st.just('):'), suite),
    joined(st.just('while x<0:\n    x += 9\nelse:'), suite),
    st.tuples(number, block).map(lambda t: f'@deco\ndef g(z={t[0]}):\n    t.append(z)\n    x = 0\n{indent(t[1])}\n    return t\ng()'),
    st.tuples(short, block).map(lambda t: f'match recipe.s:\n    case "a": {t[0]}\n    case _ if recipe.a:\n{indent(indent(t[1]))}')))

@contextlib.contextmanager
def ctx(v): yield v

class Bag:
    def __init__(self, **kw): self.__dict__.update(kw)

@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(block, st.fixed_dictionaries(CHOICES), number, st.integers(-2, 3), st.booleans())
def test_a_folded_function_does_what_the_function_does(body, choices, result, x, ok):
    src = f'def step(t, x, dl, recipe):\n    "doc"\n{indent(body)}\n    return [t,\n            {result}, x]'
    def run(do):
        asked = []
        def other(): return bool(asked.append(1) or len(asked)%2)
        try: return do(dict(ctx=ctx, deco=lambda f: f, other=other)),len(asked)
        except Exception as e: return type(e),len(asked)
    def original(scope):
        exec(src, scope)
        return scope['step']([], x, Bag(n=4, ok=ok), Bag(**choices))
    text = opened(src, choices, 't', 'start', 'dls.dl', 'recipe', to='out')
    def folded(scope):
        scope |= dict(t=[], start=x, dls=Bag(dl=Bag(n=4, ok=ok)))
        exec(text, scope)
        return scope['out']
    assert 'recipe.' not in text.replace('recipe.a=', '')
    assert run(folded)==run(original)

# ---- folding: how it reads -------------------------------------------------------------------------------------------
@pytest.mark.parametrize('lines,choices,want', [
    (['# why', 'if recipe.x: a()', 'b()'], dict(x=1), '# why\na()\nb()'),
    (['# why', 'if recipe.x: a()', 'b()'], dict(x=0), 'b()'),
    (['# section', '', '# why', 'if recipe.x: a()', 'b()'], dict(x=0), '# section\n\nb()'),
    (['if recipe.x: # because', '    a()', 'else: # otherwise', '    b()'], dict(x=1), '# because\na()'),
    (['if recipe.x: # because', '    a()', 'else: # otherwise', '    b()'], dict(x=0), '# otherwise\nb()'),
    (["if recipe.x=='p': a()", '# two', "elif recipe.x=='q': b()", 'else: c()'], dict(x='q'), '# two\nb()'),
    (["if recipe.x=='p': a()", "elif recipe.x=='q': b()", 'else: c()'], dict(x='r'), 'c()'),
    (['if ask(): a()', 'elif recipe.x: b()', 'else: c()'], dict(x=1), 'if ask(): a()\nelse: b()'),
    (['if ask(): a()', 'elif recipe.x: b()', 'else: c()'], dict(x=0), 'if ask(): a()\nelse: c()'),
    (['if recipe.x: a()', 'elif ask(): b()', 'else: c()'], dict(x=0), 'if ask(): b()\nelse: c()'),
    (['if ask(): a()', 'elif recipe.x: b()'], dict(x=0), 'if ask(): a()'),
    (['if recipe.x and ask(): a()'], dict(x=1), 'if ask(): a()'),
    (['if recipe.x and ask(): a()'], dict(x=0), ''),
    (['if ask() and recipe.x: a()'], dict(x=1), 'if ask() and 1: a()'), # `ask` may have effects: it stays
    (['for o in os:', '    if recipe.x: a()'], dict(x=0), 'for o in os:\n    pass'),
    (['a = recipe.x if recipe.y else b'], dict(x='l', y=True), "a = 'l'"),
    (['a = recipe.x**2, recipe.x.real, recipe.y.real, -recipe.x'], dict(x=-1, y=3), 'a = (-1)**2, (-1).real, (3).real, 1'),
    (['a = recipe.moms[0], recipe.d["k"], rows[recipe.n]'], dict(moms=[.9, .8], d=dict(k='v'), n=2), "a = 0.9, 'v', rows[2]"),
    (['a = 2*recipe.n # wide'], dict(n=16), 'a = 2*16 # wide'),
    (['f = lambda o, k=recipe.n: o+recipe.n'], dict(n=1), 'f = lambda o, k=1: o+1'),
    (['def g(o):', '    if recipe.n: return o', '    return recipe.n', 'a = g'], dict(n=3), 'def g(o):\n    return o\n    return 3\na = g'),
    (["a = f'{recipe.s}/{b}'"], dict(s='{"\''), None),
    (["a = 'é', recipe.s"], dict(s='ü'), "a = 'é', 'ü'"),
])
def test_how_it_reads(lines, choices, want):
    text = opened(step(*lines), choices)
    compile(text, '<page>', 'exec')
    assert want is None or text==want

def test_a_string_over_lines_keeps_its_lines():
    text = opened(step('if recipe.x:', '    a = """one', '  two"""'), dict(x=1))
    assert ast.literal_eval(ast.parse(text).body[0].value)=='one\n      two' # as the function had it

@pytest.mark.parametrize('lines,to,want', [
    (['return Learner(a,', '               b)'], 'learn', 'learn = Learner(a,\n                b)'), (['return dls'], 'dls', ''),
    (['x()', 'return'], '', 'x()'), (['return a, b'], 'c', 'c = a, b'), (['return a # why'], '', 'a # why'), (['a = 1; return a'], 'b', 'a = 1\nb = a')])
def test_the_result(lines, to, want): assert opened(step(*lines), {}, to=to)==want

@pytest.mark.parametrize('src,words', [
    (step('train(recipe)'), 'hands the whole recipe on'), (step('r = recipe'), 'hands the whole recipe on'), (step('getattr(recipe, "x")'), 'whole recipe'),
    (step('recipe.x = 2'), 'changes `recipe.x`'), (step('f = lambda recipe: recipe.x'), 'second `recipe`'), (step('yield recipe.x'), 'yield'),
    (step('for a in b:', '    return recipe.x'), 'return once'), (step('if a: return 1', 'return 2'), 'return once'),
    (step('with a: return 1'), 'return once'), ('@no_grad()\ndef f(recipe): a()', 'decorator'), ('async def f(recipe): a()', 'plain function'),
    ('def f(recipe, *args): a()', '`*`'), ('def f(recipe, n): a()', 'needs `n`'), ('def f(): a()', 'takes 0 arguments'),
    (step('n = 0', 'def g():', '    nonlocal n', '    n = 1'), 'outside a function'), (step('a(recipe.nothing)'), 'no choice'), ('def f(other): a()', 'needs the recipe')])
def test_what_does_not_fold_is_refused(src, words):
    if words=='needs the recipe':
        with pytest.raises(ValueError, match=words): fold('def f(recipe): a()', {}, ['settings'])
    else:
        with pytest.raises(ValueError, match=words.replace('*', r'\*')): opened(src, dict(x=1))

def test_a_missing_result_is_refused():
    with pytest.raises(ValueError, match='must return'): opened(step('a()'), {}, to='learn')

def test_parameters_that_could_change_meaning_are_assigned_first():
    assert opened('def f(dl): return dl.x', {}, 'dls.valid')=='dls.valid.x'
    assert opened('def f(dl):\n    dl = dl.new()\n    a(dl)', {}, 'dls.valid')=='dl = dls.valid\ndl = dl.new()\na(dl)'
    assert opened('def f(dl): return [dl for dl in dl]', {}, 'dls.valid')=='dl = dls.valid\n[dl for dl in dl]'
    assert opened('def f(n=-1, *, m=2): return n**m', {}, *[]or['-3'])=='n = -3\nn**2'

# ---- the house -------------------------------------------------------------------------------------------------------
@pytest.fixture
def shed(tmp_path, monkeypatch):
    "Writes modules of an outside package `shed` that nobody may import"
    monkeypatch.syspath_prepend(tmp_path)
    def build(**modules):
        for name,text in modules.items():
            p = tmp_path/f"shed/{name.replace('__', '/')}.py"
            for d in {p.parent, tmp_path/'shed'}:
                d.mkdir(parents=True, exist_ok=True)
                (d/'__init__.py').write_text('raise SystemExit("imported")')
            p.write_text(text)
        importlib.invalidate_caches()
        return Names(House('shed'))
    yield build
    assert not [o for o in sys.modules if o.split('.')[0]=='shed']

def blocks(page, wanted, module): return [b.names[0] for b in page.need(wanted, module)]

def test_blocks_are_found_through_imports_and_stand_after_what_they_need(shed):
    page = shed(a='from .b import Child, helper as helper\nX = 1\ndef use(): return Child, X', deep__c='from ..b import Child',
                b='import torch\nfrom abc import ABC\nK = 2\ndef deco(f): return f\nclass Base(ABC): k = K\n@deco\nclass Child(Base):\n    def f(self, n=K): return torch\n'
                  'def helper(): return None\ndef unused(): return Child')
    assert blocks(page, ['use', 'helper'], 'shed.a')==['deco', 'K', 'Base', 'Child', 'X', 'use', 'helper']
    assert sorted(i.meaning for i in page.imports)==['abc.ABC', 'torch']
    assert blocks(page, ['Child'], 'shed.deep.c')==[] # it is there already

def test_functions_that_call_each_other(shed):
    assert sorted(blocks(shed(a='def f(): return g()\ndef g(): return f()'), ['f'], 'shed.a'))==['f', 'g']

def test_what_a_class_grew_by_comes_along(shed):
    page = shed(a='from fastcore.basics import patch\nclass A: pass\nclass B: pass\n\n@patch\ndef go(self:A): return 1\n\n@patch\ndef go(self:B): return 2\nA.limit = 3\n')
    a,b = page.need(['A', 'B'], 'shed.a')
    assert 'return 1' in a.text and 'return 2' not in a.text and 'A.limit = 3' in a.text and 'return 2' in b.text

def test_a_block_may_have_the_name_of_a_builtin(shed):
    assert blocks(shed(a='def len(x): return 0\ndef f(): return len'), ['f'], 'shed.a')==['len', 'f']
    with pytest.raises(ValueError, match='two things'): shed(a='from .b import g\ndef f(): return len, g', b='def len(x): return 0\ndef g(): return len').need(['f'], 'shed.a')

def test_comments_and_prose_travel(shed):
    page = shed(a='"""Title\n\n## `f`: what it does\nAlways.\n\n## Other\nnot this"""\n# %% ../nbs/a.ipynb #1\n# Source: x\n# two\ndef f(): return 1\n')
    b, = page.need(['f'], 'shed.a')
    assert (b.text, b.title, b.prose)==('# Source: x\n# two\ndef f(): return 1', 'what it does', 'Always.')

@pytest.mark.parametrize('modules,wanted,words', [
    (dict(a='from .b import f\nfrom .c import g\ndef h(): return f, g', b='def k(): return 1\ndef f(): return k', c='def k(): return 2\ndef g(): return k'), 'h', 'two things'),
    (dict(a='from .b import f\nfrom os.path import join\ndef h(): return f, join', b='from shlex import join\ndef f(): return join'), 'h', 'two things'),
    (dict(a='def f(): return nothing'), 'f', 'neither defines nor imports'), (dict(a='from os import *\ndef f(): return getcwd'), 'f', 'everything from os'),
    (dict(a='from .b import g as h\ndef f(): return h', b='def g(): return 1'), 'f', 'one name'), (dict(a='from .b import g\ndef f(): return g', b=''), 'f', 'no such definition'),
    (dict(a='import shed.b\ndef f(): return shed.b.g', b='def g(): return 1'), 'f', 'imports the module'),
    (dict(a='class A: pass\ndef f(x:A): return x'), 'f', 'annotation'), (dict(a='def f():\n    from .b import g\n    return g', b='g = 1'), 'f', 'inside its body')])
def test_what_cannot_stand_on_a_page_is_refused(shed, modules, wanted, words):
    page = shed(**modules)
    with pytest.raises(ValueError, match=words): page.need([wanted], 'shed.a')

def test_imports_are_written_as_a_person_would():
    lines = import_lines([Import('torch', '', 'torch'), Import('numpy', '', 'np'), Import('os', '', 'os'), Import('torch', 'nn', 'nn'), Import('os', 'path', 'p'),
                          Import('torch.nn.functional', '', 'F'), Import('torch.utils', '', 'torch'), Import('torch', 'Tensor', 'Tensor')])
    assert lines=='import os\nfrom os import path as p\nimport numpy as np, torch, torch.nn.functional as F, torch.utils\nfrom torch import nn, Tensor'

def test_names_of_a_text():
    assert names('import os\nclass A(B):\n    c: D = e\n    def f(self, g=h)->I:\n        j = K\n        return [l for l in m if l]')==(['B', 'D', 'e', 'h', 'I', 'K', 'm'], {'os', 'A'})

@pytest.mark.parametrize('name', ['', '.', 'no_such_package', 'autolearn.nothing', 'sys', '../x', 'os.path.x'])
def test_a_module_that_is_not_there(name):
    with pytest.raises(ValueError, match='no text'): Module(name)

# ---- markup ----------------------------------------------------------------------------------------------------------
@given(st.text() | st.sampled_from(HOSTILE) | st.text('<>&"\'`*_[]()!#-+.1 \n|\\$~@:/wh', max_size=20))
@settings(deadline=None)
def test_text_in_prose_is_shown_and_not_obeyed(s):
    from markdown_it import MarkdownIt
    for rules in ('commonmark', 'gfm-like'):
        tokens = MarkdownIt(rules, dict(html=True, linkify=False)).parse(f'- a: {md_text(s)}')+MarkdownIt(rules, dict(html=True, linkify=False)).parse(md_text(s))
        kinds = {t.type for o in tokens for t in [o, *(o.children or [])]}
        assert kinds<={'bullet_list_open', 'bullet_list_close', 'list_item_open', 'list_item_close', 'paragraph_open', 'paragraph_close', 'inline', 'text',
                       'text_special', 'code_inline'}
    md_text(s).encode()
    assert not set(re.sub('`[^`]*`', '', md_text(s))) & set('<>$@\\|[]{}') # mathematics is looked for everywhere but in code

@pytest.mark.parametrize('s', HOSTILE+['<!--', '<![CDATA[', '<table><tr><td>', '<style>x', '<td>', '<table><td>a<table><td>b', '&#60;b&#62;'])
def test_tables_are_rebuilt(s):
    out = rebuild_tables(f'<table><tr><td onclick=x>1</td></tr></table>{s}')
    assert out.startswith('<table>\n<tr><td>1</td></tr>\n</table>') and not set(re.findall(r'<(\w+)[^>]*>', out))-{'table', 'tr', 'td'}

def test_outputs_that_could_act_are_left_out():
    data = {'text/html': '<b onclick=x>', 'application/javascript': 'x', 'image/svg+xml': '<svg onload=x>', 'image/png': '"><script>', 'text/plain': 'x'}
    assert safe_outputs([dict(output_type='display_data', data=data)])[0]['data']=={'text/plain': 'x'}
    assert safe_outputs([dict(output_type='display_data', data={'application/javascript': 'x'}), dict(output_type='update_display_data')])==[]

# ---- twins -----------------------------------------------------------------------------------------------------------
RECIPE = '''"""Means

## `make_dls`: rows
Kept as they are."""
from .tools import Mean, Trimmed, note

def make_dls(items, split, recipe):
    rows = [x for x,s in zip(items, split) if s=='train']
    return rows

def make_learner(dls, recipe):
    # outliers
    if recipe.trim: learn = Trimmed(dls, recipe.trim)
    else: learn = Mean(dls)
    if recipe.note: note(recipe.name)
    return learn

def fit(learn, recipe):
    for epoch in range(recipe.epochs): learn.step()

def score(learn, rows, recipe):
    return dict(value=learn.value, n=len(rows))
'''
TOOLS = '''import os
class Mean:
    def __init__(self, rows): self.rows,self.value = rows,0.
    def step(self): self.value = sum(self.rows)/len(self.rows)

class Trimmed(Mean):
    def __init__(self, rows, n): super().__init__(sorted(rows)[n:-n])

def note(s): os.environ['NOTE'] = s
'''
STEPS = [('make_dls', ['items', 'split', 'recipe'], 'dls'), ('make_learner', ['dls', 'recipe'], 'learn'), ('fit', ['learn', 'recipe'], ''), ('score', ['learn', 'dls', 'recipe'], '')]
SOURCE = '''
def read(path, n): return [float(i*i) for i in range(n)]
def mark(items): return str(len(items))
def split(items, every): return ['valid' if i%every==0 else 'train' for i in range(len(items))]
'''

@pytest.fixture
def page(shed):
    shed(recipes__mean=RECIPE.replace('.tools', '..tools'), tools=TOOLS, source=SOURCE)
    return Page(title='Means', summary='Made for a test.', recipe_module='shed.recipes.mean', recipe=Recipe('mean', dict(trim=0, note=False, name=HOSTILE[0], epochs=2)),
        data=[dict(module='shed.source', fn='read', args=[], kwargs=dict(path=HOSTILE[0], n=10), to='items')], fingerprint='10', figures=dict(value=26.5, n=6),
        check=dict(module='shed.source', fn='mark', args=['items']), steps=STEPS, env=dict(numpy='1.0'), run='r1',
        prepare=[dict(module='shed.source', fn='split', args=['items'], kwargs=dict(every=3), to='splits')])

@pytest.fixture
def good(page): # `split` is the function's name in this house
    return page.replace(steps=[(f, [a.replace('split', 'splits') for a in args], to) for f,args,to in STEPS])

def code(nb): return [c['source'] for c in nb['cells'] if c['cell_type']=='code']

def test_a_twin_is_a_valid_notebook_and_the_same_each_time(good):
    nb = make_twin(good)
    nbformat.validate(nb)
    assert notebook_text(nb)==notebook_text(make_twin(Page.from_dict(json.loads(to_json(good.to_dict())))))
    assert [c['execution_count'] for c in nb['cells'] if c['cell_type']=='code']==[*range(1, len(code(nb))+1)]
    assert nb['metadata']['autolearn']==dict(run='r1', figures=dict(value=26.5, n=6), versions=dict(numpy='1.0'), house=['autolearn', 'shed'])

def test_blocks_and_imports_that_are_not_used_are_not_there(good):
    text = '\n'.join(code(make_twin(good)))
    assert 'class Mean' in text and 'Trimmed' not in text and 'note' not in text and 'import' not in text.replace(literal(HOSTILE[0]), '')

def test_another_choice_other_cells(good):
    a,b = [set(code(make_twin(good.replace(recipe=good.recipe.having(trim=n))))) for n in (0, 2)]
    assert any('class Trimmed' in o for o in b-a) and any(o.startswith('# outliers\nlearn = Trimmed(dls, 2)') for o in b) and a-b=={'learn = Mean(dls)'}

def test_each_import_of_a_twin_is_used(good):
    src = '\n'.join(code(make_twin(good.replace(recipe=good.recipe.having(note=True, trim=1)))))
    assert src.startswith('import os\n') and src.count('import os\n')==1

def test_the_order_of_a_page(good):
    source = code(make_twin(good.replace(env=dict(threads=2))))
    assert source[0]=='import torch' and source[1].startswith('torch.set_num_threads(2) #')
    at = [next(i for i,o in enumerate(source) if o.startswith(s)) for s in ('items = ', 'assert mark(items)==', 'splits = ', 'rows = ', 'learn = ', 'for epoch', 'dict(')]
    assert at==sorted(at) and at[1]-at[0]==2 and at[-1]==len(source)-1 # between them stands `mark`

def test_reasons_stand_where_the_choice_is_read_and_once(good):
    why = [Decision('epochs', 2, HOSTILE[1]), Decision('trim.low', 0, 'no outliers'), Decision('splits.every', 3, 'as asked'), Decision(HOSTILE[1], HOSTILE, HOSTILE[1])]
    nb = make_twin(good.replace(decisions=why))
    def before(start): # the prose above the cell
        i = next(i for i,c in enumerate(nb['cells']) if c['source'].startswith(start))
        return next(c['source'] for c in reversed(nb['cells'][:i]) if c['cell_type']=='markdown')
    assert '`epochs` is `2`' in before('for epoch') and '`trim.low`' in before('learn = ') and '`splits.every`' in before('splits = ')
    prose = '\n'.join(c['source'] for c in nb['cells'] if c['cell_type']=='markdown')
    assert '<img' not in prose and prose.count('`epochs` is')==1

def test_hostile_words_stay_words(good, tmp_path):
    bad = good.replace(title=md_text(HOSTILE[1]), notes=dict(fit=md_text(HOSTILE[1])), recipe=good.recipe.having(name=HOSTILE[1], note=True),
        decisions=[Decision('epochs', v, v) for v in HOSTILE], env=dict(os=HOSTILE[1]),
        outputs=dict(fit=[dict(output_type='display_data', data={'text/html': f'<table><td>{o}</table>{o}', 'text/plain': o}) for o in HOSTILE]+
                         [dict(output_type='stream', name='stdout', text=o) for o in HOSTILE]))
    write_twin(bad, tmp_path)
    html = (tmp_path/'twin.html').read_text()
    assert '<img' not in html and '<script' not in html and 'http://' not in html
    assert '<img' not in ''.join(c.source for c in nbformat.read(tmp_path/'twin.ipynb', 4).cells if c.cell_type=='markdown')

@pytest.mark.parametrize('call', [dict(fn='f()', args=[]), dict(fn='f', args=['a()']), dict(fn='f', args=['a.__class__']), dict(fn='f', args=['1);os.x(']),
    dict(fn='f', args=['[o for o in a]']), dict(fn='f', kwargs={'a=1,b': 1}), dict(fn='f', kwargs=dict(a=object())), dict(fn='f', to='a,b;c'), dict(fn='f', args=[''])])
def test_calls_that_could_do_more_are_refused(call):
    with pytest.raises(ValueError): call_text(call)

def test_an_open_recipe_has_no_twin(good):
    with pytest.raises(ValueError, match='not closed: trim'): make_twin(good.replace(recipe=good.recipe.having(trim=None)))

def test_a_name_that_the_data_have_is_not_set_by_a_step(page):
    with pytest.raises(ValueError, match='`split` would mean two things'): make_twin(page.replace(prepare=[page.prepare[0]|dict(to='split')]))

def test_a_step_that_is_repeated(good):
    nb = make_twin(good.replace(steps=[*good.steps[:3], good.steps[2], good.steps[3]], outputs={'fit.2': [dict(output_type='stream', text='second')]}))
    fits = [c for c in nb['cells'] if c['source'].startswith('for epoch')]
    assert [len(c['outputs']) for c in fits]==[0, 1]

def test_large_outputs_are_left_out_with_a_note(good):
    pic = lambda n: dict(output_type='display_data', data={'image/png': 'A'*n})
    nb = make_twin(good.replace(outputs=dict(fit=[pic(250_000)], make_dls=[pic(190_000) for _ in range(8)])))
    text = notebook_text(nb)
    assert len(text)<1_000_000 and '250 kB was left out' in text and text.count('image/png')==5
    with pytest.raises(ValueError, match='too large'): make_twin(good.replace(recipe=good.recipe.having(note=True, name='x'*2_000_000)))

def test_fold_check_names_choices_that_nobody_reads(good):
    assert fold_check(good.recipe_module, good.recipe.having(_strict=False, colour=1, trim=None), good.steps)==['colour']
    with pytest.raises(ValueError, match='no choice'): fold_check(good.recipe_module, Recipe('mean', dict(trim=1)), good.steps)

def test_nothing_heavy_is_imported():
    src = "import sys, autolearn.twin; print(sorted({'torch', 'fastai', 'nbclient', 'nbformat', 'markdown_it', 'pygments'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, '-c', src], capture_output=True, text=True).stdout.strip()=='[]'

# ---- verifying -------------------------------------------------------------------------------------------------------
def test_verify_finds_equal_different_and_failing(good, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = write_twin(good, tmp_path)
    before,told = path.read_bytes(),[]
    out = verify_twin(path, lambda kind,**what: told.append((kind, what['done'], what['of'])))
    assert out['equal'] and out['difference']==0 and out['rerun']==out['recorded'] and not out['error'], out
    assert path.read_bytes()==before and told[-1][1]==told[-1][2] and 'numpy' in out['versions'] and not list(tmp_path.glob('hacked'))
    out = verify_twin(write_twin(good.replace(figures=dict(value=26.6, n=6)), tmp_path))
    assert not out['equal'] and abs(out['difference']-.1)<1e-9 and not out['error']

def notebook(path, *cells, **meta):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells], metadata=dict(autolearn=dict(figures=dict(a=1.))|meta))
    nbformat.write(nb, path)
    return path

@pytest.mark.parametrize('cells,words', [(['1', 'import autolearn', 'dict(a=1.)'], 'Cell 2 of 3 failed: ModuleNotFoundError: autolearn is hidden'),
    (['x = 1'], 'no dict'), (['[1]'], 'no dict'), (["dict(a=float('nan'))"], ''), (['import os\nos._exit(1)'], 'kernel')])
def test_verify_says_what_is_wrong(tmp_path, cells, words):
    out = verify_twin(notebook(tmp_path/'twin.ipynb', *cells), timeout=60)
    assert not out['equal'] and words in out['error'] and out['difference'] is None

def test_verify_keeps_its_time(tmp_path):
    out = verify_twin(notebook(tmp_path/'twin.ipynb', 'import time\ntime.sleep(60)'), timeout=3)
    assert 'not ready' in out['error'] and out['secs']<30

def test_verify_refuses_what_is_no_twin(tmp_path):
    (tmp_path/'a.ipynb').write_text('[]')
    for p in ('a.ipynb', 'b.ipynb'):
        with pytest.raises(UserError): verify_twin(tmp_path/p)

def test_a_page_shows_no_raw_html():
    html = page_html(dict(cells=[dict(cell_type='markdown', source='<img src=x onerror=alert(1)>\n\n[a](javascript:x) <b>')]), HOSTILE[1])
    assert '<img' not in html and '<b>' not in html and 'href' not in html
