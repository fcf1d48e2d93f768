"""nbgrader's own converters, run on a course: hand out, give feedback."""

import copy
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from grader import feedback as pages
from grader import folders, gradebook
from grader.errors import NO_ROOM, GraderError, MachineError, SubmissionError, is_full
from grader.folders import Course

HIDE = "grader.feedback.HideHiddenTests"


def release(course: Course, lesson: str) -> None:
    """Make the lesson's student version in the release folder and enter it in the gradebook."""
    run(GenerateAssignment, course, lesson)


def feedback(course: Course, lesson: str) -> list[GraderError]:
    """Write the feedback of all graded submissions of the lesson; return what kept one from being written.

    Hidden tests are not shown unless the course asks for that.
    """
    config = copy.deepcopy(course.config)
    steps = GenerateFeedback(coursedir=course.folders, config=config).preprocessors
    if not course.settings.show_hidden_tests and HIDE not in steps:
        config.GenerateFeedback.preprocessors = [HIDE, *steps]
    waiting = {(grade.student, grade.cell) for grade in gradebook.grades(course, [lesson]) if grade.waiting}
    pages.set_up(config.HTMLExporter, waiting)
    failed: list[GraderError] = []
    try:
        run(_OneByOne, replace(course, config=config), lesson, failed=failed)
    except GraderError:
        if not failed:
            raise
    return failed


def lacking(course: Course, names: Sequence[str] = ()) -> set[str]:
    """Return the lessons of which a graded submission has no feedback: a run had ended, or the disk was full."""
    known = folders.lessons(course, names)
    return {
        lesson
        for folder, student, lesson in folders.placed(course, "autograded")
        if lesson in known and any(folder.glob("*.ipynb"))
        if not any(course.folder("feedback", student, lesson).glob("*.html"))
    }


class _OneByOne(GenerateFeedback):
    """nbgrader's feedback, which goes on after a submission that stops it and says at the end that one did: not why."""

    def __init__(self, failed: list[GraderError], **options: Any):
        super().__init__(**options)
        self.failed = failed

    def convert_single_notebook(self, notebook_filename: str) -> None:
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:  # nbformat, nbconvert and jinja have no common type
            who, lesson = Path(notebook_filename).parts[-3:-1]
            if is_full(error):
                self.failed[:] = [MachineError(f"feedback of {lesson}", *NO_ROOM)]
                raise
            said = (str(error).strip().splitlines() or [""])[0][:200]
            came = f"expected a page of feedback, got {type(error).__name__}: {said}"
            where, remedy = f"feedback of {who}/{lesson}", "Grade it again; report what stays."
            self.failed.append(SubmissionError(where, came, remedy))
            raise


def run(converter: type, course: Course, lesson: str, student: str = "*", **options: Any) -> None:
    """Run one of nbgrader's converters, over what it made before; GraderError where it stops."""
    config = copy.deepcopy(course.config)  # Config(config) shares its sections
    config.CourseDirectory.assignment_id, config.CourseDirectory.student_id = lesson, student
    made = converter(coursedir=CourseDirectory(config=config), config=config, force=True, **options)
    made.log.setLevel(logging.ERROR)
    try:
        made.start()
    except GraderError:
        raise
    except Exception as error:  # NbGraderException and whatever its preprocessors raise
        if is_full(error):
            raise MachineError(lesson, *NO_ROOM) from None
        said = (str(error).strip().splitlines() or [""])[0][:200]
        raise GraderError(lesson, f"nbgrader stopped: {said}", "Mend what it names.") from None
