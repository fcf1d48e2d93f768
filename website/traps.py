"""One page for each trap, cut out of its lesson: what you see, why, and the repair, with what the cells put out.

A trap is what a lesson tags `trap:<name>`: the first cell shows it biting, the later ones repair it. The text before
each says why. What you see comes from the first cell's own output: an error's words, else the wrong value. Nothing is
written for this page, so it cannot say what the lesson does not.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from gates import sources
from grader import notebooks
from website import lessons

ERROR = re.compile(r"\b(?:[A-Z]\w*(?:Error|Warning)|UserWarning)\b: ?[^\n]+")
WORDS = 4  # a string that long is a sentence: what a library said
WIDTH, SHORT = 160, 60
SEEN = "you see"  # the first heading of a table that sorts symptoms


@dataclass(frozen=True)
class Trap:
    """One trap: `said` is what its first cell puts out, `is_message` tells words from a value, `sentences` are concepts
    that its heading does not say."""

    name: str
    heading: str
    lesson: str
    title: str  # the lesson's
    section: tuple[str, str]
    said: str
    is_message: bool
    sentences: tuple[str, ...]
    bites: tuple[NotebookNode, ...]
    repaired: tuple[NotebookNode, ...]

    @property
    def place(self) -> str:
        return f"traps/{self.lesson.partition('_')[0]}-{self.name}.ipynb"


def traps(lesson: str, cells: list[NotebookNode], rows: list[sources.Row]) -> Iterator[Trap]:
    """Yield the traps of one executed lesson, in their order; a heading is a sentence of concepts.csv where one is
    left."""
    where = lessons.sections(cells, f"course/{lesson}.ipynb")
    told = {row.id: row.sentence for row in rows}
    title, taken = next(text for _, text in where if text), set()
    for name, places in lessons.families(cells, "trap:").items():
        shown = [place for place in places if "figure" not in notebooks.tags(cells[place])] or places
        first, *later = shown
        sentences = dict.fromkeys(
            told[tag[8:]] for place in places for tag in notebooks.tags(cells[place])
            if tag.startswith("concept:") and tag[8:] in told
        )
        said, is_message = symptom(cells[first].get("outputs", ()))
        free = next((sentence for sentence in sentences if sentence not in taken), "")
        taken.add(free)
        heading = escaped(free.rstrip(".")) or f"{name.replace('-', ' ').capitalize()}, in “{where[first][1]}”"
        more = tuple(sentence for sentence in sentences if sentence != free)
        yield Trap(name, heading, lesson, title, where[first], said, is_message, more,
                   tuple(with_text(cells, first, -1)), tuple(following(cells, first, later)))


def with_text(cells: list[NotebookNode], place: int, after: int) -> list[NotebookNode]:
    """Return the cell with the text before it; the other side of its twin may stand between, and comes along."""
    start = place
    while start - 1 > after and cells[start - 1].cell_type == "code" and twin(cells[start - 1]) & twin(cells[place]):
        start -= 1
    if start - 1 > after and cells[start - 1].cell_type == "markdown":
        start -= 1
    return cells[start : place + 1]


def following(cells: list[NotebookNode], first: int, later: list[int]) -> Iterator[NotebookNode]:
    """Yield the repairing cells, each with its text."""
    before = first
    for place in later:
        yield from with_text(cells, place, before)
        before = place


def twin(cell: NotebookNode) -> set[str]:
    return {tag for tag in notebooks.tags(cell) if tag.startswith("twin:")}


# --- what you see -------------------------------------------------------------------------------


def symptom(outputs: list[NotebookNode]) -> tuple[str, bool]:
    """Return what a cell's outputs say and whether these are words: an error's message, else a value."""
    texts = [text for output in outputs if (text := plain(output))]
    leaves = [leaf for text in texts for leaf in (list(strings(text)) or [text])]
    for leaf in leaves:
        if found := ERROR.search(leaf):
            return shortened(found[0]), True
    for leaf in leaves:
        if leaf not in texts and len(leaf.split()) >= WORDS:
            return shortened(leaf), True
    return (shortened(texts[-1]), False) if texts else ("", False)


def plain(output: NotebookNode) -> str:
    """Return an output as text."""
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return notebooks.ESCAPE.sub("", "".join(text)).strip()


def strings(text: str) -> Iterator[str]:
    """Yield the values that are strings in a printed Python value."""
    try:
        value = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return
    keys = {id(key) for node in ast.walk(value) if isinstance(node, ast.Dict) for key in node.keys}
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys:
            yield node.value


def shortened(text: str, width: int = WIDTH) -> str:
    """Return the text in one line that fits a table."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rsplit(" ", 1)[0] + " …"


# --- pages --------------------------------------------------------------------------------------


def page(trap: Trap, known: set[str]) -> NotebookNode:
    """Return the page of one trap."""
    place, (label, section) = f"course/{trap.lesson}.ipynb", trap.section
    cells = [lessons.text_cell("\n".join([
        f"# {trap.heading}", "",
        f"A [trap](/traps/index.md) called *{trap.name}*, from [{section}](#{label}) in lesson {trap.title}.", "",
        *(f"{escaped(sentence)}\n" for sentence in trap.sentences),
        "## What you see", "", *seen(trap), "",
        "## Why",
    ]))]
    cells += [quoted(cell, place, known) for cell in trap.bites]
    if trap.repaired:
        cells.append(lessons.text_cell("## The repair"))
        cells += [quoted(cell, place, known) for cell in trap.repaired]
    made = new_notebook(cells=cells)
    lessons.mark_tabs(made.cells)
    for cell in made.cells:
        lessons.fold(cell)
    made.metadata = {"orphan": True, "kernelspec": dict(notebooks.NOTEBOOK_METADATA["kernelspec"])}
    return made


def quoted(cell: NotebookNode, place: str, known: set[str]) -> NotebookNode:
    """Return a lesson's cell for another page: its headings as bold lines, its answers open, its links from there."""
    made = notebooks.copy(cell)
    if made.cell_type == "markdown":
        made.source = lessons.HEADING.sub(r"**\2**\n", lessons.relink(made.source, place, known))
        made.source = made.source.replace("<details>", "<details open>")
    return made


def overview(found: list[Trap], tables: list[tuple[str, str, str]]) -> str:
    """Return the page that lists every trap by what you see, and the lessons' own tables of symptoms."""
    lines = [
        "# Traps",
        "",
        f"{len(found)} habits from TensorFlow that go wrong in PyTorch, sorted by lesson. Each is shown biting and "
        "then repaired by cells that run with the course; what you see is what those cells put out: an error's words, "
        "or a value that is not what you meant. Paste an error message into the search to find its trap.",
        "",
    ]
    for title in dict.fromkeys(trap.title for trap in found):
        here = [trap for trap in found if trap.title == title]
        lines += [f"## {title}", "", "| trap | what you see |", "|:--|:--|"]
        lines += [f"| [{trap.heading}](/{trap.place}) | {in_cell(trap)} |" for trap in here]
        lines.append("")
    for label, heading, table in tables:
        lines += [f"## {heading}", "", f"From [the lesson](#{label}).", "", table, ""]
    return "\n".join(lines)


def in_cell(trap: Trap) -> str:
    """Return what is seen for a cell of a table: an error's words, or the value, cut where it is long."""
    if trap.is_message:
        return code(trap.said)
    return f"no error: {code(shortened(trap.said, SHORT))}" if trap.said else "no error"


def escaped(sentence: str) -> str:
    """Return a sentence of concepts.csv with its names kept from being read as Markdown."""
    return re.sub(r"([*_|<`\[\]])", r"\\\1", sentence)


def code(text: str) -> str:
    """Return the text as inline code, whatever quotes it holds."""
    ticks = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    text = text.replace("|", r"\|")
    return f"{ticks} {text} {ticks}" if "`" in text else f"`{text}`"


def seen(trap: Trap) -> list[str]:
    """Return the lines that say what is seen."""
    if not trap.said:
        return ["No error, and nothing is printed."]
    return ([] if trap.is_message else ["No error; the cell below ends with"]) + ["", "```text", trap.said, "```"]


def symptom_tables(lesson: str, cells: list[NotebookNode], known: set[str]) -> Iterator[tuple[str, str, str]]:
    """Yield (label, heading, table) of each table in a lesson that is sorted by what you see."""
    place = f"course/{lesson}.ipynb"
    where = lessons.sections(cells, place)
    for cell, (label, heading) in zip(cells, where):
        if cell.cell_type == "markdown":
            for table in lessons.TABLE.findall(cell.source):
                if lessons.columns(table.splitlines()[0])[0] == SEEN:
                    yield label, heading, lessons.relink(table, place, known)
