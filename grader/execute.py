"""Run one assembled notebook: in order, within its limits, in as many kernels as it needs.

A kernel that dies or will not stop costs the exercise that was running; the others run again in a kernel without it.
After the tests, known wrong answers run in the same kernel: where one passes, the tests were tampered with.
"""

import contextlib
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader import canaries, messages, notebooks, perturbed, session
from grader.assemble import Assembled, is_test
from grader.seen import Canary, CanaryRun, CellRun, Limits, Perturbed, Run, Way
from grader.session import Kernel, Request

PREFIX = "grader-work-"
UNSEEN = CellRun("")


@dataclass(frozen=True)
class Task:
    """All that is needed to run one submission anywhere: travels to another process or machine."""

    assembled: Assembled
    kernel: str
    limits: Limits = Limits()
    files: dict[str, bytes] = field(default_factory=dict)  # put beside the notebook
    canaries: tuple[Canary, ...] = ()
    ways: Mapping[str, tuple[Way, ...]] = field(default_factory=dict)  # by exercise, that its tests notice


def execute(task: Task) -> Run:
    """Run the task's notebook and return the Run; a student's mistake never raises."""
    began = time.monotonic()
    job = _Job(task, began + task.limits.seconds)
    with _work_folder(task.files) as folder:
        job.attempt(folder, set(job.names))
        while job.innocent() and time.monotonic() < job.deadline:
            job.attempt(folder, set(job.innocent()))
        while job.open() and time.monotonic() < job.deadline:
            job.attempt(folder, {job.open()[0]}, alone=True)
    for name in job.open():
        job.skip(name, "the time limit of the whole notebook was reached")
    seconds = time.monotonic() - began
    checks = tuple(job.canaries), tuple(job.changed), seconds, job.kernels, tuple(job.perturbed)
    return Run(job.notebook, job.runs, *checks, job.lack)


def execute_all(tasks: Mapping[str, Task]) -> dict[str, Run]:
    """Run the notebooks of one submission, one after the other."""
    return {name: execute(task) for name, task in tasks.items()}


@dataclass(frozen=True)
class _End:
    """How a kernel came to the end of its cells: alive, or ended by an exercise ("" for a cell that all share)."""

    alive: bool
    culprit: str = ""


@dataclass(frozen=True)
class _Cell:
    """A step of a run: a cell, and the exercise it belongs to ("" for what all share)."""

    index: int
    exercise: str


@dataclass(frozen=True)
class _Crossing:
    """A step of a run: from what an exercise did to what comes next; None where nothing does."""

    exercise: str
    following: str | None

    @property
    def leaves(self) -> bool:
        """Return whether the exercise is done with."""
        return self.exercise != self.following


class _Job:
    """One notebook on its way through as many kernels as it needs."""

    def __init__(self, task: Task, deadline: float):
        self.task, self.deadline, self.assembled = task, deadline, task.assembled
        self.notebook = notebooks.copy(task.assembled.notebook)
        self.exercises, self.names = task.assembled.exercises, task.assembled.names
        self.deciding = sorted(task.assembled.deciding)
        self.ends = {name: i for i, name in enumerate(self.exercises) if self.notebook.cells[i].cell_type == "code"}
        self.runs: dict[int, CellRun] = {}
        self.suspects: set[str] = set()
        self.settled = set(self.names) - set(self.ends)
        self.canaries: list[CanaryRun] = []
        self.perturbed: list[Perturbed] = []
        self.changed: list[tuple[str, str]] = []
        self.kernels, self.lack = 0, ""

    def open(self) -> list[str]:
        """Return the exercises that have not been judged yet, in order."""
        return [name for name in self.names if name not in self.settled]

    def innocent(self) -> list[str]:
        """Return the exercises still open that were not running when a kernel died."""
        return [name for name in self.open() if name not in self.suspects]

    def attempt(self, folder: Path, judged: set[str], alone: bool = False) -> None:
        """Run in one kernel the shared cells, the solutions before (unless alone) and the exercises to be judged."""
        self.kernels += 1
        asked, task = time.monotonic(), self.task
        with session.opened(self.notebook, task.kernel, task.limits, self.assembled.own, folder) as kernel:
            self.deadline += time.monotonic() - asked  # what the machine takes for a start is not the student's time
            kernel.deadline, self.lack = self.deadline, kernel.lack
            end = self._run_all(kernel, judged, alone)
            if end.alive:
                self._check(kernel)
            elif end.culprit:
                self._judge_again(judged)

    def _run_all(self, kernel: Kernel, judged: set[str], alone: bool) -> _End:
        """Run the cells to the end, or to the one that ends the kernel."""
        for batch in self._batches(judged, alone):
            requests = [self._request(kernel, step, judged) for step in batch]
            kernel.send_ahead([request for request in requests if request])
            for step in batch:
                name = step.exercise
                if isinstance(step, _Crossing):
                    if not self._cross(kernel, step) and step.following is not None:
                        return self._blame(name, self._timed_out(name), alone)  # it left the kernel stuck
                elif not self._run(kernel, step.index, name, judged):
                    return self._blame(name, self.runs.get(step.index, UNSEEN).error == "TimeLimit", alone)
                elif name in judged and step.index == self.ends[name]:
                    self.settled.add(name)
        return _End(True)

    def _batches(self, judged: set[str], alone: bool) -> Iterator[list[_Cell | _Crossing]]:
        """Yield the steps that are sent together: no test is on its way while its own answer is being defined."""
        batch: list[_Cell | _Crossing] = []
        for step in self._steps(judged, alone):
            if isinstance(step, _Cell) and batch and is_test(self.notebook.cells[step.index]):
                before = batch[-1]
                if isinstance(before, _Crossing) and before.exercise == step.exercise:
                    yield batch
                    batch = []
            batch.append(step)
        yield batch

    def _steps(self, judged: set[str], alone: bool) -> Iterator[_Cell | _Crossing]:
        """Yield what is to be done: cells, and what lies between an answer, its tests and what follows them."""
        last = ("", False)
        for index, name in self._order(judged, alone):
            place = (name, is_test(self.notebook.cells[index]))
            if place != last and (last[0] or name):
                yield _Crossing(last[0], name)
            last = place
            yield _Cell(index, name)
        if last[0]:
            yield _Crossing(last[0], None)

    def _request(self, kernel: Kernel, step: _Cell | _Crossing, judged: set[str]) -> Request | None:
        """Return what a step will ask of the kernel."""
        if isinstance(step, _Crossing):
            return kernel.question(*self._calls(step))
        quiet = bool(step.exercise) and step.exercise not in judged
        return kernel.request(self.notebook.cells[step.index], quiet)

    def _calls(self, step: _Crossing) -> list[tuple]:
        """Return what is called in the kernel between two cells."""
        calls = [("restore", step.leaves) if step.exercise else ("remember", self.deciding)]
        return calls + ([("mark", step.following)] if step.leaves and step.following in self.task.ways else [])

    def _judge_again(self, judged: set[str]) -> None:
        """Take back what scored in a kernel that ended before it could be checked there."""
        watched = {canary.exercise for canary in self.task.canaries} | self.task.ways.keys()
        for name in (judged & self.settled & watched) - self.suspects:
            if self._passed(name):
                self.settled.discard(name)
                for index in [index for index in self.runs if self.exercises[index] == name]:
                    del self.runs[index]
                    self.notebook.cells[index].outputs = []

    def _timed_out(self, name: str) -> bool:
        return any(run.status == "timeout" for index, run in self.runs.items() if self.exercises[index] == name)

    def _order(self, judged: set[str], alone: bool) -> Iterator[tuple[int, str]]:
        """Yield (index, exercise) of the cells to run: no suspects, no tests that are settled, alone nobody else's."""
        for index, cell in enumerate(self.notebook.cells):
            name = self.exercises[index]
            if cell.cell_type != "code":
                continue
            if not name or name in judged or not (alone or name in self.suspects or is_test(cell)):
                yield index, name

    def _cross(self, kernel: Kernel, step: _Crossing) -> bool:
        """Put back what an answer replaced, before its tests and before what comes next; return whether it lives."""
        said = kernel.ask(*self._calls(step))
        if not step.exercise:  # the shared cells before the first exercise, or between two, have run
            return True
        if not isinstance(said, list) and kernel.python and not kernel.dead:
            said = ["what it changed could not be looked at"]
        self.changed += [(step.exercise, str(what)[:200]) for what in said or ()]
        return not kernel.dead

    def _run(self, kernel: Kernel, index: int, name: str, judged: set[str]) -> bool:
        """Run one cell and note what came of it; return whether the kernel lives on."""
        cell = self.notebook.cells[index]
        seconds = min(self.task.limits.cell_seconds, max(1.0, self.deadline - time.monotonic()))
        if name and name not in judged:
            return kernel.quiet(Request(cell.source), seconds).status != "died"
        self.runs[index] = run = kernel.run(cell, index, seconds)
        if run.status == "timeout" and name:  # one time limit for an exercise, not one for each test
            self.skip(name, "its exercise had used up its time")
            return False  # the interrupt may reach the kernel late, and hit another exercise
        return run.status != "died"

    def skip(self, name: str, why: str) -> None:
        """Note for every cell of the exercise that was not run why it was not."""
        for index, cell in enumerate(self.notebook.cells):
            if self.exercises[index] == name and cell.cell_type == "code" and index not in self.runs:
                self.runs[index] = CellRun("skipped", "NotRun", why)
                cell.outputs.append(messages.error_output("NotRun", why))

    def _blame(self, name: str, stuck: bool, alone: bool) -> _End:
        """Settle the exercise that was running when the kernel died; what may be a victim runs once more, alone."""
        if name and not stuck and not alone and len(self.names) > 1:
            self.suspects.add(name)
            return _End(False, name)
        for lost in [name] if name else self.open():
            self.skip(lost, "the kernel had died")
            self.settled.add(lost)
            self.suspects.add(lost)
        return _End(False, name)

    def _check(self, kernel: Kernel) -> None:
        """Run the tests of what scored once more: with what the answers give back changed, then with wrong answers."""
        done = {run.canary.exercise for run in self.canaries} | {run.exercise for run in self.perturbed}
        scored = [name for name in self.names if name in self.settled - done and self._passed(name)]
        seconds = self.task.limits.cell_seconds
        ways = self.task.ways if kernel.python else {}
        draws = [(name, perturbed.draw(ways.get(name, ()), self._passed(name))) for name in scored]
        due = [(name, drawn) for name, found in draws for drawn in found]
        parts = {name: perturbed.Part.of(self.assembled, name, self.runs) for name in scored}
        self.perturbed += perturbed.put_to_test(due, parts, kernel, seconds)
        trying = [canary for canary in self.task.canaries if canary.exercise in scored]
        tests = {name: [self.notebook.cells[index] for index in self.assembled.tests(name)] for name in scored}
        shuffled = {canary: tests[canary.exercise] for canary in random.sample(trying, len(trying))}
        self.canaries += canaries.put_to_test(shuffled, kernel, seconds, self.assembled.bound)

    def _passed(self, name: str) -> list[str]:
        """Return the tests of the exercise that were passed."""
        passed = [index for index in self.assembled.tests(name) if self.runs.get(index, UNSEEN).status == "passed"]
        return [notebooks.graded(self.notebook.cells[index])["grade_id"] for index in passed]


@contextlib.contextmanager
def _work_folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Make a folder with the lesson's files for one submission."""
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    try:
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep() -> int:
    """Remove the work folders of graders that were killed; return how many there were."""
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept
