"""The student's board: what is right, what fails and why, what is not written yet; from the visible tests, in copies of
the files."""

import hashlib
import html
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat

from grader.errors import GraderError, MachineError
from lab import server, written
from lab.work import ROOT

SECONDS = 30  # for one cell
ANSI = re.compile(r"\x1b\[[0-9;]*m")
RIGHT, WRONG, OPEN = "right", "wrong", "open"


@dataclass(frozen=True)
class State:
    """How one exercise stands; `message` is the first thing that is still wrong with it."""

    name: str
    number: int
    title: str
    points: float
    state: str
    message: str = ""


@dataclass(frozen=True)
class Row:
    """How one lesson stands; `trouble` where its notebook could not be looked at."""

    lesson: str
    states: tuple[State, ...] = ()
    trouble: str = ""

    def count(self, state: str) -> int:
        return sum(one.state == state for one in self.states)

    @property
    def points(self) -> float:
        """Points of the exercises whose visible tests pass; hidden tests decide in the end."""
        return sum(one.points for one in self.states if one.state == RIGHT)

    @property
    def most(self) -> float:
        return sum(one.points for one in self.states)


def board(root: Path = ROOT, workers: int = 2) -> list[Row]:
    """Return a Row for each lesson; only what has changed since the last look is run again."""
    names, kept = written.lessons(root), _Kept(root)
    with tempfile.TemporaryDirectory(prefix="progress-") as folder, ThreadPoolExecutor(workers) as pool:
        rows = list(pool.map(lambda name: _row(name, root, Path(folder), kept), names))
    kept.write(rows)
    return rows


def _row(lesson: str, root: Path, folder: Path, kept: "_Kept") -> Row:
    try:
        mine = written.read(lesson, root)
    except GraderError as error:
        return Row(lesson, trouble=str(error))
    try:
        return kept.row(mine) or Row(lesson, tuple(_states(mine, folder / lesson, root)))
    except MachineError as error:
        kept.digests.pop(lesson)  # to be looked at again
        return Row(lesson, trouble=str(error))


def _states(mine: written.Written, folder: Path, root: Path) -> Iterator[State]:
    """Run the notebook where something is written in it, and yield how each exercise stands."""
    touched = any(not exercise.untouched for exercise in mine.exercises)
    failed = _failures(mine, folder, root) if touched else {}
    for one in mine.exercises:
        message = next((failed[test] for test in (one.name, *one.tests) if test in failed), "")
        if one.answer is None:
            state, message = (
                WRONG,
                f'the cell "{one.name}" is missing: make reset gives you a fresh notebook and keeps this one',
            )
        else:
            state = OPEN if one.untouched else WRONG if message else RIGHT
        yield State(one.name, one.number, one.title, one.points, state, "" if state == OPEN else message)


def _failures(mine: written.Written, folder: Path, root: Path) -> dict[str, str]:
    """Return grade_id -> first words of its failure, from a run of a copy with the tests as handed out."""
    from nbclient import NotebookClient

    notebook = _with_tests_as_given(mine)
    _copy_data(root / "work" / mine.lesson, folder)
    variables = server.environment("student", root) | {"GRADER_PRELOAD": _preload(mine), "GRADER_IDLE": "600"}
    variables.pop("GRADER_OWNER", None)  # not JupyterLab's: a process of its own, small, that ends when it is idle
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        timeout=SECONDS,
        interrupt_on_timeout=True,
        startup_timeout=300,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        error_on_timeout={"ename": "TimeLimit", "evalue": f"still running after {SECONDS} s", "traceback": []},
    )
    client.log.setLevel("CRITICAL")
    manager = client.create_kernel_manager()
    manager.kernel_spec_manager.kernel_dirs.insert(0, str(root / "settings" / "student" / "kernels"))
    try:
        client.execute(env=variables)
    except Exception as error:  # the kernel died, or would not stop: what has not run is not right
        if all(cell.execution_count is None for cell in notebook.cells if cell.cell_type == "code"):
            problem = f"its kernel did not start ({type(error).__name__})"
            raise MachineError(f"work/{mine.lesson}", problem, "Run make progress again.") from None
        return _lost(notebook) | dict(_errors(notebook))
    return dict(_errors(notebook))


def _with_tests_as_given(mine: written.Written) -> nbformat.NotebookNode:
    """Return a copy of the student's notebook whose locked cells are those that were handed out."""
    locked = [cell for cell in mine.given.cells if cell.metadata.get("nbgrader", {}).get("locked")]
    given = {cell.metadata["nbgrader"]["grade_id"]: cell.source for cell in locked}
    notebook = nbformat.from_dict(json.loads(json.dumps(mine.own)))
    for cell in notebook.cells:
        cell.source = given.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _copy_data(work: Path, folder: Path) -> None:
    """Copy what lies beside the notebook, so that a run touches none of the student's files."""
    folder.mkdir(parents=True)
    for path in work.iterdir():
        if path.is_file() and path.suffix != ".ipynb" and path.stat().st_size < 50e6:
            (folder / path.name).write_bytes(path.read_bytes())


def _preload(mine: written.Written) -> str:
    """Return the libraries that the notebook's locked cells import, to be imported once for all."""
    text = "\n".join(cell.source for cell in mine.given.cells if cell.cell_type == "code")
    found = set(re.findall(r"^(?:import|from)\s+(\w+)", text, re.M)) & {"numpy", "torch", "matplotlib", "torchvision"}
    return " ".join(sorted(found | {"numpy", "torch"}))


def _errors(notebook: nbformat.NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield grade_id and first words of each cell that failed."""
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        error = next((output for output in cell.get("outputs", []) if output.output_type == "error"), None)
        if name and error:
            yield name, _words(error)


def _lost(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Return what to say of the cells that had not run to their end when the kernel went; the first of them ended
    it."""
    names = [cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells
             if cell.cell_type == "code" and cell.metadata.get("nbgrader") and cell.execution_count is None]
    said = dict.fromkeys(names, "not run: the kernel had ended before")
    return said | {name: "the kernel ended while this ran" for name in names[:1]}


def _words(error: dict) -> str:
    """Return a failure's first words: a written message as it is, anything else with its type."""
    said = ANSI.sub("", error.get("evalue", "")).strip().partition("\n")[0][:300]
    return said if error.get("ename") == "AssertionError" and said else f"{error.get('ename', 'Error')}: {said}"


class _Kept:
    """What the last look saw, by the text of the notebook it saw: build/progress.json."""

    def __init__(self, root: Path):
        self.path, self.digests = root / "build" / "progress.json", {}
        try:
            self.known = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self.known = {}

    def row(self, mine: written.Written) -> Row | None:
        """Return the Row of an unchanged notebook."""
        text = [[cell.source for cell in notebook.cells] for notebook in (mine.given, mine.own)]
        digest = self.digests[mine.lesson] = hashlib.sha256(json.dumps([text, sys.version]).encode()).hexdigest()
        seen = self.known.get(mine.lesson, {})
        return (
            Row(mine.lesson, tuple(State(**state) for state in seen["states"]))
            if seen.get("digest") == digest
            else None
        )

    def write(self, rows: list[Row]) -> None:
        kept = {row.lesson: {"digest": self.digests[row.lesson], "states": [asdict(state) for state in row.states]}
                for row in rows if row.lesson in self.digests}
        self.path.parent.mkdir(exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(kept), encoding="utf-8")
        part.replace(self.path)


def next_step(rows: list[Row]) -> str:
    """Return what to do next, in a sentence: the first that fails, else the first that is open."""
    for row in rows:
        if row.trouble:
            return f"Next: {row.trouble}"
    for wanted, words in ((WRONG, "mend"), (OPEN, "write")):
        for row in rows:
            for state in row.states:
                if state.state == wanted and (
                    wanted == WRONG or row.count(RIGHT) + row.count(WRONG) or row is _first_open(rows)
                ):
                    said = f": {state.message}" if state.message else ""
                    where = f"work/{row.lesson}/{row.lesson}.ipynb"
                    return f"Next: {words} exercise {state.number}, {state.name}, in {where}{said}"
    return "Everything is right as far as the visible tests see. Hand it in with make submit."


def _first_open(rows: list[Row]) -> Row | None:
    """Return the lesson to go on with: one that was begun, else the first with something open."""
    still = [row for row in rows if row.count(OPEN)]
    return next((row for row in still if row.count(RIGHT)), still[0] if still else None)


def text(rows: list[Row], width: int = 80) -> str:
    """Return the board for a terminal of `width` columns."""
    lines = [f"{'lesson':<24}{'right':>6}{'wrong':>6}{'open':>6}{'points':>10}"]
    for row in rows:
        if row.trouble:
            lines.append(f"{row.lesson:<24}{row.trouble}"[: max(width, 60)])
            continue
        counts = "".join(f"{row.count(state) or '.':>6}" for state in (RIGHT, WRONG, OPEN))
        lines.append(f"{row.lesson:<24}{counts}{f'{row.points:g}/{row.most:g}':>10}")
    total = f"{sum(row.points for row in rows):g}/{sum(row.most for row in rows):g}"
    lines += [f"{'':<24}{'':>18}{total:>10}", ""]
    for row in rows:
        for state in row.states:
            if state.state == WRONG:
                lines.append(f"{row.lesson}, exercise {state.number}, {state.name}: {state.message}")
    return "\n".join(
        [*lines, next_step(rows), "Points count visible tests only; hidden tests decide when your work is graded."]
    )


def page(rows: list[Row]) -> str:
    """Return the board as HTML for a notebook's output; what a student or a test wrote is escaped."""
    if not any(row.states for row in rows):
        return "<p>No exercises in work/ yet: make lab hands them out, and your board appears here.</p>"
    head = _cells("th", "lesson", "exercises: ● right, ✗ wrong, ○ open", "points")
    body = []
    for row in rows:
        link = f"<a href='../work/{row.lesson}/{row.lesson}.ipynb'>{html.escape(row.lesson)}</a>"
        marks = " ".join(map(_mark, row.states)) or html.escape(row.trouble)
        body.append(f"<tr>{_cells('td', link, marks, f'{row.points:g} of {row.most:g}')}</tr>")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return f"{table}<p>{html.escape(next_step(rows))}</p>"


def _cells(tag: str, *contents: str) -> str:
    return "".join(f"<{tag} style='text-align:left'>{content}</{tag}>" for content in contents)


def _mark(state: State) -> str:
    """Return one exercise's sign, whose tooltip says more."""
    sign = {RIGHT: "●", WRONG: "✗", OPEN: "○"}[state.state]
    said = html.escape(f"{state.name}: {state.state}. {state.message}", quote=True)
    return f"<span title='{said}'>{sign}</span>"


def terminal_width() -> int:
    """Return the terminal's width; 80 where there is none."""
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 80
