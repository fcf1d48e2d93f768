"""The exercises of a lesson under the gates, and how an answer to one of them is tried."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gates import forks, trials
from gates.trials import Trial
from grader import answers, notebooks, sheets
from grader.notebooks import Lesson

REFERENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Subject:
    """One lesson: its solution notebook taken apart, and the answers beside it."""

    sheet: sheets.Sheet
    answers: tuple

    @property
    def name(self) -> str:
        return self.sheet.lesson.name

    def where(self, cell: str) -> str:
        return f'solutions/{self.name}/{self.name}.ipynb, cell "{cell}"'

    def answer(self, answer: answers.Answer) -> str:
        return f"solutions/{self.name}/answers.py, cell {answer.number} ({answer.exercise}, {answer.verdict})"


def read(lesson: Lesson) -> Subject:
    """Return the Subject of a lesson; ExerciseError or AnswersError where its files do not fit."""
    sheet = sheets.read(lesson)
    return Subject(sheet, tuple(answers.read(sheet)))


def each(subjects: list[Subject]) -> Iterator[tuple]:
    """Yield every (subject, exercise)."""
    return ((subject, exercise) for subject in subjects for exercise in subject.sheet.exercises)


def trial(subject: Subject, exercise: sheets.Exercise, source: str, *key, after: str = "", **settings) -> Trial:
    """Return the trial of `source` as the answer to one exercise, nothing of the others; `after` runs before the
    tests."""
    own = ((exercise.name, source), ("after", after)) if after else ((exercise.name, source),)
    cells = (*named(subject.sheet.setup), *own, *named(exercise.tests))
    return Trial((subject, exercise, *key), cells, frozenset(map(name, exercise.tests)), **settings)


def references(subjects: list[Subject]) -> list[Trial]:
    """Return the trials of the reference solutions."""
    return [trial(s, e, e.solution.source, seconds=REFERENCE_SECONDS) for s, e in each(subjects)]


def learn(subjects: list[Subject]) -> None:
    """Let the process that forks import once what the exercises import late."""
    forks.learn(references(subjects))


def limits(subjects: list[Subject]) -> dict[tuple, float]:
    """Return {(lesson, exercise): seconds} that another answer may take: ten times what the reference takes."""
    done = trials.run(references(subjects))
    return {(one.key[0].name, one.key[1].name): max(2.0, 10 * result.seconds) for one, result in done}


def named(cells: Iterable) -> tuple:
    """Return (name, source) of the cells, as trials take them."""
    return tuple((name(cell), cell.source) for cell in cells)


def name(cell) -> str:
    """Return what a cell is called in a trial."""
    return notebooks.graded(cell).get("grade_id") or cell.id
