"""What the libraries of a course make public, and what its own notebooks name: the sources of its vocabulary.

Libraries are imported in a kernel, which has them ready, and never in the grader's own process.
"""

import contextlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader import notebooks, session, vocabulary
from grader.errors import MachineError
from grader.folders import Course
from grader.seen import Limits
from grader.vocabulary import Vocabulary

ROOM = 20_000_000  # bytes that a kernel may answer; torch's names are 300,000


@dataclass(frozen=True)
class Question:
    """A kernel, and the modules whose public names it is asked for."""

    kernel: str
    modules: tuple[str, ...]
    others: tuple[str, ...]  # asked about where the kernel has imported them already
    limits: Limits


class Words:
    """The vocabulary of one course, learned once for each kernel that its lessons run on."""

    def __init__(self, course: Course):
        self.words = [word for word in course.settings.vocabulary if not word.endswith(".ipynb")]
        patterns = [word for word in course.settings.vocabulary if word.endswith(".ipynb")]
        taught = sorted({path for pattern in patterns for path in course.root.glob(pattern)})
        self.given = [source for path in sorted(course.folder("source").glob("*/*.ipynb")) for source in _given(path)]
        self.taught = [source for path in taught for source in _given(path)]
        self.known: dict[str, Vocabulary] = {}

    def of(self, notebook: NotebookNode, kernel: str, limits: Limits, run: Callable) -> Vocabulary:
        """Return the vocabulary for answers to a notebook; `run` calls a function where kernels are."""
        if kernel not in self.known:
            public, machine = run(ask, Question(kernel, _named(self.given), _named(self.taught), limits))
            self.known[kernel] = vocabulary.learn([*self.given, *self.taught], public, machine, self.words)
        tests = [cell.source for cell in notebook.cells if _is_test(cell)]
        return vocabulary.with_tests(self.known[kernel], tests)


def _named(sources: list[str]) -> tuple[str, ...]:
    return tuple(sorted(vocabulary.named(vocabulary.trees(sources))))


def _given(path: Path) -> list[str]:
    """Return the code of a notebook that is no test: what students are given, and how it is solved."""
    with contextlib.suppress(OSError, ValueError):  # told when its lesson is graded
        cells = nbformat.from_dict(json.loads(path.read_text(encoding="utf-8"))).get("cells", ())
        return ["".join(cell.source) for cell in cells if cell.get("cell_type") == "code" and not _is_test(cell)]
    return []


def _is_test(cell: NotebookNode) -> bool:
    info = notebooks.graded(cell)
    return bool(info.get("grade") and not info.get("solution"))


def ask(question: Question) -> tuple[list[str], list[str]]:
    """Return what the modules make public, and what the machinery of a kernel has; MachineError without an answer."""
    source = vocabulary.question(question.modules, question.others)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    cell = notebook.cells[0]
    limits = replace(question.limits, output_bytes=ROOM, notebook_bytes=ROOM)
    with tempfile.TemporaryDirectory() as folder:
        with session.opened(notebook, question.kernel, limits, frozenset(), Path(folder)) as kernel:
            seen = kernel.run(cell, 0, limits.start_seconds)
    lines = "".join(output.get("text", "") for output in cell.outputs).splitlines()
    if seen.status != "passed" or len(lines) < 2:
        wanted = ", ".join(question.modules[:9])
        came = f"expected the public names of {wanted}, got {seen.error or 'nothing'}: {seen.message}"
        raise MachineError(f"kernel {question.kernel!r}", came[:300], "Run grader doctor.")
    return lines[-2].split(), lines[-1].split()
