"""What students hand in by mistake costs them what it must and nobody else anything."""

from collections import Counter

import pytest
from conftest import FULL, LESSON, WRONG
from faults import ANSWERS, FILES, SAMPLE, WAITS

from grader import convert
from grader.seen import Limits

ALL = {**ANSWERS, **FILES}
LONGEST = 30  # seconds: what one cell may take where nothing else is said


def graded(sample, names):
    """Grade one class, a student per fault, neighbours in between; return {fault: Verdict}."""
    for number, name in enumerate(names):
        fault, student = ALL[name][0], f"f{number:03}"
        fault(sample, student) if callable(fault) else sample.hand_in(student, half=fault)
        if number % 10 == 0:
            sample.hand_in(f"{student}-right")
            sample.hand_in(f"{student}-wrong", half=WRONG["half"])
    outcome = sample.grade(limits=Limits(cell_seconds=5, seconds=90))
    found = {g.submission.student: g.verdicts[LESSON] for g in outcome.graded if not g.error}
    report({name: found[f"f{number:03}"] for number, name in enumerate(names) if f"f{number:03}" in found})
    assert not [(g.submission.student, g.error) for g in outcome.graded if g.error] and not outcome.stray
    for student, verdict in found.items():
        if "-" in student:
            assert verdict.points == sample.points()[student] == FULL - student.endswith("wrong") and not verdict.flags
    assert sample.grade().done == len(found)
    return {name: found[f"f{number:03}"] for number, name in enumerate(names)}


def check(found):
    """Each costs what stands beside it, no points wait but for WAITS, what is refused says why, and none takes longer
    than a time-out."""
    assert not {name: verdict.points for name, verdict in found.items() if not as_said(name, verdict)}
    waits = {name for name, verdict in found.items() if any(flag.holds for flag in verdict.flags)}
    assert waits == WAITS & set(found)
    assert not {name for name, verdict in found.items() if verdict.points == 0 and not verdict.refusal}
    assert not {name: verdict.seconds for name, verdict in found.items() if verdict.seconds > LONGEST}


def as_said(name, verdict):
    """Tell whether a fault cost what its table says, or one of the amounts there."""
    said = ALL[name][1]
    return verdict.points in (said if isinstance(said, tuple) else (said,))


def report(found):
    """Print how many cost what, and the slowest."""
    words = {FULL: "cost nothing", 0: "cannot be graded, with the reason"}
    counts = Counter(words.get(verdict.points, "cost the exercise they sit in") for verdict in found.values())
    slowest = max(found, key=lambda name: found[name].seconds)
    print(f"\n{len(found)} faults", *(f"{number:5} {what}" for what, number in counts.most_common()), sep="\n")
    print(f"    0 cost another student anything; the slowest, {slowest}: {found[slowest].seconds:.0f} s")
    for name, verdict in found.items():
        if not as_said(name, verdict) or verdict.seconds > LONGEST:
            said = [s.message[:150] for s in verdict.scores if s.message]
            print(
                f"{name}: {verdict.points:g} points, not {ALL[name][1]}; {verdict.seconds:.1f} s", said, verdict.refusal
            )


def test_a_sample_of_faults_costs_the_exercise_they_sit_in(sample):
    check(graded(sample, SAMPLE))


@pytest.mark.slow
def test_every_fault_costs_the_exercise_it_sits_in(sample):
    assert len(ALL) >= 60 and set(SAMPLE) <= set(ALL)
    check(graded(sample, list(ALL)))
    convert.feedback(sample.course, LESSON)
    assert len(list((sample.root / "state" / "feedback").glob(f"*/{LESSON}/*.html"))) == len(sample.points())


NAMES = ("Zoë Ünïcode", "名前", "o'brien; DROP TABLE grade", "-rf", "a b", "x" * 128, "x..y")
WRONG_NAMES = ("two\nlines", "bytes \udcff", "x" * 129)


def test_no_name_of_a_student_stops_the_class(sample):
    for name in (*NAMES, *WRONG_NAMES):
        sample.hand_in(name)
    (sample.root / "state" / "submitted" / "a b" / f"{LESSON}.ipynb").write_text("{}")
    (sample.root / "state" / "submitted" / "a b" / "notes.txt").write_text("mine")
    outcome = sample.grade()
    assert sample.points() == dict.fromkeys(NAMES, FULL)
    said = "\n".join(str(error) for error in outcome.stray)
    assert (
        len(outcome.stray) == 4
        and "up to 128 letters" in said
        and "expected a folder for each lesson, got a file" in said
    )
    assert said.encode()  # it can be printed
