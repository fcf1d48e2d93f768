"""The import arrows: cli -> verbs -> nouns -> notebooks, errors; each library is imported where it belongs."""

import ast
import sys
from pathlib import Path

import pytest

GRADER = Path(__file__).parent.parent / "grader"
MODULES = sorted(path for path in GRADER.rglob("*.py") if path.name not in ("__init__.py", "__main__.py"))
LAYERS = [  # each may import those below it and, within the inner rings, its neighbours
    {"cli"},
    {"check", "course", "classroom", "demo", "bench", "report", "lab", "release", "regrade", "gpu"},
    {"structure", "proofs", "claims", "corruptions", "lessons", "intake", "assemble", "execute", "verdict", "gradebook", "feedback",
     "answers", "exercises", "mutants", "trials", "numbers", "roster", "probe"},
    {"notebooks", "findings"},
    {"errors"},
]
HOMES = {
    "nbgrader": {"exercises", "gradebook", "feedback", "bench"},
    "nbclient": {"execute"},
    "papermill": {"course"},
    "jupyter_client": {"kernels"},
    "cosmic_ray": {"mutants"},
    "distributed": {"classroom"},
}


def name(path):
    parts = path.relative_to(GRADER).with_suffix("").parts
    return "kernels" if parts[0] == "kernels" else parts[0]


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(GRADER)))
def test_arrows_point_one_way(path):
    here = name(path)
    for imported in imports(path):
        if imported.startswith("grader.") and here != "kernels":
            there = imported.split(".")[1]
            if there in ("kernels", "install") or here == "install":
                continue
            assert layer(here) is not None, f"{here} stands in no layer"
            assert layer(there) is not None, f"{there} stands in no layer"
            assert layer(there) >= layer(here), f"{here} must not import {there}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(GRADER)))
def test_each_library_is_imported_where_it_belongs(path):
    for imported in imports(path):
        home = HOMES.get(imported.split(".")[0])
        assert home is None or name(path) in home, f"{imported} is imported in {sorted(home)} alone"


@pytest.mark.parametrize("module", ["sandbox", "zygote", "address", "start"])
def test_the_sandbox_imports_the_standard_library_alone(module):
    known = sys.stdlib_module_names | {"grader", "sandbox"}  # the zygote finds sandbox beside itself
    tree = ast.parse((GRADER / "kernels" / f"{module}.py").read_text())
    top = [node for node in tree.body if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level)]
    for node in top:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module]
        assert all(imported.split(".")[0] in known for imported in names)


def test_nothing_imports_the_kernels_but_set_up_and_the_doctor():
    for path in MODULES:
        if name(path) not in ("kernels", "cli", "lab", "install"):
            assert not any(imported.startswith("grader.kernels") for imported in imports(path)), path.name
