"""What a course says about its grading in nbgrader_config.py: `c.Grader.NAME = ...`, and nbgrader's own settings."""

from collections.abc import Iterable

from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute
from traitlets import Bool, List, Unicode, Union
from traitlets.config import Config, Configurable

AN_HOUR = 3600.0  # a cell without a time limit


class Grader(Configurable):
    """The settings of this grader; each default is the one that suits any course."""

    strict = Bool(False, help="Refuse a lesson whose own solution loses points.").tag(config=True)
    student_files = List(
        Unicode(),
        help="Patterns of files that students may hand in beside the notebook, such as *.py.",
    ).tag(config=True)
    preload = Union(
        (List(Unicode()), Unicode()),
        default_value=None,
        allow_none=True,
        help="Modules that a grading kernel finds imported; what the course's notebooks import by default.",
    ).tag(config=True)
    vocabulary = List(
        Unicode(),
        help="Names that answers may use besides what the course's notebooks do, and patterns of more notebooks to "
        "learn from, such as lessons/*.ipynb.",
    ).tag(config=True)
    show_hidden_tests = Bool(False, help="Show hidden tests in the feedback, as nbgrader does.").tag(config=True)


def read(config: Config) -> Grader:
    """Return the course's settings; TraitError where one of them is of the wrong kind."""
    return Grader(config=config)


def cell_seconds(config: Config, cells: Iterable[NotebookNode]) -> float:
    """Return the time limit of a cell, from nbgrader's and nbconvert's names for it; the largest where cells differ."""
    execute = Execute(config=config)
    given = [execute.timeout_func(cell) for cell in cells] if execute.timeout_func else [execute.timeout]
    return max((AN_HOUR if seconds is None or seconds < 0 else float(seconds) for seconds in given), default=AN_HOUR)


def own_files(config: Config, lesson: str) -> tuple[str, ...]:
    """Return the names of files that students may change, by nbgrader's own list."""
    return tuple(Autograde(config=config).exclude_overwriting.get(lesson, ()))
