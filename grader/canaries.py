"""Known wrong answers, run where the student's was: where one passes its tests, those were tampered with.

A lesson's are chosen once, by what its own tests refuse: for each exercise the stub, and the answer closest to passing.
"""

import random

from nbformat import NotebookNode

from grader import answers, notebooks, sheets
from grader.errors import AnswersError, ExerciseError
from grader.intake import Intake
from grader.notebooks import Lesson
from grader.seen import Canary, CanaryRun, Run
from grader.session import Kernel


def candidates(lesson: Lesson, untouched: NotebookNode) -> tuple[tuple[Canary, ...], str]:
    """Return what to choose from, stubs and the wrong answers of answers.py, and a note where those are not taken."""
    stubs = tuple(
        Canary(info["grade_id"], cell.source)
        for cell in untouched.cells
        if (info := notebooks.graded(cell)).get("solution") and cell.cell_type == "code" and not info.get("grade")
    )
    if not lesson.answers.exists():
        return stubs, ""
    try:
        known = answers.read(sheets.read(lesson))
    except (AnswersError, ExerciseError) as error:
        return stubs, f"canaries are the untouched stubs alone: {error}"
    names = {canary.exercise for canary in stubs}
    wrong = [answer for answer in known if answer.verdict == "wrong" and answer.exercise in names]
    return stubs + tuple(Canary(answer.exercise, answer.source) for answer in wrong), ""


def closest(run: Run) -> tuple[Canary, ...]:
    """Return for each exercise the stub and the wrong answer that failed fewest tests, with what they failed."""
    chosen = []
    for name in dict.fromkeys(seen.canary.exercise for seen in run.canaries):
        refused = [seen for seen in run.canaries if seen.canary.exercise == name and seen.failed]
        if not refused:
            continue  # tests that refuse nothing can betray nothing
        close = min(refused, key=lambda seen: (len(seen.failed), random.random()))
        far = max(refused, key=lambda seen: (len(seen.failed), "NotImplementedError" in seen.canary.source))
        chosen += [Canary(name, seen.canary.source, seen.failed) for seen in {id(close): close, id(far): far}.values()]
    return tuple(chosen)


def for_answered(canaries: tuple[Canary, ...], taken: Intake) -> tuple[Canary, ...]:
    """Leave out the exercises that were not touched: there is nothing to forge."""
    return tuple(canary for canary in canaries if canary.exercise in taken.sources)


def put_to_test(canary: Canary, tests: list[NotebookNode], kernel: Kernel, seconds: float) -> CanaryRun:
    """Run a known wrong answer and the tests that must refuse it, until one does; without that knowledge, all tests.

    The answer goes with the first of them in one request.
    """
    names = [notebooks.graded(cell)["grade_id"] for cell in tests]
    before, failed = kernel.restored(canary.source), []
    for name, cell in zip(names, tests, strict=True):
        if canary.fails and name not in canary.fails:
            continue
        status = kernel.quiet(f"{before}\n{cell.source}", seconds)
        if status == "died":
            return CanaryRun(canary, died=True)
        if status != "ok":
            failed.append(name)
        if failed and canary.fails:
            break
        before = ""
    return CanaryRun(canary, tuple(failed))
