"""Read the pages of course/: their cells, the concepts they promise, their figures."""

import ast
import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from grader import notebooks

CODE = re.compile(r"```.*?```|~~~.*?~~~", re.S)
NOT_PROSE = re.compile(r"`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|<!--.*?-->|<[^>]*>|\]\([^)]*\)", re.S)
WORD = re.compile(r"\w[\w'’.-]*")
HEADING = re.compile(r"^(#{1,6})\s+(.+)$", re.M)


@dataclass(frozen=True)
class Row:
    """One concept that a lesson promises to show."""

    id: str
    lesson: str
    sentence: str
    proof: str


@dataclass(frozen=True)
class Source:
    """A page's cells, the concepts it promises, and the pages before it in the course."""

    name: str
    folder: Path
    cells: list
    rows: list
    before: tuple = ()

    @property
    def kind(self) -> str:
        return kind(self.name)

    @property
    def where(self):
        return f"course/{self.name}.ipynb"

    @property
    def code(self):
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def markdown(self):
        return [cell for cell in self.cells if cell.cell_type == "markdown"]

    def at(self, cell):
        """Return file and cell, as findings name them."""
        return f'{self.where}, cell "{cell.get("id", "?")}"'


@dataclass(frozen=True)
class Numbers:
    """The figures of one lesson's source."""

    lesson: str
    words: int
    cells: int
    code_median: float
    sections: int
    figures: int
    twins: int
    traps: int
    then_now: int
    predict: int
    concepts: int
    concepts_shown: int


def kind(name: str) -> str:
    """Return page (00_start_here), lesson, or appendix (A1_then_and_now: no exercises, few bars)."""
    return "page" if name.startswith("00") else "lesson" if name[0].isdigit() else "appendix"


def sources(names: set[str] | tuple = (), root: Path = notebooks.ROOT) -> list[Source]:
    """Return the pages of course/, all or those named, each with its rows of concepts.csv and the pages before it."""
    rows = concept_rows(root / "course" / "concepts.csv")
    pages = [read(path, rows) for path in sorted(root.glob("course/*.ipynb"))]
    return [
        replace(page, before=tuple(pages[:place]))
        for place, page in enumerate(pages)
        if not names or page.name in names
    ]


def read(path: Path, rows: list[Row] | tuple = ()) -> Source:
    """Return the page at `path` with its own rows of concepts.csv."""
    cells = notebooks.read(path).cells
    return Source(path.stem, path.parent, cells, [row for row in rows if row.lesson == path.stem])


def concept_rows(path: Path) -> list[Row]:
    """Return the rows of concepts.csv."""
    with open(path, encoding="utf-8", newline="") as file:
        return [Row(r["id"], r["lesson"], r["sentence"], r["proof"]) for r in csv.DictReader(file)]


def numbers(source: Source) -> Numbers:
    """Return the lesson's figures."""
    shown = {tag for cell in source.cells for tag in notebooks.tags(cell)}
    return Numbers(
        lesson=source.name,
        words=words(source),
        cells=len(source.cells),
        code_median=median([lines(cell.source) for cell in source.code] or [0]),
        sections=sum(level == 2 for level, _, _ in headings(source)),
        figures=len(tagged(source, "figure")),
        twins=len(families(source, "twin:")),
        traps=len(families(source, "trap:")),
        then_now=len(tagged(source, "then-now")),
        predict=len(tagged(source, "predict")),
        concepts=len(source.rows),
        concepts_shown=sum(f"concept:{row.id}" in shown for row in source.rows),
    )


def words(source: Source) -> int:
    """Count the words of the Markdown cells without code, maths and HTML tags; folded text counts."""
    return sum(len(WORD.findall(NOT_PROSE.sub(" ", CODE.sub(" ", cell.source)))) for cell in source.markdown)


def lines(code: str) -> int:
    """Count the lines that are neither blank nor comment."""
    return sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in code.splitlines())


def headings(source: Source) -> list[tuple]:
    """Return (level, text, cell) of each heading."""
    return [(len(marks), text.strip(), cell) for cell in source.markdown
            for marks, text in HEADING.findall(CODE.sub("", cell.source))]


def tagged(source: Source, tag: str) -> list:
    """Return the cells that carry `tag`."""
    return [cell for cell in source.cells if tag in notebooks.tags(cell)]


def families(source: Source, prefix: str) -> dict[str, list[int]]:
    """Return {name: positions of the cells} for tags such as twin:<name>."""
    found = {}
    for position, cell in enumerate(source.cells):
        for tag in notebooks.tags(cell):
            if tag.startswith(prefix):
                found.setdefault(tag.removeprefix(prefix), []).append(position)
    return found


def asserts(code: str) -> list[ast.AST]:
    """Return the assert statements and assert_* calls in `code`; in a loop each counts once."""
    return [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Assert) or is_assert_call(node)]


def is_assert_call(node: ast.AST) -> bool:
    """Tell np.testing.assert_allclose(...), assert_close(...) and their like."""
    if not isinstance(node, ast.Call):
        return False
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    return name.startswith("assert_")


def folded(cell) -> bool:
    """Tell a code cell that the reader opens only if curious."""
    return "hide-input" in notebooks.tags(cell) or bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def too_wide(code: str, columns: int = 100) -> str:
    """Return the first line that JupyterLab would not show whole, else nothing."""
    return next((line for line in code.splitlines() if len(line) > columns), "")


def sections(source: Source) -> list[list]:
    """Return the cells of each section: what stands before the first `##` heading, then each section with its
    heading."""
    found = [[]]
    starts = {id(cell) for level, _, cell in headings(source) if level == 2}
    for cell in source.cells:
        if id(cell) in starts:
            found.append([])
        found[-1].append(cell)
    return found
