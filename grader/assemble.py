"""Put a student's solution sources into the instructor's notebook: the notebook that is run.

Tests, points, order and every other cell are the instructor's, so nothing that a student does to them counts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import nbformat
from nbformat import NotebookNode

from grader import names, notebooks
from grader.intake import Helper, Intake
from grader.notebooks import defined


@dataclass(frozen=True)
class Assembled:
    """The notebook to run, and for each cell its exercise ("" for what all share).

    `own` are the names that answers define, `deciding` the instructor's that a test uses, `bound` those that each
    answer leaves for a test to use, `wanted` those of them that the exercise asks for.
    """

    notebook: NotebookNode
    exercises: tuple[str, ...]
    own: frozenset[str] = frozenset()
    deciding: frozenset[str] = frozenset()
    bound: Mapping[str, frozenset[str]] = field(default_factory=dict)
    wanted: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Return the exercises, in order."""
        return list(dict.fromkeys(name for name in self.exercises if name))

    def tests(self, exercise: str) -> list[int]:
        """Return the indices of the exercise's test cells."""
        return [i for i, cell in enumerate(self.notebook.cells) if self.exercises[i] == exercise and is_test(cell)]


def assemble(untouched: NotebookNode, intake: Intake, solved: Mapping[str, str] = MappingProxyType({})) -> Assembled:
    """Return the `untouched` notebook (stubs and all tests) with the sources and helper cells of `intake` in place.

    `solved` are the instructor's own answers: the names that these define are the students' to define too.
    """
    notebook = notebooks.copy(untouched)
    notebook.cells = [cell for given in untouched.cells for cell in _with_helpers(notebooks.copy(given), intake)]
    for position, text in enumerate(_notices(intake)):
        notebook.cells.insert(position, _notice(text))
    stubs = {info["grade_id"]: cell.source for cell in untouched.cells if (info := _answer(cell))}
    own = frozenset().union(*map(defined, stubs.values()), *map(names.bound, solved.values()))
    code = [cell for cell in untouched.cells if cell.cell_type == "code" and not _answer(cell)]
    tests = [cell.source for cell in code if is_test(cell)]
    used = names.deciding(tests, [cell.source for cell in code])
    wanted = {name: used & (defined(stub) | names.bound(solved.get(name, ""))) for name, stub in stubs.items()}
    bound = {name: wanted[name] | used & names.bound(intake.sources.get(name, "")) for name in stubs}
    return Assembled(notebook, tuple(_exercises(notebook)), own, used - own, bound, wanted)


def _answer(cell: NotebookNode) -> dict:
    """Return the metadata of a code cell that students fill in, {} for any other."""
    info = notebooks.graded(cell)
    return info if info.get("solution") and cell.cell_type == "code" else {}


def is_test(cell: NotebookNode) -> bool:
    """Return whether this cell's points come from running it."""
    info = notebooks.graded(cell)
    return bool(info.get("grade") and not info.get("solution") and cell.cell_type == "code")


def is_instructors(cell: NotebookNode) -> bool:
    """Return whether this is a code cell that no student wrote."""
    return cell.cell_type == "code" and not _answer(cell) and "before" not in cell.metadata.get("grader", {})


def _with_helpers(cell: NotebookNode, intake: Intake) -> list[NotebookNode]:
    """Return the helper cells that stand before this cell, and the cell itself with the student's source."""
    info = notebooks.graded(cell)
    name = info.get("grade_id")
    before = [_helper(h) for h in intake.helpers if name and h.before == name]
    after = [_helper(h) for h in intake.helpers if name and h.after == name]
    if info.get("solution") and name in intake.sources:
        cell.source = intake.sources[name]
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    elif name in intake.attachments:
        cell.attachments = intake.attachments[name]
    return [*before, cell, *after]


def _helper(helper: Helper) -> NotebookNode:
    make = nbformat.v4.new_code_cell if helper.cell_type == "code" else nbformat.v4.new_markdown_cell
    return make(helper.source, metadata={"grader": {"before": helper.before or helper.after}})


def _notices(intake: Intake) -> Iterator[str]:
    """Return what the student should read first: why nothing was graded, or what was repaired and left out."""
    if intake.refusal:
        yield f"**This submission could not be graded:** {intake.refusal}."
    if intake.notes:
        yield "**Noted when this notebook was taken in**\n\n" + "\n".join(f"- {note}" for note in intake.notes)


def _notice(text: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(text, metadata={"grader": {"notice": True}})


def _exercises(notebook: NotebookNode) -> Iterator[str]:
    """Yield each cell's exercise: tests belong to the solution above them, helpers to the cell they stand before."""
    current, owner = "", {}
    for cell in notebook.cells:
        info = notebooks.graded(cell)
        if info.get("solution") or info.get("task"):
            current = info["grade_id"]
        if info.get("solution") or info.get("grade") or info.get("task"):
            owner[info["grade_id"]] = current
    for cell in notebook.cells:
        name = cell.metadata.get("grader", {}).get("before") or notebooks.graded(cell).get("grade_id")
        yield owner.get(name, "")
