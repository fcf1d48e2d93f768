"""A person's decisions on what was flagged: they can be changed, outlive regrading, and said twice count once.

A decision is kept in the marks with what it gave, so that another one can take that back.
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from nbgrader.api import Grade, Gradebook, MissingEntry, SubmittedAssignment, SubmittedNotebook

from grader import gradebook, marks
from grader.errors import GraderError, SubmissionError
from grader.folders import Course, Submission
from grader.marks import Decision, Gift, Mark

DECISIONS = ("accept", "zero", "note")


def review(course: Course, student: str, lesson: str, decision: str, text: str = "") -> list[str]:
    """Record a decision on a flagged submission: accept, zero or note; return the cells whose points it changed.

    What was held back gets its full points on accept; on zero the held or scored cells of flagged exercises get 0. The
    words are kept as manual comments. What a person has given in formgrader since an earlier decision stays.
    """
    if decision not in DECISIONS:
        raise GraderError("decision", f"expected accept, zero or note, got {decision!r}", "Name one of them.")
    submission = Submission(student, lesson, course.folder("submitted", student, lesson))
    changed, made = [], {}
    with gradebook.opened(course) as book:
        kept = marks.read(course, submission)
        for notebook in _entry(book, submission).notebooks:
            mark = kept.get(notebook.name)
            if mark and mark.flags:
                decided = Decision(decision, text, time.strftime("%Y-%m-%d"), mark.flags)
                names, made[notebook.name] = _settle(notebook, mark, decided)
                changed += names
        book.db.commit()
    for name, decided in made.items():
        marks.decide(course, submission, name, decided)
    return changed


def keep(book: Gradebook, submission: Submission, made: Mapping[str, Mark], before: Mapping[str, Mark | None]) -> dict:
    """Let what was decided before a regrading hold after it, where the submission is the same; return the new marks."""
    kept = dict(made)
    for name, old in before.items():
        if old and old.decision and name in made and made[name].digest == old.digest:
            kept[name] = replace(made[name], decision=old.decision)
    decided = {name: mark for name, mark in kept.items() if mark.decision}
    for notebook in _entry(book, submission).notebooks if decided else ():
        if mark := decided.get(notebook.name):
            _, given = _settle(notebook, mark, mark.decision)
            kept[notebook.name] = replace(mark, decision=given)
    book.db.commit()
    return kept


def _entry(book: Gradebook, submission: Submission) -> SubmittedAssignment:
    try:
        return book.find_submission(submission.lesson, submission.student)
    except MissingEntry:
        where = f"{submission.student}/{submission.lesson}"
        raise SubmissionError(where, "expected a graded submission, found none", "Grade it first.") from None


def _settle(notebook: SubmittedNotebook, mark: Mark, decision: Decision) -> tuple[list[str], Decision]:
    """Apply a decision in place of the one before; return the cells it changed, and the decision with what it gave."""
    grades = {grade.name: grade for grade in notebook.grades}
    points = {name: grade.manual_score for name, grade in grades.items()}
    decided_on = {flag.exercise for flag in decision.on}
    if decision.kind == "note":
        gave = mark.decision.gave if mark.decision else ()
    else:
        _take_back(grades, mark.decision)
        flagged = [grade for grade in grades.values() if mark.owner(grade.name) in decided_on]
        gave = tuple(gift for grade in flagged if (gift := _give(grade, decision.kind)))
    if (mark.decision and (mark.decision.kind, mark.decision.text)) != (decision.kind, decision.text):
        _say(notebook, decision)
    notebook.flagged = decision.kind == "note" or not set(mark.flags) <= set(decision.on)
    changed = [name for name, grade in grades.items() if grade.manual_score != points[name]]
    return changed, replace(decision, gave=gave)


def _take_back(grades: Mapping[str, Grade], decision: Decision | None) -> None:
    """Undo what a decision gave, where nobody has changed it since."""
    for gift in decision.gave if decision else ():
        grade = grades.get(gift.cell)
        if grade is not None and grade.manual_score == gift.points:
            grade.manual_score = gift.before
            grade.needs_manual_grade = gift.before is not None or grade.auto_score is None


def _give(grade: Grade, kind: str) -> Gift | None:
    """Apply the decision to one grade; return what it gave, None where it gives nothing."""
    before = grade.manual_score
    if kind == "accept" and grade.auto_score is None and before is None:
        points = grade.max_score
    elif kind == "zero" and (grade.auto_score is None or grade.auto_score > 0):
        points = 0.0
    else:
        return None
    grade.manual_score, grade.needs_manual_grade = points, False
    return Gift(grade.name, before, points)


def _say(notebook: SubmittedNotebook, decision: Decision) -> None:
    """Put the decision's words below the comments on the answers it is about."""
    words = f"Reviewed {decision.date}: {decision.kind}" + (f": {decision.text}" if decision.text else "")
    for comment in notebook.comments:
        if comment.name in {flag.exercise for flag in decision.on}:
            parts = (comment.manual_comment or comment.auto_comment, words)
            comment.manual_comment = "\n\n".join(filter(None, parts))
