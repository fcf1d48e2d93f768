"""Read what a solution notebook promises: its set-up, and each exercise with statement, solution and tests."""

import re
from dataclasses import dataclass, field

from grader import notebooks
from grader.errors import ExerciseError
from grader.notebooks import HIDDEN, SOLUTION

HEADING = re.compile(r"^## Exercise (\d+) · (.+) \((\d+) points?, about (\d+) minutes?\)$", re.M)
KIND = re.compile(r"^\*\*(Warm-up|Core|Stretch)\.\*\*", re.M)
HINT = re.compile(r"<details><summary>Hint \d+</summary>")


@dataclass(frozen=True)
class Exercise:
    """One exercise of a solution notebook: its cells, in order statement, solution, tests."""

    name: str
    statement: object
    solution: object
    tests: tuple
    points: float
    title: str = ""
    kind: str = ""
    minutes: int = 0
    stated_points: float = 0
    hints: int = 0
    tags: tuple = field(default=())

    @property
    def visible(self):
        return [cell for cell in self.tests if not HIDDEN.search(cell.source)]

    @property
    def hidden(self):
        return [cell for cell in self.tests if HIDDEN.search(cell.source)]


@dataclass(frozen=True)
class Sheet:
    """A solution notebook taken apart: the code that every exercise needs, then the exercises."""

    lesson: object
    notebook: object
    setup: tuple
    exercises: tuple

    def __getitem__(self, name):
        return next(exercise for exercise in self.exercises if exercise.name == name)


def read(lesson):
    """Return the solution notebook of `lesson` as a Sheet; ExerciseError names the cell that is not right."""
    notebook = notebooks.read(lesson.solution)
    where = lesson.solution.relative_to(lesson.root)
    validate(notebook, where)
    setup, found, statement = [], [], None
    for cell in notebook.cells:
        info = notebooks.graded(cell)
        if cell.cell_type == "markdown":
            statement = cell
        elif info.get("solution"):
            found.append((statement, cell, []))
        elif info.get("grade"):
            found[-1][2].append(cell)
        elif not found:
            setup.append(cell)
    return Sheet(lesson, notebook, tuple(setup), tuple(_exercise(*parts) for parts in found))


def _exercise(statement, solution, tests):
    text = statement.source if statement else ""
    heading, kind = HEADING.search(text), KIND.search(text)
    return Exercise(
        name=solution.metadata.nbgrader.grade_id, statement=statement, solution=solution, tests=tuple(tests),
        points=sum(cell.metadata.nbgrader.points for cell in tests),
        title=heading.group(2) if heading else "", kind=kind.group(1) if kind else "",
        minutes=int(heading.group(4)) if heading else 0, stated_points=int(heading.group(3)) if heading else 0,
        hints=len(HINT.findall(text)), tags=tuple(notebooks.tags(solution)))


def validate(notebook, where):
    """Raise ExerciseError for the first cell that nbgrader could not make an exercise of."""
    seen, solution, tests = set(), None, 0
    for number, cell in enumerate(notebook.cells):
        info = cell.metadata.get("nbgrader", {})
        name = info.get("grade_id") or f"number {number}"

        def wrong(problem, remedy, name=name):
            raise ExerciseError(f'{where}, cell "{name}"', problem, remedy)

        if info and not info.get("grade_id"):
            wrong("expected a grade_id, got none", "Name the cell after what it holds.")
        if info and name in seen:
            wrong("expected each grade_id once, got it twice", "Give one of the two cells a name of its own.")
        seen.add(name)
        for there, absent in _unpaired(cell.source):
            wrong(f"{there} without {absent}", f'Add "### {absent}".')
        if info.get("grade") and (
            isinstance(info.get("points"), bool) or not isinstance(info.get("points"), (int, float))
        ):
            wrong(f"expected points as a number, got {info.get('points')!r}", "Write a number, such as 2.")
        if info.get("solution") and cell.cell_type == "code":
            if solution is not None and not tests:
                raise ExerciseError(f'{where}, cell "{solution}"', "expected tests after the solution, found none",
                                    "Add a test cell with points.")
            if not SOLUTION.search(cell.source + "\n"):
                wrong("expected ### BEGIN SOLUTION and ### END SOLUTION, found neither", "Mark the lines to clear.")
            solution, tests = name, 0
        elif info.get("grade"):
            if solution is None:
                wrong("expected a solution cell before its tests, found none", "Put the solution first.")
            tests += 1
    if solution is not None and not tests:
        raise ExerciseError(
            f'{where}, cell "{solution}"',
            "expected tests after the solution, found none",
            "Add a test cell with points.",
        )


def _unpaired(source):
    """Yield (mark that is there, mark that is not) of the regions that a cell opens or closes once too often."""
    for mark in ("SOLUTION", "HIDDEN TESTS"):
        begin, end = f"BEGIN {mark}", f"END {mark}"
        more = source.count(f"### {begin}") - source.count(f"### {end}")
        if more:
            yield (begin, end) if more > 0 else (end, begin)
