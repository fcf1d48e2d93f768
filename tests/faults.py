# ruff: noqa: E501
"""What students hand in by accident. Two tables, name -> (what is handed in, points of the whole notebook).

ANSWERS holds what stands in place of the first answer; FILES holds functions of the Class and the student's name.
"""

import json
import os

from conftest import FULL, LESSON, RIGHT

LOST = FULL * 2 / 3  # the exercise it sits in
OK = "\ndef half(x):\n    return x / 2"
STUBBORN = "def half(x):\n    import time\n    while True:\n        try:\n            time.sleep(9)\n        except BaseException:\n            pass"

ANSWERS = {
    "segfault": ("def half(x):\n    import ctypes\n    ctypes.string_at(0)", LOST),
    "exit in the cell": ("import os\nos._exit(1)", LOST),
    "sys.exit": ("def half(x):\n    raise SystemExit", LOST),
    "quit": ("quit()" + OK, FULL),
    "endless loop": ("def half(x):\n    while True:\n        pass", LOST),
    "endless loop at the top": ("while True:\n    pass", LOST),
    "a loop that will not stop": (STUBBORN, LOST),
    "a long sleep": ("def half(x):\n    import time\n    time.sleep(1000)", LOST),
    "syntax error": ("def half(x)\n    return x / 2", LOST),
    "wrong indentation": ("def half(x):\nreturn x / 2", LOST),
    "tabs and blanks": ("def half(x):\n\ty = x\n        return y / 2", LOST),
    "merge marks": ("<<<<<<< HEAD\ndef half(x):\n    return x / 2\n=======\n>>>>>>> b", LOST),
    "another name": ("def halve(x):\n    return x / 2", LOST),
    "another signature": ("def half():\n    return 2.0", LOST),
    "an exception of its own": ("class Odd(Exception):\n    def __str__(self): raise Odd\ndef half(x):\n    raise Odd", LOST),
    "an exception group": ("def half(x):\n    raise ExceptionGroup('two', [ValueError(1), TypeError(2)])", LOST),
    "a very long message": ("def half(x):\n    raise ValueError('x' * 3_000_000)", LOST),
    "prints without end": ("def half(x):\n    for i in range(200000):\n        print('x' * 1000)\n    return x / 2", FULL),
    "one very long line": ("print('x' * 30_000_000)" + OK, FULL),
    "figures without end": ("import matplotlib.pyplot as plt\nfor i in range(30): plt.figure(); plt.plot([i])" + OK, FULL),
    "a progress bar": ("import sys\nfor i in range(5000): print(i, end='\\r', file=sys.stderr)" + OK, FULL),
    "clears its output": ("from IPython.display import clear_output\nclear_output()" + OK, FULL),
    "recursion": ("def half(x):\n    return half(x)", LOST),
    "recursion without a limit": ("import sys\nsys.setrecursionlimit(10**6)\ndef half(x):\n    return half(x)", LOST),
    "memory": ("def half(x):\n    y = [bytearray(2**27) for i in range(10**4)]\n    return x / 2", LOST),
    "one huge tensor": ("def half(x):\n    return torch.zeros(10**14)", LOST),
    "a huge file": ("def half(x):\n    with open('big', 'wb') as f:\n        f.truncate(2**30)\n    return x / 2", LOST),
    "many files": ("for i in range(3000): open(f'f{i}', 'w').write('x')" + OK, FULL),
    "many open files": (
        "kept = []\ntry:\n    while len(kept) < 100000: kept.append(open('/dev/null'))\nexcept OSError: kept.clear()" + OK,
        FULL,
    ),
    "many threads": (
        "import threading, time\nfor i in range(20): threading.Thread(target=time.sleep, args=(99,), daemon=True).start()" + OK,
        FULL,
    ),
    "a thread that is no daemon": ("import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()" + OK, FULL),
    "a thread that prints on": (
        "import threading, time\ndef work():\n    while True:\n        print('on'); time.sleep(0.01)\n"
        "threading.Thread(target=work, daemon=True).start()" + OK,
        FULL,
    ),
    "a process left behind": ("import subprocess\nsubprocess.Popen(['sleep', '99'])" + OK, FULL),
    "a fork": ("import os, time\nif os.fork() == 0:\n    time.sleep(99)\n    os._exit(0)" + OK, FULL),
    "a loader's workers left hanging": (
        "import time\nclass D(torch.utils.data.Dataset):\n    def __len__(self): return 4\n    def __getitem__(self, i):\n"
        "        time.sleep(999)\ndef half(x):\n    return next(iter(torch.utils.data.DataLoader(D(), num_workers=2)))",
        LOST,
    ),
    "a loader's worker that dies": (
        "import os\nclass D(torch.utils.data.Dataset):\n    def __len__(self): return 4\n    def __getitem__(self, i):\n"
        "        os._exit(1)\ndef half(x):\n    return next(iter(torch.utils.data.DataLoader(D(), num_workers=1)))",
        LOST,
    ),
    "another dtype by default": ("torch.set_default_dtype(torch.float64)" + OK, FULL),
    "another device by default": ("torch.set_default_device('meta')" + OK, FULL),
    "the name of the device changed": ("device = 'cuda:7'" + OK, FULL),
    "gradients off": ("torch.set_grad_enabled(False)" + OK, FULL),
    "inference mode left on": ("torch.inference_mode().__enter__()" + OK, FULL),
    "anomaly detection on": ("torch.autograd.set_detect_anomaly(True)" + OK, FULL),
    "deterministic algorithms only": ("torch.use_deterministic_algorithms(True)" + OK, FULL),
    "NumPy raises": ("import numpy as np\nnp.seterr(all='raise')" + OK, FULL),
    "warnings are errors": ("import warnings\nwarnings.simplefilter('error')" + OK, FULL),
    "warnings": ("import warnings\ndef half(x):\n    warnings.warn('old')\n    return x / 2", FULL),
    "stderr": ("import sys\ndef half(x):\n    print('progress', file=sys.stderr)\n    return x / 2", FULL),
    "logging": ("import logging\nlogging.basicConfig(level=0)\nlogging.error('loud')" + OK, FULL),
    "stdout closed": ("import sys, io\nsys.stdout = io.StringIO()" + OK, FULL),
    "a shadowed module": ("torch = None" + OK, FULL),
    "attempt written over": ("def attempt(*a): return 2.0" + OK, FULL),
    "a builtin's name taken": ("print = sum = len = type = None" + OK, LOST),
    "a list called list": ("list = [1, 2]\nmax = 3" + OK, FULL),
    "all names deleted": ("for n in [n for n in globals() if n[0] != '_' and n not in ('In', 'Out')]: del globals()[n]" + OK, FULL),
    "a reset": ("%reset -f" + OK, FULL),
    "a module patched": ("import torch.nn.functional as F\nF.relu = None\ntorch.ones = None" + OK, FULL),
    "the seed set": ("torch.manual_seed(7)" + OK, FULL),
    "changes the folder": ("import os\nos.chdir('/')" + OK, FULL),
    "its folder removed": ("import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)" + OK, FULL),
    "the environment emptied": ("import os\nos.environ.clear()" + OK, FULL),
    "the search path emptied": ("import sys\nsys.path.clear()" + OK, FULL),
    "a file called torch.py": ("open('torch.py', 'w').write('1/0')\nopen('math.py', 'w').write('1/0')" + OK, FULL),
    "a magic": ("%matplotlib inline" + OK, FULL),
    "a magic that is none": ("%nosuch" + OK, LOST),
    "a shell command": ("!ls" + OK, FULL),
    "an install": ("!pip install nosuch" + OK, LOST),  # waits for a network that is not there, beyond the limit of the test
    "input": ("n = input()" + OK, LOST),
    "a breakpoint": ("def half(x):\n    breakpoint()\n    return x / 2", FULL),
    "a await at the top": ("import asyncio\nawait asyncio.sleep(0)" + OK, FULL),
    "asyncio.run": ("import asyncio\nasyncio.run(asyncio.sleep(0))" + OK, LOST),
    "empty": ("", LOST),
    "a comment alone": ("# later", LOST),
    "control characters": ("def half(x):\n    '\x00\x1b[31m'\n    return x / 2", FULL),
    "surrogates": ("def half(x):\n    '\ud800'\n    return x / 2", FULL),
    "names in another script": ("größe = 2\ndef half(x):\n    return x / größe", FULL),
    "typographic quotes": ("def half(x):\n    return x / int(“2”)", LOST),
    "an invisible blank": ("def half(x):\n    return x\u00a0/ 2", LOST),
    "HTML displayed": ("from IPython.display import HTML, display\ndisplay(HTML('<script>alert(1)</script>'))" + OK, FULL),
}


def _text(change):
    """Return a function that hands in the notebook's text, changed."""
    return lambda sample, student: sample.hand_in(student, change(json.dumps(sample.fill(), indent=1)).encode("utf-8", "surrogatepass"))


def _data(change):
    """Return a function that hands in the notebook's data, changed in place or anew."""

    def hand_in(sample, student):
        data = sample.fill()
        sample.hand_in(student, change(data) or data)

    return hand_in


def _each(change):
    return _data(lambda data: [change(cell) for cell in data["cells"]] and None)


def _renamed(name):
    def hand_in(sample, student):
        path = sample.hand_in(student)
        (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
        path.rename(path.parent / name)

    return hand_in


def _bytes(data):
    return lambda sample, student: sample.hand_in(student, data)


def _beside(name, write):
    def hand_in(sample, student):
        write(sample.hand_in(student).parent / name)

    return hand_in


def _instead(make):
    def hand_in(sample, student):
        path = sample.hand_in(student)
        path.unlink()
        make(path)

    return hand_in


def _sparse(path):
    with open(path, "wb") as file:
        file.truncate(2**30)  # takes no room on the disk


def _copied(data):
    """A solution cell copied and pasted, as JupyterLab does it: the same grade_id twice."""
    at = next(i for i, c in enumerate(data["cells"]) if c["metadata"].get("nbgrader", {}).get("grade_id") == "half")
    data["cells"].insert(at, {**data["cells"][at], "id": "pasted"})


def _old(data):
    cells = [{**cell, "input": cell.pop("source"), "language": "python"} for cell in data["cells"]]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


FILES = {
    "empty file": (_bytes(b""), 0),
    "cut off": (_text(lambda text: text[: len(text) // 2]), 0),
    "one byte": (_bytes(b"\xff"), 0),
    "no cells": (_bytes(b"{}"), 0),
    "an answer to another lesson": (_bytes(b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'), 0),
    "a file of 1 GiB": (_instead(_sparse), 0),
    "a link": (_instead(lambda path: path.symlink_to("/etc/passwd")), 0),
    "a link to itself": (_instead(lambda path: path.symlink_to(path)), 0),
    "a pipe": (_instead(os.mkfifo), 0),
    "a folder of that name": (_instead(os.mkdir), 0),
    "nothing in the folder": (_instead(lambda path: None), 0),
    "300 files": (_beside("more", lambda path: [path.mkdir(), *((path / str(i)).touch() for i in range(300))]), FULL),
    "torch.py beside it": (_beside("torch.py", lambda path: path.write_text("1/0")), FULL),
    "a huge file beside it": (_beside("data.bin", _sparse), FULL),
    "a link beside it": (_beside("loop", lambda path: path.symlink_to(path.parent)), FULL),
    "renamed by the browser": (_renamed(f"{LESSON} (1).ipynb"), FULL),
    "renamed by Windows": (_renamed(f"{LESSON}.ipynb.txt"), FULL),
    "renamed by hand": (_renamed("meine Lösung.ipynb"), FULL),
    "a folder deeper": (_renamed(f"{LESSON}/{LESSON}.ipynb"), FULL),
    "a byte order mark": (_text(lambda text: "\ufeff" + text), FULL),
    "UTF-16": (lambda sample, student: sample.hand_in(student, json.dumps(sample.fill()).encode("utf-16")), FULL),
    "line ends of Windows": (_text(lambda text: text.replace("\n", "\r\n")), FULL),
    "metadata lost": (_each(lambda cell: cell.update(metadata={})), FULL),
    "ids lost": (_each(lambda cell: cell.pop("id", None)), FULL),
    "ids all the same": (_each(lambda cell: cell.update(id="x")), FULL),
    "outputs lost": (_each(lambda cell: cell.pop("outputs", None)), FULL),
    "sources as lists": (_each(lambda cell: cell.update(source="".join(cell["source"]).splitlines(True))), FULL),
    "an old nbformat": (_data(_old), FULL),
    "an nbformat to come": (_data(lambda data: data.update(nbformat=9)), FULL),
    "another kernel": (_data(lambda data: data["metadata"].update(kernelspec={"name": "ir", "language": "R"})), FULL),
    "a copied cell": (_data(_copied), FULL),
    "tests deleted": (_data(lambda d: d.update(cells=[c for c in d["cells"] if not c["metadata"]["nbgrader"].get("grade")])), FULL),
    "cells in another order": (_data(lambda data: data["cells"].reverse()), FULL),
    "a thousand cells more": (
        _data(lambda data: data["cells"].extend({"cell_type": "code", "metadata": {}, "source": "1"} for _ in range(1000))),
        FULL,
    ),
    "one answer's cell deleted": (
        _data(lambda d: d.update(cells=[c for c in d["cells"] if c["metadata"]["nbgrader"].get("grade_id") != "half"])),
        LOST,
    ),
    "answer made a text": (
        _each(lambda c: c.update(cell_type="markdown") if "".join(c["source"]) == RIGHT["half"] else None),
        FULL,
    ),
}

SAMPLE = (
    "segfault",
    "endless loop",
    "syntax error",
    "prints without end",
    "memory",
    "inference mode left on",
    "a list called list",
    "a loader's workers left hanging",
    "changes the folder",
    "cut off",
    "a file of 1 GiB",
    "metadata lost",
    "a copied cell",
)
