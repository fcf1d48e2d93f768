"""Make build/site: pages from executed lessons, exercises and data, then Sphinx, with its warnings as errors."""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode

from gates import sources
from grader import notebooks
from grader.errors import LessonError, MachineError
from grader.notebooks import ROOT
from website import lessons, names, pages, traps

HERE = Path(__file__).parent
RUN_FIRST = "Run make course first"
MADE = ("names/from_tensorflow.md", "names/from_pytorch.md", "names/concepts.md", "traps/index.md", "numbers.md")


def build(root: Path = ROOT) -> str:
    """Make build/site, all of it or nothing, and say how many pages it has; GraderError where something is missing."""
    began = time.perf_counter()
    if missing := [name for name in ("sphinx", "myst_nb", "sphinx_book_theme") if not find_spec(name)]:
        raise MachineError("make site", f"expected Sphinx and its theme, found no {missing[0]}", "Run make site")
    made = content(root)
    with TemporaryDirectory(prefix=".site-", dir=root / "build") as folder:
        source, out = Path(folder, "source"), Path(folder, "site")
        write(made, source)
        sphinx(source, out)
        shutil.rmtree(root / "build" / "site", ignore_errors=True)
        out.rename(root / "build" / "site")
    count = sum(1 for _ in (root / "build" / "site").rglob("*.html"))
    return f"build/site/index.html: {count} pages in {time.perf_counter() - began:.0f} s"


def content(root: Path) -> dict[str, str | bytes | NotebookNode]:
    """Return {place: content} of everything that Sphinx reads."""
    course = sources.sources(root=root)
    executed = {page.name: run(page, root) for page in course}
    exercises = {path.stem: path for path in sorted(root.glob("exercises/*/*.ipynb")) if path.stem == path.parent.name}
    known = {*(f"course/{name}.ipynb" for name in executed), *(f"exercises/{name}/{name}.ipynb" for name in exercises),
             *pages.DOCS, *pages.SECTIONS, *MADE, "index.md"}
    repository = address(root)
    made = {}
    for name, notebook in executed.items():
        place = f"course/{name}.ipynb"
        made[f"downloads/{place}"] = (root / place).read_bytes()
        made[place] = lessons.page(notebook, place, known, offers(place, f"exercises/{name}/{name}.ipynb", known,
                                                                   repository))
    for name, path in exercises.items():
        place = f"exercises/{name}/{name}.ipynb"
        made[f"downloads/{place}"] = path.read_bytes()
        made[place] = lessons.page(notebooks.read(path), place, known, offers(place, "", known, repository))
    made |= from_data(course, executed, known)
    made |= pages.teaching(root, known)
    titles = {page.name: sources.headings(page)[0][1] for page in course}
    alt, drawing = pages.PICTURE.search((root / "README.md").read_text(encoding="utf-8")).groups()
    picture = pages.themed((root / drawing).read_text(encoding="utf-8"), alt)
    return made | {"index.md": pages.home(titles, picture), "numbers.md": pages.numbers(course, executed, root)}


def run(page: sources.Source, root: Path) -> NotebookNode:
    """Return a lesson with what its cells put out when it ran; LessonError where it did not, did not end, or has other
    code now."""
    path = root / "build" / "course" / f"{page.name}.ipynb"
    where = path.relative_to(root)
    if not path.exists():
        raise LessonError(where, "expected the lesson as it ran, found no file", RUN_FIRST)
    notebook = notebooks.read(path)
    if notebook.metadata.get("papermill", {}).get("exception"):
        raise LessonError(where, "expected a lesson that ran to its end, found one that stopped", RUN_FIRST)
    ran = [c for c in notebook.cells if c.cell_type == "code" and "injected-parameters" not in notebooks.tags(c)]
    if [cell.source for cell in ran] != [cell.source for cell in page.code]:
        raise LessonError(where, f"expected the code that {page.where} has now, found an older one", RUN_FIRST)
    for cell, told in zip(page.code, ran):
        cell.outputs = told.outputs
    notebook.cells = page.cells  # today's text around it
    return notebook


def from_data(course: list[sources.Source], executed: dict[str, NotebookNode], known: set[str]) -> dict:
    """Return {place: content} of the pages that are made from tags, tables and concepts.csv."""
    found, tables, pairs, used, shown, made = [], [], [], [], {}, {}
    for page in course:
        cells = executed[page.name].cells
        found += traps.traps(page.name, cells, page.rows)
        tables += traps.symptom_tables(page.name, cells, known)
        pairs += names.pairs(page.name, cells, known)
        used += names.uses(page.name, cells)
        shown |= names.shown(page.name, cells)
    titles = {page.name: sources.headings(page)[0][1] for page in course}
    for trap in found:
        made[trap.place] = traps.page(trap, known)
    rows = [row for page in course for row in page.rows]
    return made | {
        "traps/index.md": traps.overview(found, tables),
        "names/concepts.md": names.concepts(rows, shown, titles),
        "names/from_tensorflow.md": names.page("TensorFlow", pairs, used),
        "names/from_pytorch.md": names.page("PyTorch", pairs, used),
    }


def offers(place: str, exercise: str, known: set[str], repository: str) -> str:
    """Return the line that offers a page's notebook, its exercises and, with an address, places to run it."""
    links = [f"{{download}}`Download this notebook </downloads/{place}>`"]
    if exercise in known:
        links.append(f"[Its exercises](/{exercise})")
    if github := re.match(r"https://github\.com/([^/]+/[^/]+?)(?:\.git)?/?$", repository):
        links.append(f"[Open in Colab](https://colab.research.google.com/github/{github[1]}/blob/HEAD/{place})")
        links.append(f"[Open in Binder](https://mybinder.org/v2/gh/{github[1]}/HEAD?labpath={place})")
    return " · ".join(links)


def address(root: Path) -> str:
    """Return the repository's address, or nothing where pyproject.toml does not tell it."""
    path = root / "pyproject.toml"
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"] if path.exists() else {}
    return project.get("urls", {}).get("repository", "")


def write(made: dict, source: Path) -> None:
    """Write the pages where Sphinx reads them."""
    for place, page in made.items():
        path = source / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(page, bytes):
            path.write_bytes(page)
        else:
            path.write_text(page if isinstance(page, str) else notebooks.text(page), encoding="utf-8")


def sphinx(source: Path, out: Path) -> None:
    """Run Sphinx; MachineError with its first warnings where it has one."""
    command = [sys.executable, "-m", "sphinx", "-c", HERE, "-b", "html", "-q", "-W", "--keep-going", "-j", "auto",
               "-d", source.with_name("doctrees"), source, out]
    env = os.environ | {"PYTHONPATH": str(HERE.parent), "PYTHONWARNINGS": "ignore"}
    told = subprocess.run([*map(str, command)], capture_output=True, text=True, env=env, cwd=HERE.parent)
    if told.returncode:
        said = [line.replace(f"{source}/", "") for line in told.stderr.splitlines() if line.strip()]
        print(*said, sep="\n", file=sys.stderr)
        raise MachineError("make site", "expected no warning of Sphinx, got those above", "Mend what they name")
