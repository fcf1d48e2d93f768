"""nbgrader's own converters, run on a course: hand out, give feedback."""

import copy
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from grader import feedback as pages
from grader.errors import GraderError, SubmissionError
from grader.folders import Course

HIDE = "grader.feedback.HideHiddenTests"


def release(course: Course, lesson: str) -> None:
    """Make the lesson's student version in the release folder and enter it in the gradebook."""
    run(GenerateAssignment, course, lesson)


def feedback(course: Course, lesson: str) -> list[SubmissionError]:
    """Write the feedback of all graded submissions of the lesson; return what kept one from being written.

    Hidden tests are not shown unless the course asks for that.
    """
    config = copy.deepcopy(course.config)
    steps = GenerateFeedback(coursedir=course.folders, config=config).preprocessors
    if not course.settings.show_hidden_tests and HIDE not in steps:
        config.GenerateFeedback.preprocessors = [HIDE, *steps]
    pages.set_up(config.HTMLExporter)
    failed: list[SubmissionError] = []
    try:
        run(_OneByOne, replace(course, config=config), lesson, failed=failed)
    except GraderError:
        if not failed:
            raise
    return failed


class _OneByOne(GenerateFeedback):
    """nbgrader's feedback, which goes on after a submission that stops it and says at the end that one did: not why."""

    def __init__(self, failed: list[SubmissionError], **options: Any):
        super().__init__(**options)
        self.failed = failed

    def convert_single_notebook(self, notebook_filename: str) -> None:
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:  # nbformat, nbconvert and jinja have no common type
            who, lesson = Path(notebook_filename).parts[-3:-1]
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
        said = (str(error).strip().splitlines() or [""])[0][:200]
        came = f"nbgrader's {converter.__name__} stopped: {said}"
        raise GraderError(lesson, came, "Mend the named notebook.") from None
