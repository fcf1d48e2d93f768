"""The import arrows: benchmarks -> website -> gates -> lab -> grader, never back; each library where it belongs."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSES = ("grader", "lab", "gates", "website", "benchmarks")  # each may import itself and those before it
GRADER = ROOT / "grader"
MODULES = sorted(
    path for house in HOUSES for path in (ROOT / house).rglob("*.py") if path.name not in ("__init__.py", "__main__.py")
)
LAYERS = [  # of grader/: each may import those below it and, within the inner rings, its neighbours
    {"cli", "commands"},
    {"classroom", "table", "preload", "report", "overview", "feedback", "export", "convert", "roster"},
    {"plans"},
    {"pool", "flags", "collect"},
    {"handed_in", "platforms"},
    {"gradebook"},
    {"judge", "handout"},
    {"marks", "suspicion", "execute"},
    {"canaries", "perturbed", "libraries"},
    {"session", "hidden"},
    {"seen", "folders", "answers", "watch", "perturb", "messages"},
    {"assemble", "sheets", "summary"},
    {"intake"},
    {"inert"},
    {"submitted", "notebooks", "names", "settings", "vocabulary"},
    {"errors"},
]
# the way of one submission: types on what they offer
WAY = (
    "submitted intake assemble execute judge gradebook session seen canaries suspicion watch flags marks folders pool "
    "classroom inert vocabulary libraries export convert roster collect handed_in platforms table handout names "
    "settings plans messages hidden perturb perturbed overview summary"
).split()
OF_NBGRADER = "folders gradebook flags platforms convert handout settings".split()
HOMES = {
    "nbgrader": {"lab/exercises", "benchmarks/bench", *(f"grader/{name}" for name in OF_NBGRADER)},
    "nbclient": {"grader/session", "lab/progress"},
    "papermill": {"gates/executed"},
    "jupyter_client": {"grader/kernels"},
    "distributed": {"grader/pool"},
    "sphinx": {"website/extension"},
}


def name(path):
    """Return house/module; all of grader/kernels is one."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "/".join(parts[:2])


def imports(path):
    """Return the dotted names that a module imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(module):
    return next((number for number, members in enumerate(LAYERS) if module in members), None)


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_houses_are_imported_one_way(path):
    here = path.relative_to(ROOT).parts[0]
    for imported in imports(path):
        there = imported.split(".")[0]
        assert there not in HOUSES or HOUSES.index(there) <= HOUSES.index(here), (
            f"{name(path)} must not import {imported}"
        )


@pytest.mark.parametrize("path", sorted(GRADER.glob("[!_]*.py")), ids=name)
def test_arrows_point_one_way_inside_the_grader(path):
    here = path.stem
    for imported in imports(path):
        house, _, there = imported.partition(".")
        there = there.partition(".")[0]
        if house == "grader" and there and there != "kernels":
            assert layer(here) is not None, f"{here} stands in no layer"
            assert layer(there) is not None, f"{there} stands in no layer"
            assert layer(there) >= layer(here), f"{here} must not import {there}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_each_library_is_imported_where_it_belongs(path):
    for imported in imports(path):
        home = HOMES.get(imported.split(".")[0])
        assert home is None or name(path) in home, f"{imported} is imported in {sorted(home)} alone"


STANDARD = "__init__ walls outer limits seccomp landlock guard learn machine zygote address start".split()


@pytest.mark.parametrize("module", STANDARD)
def test_the_sandbox_imports_the_standard_library_alone(module):
    known = sys.stdlib_module_names | {"grader"}
    tree = ast.parse((GRADER / "kernels" / f"{module}.py").read_text())
    top = [
        node
        for node in tree.body
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)
    ]
    for node in top:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
        assert all(imported.split(".")[0] in known for imported in names)


def test_nothing_imports_the_kernels_but_the_doctor():
    for path in MODULES:
        if name(path) not in ("grader/kernels", "grader/commands"):
            assert not any(imported.startswith("grader.kernels") for imported in imports(path)), path.name


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_modules_and_functions_are_small(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 350
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [f.name for f in functions if f.end_lineno - f.lineno >= 40]


@pytest.mark.parametrize("module", WAY)
def test_the_way_of_a_submission_says_its_types(module):
    tree = ast.parse((GRADER / f"{module}.py").read_text())
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    untyped = [f.name for f in public if f.returns is None or not all(a.annotation for a in f.args.args)]
    assert not untyped or module in ("watch", "perturb")
