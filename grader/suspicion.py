"""What an answer reaches for that no exercise has need of: evidence for a person, read from its text alone."""

import ast
import re
from collections.abc import Iterator

from grader.names import parse

REACH = {
    "sys": {"_getframe", "settrace", "setprofile", "excepthook", "modules", "_current_frames"},
    "os": {"fork", "system", "popen", "_exit", "kill", "environ", "execv", "execve", "spawnl"},
    "importlib": {"reload"},
    **dict.fromkeys("inspect ctypes gc socket subprocess signal urllib requests mmap _thread multiprocessing".split()),
    **dict.fromkeys("builtins IPython ipykernel zmq unittest".split()),
    **dict.fromkeys("threading asyncio concurrent traceback linecache dis code bdb pdb weakref atexit marshal".split()),
    **dict.fromkeys("sqlite3 http ftplib smtplib select selectors psutil tornado jupyter_client".split()),
}  # None: the whole module
NAMES = set("get_ipython __builtins__ __import__ _ih _oh _i _ii _iii In globals locals exec eval compile".split())
METHODS = {"__torch_function__", "__torch_dispatch__", "__instancecheck__", "__eq__", "__ne__", "__class__", "__del__"}
ATTRIBUTES = set(
    "__globals__ __code__ __subclasses__ __closure__ __kwdefaults__ __defaults__ __instancecheck__ __torch_function__"
    " __torch_dispatch__ f_back f_globals f_locals f_code tb_frame gi_frame _dispatch _getframe _current_frames"
    " settrace setprofile pub_thread".split()
)
# in a text: a format string reads attributes too
WORDS = re.compile(rf"(?<!\w)(?:{'|'.join(sorted(ATTRIBUTES | METHODS))})(?!\w)")
MAGIC = re.compile(r"^([ \t]*)(%{1,2}\w+|!)(.*)$", re.MULTILINE)
MAGICS = {"matplotlib", "time", "timeit", "config", "precision", "autoreload", "load_ext", "reset"}
SHARED = {"torch", "numpy", "np", "math", "random", "tf"}  # imported before any answer
PLACES = re.compile(r"/proc/|gradebook\.db|/submitted/|/autograded/|/solutions/|answers\.py")
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


def reach(source: str) -> set[str]:
    """Return what a source text reaches for that an exercise has no need of."""
    try:
        return _in_tree(parse(source))
    except UNREADABLE:
        pass
    magics = {m[2] for m in MAGIC.finditer(source) if m[2].lstrip("%") not in MAGICS}
    try:
        return magics | _in_tree(parse(MAGIC.sub(_timed_or_nothing, source)))
    except UNREADABLE:  # what only the shell can read
        return magics | {*PLACES.findall(source), *WORDS.findall(source), *(NAMES & set(re.findall(r"\w+", source)))}


def _timed_or_nothing(magic: re.Match) -> str:
    """Return what a line of magic runs: the statement that is timed, else nothing."""
    return magic[1] + (magic[3].strip() if "time" in magic[2] else "") or "pass"


def _in_tree(tree: ast.Module) -> set[str]:
    nodes = list(ast.walk(tree))
    imported = [alias for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    real_names = {alias.asname: alias.name for alias in imported if alias.asname}
    found = {what for node in nodes for what in _in_node(node, real_names)}
    return found | _put_into_modules(nodes)


def _in_node(node: ast.AST, real_names: dict[str, str]) -> Iterator[str]:
    """Yield what one node of a syntax tree reaches for."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if _far(alias.name))
    elif isinstance(node, ast.ImportFrom) and node.module:
        wanted = REACH.get(node.module.split(".")[0], ())
        yield from (f"{node.module}.{a.name}" for a in node.names if wanted is None or a.name in wanted)
    elif isinstance(node, ast.Attribute):
        yield from _in_attribute(node, real_names)
    elif isinstance(node, ast.Call):
        yield from _in_call(node)
    elif isinstance(node, ast.FunctionDef) and node.name in METHODS:
        yield node.name
    elif isinstance(node, ast.Name) and node.id in (METHODS if isinstance(node.ctx, ast.Store) else NAMES):
        yield node.id
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        place = PLACES.search(node.value)
        yield from [repr(place.group())] if place else WORDS.findall(node.value)


def _in_attribute(node: ast.Attribute, real_names: dict[str, str]) -> Iterator[str]:
    owner = getattr(node.value, "attr", getattr(node.value, "id", ""))
    wanted = REACH.get(real_names.get(owner, owner), ())
    a_module = owner and node.attr != "signal" and _far(node.attr)  # torch.sys, but not scipy.signal
    if node.attr in ATTRIBUTES or (wanted and node.attr in wanted) or a_module:
        yield f"{owner}.{node.attr}".lstrip(".")


def _in_call(node: ast.Call) -> Iterator[str]:
    called = getattr(node.func, "id", "")
    if called in ("getattr", "setattr") and len(node.args) > 1:
        if not isinstance(node.args[1], ast.Constant | ast.Name):
            yield f"{called} with a name that is put together"
    elif called == "type" and len(node.args) == 3:
        yield "a class made by type()"


def _far(module: str) -> bool:
    """Return whether a module as a whole lies beyond what an exercise needs."""
    return REACH.get(module.split(".")[0], ()) is None


def _put_into_modules(nodes: list[ast.AST]) -> set[str]:
    """Return where a source changes what a module holds, or hands on a module that opens all others."""
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = SHARED | {(a.asname or a.name).split(".")[0] for node in imports for a in node.names}
    plain = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    found = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and _root(node) in modules:
            found |= {f"{ast.unparse(node)}, set to something else"} if "backends" not in ast.unparse(node) else set()
        elif isinstance(node, ast.Attribute) and node.attr == "__dict__" and _root(node) in modules:
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("setattr", "delattr", "vars"):
            if not node.args or _root(node.args[0]) in modules:
                found.add(ast.unparse(node)[:80])
        elif isinstance(node, ast.Global):
            found |= {f"global {name}" for name in node.names if name.startswith("_") or name == "attempt"}
        elif isinstance(node, ast.Name) and node.id in ("sys", "os", "importlib") and id(node) not in plain:
            found.add(f"{node.id} under another name")
    return found


def _root(node: ast.AST) -> str:
    """Return the name that a chain of attributes starts from, or ""."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return getattr(node, "id", "")
