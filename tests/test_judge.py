"""From what was seen to points, in words that a student can use."""

import nbformat
from conftest import RIGHT, WRONG

from grader import notebooks
from grader.assemble import assemble
from grader.intake import Intake
from grader.judge import judge
from grader.seen import Attempt, Canary, CanaryRun, CellRun, Run


def seen(sample, fails=(), tried=(), **options):
    """Return an Attempt as if these tests had failed; `tried` are the canaries that should have run."""
    taken = Intake(dict(RIGHT))
    ready = assemble(sample.untouched, taken)
    cells = {i: CellRun("passed") for i, cell in enumerate(ready.notebook.cells) if cell.cell_type == "code"}
    for i, cell in enumerate(ready.notebook.cells):
        if notebooks.graded(cell).get("grade_id") in fails:
            cells[i] = CellRun("failed", "AssertionError", "not so")
    return Attempt(sample.untouched, taken, ready, tried, Run(ready.notebook, cells, **options))


def test_points_come_from_what_was_seen(sample):
    verdict = judge(seen(sample, ("half-value",)))
    assert (verdict.points, verdict.max_points) == (7, 9) and not verdict.flags
    assert (
        verdict.comments["half"] == "1 of 3 points.\n\n- half-value: not so"
        and verdict.comments["larger"] == "3 of 3 points."
    )


def test_a_test_that_was_never_run_is_no_pass(sample):
    attempt = seen(sample)
    attempt.run.cells.clear()
    assert judge(attempt).points == 0


def test_stderr_costs_nothing_and_a_number_gives_partial_credit(sample):
    attempt = seen(sample)
    cell = attempt.run.notebook.cells[attempt.assembled.tests("half")[0]]
    cell.outputs = [
        nbformat.v4.new_output("stream", name="stderr", text="a warning"),
        nbformat.v4.new_output("execute_result", data={"text/plain": "0.5"}),
    ]
    assert judge(attempt).points == 7.5


def test_a_canary_that_passes_holds_the_points_back(sample):
    canary = Canary("half", WRONG["half"], ("half-hidden-value",))
    verdict = judge(seen(sample, tried=(canary,), canaries=(CanaryRun(canary, ()),)))
    assert verdict.points == 6 and [s.points for s in verdict.scores if s.exercise == "half"] == [None, None]
    assert verdict.flags[0].holds and "for a person to look at" in verdict.comments["half"]


def test_a_canary_that_its_assert_refuses_is_no_flag_and_any_other_end_makes_the_points_wait(sample):
    canary = Canary("half", WRONG["half"], ("half-hidden-value",))
    refused = CanaryRun(canary, (("half-hidden-value", "AssertionError"),))
    assert not judge(seen(sample, tried=(canary,), canaries=(refused,))).flags
    unclear = CanaryRun(canary, unclear=True), CanaryRun(canary, (("half-hidden-value", "MemoryError"),))
    for runs in ((), unclear[:1], unclear[1:]):  # the one that did not run, ran out of time, or met another error
        verdict = judge(seen(sample, tried=(canary,), canaries=runs))
        assert "could not be checked" in verdict.flags[0].seen and verdict.points == 6


def test_what_was_put_back_is_told_and_what_was_not_makes_the_points_wait(sample):
    told = judge(seen(sample, changed=(("half", "attempt was replaced"),)))
    held = judge(seen(sample, changed=(("half", "a hook of the notebook's shell was changed"),)))
    assert (told.points, len(told.flags)) == (9, 1) and (held.points, len(held.flags)) == (6, 1)
