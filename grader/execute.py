"""Run one assembled notebook through nbclient: limits, kernel death, what is kept.

A kernel that dies or will not stop costs the exercise that was running; the others run again in a kernel without it.
After the tests, known wrong answers run in the same kernel: where one passes, the tests were tampered with.
"""

import ast
import contextlib
import os
import random
import secrets
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError

from grader import notebooks
from grader.assemble import Assembled, is_test
from grader.errors import MachineError

PROBE = Path(__file__).with_name("watch.py").read_text(encoding="utf-8")
PROBE_SECONDS = 10
WARM = "warm-python3"
LARGEST_MESSAGE = 64 * 2**20  # bytes
SMALL = 2000  # characters; a progress bar's step
SCRAP = {"cell_type": "code", "metadata": {}, "outputs": []}  # new_code_cell would hold each to the notebook format
PREFIX = "grader-work-"
CALL = "__import__('sys').modules['_probe'].{}(globals(), {})"
LOAD = f"""import sys as _s, types as _t
_s.modules['_probe'] = _t.ModuleType('_probe'); exec({PROBE!r}, vars(_s.modules['_probe'])); del _s, _t
get_ipython().InteractiveTB.set_mode("Plain")  # with source lines, a thousand frames of recursion take half a minute to tell"""


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
    fails: tuple = ()  # grade_ids


@dataclass(frozen=True)
class Task:
    """All that is needed to run one submission anywhere: travels to another process or machine."""

    assembled: Assembled
    kernel: str
    limits: Limits = Limits()
    files: dict = field(default_factory=dict)  # name -> bytes, put beside the notebook
    canaries: tuple = ()


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
    failed: tuple = ()
    died: bool = False

    @property
    def passed(self):
        """Return whether it got through: none of the tests that must refuse it did."""
        return not self.died and not (set(self.failed) & set(self.canary.fails) if self.canary.fails else self.failed)


@dataclass(frozen=True)
class Run:
    """The executed notebook, a CellRun per cell index, and what was seen besides."""

    notebook: object
    cells: dict
    canaries: tuple = ()
    changed: tuple = ()  # (exercise, what was replaced)
    seconds: float = 0.0
    kernels: int = 1


def execute(task):
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
    return Run(job.notebook, job.runs, tuple(job.canaries), tuple(job.changed), time.monotonic() - began, job.kernels)


class _Job:
    """One notebook on its way through as many kernels as it needs."""

    def __init__(self, task, deadline):
        self.task, self.deadline, self.assembled = task, deadline, task.assembled
        self.notebook = notebooks.copy(task.assembled.notebook)
        self.exercises, self.names = task.assembled.exercises, task.assembled.names
        self.ends = {name: i for i, name in enumerate(self.exercises) if self.notebook.cells[i].cell_type == "code"}
        self.runs, self.suspects, self.settled = {}, set(), set(self.names) - set(self.ends)
        self.canaries, self.changed, self.kernels = [], [], 0

    def open(self):
        """Return the exercises that have not been judged yet, in order."""
        return [name for name in self.names if name not in self.settled]

    def innocent(self):
        """Return the exercises still open that were not running when a kernel died."""
        return [name for name in self.open() if name not in self.suspects]

    def attempt(self, folder, judged, alone=False):
        """Run in one kernel the shared cells, the solutions before (unless alone) and the exercises to be judged."""
        self.kernels += 1
        with _kernel(self.notebook, self.task, folder, self.deadline) as kernel:
            ended = self._run_all(kernel, judged, alone)
            if ended is None:
                self._watch(kernel)
            elif ended:
                self._judge_again(judged)

    def _run_all(self, kernel, judged, alone):
        """Run the cells; return the exercise that ended the kernel ("" for a shared cell), None where it lives."""
        last = (None, False)
        for index, name in self._order(judged, alone):
            place = (name, is_test(self.notebook.cells[index]))
            if place != last and not self._cross(kernel, last[0], name):
                return self._blame(last[0], self._timed_out(last[0]), alone)  # it left the kernel stuck
            last = place
            if not self._run(kernel, index, name, judged):
                return self._blame(name, self.runs[index].error == "TimeLimit" if index in self.runs else False, alone)
            if name in judged and index == self.ends[name]:
                self.settled.add(name)
        self._cross(kernel, last[0], "")
        return None

    def _judge_again(self, judged):
        """Take back what scored in a kernel that ended before the canaries could be tried in it."""
        watched = {canary.exercise for canary in self.task.canaries}
        for name in (judged & self.settled & watched) - self.suspects:
            if any(self._scored(index) for index in self.assembled.tests(name)):
                self.settled.discard(name)
                for index in [index for index in self.runs if self.exercises[index] == name]:
                    del self.runs[index]
                    self.notebook.cells[index].outputs = []

    def _timed_out(self, name):
        return any(run.status == "timeout" for index, run in self.runs.items() if self.exercises[index] == name)

    def _order(self, judged, alone):
        """Return (index, exercise) of the cells to run: no suspects, no tests that are settled, alone nobody else's."""
        for index, cell in enumerate(self.notebook.cells):
            name = self.exercises[index]
            if cell.cell_type != "code":
                continue
            if not name or name in judged or not (alone or name in self.suspects or is_test(cell)):
                yield index, name

    def _cross(self, kernel, last, name):
        """Between an answer and its tests, and between two exercises, put back what the answer replaced; return whether it lives."""
        if last:
            said = kernel.call("restore", last != name)
            if not isinstance(said, list) and kernel.python and not kernel.dead:
                said = ["what it changed could not be looked at"]
            self.changed += [(last, str(what)[:200]) for what in said or ()]
        elif name:  # the shared cells before the first exercise, or between two, have run
            kernel.call("remember")
        return not kernel.dead or not last

    def _run(self, kernel, index, name, judged):
        """Run one cell and note what came of it; return whether the kernel lives on."""
        cell = self.notebook.cells[index]
        seconds = min(self.task.limits.cell_seconds, max(1.0, self.deadline - time.monotonic()))
        if name and name not in judged:
            return kernel.quiet(cell.source, seconds) != "died"
        if name and self.runs.get(index, CellRun("")).status == "skipped":
            return True
        self.runs[index] = run = kernel.run(cell, index, seconds)
        if run.status == "timeout" and name:  # one time limit for an exercise, not one for each test
            self.skip(name, "its exercise had used up its time")
            return False  # the interrupt may reach the kernel late, and hit another exercise
        return run.status != "died"

    def skip(self, name, why):
        """Note for every cell of the exercise that was not run why it was not."""
        for index, cell in enumerate(self.notebook.cells):
            if self.exercises[index] == name and cell.cell_type == "code" and index not in self.runs:
                self.runs[index] = CellRun("skipped", "NotRun", why)
                _append_error(cell, "NotRun", why)

    def _blame(self, name, stuck, alone):
        """Settle and return the exercise that was running when the kernel died; one that may be a victim runs once more, alone."""
        if name and not stuck and not alone and len(self.names) > 1:
            self.suspects.add(name)
            return name
        for lost in [name] if name else self.open():
            self.skip(lost, "the kernel had died")
            self.settled.add(lost)
            self.suspects.add(lost)
        return name

    def _watch(self, kernel):
        """Put the canaries in place of the answers that scored, in random order, and run their tests again."""
        done = {run.canary.exercise for run in self.canaries}
        scored = {name for name in self.settled - done if any(self._scored(i) for i in self.assembled.tests(name))}
        canaries = [canary for canary in self.task.canaries if canary.exercise in scored]
        random.shuffle(canaries)
        self.canaries += [self._canary(kernel, canary) for canary in canaries]

    def _scored(self, index):
        return self.runs.get(index, CellRun("")).status == "passed"

    def _canary(self, kernel, canary):
        """Run a known wrong answer and the tests that must refuse it, until one does; without that knowledge, all tests.

        The answer goes with the first of them in one request.
        """
        cells = [self.notebook.cells[index] for index in self.assembled.tests(canary.exercise)]
        cells = [cell for cell in cells if not canary.fails or cell.metadata.nbgrader["grade_id"] in canary.fails]
        before, failed = kernel.restored(canary.source), []
        for cell in cells:
            status = kernel.quiet(f"{before}\n{cell.source}", self.task.limits.cell_seconds)
            if status == "died":
                return CanaryRun(canary, died=True)
            if status != "ok":
                failed.append(cell.metadata.nbgrader["grade_id"])
            if failed and canary.fails:
                break
            before = ""
        return CanaryRun(canary, tuple(failed))


class _Client(NotebookClient):
    """nbclient, with a limit on what one cell may print, and no more than outputs taken over from the kernel."""

    room = 0

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.client_factory = _narrow(manager.client_factory)
        return manager

    def process_message(self, msg, cell, cell_index):
        msg["content"] = _plain(msg["content"])
        return super().process_message(msg, cell, cell_index)

    def output(self, outs, msg, display_id, cell_index):
        if self.room < 0 or not _is_output(msg["content"]):
            return None
        if not self._fits(msg):
            outs.append(nbformat.v4.new_output("stream", name="stdout", text="... output cut here: it was too long\n"))
            return None
        return super().output(outs, msg, display_id, cell_index)

    def _update_display_id(self, display_id, msg):
        if _is_output(msg["content"]) and (len(str(msg["content"])) < SMALL or self._fits(msg)):  # it takes the place of another
            super()._update_display_id(display_id, msg)

    def _fits(self, msg):
        self.room -= len(str(msg["content"]))
        return self.room >= 0

    def clear_output(self, outs, msg, cell_index):
        return None  # what was printed stays: a test's error must not be wiped off

    def handle_comm_msg(self, outs, msg, cell_index):
        return None  # no widget is looking; its state would be kept without a limit


def _narrow(client):
    """Return a client class that no kernel fills: a larger message ends its connection before a byte of it is kept."""

    class Narrow(client):
        def start_channels(self, *args, **kwargs):
            self.context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
            super().start_channels(*args, **kwargs)

    return Narrow


def _is_output(content):
    """Return whether a message says what a notebook may hold; a kernel can send anything."""
    data = content.get("data", {})
    return isinstance(data, dict) and all(isinstance(value, str) or "json" in kind for kind, value in data.items())


def _plain(value):
    """Return a message's content without what no database and no file takes: NUL, and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


class _Kernel:
    """A started kernel and what may be asked of it."""

    def __init__(self, client, limits, own, deadline):
        self.client, self.limits, self.own, self.deadline = client, limits, own, deadline
        self.python = "python" in str(client.nb.metadata.get("kernelspec", {}).get("language", "python"))
        self.dead = False
        if self.python:
            self.ask(LOAD, 3 * PROBE_SECONDS)

    def run(self, cell, index, seconds):
        """Run a cell of the notebook; return its CellRun."""
        if self.dead:
            return CellRun("died", "DeadKernelError", "the kernel had died")
        began, seen = time.monotonic(), {}
        self._ready(seconds)
        self.client.on_cell_executed = lambda cell, cell_index, execute_reply: seen.update(_plain(execute_reply["content"]))
        cell.outputs = []
        try:
            self.client.execute_cell(cell, index)
        except Exception as error:  # a dead kernel, a stuck one, or messages that no honest kernel sends
            self.dead = True
            late = isinstance(error, CellTimeoutError)
            words = (
                f"time limit: still running after {seconds:.0f} s, and would not stop" if late else "the kernel died while this cell ran"
            )
            _append_error(cell, "TimeLimit" if late else "KernelDied", words)
            return CellRun("died", "TimeLimit" if late else "KernelDied", words, time.monotonic() - began)
        return self._judge(cell, seen, time.monotonic() - began, seconds)

    def _judge(self, cell, reply, took, seconds):
        """The execute reply decides, not what the cell printed."""
        if not cell.source.strip() or reply.get("status") == "ok":
            return CellRun("passed", seconds=took)
        if not reply:
            return CellRun("skipped", "NotRun", "the course's own tag leaves it out")
        if reply.get("ename") == "TimeLimit":
            _append_error(cell, "TimeLimit", f"time limit: stopped after {seconds:.0f} s")
            return CellRun("timeout", "TimeLimit", f"time limit: stopped after {seconds:.0f} s", took)
        error, message = str(reply.get("ename", "Error")), str(reply.get("evalue", ""))
        if not any(output.output_type == "error" for output in cell.outputs):
            _append_error(cell, error, message)
        return CellRun("failed", error, message[:2000], took)

    def _ready(self, seconds):
        """Set what the next request may use, and give it a number that no reply sent ahead of it can guess."""
        self.client.timeout, self.client.room = int(seconds) or 1, self.limits.output_bytes
        self.client.kc.session.message_count = secrets.randbits(48)

    def call(self, name, *arguments):
        """Call a function of the probe in the kernel; None where it gives no answer or the kernel speaks no Python."""
        if not self.python:
            return None
        call = CALL.format(name, ", ".join(map(repr, (set(self.own), *arguments))))
        reply = self.ask("", PROBE_SECONDS, {"answer": call})
        if (reply or {}).get("ename") == "TimeLimit":  # no answer: what ran before it still holds the kernel
            self.dead = True
        try:
            return ast.literal_eval(reply["user_expressions"]["answer"]["data"]["text/plain"])
        except (KeyError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None

    def restored(self, source):
        """Return source that first puts back what an answer has replaced."""
        return f"{CALL.format('restore', set(self.own) or '()')}\n{source}" if self.python else source

    def quiet(self, source, seconds):
        """Run source that leaves no trace in the notebook; return ok, error or died."""
        reply = self.ask(source, seconds)
        return "died" if reply is None else "ok" if reply.get("status") == "ok" else "error"

    def ask(self, source, seconds, expressions=None):
        """Send one execute request outside the cells; return the reply's content, None where none came in time."""
        if self.dead or time.monotonic() > self.deadline + PROBE_SECONDS:
            return None
        scrap = nbformat.from_dict(SCRAP | {"source": source or "pass"})  # nbclient skips an empty cell
        try:
            with self._expressions(expressions):
                self._ready(seconds)
                seen = {}
                self.client.on_cell_executed = lambda cell, cell_index, execute_reply: seen.update(execute_reply["content"])
                kept = len(self.client.nb.cells)
                self.client.nb.cells.append(scrap)
                try:
                    self.client.execute_cell(scrap, kept, store_history=False)
                finally:
                    del self.client.nb.cells[kept:]
        except Exception:  # as above
            self.dead = True
            return None
        return seen

    @contextlib.contextmanager
    def _expressions(self, expressions):
        """Add user_expressions to the next request; nbclient has no argument for them."""
        send = self.client.kc.execute
        self.client.kc.execute = lambda code, **options: send(code, user_expressions=expressions, **options)
        try:
            yield
        finally:
            self.client.kc.execute = send


def _append_error(cell, name, message):
    cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"]))


@contextlib.contextmanager
def _kernel(notebook, task, folder, deadline):
    """Start the kernel by its name; whatever happens, it is gone afterwards."""
    client = _Client(
        notebook,
        kernel_name=task.kernel,
        allow_errors=True,
        interrupt_on_timeout=True,
        raise_on_iopub_timeout=True,
        startup_timeout=task.limits.start_seconds,
        shutdown_kernel="immediate",
        record_timing=False,
        coalesce_streams=True,
        error_on_timeout={"ename": "TimeLimit", "evalue": "", "traceback": []},
        resources={"metadata": {"path": str(folder)}},
    )
    client.log.setLevel("CRITICAL")
    with client.setup_kernel():
        yield _Kernel(client, task.limits, task.assembled.own, deadline)


@contextlib.contextmanager
def _work_folder(files):
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


def find_kernel(wanted=""):
    """Return the name of the kernel to grade on, and a sentence where it is not the one wanted.

    MachineError where only one without walls is left, and GRADER_SANDBOX does not ask for that.
    """
    known = NotebookClient(nbformat.v4.new_notebook()).create_kernel_manager().kernel_spec_manager.find_kernel_specs()
    name = wanted or WARM
    if name in known:
        return name, ""
    if os.environ.get("GRADER_SANDBOX") != "none":
        raise MachineError(
            f"kernel {name!r}", f"expected one of {', '.join(sorted(known))}", "Run make setup; GRADER_SANDBOX=none grades without walls."
        )
    return "python3", f"kernel {name} is not installed: grading on python3, without a sandbox and with a cold start for each submission"


def sweep():
    """Remove the work folders of graders that were killed; return how many there were."""
    swept = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)
            swept += 1
    return swept
