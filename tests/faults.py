# ruff: noqa: E501
"""What students hand in by accident. Two tables, name -> (what is handed in, points of the whole notebook).

ANSWERS holds what stands in place of the first answer; FILES holds functions of the Class and the student's name.
"""

import json
import os
import shutil
import socket
import stat

from conftest import FULL, LESSON, RIGHT

LOST = FULL * 2 / 3  # the exercise it sits in
SURVIVED = LOST, FULL  # where the walls end it soon enough, what follows it is right
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
    "prints without end": ("def half(x):\n    for i in range(20000):\n        print('x' * 1000)\n    return x / 2", FULL),
    "one very long line": ("print('x' * 30_000_000)" + OK, FULL),
    "figures without end": ("import matplotlib.pyplot as plt\nfor i in range(9): plt.figure(); plt.plot([i])" + OK, FULL),
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
    "all names deleted": ("for n in [n for n in globals() if n[0] != '_' and n not in ('In', 'Out')]: del globals()[n]" + OK, LOST),
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
    # what a kernel may send
    "a message of 500 MB": ("print('x' * 500_000_000)" + OK, LOST),
    "an error of 500 MB": ("def half(x):\n    raise ValueError('x' * 500_000_000)", LOST),
    "half a surrogate in a message": ("def half(x):\n    raise ValueError('\\ud800')", LOST),
    "half a surrogate printed": ("print('\\udc80')" + OK, FULL),
    "NUL in a message": ("def half(x):\n    raise ValueError('a\\x00b')", LOST),
    "NUL printed": ("print('a\\x00b')" + OK, FULL),
    "an error that is no text": ("class E(Exception):\n    def __str__(self): return 5\ndef half(x):\n    raise E", LOST),
    "displayed data of no known kind": (
        "from IPython.display import display\ndisplay({'a/b': {1: 2}, 'text/plain': 5}, raw=True)" + OK,
        FULL,
    ),
    "a figure of 30,000 pixels": (
        "import matplotlib.pyplot as plt\nplt.figure(figsize=(300, 300))\nplt.plot([1, 2])\nplt.show()" + OK,
        LOST,
    ),
    "widgets without end": (
        "from comm import create_comm\nfor i in range(200): create_comm(target_name='jupyter.widget', data={'state': {'a': 'x' * 10**5}})"
        + OK,
        FULL,
    ),
    "a display updated without end": (
        "from IPython.display import display\nd = display(1, display_id='a')\nfor i in range(50): d.update('x' * 10**5)" + OK,
        FULL,
    ),
    # what will not end, and what ends too soon
    "SIGINT ignored": ("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ndef half(x):\n    while True: pass", LOST),
    "a loop in C": ("def half(x):\n    return sum(range(10**12))", LOST),
    "a regular expression without end": ("import re\ndef half(x):\n    return re.match('(a+)+b', 'a' * 60)", LOST),
    "a lock held": ("import threading\nlock = threading.Lock()\nlock.acquire()\ndef half(x):\n    lock.acquire()", LOST),
    "a fork bomb": ("import os\ntry:\n    while True: os.fork()\nexcept OSError: pass" + OK, SURVIVED),
    "memory in many processes": (
        "import os, time\nfor i in range(6):\n    if os.fork() == 0:\n        kept = bytearray(600 * 2**20)\n"
        "        for j in range(0, len(kept), 4096): kept[j] = 1\n        time.sleep(99)\nos.wait()" + OK,
        LOST,
    ),
    "kills itself": ("import os\nos.kill(os.getpid(), 9)" + OK, LOST),
    "kills its group": ("import os\nos.killpg(0, 9)" + OK, LOST),
    "kills all it can see": ("import os\ntry:\n    os.kill(-1, 9)\nexcept OSError: pass" + OK, FULL),
    "abort": ("import os\ndef half(x):\n    os.abort()", LOST),
    "sys.exit at the top": ("import sys\nsys.exit(0)" + OK, LOST),
    "the kernel told to end": ("def half(x):\n    get_ipython().kernel.do_shutdown(False)\n    return x / 2", LOST),
    "descriptors closed": ("import os\nos.closerange(3, 200)" + OK, LOST),
    "a full disk": ("try:\n    for i in range(9): open(f'big{i}', 'wb').write(bytes(10**8))\nexcept OSError: pass" + OK, FULL),
    "stdin read": ("import sys\nx = sys.stdin.read()" + OK, FULL),
    "a pool of processes": ("from multiprocessing import Pool\nwith Pool(2) as pool: pool.map(abs, [1, 2])" + OK, FULL),
    "threads of its own": ("torch.set_num_threads(8)\ntorch.ones(900, 900) @ torch.ones(900, 900)" + OK, FULL),
    "three hundred figures": ("import matplotlib.pyplot as plt\nfor i in range(300): plt.figure()\nplt.close('all')" + OK, FULL),
    # what is written amiss
    "an old Python": ("print 'half'" + OK, LOST),
    "a missing module": ("import pandas_nosuch" + OK, LOST),
    "a missing file": ("data = open('data.csv').read()" + OK, LOST),
    "a relative import": ("from . import mine" + OK, LOST),
    "a class instead of a function": ("class half:\n    def __init__(self, x): self.x = x", LOST),
    "defined twice": ("def half(x):\n    return 0" + OK, FULL),
    "defined within": ("def outer():\n    def half(x):\n        return x / 2", LOST),
    "a main guard": ("if __name__ == '__main__':\n    print('tested')" + OK, FULL),
    "a decorator": ("import functools\n@functools.lru_cache\ndef half(x):\n    return x / 2", FULL),
    "async": ("async def half(x):\n    return x / 2", LOST),
    "a generator": ("def half(x):\n    yield x / 2", LOST),
    "a GPU asked for": ("def half(x):\n    return torch.tensor(x, device='cuda').item() / 2", LOST),
    "the marks of a solution": ("def half(x):\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION", FULL),
    "the marks of hidden tests": ("### BEGIN HIDDEN TESTS\n" * 2000 + OK, FULL),
    "300,000 characters": ("# " + "x" * 300_000 + OK, LOST),
    "a sum of 50,000 ones": ("x = " + "+".join("1" * 50_000) + OK, LOST),
    "5,000 brackets": ("x = " + "(" * 5000 + ")" * 5000 + OK, LOST),
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


def _stamp(write):
    """Return a function that hands in with another timestamp.txt."""

    def hand_in(sample, student):
        path = sample.hand_in(student).parent / "timestamp.txt"
        path.unlink()
        write(path)

    return hand_in


def _before(write):
    """Return a function that hands in where an earlier run left something in the graded folder."""

    def hand_in(sample, student):
        sample.hand_in(student)
        folder = sample.root / "state" / "autograded" / student
        folder.mkdir(parents=True)
        write(folder / LESSON)

    return hand_in


def _modes(sample, student):
    path = sample.hand_in(student)
    path.chmod(0o444)
    path.parent.chmod(0o555)


def _folder_linked(sample, student):
    folder = sample.hand_in(student).parent
    shutil.rmtree(folder)
    folder.symlink_to(f"../f000-right/{LESSON}")


def _socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(path.parent)  # an address may have no more than 107 characters
        try:
            listener.bind(path.name)
        finally:
            os.chdir(here)


def _device(path):
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:  # for root alone
        os.mkfifo(path)


def _litter(path):
    (path / "__MACOSX").mkdir(parents=True)
    (path / "__MACOSX" / f"._{LESSON}.ipynb").write_bytes(b"\x00\x05\x16\x07")
    (path / ".ipynb_checkpoints").mkdir()
    (path / ".ipynb_checkpoints" / f"{LESSON}-checkpoint.ipynb").write_text("{}")
    (path / ".DS_Store").write_bytes(b"\x00")
    (path / "Thumbs.db").write_bytes(b"\x00")


FILES = {
    "a character device": (_instead(_device), 0),
    "a socket": (_instead(_socket), 0),
    "a link to another's work": (_instead(lambda path: path.symlink_to(f"../../f000-right/{LESSON}/{LESSON}.ipynb")), 0),
    "a hard link to nothing else": (_beside("again.ipynb", lambda path: os.link(path.parent / f"{LESSON}.ipynb", path)), FULL),
    "its folder a link": (_folder_linked, 0),
    "Python text": (_bytes(b"import torch\n\ndef half(x):\n    return x / 2\n"), 0),
    "a web page": (_bytes(b"<!DOCTYPE html><html></html>"), 0),
    "a zip": (_bytes(b"PK\x03\x04" + bytes(100)), 0),
    "a zip beside nothing": (_renamed(f"{LESSON}.zip"), 0),
    "JSON nested deep": (_bytes(b"[" * 10**6), 0),
    "JSON nested deep in its metadata": (
        _text(lambda text: text.replace('"metadata": {', '"metadata": {"a": ' + "[" * 10**5 + "]" * 10**5 + ",", 1)),
        0,
    ),
    "a number of 10,000 digits": (_text(lambda text: text.replace('"nbformat": 4', '"nbformat": ' + "4" * 10_000)), 0),
    "numbers that are none": (_data(lambda data: data["metadata"].update(a=float("nan"), b=float("inf"))), FULL),
    "two notebooks in one file": (_text(lambda text: text * 2), 0),
    "an unsolved merge": (_text(lambda text: "<<<<<<< HEAD\n" + text), 0),
    "cells that are none": (_data(lambda data: data["cells"].extend([None, 5, "x", [], {}])), FULL),
    "metadata that are none": (
        _each(lambda cell: None if cell["metadata"]["nbgrader"]["grade_id"] != "setup" else cell.update(metadata=None)),
        FULL,
    ),
    "a kind of cell that is none": (_each(lambda c: c.update(cell_type="heading") if c["cell_type"] == "markdown" else None), FULL),
    "grade_ids that are no text": (_each(lambda cell: cell["metadata"]["nbgrader"].update(schema_version="x", points=[])), FULL),
    "3,000 cells": (_data(lambda data: data["cells"].extend({"cell_type": "code", "metadata": {}, "source": "1"} for _ in range(3000))), 0),
    "15 MB of outputs": (_each(lambda c: c.update(outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 10**6}])), FULL),
    "a cell of 10 MB": (_data(lambda data: data["cells"].insert(1, {"cell_type": "code", "metadata": {}, "source": "#" * 10**7})), FULL),
    "marks of hidden tests, 10 MB of them": (
        _data(lambda data: data["cells"].insert(1, {"cell_type": "code", "metadata": {}, "source": "### BEGIN HIDDEN TESTS\n" * 400_000})),
        FULL,
    ),
    "as Colab saves it": (
        _data(lambda data: data["metadata"].update(colab={"provenance": []}, accelerator="GPU", kernelspec={"name": "python3"})),
        FULL,
    ),
    "an older copy beside it": (_beside(f"{LESSON} (1).ipynb", lambda path: path.write_text("{}")), FULL),
    "litter of a Mac and of Windows": (_beside("litter", _litter), FULL),
    "a checkpoint alone": (_renamed(f".ipynb_checkpoints/{LESSON}-checkpoint.ipynb"), 0),
    "read-only": (_modes, FULL),
    "names in another script beside it": (_beside("größe 尺寸 \udcff.txt", lambda path: path.write_text("x")), FULL),
    "a name of 255 bytes beside it": (_beside("n" * 255, lambda path: path.write_text("x")), FULL),
    "no timestamp": (_stamp(lambda path: None), FULL),
    "a timestamp that is none": (_stamp(lambda path: path.write_text("yesterday")), FULL),
    "a timestamp of 1 GiB": (_stamp(_sparse), FULL),
    "a timestamp that is a link": (_stamp(lambda path: path.symlink_to("/etc/passwd")), FULL),
    "a timestamp that is a folder": (_stamp(os.mkdir), FULL),
    "a timestamp in the year 1": (_stamp(lambda path: path.write_text("0001-01-01 00:00:00 UTC")), FULL),
    "a graded folder that is a file": (_before(lambda path: path.write_text("x")), FULL),
    "a graded notebook cut off": (_before(lambda path: [path.mkdir(), (path / f"{LESSON}.ipynb").write_text("{")]), FULL),
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
    "prints without end",
    "memory",
    "inference mode left on",
    "a list called list",
    "a message of 500 MB",
    "changes the folder",
    "a file of 1 GiB",
    "metadata lost",
    "a copied cell",
)

# what reaches for the names of all cells or for the kernel itself: its points wait for a person
WAITS = {"all names deleted", "the kernel told to end"}
