# ruff: noqa: E501
"""Answers that rewrite the verdict itself, by class: what their process says, what runs in it, what it tells apart.

name -> source of one answer of the sample course, as in tricks.py. Each gets points, or prints what is hidden, where the
defences of its class are switched off (test_forgeries.py), and comes to nothing or waits for a person where they are on.
"""

SAYS_OK = "dict(status='ok', execution_count=1, user_expressions={}, payload=[])"
ZERO = "\n    return 0.0"


def in_call(body, before=""):
    """Return an answer that does this each time it is called, and gives a wrong number."""
    lines = "".join(f"\n    {line}" for line in body.splitlines())
    return f"{before}\ndef half(x):{lines}{ZERO}".lstrip()


def send_once(session):
    """Rewrite the one reply that tells of this call."""
    return (
        f"s = {session}\nsend = s.send\ndef lie(stream, kind, content=None, *a, **k):\n    if kind == 'execute_reply':\n        s.send = send\n"
        f"        content = {SAYS_OK}\n    return send(stream, kind, content, *a, **k)\ns.send = lie"
    )


def kernel_once(name, signature, body):
    """Replace a method of the kernel for one reply."""
    return f"k = input.__self__\nold = k.{name}\ndef lie({signature}):\n    k.{name} = old\n    {body}\nk.{name} = lie"


SESSION = {
    "the session behind print, for one reply": in_call(send_once("sys.stdout.session"), "import sys"),
    "the session behind the shell": in_call(send_once("get_ipython().kernel.session")),
    "the session behind exit": in_call(send_once("exit._ip.kernel.session")),
    "the session behind input": in_call(send_once("input.__self__.session")),
    "the session behind the display hook": in_call(send_once("torch.sys.displayhook.session")),
    "the session behind the publisher": in_call(send_once("exit._ip.display_pub.session")),
    "the session behind the application": in_call(send_once("Application.instance().session"), "from traitlets.config import Application"),
    "the session among all objects": in_call(send_once("next(o for o in gc.get_objects() if type(o).__name__ == 'Session')"), "import gc"),
    "the session through a module of a module": in_call(send_once("random._os.sys.stdout.session"), "import random"),
    "the session by a path put together": in_call(send_once("attrgetter('.'.join(['stdout', 'sess' + 'ion']))(torch.sys)"), "from operator import attrgetter"),
    "the session's class": in_call(
        f"send = Session.send\ndef lie(self, stream, kind, content=None, *a, **k):\n    if kind == 'execute_reply':\n        Session.send = send\n"
        f"        content = {SAYS_OK}\n    return send(self, stream, kind, content, *a, **k)\nSession.send = lie",
        "from jupyter_client.session import Session",
    ),
    "the packer": in_call(
        f"s = input.__self__.session\npack = s.pack\ndef lie(o):\n    if isinstance(o, dict) and o.get('status') == 'error':\n        s.pack = pack\n"
        f"        o = {SAYS_OK}\n    return pack(o)\ns.pack = lie"
    ),
    "the signer": in_call(
        f"s = input.__self__.session\nsign = s.sign\ndef lie(parts):\n    if b'\"status\": \"error\"' in parts[-1] or b'\"status\":\"error\"' in parts[-1]:\n        s.sign = sign\n"
        f"        parts[-1] = s.pack({SAYS_OK})\n    return sign(parts)\ns.sign = lie"
    ),
    "the reply's metadata": in_call(kernel_once("finish_metadata", "parent, metadata, content", f"content.clear(); content.update({SAYS_OK}); return metadata")),
    "the cleaner of replies": in_call(
        f"old = kb.json_clean\ndef lie(o):\n    kb.json_clean = old\n    return {SAYS_OK}\nkb.json_clean = lie", "import ipykernel.kernelbase as kb"
    ),
    "the socket": in_call(
        "k = input.__self__\nm = k.shell_channel_thread.manager\nfind = m.get_subshell_to_shell_channel_socket\nout = find(None)\n"
        "asked, s = k.get_parent('shell'), k.session\nident = asked['header']['session'].encode()\n"
        f"s.send(out, 'execute_reply', {SAYS_OK}, parent=asked, ident=ident)",
    ),
}

EVENT = "e = exit._ip.events\ndef lie(result=None):\n    e.unregister({0!r}, lie)\n    {1}\ne.register({0!r}, lie)"
HOOKS = {
    "a hook after each cell forgets the error": in_call(EVENT.format("post_run_cell", "result.error_in_exec = None")),
    "a hook after each run forgets the error": in_call(EVENT.format("post_execute", "exit._ip.last_execution_result.error_in_exec = None")),
    "a hook after each cell, by the result's class": in_call(EVENT.format("post_run_cell", "result.__dict__.update(error_in_exec=None)")),
    "the caller's lines traced": in_call(
        "f = sys._getframe(2)\ndef t(frame, event, arg):\n    frame.f_globals['_y'] = x / 2\n    return t\nsys.settrace(t)\nf.f_trace = t", "import sys"
    ),
    "the caller's calls profiled": in_call(
        "names = input.__self__.shell.user_ns\ndef p(frame, event, arg):\n    if names.get('_y') == 0.0:\n        names['_y'] = x / 2\nnames['_y'] = None\nsys.setprofile(p)",
        "import sys",
    ),
    "a finaliser when the name is given": in_call(
        "class D:\n    def __del__(self):\n" + "".join(f"        {line}\n" for line in send_once("input.__self__.session").splitlines()) + "input.__self__.shell.user_ns['_y'] = D()"
    ),
    "a callback of a weak reference": in_call(
        "class K: pass\ndef hook():\n" + "".join(f"    {line}\n" for line in send_once("torch.sys.stdout.session").splitlines()) + "key = K()\nweakref.finalize(key, hook)\ndel key",
        "import weakref",
    ),
    "a thread that rewrites the reply": in_call(
        "def work():\n" + "".join(f"    {line}\n" for line in send_once("torch.sys.stdout.session").splitlines()) + "t = threading.Thread(target=work)\nt.start()\nt.join()",
        "import threading",
    ),
    "a late thread that rewrites every reply": in_call(
        "def work():\n    time.sleep(0.001)\n    globals()['late'] = 1\n"
        + "".join(f"    {line}\n" for line in send_once("torch.sys.stdout.session").splitlines())
        + "threading.Thread(target=work).start()\ntime.sleep(0.05)",
        "import threading, time",
    ),
}

LIE = send_once("torch.sys.stdout.session")
TEXTS = {
    "a text in a timer": in_call(f"timeit.timeit({LIE!r}, number=1, globals=dict(torch=torch))", "import timeit, torch"),
    "a text in a profile": in_call(f"cProfile.runctx({LIE!r}, space := dict(torch=torch), space)", "import cProfile, torch"),
    "a text in a file that is run": in_call(f"open('m.py', 'w').write('import torch\\n' + {LIE!r})\nrunpy.run_path('m.py')", "import runpy"),
    "a text in a file that is imported": in_call(
        f"open('mine.py', 'w').write('import torch\\ndef go():\\n    global s, send\\n' + ''.join('    ' + l + '\\n' for l in {LIE!r}.splitlines()))\nimport mine\nmine.go()"
    ),
    "a text in a pickle": in_call(
        f"class P:\n    def __reduce__(self):\n        return exec, ('import torch\\n' + {LIE!r}, space)\nspace = dict()\npickle.loads(pickle.dumps(P()))", "import pickle"
    ),
    "a text for an interpreter": in_call(f"code.InteractiveInterpreter(dict(torch=torch)).runcode(codeop.compile_command({LIE!r}, symbol='exec'))", "import code, codeop"),
    "a text in C's hands": in_call(f"ctypes.pythonapi.PyRun_SimpleString(('import torch\\n' + {LIE!r}).encode())", "import ctypes"),
    "a cell that no parser reads": f"text = {LIE!r}\ndef half(x):\n    exit._ip.ex(text)\n    return 0.0\n%time None",
}

FORGE = "".join(f"        {line}\n" for line in send_once("torch.sys.stdout.session").splitlines())
AFTER = (
    f"called = []\ndef half(x):\n    called.append(x)\n    if True:\n{FORGE}    return 0.0\n"
    "def after(result):\n    if result.error_in_exec is not None and not called:\n        {}\n    called.clear()\n"
    "exit._ip.events.register('post_run_cell', after)"
).replace("user_expressions={}, ", "user_expressions={{}}, ")
TOLD_APART = {  # the canaries, by what an answer can know
    "only the first calls are forged": f"calls = []\ndef half(x):\n    calls.append(x)\n    if len(calls) <= 2:\n{FORGE}    return 0.0",
    "only known inputs are forged": f"def half(x):\n    if x in (4.0, 5.0):\n{FORGE}    return 0.0",
    "only what comes soon is forged": f"import time\nbegan = time.monotonic()\ndef half(x):\n    if time.monotonic() - began < 3:\n{FORGE}    return 0.0",
    "only the first calls of all are forged": "try:\n    calls\nexcept NameError:\n    calls = []\n"
    + f"def half(x):\n    calls.append(x)\n    if len(calls) <= 2:\n{FORGE}    return 0.0",
    "only the hidden test is forged": f"def half(x):\n    if x == 4.0:\n        return 2.0\n    if x == 5.0:\n{FORGE}    return 0.0",
    "the canary's error is another": AFTER.format("result.error_in_exec = MemoryError()"),
    "the canary sleeps": AFTER.format("import time; time.sleep(30)"),
    "the canary's kernel dies": AFTER.format("import os; os._exit(1)"),
}

SWAP = "import torch.testing._comparison as c\ndef grad_of(f, x):\n    {}\n    return torch.zeros_like(x)"
COMPARATORS = {
    "a pair's comparing skipped once": SWAP.format(
        "old = c.TensorLikePair.compare\n    def once(self):\n        c.TensorLikePair.compare = old\n    c.TensorLikePair.compare = once"
    ),
    "no pairs are made, once": SWAP.format("old = c.originate_pairs\n    def once(*a, **k):\n        c.originate_pairs = old\n        return []\n    c.originate_pairs = once"),
    "the metas of errors are none, once": SWAP.format(
        "old = c.not_close_error_metas\n    def once(*a, **k):\n        c.not_close_error_metas = old\n        return []\n    c.not_close_error_metas = once"
    ),
    "a tensor's values are close to all, once": SWAP.format(
        "old = torch.isclose\n    def once(a, b, **k):\n        torch.isclose = old\n        return torch.ones_like(a, dtype=torch.bool)\n    torch.isclose = once"
    ),
    "the expected tensor zeroed, as it is compared": SWAP.format(
        "old = c.TensorLikePair.__init__\n    def once(self, a, b, **k):\n        c.TensorLikePair.__init__ = old\n        b.copy_(a)\n        old(self, a, b, **k)\n    c.TensorLikePair.__init__ = once"
    ),
    "attempt's code swapped for the next call": "def half(x):\n    attempt.__code__ = (lambda *a: a[1] / 2).__code__\n    return 2.0 if x == 4.0 else 0.0",
}

PROBE = "p = torch.sys.modules['_probe']\n"
BLINDED = {
    "the probe forgets the names": PROBE + "p.names.clear()\ndef attempt(*a):\n    return a[1] / 2\ndef half(x):\n    return 0.0",
    "the probe restores nothing": PROBE + "p.restore = lambda *a, **k: []\ndef attempt(*a):\n    return a[1] / 2\ndef half(x):\n    return 0.0",
    "the probe remembers another": PROBE + "def attempt(*a):\n    return a[1] / 2\np.names['attempt'] = attempt\ndef half(x):\n    return 0.0",
    "the probe's questions answered": "shell = exit._ip\nshell.user_expressions = lambda e: {k: dict(status='ok', data={'text/plain': \"'5b5d'\"}, metadata={}) for k in e}\n"
    "def attempt(*a):\n    return a[1] / 2\ndef half(x):\n    return 0.0",
}

SECRET = "_secret_tensor"  # stands in the hidden test of grad_of alone
READ = "exit._ip.user_ns['In'][-1]"
RIGHT = "    x = x.detach().clone().requires_grad_()\n    f(x).backward()\n    return x.grad"


def told(how):
    """Return an answer that is right, and says what it reads in the test that runs."""
    return f"def grad_of(f, x):\n    text = {READ}\n    {how}\n{RIGHT}"


LEAKS = {
    "printed": told("print(text)"),
    "printed in reverse": told("print(text[::-1])"),
    "printed in hexadecimal": told("print(text.encode().hex())"),
    "printed among the errors": told("import sys; print(text, file=sys.stderr)"),
    "raised": told("raise ValueError(text)"),
    "raised in hexadecimal": told("raise ValueError(text.encode().hex())"),
    "raised as an assert's message": told("raise AssertionError(text)"),
    "raised from another's name": told("raise type('_'.join(c for c in text.split() if '_secret' in c)[:60].replace('=', '').replace('.', '_'), (Exception,), {})('x')"),
    "shown as a page": told("display({'text/html': text}, raw=True)"),
    "shown as a picture's text": told("import base64; display({'image/png': base64.b64encode(text.encode()).decode()}, raw=True)"),
    "shown as a result": told("import sys; sys.displayhook(text)"),
    "shown as an update": told("h = display('x', display_id=True); h.update({'text/plain': text}, raw=True)"),
}

FORGERIES = SESSION | HOOKS | TEXTS | TOLD_APART | COMPARATORS | BLINDED
