"""What lies beyond a course's vocabulary is seen, what can reach the verdict holds, honest work does not."""

import subprocess
import sys
import time

import pytest
from conftest import ATTEMPT, EXERCISES, SETUP

from grader import answers, libraries, notebooks, sheets, suspicion, vocabulary
from grader.folders import open_course
from grader.notebooks import ROOT

PRELOAD = "import torch, torch._dynamo, torch.func, torch.utils.data, torchvision, matplotlib.pyplot\n"
HOLDING = [
    "import sys\nsys._getframe()",
    "get_ipython().kernel.session.send",
    "import sys\nshell = sys.stdout\nshell.session.send = print",
    "half.__globals__",
    "__import__('os')",
    "exec('x = 1')",
    "torch.sys.modules",
    "from torch import os",
    "torch.relu = max",
    "t = torch.testing\nt.assert_close = print",
    "setattr(torch, 'relu', max)",
    "exit.__class__",
    "[c for c in object.__subclasses__()]",
    "'{0.__traceback__.tb_frame}'.format(e)",
    "x = type('Yes', (float,), {})",
    "def half(x):\n    global _y\n    _y = 2",
    "class T(torch.Tensor):\n    def __torch_function__(self, *a): pass",
    "type = lambda value: float",
    "import gc\ngc.get_objects()",
    "%prun exec('x = 1')",
    "x = (\nglobals()",
]
NOTED = [
    "import gc\ngc.collect()",
    "import os\nos.environ['A'] = '1'",
    "%%capture\nx = 1",
    "!pip install nothing",
    "from IPython.display import display\ndisplay(1)",
    "import inspect\ninspect.signature(max)",
    "class A:\n    def __eq__(self, other): return True",
    "import asyncio\nasyncio.get_event_loop()",
    "import weakref\nweakref.ref(torch.ones(1))",
    "if 'google.colab' in str(get_ipython()):\n    get_ipython().run_line_magic('pip', 'install x')",
    "import threading\nthreading.Thread(target=print).start()",
    "exit()",
    "import sys\nprint(1, file=sys.stderr)",
    "torch.backends.cudnn.deterministic = True",
    "open('/etc/passwd')",
    "def half(x)\n    return x",
]
ORDINARY = [
    "y = x.select(0, 1)",
    "class M:\n    def forward(self, x):\n        return getattr(self, f'layer{1}')(x)",
    "class M:\n    def __init__(self):\n        super().__init__()\n        self._kept, self.kernel = {}, 3\n"
    "    def forward(self, x):\n        return self._kept.get(1, x) + self.kernel",
    "def _soft(x):\n    return x.exp()\ny = _soft(x)",
    "%matplotlib inline\n%time y = torch.ones(1)",
    "if __name__ == '__main__':\n    print(f'{1:.2f}')",
    "from collections import namedtuple\nP = namedtuple('P', 'x y')\nP(1, 2)._replace(x=3).y",
]


@pytest.fixture(scope="module")
def public():
    """What this course's libraries make public, as a kernel says it."""
    words = libraries.Words(open_course(ROOT))
    question = PRELOAD + vocabulary.question(libraries._named(words.given), libraries._named(words.taught))
    done = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, cwd=ROOT)
    assert not done.returncode, done.stderr
    return [line.split() for line in done.stdout.splitlines()[-2:]]


@pytest.fixture(scope="module")
def sample_words(public):
    given = [SETUP, ATTEMPT, *(cells[0] for cells in EXERCISES.values())]
    tests = [source for cells in EXERCISES.values() for source in cells[1:]]
    return vocabulary.with_tests(vocabulary.learn(given, *public), tests)


def look(source, words):
    return suspicion.look(source, vocabulary.with_own(words, [source]))


@pytest.mark.parametrize("source", HOLDING)
def test_what_reaches_the_verdict_holds(source, sample_words):
    assert [seen for seen in look(source, sample_words) if seen.holds]


@pytest.mark.parametrize("source", NOTED)
def test_what_is_unusual_is_noted_and_holds_nothing(source, sample_words):
    seen = look(source, sample_words)
    assert seen and not any(one.holds for one in seen)


@pytest.mark.parametrize("source", ORDINARY)
def test_what_students_write_is_not_seen(source, sample_words):
    assert look(source, sample_words) == []


def test_a_course_may_add_words(sample_words):
    source = "import einops\neinops.rearrange(1, 'a b -> b a')"
    assert look(source, sample_words)
    assert not look(source, vocabulary.learn([SETUP], ["relu"], [], ["einops", "rearrange"]))


def test_no_answer_of_the_course_is_held_and_few_are_noted(public):
    """Counted for every second exercise and for the others apart."""
    words = libraries.Words(open_course(ROOT))
    known = vocabulary.learn([*words.given, *words.taught], *public, words.words)
    halves = {0: [0, 0], 1: [0, 0]}
    for lesson in (lesson for lesson in notebooks.lessons() if lesson.answers.exists()):
        sheet = sheets.read(lesson)
        own = vocabulary.with_tests(known, [cell.source for e in sheet.exercises for cell in (*e.visible, *e.hidden)])
        order = {exercise.name: number % 2 for number, exercise in enumerate(sheet.exercises)}
        for answer in answers.read(sheet):
            seen = look(answer.source, own)
            assert not [one for one in seen if one.holds], f"{lesson.name}, {answer.exercise}: {seen}"
            halves[order[answer.exercise]][0] += 1
            halves[order[answer.exercise]][1] += bool(seen)
    print("answers, noted: first, third, ... exercises {}, the others {}".format(*map(tuple, halves.values())))
    assert all(noted <= 0.005 * count for count, noted in halves.values()), halves


@pytest.mark.parametrize(
    "piece",
    ["a.", "(", "[", "-", "x = ", "%a ", "!", "'{.", "f(", "lambda: ", "a = b.c\n", "not ", "{0.a_", "a if b else "],
)
def test_the_time_to_read_a_source_grows_as_its_length(piece, sample_words):
    took = []
    for length in (20_000, 160_000):
        source = piece * (length // len(piece))
        began = time.process_time()
        look(source, sample_words)
        took.append(time.process_time() - began)
    assert took[1] < 5 and took[1] < 24 * max(took[0], 0.05), took
