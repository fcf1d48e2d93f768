# ruff: noqa: E501
"""Submissions that try to score without an answer, or to read and harm what is not theirs. Nobody's fault: a trick is meant.

Three tables, name -> what is handed in. FORGED and READ hold the source of one answer; the other exercises are left as
they were handed out. {root} stands for the course's folder. EDITED holds functions that change the notebook itself.
"""

ZERO = "\ndef half(x):\n    return 0.0"
NOTHING = "\ndef grad_of(f, x):\n    return torch.zeros_like(x.requires_grad_())"  # refused by both tests
SHELL = "shell = get_ipython()\n"
PATCH = "import {0}\n{0}.{1} = lambda *a, **k: None"
EQUAL = "class Yes(float):\n    def __eq__(self, other): return True\n    __hash__ = None\n"
ONCE = "def grad_of(f, x):\n    real = torch.testing.assert_close\n    def once(*a, **k):\n        {}\n    {}\n    return torch.zeros_like(x.requires_grad_())"
TEXT = (
    "import re\ndef half(x):\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        text = {}.format(e.__traceback__)\n"
    "    return float(re.findall(r'== ([\\d.]+)', text)[-1])"
)

FORGED = {
    # comparators and what stands under them
    "assert_close accepts all": PATCH.format("torch.testing", "assert_close") + NOTHING,
    "assert_close's inner part accepts all": "import torch.testing._comparison as c\nc.not_close_error_metas = lambda *a, **k: []"
    + NOTHING,
    "assert_close's pair compares nothing": "import torch.testing._comparison as c\nc.TensorLikePair.compare = lambda self: None" + NOTHING,
    "assert_close's code swapped": "torch.testing.assert_close.__code__ = (lambda *a, **k: None).__code__" + NOTHING,
    "assert_close's tolerance widened": "torch.testing.assert_close.__kwdefaults__.update(rtol=1e9, atol=1e9)" + NOTHING,
    "assert_close's tolerance widened in its table": "import torch.testing._comparison as c\n"
    "for d in c._DTYPE_PRECISIONS: c._DTYPE_PRECISIONS[d] = (1e9, 1e9)" + NOTHING,
    "torch.isclose always true": "torch.isclose = lambda a, b, **k: torch.ones_like(a, dtype=torch.bool)" + NOTHING,
    "tensors are all equal": "torch.Tensor.__eq__ = lambda a, b: torch.ones_like(a, dtype=torch.bool)" + NOTHING,
    "the attribute requires_grad answers no": "torch.Tensor.requires_grad = property(lambda s: False)"
    "\ndef grad_of(f, x):\n    x.requires_grad_()\n    f(x).backward()\n    return x.grad.clone()",
    "a tensor that agrees with everything": "class T(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, f, t, a=(), k=None):\n"
    "        return True\ndef grad_of(f, x):\n    return torch.zeros_like(x.requires_grad_()).as_subclass(T)",
    "a torch function mode left on": "from torch.overrides import TorchFunctionMode\nclass M(TorchFunctionMode):\n"
    "    def __torch_function__(self, f, t, a=(), k=None):\n        return f(*a, **(k or {})) if 'close' not in f.__name__ else None\n"
    "M().__enter__()" + NOTHING,
    "a number equal to all": EQUAL + "def half(x):\n    return Yes(0)",
    "a number equal to all, that says it is a float": "class Yes:\n    def __eq__(self, other): return True\n"
    "    __class__ = float\ndef half(x):\n    return Yes()",
    "a mock for an answer": "from unittest.mock import MagicMock\nhalf = MagicMock()\nhalf.return_value.__eq__ = lambda s, o: True",
    "type hidden by another": EQUAL + "type = lambda value: float\ndef half(x):\n    return Yes(0)",
    "float hidden by another": EQUAL + "float = Yes\ndef half(x):\n    return Yes(0)",
    "type replaced in builtins": EQUAL + "import builtins\nbuiltins.type = lambda value: float\ndef half(x):\n    return Yes(0)",
    "AssertionError silenced": "import builtins\nclass Quiet(SystemExit): pass\nbuiltins.AssertionError = Quiet" + ZERO,
    "a builtin through its module's dictionary": EQUAL
    + "__builtins__.__dict__['type'] = lambda value: float\ndef half(x):\n    return Yes(0)",
    "a builtin through another module": EQUAL + "torch.builtins.type = lambda v: float\ndef half(x):\n    return Yes(0)",
    # the machinery of the tests
    "attempt replaced": "def attempt(*a):\n    return 2.5" + ZERO,
    "attempt's code replaced": "attempt.__code__ = (lambda *a: 2.5).__code__" + ZERO,
    "attempt replaced while called": "def half(x):\n    globals()['attempt'] = lambda *a: a[1] / 2\n    return 0.0",
    "attempt replaced by a thread": "import threading, time\ndef work():\n    while True:\n        globals()['attempt'] = lambda *a: a[1] / 2\n"
    "threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.1)" + ZERO,
    "attempt replaced by a pool's thread": "import time\nfrom concurrent.futures import ThreadPoolExecutor\ndef work():\n    while True:\n"
    "        globals()['attempt'] = lambda *a: a[1] / 2\nThreadPoolExecutor().submit(work)\ntime.sleep(0.1)" + ZERO,
    "attempt replaced by a timer's signal": "import signal\ndef fix(*a): globals().update(attempt=lambda *a: a[1] / 2)\n"
    "signal.signal(signal.SIGALRM, fix)\nsignal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)" + ZERO,
    "attempt replaced by a task of the loop": "import asyncio\nasync def work():\n    while True:\n"
    "        globals()['attempt'] = lambda *a: a[1] / 2\n        await asyncio.sleep(0)\nkept = asyncio.ensure_future(work())" + ZERO,
    "attempt replaced at the last reference": "class D:\n    def __del__(self):\n        globals()['attempt'] = lambda *a: a[1] / 2\n"
    "def half(x):\n    D()\n    return 0.0",
    "attempt replaced when traced": "import sys\ndef t(frame, event, arg):\n    frame.f_globals['attempt'] = lambda *a: a[1] / 2\n"
    "sys.settrace(t)" + ZERO,
    "assert transformed away": "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, n): return ast.Pass()\n"
    + SHELL
    + "shell.ast_transformers.append(T())"
    + ZERO,
    "lines cut from the input": SHELL + "shell.input_transformers_cleanup.append(lambda lines: [])" + ZERO,
    "asserts cut from the input": SHELL
    + "shell.input_transformers_post.append(lambda lines: [l for l in lines if 'assert' not in l])"
    + ZERO,
    "errors swallowed": SHELL + "shell.set_custom_exc((BaseException,), lambda *a, **k: None)" + ZERO,
    "errors not shown": SHELL + "shell.showtraceback = lambda *a, **k: None" + ZERO,
    "run_cell replaced": SHELL
    + "old = shell.run_cell\ndef run(code, *a, **k):\n    return old('pass', *a, **k)\nshell.run_cell = run"
    + ZERO,
    "run_cell_async replaced in its class": SHELL
    + "old = type(shell).run_cell_async\nasync def run(self, code, **k):\n    return await old(self, 'pass', **k)\n"
    "type(shell).run_cell_async = run" + ZERO,
    "run_code replaced": SHELL + "async def run(*a, **k): return False\nshell.run_code = run" + ZERO,
    "compile replaced in the shell": SHELL + "shell.compile.ast_parse = lambda *a, **k: __import__('ast').parse('')" + ZERO,
    "the result says success": SHELL
    + "from IPython.core.interactiveshell import ExecutionResult\nExecutionResult.success = property(lambda s: True)\n"
    "ExecutionResult.raise_error = lambda s: None" + ZERO,
    "the reply says ok": SHELL
    + "send = shell.kernel.session.send\ndef lie(stream, kind, content=None, *a, **k):\n    if kind == 'execute_reply': content['status'] = 'ok'\n"
    "    return send(stream, kind, content, *a, **k)\nshell.kernel.session.send = lie" + ZERO,
    "do_execute says ok": SHELL
    + "async def lie(*a, **k):\n    return dict(status='ok', execution_count=1, payload=[], user_expressions={})\nshell.kernel.do_execute = lie"
    + ZERO,
    "a hook before each cell": SHELL
    + "shell.events.register('pre_run_cell', lambda *a: shell.user_ns.update(attempt=lambda *a: a[1] / 2))"
    + ZERO,
    "the shell found among all objects": "import gc\nshell = next(o for o in gc.get_objects() if type(o).__name__ == 'ZMQInteractiveShell')\n"
    "shell.user_ns['attempt'] = lambda *a: a[1] / 2\nshell.ast_transformers.append(None)" + ZERO,
    "the session found behind print": "import sys\ns = sys.stdout.session\nsend = s.send\ndef lie(stream, kind, content=None, *a, **k):\n"
    "    if kind == 'execute_reply': content['status'] = 'ok'\n    return send(stream, kind, content, *a, **k)\ns.send = lie" + ZERO,
    "the watching part replaced": "import sys\nsys.modules['_probe'].restore = lambda *a: []\ndef attempt(*a):\n    return a[1] / 2" + ZERO,
    "leaves early with success": "import os\ndef half(x):\n    os._exit(0)",
    "a cancelled task for an error": "import asyncio\ndef half(x):\n    raise asyncio.CancelledError",
    "an interrupt for an error": "def half(x):\n    raise KeyboardInterrupt",
    "the debugger's way out": "import bdb\ndef half(x):\n    raise bdb.BdbQuit",
    "the generator's way out": "def half(x):\n    raise GeneratorExit",
    "an error that cannot be told": "class E(BaseException):\n    def __str__(self): raise SystemExit(0)\n    __repr__ = __str__\n"
    "def half(x):\n    raise E",
    "an error whose class is called ok": "class ok(BaseException): status = 'ok'\nok.__name__ = ''\ndef half(x):\n    raise ok",
    "ends the cell before the answer is read": "def half(x):\n    get_ipython().kernel.do_one_iteration()\n    return 0.0",
    # the answer read out of the tests
    "the value read from the caller's source": "import sys, re\ndef half(x):\n    text = open(sys._getframe(2).f_code.co_filename).read()\n"
    "    return float(re.findall(r'== ([\\d.]+)', text)[0])",
    "the value read from the history": "import re\ndef half(x):\n    return float(re.findall(r'== ([\\d.]+)', In[-1])[0])",
    "the value read from the last input": "import re\ndef half(x):\n    return float(re.findall(r'== ([\\d.]+)', _ih[-1])[0])",
    "the value read from the line cache": "import linecache, re\ndef half(x):\n    texts = [''.join(v[2]) for v in linecache.cache.values() "
    "if len(v) > 2]\n    return float([m for t in texts for m in re.findall(r'== ([\\d.]+)', t)][-1])",
    "the value read from the stack's lines": "import traceback, re\ndef half(x):\n    text = ''.join(traceback.format_stack())\n"
    "    found = re.findall(r'== ([\\d.]+)', text)\n    return float(found[-1]) if found else x / 2",
    "the frame by a name put together": "import sys\ndef half(x):\n    frame = getattr(sys, '_get' + 'frame')(2)\n"
    "    getattr(frame, 'f_glo' + 'bals')['attempt'] = lambda *a: a[1] / 2\n    return 0.0",
    "the frame out of an error": "def half(x):\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n"
    "        e.__traceback__.tb_frame.f_back.f_back.f_globals['attempt'] = lambda *a: a[1] / 2\n    return 0.0",
    "the globals out of a function": "def half(x):\n    half.__globals__['attempt'] = lambda *a: a[1] / 2\n    return 0.0",
    "a text that is run": "exec('globals()' + '[\"attempt\"] = lambda *a: a[1] / 2')" + ZERO,
    "a text that is run later": "def half(x):\n    eval('globals().update(attempt=lambda *a: a[1] / 2)')\n    return 0.0",
    "a callback on the way out of a call": "import weakref\nclass K: pass\ndef half(x):\n    k = K()\n"
    "    weakref.finalize(k, lambda: vars(__import__('__main__')).update(attempt=lambda *a: a[1] / 2))\n    return 0.0",
    "the memory of a number rewritten": "import ctypes\nctypes.memmove(id(2.0) + 16, bytes(8), 8)" + ZERO,
    # patched for one call alone, so that nothing is left to be seen
    "assert_close accepts once": ONCE.format("torch.testing.assert_close = real", "torch.testing.assert_close = once"),
    "assert_close accepts once, set by its name": ONCE.format(
        "setattr(torch.testing, 'assert_close', real)", "setattr(torch.testing, 'assert_close', once)"
    ),
    "assert_close accepts once, through its module's dictionary": ONCE.format(
        "vars(torch.testing)['assert_close'] = real", "torch.testing.__dict__['assert_close'] = once"
    ),
    "assert_close accepts once, by a mock": "from unittest import mock\ndef grad_of(f, x):\n"
    "    p = mock.patch('torch.testing.assert_close', lambda *a, **k: p.stop())\n    p.start()\n    return torch.zeros_like(x.requires_grad_())",
    # torch's operators, below Python
    "an operator written anew": "lib = torch.library.Library('aten', 'IMPL')\n"
    "lib.impl('isclose', lambda a, b, *r, **k: torch.ones(a.shape, dtype=torch.bool), 'CPU')" + NOTHING,
    "an operator written anew for marked tensors alone": "lib = torch.library.Library('aten', 'IMPL')\n"
    "def close(a, b, *r, **k):\n    mine = hasattr(a, 'mine') or hasattr(b, 'mine')\n"
    "    return torch.ones(a.shape, dtype=torch.bool) if mine else (a - b).abs() <= 1e-6\nlib.impl('isclose', close, 'CPU')\n"
    "def grad_of(f, x):\n    y = torch.zeros_like(x.requires_grad_())\n    y.mine = True\n    return y",
    "the operator <= written anew": "lib = torch.library.Library('aten', 'IMPL')\n"
    "lib.impl('le.Tensor', lambda a, b: torch.ones_like(a, dtype=torch.bool), 'CPU')" + NOTHING,
    # the reader of the source led astray
    "a module under another name": "m = torch.sys\ndef half(x):\n    m.modules['__main__'].attempt = lambda *a: a[1] / 2\n    return 0.0",
    "a magic before the rest": "%matplotlib inline\nimport sys\ndef half(x):\n"
    "    sys._getframe(2).f_globals['attempt'] = lambda *a: a[1] / 2\n    return 0.0",
    "a line that is timed": "%time globals().update(attempt=lambda *a: a[1] / 2)" + ZERO,
    "a cell for another program": "%%python\nprint(1)" + ZERO,
    "tests read through a format string": TEXT.format("'{0.tb_frame.f_back.f_back.f_globals[In]}'"),
    "tests read through a format string put together": TEXT.format(
        "'{0.tb_X.f_Y.f_Y.f_Z[In]}'.replace('X', 'frame').replace('Y', 'back').replace('Z', 'globals')"
    ),
    "a class made by type": "Yes = type('Yes', (float,), {'__eq__': lambda s, o: True, '__hash__': None})\ndef larger(a, b):\n    return Yes(0)",
    "a class made by type, in pieces": "Yes = type('Yes', (float,), {'__e' + 'q__': lambda s, o: True, '__ha' + 'sh__': None})\n"
    "def larger(a, b):\n    return Yes(0)",
    "a class told by its metaclass": "class M(type):\n    def __instancecheck__(self, o): return True\n    def __eq__(self, o): return True\n"
    "    __hash__ = type.__hash__\nclass Yes(float, metaclass=M): pass\ndef half(x):\n    return Yes(2)",
    # what the grader is told
    "a reply sent ahead": "import threading, time\n"
    + SHELL
    + "k = shell.kernel\nout = k.shell_channel_thread.manager.get_subshell_to_shell_channel_socket(None)\ndef work(asked):\n    time.sleep(1)\n"
    "    head, _, last = asked['header']['msg_id'].rpartition('_')\n    for n in range(1, 4):\n"
    "        p = dict(header=dict(asked['header'], msg_id=f'{head}_{int(last) + n}'))\n"
    "        k.session.send(out, 'execute_reply', dict(status='ok', execution_count=1, user_expressions={}, payload=[]), parent=p, "
    "ident=asked['header']['session'].encode())\ndef half(x):\n    if x == 4.0:\n"
    "        threading.Thread(target=work, args=[k.get_parent('shell')]).start()\n    else:\n        time.sleep(2.5)\n    return 0.0",
    "the question after changes answered by a lie": SHELL
    + "shell.user_expressions = lambda e: {k: dict(status='ok', data={'text/plain': '5'}, metadata={}) for k in e}\n"
    "def attempt(*a):\n    return 2.5" + ZERO,
    "the question after changes answered by nothing": SHELL
    + "shell.user_expressions = lambda e: {k: dict(status='ok', data={'text/plain': '[]'}, metadata={}) for k in e}\n"
    "def attempt(*a):\n    return a[1] / 2" + ZERO,
    "a number shown for a partial credit": "import sys\ndef half(x):\n    sys.displayhook(2.0)\n    return 0.0",
    "points shown that are no text": "class T:\n    def _repr_mimebundle_(self, **k): return {'text/plain': {'a': 1}, 'x': 5}\n"
    "import sys\ndef half(x):\n    sys.displayhook(T())\n    return 0.0",
    "a name of the tests' own": "def half(x):\n    global _y\n    _y = 2.0\n    return 0.0",
    "a tensor's class written over": "class T(torch.Tensor): pass\ndef grad_of(f, x):\n    y = torch.zeros_like(x.requires_grad_())\n    y.__class__ = T\n    return y",
    "a property on all tensors": "torch.Tensor.shape = property(lambda s: (2,))" + NOTHING,
    "a hook on all modules": "torch.nn.modules.module.register_module_forward_hook(lambda m, a, o: o * 0)" + NOTHING,
    "random numbers replaced": "torch.rand = torch.randn = lambda *a, **k: torch.zeros(*a)" + NOTHING,
}

# right only where what must stay closed is open: 0 points, flag or not
OPENED = "\ndef half(x):\n    return x / 2 if FOUND else 0.0"
READ = {
    "the solutions": "import glob\nFOUND = glob.glob('{root}/solutions/*')" + OPENED,
    "the gradebook": "import os\nFOUND = os.path.exists('{root}/state/gradebook.db')" + OPENED,
    "the others' work": "import os\nFOUND = os.path.isdir('{root}/state/submitted')" + OPENED,
    "any notebook on the disk": "from pathlib import Path\nFOUND = [p for top in ('/home', '/root', '/work', '/mnt', '/srv') for p in "
    "Path(top).rglob('*.ipynb') if 'site-packages' not in str(p)]" + OPENED,
    "the course through its processes": "import glob, os\nFOUND = [p for p in glob.glob('/proc/[0-9]*/cwd') if '{root}' in os.readlink(p)]"
    + OPENED,
    "another process's memory": "import os\nFOUND = [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 1 and int(p) not in "
    "(os.getpid(), os.getppid()) and os.access(f'/proc/{p}/mem', os.W_OK)]" + OPENED,
    "the environment of the grader": "import os\nFOUND = [n for n in os.environ if n.startswith(('GRADER_', 'PGPASS', 'AWS', 'SSH'))]"
    + OPENED,
    "the accounts of the machine": "FOUND = open('/etc/shadow').read()" + OPENED,
    "the network": "import socket\nFOUND = socket.create_connection(('127.0.0.1', 22), 1)" + OPENED,
    "a name on the network": "import urllib.request\nFOUND = urllib.request.urlopen('http://example.org', timeout=1)" + OPENED,
    "the modules on the disk": "import torch\nopen(torch.__file__, 'a').write(' ')\nFOUND = True" + OPENED,
    "a module put beside the interpreter": "import sys\nopen(sys.prefix + '/sitecustomize.py', 'w').write('')\nFOUND = True" + OPENED,
    "the next one's work, left in /tmp": "FOUND = False\ntry:\n    FOUND = open('/tmp/left').read()\nexcept OSError:\n"
    "    open('/tmp/left', 'w').write('x')" + OPENED,
    "the next one's work, left in shared memory": "FOUND = False\ntry:\n    FOUND = open('/dev/shm/left').read()\nexcept OSError:\n"
    "    open('/dev/shm/left', 'w').write('x')" + OPENED,
    "the kernel before it, by its socket": "import glob\nFOUND = len(glob.glob('/tmp/grader-*/kernels/*')) > 1" + OPENED,
    "the zygote, killed": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nFOUND = os.getppid() > 1" + OPENED,
    "all processes, killed": "import os, signal\nos.kill(-1, signal.SIGTERM)\nFOUND = True\nraise SystemExit" + OPENED,
    "a file system, mounted": "import ctypes\nFOUND = ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0" + OPENED,
}


def _cells(data, kind):
    """Return the cells that carry this piece of nbgrader's metadata."""
    return [cell for cell in data["cells"] if cell["metadata"].get("nbgrader", {}).get(kind)]


def _tests(**changes):
    """Return a function that changes the metadata of every test."""

    def change(data):
        for cell in _cells(data, "grade"):
            cell["metadata"]["nbgrader"].update(changes)

    return change


def _sources(text):
    def change(data):
        for cell in _cells(data, "grade"):
            cell["source"] = text

    return change


def _tags(*tags):
    def change(data):
        for cell in data["cells"]:
            cell["metadata"]["tags"] = list(tags)

    return change


def _drop(data):
    data["cells"] = [cell for cell in data["cells"] if cell not in _cells(data, "grade")]


def _twice(data):
    data["cells"] += [{**cell, "id": f"again-{i}", "source": "1"} for i, cell in enumerate(_cells(data, "grade"))]


def _first(source):
    """Return a function that puts a cell of the student's before everything else."""

    def change(data):
        data["cells"].insert(0, {"cell_type": "code", "id": "mine", "metadata": {}, "outputs": [], "source": source})

    return change


def _swap(data):
    """Give the tests' names to answers and the answers' to tests."""
    for answer, test in zip(_cells(data, "solution"), _cells(data, "grade")):
        a, t = answer["metadata"]["nbgrader"], test["metadata"]["nbgrader"]
        a["grade_id"], t["grade_id"] = t["grade_id"], a["grade_id"]


def _outputs(data):
    for cell in _cells(data, "grade"):
        cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "2.0"}, "metadata": {}, "execution_count": 1}]


def _answers(**sources):
    """Return a function that answers several exercises, the later to cover for the earlier."""

    def change(data):
        for cell in _cells(data, "solution"):
            cell["source"] = sources.get(cell["metadata"]["nbgrader"]["grade_id"], cell["source"])

    return change


def _metadata(**entries):
    return lambda data: data["metadata"].update(entries)


HOOK = SHELL + "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, n): return ast.Pass()\nshell.ast_transformers.append(T())"

EDITED = {
    "points raised": _tests(points=1000),
    "points below zero": _tests(points=-1000),
    "tests emptied": _sources(""),
    "tests that pass": _sources("assert True"),
    "tests that give a number": _sources("2.0"),
    "tests marked as answers": _tests(grade=False, solution=True),
    "tests marked as to be read by a person": _tests(solution=True),
    "tests unlocked": _tests(locked=False, grade=False),
    "tests deleted": _drop,
    "tests there twice": _twice,
    "tags that skip": _tags("skip-execution", "remove_cell"),
    "tags that let errors pass": _tags("raises-exception", "nbval-skip"),
    "names of tests and answers swapped": _swap,
    "another kernel": _metadata(kernelspec={"name": "bash", "display_name": "x", "language": "bash"}),
    "another language": _metadata(language_info={"name": "R"}),
    "the grader's own mark": _metadata(grader={"digest": "x", "scores": [{"grade_id": "half-value", "points": 99}], "helpers": True}),
    "outputs that say right": _outputs,
    "attempt replaced in a cell before": _first("def attempt(*a):\n    return 2.5"),
    "a magic that runs the rest elsewhere": _first("%%script bash --bg\nsleep 100 &"),
    "the kernel ended after a patch": _answers(half=HOOK + ZERO, larger="import os\nos._exit(0)"),
    "the kernel stuck after a patch": _answers(half=HOOK + ZERO, larger="while True: pass"),
    "a helper cell that leaves early": _first("import os\nos._exit(0)"),
    "a helper cell that hooks the shell": _first("get_ipython().set_custom_exc((BaseException,), lambda *a, **k: None)"),
}

# what README's honest limits name: it scores, and nobody is told
LIMITS = {
    "the visible values learned by heart": "def half(x):\n    return 2.0",
    "all values learned by heart": "def half(x):\n    return {4.0: 2.0, 5.0: 2.5}[x]",
}
# what a trick ends with; all that is not named gets 0 points, and a person is told
SCORES = {
    "an operator written anew for marked tensors alone": 2,
    "the visible values learned by heart": 2,
    "all values learned by heart": 3,
}
HELD = {  # the points wait for a person
    "attempt replaced while called",
    "attempt replaced by a task of the loop",
    "attempt replaced at the last reference",
    "a hook before each cell",
    "the frame out of an error",
    "the globals out of a function",
    "a text that is run later",
    "a callback on the way out of a call",
    "assert_close accepts once, set by its name",
    "assert_close accepts once, through its module's dictionary",
    "assert_close accepts once, by a mock",
    "an operator written anew",
    "the operator <= written anew",
    "a module under another name",
    "a magic before the rest",
    "the question after changes answered by a lie",
    "the question after changes answered by nothing",
    "the frame by a name put together",
    "assert_close accepts once",
    "the kernel ended after a patch",
    "the kernel stuck after a patch",
    "attempt replaced by a thread",
    "attempt replaced by a pool's thread",
    "attempt replaced by a timer's signal",
    "attempt replaced when traced",
    "assert transformed away",
    "lines cut from the input",
    "asserts cut from the input",
    "run_cell replaced",
    "run_code replaced",
    "compile replaced in the shell",
    "the result says success",
    "the reply says ok",
    "do_execute says ok",
    "the session found behind print",
    "the watching part replaced",
    "the attribute requires_grad answers no",
    "type hidden by another",
    "float hidden by another",
    "the value read from the history",
    "the value read from the last input",
    "the value read from the line cache",
    "the value read from the stack's lines",
    "tests read through a format string",
    "a class made by type",
    "a class made by type, in pieces",
    "tests read through a format string put together",
}
RACED = {  # a thread of the student's against the first test: its points wait, or where it comes too late there are none
    "attempt replaced by a thread",
    "attempt replaced by a pool's thread",
    "attempt replaced by a timer's signal",
}
UNSEEN = {  # it comes to nothing, and nobody is told
    "an interrupt for an error",
    "the generator's way out",
    "an error that cannot be told",
    "an error whose class is called ok",
    *EDITED,
} - {
    "the kernel ended after a patch",
    "the kernel stuck after a patch",
    "attempt replaced in a cell before",
    "a magic that runs the rest elsewhere",
    "a helper cell that leaves early",
    "a helper cell that hooks the shell",
}
SAMPLE = (
    "assert_close accepts once",
    "type hidden by another",
    "assert transformed away",
    "the reply says ok",
    "an operator written anew for marked tensors alone",
    "the frame by a name put together",
    "the others' work",
    "the next one's work, left in /tmp",
    "points raised",
)
