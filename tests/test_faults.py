"""What students hand in by mistake costs them what it must and nobody else anything."""

import pytest
from conftest import FULL, LESSON, WRONG
from faults import ANSWERS, FILES, SAMPLE

from grader.execute import Limits

ALL = {**ANSWERS, **FILES}


def graded(sample, names):
    """Grade one class, a student per fault, neighbours in between; return {fault: Verdict}."""
    for number, name in enumerate(names):
        fault, student = ALL[name][0], f"f{number:03}"
        fault(sample, student) if callable(fault) else sample.hand_in(student, half=fault)
        if number % 10 == 0:
            sample.hand_in(f"{student}-right")
            sample.hand_in(f"{student}-wrong", half=WRONG["half"])
    outcome = sample.grade(limits=Limits(cell_seconds=5, seconds=90))
    found = {g.submission.student: g.verdicts.get(LESSON) for g in outcome.graded}
    assert not [g.error for g in outcome.graded if g.error]
    for student, verdict in found.items():
        if "-" in student:
            assert verdict.points == sample.points()[student] == FULL - student.endswith("wrong") and not verdict.flags
    return {name: found[f"f{number:03}"] for number, name in enumerate(names)}


def check(found):
    """Each costs what stands beside it, no points wait for a person, and it takes no more than a few time-outs."""
    assert {name: verdict.points for name, verdict in found.items()} == {name: ALL[name][1] for name in found}
    assert not {name for name, verdict in found.items() if any(flag.holds for flag in verdict.flags)}
    assert not {name: verdict.seconds for name, verdict in found.items() if verdict.seconds > 60}


def test_a_sample_of_faults_costs_the_exercise_they_sit_in(sample):
    check(graded(sample, SAMPLE))


@pytest.mark.slow
def test_every_fault_costs_the_exercise_it_sits_in(sample):
    assert len(ALL) >= 60 and set(SAMPLE) <= set(ALL)
    check(graded(sample, list(ALL)))


def see(sample, names):
    """Print what each costs."""
    for name, verdict in graded(sample, names).items():
        mark = "" if verdict.points == ALL[name][1] else f" ***** wanted {ALL[name][1]}"
        print(f"{verdict.points:4g} {verdict.seconds:5.1f}s {name}{mark}")
        if mark:
            print("      ", [s.message[:150] for s in verdict.scores if s.message], [f.seen for f in verdict.flags], verdict.refusal)
