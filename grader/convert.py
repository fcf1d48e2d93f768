"""nbgrader's own converters, run on a course: hand out, give feedback."""

import copy
import logging
from dataclasses import replace
from typing import Any

from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory

from grader.errors import GraderError
from grader.folders import Course

HIDE = "grader.feedback.HideHiddenTests"


def release(course: Course, lesson: str) -> None:
    """Make the lesson's student version in the release folder and enter it in the gradebook."""
    run(GenerateAssignment, course, lesson)


def feedback(course: Course, lesson: str) -> None:
    """Write the feedback of all graded submissions of the lesson; hidden tests are not shown unless the course asks."""
    config = copy.deepcopy(course.config)
    steps = GenerateFeedback(coursedir=course.folders, config=config).preprocessors
    if not course.settings.show_hidden_tests and HIDE not in steps:
        config.GenerateFeedback.preprocessors = [HIDE, *steps]
    run(GenerateFeedback, replace(course, config=config), lesson)


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
        came = f"nbgrader's {converter.__name__} stopped: {str(error).splitlines()[0][:200]}"
        raise GraderError(lesson, came, "Mend the named notebook.") from None
