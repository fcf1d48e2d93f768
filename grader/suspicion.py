"""What an answer names beyond its course's vocabulary, read from its text alone: evidence for a person.

What is merely unusual is noted. What can reach the verdict holds its points: a name of the tests or of the machinery,
a module changed or reached through another, a text that becomes code. One walk over the tree, each node looked at once.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader import names
from grader.vocabulary import SHELL, UNREADABLE, Vocabulary

BINDS = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.For, ast.AsyncFor, ast.comprehension, ast.withitem)
PLAIN = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp, ast.JoinedStr)
SEVERAL = (ast.List, ast.Tuple)
LIKE_CODE = re.compile(r"\bimport\b|[=(]")
DEEPEST = 2  # texts within texts
LINE = re.compile(r"^([ \t]*)(%{1,2}\w+|!)(.*)$", re.MULTILINE)
MAGICS = set("%matplotlib %time %%time %timeit %%timeit %config %precision %autoreload %load_ext".split())
TIMED = ("%time", "%timeit")  # the rest of the line is Python
# the interpreter's own modules, and what of each an exercise has use for
INTERPRETER = {
    "sys": "version version_info getsizeof maxsize maxunicode float_info stdout stderr stdin argv path executable"
    " platform byteorder getrecursionlimit setrecursionlimit exc_info exit getrefcount prefix implementation modules",
    "gc": "collect enable disable isenabled",
    "inspect": "signature Signature Parameter isclass isfunction ismethod ismodule isgenerator getdoc cleandoc",
    "traceback": "print_exc format_exc print_exception format_exception",
    "types": "SimpleNamespace MethodType MappingProxyType GeneratorType",
    "threading": "Thread Lock RLock Event Condition Semaphore Barrier Timer local current_thread",
    "importlib": "util metadata resources",
    "unittest": "TestCase main",
    "pickle": "dump dumps HIGHEST_PROTOCOL DEFAULT_PROTOCOL PicklingError UnpicklingError",
    **dict.fromkeys("builtins linecache code codeop dis bdb pdb runpy marshal faulthandler _thread".split(), ""),
}
OPEN = INTERPRETER.keys() - {"types", "code", "inspect"} | {"os", "subprocess"}  # never through another module
REACH_OUT = {"get_ipython", "sys", "gc"}  # from these one comes to the kernel's own objects
KERNEL = set("IPython ipykernel zmq jupyter_client traitlets tornado comm".split())
CODE = set("exec eval compile globals locals vars __import__".split()) | SHELL
WORD = re.compile(r"\w+")
IN_TEXT = re.compile(r"(?<!\w)__\w+__(?!\w)|\{[^{}]*\.\s*\w*_\w*")  # a format string reads attributes too
PATH = re.compile(r"^(?:/|~|\.\./)[\w.-]+")
ORDINARY_TEXT = {"__main__", "__init__", "__call__", "__name__", "__file__"}
LONGEST_SHOWN = 60
READ = 400_000  # characters of one student's sources; what comes after is not read, and holds its points
MOST = 20  # things that are told of one source


@dataclass(frozen=True, order=True)
class Seen:
    """What was seen in a source, in words; `holds` where it can reach the verdict."""

    what: str
    holds: bool = False


def look(source: str, known: Vocabulary) -> list[Seen]:
    """Return what a source names beyond the vocabulary, the holding first."""
    tree, found = _parsed(source), {}
    if tree is None:
        found, tree = dict(_magics(source)), _parsed(LINE.sub(_timed_or_nothing, source))
    if tree is None:
        found |= {"cannot be read as Python": False} | dict(_words(source, known))
    else:
        found |= _Reader(tree, known).read()
        replaced = names.bound(source) & known.deciding - _plainly_bound(tree)
        found |= {f"gives {name}, which the tests use, another meaning": True for name in replaced}
    seen = (Seen(what[:200], holds) for what, holds in found.items())
    all_seen = sorted(seen, key=lambda one: (not one.holds, one.what))
    more = [Seen(f"names {len(all_seen) - MOST} other unusual things")] if len(all_seen) > MOST else []
    return all_seen[:MOST] + more


def _parsed(source: str) -> ast.Module | None:
    try:
        return names.parse(source)
    except UNREADABLE:
        return None


def _plainly_bound(tree: ast.Module) -> set[str]:
    """Return the names that a source gives a plain value: what it is called with then fails."""
    plain = [node for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, PLAIN)]
    return {target.id for node in plain for target in node.targets if isinstance(target, ast.Name)}


def _timed_or_nothing(line: re.Match) -> str:
    """Return what a line of magic runs: the statement that is timed, else nothing."""
    return line[1] + (line[3].strip() if line[2] in TIMED else "") or line[1] + "pass"


def _magics(source: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines for the shell that no course needs; what they may run is read as words."""
    for line in LINE.finditer(source):
        if line[2] not in MAGICS:
            yield f"uses {line[2]}, a line for the shell", bool((CODE - SHELL) & set(WORD.findall(line[3])))


def _words(source: str, known: Vocabulary) -> Iterator[tuple[str, bool]]:
    """Yield what stands in a text that is no Python and would hold points in one that is."""
    for word in sorted(set(WORD.findall(source))):
        inner = word.startswith("__") and word.endswith("__") and word not in known.attributes
        if word in CODE or word in known.machinery or word in known.tests or inner:
            yield f"names {word}", True


class _Reader:
    """One walk over the tree of a source."""

    def __init__(self, tree: ast.Module, known: Vocabulary, depth: int = 0):
        self.tree, self.known, self.depth = tree, known, depth
        self.found: dict[str, bool] = {}
        self.inside: set[int] = set()  # parts of a chain of attributes that has been looked at
        self.called: dict[int, ast.Call] = {}
        self.prose: set[int] = set()  # texts that are statements of their own
        self.modules, self.near = self._aliases()
        self.interpreter = self._interpreter()

    def read(self) -> dict[str, bool]:
        """Return what was found, and whether it holds."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                self.prose.add(id(node.value))
            look = getattr(self, f"_{type(node).__name__}", None)
            if look:
                look(node)
        return self.found

    def _aliases(self) -> tuple[set[str], set[str]]:
        """Return the names that stand for a module or a part of one, and those near to what runs the answer."""
        modules, near, given = {"torch", "np", "numpy", "tf"}, set(REACH_OUT), []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    modules.add((alias.asname or alias.name).split(".")[0])
                    if _is_inner(alias.name):
                        near.add((alias.asname or alias.name).split(".")[0])
            elif isinstance(node, ast.ImportFrom):
                modules |= {alias.asname or alias.name for alias in node.names}
                if _is_inner(node.module or ""):
                    near |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, BINDS):
                given.append(_binding(node))
        for bound, values in given:
            for value in values:
                chain, root = _chain(value)
                called = isinstance(value, ast.Call) or any(isinstance(part.value, ast.Call) for part in chain)
                name = getattr(root, "id", "")
                modules |= bound if name in modules and not called else set()
                near |= bound if name in near else set()
        return modules, near

    def _interpreter(self) -> dict[str, str]:
        """Return the names under which modules of the interpreter were imported, and which each is."""
        aliases = [alias for node in ast.walk(self.tree) if isinstance(node, ast.Import) for alias in node.names]
        return {alias.asname or alias.name: alias.name for alias in aliases if alias.name in INTERPRETER}

    def _ordinary(self, module: str, name: str) -> bool:
        """Return whether an exercise has use for this name of a module of the interpreter."""
        return name in INTERPRETER[module].split() or f"{module}.{name}" in self.known.modules

    def _see(self, what: str, holds: bool = False) -> None:
        self.found[what] = self.found.get(what, False) or holds

    def _Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._module(alias.name)

    def _ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        self._module(module)
        for alias in node.names:
            if alias.name.startswith("_") and f"{module}.{alias.name}" not in self.known.modules:
                self._see(f"imports {module}.{alias.name}", True)
            elif alias.name in OPEN:
                self._see(f"reaches {alias.name} through {module}", True)
            elif module in INTERPRETER and not self._ordinary(module, alias.name):
                self._see(f"uses {module}.{alias.name}", True)

    def _module(self, name: str) -> None:
        if name and name not in self.known.modules:
            parts = name.split(".")
            self._see(f"imports {name}", any(part.startswith("_") for part in parts) and parts[0] != "__future__")

    def _Name(self, node: ast.Name) -> None:
        name = node.id
        if not isinstance(node.ctx, ast.Load):
            if name in self.known.tests:
                self._see(f"binds {name}, a name of the tests")
        elif name in self.known.names and name not in self.known.tests:
            if name in ("getattr", "setattr", "delattr") and id(node) not in self.called:
                self._see(f"hands on {name}", name != "getattr")
        elif name in ("exit", "quit") and id(node) in self.called:
            self._see(f"calls {name}")
        elif name == "get_ipython":
            self._see("asks for the notebook's shell")
        elif name == "vars" and id(node) in self.called and self.called[id(node)].args:
            self._see("uses vars", self._is_module(self.called[id(node)].args[0]))
        else:
            self._see(f"uses {name}", name in CODE or name.startswith("_"))

    def _Call(self, node: ast.Call) -> None:
        self.called[id(node.func)] = node
        name = getattr(node.func, "id", "")
        if name in ("getattr", "setattr", "delattr") and len(node.args) > 1:
            self._by_name(name, node)
        elif name == "type" and len(node.args) == 3:
            self._see("makes a class by type()", True)

    def _by_name(self, called: str, node: ast.Call) -> None:
        """Look at getattr, setattr and delattr: an attribute by its name."""
        owner, name = node.args[:2]
        known = isinstance(name, ast.Constant) and isinstance(name.value, str)
        if called != "getattr" and self._is_module(owner):
            self._see(f"changes {_text(owner)} by {called}", True)
        if known:
            self._attribute(name.value, owner, str(_text(owner)))
        elif _root(owner) in self.near or _root(owner) in self.interpreter:
            self._see(f"{called} with a name that is put together", True)
        elif not isinstance(name, ast.Name) and getattr(owner, "id", "") not in ("self", "cls", "ctx"):
            self._see(f"{called} with a name that is put together")

    def _Attribute(self, node: ast.Attribute) -> None:
        if id(node) in self.inside:
            return
        chain, root = _chain(node)
        self.inside |= set(map(id, chain))
        base = getattr(root, "id", "")
        for part in chain:
            self._attribute(part.attr, part.value, base)
        if not isinstance(node.ctx, ast.Load):
            self._stored(node, base)

    def _attribute(self, name: str, owner: ast.AST, base: str) -> None:
        """Look at one attribute: of what, and by what name."""
        known, shown = self.known, f"uses .{name}"
        own = name in known.own and getattr(owner, "id", "") not in self.modules
        if base in self.modules and name in OPEN:
            self._see(f"reaches {name} through {base}", True)
        elif base in self.near and name in known.machine:
            self._see(shown, True)
        elif name in known.machinery and not own:
            self._see(shown, True)
        elif (module := self.interpreter.get(getattr(owner, "id", ""))) and not self._ordinary(module, name):
            self._see(f"uses {module}.{name}", True)
        elif name in known.attributes or own:
            return
        elif name.startswith("_"):
            own_state = name == "__dict__" and getattr(owner, "id", "") in ("self", "cls")
            self._see(shown, not (own_state or name == "_exit"))
        else:
            self._see(shown)

    def _stored(self, node: ast.Attribute, base: str) -> None:
        """Look at an attribute that is set: of a module it holds, unless to a plain value."""
        if isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "type":
            self._see(f"sets .{node.attr} of a type", True)
        elif node.attr == "__class__":
            self._see("sets .__class__", True)
        elif base in self.modules:
            stream = _text(node) in ("sys.stdout", "sys.stderr")
            self._see(f"sets {_text(node)}", not stream and id(node) not in self._plainly_set())

    def _plainly_set(self) -> set[int]:
        """Return the attributes that are set to a number, a truth value or None."""
        if not hasattr(self, "_plain"):
            assigned = [node for node in ast.walk(self.tree) if isinstance(node, ast.Assign)]
            plain = [node for node in assigned if isinstance(node.value, ast.Constant)]
            self._plain = {id(target) for node in plain for target in node.targets}
        return self._plain

    def _is_module(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and _root(node) in self.modules

    def _Global(self, node: ast.Global) -> None:
        for name in node.names:
            if name in self.known.tests or name.startswith("_") and name not in self.known.names:
                self._see(f"sets {name} for all cells", True)

    def _FunctionDef(self, node: ast.FunctionDef) -> None:
        name = node.name
        if name in ("__eq__", "__ne__"):
            self._see(f"defines {name}")
        elif name.startswith("__") and name.endswith("__") and name not in self.known.attributes:
            self._see(f"defines {name}", True)

    def _Constant(self, node: ast.Constant) -> None:
        if not isinstance(node.value, str) or id(node) in self.prose:
            return
        words = set(IN_TEXT.findall(node.value)) - ORDINARY_TEXT - self.known.attributes
        if "." in node.value:
            words |= {word for word in WORD.findall(node.value) if word in self.known.machinery}
        for word in words:
            self._see(f"holds the text {word[:LONGEST_SHOWN]}", True)
        self._as_code(node.value)
        if place := PATH.search(node.value):
            self._see(f"holds the path {place.group()[:LONGEST_SHOWN]}")

    def _as_code(self, text: str) -> None:
        """Look at a text that could be run: what holds in code holds in a text that may become code."""
        tree = _parsed(text) if self.depth < DEEPEST and LIKE_CODE.search(text) else None
        for what, holds in _Reader(tree, self.known, self.depth + 1).read().items() if tree else ():
            if holds:
                self._see(f"holds a text that, run as code, {what}", True)


def _chain(node: ast.Attribute) -> tuple[list[ast.Attribute], ast.AST]:
    """Return the attributes of a chain, outermost first, and what it starts from."""
    chain = []
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(node, ast.Attribute):
            chain.append(node)
        node = node.func if isinstance(node, ast.Call) else node.value
    return chain, node


def _root(node: ast.AST) -> str:
    """Return the name that a chain of attributes starts from, or ""."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return getattr(node, "id", "")


def _binding(node: ast.AST) -> tuple[set[str], list[ast.AST]]:
    """Return the names that a statement binds, and what it binds them to."""
    value = getattr(node, "iter", None) or getattr(node, "context_expr", None) or getattr(node, "value", None)
    targets = getattr(node, "targets", None) or [getattr(node, "target", getattr(node, "optional_vars", None))]
    parts = [part for target in targets for part in (target.elts if isinstance(target, SEVERAL) else [target])]
    bound = {part.id for part in parts if isinstance(part, ast.Name)}
    return bound, (value.elts if isinstance(value, SEVERAL) else [value]) if bound else []


def _is_inner(module: str) -> bool:
    """Return whether one comes from a module to the objects of the kernel."""
    return module.split(".")[0] in KERNEL | REACH_OUT


def _text(node: ast.AST) -> str:
    """Return the short text of a chain of names."""
    chain, root = _chain(node) if isinstance(node, ast.Attribute | ast.Subscript) else ([], node)
    return ".".join([getattr(root, "id", "..."), *(part.attr for part in reversed(chain))])[:LONGEST_SHOWN]
