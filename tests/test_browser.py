"""A student in every lesson and an instructor in a real browser: what they see, and that nothing but this machine is
asked."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from hostile import FIELDS, IMG, hand_in_hostile
from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions import formgrader

from grader import answers, commands, notebooks, report, sheets
from grader.notebooks import ROOT
from grader.seen import Limits
from lab import release

pytestmark = pytest.mark.slow
LESSONS = {lesson.name: lesson for lesson in notebooks.lessons() if lesson.answers.exists()}
PICTURES = ROOT / "build" / "browser"
READY = """async () => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready; await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  return panel.sessionContext.session.kernel.status;
}"""  # JupyterLab says idle before the kernel is connected, and a Run All sent then is lost
SAVE = "async () => { await window.jupyterapp.commands.execute('docmanager:save'); }"
SHUT_DOWN = "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }"
PROOF = re.compile(r'^print\(f?"([^"{]+)', re.M)


@pytest.fixture
def page(watched):
    """A page as wide as JupyterLab wants it."""
    page = watched(1400, height=1000)
    page.set_default_timeout(120_000)
    return page


@contextlib.contextmanager
def jupyterlab(root, *command):
    """Run JupyterLab in `root` and yield its address; ends the server and its kernels."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", f"--port={port}", "--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=course",
               "--LabApp.expose_app_in_browser=True", *(["--allow-root"] if os.geteuid() == 0 else [])]
    with open(root / "server.log", "wb") as log:
        server = subprocess.Popen([sys.executable, *command, *options], cwd=root, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api?token=course", timeout=5)
                break
            assert server.poll() is None, (root / "server.log").read_text()
            time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(30)


def visit(page, address, path):
    page.goto(f"{address}{path}{'&' if '?' in path else '?'}token=course")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def show(page, path):
    """Bring a notebook to the front, its kernel ready."""
    page.wait_for_function(
        "() => window.jupyterapp?.restored.then(() => true)"
    )  # what is opened before that does not stay in front
    page.evaluate("async path => { await window.jupyterapp.commands.execute('docmanager:open', {path}); }", path)
    page.wait_for_function("path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=path)
    for _ in range(240):
        if page.evaluate(READY) == "idle":
            return
        page.wait_for_timeout(250)
    raise TimeoutError(f"{path}: its kernel is {page.evaluate(READY)}, not idle, after a minute")


def run_all(page):
    """Run every cell; False where one raised."""
    return page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")


def write(page, line, source):
    """Put `source` into the cell that holds `line`, and save."""
    cell = front(page).locator(".jp-CodeCell", has_text=line).first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.evaluate(SAVE)


def front(page):
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def errors(page):
    """Bring the traceback in the front notebook into view, and return its text."""
    shown = front(page).locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']").first
    shown.evaluate(
        "output => output.scrollIntoView({block: 'end'})"
    )  # a Run All that stops leaves the last cell in view
    return shown.inner_text()


def picture(page, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png")


@dataclass(frozen=True)
class Step:
    """A core exercise as a student meets it: what is written first, what that says, what is written then, what that
    proves."""

    exercise: str
    stub: str
    wrong: str
    says: str
    right: str
    proof: str


def step(lesson):
    """Return the lesson's first core exercise that has a wrong answer named by a visible test."""
    sheet = sheets.read(lesson)
    known = answers.read(sheet)
    for exercise in (e for e in sheet.exercises if e.kind == "Core"):
        shown = "\n".join(cell.source for cell in exercise.visible)
        wrong = next(
            (a for a in known if a.exercise == exercise.name and a.verdict == "wrong" and a.says in shown), None
        )
        if wrong:
            right = next(a for a in known if a.exercise == exercise.name and a.verdict == "right")
            stub = exercise.solution.source.splitlines()[0]
            return Step(exercise.name, stub, wrong.source, wrong.says, right.source, PROOF.search(shown).group(1))
    raise LookupError(f"{lesson.name}: no wrong answer to a core exercise is named by a visible test")


@pytest.fixture(scope="module")
def steps():
    return {name: step(lesson) for name, lesson in LESSONS.items()}


@pytest.fixture(scope="module")
def home(steps, tmp_path_factory):
    """The students' zip, unpacked; in each lesson all exercises but one are solved."""
    home = tmp_path_factory.mktemp("home")
    for name, content in release.collect(ROOT).items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
    for name, lesson in LESSONS.items():
        solved = {
            cell.metadata.nbgrader.grade_id: "\n".join(line for line in cell.source.splitlines() if "###" not in line)
            for cell in notebooks.read(lesson.solution).cells
            if notebooks.graded(cell).get("solution")
        }
        del solved[steps[name].exercise]
        notebooks.write(answers.fill(notebooks.read(lesson.exercise), solved), home / "work" / name / f"{name}.ipynb")
    return home


@pytest.fixture(scope="module")
def lab(home):
    """The address of `make lab` in the student's home."""
    with jupyterlab(home, "-m", "grader", "lab", "--") as address:
        yield address
    until = time.monotonic() + 10
    while abandoned() and time.monotonic() < until:
        time.sleep(0.1)
    assert not abandoned(), "what was imported for JupyterLab outlives it"


def abandoned():
    """Return the zygotes whose JupyterLab has ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            owner = re.search(rb'zygote.py.*"owner": ([1-9]\d*)', (process / "cmdline").read_bytes(), re.S)
            found += [process.name] if owner and not Path("/proc", owner[1].decode()).exists() else []
    return found


IMPORT = """async () => {
  const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel, began = performance.now();
  const reply = await kernel.requestExecute({code: 'import torch, tensorflow, torchvision'}).done;
  return [reply.content.status, performance.now() - began];
}"""


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux alone")
def test_the_first_import_takes_no_time(page, lab):
    visit(page, lab, "/")
    show(page, "course/02_tensors.ipynb")
    status, milliseconds = page.evaluate(IMPORT)
    assert status == "ok" and milliseconds < 1000
    print(f"first import in JupyterLab: {milliseconds:.0f} ms")


def test_a_student_starts_and_reads_a_lesson(page, lab):
    visit(page, lab, "/")
    front(page).locator("h1", has_text="PyTorch for TensorFlow users").wait_for()
    picture(page, "start")
    show(page, "course/00_start_here.ipynb")
    assert run_all(page), errors(page)

    front(page).locator("a", has_text="01 NumPy").first.click()
    show(page, "course/01_numpy.ipynb")
    assert run_all(page), errors(page)
    assert front(page).locator(".jp-OutputArea-output svg[role=img]").count() >= 4
    assert (
        not front(page)
        .locator("svg[role=img]:not([aria-label]), svg[aria-label=''], .jp-OutputArea-output img:not([alt])")
        .count()
    )
    picture(page, "lesson")
    page.evaluate(SHUT_DOWN)
    assert not page.elsewhere


@pytest.mark.parametrize("name", LESSONS)
def test_a_student_is_told_the_mistake_and_then_that_it_is_right(page, lab, home, steps, name):
    now = steps[name]
    visit(page, lab, "/lab?reset")
    show(page, f"work/{name}/{name}.ipynb")
    assert not run_all(page)
    assert "is not written yet: fill in the cell above" in last_line(errors(page))
    write(page, now.stub, now.wrong)
    assert not run_all(page)
    assert now.says in last_line(errors(page))
    picture(page, f"{name}-wrong")
    write(page, now.wrong.splitlines()[0], now.right)
    assert run_all(page), errors(page)
    front(page).locator(".jp-OutputArea-output pre", has_text=now.proof).scroll_into_view_if_needed()
    picture(page, f"{name}-right")
    page.evaluate(SAVE)
    page.locator(".validate-button:visible").first.click()
    page.locator("#validation-message.validation-success").wait_for()
    picture(page, f"{name}-validated")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.evaluate(SHUT_DOWN)
    assert not page.elsewhere
    saved = notebooks.read(home / "work" / name / f"{name}.ipynb")
    assert now.right in [cell.source for cell in saved.cells]


def last_line(text):
    return text.strip().splitlines()[-1]


def test_an_instructor_hands_out_grades_and_returns(page, sample):
    shutil.copytree(ROOT / "settings", sample.root / "settings")
    (sample.root / "course").mkdir()
    shutil.copy(ROOT / "course" / "00_start_here.ipynb", sample.root / "course")
    start = "import pathlib, sys; from lab import server; server.start('instructor', sys.argv[1:], pathlib.Path.cwd())"
    with jupyterlab(sample.root, "-c", start) as address:
        visit(page, address, "/lab?reset")
        page.locator(".lm-MenuBar-itemLabel", has_text=re.compile("^Nbgrader$")).click()
        for entry in ("Formgrader", "Assignment List"):
            page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{entry}$")).wait_for()
        picture(page, "instructor")

        visit(page, address, "/formgrader")
        row = page.locator("tbody tr", has_text=sample.lesson)
        row.locator(".assign a").click()
        done(page)
        sample.hand_in("ana", larger="def larger(a, b):\n    return a")
        visit(page, address, f"/formgrader/manage_submissions/{sample.lesson}")
        page.locator("tbody tr", has_text="ana").locator(".autograde a").click()
        done(page)
        visit(page, address, "/formgrader")
        page.locator("tbody tr", has_text=sample.lesson).locator(".generate-feedback a").click()
        done(page)
        picture(page, "formgrader")
    assert sample.points()["ana"] == 7.0
    html = sample.root / "state" / "feedback" / "ana" / sample.lesson / f"{sample.lesson}.html"
    feedback = html.read_text()
    assert "2 is larger than 1" in feedback and "the sign counts" not in feedback
    page.set_viewport_size({"width": 390, "height": 844})
    for path, name in ((html, "feedback"), (report.write(sample.course, sample.root / "report"), "report")):
        page.set_content(path.read_text())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{path} is wider than a phone"
        picture(page, name)


def test_nothing_that_a_hostile_class_hands_in_runs(browser, sample):
    hand_in_hostile(sample)
    assert not commands._publish(sample.course, (), sample.grade(limits=Limits(cell_seconds=5, seconds=60)))
    state = sample.root / "state"
    pages = [*state.glob("feedback/*/*/*.html"), sample.root / "build" / "report" / "index.html"]
    pages += [formgraders(path) for path in state.glob("autograded/*/*/*.ipynb")]
    assert len(pages) == 2 * len(FIELDS) + 1
    page, ran = browser.new_page(), []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.set_content(IMG)
    page.wait_for_timeout(500)
    assert ran == ["1"], "the watch is blind"
    for path in pages:
        page.goto(path.as_uri())
        page.wait_for_timeout(100)
        assert not page.locator(
            "a[href^='javascript' i], a[href^='data' i], [onerror], [onload], [ontoggle]"
        ).count(), path
    assert ran == ["1"]
    print(f"{len(pages)} pages of {len(FIELDS)} hostile submissions, and no script of theirs ran")
    page.close()


def formgraders(path):
    """Write the page that formgrader shows of a graded notebook, beside it."""
    templates = Path(formgrader.__file__).parent / "templates"
    exporter = HTMLExporter(template_name="formgrade", extra_template_basedirs=[str(templates)])
    names = {"submission_id": "1", "notebook_id": path.stem, "assignment_id": path.stem, "student": path.parts[-3]}
    html, _ = exporter.from_filename(
        str(path), resources={**names, "base_url": "", "index": 0, "total": 1, "notebook_path": ""}
    )
    path.with_suffix(".html").write_text(html)
    return path.with_suffix(".html")


def done(page):
    """Wait for formgrader's word on an action, and close it."""
    modal = page.locator(".modal.in")
    modal.wait_for()
    assert modal.locator(".modal-title").inner_text() == "Success", modal.inner_text()
    modal.locator(".modal-footer button").last.click()
    modal.wait_for(state="detached")
