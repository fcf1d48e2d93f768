"""A person's decisions on what was flagged."""

import time
from collections.abc import Collection

from nbgrader.api import Grade, MissingEntry, SubmittedNotebook

from grader import gradebook, marks
from grader.errors import GraderError, SubmissionError
from grader.folders import Course, Submission

DECISIONS = ("accept", "zero", "note")


def review(course: Course, student: str, lesson: str, decision: str, text: str = "") -> list[str]:
    """Record a decision on a flagged submission: accept, zero or note; return the cells whose points it changed.

    What was held back gets its full points on accept; on zero the held or scored cells of flagged exercises get a
    manual 0. The words are kept as manual comments, which every later run leaves alone.
    """
    if decision not in DECISIONS:
        raise GraderError("decision", f"expected accept, zero or note, got {decision!r}", "Name one of them.")
    kept = marks.read(course, Submission(student, lesson, course.folder("submitted", student, lesson)))
    words = f"Reviewed {time.strftime('%Y-%m-%d')}: {decision}" + (f": {text}" if text else "")
    with gradebook.opened(course) as book:
        try:
            entry = book.find_submission(lesson, student)
        except MissingEntry:
            where = f"{student}/{lesson}"
            raise SubmissionError(where, "expected a graded submission, found none", "Grade it first.") from None
        changed = [
            name
            for notebook in entry.notebooks
            if (mark := kept.get(notebook.name))
            for name in _decide(notebook, mark, decision, words)
        ]
        book.db.commit()
        return changed


def _decide(notebook: SubmittedNotebook, mark: marks.Mark, decision: str, words: str) -> list[str]:
    """Apply the decision to the flagged exercises of one notebook; return the cells it changed."""
    flagged = {flag.exercise for flag in mark.flags}
    if not flagged:
        return []
    _say(notebook, flagged, words)
    notebook.flagged = decision == "note"
    return [g.name for g in notebook.grades if mark.owner(g.name) in flagged and _give(g, decision)]


def _say(notebook: SubmittedNotebook, flagged: Collection[str], words: str) -> None:
    """Put the words below the comments on the flagged answers."""
    for comment in notebook.comments:
        if comment.name in flagged:
            parts = (comment.manual_comment or comment.auto_comment, words)
            comment.manual_comment = "\n\n".join(filter(None, parts))


def _give(grade: Grade, decision: str) -> bool:
    """Apply the decision to one grade; return whether it changed."""
    if decision == "accept" and grade.auto_score is None and grade.manual_score is None:
        grade.manual_score, grade.needs_manual_grade = grade.max_score, False
    elif decision == "zero" and (grade.auto_score is None or grade.auto_score > 0):
        grade.manual_score, grade.needs_manual_grade = 0.0, False
    else:
        return False
    return True
