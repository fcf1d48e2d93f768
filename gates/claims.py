"""Would a lesson's asserts notice a false claim? Corrupt the cells that show something, one small fault at a time.

A cell that proves a concept must fail, in an assert of its own or of the next code cell, under at least one corruption;
the PyTorch cell of a twin under one that the comparing cell notices. A notebook run costs seconds and there are
thousands of corruptions, so each lesson runs in order in one process, which forks at the cells in question.

A fork has one thread: for a pool of threads that its parent had it waits for ever. So TensorFlow and torch are held to
one thread each, and forks run eagerly what tf.function traced. What waits all the same (a loaded SavedModel, a session
of TensorFlow 1) ends at a limit and is told: a fork by its timers, a lesson by the process that started it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice, pairwise
from math import ceil
from pathlib import Path

from gates import forks
from gates.faults import corruptions, strip_asserts, until_last_assert
from gates.findings import Finding, Gate
from gates.sources import Source, concept_rows, families, read
from gates.trials import fresh_namespace, run_cell
from grader import notebooks
from grader.errors import MachineError

SINGLE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "MPLBACKEND": "agg", "CUDA_VISIBLE_DEVICES": "",
}
MOST = 40  # corruptions tried per round; a cell whose first 40 go unnoticed proves nothing
START, LESSON, CELL = 300, 900, 60  # seconds for the imports; for a lesson; for a cell as it is, in a fork


@dataclass(frozen=True)
class Claim:
    """What cell `cell` shows, and whether an assert noticed a corruption of it; `problem` where that could not be
    tried."""

    lesson: str
    name: str  # concept:<id> or twin:<name>
    cell: str
    noticed: bool
    tried: int
    corruption: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Target:
    """A cell to corrupt, and the code cell after it where that asserts: positions in the lesson."""

    name: str
    position: int
    then: int | None
    bare: bool  # without the cell's own asserts, so that only the cell after it can notice


@dataclass(frozen=True)
class Job:
    """Code cells of a lesson for one process to run in order, and the targets to try on the way."""

    name: str
    source: Source
    positions: tuple
    targets: dict  # position -> targets
    seconds: float

    def work(self, tell: Callable) -> None:
        """Run the code cells in order; at each target, first its corruptions, each in a fork."""
        work_beside(self.source.folder)
        namespace, defended = fresh_namespace(), set()
        for position in self.positions:
            cell = self.source.cells[position]
            tell(at=cell.id, since=time.monotonic())
            here = [
                target for target in self.targets.get(position, ()) if target.name not in defended
            ]  # one cell is enough
            for claim in try_cell(self.source, here, namespace):
                defended |= {claim.name} if claim.noticed else set()
                tell(claim=asdict(claim))
            if problem := execute(cell, namespace):
                tell(
                    claim=asdict(
                        Claim(self.source.name, self.name, cell.id, False, 0, problem=f"{self.name}: {problem}")
                    )
                )
                return


def gate(sources, workers=None):
    """Return the Gate over all lessons; its numbers count the concepts that are shown, proof `run` only where an assert
    noticed."""
    promising = [source for source in sources if source.kind != "page"]
    claims = prove([source.folder / f"{source.name}.ipynb" for source in promising],
                   promising[0].folder / "concepts.csv", workers) if promising else []
    numbers = {source.name: {"concepts_shown": shown(source, claims)} for source in promising}
    tried = [claim for claim in claims if not claim.problem]
    defended, faults = sum(claim.noticed for claim in tried), sum(claim.tried for claim in tried)
    figure = f"{defended} of {len(tried)} claims defended, {faults} corruptions"
    return Gate("claims", figure, tuple(dict.fromkeys(findings(claims))), numbers)


def shown(source, claims):
    """Count the rows that a cell carries and, where they promise a run, an assert defends."""
    defended = {claim.name for claim in claims if claim.lesson == source.name and claim.noticed}
    carried = {f"concept:{name}" for name in families(source, "concept:")}
    return sum(f"concept:{row.id}" in (defended if row.proof == "run" else carried) for row in source.rows)


def prove(paths, concepts, workers=None, seconds=LESSON):
    """Return the claims of the lessons at `paths`, `seconds` for each at most, from a process that imports the
    frameworks once."""
    workers = workers or os.cpu_count() or 1
    request = json.dumps([[str(path) for path in paths], str(concepts), workers, seconds])
    with (
        tempfile.TemporaryFile("w+") as out,
        tempfile.TemporaryFile("w+") as err,
    ):  # a pipe would wait for the last fork
        process = subprocess.Popen([sys.executable, "-m", "gates.claims", request], cwd=notebooks.ROOT,
                                   env=os.environ | SINGLE_THREAD, stdout=out, stderr=err)
        try:
            code = process.wait(START + seconds * ceil(1 + 2 * len(paths) / workers))
        except subprocess.TimeoutExpired:
            code = "none in time"
        finally:
            process.kill()
            process.wait()
        out.seek(0)
        err.seek(0)
        if code:
            raise MachineError(
                "gates.claims",
                f"expected the lessons' claims, got exit code {code}",
                ["", *err.read().splitlines()][-1],
            )
        return [Claim(**fields) for fields in json.load(out)]


def findings(claims):
    """Return a finding for each claim that no assert defends."""
    defended = {(claim.lesson, claim.name) for claim in claims if claim.noticed}
    for claim in claims:
        where = f'course/{claim.lesson}.ipynb, cell "{claim.cell}"'
        if claim.problem:
            yield Finding(where, "a run without errors", claim.problem, "Mend the cell.")
        elif (claim.lesson, claim.name) not in defended:
            came = f"none in {claim.tried} corruptions" if claim.tried else "no statement but asserts"
            yield Finding(where, f"an assert that fails where {claim.name} is false", came,
                                "Compute the value in the cell and assert it.")


# --- in the process that forks ------------------------------------------------------------------


def main(request: str) -> None:
    """Import once, run each lesson in a fork, print the claims as JSON."""
    paths, concepts, workers, seconds = json.loads(request)
    # tensorflow after torch: the other way round the two copies of LLVM abort the process
    forks.warm(("matplotlib.pyplot", "torch.func", "torchvision", "tensorflow"))
    rows = concept_rows(concepts)
    sources = [read(Path(path), rows) for path in paths]
    print(json.dumps([asdict(claim) for claim in run(sources, workers, seconds)]))


def run(sources: list[Source], workers: int, seconds: float = LESSON) -> list[Claim]:
    """Return the claims of all lessons, `workers` processes at once, each ended after `seconds`."""
    waiting = sorted(jobs(sources, workers, seconds), key=lambda job: -len(job.targets))  # the longest first
    return sorted(
        (claim for job, report in forks.run(waiting, workers) for claim in told(job, report)),
        key=lambda claim: claim.lesson,
    )


def jobs(sources: list[Source], workers: int, seconds: float) -> list[Job]:
    """Return the jobs of all lessons: with TensorFlow, in parts where there are more workers than lessons, and once
    without it."""
    found = []
    for source in (source for source in sources if source.kind != "page"):
        codes = [i for i, cell in enumerate(source.cells) if cell.cell_type == "code"]
        targets = sorted(find_targets(source, codes).items())
        size = ceil(len(targets) / max(1, workers // len(sources))) or 1
        for start in range(0, len(targets) or 1, size):
            part = dict(targets[start:start + size])
            end = codes[-1] if start + size >= len(targets) else max(part)
            found.append(Job("run", source, tuple(i for i in codes if i <= end), part, seconds))
        plain = tuple(i for i in codes if "tensorflow" not in notebooks.tags(source.cells[i]))
        found.append(Job("run without TensorFlow", source, plain, {}, seconds))
    return found


def find_targets(source, codes):
    """Return {position: targets} for the rows with proof `run` and the twins; `codes` are the positions of code
    cells."""
    found = {}
    asserting = {before: after for before, after in pairwise(codes) if until_last_assert(source.cells[after].source)}
    places = families(source, "concept:")
    for row in source.rows:
        for position in places.get(row.id, []) if row.proof == "run" else []:
            if position in codes:
                found.setdefault(position, []).append(
                    Target(f"concept:{row.id}", position, asserting.get(position), False)
                )
    for name, cells in families(source, "twin:").items():
        if len(cells) == 3 and set(cells) <= set(codes):
            found.setdefault(cells[1], []).append(Target(f"twin:{name}", cells[1], cells[2], True))
    return found


def told(job: Job, report: forks.Report) -> list[Claim]:
    """Return the claims that a job reported and, where it did not come to its end itself, how and in which cell it
    ended."""
    claims = [Claim(**line["claim"]) for line in report.lines if "claim" in line]
    if report.ended != "done":
        cell, since = next(
            ((line["at"], line["since"]) for line in reversed(report.lines) if "at" in line), ("?", time.monotonic())
        )
        how = f"stopped after {job.seconds:g} s" if report.ended == "timeout" else "the process died"
        problem = f"{job.name}: {how}, {time.monotonic() - since:.0f} s after it came to this cell"
        claims.append(Claim(job.source.name, job.name, cell, False, 0, problem=problem))
    return claims


def work_beside(folder: Path) -> None:
    """Work in a copy of what lies beside the lesson, seen by nobody: a corrupted cell may write anywhere below it."""
    work = shutil.copytree(folder, "course", ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
    os.chdir(work)
    sys.path.insert(0, os.getcwd())


def try_cell(source, targets, namespace):
    """Yield the claims of the targets on one cell; what the comparing cell of a twin notices defends the cell's
    concepts too."""
    claim = None
    for bare in (True, False):
        alike = [target for target in targets if target.bare is bare]
        if alike and not (claim and claim.noticed):
            claim = corrupt(source, alike[0], namespace)
        yield from (replace(claim, name=target.name) for target in alike)


def corrupt(source, target, namespace):
    """Corrupt the target's cell until an assert notices, at most MOST times a round; each try in a fork."""
    cell, tried = source.cells[target.position], 0
    claim = partial(Claim, source.name, target.name, cell.id)
    for code, then in rounds(source.cells, target):

        def attempt_with(text, wall, cpu, then=then):
            return attempt([(cell, strip_asserts(text) if target.bare else text), *then], namespace, wall, cpu)

        outcome, wall, cpu = attempt_with(code, CELL, CELL)
        if outcome != "passed":
            return claim(False, tried, problem=f"{outcome} after {wall:.0f} s in a fork of the cell as written")
        for line, corrupted in islice(corruptions(code), MOST):
            tried += 1
            if attempt_with(corrupted, max(3, 8 * wall), max(1, 4 * cpu))[0] == "noticed":
                return claim(True, tried, line)
    return claim(False, tried)


def rounds(cells, target):
    """Yield (code to corrupt, (cell, code) pairs to run after it): for the cell's own asserts alone, then with those of
    the next cell."""
    source = cells[target.position].source
    own = "" if target.bare else until_last_assert(source)
    if own:
        yield own, []
    if target.then is not None:
        yield source, [(cells[target.then], until_last_assert(cells[target.then].source))]


def attempt(texts, namespace, wall, cpu):
    """Run (cell, code) pairs in a fork; return passed, noticed, stopped (an error) or timeout, and the wall and CPU
    seconds it took."""

    def work():
        signal.setitimer(signal.ITIMER_REAL, wall)
        signal.setitimer(signal.ITIMER_PROF, cpu)  # the same on a busy machine
        enter_fork(namespace)
        for cell, text in texts:
            if problem := execute(cell, namespace, text):
                return 1 if problem.startswith("AssertionError") else 2

    began = time.monotonic()
    _, status, usage = os.wait4(forks.fork(work), 0)
    code = os.waitstatus_to_exitcode(status)
    outcome = {0: "passed", 1: "noticed", -signal.SIGALRM: "timeout", -signal.SIGPROF: "timeout"}.get(code, "stopped")
    return outcome, time.monotonic() - began, usage.ru_utime + usage.ru_stime


def enter_fork(namespace):
    """Limit the memory, work in a folder of one's own, keep off the pool of threads that the parent may have had."""
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    forks.limit_memory()
    os.chdir(shutil.copytree(os.getcwd(), os.path.join(tempfile.mkdtemp(), "course")))
    if "tf" in namespace:
        namespace["tf"].config.run_functions_eagerly(True)


def execute(cell, namespace: dict, text: str | None = None) -> str:
    """Run a cell as Jupyter would; return what it raised, if it should not have."""
    outcome = run_cell(cell.id, cell.source if text is None else text, namespace)
    if "parameters" in notebooks.tags(cell):
        namespace["fast"] = True
    if outcome.kind == "error" and "raises-exception" in notebooks.tags(cell):
        return ""
    said = next(iter(outcome.message.splitlines()), "")[:200]
    return f"AssertionError: {said}" if outcome.kind in ("failed", "silent") else said


if __name__ == "__main__":
    main(sys.argv[1])
