"""Small faults put into a solution, one at a time: would the tests notice?

cosmic-ray's operators change numbers, operators, comparisons and flow. It has none for a deleted statement, a dropped
keyword argument or a dropped method call, nor for a result cut off its graph: these four are here.
Signatures, docstrings and imports stay as they are.
"""

import ast
import difflib
from dataclasses import dataclass
from functools import cache

SKIPPED = ("VariableReplacer", "VariableInserter")  # need arguments that name the variables


@dataclass(frozen=True)
class Mutant:
    """A changed solution cell; `line` is what the change made of the first line it touches."""

    source: str
    line: str
    operator: str


@cache
def _operators():
    from cosmic_ray.plugins import get_operator, operator_names

    return {name.removeprefix("core/"): get_operator(name)() for name in operator_names() if not name.endswith(SKIPPED)}


def generic(source, region):
    """Return the mutants of the statements that lie within `region` (first, last line) of a solution cell."""
    from cosmic_ray.mutating import mutate_code

    tree = ast.parse(source)
    original = ast.unparse(tree)
    fixed = _fixed_lines(tree) | (set(range(1, source.count("\n") + 2)) - set(range(region[0], region[1] + 1)))
    found = {}
    for name, operator in _operators().items():
        occurrence = 0
        while (changed := mutate_code(source, operator, occurrence)) is not None:
            occurrence += 1
            if _first_changed_line(source, changed) not in fixed:
                _keep(found, changed, name, original)
    for name, changed in _removals(source, fixed):
        _keep(found, changed, name, original)
    return list(found.values())


def detached(source, region):
    """Return one mutant per return statement whose result is passed through `_detached`, which cuts it off its graph."""
    mutants = []
    returns = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Return) and node.value is not None]
    for node in returns:
        if region[0] <= node.lineno <= region[1]:
            tree = ast.parse(source)
            for other in ast.walk(tree):
                if isinstance(other, ast.Return) and (other.lineno, other.col_offset) == (node.lineno, node.col_offset):
                    other.value = ast.Call(ast.Name("_detached", ast.Load()), [other.value], [])
                    line = ast.unparse(other)
            mutants.append(Mutant(ast.unparse(ast.fix_missing_locations(tree)), line, "DetachResult"))
    return mutants


def _keep(found, changed, operator, original):
    try:
        text = ast.unparse(ast.parse(changed))
    except (SyntaxError, ValueError):
        return
    if text != original and text not in found:
        found[text] = Mutant(changed, _changed_line(original, text), operator)


def _changed_line(before, after):
    """Return the first line of `after` that differs from `before`, or what was deleted."""
    lines = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    added = [line[2:].strip() for line in lines if line.startswith("+ ")]
    removed = [line[2:].strip() for line in lines if line.startswith("- ")]
    return added[0] if added else f"deleted: {removed[0]}" if removed else ""


def _first_changed_line(before, after):
    for number, (one, two) in enumerate(zip(before.splitlines(), after.splitlines()), 1):
        if one != two:
            return number
    return before.count("\n") + 1


def _fixed_lines(tree):
    """Return the lines of signatures, docstrings and imports."""
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            lines |= set(range(node.lineno, node.body[0].lineno))
            if ast.get_docstring(node) is not None:
                lines |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            lines |= set(range(node.lineno, node.end_lineno + 1))
    return lines


def _removals(source, fixed):
    """Yield (operator, source) with one statement, keyword argument or method call removed."""
    count = sum(1 for _ in ast.walk(ast.parse(source)))
    for index in range(count):
        for name, remove in (("DeleteStatement", _delete_statement), ("DropKeyword", _drop_keyword), ("DropMethodCall", _drop_call)):
            step = 0
            while True:
                tree = ast.parse(source)
                node = next(n for i, n in enumerate(ast.walk(tree)) if i == index)
                if getattr(node, "lineno", 0) in fixed and name != "DeleteStatement":
                    break
                changed = remove(node, step, fixed)
                if changed is None:
                    break
                step += 1
                if changed:
                    yield name, ast.unparse(ast.fix_missing_locations(tree))


def _delete_statement(node, step, fixed):
    blocks = [block for block in (getattr(node, field, None) for field in ("body", "orelse", "finalbody")) if isinstance(block, list)]
    places = [(block, i) for block in blocks for i in range(len(block))]
    if step >= len(places):
        return None
    block, i = places[step]
    if block[i].lineno in fixed or isinstance(block[i], (ast.FunctionDef, ast.ClassDef, ast.Pass)):
        return False
    block[i] = ast.Pass(lineno=block[i].lineno, col_offset=block[i].col_offset)
    return True


def _drop_keyword(node, step, fixed):
    if not isinstance(node, ast.Call) or step >= len(node.keywords):
        return None
    del node.keywords[step]
    return True


def _drop_call(node, step, fixed):
    """`y.detach()` becomes `y`: a call of a method without arguments disappears from the expression around it."""
    def is_bare(value):
        return (isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and not value.args and not value.keywords)

    if step or not isinstance(node, ast.AST):
        return None
    for field, value in ast.iter_fields(node):
        if is_bare(value) and not isinstance(node, ast.Expr):
            setattr(node, field, value.func.value)
            return True
        if isinstance(value, list):
            for i, item in enumerate(value):
                if is_bare(item):
                    value[i] = item.func.value
                    return True
    return None
