"""What a source text binds at its top level, and which of the instructor's names decide what a test says."""

import ast
import re
import threading
from collections.abc import Iterable

SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
PARSING = threading.Lock()  # Python 3.11 counts the depth of the trees it builds once for all threads


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a source text, as `ast.parse` does, in any thread."""
    with PARSING:
        return ast.parse(source)


def bound(source: str) -> frozenset[str]:
    """Return the names that running the source would bind, those of imports left out; none where it cannot be read."""
    tree = _parsed(source)
    return frozenset(_stores(tree)) if tree else frozenset()


def _parsed(source: str) -> ast.Module | None:
    try:
        return parse(MAGIC.sub("pass", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _stores(node: ast.AST) -> Iterable[str]:
    """Yield what is bound below a node, and not in a scope of its own."""
    waiting = [node]
    while waiting:  # a tree can be deeper than functions may call each other
        for child in ast.iter_child_nodes(waiting.pop()):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                yield child.id
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield child.name
            if not isinstance(child, (*SCOPES, *COMPREHENSIONS)):
                waiting.append(child)


def deciding(tests: Iterable[str], shared: Iterable[str]) -> frozenset[str]:
    """Return the names that the tests mention, and those that the instructor's functions among them mention in turn."""
    functions = {}
    for tree in filter(None, map(_parsed, shared)):
        functions |= {node.name: node for node in tree.body if isinstance(node, SCOPES[:3])}
    found, waiting = set(), set().union(*(re.findall(r"[^\W\d]\w*", source) for source in tests))
    while waiting - found:
        name = (waiting - found).pop()
        found.add(name)
        inner = ast.walk(functions[name]) if name in functions else ()
        waiting |= {node.id for node in inner if isinstance(node, ast.Name)}
    return frozenset(found)
