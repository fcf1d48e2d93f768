"""What a run may use, what the parent saw of it, and what of one submission travels from step to step."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode

from grader.assemble import Assembled
from grader.intake import Intake
from grader.vocabulary import Vocabulary


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    cell_seconds: float = 30
    seconds: float = 600
    start_seconds: float = 240
    output_bytes: int = 100_000  # of one cell
    notebook_bytes: int = 2_000_000


@dataclass(frozen=True)
class Canary:
    """An answer that must lose points: in the tests `fails`, by this error; anywhere where nothing is known yet."""

    exercise: str
    source: str
    fails: tuple[str, ...] = ()  # grade_ids
    error: str = "AssertionError"


@dataclass(frozen=True)
class CellRun:
    """What the parent saw of one code cell: status is passed, failed, timeout, died or skipped."""

    status: str
    error: str = ""
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class CanaryRun:
    """By which error a canary failed which tests: (grade_id, error); `unclear` where that could not be seen.

    Only the error that refused it on the course's own solution refuses it: a time limit, a kernel that died or another
    error say nothing about the tests.
    """

    canary: Canary
    failed: tuple[tuple[str, str], ...] = ()
    unclear: bool = False

    @property
    def refused(self) -> bool:
        """Return whether a test that must refuse it did."""
        return any(name in self.canary.fails and error == self.canary.error for name, error in self.failed)

    @property
    def passed(self) -> bool:
        """Return whether it got through: nothing stopped it."""
        return not (self.failed or self.unclear)


@dataclass(frozen=True)
class Way:
    """A way to change what an answer gives back in each test, after so many calls (None: never); who refuses that."""

    skips: tuple[tuple[str, int | None], ...]  # (grade_id, calls)
    refused: tuple[str, ...] = ()  # grade_ids


@dataclass(frozen=True)
class Draw:
    """A way, and the numbers and the text to change with."""

    way: Way
    scale: float
    shift: float
    whole: int
    text: str

    def told(self, tests: Collection[str]) -> dict:
        """Return what the kernel is told of it for the tests that come next."""
        skips = dict(self.way.skips)
        change = {"scale": self.scale, "shift": self.shift, "whole": self.whole, "text": self.text}
        return change | {"skips": [skips.get(test) for test in tests]}


@dataclass(frozen=True)
class Perturbed:
    """What tests said when the answer's results were changed: (grade_id, refused, passed or unclear)."""

    exercise: str
    way: Way
    outcomes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Run:
    """The executed notebook, a CellRun per cell index, and what was seen besides."""

    notebook: NotebookNode
    cells: dict[int, CellRun]
    canaries: tuple[CanaryRun, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()  # (exercise, what was replaced)
    seconds: float = 0.0
    kernels: int = 1
    perturbed: tuple[Perturbed, ...] = ()
    lack: str = ""  # what its kernel lacks of a warm one behind walls


@dataclass(frozen=True)
class Attempt:
    """One submitted notebook on its way: as handed out, taken in, assembled and, where it was not refused, run."""

    untouched: NotebookNode
    intake: Intake
    assembled: Assembled
    canaries: tuple[Canary, ...] = ()  # what is to be tried after its tests
    run: Run | None = None
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)  # by exercise, to change its results
    vocabulary: Vocabulary | None = None  # None for another language than Python
