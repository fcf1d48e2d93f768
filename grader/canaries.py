"""Known wrong answers, run where the student's was: where one passes its tests, those were tampered with.

A lesson's are chosen once, by what its own tests refuse: for each exercise the stub, and the answer closest to passing.
"""

import random
from collections.abc import Collection, Mapping
from dataclasses import replace

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


def closest(run: Run, checked: Collection[str] = ()) -> tuple[Canary, ...]:
    """Return for each exercise the wrong answer that failed fewest tests, with what failed it how; and the stub.

    The stub is spared where the exercise is `checked` in another way.
    """
    chosen = []
    for name in dict.fromkeys(seen.canary.exercise for seen in run.canaries):
        tried = [seen for seen in run.canaries if seen.canary.exercise == name]
        refused = [canary for canary in (_refused(seen, "AssertionError") for seen in tried) if canary]
        if not refused:  # bare tests of a stub that raises
            others = {error for seen in tried for _, error in seen.failed}
            refused = [canary for seen in tried for error in others if (canary := _refused(seen, error))]
        if not refused:
            continue  # tests that refuse nothing can betray nothing
        close = min(refused, key=lambda canary: (len(canary.fails), random.random()))
        far = max(refused, key=lambda canary: (len(canary.fails), "NotImplementedError" in canary.source))
        chosen += [close] if name in checked or far.source == close.source else [close, far]
    return tuple(chosen)


def _refused(seen: CanaryRun, error: str) -> Canary | None:
    """Return the canary with the tests that refused it by this error, None where none did."""
    fails = tuple(name for name, kind in seen.failed if kind == error)
    return replace(seen.canary, fails=fails, error=error) if fails else None


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
    runs = {canary: CanaryRun(canary) for canary in due}
    for number in range(max(map(len, tests.values()), default=0)):
        going = [c for c in due if number < len(tests[c]) and not (runs[c].unclear or c.fails and runs[c].refused)]
        requests = []
        for canary in going:
            back = ("release",), ("restore",), ("forget", set(bound.get(canary.exercise, ())))
            requests.append(Request(kernel.after(f"{canary.source}\n{tests[canary][number].source}", *back)))
        kernel.send_ahead(requests)
        for canary, request in zip(going, requests, strict=True):
            seen = kernel.quiet(request, seconds)
            if seen.status == "failed":
                failed = (*runs[canary].failed, (notebooks.graded(tests[canary][number])["grade_id"], seen.error))
                runs[canary] = CanaryRun(canary, failed)
            elif seen.status != "passed":
                runs[canary] = CanaryRun(canary, unclear=True)
            if canary.fails and seen.status == "timeout":  # one submission waits for one time limit, not for many
                return [run if run.refused else replace(run, unclear=True) for run in runs.values()]
    return list(runs.values())


def _may_refuse(canary: Canary, test: NotebookNode) -> bool:
    return not canary.fails or notebooks.graded(test)["grade_id"] in canary.fails
