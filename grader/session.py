"""One kernel through nbclient: run a cell, ask a question beside the cells, and never be filled or fooled by it.

What is known to come next can be sent ahead: the kernel then goes on while its last reply is still being read here.
Each round trip costs 8 ms and more, a request that waits there already 2 or 3.
"""

import ast
import contextlib
import os
import secrets
import time
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode

from grader.errors import MachineError
from grader.seen import CellRun, Limits

WATCH = Path(__file__).with_name("watch.py").read_text(encoding="utf-8")
WATCH_SECONDS = 10
WARM = "warm-python3"
LARGEST_MESSAGE = 64 * 2**20  # bytes
SMALL = 2000  # characters; a progress bar's step
SCRAP = {"cell_type": "code", "metadata": {}, "outputs": []}  # new_code_cell would hold each to the notebook format
CALL = "__import__('sys').modules['_probe'].{}(globals(), {})"
LOAD = f"""import sys as _s, types as _t
_s.modules['_probe'] = _t.ModuleType('_probe'); exec({WATCH!r}, vars(_s.modules['_probe'])); del _s, _t
get_ipython().InteractiveTB.set_mode("Plain")"""  # with source lines, a thousand frames take half a minute to tell


@dataclass(frozen=True)
class Request:
    """What is sent to a kernel: code, an expression to be answered after it, whether it is a cell of the notebook."""

    code: str
    question: str = ""
    is_cell: bool = False


class Kernel:
    """A started kernel and what may be asked of it; `own` are the names that answers define."""

    def __init__(self, client: "_Client", limits: Limits, own: frozenset[str]):
        self.client, self.limits, self.own = client, limits, own
        self.deadline = float("inf")  # after which it answers nothing more
        self.python = "python" in str(client.nb.metadata.get("kernelspec", {}).get("language", "python"))
        self.dead = False
        if self.python:
            self._ask(Request(LOAD), 3 * WATCH_SECONDS)

    def send_ahead(self, requests: list[Request]) -> None:
        """Send what is asked for next: exactly these, in this order."""
        for request in requests if not self.dead else ():
            self.client.kc.send_ahead(request)

    def request(self, cell: NotebookNode, quiet: bool = False) -> Request | None:
        """Return the request that `run`, or `quiet`, makes for a cell; None where nbclient makes none."""
        left_out = self.client.skip_cells_with_tag in cell.metadata.get("tags", []) and not quiet
        return None if left_out or not cell.source.strip() else Request(cell.source, is_cell=not quiet)

    def question(self, name: str, *arguments: Any) -> Request | None:
        """Return the request that `call` makes."""
        call = CALL.format(name, ", ".join(map(repr, (set(self.own), *arguments))))
        return Request("pass", call) if self.python else None

    def run(self, cell: NotebookNode, index: int, seconds: float) -> CellRun:
        """Run a cell of the notebook; return its CellRun."""
        if self.dead:
            return CellRun("died", "DeadKernelError", "the kernel had died")
        began = time.monotonic()
        cell.outputs = []
        try:
            reply = _plain(self._execute(cell, index, seconds, Request(cell.source, is_cell=True)))
        except Exception as error:  # a dead kernel, a stuck one, or messages that no honest kernel sends
            self.dead = True
            return _died(cell, isinstance(error, CellTimeoutError), seconds, time.monotonic() - began)
        return _judged(cell, reply, time.monotonic() - began, seconds)

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of watch.py in the kernel; None where it gives no answer or the kernel speaks no Python."""
        if not self.python:
            return None
        reply = self._ask(self.question(name, *arguments), WATCH_SECONDS)
        if (reply or {}).get("ename") == "TimeLimit":  # no answer: what ran before it still holds the kernel
            self.dead = True
        try:
            return ast.literal_eval(reply["user_expressions"]["answer"]["data"]["text/plain"])
        except (KeyError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError):
            return None

    def restored(self, source: str, bound: Collection[str] = ()) -> str:
        """Return source that first puts back what an answer has replaced, and takes away what it has bound."""
        if not self.python:
            return source
        own = repr(set(self.own))
        return f"{CALL.format('restore', own)}\n{CALL.format('forget', f'{own}, {set(bound)!r}')}\n{source}"

    def quiet(self, source: str, seconds: float) -> str:
        """Run source that leaves no trace in the notebook; return ok, error or died."""
        reply = self._ask(Request(source), seconds)
        return "died" if reply is None else "ok" if reply.get("status") == "ok" else "error"

    def _ask(self, request: Request, seconds: float) -> dict | None:
        """Make one request outside the cells; return the reply's content, None where none came in time."""
        if self.dead or time.monotonic() > self.deadline + WATCH_SECONDS:
            return None
        scrap = nbformat.from_dict(SCRAP | {"source": request.code})
        kept = len(self.client.nb.cells)
        self.client.nb.cells.append(scrap)
        try:
            return self._execute(scrap, kept, seconds, request)
        except Exception:  # as above
            self.dead = True
            return None
        finally:
            del self.client.nb.cells[kept:]

    def _execute(self, cell: NotebookNode, index: int, seconds: float, request: Request) -> dict:
        """Have nbclient execute one cell, within what it may use; return the reply's content, {} where none came."""
        seen: dict = {}
        self.client.timeout, self.client.room = int(seconds) or 1, self.limits.output_bytes
        self.client.kc.due = request
        self.client.on_cell_executed = lambda cell, cell_index, execute_reply: seen.update(execute_reply["content"])
        self.client.execute_cell(cell, index)
        return seen


def _died(cell: NotebookNode, late: bool, seconds: float, took: float) -> CellRun:
    """Return the CellRun of a cell that ended its kernel, and say so in its outputs."""
    error, words = "KernelDied", "the kernel died while this cell ran"
    if late:
        error, words = "TimeLimit", f"time limit: still running after {seconds:.0f} s, and would not stop"
    append_error(cell, error, words)
    return CellRun("died", error, words, took)


def _judged(cell: NotebookNode, reply: dict, took: float, seconds: float) -> CellRun:
    """Return the CellRun that a reply gives: it decides, not what the cell printed."""
    if not cell.source.strip() or reply.get("status") == "ok":
        return CellRun("passed", seconds=took)
    if not reply:
        return CellRun("skipped", "NotRun", "the course's own tag leaves it out")
    if reply.get("ename") == "TimeLimit":
        append_error(cell, "TimeLimit", f"time limit: stopped after {seconds:.0f} s")
        return CellRun("timeout", "TimeLimit", f"time limit: stopped after {seconds:.0f} s", took)
    error, message = str(reply.get("ename", "Error")), str(reply.get("evalue", ""))
    if not any(output.output_type == "error" for output in cell.outputs):
        append_error(cell, error, message)
    return CellRun("failed", error, message[:2000], took)


def append_error(cell: NotebookNode, name: str, message: str) -> None:
    """Put an error among a cell's outputs."""
    cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"]))


class _Client(NotebookClient):
    """nbclient, with a limit on what one cell may print, and no more than outputs taken over from the kernel."""

    room = 0

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.client_factory = _guarded(manager.client_factory)
        return manager

    def process_message(self, msg, cell, cell_index):
        msg["content"] = _plain(msg["content"])
        return super().process_message(msg, cell, cell_index)

    def output(self, outs, msg, display_id, cell_index):
        if self.room < 0 or not _is_output(msg["content"]):
            return None
        if not self._fits(msg):
            cut = "... output cut here: it was too long\n"
            outs.append(nbformat.v4.new_output("stream", name="stdout", text=cut))
            return None
        return super().output(outs, msg, display_id, cell_index)

    def _update_display_id(self, display_id, msg):
        if _is_output(msg["content"]) and (len(str(msg["content"])) < SMALL or self._fits(msg)):  # in another's place
            super()._update_display_id(display_id, msg)

    def _fits(self, msg):
        self.room -= len(str(msg["content"]))
        return self.room >= 0

    def clear_output(self, outs, msg, cell_index):
        return None  # what was printed stays: a test's error must not be wiped off

    def handle_comm_msg(self, outs, msg, cell_index):
        return None  # no widget is looking; its state would be kept without a limit


def _guarded(client: type) -> type:
    """Return a client class that no kernel fills, and that makes our requests where nbclient makes its own.

    A message that is too large ends its connection before a byte of it is kept. nbclient calls `execute` with a cell's
    source and has no argument for a question, nor a way to send ahead: this is the one place where ours come in.
    """

    class Guarded(client):
        due: Request | None = None

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.sent: deque[tuple[Request, str]] = deque()

        def start_channels(self, *args, **kwargs):
            self.context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
            super().start_channels(*args, **kwargs)

        def send_ahead(self, request):
            # a number that no reply can be sent ahead of
            self.session.message_count = secrets.randbits(48)
            asked = {"user_expressions": {"answer": request.question} if request.question else {}}
            options = {"store_history": request.is_cell, "stop_on_error": False, **asked}
            self.sent.append((request, super().execute(request.code, **options)))

        def execute(self, code, **options):
            if not self.sent:
                self.send_ahead(self.due)
            request, number = self.sent.popleft()
            if (request, request.code) != (self.due, code):
                raise RuntimeError(f"asked for {self.due}, but {request} had been sent ahead")
            return number

    return Guarded


def _is_output(content: dict) -> bool:
    """Return whether a message says what a notebook may hold; a kernel can send anything."""
    data = content.get("data", {})
    return isinstance(data, dict) and all(isinstance(value, str) or "json" in kind for kind, value in data.items())


def _plain(value: Any) -> Any:
    """Return a message's content without what no database and no file takes: NUL, and halves of surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


@contextlib.contextmanager
def opened(
    notebook: NotebookNode, kernel: str, limits: Limits, own: frozenset[str], folder: Path
) -> Iterator[Kernel]:
    """Start the kernel by its name in a folder; whatever happens, it is gone afterwards."""
    client = _Client(
        notebook,
        kernel_name=kernel,
        allow_errors=True,
        interrupt_on_timeout=True,
        raise_on_iopub_timeout=True,
        startup_timeout=limits.start_seconds,
        shutdown_kernel="immediate",
        record_timing=False,
        coalesce_streams=True,
        error_on_timeout={"ename": "TimeLimit", "evalue": "", "traceback": []},
        resources={"metadata": {"path": str(folder)}},
    )
    client.log.setLevel("CRITICAL")
    with client.setup_kernel():
        if getattr(client.km.provisioner, "level", "none") == "none" and os.environ.get("GRADER_SANDBOX") != "none":
            remedy = "Name a kernel with walls, or none; GRADER_SANDBOX=none grades without."
            raise MachineError(f"kernel {kernel!r}", "expected one behind walls, got one without", remedy)
        yield Kernel(client, limits, own)


def find_kernel(named: str = "", notebook: NotebookNode | None = None, asked: str = "") -> tuple[str, str]:
    """Return the kernel to grade a notebook on, and a sentence where it is not the one `named` by the course.

    `asked` is this run's own choice. Python runs behind walls whatever its kernel's name; another language only on its
    own kernel, which has none. MachineError where that leaves no kernel, or only one that was not asked for.
    """
    known = {name: spec["spec"] for name, spec in _kernel_specs().items()}
    open_allowed = os.environ.get("GRADER_SANDBOX") == "none"
    if asked and asked not in known:
        raise MachineError(f"kernel {asked!r}", f"expected one of {', '.join(sorted(known))}", "Name one of them.")
    notebook = notebook or nbformat.v4.new_notebook()
    language, own = _language(notebook), notebook.metadata.get("kernelspec", {}).get("name", "")
    name = asked or named or (WARM if language == "python" else own)
    if language != "python":
        return _foreign(name, language, known, open_allowed), ""
    if name in known and (open_allowed or _has_walls(known[name])):
        return name, ""
    if WARM in known:
        installed = name == "python3" or name in known
        missing = f"kernel {name} is not installed: grading on {WARM}, with the packages found there"
        return WARM, "" if installed else missing
    if not open_allowed:
        remedy = "Run make setup; GRADER_SANDBOX=none grades without walls."
        raise MachineError(f"kernel {WARM!r}", f"expected one of {', '.join(sorted(known))}", remedy)
    why = "grading on python3, without a sandbox and with a cold start for each submission"
    return "python3", f"kernel {name} is not installed: {why}"


def _kernel_specs() -> dict[str, dict]:
    return NotebookClient(nbformat.v4.new_notebook()).create_kernel_manager().kernel_spec_manager.get_all_specs()


def _language(notebook: NotebookNode) -> str:
    """Return the language that a notebook is written in; where it says none, Python as with nbgrader."""
    spec, info = notebook.metadata.get("kernelspec", {}), notebook.metadata.get("language_info", {})
    return str(spec.get("language") or info.get("name") or "python").lower()


def _has_walls(spec: dict) -> bool:
    return spec.get("metadata", {}).get("kernel_provisioner", {}).get("provisioner_name") == "warm"


def _foreign(name: str, language: str, known: dict[str, dict], open_allowed: bool) -> str:
    """Return the kernel of another language where it is there and walls are not asked for; MachineError elsewhere."""
    where = f"kernel {name!r}"
    if name not in known:
        found = ", ".join(sorted(known))
        remedy = "Install it, or leave the lesson out."
        raise MachineError(where, f"expected a kernel for {language}, found {found}", remedy)
    if not open_allowed:
        came = f"expected a Python kernel, which runs behind walls, got one for {language}"
        raise MachineError(where, came, "GRADER_SANDBOX=none grades on it without walls, as nbgrader does.")
    return name
