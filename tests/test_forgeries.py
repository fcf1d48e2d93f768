"""Every forgery does its harm where its defence is off, and comes to nothing or waits for a person where it is on."""

import base64
import json

import pytest
from conftest import LESSON, RIGHT
from forgeries import FORGERIES, LEAKS, SECRET
from tricks import FORGED

from grader import canaries, hidden, judge, perturbed, session
from grader.seen import Limits

BLIND = f"{session.PROBE}\ndef restore(*a): return []\n"
OFF = {
    "the probe": (session, "LOAD", session.LOAD.replace(repr(session.PROBE), repr(BLIND))),
    "the canaries": (canaries, "candidates", lambda *a: ((), "")),
    "the perturbed run": (perturbed, "candidates", lambda assembled: {}),
    "the reading of sources": (judge, "_code_answers", lambda attempt: []),
    "hidden tests kept back": (hidden, "kept_back", lambda attempt, hides: attempt),
}
LIMITS = Limits(cell_seconds=5, seconds=60)
SAMPLE = (
    "the session behind print, for one reply",
    "the packer",
    "a hook after each cell forgets the error",
    "a text in a timer",
    "only the hidden test is forged",
    "a pair's comparing skipped once",
    "the probe remembers another",
)


def switch_off(monkeypatch, *names):
    for name in names:
        monkeypatch.setattr(*OFF[name])


def graded(sample, table):
    """Grade one class, a student for each forgery; return {name: Verdict}."""
    for number, source in enumerate(table.values()):
        exercise = next(e for e in RIGHT if f"def {e}(" in source)
        sample.hand_in(f"t{number:03}", **{**dict.fromkeys(RIGHT), exercise: source})
    outcome = sample.grade(limits=LIMITS, force=True)
    assert not [one.error for one in outcome.graded if one.error]
    found = {one.submission.student: one.verdicts[LESSON] for one in outcome.graded}
    return {name: found[f"t{number:03}"] for number, name in enumerate(table)}


def scored(found):
    """Return the forgeries that have points."""
    return {name for name, verdict in found.items() if verdict.points}


def leaks(sample, names):
    """Return the forgeries after which the hidden test can be read, in whatever form, in what their student gets."""
    found = set()
    for number, name in enumerate(names):
        student = f"t{number:03}"
        outputs = [output for cell in sample.executed(student).cells for output in cell.get("outputs", ())]
        text = json.dumps(outputs) + json.dumps(sample.comments(student))
        coded = [base64.b64encode(f"{pad}{SECRET}".encode()).decode()[4:-4] for pad in ("", "a", "ab")]
        forms = [SECRET, SECRET[::-1], SECRET.encode().hex(), *coded]
        found |= {name} if any(form in text for form in forms) else set()
    return found


def test_there_are_enough():
    assert len(FORGERIES | LEAKS) >= 60 and not (FORGERIES | LEAKS).keys() & FORGED.keys()


def test_a_sample_does_harm_without_the_defences(sample, monkeypatch):
    switch_off(monkeypatch, *OFF)
    found = graded(sample, {name: FORGERIES[name] for name in SAMPLE})
    assert scored(found) == set(SAMPLE) and not any(verdict.flags for verdict in found.values())


def test_a_sample_comes_to_nothing_with_them(sample):
    assert not scored(graded(sample, {name: FORGERIES[name] for name in SAMPLE}))


def test_without_its_defence_what_a_hidden_test_holds_can_be_read(sample, monkeypatch):
    switch_off(monkeypatch, "hidden tests kept back")
    graded(sample, LEAKS)
    assert leaks(sample, LEAKS) == set(LEAKS)


def test_what_a_hidden_test_holds_cannot_be_read(sample):
    graded(sample, LEAKS)
    assert not leaks(sample, LEAKS)


@pytest.mark.slow
def test_every_forgery_does_harm_without_the_defences(sample, monkeypatch):
    switch_off(monkeypatch, *OFF)
    found = graded(sample, FORGERIES)
    assert scored(found) == set(FORGERIES) and not any(verdict.flags for verdict in found.values())


@pytest.mark.slow
def test_no_forgery_scores_with_them(sample):
    assert not scored(graded(sample, FORGERIES))


@pytest.mark.slow
def test_the_perturbed_run_alone_holds_all_but_what_looks_at_the_result(sample, monkeypatch):
    switch_off(monkeypatch, *(OFF.keys() - {"the perturbed run"}))
    assert scored(graded(sample, FORGERIES)) == {"the caller's calls profiled"}  # it leaves a changed one alone
