"""What a run may use, what the parent saw of it, and what of one submission travels from step to step."""

from dataclasses import dataclass

from nbformat import NotebookNode

from grader.assemble import Assembled
from grader.intake import Intake


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    cell_seconds: float = 30
    seconds: float = 600
    start_seconds: float = 240
    output_bytes: int = 100_000


@dataclass(frozen=True)
class Canary:
    """An answer that must lose points: in these tests at least, all of them where nothing is known yet."""

    exercise: str
    source: str
    fails: tuple[str, ...] = ()  # grade_ids


@dataclass(frozen=True)
class CellRun:
    """What the parent saw of one code cell: status is passed, failed, timeout, died or skipped."""

    status: str
    error: str = ""
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class CanaryRun:
    """Which tests a canary failed; died where it could not be run."""

    canary: Canary
    failed: tuple[str, ...] = ()
    died: bool = False

    @property
    def passed(self) -> bool:
        """Return whether it got through: none of the tests that must refuse it did."""
        if self.died:
            return False
        return not (set(self.failed) & set(self.canary.fails) if self.canary.fails else self.failed)


@dataclass(frozen=True)
class Run:
    """The executed notebook, a CellRun per cell index, and what was seen besides."""

    notebook: NotebookNode
    cells: dict[int, CellRun]
    canaries: tuple[CanaryRun, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()  # (exercise, what was replaced)
    seconds: float = 0.0
    kernels: int = 1


@dataclass(frozen=True)
class Attempt:
    """One submitted notebook on its way: as handed out, taken in, assembled and, where it was not refused, run."""

    untouched: NotebookNode
    intake: Intake
    assembled: Assembled
    canaries: tuple[Canary, ...] = ()  # what is to be tried after its tests
    run: Run | None = None
