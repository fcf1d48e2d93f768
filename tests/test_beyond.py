"""Each way does its harm where nobody reads the source, and is seen where it is read: points wait, nothing leaks."""

import base64
from collections import Counter
from dataclasses import replace

import pytest
from beyond import CLASSES, LEAKS
from conftest import LESSON, RIGHT

from grader import classroom, convert, judge
from grader.seen import Limits

ALL = {name: source for way in CLASSES.values() for name, source in way.items()}
SECRET = "a half keeps its fraction"
SHOWN = {  # what stands on the page where the secret is shown
    "hidden tests in base64": "base64",
    "hidden tests in reverse": SECRET[::-1],
    "hidden tests in an error": "|".join("the sign counts"[::-1]),
    "hidden tests in a picture": "base64",
    "hidden tests in numbers": " ".join(str(ord(letter)) for letter in SECRET),
}
SAMPLE = ("the globals of a lambda", "a text that is timed", "a question in the cell", "hidden tests in reverse")


def graded(sample, names, monkeypatch):
    """Grade one class; return {name: (points where no source is read, verdict where it is)}."""
    unread, stub = {}, dict.fromkeys(RIGHT)
    real = judge.judge

    def both(attempt):
        bare = replace(attempt.run, canaries=(), changed=(), perturbed=()) if attempt.run else None
        alone = replace(attempt, run=bare, canaries=(), ways={})  # without what is seen while it runs
        unread[attempt.intake.digest] = real(replace(alone, vocabulary=None)).points
        return real(alone)

    monkeypatch.setattr(classroom.judge, "judge", both)
    students = {}
    for number, name in enumerate(names):
        exercise = next(e for e in RIGHT if f"def {e}(" in ALL[name])
        students[f"t{number:02}"] = name
        sample.hand_in(f"t{number:02}", **{**stub, exercise: ALL[name]})
    outcome = sample.grade(limits=Limits(cell_seconds=10, seconds=90))
    found = {}
    for one in outcome.graded:
        digest = classroom.marks.read(sample.course, one.submission)[LESSON].digest
        found[students[one.submission.student]] = unread[digest], one.verdicts[LESSON]
    return found


def check(found):
    counts = Counter()
    for name, (points, verdict) in found.items():
        way = next(way for way, tricks in CLASSES.items() if name in tricks)
        held = any(score.points is None for score in verdict.scores)
        print(f"{way:26} {name:55} unread {points:g}, read {verdict.points:g}{' and held' if held else ''}")
        counts[way, "scores unread"] += points > 0
        counts[way, "scores read"] += verdict.points > 0
    print(counts)
    assert not [name for name, (points, _) in found.items() if not points and name not in LEAKS], "these are no tricks"
    assert not [
        name for name, (_, verdict) in found.items() if verdict.points or not any(f.holds for f in verdict.flags)
    ]


def pages(sample):
    """Write the feedback; return {student: page}."""
    assert not convert.feedback(sample.course, LESSON)
    return {path.parts[-3]: path.read_text() for path in (sample.root / "state" / "feedback").rglob("*.html")}


def leaks(page, name):
    shown = SHOWN[name]
    if shown != "base64":
        return shown in page
    forms = {base64.b64encode((" " * shift + SECRET).encode()).decode()[4:-4] for shift in range(3)}
    return any(form in page for form in forms)


def test_a_sample_of_ways_is_held(sample, monkeypatch):
    check(graded(sample, SAMPLE, monkeypatch))
    assert not any(SECRET[::-1] in page for page in pages(sample).values())


@pytest.mark.slow
def test_no_way_scores_where_its_source_is_read(sample, monkeypatch):
    check(graded(sample, list(ALL), monkeypatch))


@pytest.mark.slow
def test_nothing_hidden_leaks_where_the_source_is_read(sample, monkeypatch):
    found = graded(sample, list(LEAKS), monkeypatch)
    assert all(flag.reads for _, verdict in found.values() for flag in verdict.flags if flag.holds)
    shown = pages(sample)
    assert not [name for number, name in enumerate(LEAKS) if leaks(shown[f"t{number:02}"], name)]
    from grader import feedback

    monkeypatch.setattr(feedback, "_withheld", lambda notebook: False)  # the defence off
    shown = pages(sample)
    bites = [name for number, name in enumerate(LEAKS) if leaks(shown[f"t{number:02}"], name)]
    assert set(bites) == set(LEAKS) - {"hidden tests in an error"}, bites
