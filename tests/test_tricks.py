"""What is handed in to score without an answer scores nothing, or is shown to a person; nobody else notices it."""

import hashlib

import pytest
from conftest import FULL, LESSON, RIGHT, WRONG
from tricks import EDITED, FORGED, LIMITS, READ, SAMPLE

from grader.execute import Limits

ALL = {**FORGED, **READ, **EDITED}


def graded(sample, names):
    """Grade one class, a student per trick, with a right and a wrong neighbour after every tenth; return {trick: Verdict}."""
    stub = dict.fromkeys(RIGHT)
    for number, name in enumerate(names):
        trick = ALL[name]
        if callable(trick):
            data = sample.fill(**stub)
            trick(data)
            sample.hand_in(f"t{number:03}", data)
        else:
            exercise = next(e for e in RIGHT if f"def {e}(" in trick or f"\n{e} = " in trick)
            sample.hand_in(f"t{number:03}", **{**stub, exercise: trick.replace("{root}", str(sample.root))})
        if number % 10 == 0:
            sample.hand_in(f"t{number:03}-right")
            sample.hand_in(f"t{number:03}-wrong", half=WRONG["half"])
    before = contents(sample)
    outcome = sample.grade(limits=Limits(cell_seconds=5, seconds=60))
    assert contents(sample) == before and not [g.error for g in outcome.graded if g.error]
    found = {g.submission.student: g.verdicts[LESSON] for g in outcome.graded}
    points = sample.points()
    for student, verdict in found.items():
        if "-" in student:
            assert points[student] == verdict.points == FULL - student.endswith("wrong") and not verdict.flags
    return {name: found[f"t{number:03}"] for number, name in enumerate(names)}


def contents(sample):
    """Return a fingerprint of every file that grading must leave alone."""
    folders = ("solutions", "state/submitted")
    files = [path for folder in folders for path in (sample.root / folder).rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def check(found):
    """Every trick scores nothing, or a person is told; what must stay closed gives nothing at all."""
    assert not {name for name, verdict in found.items() if verdict.points and not verdict.flags and name not in LIMITS}
    assert not {name for name, verdict in found.items() if name in READ and verdict.points}
    assert not {name for name, verdict in found.items() if name in EDITED and verdict.points}
    assert all(0 <= (s.points or 0) <= s.max_points for verdict in found.values() for s in verdict.scores)


def test_no_trick_of_a_sample_scores_unseen(sample):
    check(graded(sample, SAMPLE))


@pytest.mark.slow
def test_no_trick_scores_unseen(sample):
    assert len(ALL) >= 60 and set(SAMPLE) <= set(ALL)
    check(graded(sample, list(ALL)))
