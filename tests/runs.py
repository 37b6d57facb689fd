"What the tests of runs share: small real data, commands as a user gives them, and what is left on the disk"
import json, os, signal, subprocess, sys, time, zipfile
from pathlib import Path
from PIL import Image
from autolearn.tasks.image_classification import example

CLI = [sys.executable, '-c', 'from autolearn.cli import main; main()']

def write_folder(path, n=300, names=None, parts=True):
    "Digits as PNG files in class folders; `names` renames classes"
    x,y = example(n)
    for i,(im,c) in enumerate(zip(x, y)):
        d = Path(path)/('test' if i%5==0 else 'train' if parts else '')/(names or {}).get(int(c), str(c))
        d.mkdir(parents=True, exist_ok=True)
        Image.fromarray(im).save(d/f'{i:04}.png')
    return Path(path)

def call(*args, timeout=240, **kw):
    "autolearn ARGS → exit status, stdout and stderr together"
    r = subprocess.run([*CLI, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, **kw)
    return r.returncode,r.stdout

def start(*args):
    "The command in a process group of its own"
    return subprocess.Popen([*CLI, *map(str, args)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

def kill_group(p):
    try: os.killpg(p.pid, signal.SIGKILL)
    except ProcessLookupError: pass
    p.wait()

def wait_for(ok, secs=120, every=.05):
    "Wait until `ok()` is true"
    end = time.time()+secs
    while not ok():
        if time.time()>end: raise AssertionError('waited in vain')
        time.sleep(every)

def result(run): return json.loads((Path(run)/'result.json').read_text())

def trial_of(run):
    "The only trial of a run, as it ended"
    found = sorted((Path(run)/'trials').glob('*/trial.json'))
    assert len(found)==1, [str(o) for o in found]
    return json.loads(found[0].read_text())

def pickles(folder):
    "Files below `folder` that are, or hold, pickles"
    bad = []
    for p in Path(folder).rglob('*'):
        if not p.is_file(): continue
        raw = p.read_bytes()
        if raw[:1]==b'\x80' and raw[1:2] in b'\x02\x03\x04\x05': bad.append(str(p))
        elif zipfile.is_zipfile(p):
            with zipfile.ZipFile(p) as z:
                for n in z.namelist():
                    head = z.read(n)
                    if n.endswith(('.pkl', '.pickle')) or head[:1]==b'\x80' and head[1:2] in b'\x02\x03\x04\x05': bad.append(f'{p}:{n}')
                    if n.endswith('.npy') and b"'|O'" in head[:200]: bad.append(f'{p}:{n}')
    return bad
