"""What a course's answers are written with: what its own notebooks name, what its libraries make public, what computes.

Nothing is forbidden here. What an answer names beyond this is seen, and suspicion.py says what it may reach.
"""

import ast
import builtins
import collections
import functools
import importlib
import re
import sys
import types
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from grader.names import parse

COMPUTE = frozenset(
    "abs aiter all anext any ascii bin bool bytearray bytes callable chr classmethod complex delattr dict dir divmod"
    " enumerate filter float format frozenset getattr hasattr hash hex id int isinstance issubclass iter len list map"
    " max memoryview min next object oct open ord pow print property range repr reversed round set setattr slice sorted"
    " staticmethod str sum super tuple type zip Ellipsis NotImplemented __name__ __debug__".split()
) | {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)}
MODULES = frozenset(  # of the standard library: they compute, or describe what computes
    "__future__ abc array base64 bisect cmath collections contextlib copy csv dataclasses datetime decimal enum"
    " fractions functools glob hashlib heapq io itertools json math numbers operator pathlib pprint queue random re"
    " shutil"
    " statistics string struct tempfile textwrap time timeit typing uuid warnings zipfile zlib".split()
)
SPECIAL = {  # methods that a class of an answer defines, and what every object says of itself
    name
    for kind in (int, float, list, dict, set, str, slice, types.GeneratorType, types.CoroutineType, BaseException)
    for name in vars(kind)
    if name.startswith("__")
}
SPECIAL |= set(
    "__init__ __call__ __enter__ __exit__ __aenter__ __aexit__ __await__ __aiter__ __anext__ __get__ __set__"
    " __post_init__"
    " __matmul__ __rmatmul__ __imatmul__ __iadd__ __isub__ __imul__ __itruediv__ __ior__ __iand__ __bool__ __array__"
    " __missing__ __copy__ __deepcopy__ __fspath__ __index__ __name__ __qualname__ __module__ __version__ __slots__"
    " __class__ __all__ __annotations__ __next__ __iter__ __getattr__ __format__ __reversed__ __length_hint__"
    " __mro__".split()
)
SPECIAL -= set("__getattribute__ __reduce__ __reduce_ex__ __setstate__ __getstate__ __del__ __traceback__".split())
SPECIAL -= set("__context__ __cause__ __dict__ __init_subclass__ __subclasshook__".split())
PAIR = set(dir(collections.namedtuple("Pair", ""))) - set(dir(tuple))  # public for all their underscore
INNER = (  # what runs an answer, seen from inside
    *(types.FrameType, types.CodeType, types.TracebackType),
    *(types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType),
)
SHELL = set("In Out get_ipython exit quit".split())  # names that only a notebook has
LINE = re.compile(r"^([ \t]*)([%!].*)$", re.MULTILINE)
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Vocabulary:
    """The names, attributes and modules that answers of a course are written with.

    `machinery` are attributes of what runs and judges an answer, `machine` those that libraries have too; `tests` are
    names that belong to the tests.
    """

    names: frozenset[str] = COMPUTE
    attributes: frozenset[str] = frozenset(SPECIAL | PAIR)
    modules: frozenset[str] = MODULES
    machinery: frozenset[str] = frozenset()
    machine: frozenset[str] = frozenset()
    tests: frozenset[str] = frozenset()
    deciding: frozenset[str] = frozenset()  # builtins that the tests use
    own: frozenset[str] = field(default=frozenset(), compare=False)  # what a student's own sources name


def learn(given: Iterable[str], public: Iterable[str], machine: Iterable[str], words: Iterable[str] = ()) -> Vocabulary:
    """Return a course's vocabulary: what it gives and how it is solved, its libraries' `public` names, its `words`."""
    read = list(trees(given))
    names, attributes, modules = set(COMPUTE), SPECIAL | PAIR | set(public), MODULES | named(read)
    for tree in read:
        names |= bound(tree) | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        attributes |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        attributes |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    words = set(words)
    attributes |= words | {part for module in modules for part in module.split(".")[1:]}
    inner = {name for kind in INNER for name in dir(kind) if _is_inner(name)} | set(machine)
    return Vocabulary(
        frozenset(names | words),
        frozenset(attributes),
        frozenset(modules | words),
        frozenset(inner - attributes),
        frozenset(inner),
    )


def with_tests(vocabulary: Vocabulary, tests: Iterable[str]) -> Vocabulary:
    """Return the vocabulary for answers that these tests judge: the tests keep their own names to themselves."""
    read = list(trees(tests))
    held = {name for tree in read for name in bound(tree) if name.startswith("_")} - vocabulary.names
    used = {node.id for tree in read for node in ast.walk(tree) if isinstance(node, ast.Name)} & vars(builtins).keys()
    return replace(vocabulary, tests=frozenset(held), deciding=frozenset(used))


def with_own(vocabulary: Vocabulary, sources: Iterable[str]) -> Vocabulary:
    """Return the vocabulary of one student: with what their own sources bind, and what they import of the standard
    library."""
    own, names, attributes = set(), set(), set()
    for tree in trees(sources):
        names |= bound(tree)
        own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if not node.attr.startswith("_") or getattr(node.value, "id", "") in ("self", "cls", "ctx"):
                    own.add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg:
                attributes.add(node.arg)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
                attributes.update(word for word in node.value.replace(",", " ").split() if word.isidentifier())
        for module in imported(tree):
            attributes |= _public_of_standard(module)
    attributes = {name for name in attributes | names if not name.startswith("_")} - vocabulary.machinery
    known = vocabulary.attributes | attributes
    return replace(vocabulary, names=vocabulary.names | names, attributes=known, own=frozenset(own | names))


def _is_inner(name: str) -> bool:
    """Return whether this is a part of a frame, its code or a generator, as f_globals is, and no method as send is."""
    return not name.startswith("__") and "_" in name


def trees(sources: Iterable[str]) -> Iterator[ast.Module]:
    """Yield the syntax trees of the sources that can be parsed, lines for the shell left out."""
    for source in sources:
        for text in (source, LINE.sub(r"\1pass", source)):
            try:
                yield parse(text)
                break
            except UNREADABLE:
                continue


def bound(tree: ast.AST) -> set[str]:
    """Return the names that a source binds, in whatever scope."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found - {"*"}


def imported(tree: ast.AST) -> set[str]:
    """Return the modules that a source imports, and the packages they lie in."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= _with_packages(alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= _with_packages(node.module)
    return found


def named(trees: Iterable[ast.Module]) -> set[str]:
    """Return the modules that sources import, and all that may be one: what they name below an imported module."""
    read = list(trees)
    aliases, found = {}, set()
    for tree in read:
        found |= imported(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.split(".")[0]
                    aliases |= {alias.asname: alias.name} if alias.asname else {top: top}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    found |= set(aliases.values())
    for tree in read:
        for node in ast.walk(tree):
            parts = []
            while isinstance(node, ast.Attribute):
                parts.append(node.attr)
                node = node.value
            if parts and getattr(node, "id", "") in aliases:
                found |= _with_packages(".".join([aliases[node.id], *reversed(parts)]))
    return found


def _with_packages(module: str) -> set[str]:
    parts = module.split(".")
    return {".".join(parts[:number]) for number in range(1, min(len(parts), 10) + 1)}


@functools.cache
def _public_of_standard(module: str) -> frozenset[str]:
    """Return the public names of a module of the standard library that this process has imported already."""
    if module in MODULES:
        importlib.import_module(module)
    if module.split(".")[0] not in sys.stdlib_module_names or module not in sys.modules:
        return frozenset()
    names = set()
    for name, value in vars(sys.modules[module]).items():
        if isinstance(value, types.ModuleType):
            names |= {name, *vars(value)} if sys.modules.get(f"{module}.{name}") is value else set()
        else:
            names |= {name, *dir(value)} if isinstance(value, type) else {name}
    return frozenset(name for name in names if not name.startswith("_"))


# run in a kernel: the course's libraries are imported there, never in the grader's own process
ASK = """
def _public(wanted, others):
    import dis, importlib, io, sys, types
    from ipykernel.iostream import OutStream
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.zmqshell import ZMQInteractiveShell
    from jupyter_client.session import Session
    from traitlets.config import SingletonConfigurable

    def of(kind):
        return {name for name in dir(kind) if not name.startswith("_")}

    def state(kind):  # what its instances hold, by its annotations and its own __init__
        code = getattr(kind.__dict__.get("__init__"), "__code__", None)
        steps = dis.get_instructions(code) if code else ()
        stored = {step.argval for step in steps if step.opname == "STORE_ATTR"}
        return {name for name in {*getattr(kind, "__annotations__", ()), *stored} if not name.startswith("__")}

    public, seen, todo = set(), set(), [sys.modules[name] for name in others if name in sys.modules]
    for name in wanted:
        try:
            todo.append(importlib.import_module(name))
        except Exception:
            pass  # no module, but a name in one, or not for this machine
    while todo:
        module = todo.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        standard = module.__name__.split(".")[0] in sys.stdlib_module_names
        for name, value in list(vars(module).items()):
            if isinstance(value, types.ModuleType):
                continue  # counts where the course names it
            if isinstance(value, type) and id(value) not in seen:
                seen.add(id(value))
                public |= of(value) | (set() if standard or name.startswith("_") else state(value))
            if not name.startswith("_"):
                public.add(name)
    for kind in (int, float, complex, str, bytes, bytearray, list, dict, set, tuple, slice, range, property, OSError,
                 io.StringIO, io.BytesIO, types.GeneratorType, StopIteration, types.SimpleNamespace):
        public |= of(kind)
    machine = set().union(*map(of, (ZMQInteractiveShell, IPythonKernel, Session, OutStream)))
    machine -= of(SingletonConfigurable) | of(io.TextIOWrapper)
    magic = {"run_line_magic", "run_cell_magic", "system", "getoutput", "magic"}
    print(" ".join(sorted(public)) + chr(10) + " ".join(sorted(machine - magic)))
"""


def question(modules: Iterable[str], others: Iterable[str] = ()) -> str:
    """Return code that prints, a line each, what these modules make public and what the machinery of a kernel has.

    `others` count where they are imported already.
    """
    return f"{ASK}\n_public({sorted(modules)!r}, {sorted(others)!r})\ndel _public"
