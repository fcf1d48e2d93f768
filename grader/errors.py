"""What can be wrong with the course, the grader or the machine.

GraderError
├── NotebookError     a file that is not a readable notebook
├── ExerciseError     a solution notebook that cannot become an exercise
├── AnswersError      an answers.py that does not fit its exercises
├── LessonError       a lesson that does not exist
├── SubmissionError   a submitted folder that no lesson of the course claims
└── MachineError      the machine lacks something that the command needs

A student's mistake is a result, never one of these.
"""

import errno

NO_ROOM = "expected room to write, found the disk full", "Make room and run it again."


class GraderError(Exception):
    """Says in one line where, what was expected, what came and what to do."""

    def __init__(self, where, problem, remedy=""):
        super().__init__(where, problem, remedy)  # all fields: survives pickling across processes
        self.where, self.problem, self.remedy = str(where), problem, remedy

    def __str__(self):
        problem = " ".join(self.problem.split())  # what came may have lines
        return f"{self.where}: {problem}{'' if problem.endswith('.') else '.'} {self.remedy}".rstrip()


class NotebookError(GraderError):
    """A file that is not a readable notebook."""


class ExerciseError(GraderError):
    """A solution notebook that cannot become an exercise."""


class AnswersError(GraderError):
    """An answers.py that does not fit the exercises beside it."""


class LessonError(GraderError, LookupError):
    """A lesson that does not exist."""


class SubmissionError(GraderError):
    """A submitted folder that no lesson of the course claims."""


class MachineError(GraderError, OSError):
    """The machine lacks something that the command needs."""


def is_full(error: BaseException) -> bool:
    """Return whether an error says that the disk is full, in the system's words or a database's."""
    said = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    return said or "disk is full" in str(error) or "No space left on device" in str(error)
