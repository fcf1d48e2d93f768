"""A small course of three exercises in a folder of its own, and students who hand in whatever a test needs."""

import json
import os
import re
import shutil
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy: its pool is a second thread, and the gates fork this process
# one warm process for the classes of all tests: each new one would import torch again
os.environ.setdefault("GRADER_PRELOAD", "numpy torch torch._dynamo torch.func torch.utils.data matplotlib.pyplot")
os.environ.setdefault("GRADER_IDLE", "120")

import nbformat
import pytest

from grader import notebooks

ROOT = notebooks.ROOT
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FAILED = pytest.StashKey[bool]()
HERE = re.compile(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:|file:")
LESSON = "03_sample"
SETUP = 'import math\nimport torch\n\ndevice = "cpu"\ntorch.manual_seed(0)'
ATTEMPT = '''def attempt(answer, *args):
    """Call an answer; where it stops, say in words what stopped it."""
    try:
        return answer(*args)
    except NotImplementedError:
        raise AssertionError(f"{answer.__name__} is not written yet: fill in the cell above") from None
    except Exception as error:
        raise AssertionError(f"{answer.__name__} stopped with {type(error).__name__}: {error}") from error'''
EXERCISES = {
    "half": (
        'def half(x):\n    """Return half of x."""\n    ### BEGIN SOLUTION\n    return x / 2\n    ### END SOLUTION',
        '_y = attempt(half, 4.0)\nassert type(_y) is float, "return a number"\n'
        'assert _y == 2.0, "half of 4 is 2"\nprint("half: right")',
        "_y = attempt(half, 5.0)\n"
        'assert type(_y) is float and _y == 2.5, "a half keeps its fraction: use / instead of //"',
    ),
    "grad_of": (
        'def grad_of(f, x):\n    """Return df/dx at x."""\n    ### BEGIN SOLUTION\n'
        "    x = x.detach().clone().requires_grad_()\n"
        "    f(x).backward()\n    return x.grad\n    ### END SOLUTION",
        "_x = torch.tensor([1.0, 2.0])\n_g = attempt(grad_of, lambda x: (x**3).sum(), _x)\n"
        'assert type(_g) is torch.Tensor, "return a tensor"\n'
        'torch.testing.assert_close(_g, 3 * _x**2, msg="d(sum of x**3)/dx is 3 x**2")\nprint("grad_of: right")',
        "_secret_tensor = torch.ones(3)\nattempt(grad_of, torch.Tensor.sum, _secret_tensor)\n"
        'assert not _secret_tensor.requires_grad, "the caller\'s x was changed: it records now"',
    ),
    "larger": (
        'def larger(a, b):\n    """Return the larger of two numbers."""\n'
        "    ### BEGIN SOLUTION\n    return a if a > b else b\n    ### END SOLUTION",
        'assert attempt(larger, 1, 2) == 2, "2 is larger than 1"\nprint("larger: right")',
        'assert attempt(larger, 3, -4) == 3, "3 is larger than -4: the sign counts"',
    ),
}
POINTS = (2, 1)
FULL = 9.0
RIGHT = {
    name: "\n".join(line for line in cells[0].splitlines() if "###" not in line) for name, cells in EXERCISES.items()
}
WRONG = {
    "half": "def half(x):\n    return x // 2",
    "grad_of": "def grad_of(f, x):\n    x.requires_grad_()\n    f(x).backward()\n    return x.grad.clone()",
    "larger": "def larger(a, b):\n    return a if abs(a) > abs(b) else b",
}
SAYS = {"half": "use / instead", "grad_of": "it records now", "larger": "the sign counts"}


def solution_notebook(exercises=EXERCISES):
    """Return the solution notebook of the sample lesson."""

    def cell(make, source, **info):
        return make(source, metadata={"nbgrader": info})

    code, text = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell
    cells = [
        cell(text, "# Sample", grade_id="title", locked=True),
        cell(code, SETUP, grade_id="setup", locked=True),
        cell(code, ATTEMPT, grade_id="attempt", locked=True),
    ]
    for number, (name, (solution, visible, hidden)) in enumerate(exercises.items(), 1):
        statement = f"## Exercise {number} · Write {name} (3 points, about 3 minutes)\n**Core.** Write `{name}`."
        hidden = f"# Hidden tests: other values.\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
        cells += [
            cell(text, statement, grade_id=f"{name}-statement", locked=True),
            cell(code, solution, grade_id=name, solution=True),
            cell(code, visible, grade_id=f"{name}-value", points=POINTS[0]),
            cell(code, hidden, grade_id=f"{name}-hidden-value", points=POINTS[1]),
        ]
    return notebooks.tidy(nbformat.v4.new_notebook(cells=cells))


def answers_file():
    """Return the sample lesson's answers.py."""
    cells = []
    for name in EXERCISES:
        cells.append(f'# %% exercise="{name}" verdict="right"\n{RIGHT[name]}\n')
        cells.append(f'# %% exercise="{name}" verdict="wrong" says="{SAYS[name]}"\n{WRONG[name]}\n')
    return "\n".join(cells)


class Class:
    """A course folder with the sample lesson released, and a way to hand in."""

    def __init__(self, root):
        from grader import folders, handout

        self.root, self.lesson = root, LESSON
        shutil.copyfile(ROOT / "nbgrader_config.py", root / "nbgrader_config.py")
        notebooks.write(solution_notebook(), root / "solutions" / LESSON / f"{LESSON}.ipynb")
        (root / "solutions" / LESSON / "answers.py").write_text(answers_file(), encoding="utf-8")
        self.course = folders.open_course(root)
        self.untouched = handout.prepare(self.course, LESSON)[LESSON].tested

    def exercise(self):
        """Return the student version, hidden tests cleared, as plain data."""
        student = notebooks.copy(self.untouched)
        for cell in student.cells:
            cell.source = notebooks.HIDDEN.sub("", cell.source).rstrip()
        return json.loads(nbformat.writes(student))

    def fill(self, **sources):
        """Return the student version with these answers; the others right."""
        data = self.exercise()
        for cell in data["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if name in EXERCISES and (RIGHT | sources)[name] is not None:
                cell["source"] = (RIGHT | sources)[name]
        return data

    def folder(self, student, lesson=LESSON):
        folder = self.root / "state" / "submitted" / student / lesson
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def hand_in(self, student, data=None, stamp="2026-01-01 12:00:00 UTC", **sources):
        """Write a submission: notebook data, raw bytes, or answers by name."""
        content = data if data is not None else self.fill(**sources)
        path = self.folder(student) / f"{LESSON}.ipynb"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        if stamp:
            (path.parent / "timestamp.txt").write_text(stamp)
        return path

    def grade(self, **options):
        from grader import classroom

        return classroom.grade(self.course, classroom.Options(show=False, **options))

    def points(self):
        """Return {student: points} from the gradebook."""
        from grader import gradebook

        found = {}
        for grade in gradebook.grades(self.course):
            found[grade.student] = found.get(grade.student, 0) + grade.points
        return found

    def comments(self, student):
        """Return {exercise: comment} from the gradebook."""
        from grader import gradebook

        with gradebook.opened(self.course) as book:
            return {c.name: c.comment for c in book.find_submission(LESSON, student).notebooks[0].comments}

    def executed(self, student):
        return notebooks.read(self.root / "state" / "autograded" / student / LESSON / f"{LESSON}.ipynb")


@pytest.fixture
def sample(tmp_path):
    """A course of one lesson, nothing handed in yet."""
    return Class(Path(tmp_path))


@pytest.fixture(scope="module")
def browser():
    """A Chromium that is there; the tests of one module share it."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make test-all installs it")
    if not CHROMIUM:
        pytest.skip("no Chromium on PATH")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture
def watched(browser, request):
    """Open pages that list what they asked another machine for, and what went wrong in them.

    Of a test that fails, a picture of each page is kept in build/browser/failed.
    """
    opened = []

    def open_page(width=1280, theme="light", height=900):
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
        page.elsewhere, page.wrong = [], []
        page.on("console", lambda said: page.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("request", lambda sent: None if HERE.match(sent.url) else page.elsewhere.append(sent.url))
        opened.append(page)
        return page

    yield open_page
    for number, page in enumerate(opened):
        if request.node.stash.get(FAILED, False):
            name = re.sub(r"[^\w.-]+", "_", request.node.name)
            page.screenshot(path=ROOT / "build" / "browser" / "failed" / f"{name}-{number}.png")
        page.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Let fixtures know at their end that the test has failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


def pytest_collection_modifyitems(items):
    """Run first what forks: other tests start threads in this process, and a fork must find one."""
    items.sort(key=lambda item: "warm" not in item.fixturenames)
