"""Turn a notebook of the course into a page of the site: twins become tabs, headings get labels, links are turned."""

import os.path
import re
from pathlib import PurePosixPath

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from gates import sources
from grader import notebooks

FENCED = re.compile(r"(```.*?```|~~~.*?~~~)", re.S)
HEADING = re.compile(r"^(#{1,6})[ \t]+(.+)$", re.M)
LINK = re.compile(r"(?<!!)\[((?:[^\[\]`]|`[^`]*`)+)\]\(([^()\s]+)\)")
TABLE = re.compile(r"^\|.*\|\n\|[-:| ]+\|\n(?:\|.*\|(?:\n|\Z))+", re.M)
SIDE = re.compile(r"# (TensorFlow|Keras|PyTorch|NumPy)\b")
SYNC = {"TensorFlow": "tensorflow", "Keras": "tensorflow", "PyTorch": "pytorch", "NumPy": "pytorch"}
COMPARED = "Both sides are compared: show the code"
TESTS = "Show the tests"


def page(notebook: NotebookNode, place: str, known: set[str], head: str = "") -> NotebookNode:
    """Return the notebook as the page `place` (a path in the site); `head` goes below its title, `known` are all
    pages."""
    made = notebooks.copy(notebook)
    made.metadata = {"kernelspec": dict(notebooks.NOTEBOOK_METADATA["kernelspec"])}
    mark_tabs(made.cells)
    texts = [cell for cell in made.cells if cell.cell_type == "markdown"]
    for cell, text in zip(texts, labelled([cell.source for cell in texts], place)):
        cell.source = relink(text, place, known)
    for cell in made.cells:
        fold(cell)
    if head:
        title = texts[0]
        title.source = re.sub(r"(?m)^# .+$", lambda found: f"{found[0]}\n\n{head}\n", title.source, count=1)
    return made


def fold(cell: NotebookNode) -> None:
    """Keep what the site needs of a cell's metadata, and fold an exercise's tests: their messages are still found."""
    graded = cell.metadata.get("nbgrader", {}).get("grade")
    kept = {key: cell.metadata[key] for key in ("tags", "tab", "mystnb") if cell.metadata.get(key)}
    if graded and cell.cell_type == "code" and "assert" in cell.source:
        kept |= {"tags": [*kept.get("tags", ()), "hide-input"], "mystnb": {"code_prompt_show": TESTS}}
    cell.metadata = kept


# --- twins --------------------------------------------------------------------------------------


def mark_tabs(cells: list[NotebookNode]) -> None:
    """Note on both sides of each twin which tab they are; a twin with a text between its sides stays as it is."""
    for name, places in families(cells, "twin:").items():
        sides = [place for place in places[:2] if not sources.folded(cells[place])]
        names = [side(cells, place) for place in sides]
        for place in places:
            if sources.folded(cells[place]) and "figure" not in notebooks.tags(cells[place]):
                cells[place].metadata["mystnb"] = {"code_prompt_show": COMPARED}
        if len(sides) > 1 and sides[-1] - sides[0] == len(sides) - 1 and len({SYNC[name] for name in names}) == 2:
            for place, label in zip(sides, names):
                cells[place].metadata["tab"] = {"twin": name, "label": label, "sync": SYNC[label]}


def side(cells: list[NotebookNode], place: int) -> str:
    """Return which framework a side of a twin is in: its first line says so, else its tag and what is imported."""
    if found := SIDE.match(cells[place].source):
        return found[1]
    if "tensorflow" in notebooks.tags(cells[place]):
        return "TensorFlow"
    before = (cell.source for cell in cells[:place] if cell.cell_type == "code" and not sources.folded(cell))
    return "PyTorch" if any(re.search(r"(?m)^import torch\b", source) for source in before) else "NumPy"


def families(cells: list[NotebookNode], prefix: str) -> dict[str, list[int]]:
    """Return {name: places} of the cells that share a tag such as twin:<name>."""
    return sources.families(sources.Source("", None, cells, []), prefix)


# --- headings -----------------------------------------------------------------------------------


def labelled(texts: list[str], place: str) -> list[str]:
    """Return the texts of a page with a label before each heading, so that other pages can link to it."""
    names, found = iter(labels(texts, place)), []
    for text in texts:
        parts = FENCED.split(text)
        parts[::2] = [HEADING.sub(lambda heading: f"\n({next(names)})=\n{heading[0]}", part) for part in parts[::2]]
        found.append("".join(parts).lstrip("\n"))
    return found


def labels(texts: list[str], place: str) -> list[str]:
    """Return the label of each heading of a page, in their order: the page's name and the heading's words."""
    stem, taken, found = PurePosixPath(place).with_suffix("").as_posix().replace("/", "-"), set(), []
    for text in texts:
        for heading in HEADING.finditer("".join(FENCED.split(text)[::2])):
            words = "-".join(re.findall(r"[a-z0-9]+", heading[2].lower())) or "section"
            base = name = f"{stem}--{words}"
            for number in range(2, 99):
                if name not in taken:
                    break
                name = f"{base}-{number}"
            taken.add(name)
            found.append(name)
    return found


def sections(cells: list[NotebookNode], place: str) -> list[tuple[str, str]]:
    """Return for each cell the (label, heading) that it stands under; the last heading of a text cell is its own."""
    names, here, found = iter(labels([c.source for c in cells if c.cell_type == "markdown"], place)), ("", ""), []
    for cell in cells:
        if cell.cell_type == "markdown":
            for heading in HEADING.finditer("".join(FENCED.split(cell.source)[::2])):
                here = next(names), heading[2].strip()
        found.append(here)
    return found


# --- links --------------------------------------------------------------------------------------


def relink(text: str, place: str, known: set[str]) -> str:
    """Return the text with its links between files turned to pages of the site; what leads nowhere loses its link."""
    def turned(found: re.Match) -> str:
        words, target = found[1], found[2]
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        path, _, anchor = target.partition("#")
        reached = os.path.normpath(os.path.join(os.path.dirname(place), path)).replace("work/", "exercises/", 1)
        if reached not in known:
            return words
        return f"[{words}]({os.path.relpath(reached, os.path.dirname(place))}{'#' + anchor if anchor else ''})"

    parts = FENCED.split(text)
    parts[::2] = [LINK.sub(turned, part) for part in parts[::2]]
    return "".join(parts)


def text_cell(text: str) -> NotebookNode:
    """Return a Markdown cell for a page that the site makes."""
    return new_markdown_cell(text)


def columns(line: str) -> list[str]:
    """Return the cells of one line of a Markdown table."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
