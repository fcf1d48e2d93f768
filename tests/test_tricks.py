"""What is handed in to score without an answer scores nothing, or is shown to a person; nobody else notices it."""

import hashlib
from collections import Counter

import pytest
from conftest import FULL, LESSON, RIGHT, WRONG
from tricks import EDITED, FORGED, HELD, LIMITS, RACED, READ, SAMPLE, SCORES, UNSEEN

from grader.seen import Limits

ALL = {**FORGED, **READ, **EDITED, **LIMITS}


def graded(sample, names):
    """Grade one class, a student per trick, with a right and a wrong neighbour after every tenth; return {trick:
    Verdict}."""
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


def outcome(verdict):
    """Return (points, whether a person is told, whether points wait for that person)."""
    return verdict.points, bool(verdict.flags), any(score.points is None for score in verdict.scores)


def expected(name):
    return SCORES.get(name, 0), name not in UNSEEN and name not in LIMITS, name in HELD


def check(found):
    """Every trick comes to what its table says; where it scores a person is told, but for the honest limits."""
    report(found)
    raced = {name for name in RACED & set(found) if outcome(found[name]) == (0, True, False)}
    assert {name: outcome(found[name]) for name in set(found) - raced} == {
        name: expected(name) for name in set(found) - raced
    }
    assert all(0 <= (s.points or 0) <= s.max_points for verdict in found.values() for s in verdict.scores)


def report(found):
    """Print how many came to what."""
    words = {True: "a person is told", False: "nobody is told"}
    counts = Counter((f"{'scores' if points else 'held back' if held else 'nothing'}, {words[told]}")
                     for points, told, held in map(outcome, found.values()))  # fmt: skip
    print(f"\n{len(found)} tricks", *(f"{number:5} {what}" for what, number in counts.most_common()), sep="\n")


def test_a_trick_may_score_only_where_a_person_is_told():
    assert len(ALL) >= 60 and {*SAMPLE, *SCORES, *HELD, *UNSEEN} <= set(ALL)
    assert not {name for name in ALL if expected(name)[0] and not expected(name)[1]} - set(LIMITS)
    assert not {name for name in {**READ, **EDITED} if expected(name)[0]}


def test_no_trick_of_a_sample_scores_unseen(sample):
    check(graded(sample, SAMPLE))


@pytest.mark.slow
def test_no_trick_scores_unseen(sample):
    check(graded(sample, list(ALL)))
