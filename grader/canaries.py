"""Known wrong answers, run where the student's was: where one passes its tests, those were tampered with.

A lesson's are chosen once, by what its own tests refuse: for each exercise the stub, and the answer closest to passing.
"""

import random
from collections.abc import Collection, Mapping

from nbformat import NotebookNode

from grader import answers, notebooks, sheets
from grader.errors import AnswersError, ExerciseError
from grader.intake import Intake
from grader.notebooks import Lesson
from grader.seen import Canary, CanaryRun, Run
from grader.session import Kernel, Request


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


def put_to_test(
    due: Mapping[Canary, list[NotebookNode]], kernel: Kernel, seconds: float, bound: Mapping[str, Collection[str]]
) -> list[CanaryRun]:
    """Run known wrong answers and the tests that must refuse each, until one does; without that knowledge, all tests.

    They go round by round, each canary with its next test in one request, and the whole round is sent at once. The
    names that the student's own answer had `bound` are gone before.
    """
    tests = {canary: [cell for cell in cells if _may_refuse(canary, cell)] for canary, cells in due.items()}
    failed: dict[Canary, list[str]] = {canary: [] for canary in due}
    died: set[Canary] = set()
    for number in range(max(map(len, tests.values()), default=0)):
        going = [canary for canary in due if number < len(tests[canary]) and not (canary.fails and failed[canary])]
        sources = [
            kernel.restored(f"{canary.source}\n{tests[canary][number].source}", bound.get(canary.exercise, ()))
            for canary in going
        ]
        kernel.send_ahead([Request(source) for source in sources])
        for canary, source in zip(going, sources, strict=True):
            status = kernel.quiet(source, seconds)
            if status == "died":
                died.add(canary)
            elif status != "ok":
                failed[canary].append(notebooks.graded(tests[canary][number])["grade_id"])
    return [CanaryRun(canary, () if canary in died else tuple(failed[canary]), canary in died) for canary in due]


def _may_refuse(canary: Canary, test: NotebookNode) -> bool:
    return not canary.fails or notebooks.graded(test)["grade_id"] in canary.fails
