"""Try code cells as a student's kernel would run them, each trial in a fork, and say what came of its tests."""

import linecache
import os
import random
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gates import forks


@dataclass(frozen=True)
class Trial:
    """Cells to run in order in a namespace of their own: (name, source) pairs. `tests` are those that are judged."""

    key: object
    cells: tuple
    tests: frozenset
    seed: int = 0
    seconds: float = 60.0
    stop: bool = False  # at the first failing test

    def work(self, tell: Callable) -> None:
        """Run the cells; tell the outcome of each test, and of each cell that fails."""
        forks.limit_memory()
        saw = []
        namespace = fresh_namespace()
        namespace["_detached"] = lambda result: detach(result, saw)
        for name, source in self.cells:
            if name in self.tests:
                tell(started=name)
            outcome = run_cell(name, source, namespace)
            if name == "setup":
                seed(self.seed)
            if name in self.tests or not outcome.passed:
                tell(outcome=outcome.__dict__ | dict(zip(("printed", "warned"), map(_written, (1, 2)), strict=True)))
                if self.stop and not outcome.passed:
                    break
        tell(grad=bool(saw))


@dataclass(frozen=True)
class Outcome:
    """What came of one test cell: `kind` is passed, failed (an assert with a message), error, silent, timeout or
    dead."""

    name: str
    kind: str
    message: str = ""
    seconds: float = 0.0
    printed: str = ""
    warned: str = ""

    @property
    def passed(self) -> bool:
        return self.kind == "passed"


@dataclass(frozen=True)
class Result:
    """The outcomes of a trial's test cells, in order; `grad` says whether a detached result had carried a gradient."""

    outcomes: tuple = ()
    grad: bool = False
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    @property
    def first_failure(self) -> Outcome | None:
        return next((outcome for outcome in self.outcomes if not outcome.passed), None)


def run(trials: Iterable[Trial], workers: int | None = None) -> Iterator[tuple[Trial, Result]]:
    """Yield (trial, Result) as they finish."""
    for trial, report in forks.run(trials, workers):
        outcomes = [Outcome(**line["outcome"]) for line in report.lines if "outcome" in line]
        if report.ended != "done":
            at = next((line["started"] for line in reversed(report.lines) if "started" in line), "start")
            said = f"ran longer than {trial.seconds:.1f} s" if report.ended == "timeout" else "the process died"
            outcomes.append(Outcome(at, report.ended, said))
        yield trial, Result(tuple(outcomes), any(line.get("grad") for line in report.lines), report.seconds)


def fresh_namespace() -> dict:
    """Return what a notebook's first cell finds, in a process with one thread for torch."""
    import torch

    torch.set_num_threads(1)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.display = lambda *shown: None
    return module.__dict__


def run_cell(name: str, source: str, namespace: dict) -> Outcome:
    """Run one cell and say how it ended."""
    began = time.perf_counter()
    filename = f"<{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for inspect.getsource
    try:
        exec(compile(source, filename, "exec"), namespace)
        kind, message = "passed", ""
    except AssertionError as error:
        kind, message = (
            ("failed", str(error)) if str(error).strip() else ("silent", f"an assert without a message in {name}")
        )
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the code under trial included
        kind, message = "error", f"{type(error).__name__}: {error}"
    return Outcome(name, kind, message[:2000], time.perf_counter() - began)


def seed(number: int) -> None:
    """Seed the three generators that an exercise may draw from."""
    import numpy
    import torch

    torch.manual_seed(number)
    numpy.random.seed(number)
    random.seed(number)


def _written(number):
    """Return what was written to this descriptor's file since the last call."""
    (sys.stdout if number == 1 else sys.stderr).flush()
    text = os.pread(number, min(os.fstat(number).st_size, 2000), 0).decode(errors="replace")
    os.ftruncate(number, 0)
    os.lseek(number, 0, os.SEEK_SET)
    return text


def detach(result: object, saw: list) -> object:
    """Return `result` with every tensor in it cut off its graph; note in `saw` that there was a graph to cut."""
    import torch
    from torch.utils._pytree import tree_map

    def cut(item):
        if isinstance(item, torch.Tensor) and item.requires_grad:
            saw.append(True)
            return item.detach()
        return item

    return tree_map(cut, result)
