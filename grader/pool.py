"""Where submissions run: threads of this process, or a dask cluster by its address."""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from grader.errors import MachineError

Key = TypeVar("Key")


@dataclass(frozen=True)
class Pool:
    """An executor, and how many tasks it works on at once."""

    executor: Executor
    width: int

    def run(self, function: Callable, argument: Any) -> Any:
        """Call the function there and return what it returns."""
        return self.executor.submit(function, argument).result()

    def finished(self, function: Callable, work: Iterable[tuple[Key, Any]]) -> Iterator[tuple[Key, Any]]:
        """Yield (key, what the function made of the argument, or the Exception it raised) in the order they finish.

        The work is taken up as it is needed: one piece waits while the others run.
        """
        queue, running = iter(work), {}
        while True:
            while len(running) <= self.width and (piece := next(queue, None)) is not None:
                key, argument = piece
                running[self.executor.submit(function, argument)] = key
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.exception() or future.result()


@contextlib.contextmanager
def opened(workers: int = 0, scheduler: str = "") -> Iterator[Pool]:
    """Open a Pool: of threads, as many as there are cores where nothing is said, or the cluster of a dask scheduler."""
    if not scheduler:
        width = workers or os.cpu_count() or 1
        with ThreadPoolExecutor(width, "grading") as executor:
            yield Pool(executor, width)
        return
    where = f"scheduler {scheduler}"
    try:
        from distributed import Client
    except ImportError:
        raise MachineError(where, "expected dask.distributed, found none", "pip install distributed") from None
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        came = f"expected a dask scheduler, got {str(error)[:100]}"
        raise MachineError(where, came, "Check its address and that it runs.") from None
    with client:
        yield Pool(client.get_executor(pure=False, retries=0), 2 * max(1, sum(client.ncores().values())))
