"""Small faults put into code, one at a time: would the tests of an exercise, would the asserts of a lesson notice?

A mutant changes an exercise's solution, a corruption a lesson's cell. Imports, asserts and docstrings stay as they are,
in a solution signatures too. A mutant may also cut its result off the graph.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice

from gates.changes import KINDS, MUTATIONS, blocks, closed, detach_result, is_assertion


@dataclass(frozen=True)
class Mutant:
    """A changed solution cell; `line` is what the change made of the first line it touches."""

    source: str
    line: str
    kind: str


def mutants(source: str, region: tuple[int, int]) -> list[Mutant]:
    """Return the mutants of the statements that lie within `region` (first, last line) of a solution cell."""
    original = ast.unparse(ast.parse(source))
    found = {}
    for kind in MUTATIONS:
        for text in of_kind(source, kind, region):
            if text != original:
                found.setdefault(text, Mutant(text, changed_line(original, text)[1], kind.__name__))
    return list(found.values())


def detached(source: str, region: tuple[int, int]) -> list[Mutant]:
    """Return one mutant per return statement whose result is passed through `_detached`, which cuts it off its
    graph."""
    original = ast.unparse(ast.parse(source))
    return [
        Mutant(text, changed_line(original, text)[1], "detach_result")
        for text in of_kind(source, detach_result, region)
    ]


def corruptions(code: str) -> Iterator[tuple[str, str]]:
    """Yield (changed line, code) with one small fault in a statement that is neither assert nor import; kinds and lines
    take turns."""
    original = ast.unparse(ast.parse(code))
    seen, waiting, tries = {original}, [], Counter()
    for kind in KINDS:
        for text in of_kind(code, kind):
            if text not in seen:
                seen.add(text)
                waiting.append((kind, *changed_line(original, text), text))
    while waiting:
        kind, place, line, text = fault = min(waiting, key=lambda fault: tries[fault[0]] + tries[fault[1]] / 2)
        waiting.remove(fault)
        tries.update((kind, place))
        yield line, text


def of_kind(code: str, kind: Callable, region: tuple[int, int] | None = None) -> Iterator[str]:
    """Yield `code` with one fault of this kind, from the outer statements in; only within `region`, where one is
    given."""
    for number in count():
        tree = ast.parse(code)
        if region:
            fix(tree, *region)
        changes = (change for node in open_nodes(tree) for change in kind(node))
        change = next(islice(changes, number, None), None)
        if change is None:
            return
        change()
        yield ast.unparse(ast.fix_missing_locations(tree))


def fix(tree: ast.AST, first: int, last: int) -> None:
    """Mark what stays as it is in a solution: signatures, and statements that do not reach into the lines from `first`
    to `last`."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            kept = [node.args, node.returns] if isinstance(node, ast.FunctionDef) else [*node.bases, *node.keywords]
        else:
            kept = []
        for part in (
            (node, *kept) if isinstance(node, ast.stmt) and (node.end_lineno < first or node.lineno > last) else kept
        ):
            if part is not None:
                part.stays = True


def open_nodes(tree: ast.AST) -> list[ast.AST]:
    """Return the nodes that may be corrupted: all but asserts, imports, docstrings and what lies in them."""
    nodes, waiting = [], [tree]
    while waiting:
        node = waiting.pop(0)
        if not closed(node):
            nodes.append(node)
            waiting += ast.iter_child_nodes(node)
    return nodes


def strip_asserts(code):
    """Return `code` with its asserts unable to fail; what they compute is still computed, as later cells may count on
    it."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        for block in blocks(node):
            block[:] = [harmless(statement) if is_assertion(statement) else statement for statement in block]
    return ast.unparse(ast.fix_missing_locations(tree))


def harmless(assertion):
    """Return a statement that computes what `assertion` computes and never stops."""
    values = [assertion.test] if isinstance(assertion, ast.Assert) else assertion.value.args
    computed = ast.Expr(ast.Tuple(values, ast.Load()))
    return ast.Try([computed], [ast.ExceptHandler(ast.Name("Exception", ast.Load()), None, [ast.Pass()])], [], [])


def until_last_assert(code):
    """Return `code` up to the last statement that asserts: what follows no assert in it can notice. Empty where none
    asserts."""
    statements = ast.parse(code).body
    asserting = [statement for statement in statements if any(is_assertion(node) for node in ast.walk(statement))]
    if any(isinstance(statement, (ast.FunctionDef, ast.ClassDef)) for statement in asserting):
        return code  # who knows where it is called
    return "\n".join(code.splitlines()[:asserting[-1].end_lineno]) if asserting else ""


def changed_line(before, after):
    """Return the number and text of the first line of `after` that is not at its place in `before`."""
    pairs = enumerate(zip(before.splitlines(), after.splitlines(), strict=False))
    place, old, new = next((place, one.strip(), two.strip()) for place, (one, two) in pairs if one != two)
    return place, f"without {old}" if new == "pass" else new
