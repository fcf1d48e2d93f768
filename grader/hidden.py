"""What a hidden test says to its student: the words that its instructor wrote, and no others.

The answer runs inside the test that it must not see, and could say what it read there. So what stopped a hidden test is
looked up among the messages of its own asserts; a value in one is shown where it says no more than the student knows.
"""

import ast
import builtins
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from grader import messages, notebooks
from grader.assemble import is_instructors, is_test
from grader.names import parse
from grader.seen import Attempt, CellRun

MARK = "### BEGIN HIDDEN TESTS"
KEYWORDS = {"msg": False, "message": False, "err_msg": True}  # whether the comparing function adds words of its own
COMPARED = (  # the first line of what comparing functions say by themselves
    "Tensor-likes are not close!",
    "Tensor-likes are not equal!",
    "Scalars are not close!",
    "Scalars are not equal!",
    "Arrays are not equal",
    "Arrays are not almost equal",
    "Not equal to tolerance",
    "do not match",
)
WORDS = set(  # that any student knows
    "cpu cuda mps meta Tensor Parameter ndarray torch numpy float16 bfloat16 float32 float64 int8 int16 int32 int64"
    " uint8 complex64 complex128 NoneType generator module function method nan inf e".split()
)
WORD, DIGIT, SIGNS = re.compile(r"[^\W\d]\w*"), re.compile(r"\d"), re.compile(r"[\s\d()\[\]{},.:'\"=+\-*/<>%|]*")
LONGEST_VALUE, MOST_DIGITS = 60, 24  # of what a message shows besides its own words
CUT = "…"

Parts = tuple[str | None, ...]  # of a message: texts, and None for each value


@dataclass(frozen=True)
class Template:
    """One message that an instructor has written, and the line of the test that gives it."""

    parts: Parts
    line: int
    loose: bool = False  # the comparing function says more around it


def kept_back(attempt: Attempt, hides: bool = True) -> Attempt:
    """Return the attempt with what came of its hidden tests as its student may know it."""
    run = attempt.run
    if run is None or not hides:
        return attempt
    cells = run.notebook.cells
    others = [cell.source for cell in cells if is_instructors(cell)]
    told = {
        index: retold(cells[index], seen, others) if MARK in cells[index].source and is_test(cells[index]) else seen
        for index, seen in run.cells.items()
    }
    return replace(attempt, run=replace(run, cells=told))


def retold(cell: NotebookNode, run: CellRun, others: list[str]) -> CellRun:
    """Return the run of a hidden test as its student may know it, and leave of the cell's outputs no more than that.

    `others` are the sources that no student wrote. A number is kept: it is partial credit.
    """
    cell.outputs = [output for output in cell.outputs if _is_number(output)][-1:]
    if run.status == "passed":
        return run
    place = ""
    if run.status == "failed":
        error, message, line = _words(cell.source, run, [source for source in others if source != cell.source])
        run, place = replace(run, error=error, message=message), f"Cell In[1], line {line}\n" if line else ""
    cell.outputs.append(messages.error_output(run.error, run.message, place))
    return run


def _is_number(output: NotebookNode) -> bool:
    shown = output.data.get("text/plain", "") if output.output_type == "execute_result" else ""
    try:
        return len(shown) <= MOST_DIGITS and float(shown) == float(shown)
    except ValueError:
        return False


def _words(source: str, run: CellRun, others: list[str]) -> tuple[str, str, int]:
    """Return (error, message, line) of what stopped a test: an error of an answer by its type alone."""
    known, templates = _said_by(source, tuple(others))
    error = run.error if run.error in known else "Exception"
    if error != "AssertionError":
        return error, "", 0
    for template in templates:
        filled = _filled(template, run.message, known)
        if filled:
            return error, filled, template.line
    first = next((line for line in run.message.splitlines() if line.strip()), "")
    return error, next((words for words in COMPARED if words in first), ""), 0


@functools.lru_cache(maxsize=256)  # the same for every student
def _said_by(source: str, others: tuple[str, ...]) -> tuple[set[str], list[Template]]:
    """Return the words that a student can read anyway, and the messages that a test can give."""
    visible = notebooks.HIDDEN.sub("", "\n".join([*others, source]))
    return WORDS | set(dir(builtins)) | set(WORD.findall(visible)), list(_templates(source, others))


def _templates(source: str, others: Iterable[str]) -> Iterator[Template]:
    """Yield the messages that a test can give: its own, and those of the instructor's functions that it calls."""
    tree = _parsed(source)
    trees = [tree, *map(_parsed, others)]
    functions = {node.name: node for one in trees for node in ast.walk(one) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        yield from _message(node, getattr(node, "lineno", 0), {})
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = functions.get(getattr(call.func, "id", ""))
        for node in ast.walk(called) if called else ():
            yield from _message(node, call.lineno, _given(called, call))


def _parsed(source: str) -> ast.Module:
    try:
        return parse(re.sub(r"^([ \t]*)[%!].*$", r"\1pass", source, flags=re.MULTILINE))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def _given(function: ast.FunctionDef, call: ast.Call) -> dict[str, Parts]:
    """Return what a call hands to a function, where that stands in the source."""
    named = zip([argument.arg for argument in function.args.args], call.args, strict=False)
    pairs = [*named, *((keyword.arg, keyword.value) for keyword in call.keywords)]
    return {name: _parts(node, {}) for name, node in pairs if name}


def _message(node: ast.AST, line: int, given: Mapping[str, Parts]) -> Iterator[Template]:
    """Yield the messages that one node of a syntax tree gives."""
    found = []
    if isinstance(node, ast.Assert) and node.msg:
        found = [(node.msg, False)]
    elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        found = [(argument, False) for argument in node.exc.args[:1]]
    elif isinstance(node, ast.Call):
        found = [(word.value, KEYWORDS[word.arg]) for word in node.keywords if word.arg in KEYWORDS]
    for text, loose in found:
        parts = _parts(text, given)
        if any(part and WORD.search(part) for part in parts):
            yield Template(parts, line, loose)


def _parts(node: ast.AST, given: Mapping[str, Parts]) -> Parts:
    """Return the texts and values that an expression puts together."""
    if isinstance(node, ast.Constant):
        return (str(node.value),)
    if isinstance(node, ast.JoinedStr):
        return tuple(part for value in node.values for part in _parts(value, given))
    if isinstance(node, ast.FormattedValue):
        return _parts(node.value, given) if node.format_spec is None and isinstance(node.value, ast.Name) else (None,)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (*_parts(node.left, given), *_parts(node.right, given))
    if isinstance(node, ast.Name):
        return given.get(node.id, (None,))
    return (None,)


def _filled(template: Template, said: str, known: set[str]) -> str:
    """Return the message as far as it may be shown, "" where it is not what was said."""
    parts = template.parts
    if template.loose:
        whole = "".join(part for part in parts if part)
        return whole if None not in parts and whole in said else ""
    shown, at, value = [], 0, False
    for number, part in enumerate(parts):
        if part is None:
            value = True
            continue
        final = number == len(parts) - 1
        place = len(said) - len(part) if final and value else said.find(part, at)
        if place < at or not said.startswith(part, place) or place > at and not value:
            return ""
        shown += [_value(said[at:place], known), part]
        at, value = place + len(part), False
    if at < len(said) and not value:
        return ""
    return "".join([*shown, _value(said[at:], known)])


def _value(text: str, known: set[str]) -> str:
    """Return a value in a message: few digits and words that stand in what the student can read, else dots."""
    rest = WORD.sub("", text)
    plain = len(text) <= LONGEST_VALUE and len(DIGIT.findall(text)) <= MOST_DIGITS and SIGNS.fullmatch(rest)
    return text if plain and set(WORD.findall(text)) <= known else CUT
