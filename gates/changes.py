"""One small change of one node of code: each function yields what makes the change, for every way it has."""

import ast
from functools import partial

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


def closed(node: ast.AST) -> bool:
    """Tell a node that stays as it is."""
    if getattr(node, "stays", False):
        return True
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.Import, ast.ImportFrom)) or is_assertion(node) or is_text


def is_assertion(node):
    """Tell a statement that only asserts: `assert ...` or `np.testing.assert_allclose(...)`."""
    return isinstance(node, ast.Assert) or isinstance(node, ast.Expr) and is_assert_call(node.value)


def blocks(node):
    """Return the lists of statements that `node` holds."""
    fields = (getattr(node, name, None) for name in ("body", "orelse", "finalbody"))
    return [block for block in fields if isinstance(block, list)]


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
