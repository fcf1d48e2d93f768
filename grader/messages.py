"""What a kernel says, made anew from its known parts: a student's process can send anything, and all of it is data.

Nothing is kept as it came. What is of another type, of no known kind or too long is left out; every step is linear.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

KINDS = {  # of what a cell shows, and what of each is well formed; anything else is shown as its text/plain
    **dict.fromkeys(("text/plain", "text/html", "text/markdown", "text/latex", "image/svg+xml"), None),
    **dict.fromkeys(("image/png", "image/jpeg", "image/gif"), re.compile(r"[A-Za-z0-9+/=\s]+")),
}
STREAMS = ("stdout", "stderr")
STATES = ("busy", "idle", "starting")
LONGEST_NAME, LONGEST_MESSAGE, LONGEST_ANSWER = 100, 2000, 20_000  # characters
LONGEST_TRACE = 200  # lines
LARGEST_COUNT = 10**6


@dataclass(frozen=True)
class Reply:
    """What came back of one request: status is ok, error, aborted or "" (none came); `answer` is that to a question."""

    status: str = ""
    error: str = ""
    message: str = ""
    answer: str = ""


@dataclass
class Budget:
    """What may still be kept of a kernel's outputs: characters and outputs of one cell, and of the whole notebook."""

    whole: int
    count: int = 2000
    cell: int = 0

    def takes(self, content: Mapping) -> bool:
        """Take the size of an output off; return whether there was room for it."""
        size = len(str(content))
        self.whole, self.cell, self.count = self.whole - size, self.cell - size, self.count - 1
        return min(self.whole, self.cell, self.count) >= 0

    @property
    def spent(self) -> bool:
        """Return whether something did not fit already."""
        return min(self.whole, self.cell, self.count) < 0


def reply(content: Any) -> Reply:
    """Return the Reply that an execute_reply's content makes."""
    content = content if isinstance(content, dict) else {}
    answer: Any = content.get("user_expressions")
    for key in ("answer", "data", "text/plain"):
        answer = answer.get(key) if isinstance(answer, dict) else None
    status = content.get("status")
    return Reply(
        status if status in ("ok", "error", "aborted") else "error",
        text(content.get("ename"), LONGEST_NAME) or "Error",
        text(content.get("evalue"), LONGEST_MESSAGE),
        answer if isinstance(answer, str) and len(answer) <= LONGEST_ANSWER else "",
    )


def published(kind: Any, content: Any) -> dict | None:
    """Return the content of a message on what a cell does or shows, None where nothing of it is kept."""
    make = PUBLISHED.get(kind) if isinstance(kind, str) else None
    return make(content) if make and isinstance(content, dict) else None


def text(value: Any, most: int) -> str:
    """Return text as every database and file takes it, cut: no NUL, no halves of surrogate pairs; "" for no text."""
    return value[:most].replace("\x00", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _status(content: dict) -> dict | None:
    state = content.get("execution_state")
    return {"execution_state": state} if state in STATES else None


def _input(content: dict) -> dict:
    return _counted(content)


def _counted(content: dict) -> dict:
    """Return the number of a cell's run where there is one."""
    count = content.get("execution_count")
    return {"execution_count": count} if type(count) is int and 0 < count < LARGEST_COUNT else {}


def _stream(content: dict) -> dict | None:
    name, said = content.get("name"), content.get("text")
    known = name in STREAMS and isinstance(said, str)
    return {"name": name, "text": text(said, len(said)).replace("\b", "")} if known else None


def _error(content: dict) -> dict:
    lines = content.get("traceback")
    lines = [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
    return {
        "ename": text(content.get("ename"), LONGEST_NAME) or "Error",
        "evalue": text(content.get("evalue"), LONGEST_MESSAGE),
        "traceback": [text(line, len(line)) for line in lines[-LONGEST_TRACE:]],
    }


def _shown(content: dict) -> dict | None:
    """Return a rich output: the kinds that a page can show, each as one text."""
    given = content.get("data")
    data = {kind: _joined(value) for kind, value in given.items() if kind in KINDS} if isinstance(given, dict) else {}
    data = {kind: value for kind, value in data.items() if value and (not KINDS[kind] or KINDS[kind].fullmatch(value))}
    if not data:
        return None
    transient = content.get("transient")
    number = transient.get("display_id") if isinstance(transient, dict) else None
    named = {"display_id": number} if isinstance(number, str) and len(number) <= LONGEST_NAME else {}
    return {"data": data, "metadata": {}, "transient": named}


def _result(content: dict) -> dict | None:
    shown = _shown(content)
    return shown and {**shown, "execution_count": None, **_counted(content)}


def _joined(value: Any) -> str:
    lines = value if isinstance(value, list) else [value]
    return "".join(text(line, len(line)) for line in lines if isinstance(line, str))


PUBLISHED = {
    "status": _status,
    "execute_input": _input,
    "stream": _stream,
    "error": _error,
    "display_data": _shown,
    "update_display_data": _shown,
    "execute_result": _result,
}


def settle(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return a cell's outputs with each stream in one piece, and of each of its lines what a terminal shows last."""
    streams: dict[str, NotebookNode] = {}
    pieces: dict[str, list[str]] = {}
    settled = []
    for output in outputs:
        if output.output_type == "stream":
            pieces.setdefault(output.name, []).append(output.text)
            if output.name in streams:
                continue
            streams[output.name] = output
        settled.append(output)
    for name, output in streams.items():
        lines = "".join(pieces[name]).replace("\r\n", "\n").split("\n")
        output.text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return settled


def error_output(name: str, message: str, place: str = "") -> NotebookNode:
    """Return an error as a cell's output; `place` says where it came up."""
    told = f"{name}: {message}" if message else name
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=[place + told])
