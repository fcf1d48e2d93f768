"""What students hand in by mistake costs them what it must and nobody else anything."""

from conftest import FULL, LESSON

from grader.execute import Limits

THIRD = FULL / 3
SLEEP = "def half(x):\n    while True:\n        pass"
STUBBORN = "def half(x):\n    import time\n"
STUBBORN += "    while True:\n        try:\n            time.sleep(9)\n        except BaseException:\n            pass"

IN_ONE_ANSWER = {  # name -> (what stands in place of half, points of the whole notebook)
    "segfault": ("def half(x):\n    import ctypes\n    ctypes.string_at(0)", FULL - THIRD),
    "exit in the cell": ("import os\nos._exit(1)", FULL - THIRD),
    "sys.exit": ("def half(x):\n    raise SystemExit", FULL - THIRD),
    "endless loop": (SLEEP, FULL - THIRD),
    "endless loop at the top": ("while True:\n    pass", FULL - THIRD),
    "a loop that will not stop": (STUBBORN, FULL - THIRD),
    "syntax error": ("def half(x)\n    return x / 2", FULL - THIRD),
    "a flood": ("def half(x):\n    for i in range(200000):\n        print('x' * 1000)\n    return x / 2", FULL),
    "recursion": ("def half(x):\n    return half(x)", FULL - THIRD),
    "another dtype by default": ("torch.set_default_dtype(torch.float64)\ndef half(x):\n    return x / 2", FULL),
    "another device by default": ("torch.set_default_device('meta')\ndef half(x):\n    return x / 2", FULL),
    "gradients off": ("torch.set_grad_enabled(False)\ndef half(x):\n    return x / 2", FULL),
    "warnings": ("import warnings\ndef half(x):\n    warnings.warn('old')\n    return x / 2", FULL),
    "stderr": ("import sys\ndef half(x):\n    print('progress', file=sys.stderr)\n    return x / 2", FULL),
    "a shadowed name": ("torch = None\ndef half(x):\n    return x / 2", FULL),
    "attempt written over": ("def attempt(*a): return 2.0\ndef half(x):\n    return x / 2", FULL),
    "changes the folder": ("import os\nos.chdir('/')\ndef half(x):\n    return x / 2", FULL),
    "a magic": ("%matplotlib inline\ndef half(x):\n    return x / 2", FULL),
    "input": ("n = input()\ndef half(x):\n    return x / 2", FULL - THIRD),
    "empty": ("", FULL - THIRD),
    "control characters": ("def half(x):\n    '\x00\x1b[31m'\n    return x / 2", FULL),
    "surrogates": ("def half(x):\n    '\ud800'\n    return x / 2", FULL),
}


def test_a_fault_in_one_answer_costs_that_exercise_alone(sample):
    for number, (source, _) in enumerate(IN_ONE_ANSWER.values()):
        sample.hand_in(f"s{number:02}", half=source)
    outcome = sample.grade(limits=Limits(cell_seconds=5, seconds=90))
    came = {fault: graded.verdicts[LESSON].points for fault, graded in zip(IN_ONE_ANSWER, outcome.graded, strict=True)}
    assert came == {fault: points for fault, (_, points) in IN_ONE_ANSWER.items()}
