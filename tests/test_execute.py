"""One notebook, run in a real kernel within its limits."""

import nbformat
import pytest
from conftest import RIGHT, WRONG

from grader import session
from grader.assemble import assemble
from grader.errors import MachineError
from grader.execute import Task, execute
from grader.intake import Helper, Intake
from grader.seen import Canary, Limits
from grader.session import find_kernel

KERNEL = find_kernel()[0]


def run(sample, canaries=(), helpers=(), files=None, **sources):
    ready = assemble(sample.untouched, Intake(RIGHT | sources, helpers))
    return ready, execute(Task(ready, KERNEL, Limits(cell_seconds=10), files or {}, canaries))


def statuses(ready, seen, exercise):
    return [seen.cells[i].status for i in ready.tests(exercise)]


def test_every_code_cell_is_seen_and_canaries_leave_no_trace(sample):
    ready, seen = run(sample, (Canary("half", WRONG["half"]), Canary("larger", WRONG["larger"])))
    assert {cell.status for cell in seen.cells.values()} == {"passed"} and len(seen.cells) == 11
    assert [c.failed for c in sorted(seen.canaries, key=lambda c: c.canary.exercise)] == [
        (("half-hidden-value", "AssertionError"),),
        (("larger-hidden-value", "AssertionError"),),
    ]
    assert (
        not any(c.passed for c in seen.canaries)
        and WRONG["half"] not in str(seen.notebook)
        and "_probe" not in str(seen.notebook)
    )


def test_a_bomb_left_behind_costs_no_innocent_exercise(sample):
    bomb = "import os, threading, time\n"
    bomb += "threading.Thread(target=lambda: (time.sleep(0.05), os._exit(1)), daemon=True).start()\n"
    bomb += "time.sleep(0.01)\n"
    ready, seen = run(sample, half=bomb + RIGHT["half"], grad_of="import time\ntime.sleep(0.5)\n" + RIGHT["grad_of"])
    assert statuses(ready, seen, "larger") == ["passed"] * 2 and statuses(ready, seen, "grad_of") == ["passed"] * 2
    assert seen.kernels > 1


def test_helpers_run_before_their_answer_and_a_failing_one_costs_nothing(sample):
    helpers = (Helper("raise ValueError('oops')", "code", "half"), Helper("two = 2", "code", "half"))
    ready, seen = run(sample, helpers=helpers, half="def half(x):\n    return x / two")
    assert statuses(ready, seen, "half") == ["passed"] * 2


def test_the_lessons_files_lie_beside_the_notebook(sample):
    ready, seen = run(
        sample, files={"data/one.txt": b"2"}, half="def half(x):\n    return x / int(open('data/one.txt').read())"
    )
    assert statuses(ready, seen, "half") == ["passed"] * 2


def test_a_course_names_any_python_kernel_and_gets_the_walled_one():
    assert find_kernel("python3") == (KERNEL, "")
    name, note = find_kernel("conda-env-stats-py")
    assert name == KERNEL and "conda-env-stats-py is not installed" in note


def test_a_kernel_that_this_run_asks_for_must_be_there():
    with pytest.raises(MachineError, match="no-such-kernel"):
        find_kernel(asked="no-such-kernel")


def test_the_level_reached_decides_not_the_kernels_name(sample):
    ready = assemble(sample.untouched, Intake(RIGHT))
    with pytest.raises(MachineError, match="behind walls"):
        execute(Task(ready, "python3"))


def test_another_language_runs_on_its_own_kernel_or_not_at_all(monkeypatch):
    written = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}})
    with pytest.raises(MachineError, match="expected a kernel for r"):
        find_kernel("", written)
    specs = {"ir": {"spec": {"language": "R"}}}
    monkeypatch.setattr(session, "_kernel_specs", lambda: specs)
    with pytest.raises(MachineError, match="got one for r.*GRADER_SANDBOX=none"):
        find_kernel("", written)
    monkeypatch.setenv("GRADER_SANDBOX", "none")
    assert find_kernel("", written) == ("ir", "")
