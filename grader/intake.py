"""Take a submission in: the source text of its solution cells, or the reason why there is none.

What is broken in a safe way is repaired and reported; what is not is refused in words that its student can act on.
A bad file is one student's result, never an exception.
"""

import contextlib
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode

from grader import notebooks, submitted
from grader.notebooks import HIDDEN, defined
from grader.submitted import ALONE, Beside, Refused, Written

MAX_SOURCE = 200_000  # characters of one cell


@dataclass(frozen=True)
class Helper:
    """A cell the student added, and the grade_id of the solution or test cell that it stood before.

    Below a task that nothing follows, `after` is the task's.
    """

    source: str
    cell_type: str
    before: str
    after: str = ""


@dataclass(frozen=True)
class Intake:
    """What is taken over from a submission: sources by grade_id, helper cells, notes for the student, or a refusal.

    Besides the pictures in written answers, and the files that the course lets along.
    """

    sources: dict[str, str]
    helpers: tuple[Helper, ...] = ()
    notes: tuple[str, ...] = ()
    refusal: str = ""
    digest: str = ""
    attachments: dict[str, dict] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def take(folder: str | os.PathLike, name: str, solution: NotebookNode, beside: Beside = ALONE) -> Intake:
    """Return the Intake of the notebook `name` in a submitted folder, matched against the instructor's `solution`."""
    notes: list[str] = []
    try:
        out = _HandedOut.read(solution)
        path = submitted.find(Path(folder), name, out.wanted, notes, beside)
        answers, helpers = _read(path, out, notes)
        if not _is_answered(answers, out):
            answers, helpers = _from_a_copy(path, answers, helpers, out, notes, beside)
        files = submitted.files(Path(folder), beside, notes)
    except Refused as refusal:
        return Intake({}, (), _told(notes), *_told([str(refusal)]), digest(folder, name, beside))
    except Exception as error:  # no file may stop the class
        why = f"{name}.ipynb could not be taken in ({type(error).__name__}). Save it again from JupyterLab"
        return Intake({}, (), _told(notes), why, digest(folder, name, beside))
    sources = {name: cell.source for name, cell in answers.items()}
    pictures = {name: cell.attachments for name, cell in answers.items() if cell.attachments}
    return Intake(sources, tuple(helpers), _told(notes), "", digest(folder, name, beside), pictures, files)


def _told(texts: list[str]) -> tuple[str, ...]:
    """Return texts as any file, database and terminal takes them: a file's name may hold anything."""
    return tuple(map(notebooks.printable, texts))


def digest(folder: str | os.PathLike, name: str, beside: Beside = ALONE) -> str:
    """Return the fingerprint of what may be taken for the notebook, as it lies there now."""
    found = hashlib.sha256()
    with contextlib.suppress(Exception):  # whatever `take` refuses
        for path in sorted(submitted.candidates(Path(folder), name, beside)):
            found.update(hashlib.sha256(submitted.contents(path)).digest())
    return found.hexdigest()


def _read(path: Path, out: "_HandedOut", notes: list[str]) -> tuple[dict[str, Written], list[Helper]]:
    return _match(submitted.cells(submitted.contents(path), path.name, notes), out, notes)


def _is_answered(answers: dict[str, Written], out: "_HandedOut") -> bool:
    return any(_is_filled(cell.source, out.stubs[name]) for name, cell in answers.items())


def _from_a_copy(
    blank: Path,
    answers: dict[str, Written],
    helpers: list[Helper],
    out: "_HandedOut",
    notes: list[str],
    beside: Beside,
) -> tuple[dict[str, Written], list[Helper]]:
    """Return what a filled copy beside a blank notebook says, such as JupyterLab's -Copy1; else what that one says."""
    for path in submitted.candidates(blank.parent, blank.stem, beside):
        said: list[str] = []
        with contextlib.suppress(Exception):  # a copy that cannot be read is no copy
            copied = _read(path, out, said) if path != blank else ({}, [])
            if _is_answered(copied[0], out):
                notes[:] = [*said, f"{path.name} was taken: {blank.name} is as it was handed out"]
                return copied
    return answers, helpers


@dataclass(frozen=True)
class _HandedOut:
    """The instructor's notebook as a student sees it: each cell's text by its name, and what is known by a text."""

    wanted: list[str]  # grade_ids of the cells that students fill in, in order
    by_hand: set[str]  # those of them that a person grades
    stubs: dict[str, str]
    shown: dict[str, str]  # grade_id -> visible text
    known: dict[str, dict]  # visible text -> nbgrader's metadata
    anchors: set[str]  # grade_ids of the cells that an added cell may belong to
    last_task: str  # the grade_id of a task below which nothing is graded, or ""
    helpers: bool  # whether cells that students add are taken

    @classmethod
    def read(cls, solution: NotebookNode) -> "_HandedOut":
        cells = [(notebooks.graded(cell), cell.source) for cell in solution.cells]
        named = [(info, source) for info, source in cells if info.get("grade_id")]
        return cls(
            wanted=[info["grade_id"] for info, _ in named if info.get("solution")],
            by_hand={info["grade_id"] for info, _ in named if info.get("solution") and info.get("grade")},
            stubs={info["grade_id"]: source for info, source in named},
            shown={info["grade_id"]: _visible(HIDDEN.sub("", source)) for info, source in named},
            known={_visible(HIDDEN.sub("", source)): info for info, source in reversed(cells)},
            anchors={info["grade_id"] for info, _ in named if info.get("solution") or info.get("grade")},
            last_task=_last_task([info for info, _ in named]),
            helpers=solution.metadata.get("grader", {}).get("helpers") is not False,
        )


def _last_task(infos: list[dict]) -> str:
    graded = [info for info in infos if info.get("grade") or info.get("solution") or info.get("task")]
    return graded[-1]["grade_id"] if graded and graded[-1].get("task") else ""


def _match(written: list[Written], out: _HandedOut, notes: list[str]) -> tuple[dict[str, Written], list[Helper]]:
    """Return (answers, helpers): each cell is an answer, one of the instructor's, a helper or left out."""
    claimed = {name: [cell for cell in written if cell.grade_id == name] for name in out.wanted}
    answers = {name: _choose(name, cells, out.stubs[name], notes) for name, cells in claimed.items() if cells}
    _add_unmarked(answers, written, out, notes)
    marked = [name for name in answers if claimed[name]]
    if out.wanted and not marked and all(not found.source.strip() for found in answers.values()):
        some = ", ".join(out.wanted[:4])
        raise Refused(f"none of the exercises ({some}, ...) stands in this notebook. Is it another lesson's?")
    for name in [name for name, answer in answers.items() if len(answer.source) > MAX_SOURCE]:
        size = f"{len(answers[name].source)} characters, at most {MAX_SOURCE} are taken"
        notes.append(f'cell "{name}" has {size}; it was left out')
        del answers[name]
    return answers, _helpers(written, answers, out, notes)


def _add_unmarked(answers: dict[str, Written], written: list[Written], out: _HandedOut, notes: list[str]) -> None:
    """Find the answers that no cell is marked as, among the cells without a mark."""
    loose = [
        cell
        for cell in written
        if not cell.grade_id and cell.cell_type == "code" and _visible(cell.source) not in out.known
    ]
    for name in out.wanted:
        if name in answers:
            continue
        if found := _recognise(name, out.stubs[name], loose):
            answers[name] = found
            notes.append(f'cell "{name}" had lost its mark and was recognised by what it defines')
        else:
            what = "a person looks for its answer" if name in out.by_hand else "its tests have nothing to test"
            notes.append(f'cell "{name}" is missing; {what}')


def _choose(name: str, cells: list[Written], stub: str, notes: list[str]) -> Written:
    """Return the copy of a solution cell that is the answer: the last one with something in it.

    The others run before it, as helpers: the answer may go over several cells.
    """
    if len(cells) == 1:
        return cells[0]
    filled = [cell for cell in cells if _is_filled(cell.source, stub)] or cells
    notes.append(f'cell "{name}" stands there {len(cells)} times; those that are filled in were run in their order')
    return filled[-1]


def _is_filled(source: str, stub: str) -> bool:
    return bool(source.strip()) and source.strip() != stub.strip()


def _recognise(name: str, stub: str, loose: list[Written]) -> Written | None:
    """Return the unmarked cell that holds the answer `name`: same cell id, or it defines the same names."""
    names = defined(stub)
    same = [cell for cell in loose if cell.cell_id == name]
    alike = [cell for cell in loose if names and names <= defined(cell.source)]
    return (same or alike or [None])[-1]


def _visible(source: str) -> str:
    """Return what a cell says, without what editors change."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines()).strip()


def _helpers(
    written: list[Written], answers: dict[str, Written], out: _HandedOut, notes: list[str]
) -> list[Helper]:
    """Return the cells the student added, each bound to the solution or test cell that follows it."""
    chosen = {id(cell): name for name, cell in answers.items()}
    found, before, late = [], "", 0
    for cell in reversed(written):
        visible = _visible(cell.source)
        if id(cell) in chosen:
            before = chosen[id(cell)]
        elif cell.grade_id in out.wanted:
            if _is_filled(cell.source, out.stubs[cell.grade_id]):
                found.append(Helper(cell.source[:MAX_SOURCE], cell.cell_type, cell.grade_id))
        elif cell.grade_id in out.shown:
            before = cell.grade_id if cell.grade_id in out.anchors else before
            if out.shown[cell.grade_id] != visible:
                notes.append(f'cell "{cell.grade_id}" was changed; the course\'s own was used')
        elif cell.source.strip() and visible not in out.known:
            if before:
                found.append(Helper(cell.source[:MAX_SOURCE], cell.cell_type, before))
            elif out.last_task:
                found.append(Helper(cell.source[:MAX_SOURCE], cell.cell_type, "", out.last_task))
            else:
                late += 1
        elif out.known.get(visible, {}).get("grade"):
            before = out.known[visible]["grade_id"]  # a test, word for word, that lost its mark
    if found and not out.helpers:
        notes.append(f"{len(found)} added cells were left out: this lesson takes the solution cells alone")
        found = []
    if late:
        notes.append(f"{late} cells after the last test were not run")
    return found[::-1]
