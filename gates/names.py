"""Public names of PyTorch: told in words where they are first used, and taught before an exercise asks for them.

A name is what a reader has to know: the last part of `torch.nn.Linear`, a method such as `backward`, a keyword argument
with its `=`. What NumPy calls by the same name and means alike needs no sentence: these readers know it.
"""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from gates import sources
from gates.findings import Finding, Gate
from gates.sources import Source
from grader import notebooks

FAMILIES = ("torch", "torchvision")
UNLIKE_NUMPY = {"repeat", "split", "transpose", "view"}  # the same name for something else
ON_LAYERS = ("device= on a layer", "dtype= on a layer")  # tensors take them in lesson 02, layers are another matter
PLAIN = {  # names that need no sentence, and why
    "is_available": "part of the set-up that every page repeats",
    "assert_close": "a comparison, which says itself what it compares",
    "rtol=": "of a comparison",
    "atol=": "of a comparison",
    "msg=": "of a comparison",
    "allclose": "a comparison, as in NumPy",
    "equal": "a comparison",
    "min=": "of clamp, whose name says it",
    "max=": "of clamp, whose name says it",
    **dict.fromkeys(
        ("axis=", "ddof=", "dtype=", "keepdims=", "shape=", "size="),
        "as in NumPy; dtype= on layers has a name of its own",
    ),
}
FOLDED = re.compile(r"<details>.*?</details>", re.S)
SPAN = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`|<code>(.*?)</code>", re.S)
TOKEN = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)(\(|=(?!=))?")


# --- gates --------------------------------------------------------------------------------------


def named_before_used(source: Source) -> Iterator[Finding]:
    """A name's first use has a sentence in its section, or before it, that names it: visible, not folded."""
    known = {name for page in source.before for _, name in uses(page)}
    text, found = "\n\n".join(prose(page.cells) for page in source.before), uses(source)
    for section in sources.sections(source)[1:]:
        text += "\n\n" + prose(section)
        here = {id(cell) for cell in section}
        for cell, name in found:
            if id(cell) in here and name not in known:
                known.add(name)
                if not is_named(name, text):
                    yield Finding(source.at(cell), f"a sentence that names `{name}` in its section or before", "none",
                                  "Say what it does where it is first used.")


def taught_before_asked(subjects: list) -> Gate:
    """Every public name that a solution, a hint or a visible message needs stands in a lesson up to it."""
    findings, count = [], 0
    pages = sources.sources(root=subjects[0].sheet.lesson.root) if subjects else []
    for subject in subjects:
        before = [page for page in pages if page.name <= subject.name]
        taught = "\n\n".join(cell.source for page in before for cell in page.cells if not sources.folded(cell))
        taught_names = {name for page in before for _, name in uses(page)}
        for exercise in subject.sheet.exercises:
            for name, place in asked(subject.sheet, exercise).items():
                count += 1
                if name not in taught_names and not is_named(name, taught):
                    findings.append(
                        Finding(
                            subject.where(exercise.name),
                            f"`{name}`, which the {place} needs, in a lesson up to it",
                            "none",
                            "Teach it there, or ask for something else.",
                        )
                    )
    return Gate("taught", f"{count - len(findings)} of {count} names", tuple(findings))


# --- what is used, named and asked --------------------------------------------------------------


def uses(source: Source) -> list[tuple]:
    """Return (cell, name) of the names that a lesson's readable code uses: neither folded, nor TensorFlow's, nor
    drawing."""
    aliases, found = {}, []
    for cell in source.code:
        aliases |= imported(ast.parse(cell.source))
        if not sources.folded(cell) and not {"tensorflow", "figure"} & set(notebooks.tags(cell)):
            found += [(cell, name) for name in used(cell.source, frozenset(aliases.items()))]
    return found


def prose(cells: list) -> str:
    """Return the Markdown that a reader sees without unfolding anything."""
    return "\n\n".join(FOLDED.sub("", cell.source) for cell in cells if cell.cell_type == "markdown")


def is_named(name: str, text: str) -> bool:
    """Tell whether `text` says the name; a keyword argument with its `=` or in a code span of its own."""
    if name in ON_LAYERS:
        return any(name.split()[0] in part and re.search(r"\blayers?\b|\bnn\.", part) for part in text.split("\n\n"))
    word = re.escape(name.rstrip("="))
    return bool(re.search(rf"(?<!\w){word}\s?=(?!=)|`{word}`" if name.endswith("=") else rf"(?<!\w){word}(?!\w)", text))


def asked(sheet, exercise) -> dict[str, str]:
    """Return {name: solution, hint or message} of what a student needs for one exercise."""
    aliases = {}
    for cell in sheet.setup:
        aliases |= imported(ast.parse(cell.source))
    found = dict.fromkeys(used(exercise.solution.source, frozenset(aliases.items())), "solution")
    for hint in FOLDED.findall(exercise.statement.source):
        for span in ("".join(parts) for parts in SPAN.findall(hint)):
            for name in used(span, frozenset(aliases.items())) or in_text(span, aliases):
                found.setdefault(name, "hint")
    for cell in exercise.visible:
        for message in messages(cell.source):
            for name in in_text(message, aliases):
                found.setdefault(name, "message")
    return {name: place for name, place in found.items() if name != exercise.name}


def messages(code: str) -> Iterator[str]:
    """Yield the texts of the asserts in `code`, without what they compute."""
    for node in sources.asserts(code):
        told = (
            [node.msg]
            if isinstance(node, ast.Assert)
            else [keyword.value for keyword in node.keywords if keyword.arg == "msg"]
        )
        for part in (part for message in told if message for part in ast.walk(message)):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def in_text(text: str, aliases: dict[str, str]) -> list[str]:
    """Return the public names that a text spells as code: with a dot, an underscore, a bracket or a `=` after it."""
    found = []
    for path, sign in TOKEN.findall(text):
        root, dot, _ = path.partition(".")
        name = path.rstrip(".").rpartition(".")[2]
        if (
            dot
            and root in aliases
            and not is_module(path)
            or (sign == "(" or "_" in name.strip("_") or dot)
            and name in methods()
        ):
            found.append(name)
    return [name for name in found if needs_words(name)]


# --- names in code ------------------------------------------------------------------------------


@cache
def used(code: str, aliases: frozenset) -> list[str]:
    """Return the names that `code` uses, each once; none where it is a fragment that does not parse."""
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return []
    known = dict(aliases) | imported(tree)
    return list(dict.fromkeys(name for node in ast.walk(tree) for name in at_node(node, known) if needs_words(name)))


def at_node(node: ast.AST, aliases: dict[str, str]) -> Iterator[str]:
    """Yield the name that one node of a syntax tree spells; for a call its keyword arguments."""
    if isinstance(node, ast.Call):
        path = dotted(node.func, aliases)
        if path or isinstance(node.func, ast.Attribute) and node.func.attr in methods():
            layer = " on a layer" if path.startswith("torch.nn.") and path.rpartition(".")[2][:1].isupper() else ""
            for keyword in (f"{keyword.arg}=" for keyword in node.keywords if keyword.arg):
                yield keyword + layer if keyword + layer in ON_LAYERS else keyword
    elif isinstance(node, (ast.Attribute, ast.Name)):
        path = dotted(node, aliases)
        if path and not is_module(path):
            yield path.rpartition(".")[2]
        elif isinstance(node, ast.Attribute) and not path and node.attr in methods():
            yield node.attr


def imported(tree: ast.AST) -> dict[str, str]:
    """Return {alias: dotted name} of what `tree` imports from PyTorch's packages."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= {alias.asname: alias.name} if alias.asname else {(root := alias.name.partition(".")[0]): root}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return {alias: name for alias, name in found.items() if name.partition(".")[0] in FAMILIES}


def dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """Return the path that `node` spells from an imported name on, as far as modules go and one name more; else
    nothing."""
    if isinstance(node, ast.Name):
        return aliases.get(node.id, "")
    before = dotted(node.value, aliases) if isinstance(node, ast.Attribute) else ""
    return f"{before}.{node.attr}" if before and is_module(before) else ""


@cache
def is_module(path: str) -> bool:
    """Tell torch.nn from torch.ones."""
    try:
        return path in sys.modules or find_spec(path) is not None
    except ModuleNotFoundError:
        return False


def needs_words(name: str) -> bool:
    """Tell a public name that NumPy's users do not know."""
    return not name.startswith("_") and name not in PLAIN and (name in UNLIKE_NUMPY or name not in of_numpy())


@cache
def of_numpy() -> frozenset[str]:
    """Return the names that these readers bring along."""
    numpy = import_module("numpy")
    return frozenset(dir(numpy)) | frozenset(dir(numpy.ndarray)) | frozenset(dir(numpy.linalg))


@cache
def methods() -> frozenset[str]:
    """Return the public attributes of PyTorch's objects that no plain object of Python has."""
    torch = import_module("torch")
    nodes = (torch.autograd.function.FunctionCtx, torch.autograd.graph.Node, torch.autograd.graph.GradientEdge)
    optimizers = (torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler)
    kinds = (
        torch.Tensor,
        torch.nn.Module,
        torch.nn.Parameter,
        torch.Generator,
        torch.utils.data.DataLoader,
        *nodes,
        *optimizers,
    )
    plain = {name for kind in (str, bytes, list, tuple, dict, set, int, float, complex, type) for name in dir(kind)}
    return frozenset(name for kind in kinds for name in dir(kind) if not name.startswith("_") and name not in plain)
