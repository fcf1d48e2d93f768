"""One kernel through nbclient: run a cell, ask a question beside the cells, and never be filled or fooled by it.

What is known to come next can be sent ahead: the kernel then goes on while its last reply is still being read here.
Each round trip costs 8 ms and more, a request that waits there already 2 or 3.
"""

import contextlib
import json
import os
import secrets
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import zmq
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode

from grader import messages
from grader.errors import MachineError
from grader.messages import Budget, Reply
from grader.seen import CellRun, Limits

PROBE = "\n".join(Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8") for name in ("watch", "perturb"))
WATCH_SECONDS = 10
WARM = "warm-python3"
SMALL = 2000  # characters; a progress bar's step
LARGEST_MESSAGE = 64 * 2**20  # bytes
SCRAP = {"cell_type": "code", "metadata": {}, "outputs": []}  # new_code_cell would hold each to the notebook format
CALL = "__import__('sys').modules['_probe'].{}(globals(), {})"
# with source lines in it, a traceback of a thousand frames takes half a minute to tell
LOAD = f"""import sys as _s, types as _t
_s.modules['_probe'] = _t.ModuleType('_probe'); exec({PROBE!r}, vars(_s.modules['_probe'])); del _s, _t
get_ipython().InteractiveTB.set_mode("Plain")"""


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
        self.lack = str(getattr(client.km.provisioner, "reason", ""))
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

    def question(self, *calls: tuple, code: str = "pass") -> Request | None:
        """Return the request that `ask` makes, after some code; None where the kernel speaks no Python."""
        answer = f"__import__('json').dumps(({', '.join(map(self._call, calls))},)[0]).encode().hex()"
        return Request(code, answer) if self.python else None

    def after(self, source: str, *calls: tuple) -> str:
        """Return source that first calls functions of watch.py and perturb.py."""
        return "\n".join([*map(self._call, calls), source]) if self.python else source

    def _call(self, call: tuple) -> str:
        name, *arguments = call
        return CALL.format(name, ", ".join(map(repr, (set(self.own), *arguments))))

    def run(self, cell: NotebookNode, index: int, seconds: float) -> CellRun:
        """Run a cell of the notebook; return its CellRun."""
        if self.dead:
            return CellRun("died", "DeadKernelError", "the kernel had died")
        began = time.monotonic()
        cell.outputs = []
        try:
            reply = self._execute(cell, index, seconds, Request(cell.source, is_cell=True))
        except Exception as error:  # a dead kernel, a stuck one, or messages that no honest kernel sends
            self.dead = True
            return _died(cell, isinstance(error, CellTimeoutError), seconds, time.monotonic() - began)
        return _judged(cell, reply, time.monotonic() - began, seconds)

    def ask(self, *calls: tuple) -> Any:
        """Call functions of watch.py and perturb.py, each (name, arguments), in the kernel; return what the first says.

        None where it gives no answer or the kernel speaks no Python.
        """
        if not self.python:
            return None
        reply = self._ask(self.question(*calls), WATCH_SECONDS)
        if reply and reply.error == "TimeLimit":  # no answer: what ran before it still holds the kernel
            self.dead = True
        try:  # no Python's literal: the parser is not safe in threads
            return json.loads(bytes.fromhex(reply.answer.strip("'")))
        except (AttributeError, ValueError, RecursionError):
            return None

    def quiet(self, request: Request, seconds: float) -> CellRun:
        """Run what leaves no trace in the notebook; return its CellRun."""
        reply = self._ask(request, seconds)
        return _seen(reply, seconds) if reply else CellRun("died", "KernelDied")

    def _ask(self, request: Request, seconds: float) -> Reply | None:
        """Make one request outside the cells; return the reply, None where none came in time."""
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

    def _execute(self, cell: NotebookNode, index: int, seconds: float, request: Request) -> Reply:
        """Have nbclient execute one cell, within what it may use; return the reply, an empty one where none came."""
        replies: list[Reply] = []
        self.client.timeout, self.client.budget.cell = int(seconds) or 1, self.limits.output_bytes
        self.client.kc.due = request
        self.client.on_cell_executed = lambda cell, cell_index, execute_reply: replies.append(
            messages.reply(execute_reply["content"])
        )
        self.client.execute_cell(cell, index)
        cell.outputs = messages.settle(cell.outputs)
        self.client.clear_display_id_mapping(index)  # which names outputs by their place
        return replies[-1] if replies else Reply()


def _died(cell: NotebookNode, late: bool, seconds: float, took: float) -> CellRun:
    """Return the CellRun of a cell that ended its kernel, and say so in its outputs."""
    error, words = "KernelDied", "the kernel died while this cell ran"
    if late:
        error, words = "TimeLimit", f"time limit: still running after {seconds:.0f} s, and would not stop"
    cell.outputs.append(messages.error_output(error, words))
    return CellRun("died", error, words, took)


def _seen(reply: Reply, seconds: float, took: float = 0.0) -> CellRun:
    """Return the CellRun that a reply gives: it decides, not what the cell printed."""
    if reply.status == "ok":
        return CellRun("passed", seconds=took)
    if reply.error == "TimeLimit":
        return CellRun("timeout", "TimeLimit", f"time limit: stopped after {seconds:.0f} s", took)
    return CellRun("failed", reply.error, reply.message, took)


def _judged(cell: NotebookNode, reply: Reply, took: float, seconds: float) -> CellRun:
    """Return the CellRun of a cell of the notebook, and put what stopped it among its outputs."""
    if not cell.source.strip():
        return CellRun("passed", seconds=took)
    if not reply.status:
        return CellRun("skipped", "NotRun", "the course's own tag leaves it out")
    run = _seen(reply, seconds, took)
    told = any(output.output_type == "error" for output in cell.outputs)
    if run.status == "timeout" or run.status == "failed" and not told:
        cell.outputs.append(messages.error_output(run.error, run.message))
    return run


class _Client(NotebookClient):
    """nbclient, taking over from the kernel what its messages are made anew from, within a budget.

    Left out are comms, for no widget is looking, and clearing: a test's error must not be wiped off.
    """

    budget = Budget(0)

    def create_kernel_manager(self):
        manager = super().create_kernel_manager()
        manager.client_factory = _guarded(manager.client_factory)
        return manager

    def process_message(self, msg, cell, cell_index):
        kind, content = msg["msg_type"], messages.published(msg["msg_type"], msg["content"])
        if content is None:
            return None
        said = {"msg_type": kind, "header": {"msg_type": kind}, "parent_header": msg["parent_header"]}
        return super().process_message(said | {"content": content}, cell, cell_index)

    def output(self, outs, msg, display_id, cell_index):
        if self.budget.spent:
            return self._last_result(outs, msg)
        if not self.budget.takes(msg["content"]):
            cut = "... output cut here: it was too long\n"
            outs.append(nbformat.v4.new_output("stream", name="stdout", text=cut))
            return None
        return super().output(outs, msg, display_id, cell_index)

    def _last_result(self, outs, msg):
        """Keep the last small result whatever was printed before: it may be a test's partial credit."""
        if msg["msg_type"] == "execute_result" and len(str(msg["content"])) < SMALL:
            if outs and outs[-1].output_type == "execute_result":
                outs.pop()
            outs.append(nbformat.v4.output_from_msg(msg))

    def _update_display_id(self, display_id, msg):
        if len(str(msg["content"])) < SMALL or self.budget.takes(msg["content"]):  # in another's place
            super()._update_display_id(display_id, msg)


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
        error_on_timeout={"ename": "TimeLimit", "evalue": "", "traceback": []},
        resources={"metadata": {"path": str(folder)}},
    )
    client.budget = Budget(limits.notebook_bytes)
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


def is_python(notebook: NotebookNode) -> bool:
    """Return whether a notebook is written in Python."""
    return _language(notebook) == "python"


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
