"""Real notebooks through real kernels: what the runner shows, refuses and measures."""

from io import StringIO

import jupytext
import pytest
from rich.console import Console

from gates import executed
from grader import cli, notebooks
from grader.errors import LessonError

PARAMETERS = '# %% tags=["parameters"]\nseed = 0\n\n'
LESSON = PARAMETERS + '''# %%
print(seed)

# %% tags=["raises-exception"]
1 / 0

# %%
import sys
from IPython.display import display
display({"text/html": '<img alt="a dot" src="">', "image/png": "iVBORw0KGgo="}, raw=True)
display({"image/png": "iVBORw0KGgo="}, raw=True)
print("careful", file=sys.stderr)
'''
SOLUTION = PARAMETERS + '''# %%
value = {"a": 1}

# %%
value["b"]

# %%
print("never reached")
'''


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run a small course once: a lesson, a solution that stops, the start page."""
    root = tmp_path_factory.mktemp("root")
    for path, text in (("course/00_start_here", "# %%\n1"), ("course/01_a", LESSON), ("solutions/01_a/01_a", SOLUTION)):
        notebooks.write(notebooks.tidy(jupytext.reads(text, fmt="py:percent")), root / f"{path}.ipynb")
    before = {path: path.read_bytes() for path in root.rglob("*.ipynb")}
    console = Console(file=StringIO(), width=160)
    runs = executed.run(root=root, kernel="python3", parameters={"seed": 7, "fast": True}, console=console)
    assert {path: path.read_bytes() for path in before} == before
    return {(one.lesson, one.kind): one for one in runs}, console.file.getvalue(), root


def said(one):
    return "\n".join(map(str, one.findings))


def test_lesson_solution_and_page_are_run(ran):
    assert list(ran[0]) == [("00_start_here", "page"), ("01_a", "lesson"), ("01_a", "solution")]
    assert all(one.output.exists() and one.output.is_relative_to(ran[2] / "build") for one in ran[0].values())


@pytest.mark.parametrize(
    "lesson, kind, seconds",
    [
        ("03_a", "lesson", 30),
        ("12_a", "lesson", 45),
        ("16_a", "lesson", 90),
        ("16_a", "solution", 20),
        ("A1_a", "appendix", 30),
    ],
)
def test_a_lesson_that_trains_for_real_may_take_longer(lesson, kind, seconds, tmp_path):
    assert executed.Task(lesson, kind, tmp_path, tmp_path, tmp_path).seconds == seconds


def test_a_parameter_reaches_the_notebook_that_knows_it(ran):
    assert notebooks.read(ran[0]["01_a", "lesson"].output).cells[2].outputs[0].text == "7\n"


def test_an_exception_that_is_announced_is_no_failure(ran):
    assert ran[0]["01_a", "lesson"].failure is None
    assert "papermill-error" not in ran[0]["01_a", "lesson"].output.read_text()


def test_a_failing_cell_is_shown_with_its_error(ran):
    failure = ran[0]["01_a", "solution"].failure
    assert (failure.where, failure.cell, failure.source) == ("solutions/01_a/01_a.ipynb", "value-b", 'value["b"]')
    assert failure.error == "KeyError: 'b'"
    for line in ('solutions/01_a/01_a.ipynb, cell "value-b" stopped', '    value["b"]', "KeyError: 'b'"):
        assert line in ran[1]


def test_words_on_stderr_are_found(ran):
    assert "expected nothing on stderr, got careful" in said(ran[0]["01_a", "lesson"])


def test_a_figure_without_alt_text_is_counted(ran):
    lesson = ran[0]["01_a", "lesson"]
    assert (lesson.figures, lesson.alt_missing) == (2, 1)
    assert "expected alt text with the figure, got none" in said(
        lesson
    ) and "expected at least 4 figures, got 2" in said(lesson)


def test_the_table_names_every_notebook(ran):
    assert all(f"{lesson} {kind}" in ran[1] for lesson, kind in ran[0])


def test_gates_carry_seconds_and_alt_text_for_the_numbers(ran):
    gate, = executed.gates(list(ran[0].values()))
    assert set(gate.numbers["01_a"]) == {"seconds_lesson", "seconds_solution", "alt_missing"}
    assert "2 of 3 run through" in gate.figure and "KeyError: 'b'" in "\n".join(map(str, gate.findings))


def run_of(text, *durations):
    """Return the Run of a lesson whose cells took `durations`."""
    notebook = notebooks.tidy(jupytext.reads(text, fmt="py:percent"))
    for cell, seconds in zip(notebook.cells, durations, strict=True):
        cell.metadata["papermill"] = {"duration": seconds}
    path = notebooks.ROOT / "course" / "01_a.ipynb"
    return executed.judge(executed.Task("01_a", "solution", path, path, path.parent), notebook)


def test_the_first_import_of_a_framework_does_not_count():
    one = run_of("# %%\nimport torch\n\n# %%\nimport torch\nwork()\n\n# %%\nwork()", 12.0, 3.0, 4.0)
    assert (one.imports, one.seconds) == (12.0, 7.0)


def test_a_slow_notebook_is_told_with_its_slowest_cell():
    slow = run_of("# %%\nfast()\n\n# %%\nslow", 3.0, 30.0)
    assert 'at most 20 s after imports, got 33.0 s. Start with cell "slow", 30.0 s' in said(slow)


def test_a_download_is_found():
    path = notebooks.ROOT / "course" / "01_a.ipynb"
    notebook = notebooks.tidy(jupytext.reads("# %%\nMNIST()", fmt="py:percent"))
    notebook.cells[0].outputs = [notebooks.nbformat.v4.new_output("stream", text="Downloading http://x/train.gz")]
    assert "expected no download" in said(
        executed.judge(executed.Task("01_a", "solution", path, path, path.parent), notebook)
    )


def test_an_announced_exception_that_does_not_come_is_found():
    assert "expected the exception that its tag announces" in said(run_of('# %% tags=["raises-exception"]\n1', 0.1))


def test_an_unknown_lesson_is_one_line_and_nothing_is_written(ran, capsys):
    with pytest.raises(LessonError, match="lesson '99_x': expected one of 00_start_here, 01_a"):
        executed.run(["99_x"], root=ran[2])
    assert cli.main(["course", "99_x"]) == 2
    assert capsys.readouterr().err.startswith("grader course: lesson '99_x': expected one of") 
