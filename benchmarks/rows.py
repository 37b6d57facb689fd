"Rows of measurements with where and by what they were made, and the table in README.md that is made of them"
import json, os, platform, subprocess, time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent

def add_row(**row):
    "Append one measurement, with where and by what it was made"
    cpu = next((o.split(':')[1].strip() for o in Path('/proc/cpuinfo').read_text().splitlines() if o.startswith('model name')), platform.processor())
    commit = subprocess.run(['git', 'rev-parse', '--short', 'HEAD'], cwd=HERE, capture_output=True, text=True).stdout.strip()
    row |= dict(at=time.strftime('%Y-%m-%d'), cpu=cpu, **power(), cores=os.cpu_count(), commit=commit, **{o:version(o) for o in ('torch', 'fastai')})
    with open(HERE/'rows.jsonl', 'a') as f: f.write(json.dumps(row)+'\n')
    print(json.dumps(row))

def power()->dict:
    "What the processor can do at the time: its widest instructions, and billions of operations a second in float32"
    import torch
    a = torch.randn(1024, 1024)
    secs = []
    for _ in range(12):
        start = time.perf_counter()
        a@a
        secs.append(time.perf_counter()-start)
    return dict(simd=torch.backends.cpu.get_cpu_capability(), gflops=round(2*1024**3/sorted(secs)[3]/1e9))

def table():
    "The newest row of each measurement, as Markdown, between the marks of README.md"
    rows = [json.loads(o) for o in (HERE/'rows.jsonl').read_text().splitlines()]
    newest = {(o['what'], o['data'], o.get('width', 16), o.get('minutes'), o.get('seed'), o.get('who')):o for o in rows}.values()
    lines = ['| pictures or tokens a second | our learner | bare loop | ratio: median of the epochs, 95% interval |', '|---|---|---|---|']
    lines += [f"| {o['data']}, {o.get('width', 16)} {o.get('of', 'channels')} | {o['ours']:,} | {o['bare']:,} | {o['ratio']:.3f}{' ['+format(o['low'], '.3f')+', '+format(o['high'], '.3f')+']' if 'low' in o else ''} |" for o in newest if o['what']=='speed']
    lines += ['', '| data | minutes | seed | autolearn | fastai by hand | linear model |', '|---|---|---|---|---|---|']
    cells = {}
    for o in newest:
        if o['what']=='score': cells.setdefault((o['data'], o['minutes'], o['seed']), {})[o['who']] = f"{o['score']:.4f} [{o['low']:.4f}, {o['high']:.4f}], {o['wall']} s"
    linear = {d:c['linear'] for (d,_,_),c in cells.items() if 'linear' in c} # whatever the minutes
    lines += [f"| {d} | {m:g} | {s} | {c.get('ours', '–')} | {c.get('fastai', '–')} | {linear.get(d, '–')} |" for (d,m,s),c in sorted(cells.items())]
    lines += ['', '| made pictures | minutes | seed | by | Fréchet distance | kernel distance | recall | coverage | named as asked | right |', '|---|---|---|---|---|---|---|---|---|---|']
    called = dict(ours='autolearn', dcgan128='DCGAN, batch 128', dcgan16='DCGAN, batch 16')
    for o in sorted((o for o in newest if o['what']=='likeness' and 'right' in o), key=lambda o: (o['data'], o['minutes'], o['seed'], [*called].index(o['who']))):
        f = o['figures']
        lines.append(f"| {o['data']} | {o['minutes']:g} | {o['seed']} | {called[o['who']]} | {o['score']:.3f} [{o['low']:.3f}, {o['high']:.3f}] | {f['kernel_distance']:.4f} | {f['recall']:.3f} | {f['coverage']:.3f} | {'–' if f['named_right']!=f['named_right'] else format(f['named_right'], '.3f')} | {o['right']:.3f} |")
    made = {} # by what: how quick the processor was from time to time
    for o in newest: made.setdefault((o['at'], o['cpu'], o['cores'], o.get('simd'), o['torch'], o['fastai']), []).append(o.get('gflops'))
    span = lambda found: ' to '.join(map(str, sorted({min(found), max(found)})))
    power = lambda simd, found: f" ({simd}, {span(found)} GFLOP/s)" if simd else ''
    lines += ['', *(f"{at}: {cpu}, {cores} cores{power(simd, found)}; torch {torch}, fastai {fastai}  " for (at,cpu,cores,simd,torch,fastai),found in sorted(made.items(), key=str))]
    begin,end = '<!-- table -->','<!-- end -->'
    text = (HERE/'README.md').read_text()
    (HERE/'README.md').write_text(text[:text.index(begin)+len(begin)]+'\n'+'\n'.join(lines)+'\n'+text[text.index(end):])
