"""Read the right and wrong answers of a lesson, and put an answer into its solution notebook."""

from dataclasses import dataclass

from grader import notebooks
from grader.errors import AnswersError

VERDICTS = ("right", "wrong", "equivalent")
FIELDS = {"exercise", "verdict", "says", "because"}


@dataclass(frozen=True)
class Answer:
    """One answer to one exercise; `says` is what its first failing message must contain, `number` its cell in
    answers.py."""

    exercise: str
    verdict: str
    source: str
    says: str = ""
    because: str = ""
    number: int = 0


def read(sheet):
    """Return the answers beside `sheet`'s solution; AnswersError for a cell that fits no exercise."""
    import jupytext

    path = sheet.lesson.answers
    if not path.exists():
        raise AnswersError(path.relative_to(sheet.lesson.root), "expected right and wrong answers, found no file",
                           "Write it as py:percent cells.")
    names = [exercise.name for exercise in sheet.exercises]
    cells = [
        cell for cell in jupytext.read(path, fmt="py:percent").cells if cell.cell_type == "code" and _has_code(cell)
    ]
    return [_answer(cell, number, names, path.relative_to(sheet.lesson.root)) for number, cell in enumerate(cells, 1)]


def _answer(cell, number, names, path):
    where = f"{path}, cell {number}"
    given = {key: value for key, value in cell.metadata.items() if key in FIELDS}
    if given.get("exercise") not in names:
        raise AnswersError(where, f"expected an exercise of {', '.join(names)}, got {given.get('exercise')!r}",
                           'Write # %% exercise="..." with one of these names.')
    if given.get("verdict") not in VERDICTS:
        raise AnswersError(
            where, f"expected a verdict of {', '.join(VERDICTS)}, got {given.get('verdict')!r}", 'Write verdict="...".'
        )
    if given["verdict"] == "wrong" and len(given.get("says", "").split()) < 3:
        raise AnswersError(where, f"expected says with at least 3 words, got {given.get('says', '')!r}",
                           "Quote what the first failing message says.")
    if given["verdict"] == "equivalent" and not given.get("because"):
        raise AnswersError(
            where, "expected because with a one-line argument, got none", "Say why no test can see this mutant."
        )
    return Answer(source=cell.source, number=number, **given)


def _has_code(cell):
    """Return whether the cell is more than what stands above the first answer: blank lines and comments."""
    return bool(cell.metadata) or any(line.strip() and not line.startswith("#") for line in cell.source.splitlines())


def fill(notebook, sources):
    """Return `notebook` with the solution cells named in `sources` (grade_id -> source text) replaced."""
    filled = notebooks.copy(notebook)
    for cell in filled.cells:
        info = notebooks.graded(cell)
        if info.get("solution") and info["grade_id"] in sources:
            cell.source = sources[info["grade_id"]]
    return filled
