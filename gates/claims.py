"""Would a lesson's asserts notice a false claim? Corrupt the cells that show something, one small fault at a time.

A cell that proves a concept must fail, in an assert of its own or of the next code cell, under at least one corruption;
the PyTorch cell of a twin under one that the comparing cell notices. A notebook run costs seconds and there are
thousands of corruptions, so each lesson runs in order in one process, which forks at the cells in question.

A fork has one thread: for a pool of threads that its parent had it waits for ever. So TensorFlow and torch are held to
one thread each, and forks run eagerly what tf.function traced. What waits all the same (a loaded SavedModel, a session
of TensorFlow 1) ends at a limit and is told: a fork by its timers, a lesson by the process that started it.
"""

import gc
import json
import linecache
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import types
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from itertools import islice, pairwise
from math import ceil
from pathlib import Path

from gates.corruptions import corruptions, strip_asserts, until_last_assert
from gates.findings import Finding, Gate
from gates.forks import in_large_pages, limit_memory
from gates.sources import Source, concept_rows, families, read
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
    """What cell `cell` shows, and whether an assert noticed a corruption of it; `problem` where that could not be tried."""

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
    folder: Path  # to work in, and for the report: lines of JSON

    def tell(self, **line):
        with open(self.folder / "report", "a", encoding="utf-8") as report:
            print(json.dumps(line), file=report)


def gate(sources, workers=None):
    """Return the Gate over all lessons; its numbers count the concepts that are shown, proof `run` only where an assert noticed."""
    promising = [source for source in sources if source.kind != "page"]
    claims = prove([source.folder / f"{source.name}.ipynb" for source in promising],
                   promising[0].folder / "concepts.csv", workers) if promising else []
    numbers = {source.name: {"concepts_shown": shown(source, claims)} for source in promising}
    tried = [claim for claim in claims if not claim.problem]
    figure = f"{sum(claim.noticed for claim in tried)} of {len(tried)} claims defended, {sum(claim.tried for claim in tried)} corruptions"
    return Gate("claims", figure, tuple(dict.fromkeys(findings(claims))), numbers)


def shown(source, claims):
    """Count the rows that a cell carries and, where they promise a run, an assert defends."""
    defended = {claim.name for claim in claims if claim.lesson == source.name and claim.noticed}
    carried = {f"concept:{name}" for name in families(source, "concept:")}
    return sum(f"concept:{row.id}" in (defended if row.proof == "run" else carried) for row in source.rows)


def prove(paths, concepts, workers=None, seconds=LESSON):
    """Return the claims of the lessons at `paths`, `seconds` for each at most, from a process that imports the frameworks once."""
    workers = workers or os.cpu_count() or 1
    request = json.dumps([[str(path) for path in paths], str(concepts), workers, seconds])
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:  # a pipe would wait for the last fork
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
            raise MachineError("gates.claims", f"expected the lessons' claims, got exit code {code}", ["", *err.read().splitlines()][-1])
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


def main(request):
    """Import once, run each lesson in a fork, print the claims as JSON."""
    paths, concepts, workers, seconds = json.loads(request)
    preload()
    rows = concept_rows(concepts)
    sources = [read(Path(path), rows) for path in paths]
    print(json.dumps([asdict(claim) for claim in run(sources, workers, seconds)]))


def preload():
    """Import what lessons use; no operation may run here."""
    # tensorflow after torch: the other way round the two copies of LLVM abort the process
    for name in ("matplotlib.pyplot", "torch.func", "torchvision", "tensorflow"):
        import_module(name)
    gc.freeze()  # the collector would touch, and so copy, every page in each fork
    in_large_pages()
    for _ in range(100):  # threads that only live during an import
        if not os.path.isdir("/proc/self/task") or len(os.listdir("/proc/self/task")) == 1:
            return
        time.sleep(0.05)
    raise MachineError("gates.claims", f"expected one thread before forking, found {len(os.listdir('/proc/self/task'))}")


def run(sources, workers, seconds=LESSON):
    """Return the claims of all lessons, `workers` processes at once, each ended after `seconds`."""
    with tempfile.TemporaryDirectory(prefix="claims-", ignore_cleanup_errors=True) as folder:
        waiting = sorted(jobs(sources, workers, Path(folder)), key=lambda job: len(job.targets))
        running, claims = {}, []
        while waiting or running:
            while waiting and len(running) < workers:
                job = waiting.pop()  # the longest first
                running[fork(partial(lesson_run, job, seconds))] = job, time.monotonic()
            time.sleep(0.05)
            for pid, (job, began) in list(running.items()):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if not ended and time.monotonic() - began < seconds:
                    continue
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(pid, signal.SIGKILL)  # and all that its cells started
                if not ended:
                    os.waitpid(pid, 0)
                del running[pid]
                claims += told(job, os.waitstatus_to_exitcode(status) if ended else f"stopped after {seconds} s")
                shutil.rmtree(job.folder, ignore_errors=True)
    return sorted(claims, key=lambda claim: claim.lesson)


def jobs(sources, workers, folder):
    """Return the jobs of all lessons: with TensorFlow, in parts where there are more workers than lessons, and once without it."""
    found = []
    for source in (source for source in sources if source.kind != "page"):
        codes = [i for i, cell in enumerate(source.cells) if cell.cell_type == "code"]
        targets = sorted(find_targets(source, codes).items())
        size = ceil(len(targets) / max(1, workers // len(sources))) or 1
        for start in range(0, len(targets) or 1, size):
            part = dict(targets[start:start + size])
            end = codes[-1] if start + size >= len(targets) else max(part)
            found.append(Job("run", source, tuple(i for i in codes if i <= end), part, folder / str(len(found))))
        plain = tuple(i for i in codes if "tensorflow" not in notebooks.tags(source.cells[i]))
        found.append(Job("run without TensorFlow", source, plain, {}, folder / str(len(found))))
    for job in found:
        job.folder.mkdir()
    return found


def find_targets(source, codes):
    """Return {position: targets} for the rows with proof `run` and the twins; `codes` are the positions of code cells."""
    found = {}
    asserting = {before: after for before, after in pairwise(codes) if until_last_assert(source.cells[after].source)}
    places = families(source, "concept:")
    for row in source.rows:
        for position in places.get(row.id, []) if row.proof == "run" else []:
            if position in codes:
                found.setdefault(position, []).append(Target(f"concept:{row.id}", position, asserting.get(position), False))
    for name, cells in families(source, "twin:").items():
        if len(cells) == 3 and set(cells) <= set(codes):
            found.setdefault(cells[1], []).append(Target(f"twin:{name}", cells[1], cells[2], True))
    return found


def told(job, ended):
    """Return the claims that a job reported and, where it did not come to its end itself, how and in which cell it `ended`."""
    text = (job.folder / "report").read_text(encoding="utf-8") if (job.folder / "report").exists() else ""
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    claims = [Claim(**line["claim"]) for line in lines if "claim" in line]
    if ended not in (0, 1):
        cell, since = next(((line["at"], line["since"]) for line in reversed(lines) if "at" in line), ("?", time.monotonic()))
        how = ended if isinstance(ended, str) else f"ended with exit code {ended}"
        problem = f"{job.name}: {how}, {time.monotonic() - since:.0f} s after it came to this cell"
        claims.append(Claim(job.source.name, job.name, cell, False, 0, problem=problem))
    return claims


def fork(work):
    """Return the pid of a process that does `work` and ends."""
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        status = work() or 0
    finally:
        os._exit(status)


def lesson_run(job, seconds):
    """Run a lesson's code cells in order; at each target, first its corruptions, each in a fork."""
    os.setpgid(0, 0)
    signal.alarm(ceil(seconds) + 30)  # should nobody be left to end it
    work_in(job.folder, job.source.folder)
    namespace, cells, defended = fresh_namespace(), job.source.cells, set()
    for position in job.positions:
        cell = cells[position]
        job.tell(at=cell.id, since=time.monotonic())
        targets = [target for target in job.targets.get(position, ()) if target.name not in defended]  # one cell is enough
        for claim in try_cell(job.source, targets, namespace):
            defended |= {claim.name} if claim.noticed else set()
            job.tell(claim=asdict(claim))
        if problem := execute(cell, namespace):
            job.tell(claim=asdict(Claim(job.source.name, job.name, cell.id, False, 0, problem=f"{job.name}: {problem}")))
            return 1


def work_in(folder, beside):
    """Work in a copy of what lies beside the lesson, seen by nobody: a corrupted cell may write anywhere below it."""
    work = folder / "course"
    shutil.copytree(beside, work, ignore=shutil.ignore_patterns("*.ipynb", "__pycache__"))
    os.chdir(work)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)  # autograph writes files that a killed fork cannot remove
    sys.path.insert(0, str(work))
    for number in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.stdout = sys.stderr = open(os.devnull, "w")


def fresh_namespace():
    """Return what a notebook's first cell finds."""
    import torch
    from IPython.display import display

    torch.set_num_threads(1)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.display = display
    return module.__dict__


def try_cell(source, targets, namespace):
    """Yield the claims of the targets on one cell; what the comparing cell of a twin notices defends the cell's concepts too."""
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
    """Yield (code to corrupt, (cell, code) pairs to run after it): for the cell's own asserts alone, then with those of the next cell."""
    source = cells[target.position].source
    own = "" if target.bare else until_last_assert(source)
    if own:
        yield own, []
    if target.then is not None:
        yield source, [(cells[target.then], until_last_assert(cells[target.then].source))]


def attempt(texts, namespace, wall, cpu):
    """Run (cell, code) pairs in a fork; return passed, noticed, stopped (an error) or timeout, and the wall and CPU seconds it took."""

    def work():
        signal.setitimer(signal.ITIMER_REAL, wall)
        signal.setitimer(signal.ITIMER_PROF, cpu)  # the same on a busy machine
        enter_fork(namespace)
        for cell, text in texts:
            if problem := execute(cell, namespace, text):
                return 1 if problem.startswith("AssertionError") else 2

    began = time.monotonic()
    _, status, usage = os.wait4(fork(work), 0)
    code = os.waitstatus_to_exitcode(status)
    outcome = {0: "passed", 1: "noticed", -signal.SIGALRM: "timeout", -signal.SIGPROF: "timeout"}.get(code, "stopped")
    return outcome, time.monotonic() - began, usage.ru_utime + usage.ru_stime


def enter_fork(namespace):
    """Limit the memory, work in a folder of one's own, keep off the pool of threads that the parent may have had."""
    for number in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(number, signal.SIG_DFL)
    limit_memory()
    os.chdir(shutil.copytree(os.getcwd(), os.path.join(tempfile.mkdtemp(), "course")))
    if "tf" in namespace:
        namespace["tf"].config.run_functions_eagerly(True)


def execute(cell, namespace, text=None):
    """Run a cell as Jupyter would; return what it raised, if it should not have."""
    source = cell.source if text is None else text
    filename = f"<{cell.id}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for inspect.getsource
    try:
        exec(compile(source, filename, "exec"), namespace)
    except AssertionError as error:
        return f"AssertionError: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
    except BaseException as error:  # SystemExit included
        if "raises-exception" not in notebooks.tags(cell):
            return f"{type(error).__name__}: {str(error)[:200]}"
    if "parameters" in notebooks.tags(cell):
        namespace["fast"] = True
    return None


if __name__ == "__main__":
    main(sys.argv[1])
