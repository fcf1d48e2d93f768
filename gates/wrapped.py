"""Put a layer around an answer, in the fork that tries it: the answer runs, the layer changes what goes in or comes
out."""

import ast
import functools
import inspect
from collections.abc import Callable

SPOKEN = {"__call__", "__getitem__", "__iter__", "__len__"}  # methods that a test calls by other means than their name


def methods(source: str, name: str) -> list[str]:
    """Return the methods that tests may call where the answer `name` is a class, [""] where it is a function."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            if any(ast.unparse(base).endswith("Function") for base in node.bases):
                return ["apply"]
            own = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
            return [method for method in own if not method.startswith("_") or method in SPOKEN]
    return [""]


def wrap(namespace: dict, name: str, method: str, layer: Callable) -> None:
    """Let `layer(call, args, kwargs)` stand for each outermost call of an answer, or of one of its methods."""
    answer = namespace[name]
    if not method:
        namespace[name] = _around(answer, layer)
        return
    found = inspect.getattr_static(answer, method)
    if isinstance(found, property):
        setattr(answer, method, property(_around(found.fget, layer), found.fset))
    elif method == "apply":  # of an autograd.Function, which hands its class on
        setattr(answer, method, staticmethod(_around(answer.apply, layer)))
    elif isinstance(found, (staticmethod, classmethod)):
        setattr(answer, method, type(found)(_around(found.__func__, layer)))
    else:
        setattr(answer, method, _around(found, layer))


def _around(call, layer):
    depth = 0

    @functools.wraps(call)
    def wrapped(*args, **kwargs):
        nonlocal depth
        if depth:
            return call(*args, **kwargs)
        depth += 1
        try:
            return layer(call, args, kwargs)
        finally:
            depth -= 1

    return wrapped
