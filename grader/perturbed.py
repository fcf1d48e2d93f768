"""Run an answer's tests once more with what it gives back changed: what passes then never looked at that.

After all cells, in the same kernel: the names are put back to what they were before the answer's own cell, that cell
runs again, and then its tests. Which tests notice which change is learned once from the course's own solution; which
change it is going to be is drawn when the submission has run, and sent with the run.
"""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from grader import notebooks
from grader.assemble import Assembled, is_test
from grader.seen import CellRun, Draw, Perturbed, Run, Way
from grader.session import Kernel, Request

SKIPS = 2  # calls in a test that are left as they are, at most
AGAIN = 2  # draws that a test must refuse on the course's own solution
CLASS = re.compile(r"^\s*class ", re.MULTILINE)


@dataclass(frozen=True)
class Part:
    """An exercise as it stands in a notebook: the sources of its answer and of its tests by grade_id, what tests want.

    `whole` says that the answer is one cell that ran to its end.
    """

    answer: tuple[str, ...]
    tests: dict[str, str]
    wanted: Collection[str]
    whole: bool

    @classmethod
    def of(cls, assembled: Assembled, exercise: str, runs: Mapping[int, CellRun]) -> "Part":
        """Return the part that the exercise is."""
        cells = [
            (index, cell)
            for index, cell in enumerate(assembled.notebook.cells)
            if assembled.exercises[index] == exercise and cell.cell_type == "code"
        ]
        tests = {notebooks.graded(cell)["grade_id"]: cell.source for _, cell in cells if is_test(cell)}
        answer = [(index, cell.source) for index, cell in cells if not is_test(cell)]
        ran = all(index in runs and runs[index].status == "passed" for index, _ in answer)
        whole = len(answer) == 1 and ran and not answer[0][1].lstrip().startswith("%%")
        return cls(tuple(source for _, source in answer), tests, assembled.wanted.get(exercise, ()), whole)


def candidates(assembled: Assembled) -> dict[str, tuple[Way, ...]]:
    """Return for each exercise the ways to try on the course's own solution."""
    ways = {name: tuple(_ways(Part.of(assembled, name, {}))) for name in assembled.wanted}
    return {name: AGAIN * found for name, found in ways.items() if found}


def _ways(part: Part) -> Iterator[Way]:
    """Yield ways: every test changed, from a later call on where the tests alone make the calls; one test changed."""
    tests = list(part.tests) if part.wanted else []
    for skip in range(1 if CLASS.search("\n".join(part.answer)) else SKIPS + 1):
        if tests:
            yield Way(tuple((test, skip) for test in tests))
    for changed in tests[1:]:
        yield Way(tuple((test, 0 if test == changed else None) for test in tests[: tests.index(changed) + 1]))


def noticed(run: Run) -> dict[str, tuple[Way, ...]]:
    """Return by exercise the ways that a test of the course's own solution refused every time, and which did."""
    found: dict[str, dict[tuple, set[str]]] = {}
    for seen in run.perturbed:
        refused = {test for test, what in seen.outcomes if what == "refused"}
        ways = found.setdefault(seen.exercise, {})
        ways[seen.way.skips] = ways.get(seen.way.skips, refused) & refused
    known = {
        name: tuple(Way(skips, tuple(sorted(refused))) for skips, refused in ways.items() if refused)
        for name, ways in found.items()
    }
    return {name: ways for name, ways in known.items() if ways}


def draw(ways: Collection[Way], passed: Collection[str]) -> list[Draw]:
    """Return one way, drawn among those that a passed test must refuse; all where nothing is known of them yet."""
    unknown = [way for way in ways if not way.refused]
    known = [way for way in ways if set(way.refused) & set(passed)]
    return [_with_numbers(way) for way in unknown or ([secrets.choice(known)] if known else [])]


def _with_numbers(way: Way) -> Draw:
    scale, shift = (secrets.randbelow(10**6) / 10**6 for _ in range(2))
    return Draw(way, 1.3 + 0.6 * scale, 0.6 + 0.8 * shift, 1 + secrets.randbelow(3), secrets.token_hex(3))


def put_to_test(
    due: list[tuple[str, Draw]], parts: Mapping[str, Part], kernel: Kernel, seconds: float
) -> list[Perturbed]:
    """Run the tests of these exercises with what their answers give back changed, one after the other."""
    rounds = [(name, drawn, list(_requests(name, drawn, parts[name], kernel))) for name, drawn in due]
    kernel.send_ahead([request for _, _, requests in rounds for _, request in requests])
    found = []
    for name, drawn, requests in rounds:
        outcomes = []
        for test, request in requests:
            seen = kernel.quiet(request, seconds)
            if test:
                outcomes.append((test, _outcome(seen)))
            if seen.status == "timeout":  # one submission waits for one time limit here, not for many
                kernel.dead = True
        found.append(Perturbed(name, drawn.way, tuple(outcomes)))
    return found


def _requests(name: str, drawn: Draw, part: Part, kernel: Kernel) -> Iterator[tuple[str, Request]]:
    """Yield (grade_id or "", request) for what is sent for one exercise."""
    last = max((list(part.tests).index(test) for test in drawn.way.refused), default=len(part.tests) - 1)
    tests = list(part.tests)[: last + 1]
    back = ("release",), ("rewind", name)
    change = ("restore", False), ("perturb", sorted(part.wanted), drawn.told(tests))
    if part.whole:
        yield "", kernel.question(*change, code=kernel.after(part.answer[0], *back))
    else:
        yield "", kernel.question(*back)
        yield from (("", Request(source)) for source in part.answer if source.strip())
        yield "", kernel.question(*change)
    yield from ((test, Request(part.tests[test], is_cell=True)) for test in tests)  # counted, as perturb.py does


def _outcome(seen: CellRun) -> str:
    """Return what a test says of a changed result: only an assert refuses it, any other end says nothing."""
    if seen.status == "passed":
        return "passed"
    return "refused" if seen.status == "failed" and seen.error == "AssertionError" else "unclear"
