"""Small faults put into code, one at a time: would the tests of an exercise, would the asserts of a lesson notice?

A mutant changes an exercise's solution, a corruption a lesson's cell. Imports, asserts and docstrings stay as they are,
in a solution signatures too. A mutant may also cut its result off the graph.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, islice

from gates.sources import is_assert_call

OTHER = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult, ast.Mod: ast.FloorDiv, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
}

ALIKE = [
    (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow),
    (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Add),
    (ast.LShift, ast.RShift),
    (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE),
    (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn),
]
PAIRS = (
    "float32 float64",
    "int32 int64",
    "zeros ones",
    "zeros_like ones_like",
    "sum mean",
    "min max",
    "argmin argmax",
    "sin cos",
    "exp log",
    "view reshape",
    "permute reshape",
    "detach clone",
    "train eval",
    "randn rand",
    "tensor as_tensor",
    "from_numpy tensor",
    "no_grad enable_grad",
    "relu sigmoid",
    "maximum minimum",
    "squeeze unsqueeze",
    "cat stack",
    "shape dtype",
)
NAMES = dict(pair.split() for pair in PAIRS) | dict(pair.split()[::-1] for pair in reversed(PAIRS))


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


def closed(node: ast.AST) -> bool:
    """Tell a node that stays as it is."""
    if getattr(node, "stays", False):
        return True
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.Import, ast.ImportFrom)) or is_assertion(node) or is_text


def is_assertion(node):
    """Tell a statement that only asserts: `assert ...` or `np.testing.assert_allclose(...)`."""
    return isinstance(node, ast.Assert) or isinstance(node, ast.Expr) and is_assert_call(node.value)


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


def blocks(node):
    """Return the lists of statements that `node` holds."""
    fields = (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
    return [block for block in fields if isinstance(block, list)]


def changed_line(before, after):
    """Return the number and text of the first line of `after` that is not at its place in `before`."""
    pairs = enumerate(zip(before.splitlines(), after.splitlines(), strict=False))
    place, old, new = next((place, one.strip(), two.strip()) for place, (one, two) in pairs if one != two)
    return place, f"without {old}" if new == "pass" else new


def change_number(node):
    """`3` becomes `4`."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield partial(setattr, node, "value", node.value + 1)


def swap_operator(node):
    """`a + b` becomes `a - b`, `a < b` becomes `a >= b`, `a and b` becomes `a or b`."""
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in OTHER:
        yield partial(setattr, node, "op", OTHER[type(node.op)]())
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield partial(node.ops.__setitem__, place, OTHER[type(operator)]())


def flip_constant(node):
    """`True` becomes `False`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield partial(setattr, node, "value", not node.value)


def drop_sign(node):
    """`-x` becomes `--x`, `not x` becomes `not not x`."""
    if isinstance(node, ast.UnaryOp):
        yield partial(setattr, node, "operand", ast.UnaryOp(node.op, node.operand))


def delete_statement(node):
    """A statement becomes `pass`."""
    for block in blocks(node):
        for place, statement in enumerate(block):
            if not closed(statement) and not isinstance(statement, (ast.FunctionDef, ast.ClassDef, ast.Pass)):
                yield partial(block.__setitem__, place, ast.Pass())


def drop_context(node):
    """`with torch.no_grad(): y = f(x)` becomes `y = f(x)`."""
    for block in blocks(node):
        for place, statement in enumerate(block):
            if isinstance(statement, ast.With) and not any(item.optional_vars for item in statement.items):
                yield partial(block.__setitem__, slice(place, place + 1), statement.body)


def drop_keyword(node):
    """`f(x, dim=0)` becomes `f(x)`."""
    if isinstance(node, ast.Call):
        for place in range(len(node.keywords)):
            yield partial(node.keywords.pop, place)


def drop_call(node):
    """`y.detach() + 1` becomes `y + 1`."""
    for field, value in ast.iter_fields(node):
        if is_bare_call(value):
            yield partial(setattr, node, field, value.func.value)
        for place, item in enumerate(value if isinstance(value, list) else ()):
            if is_bare_call(item):
                yield partial(value.__setitem__, place, item.func.value)


def is_bare_call(node):
    """Tell a call of a method without arguments."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords


def drop_underscore(node):
    """`x.add_(1)` becomes `x.add(1)`."""
    if isinstance(node, ast.Attribute) and node.attr.endswith("_") and not node.attr.startswith("_"):
        yield partial(setattr, node, "attr", node.attr.removesuffix("_"))


def change_name(node):
    """`x.sum()` becomes `x.mean()`, `torch.float32` becomes `torch.float64`."""
    for field in ("attr", "id"):
        name = getattr(node, field, None)
        if name in NAMES and not isinstance(getattr(node, "ctx", None), ast.Store):
            yield partial(setattr, node, field, NAMES[name])


def swap_arguments(node):
    """`f(a, b)` becomes `f(b, a)`."""
    if isinstance(node, ast.Call) and len(node.args) > 1:
        yield partial(setattr, node, "args", [node.args[1], node.args[0], *node.args[2:]])


def change_text(node):
    """`"cpu"` becomes `"cpu_"`, `dict(a=1)` becomes `dict(a_=1)`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield partial(setattr, node, "value", node.value + "_")
    if isinstance(node, ast.keyword) and node.arg:
        yield partial(setattr, node, "arg", node.arg + "_")


def double_value(node):
    """`y = f(x)` becomes `y = 2 * f(x)`."""
    if isinstance(node, ast.Assign) and not isinstance(node.value, (ast.Constant, ast.Lambda)):
        yield partial(setattr, node, "value", ast.BinOp(ast.Constant(2), ast.Mult(), node.value))


def any_operator(node):
    """`a + b` becomes `a * b`, `a < b` becomes `a <= b`: each operator of its group."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        yield from (partial(setattr, node, "op", other()) for other in others(node.op))
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            yield from (partial(node.ops.__setitem__, place, other()) for other in others(operator))


def others(operator):
    """Return the operators that take the same operands."""
    group = next((group for group in ALIKE if type(operator) in group), ())
    return [other for other in group if other is not type(operator)]


def lower_number(node):
    """`3` becomes `2`."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield partial(setattr, node, "value", node.value - 1)


def negate(node):
    """`if x:` becomes `if not x:`."""
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        yield partial(setattr, node, "test", ast.UnaryOp(ast.Not(), node.test))


def never_loop(node):
    """`for x in y:` becomes `for x in []:`."""
    if isinstance(node, ast.For):
        yield partial(setattr, node, "iter", ast.List([], ast.Load()))


def go_on(node):
    """`break` becomes `continue`."""
    for block in blocks(node):
        for place, statement in enumerate(block):
            if isinstance(statement, ast.Break):
                yield partial(block.__setitem__, place, ast.Continue())


def detach_result(node):
    """`return y` becomes `return _detached(y)`."""
    if isinstance(node, ast.Return) and node.value is not None:
        yield partial(setattr, node, "value", ast.Call(ast.Name("_detached", ast.Load()), [node.value], []))


# those that most often change what a cell computes come first
KINDS = (
    swap_operator,
    change_number,
    double_value,
    drop_keyword,
    delete_statement,
    flip_constant,
    change_name,
    drop_sign,
    swap_arguments,
    drop_underscore,
    drop_context,
    change_text,
    drop_call,
)
MUTATIONS = (
    swap_operator,
    any_operator,
    change_number,
    lower_number,
    flip_constant,
    drop_sign,
    negate,
    never_loop,
    go_on,
    delete_statement,
    drop_keyword,
    drop_call,
    drop_context,
    drop_underscore,
    change_name,
    swap_arguments,
)
