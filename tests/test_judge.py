"""From what was seen to points, in words that a student can use."""

import pytest
from conftest import RIGHT, WRONG

from grader import answers, notebooks, sheets
from grader.assemble import assemble
from grader.execute import Canary, CanaryRun, CellRun, Run
from grader.intake import Intake
from grader.judge import judge, reach


def seen(sample, fails=(), **options):
    """Return (run, ready, intake) as if these tests had failed."""
    taken = Intake(dict(RIGHT))
    ready = assemble(sample.untouched, taken)
    cells = {i: CellRun("passed") for i, cell in enumerate(ready.notebook.cells) if cell.cell_type == "code"}
    for i, cell in enumerate(ready.notebook.cells):
        if notebooks.graded(cell).get("grade_id") in fails:
            cells[i] = CellRun("failed", "AssertionError", "not so")
    return Run(ready.notebook, cells, **options), ready, taken


def test_points_come_from_what_was_seen(sample):
    run, ready, taken = seen(sample, ("half-value",))
    verdict = judge(run, ready, taken, sample.untouched)
    assert (verdict.points, verdict.max_points) == (7, 9) and not verdict.flags
    assert verdict.comments["half"] == "1 of 3 points.\n\n- half-value: not so" and verdict.comments["larger"] == "3 of 3 points."


def test_a_test_that_was_never_run_is_no_pass(sample):
    run, ready, taken = seen(sample)
    run.cells.clear()
    assert judge(run, ready, taken, sample.untouched).points == 0


def test_stderr_costs_nothing_and_a_number_gives_partial_credit(sample):
    run, ready, taken = seen(sample)
    import nbformat

    cell = ready.notebook.cells[ready.tests("half")[0]]
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("execute_result", data={"text/plain": "0.5"}),
    ]
    assert judge(run, ready, taken, sample.untouched).points == 7.5


def test_a_canary_that_passes_holds_the_points_back(sample):
    canary = Canary("half", WRONG["half"], ("half-hidden-value",))
    run, ready, taken = seen(sample, canaries=(CanaryRun(canary, ()),))
    verdict = judge(run, ready, taken, sample.untouched, (canary,))
    assert verdict.points == 6 and [s.points for s in verdict.scores if s.exercise == "half"] == [None, None]
    assert verdict.flags[0].holds and "for a person to look at" in verdict.comments["half"]


def test_a_canary_that_fails_is_no_flag_and_one_that_did_not_run_is(sample):
    canary = Canary("half", WRONG["half"], ("half-hidden-value",))
    run, ready, taken = seen(sample, canaries=(CanaryRun(canary, ("half-hidden-value",)),))
    assert not judge(run, ready, taken, sample.untouched, (canary,)).flags
    run, ready, taken = seen(sample)
    assert "could not be checked" in judge(run, ready, taken, sample.untouched, (canary,)).flags[0].seen


@pytest.mark.parametrize(
    "source",
    [
        "import ctypes",
        "from gc import get_objects",
        "import sys\nsys._getframe()",
        "open('/proc/self/mem')",
        "get_ipython()",
        "f.__globals__",
        "__import__('os')",
        "import os\nos.fork()",
    ],
)
def test_unusual_reach_is_named(source):
    assert reach(source)


def test_no_answer_of_the_course_is_unusual():
    for lesson in notebooks.lessons():
        if lesson.answers.exists():
            sources = [a.source for a in answers.read(sheets.read(lesson))] + [
                e.solution.source for e in sheets.read(lesson).exercises
            ]
            assert not {found for source in sources for found in reach(source)}, lesson.name
