"""Hints run: what the last hint of an exercise shows as code works where the reference solution stands.

Each piece of code in hint 3 is tried inside the calls of the reference, after each of its lines, with the names that
stand there.
"""

import ast
import builtins
import html
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from symtable import symtable
from types import CodeType

from gates import forks, trials
from gates.findings import Finding, Gate
from gates.names import SPAN
from gates.subjects import Subject, each, named

HINT = re.compile(r"<details><summary>Hint 3</summary>(.*?)</details>", re.S)
# a piece may be half a statement; with one of these around it, it must parse
FRAMES = (
    "{}",
    "{}:\n pass",
    "{} pass",
    "def _():\n {}",
    "try: pass\n{} pass",
    "try: pass\n{}",
    "_{}",
    "_ {}",
    "f({})",
    "{{{}}}",
)
DOES = (ast.Call, ast.BinOp, ast.Compare, ast.Subscript, ast.Assign, ast.AugAssign, ast.comprehension)
NEVER = (ast.Raise, ast.Return, ast.Yield, ast.Pass, ast.Break, ast.Continue)  # belongs into its function


@dataclass(frozen=True)
class Piece:
    """Code of a hint; `names` are those that must stand where it is tried."""

    text: str
    code: CodeType
    names: frozenset


@dataclass(frozen=True)
class Trying:
    """The reference and its tests, and the pieces to try inside it."""

    key: tuple
    cells: tuple
    name: str
    pieces: tuple
    seconds: float = 60.0

    def work(self, tell: Callable) -> None:
        """Tell for each piece whether it worked anywhere, and of what it died last."""
        forks.limit_memory()
        namespace, works, errors = trials.fresh_namespace(), set(), {}
        tracer, reference = _tracer(self.pieces, works, errors), f"<{self.name}>"
        sys.settrace(lambda frame, event, arg: tracer if frame.f_code.co_filename == reference else None)
        for name, source in self.cells:
            trials.run_cell(name, source, namespace)
        sys.settrace(None)
        for piece in self.pieces:
            tell(piece=piece.text, works=piece.text in works, error=errors.get(piece.text, ""))


def gate(subjects: list[Subject]) -> Gate:
    """Hint 3, where it is code, parses, knows its names and works where the reference stands."""
    findings, count, trying = [], 0, []
    for subject, exercise in each(subjects):
        pieces = []
        for text in code_of(exercise.statement.source):
            count += 1
            if (tree := parsed(text)) is None:
                findings.append(
                    Finding(subject.where(exercise.name), "Python in hint 3", repr(text), "Write it so that it parses.")
                )
            elif piece := runnable(text, tree):
                pieces.append(piece)
        if pieces:
            cells = (*named(subject.sheet.setup), (exercise.name, exercise.solution.source), *named(exercise.tests))
            trying.append(Trying((subject, exercise), cells, exercise.name, tuple(pieces)))
    for task, report in forks.run(trying):
        findings += _findings(*task.key, report)
    figure = f"{count} pieces of code in the last hints, {sum(len(task.pieces) for task in trying)} run"
    return Gate("hints", figure, tuple(findings))


def _findings(subject, exercise, report) -> Iterator[Finding]:
    where = subject.where(exercise.name)
    if report.ended != "done":
        yield Finding(where, "a hint that comes to its end", report.ended)
    for line in report.lines:
        if line["works"]:
            continue
        if line["error"]:
            yield Finding(
                where, f"{line['piece']!r} of hint 3 to work where the reference does", line["error"], "Mend the hint."
            )
        elif unknown := unknown_names(line["piece"], exercise):
            yield Finding(where, f"names in {line['piece']!r} of hint 3 that the reader has", ", ".join(unknown),
                          "Use the statement's names, or say in the hint what they are.")


def code_of(statement: str) -> list[str]:
    """Return what stands as code in hint 3."""
    hint = next(iter(HINT.findall(statement)), "")
    return [html.unescape("".join(parts)).strip() for parts in SPAN.findall(hint)]


def parsed(text: str) -> ast.AST | None:
    """Return the syntax tree of a piece of code, whole or half a statement."""
    for frame in FRAMES:
        try:
            return ast.parse(frame.format(text))
        except SyntaxError:
            continue
    return None


def runnable(text: str, tree: ast.AST) -> Piece | None:
    """Return what can be tried as it stands: it does something and leaves nothing out."""
    nodes = list(ast.walk(tree))
    left_out = {id(n) for n in nodes if isinstance(n, ast.Constant) and n.value is ...}
    sliced = {id(n) for s in nodes if isinstance(s, ast.Subscript) for n in ast.walk(s.slice)}  # x[..., 0] is whole
    try:
        code = compile(text, "<hint>", "exec")
    except SyntaxError:
        return None
    if (
        left_out - sliced
        or "super()" in text
        or any(isinstance(n, NEVER) for n in nodes)
        or not any(isinstance(n, DOES) for n in nodes)
    ):
        return None
    return Piece(text, code, free_names(text))


def free_names(text: str) -> frozenset[str]:
    """Return the names that a piece of code needs from outside."""
    tables = [symtable(text, "<hint>", "exec")]
    found = set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found |= {name.get_name() for name in table.get_symbols()
                  if name.is_referenced() and (name.is_global() or table.get_type() == "module")}
    nodes = list(ast.walk(ast.parse(text)))
    looped = {
        name.id
        for node in nodes
        if isinstance(node, ast.For)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    changed = {
        node.target.id for node in nodes if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    return frozenset((found | changed) - looped - set(dir(builtins)))


def unknown_names(text: str, exercise) -> list[str]:
    """Return the names of a piece that neither statement, nor hints, nor the reference give."""
    given = set(re.findall(r"\w+", exercise.solution.source)) | set(
        re.findall(r"`(\w+)`|<code>(\w+)</code>", exercise.statement.source)
    )
    spans = " ".join("".join(parts) for parts in SPAN.findall(exercise.statement.source) if "".join(parts) != text)
    return sorted(free_names(text) - given - set(re.findall(r"\w+", spans)))


# --- in the fork ---------------------------------------------------------------------------------


def _tracer(pieces: tuple, works: set, errors: dict) -> Callable:
    """Return a trace function that tries, after each line, what has not worked yet."""
    def tracer(frame, event, arg):
        here = {**frame.f_globals, **frame.f_locals}
        for piece in pieces if event in ("line", "return") else ():
            if piece.text not in works and piece.names <= here.keys():
                try:
                    exec(piece.code, here)
                    works.add(piece.text)
                except Exception as error:
                    errors[piece.text] = f"{type(error).__name__}: {error}".splitlines()[0][:160]
        return tracer

    return tracer
