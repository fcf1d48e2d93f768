"""The gates on the source of a lesson: what it must show, how long it may be, how it is written."""

import ast
import re
from dataclasses import asdict
from itertools import pairwise
from statistics import median

from gates import names
from gates.findings import Finding, Gate
from gates.sources import (
    CODE,
    Source,
    asserts,
    families,
    folded,
    headings,
    lines,
    numbers,
    sections,
    tagged,
    too_wide,
    words,
)
from gates.twins import twins, twins_named
from grader import notebooks

TAGS = {"parameters", "tensorflow", "then-now", "predict", "figure", "raises-exception", "hide-input"}
TAG_FAMILIES = ("concept:", "twin:", "trap:")
PARAMETERS = ("device", "seed", "fast")
WORDS, CELLS, SECTIONS, IN_A_ROW = 3500, 120, (6, 10), 3
UNFINISHED = re.compile(r"\b(TODO|FIXME|TBD|XXX)\b|lorem ipsum", re.I)
MYST = re.compile(r"^\s*:{3,}|^\s*```\{|\{(?:ref|doc|numref|eq|cite|term)\}`|^\s*>\s*\[!\w+\]", re.M)
MAGIC = re.compile(r"^\s*[%!]", re.M)
NO_ALT = re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=[\"'][^\"']+)[^>]*>")


def findings(source: Source) -> list[Finding]:
    """Return what all gates on a page's source have to say."""
    return list(parses(source)) or [finding for gate in GATES if holds_for(gate, source) for finding in gate(source)]


def holds_for(gate, source: Source) -> bool:
    """Tell whether a page must keep the promise of `gate`."""
    return source.kind in GATES[gate]


def gates(sources: list[Source]) -> list[Gate]:
    """Return one Gate for each promise, over all the pages; the first carries the pages' numbers."""
    broken = {source.name: list(parses(source)) for source in sources}
    whole = [source for source in sources if not broken[source.name]]
    held = [
        Gate(
            "lessons parse",
            f"{len(whole)} of {len(sources)}",
            tuple(f for found in broken.values() for f in found),
            {source.name: columns(source) for source in whole if source.kind != "page"},
        )
    ]
    for gate in GATES:
        concerned = [source for source in whole if holds_for(gate, source)]
        found = tuple(finding for source in concerned for finding in gate(source))
        held.append(Gate(gate.__name__.replace("_", " "), figure(gate, concerned), found))
    return held


def columns(source):
    """Return the lesson's columns of course_in_numbers."""
    return {name: value for name, value in asdict(numbers(source)).items() if name != "lesson"}


def figure(gate, sources):
    """Return what a gate measured, lesson by lesson."""
    measured = FIGURES.get(gate)
    if not measured:
            return f"{len(sources)} pages"
    return ", ".join(f"{source.name[:2]}: {measured(numbers(source))}" for source in sources)


# --- gates on every page ------------------------------------------------------------------------


def known_tags(source):
    """Each tag is part of the contract between notebooks and gates; a misspelt one would switch a gate off."""
    for cell in source.cells:
        for tag in notebooks.tags(cell):
            if tag not in TAGS and not (tag.startswith(TAG_FAMILIES) and tag.partition(":")[2]):
                yield Finding(source.at(cell), "a tag the gates know", repr(tag), "Correct or remove it.")


def parses(source):
    """Code cells are plain Python: no magics, no shell lines, no syntax errors."""
    for cell in source.code:
        if MAGIC.search(cell.source):
            yield Finding(source.at(cell), "plain Python", "a % or ! line", "Write it as Python.")
            continue
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield Finding(
                source.at(cell), "Python that parses", f"{error.msg} in line {error.lineno}", "Mend the cell."
            )


def one_title(source):
    """One # heading, and no level skipped on the way down."""
    found = headings(source)
    titles = [text for level, text, _ in found if level == 1]
    if len(titles) != 1 or found[0][0] != 1:
        yield Finding(source.where, "one # title, first of all headings", f"{len(titles)} # headings", "Keep one.")
    for (above, _, _), (level, text, cell) in pairwise(found):
        if level > above + 1:
            yield Finding(source.at(cell), f"a heading of level {above + 1} or less", f"{'#' * level} {text}",
                          "Do not skip a level: screen readers navigate by them.")


def plain_markdown(source):
    """No MyST and no GitHub alerts: they show as raw text in JupyterLab or Colab."""
    for cell in source.markdown:
        if found := MYST.search(cell.source):
            yield Finding(source.at(cell), "plain Markdown", repr(found.group().strip()), "Use bold text or <details>.")


def images_described(source):
    """Every image in Markdown carries alt text."""
    for cell in source.markdown:
        if found := NO_ALT.search(CODE.sub("", cell.source)):
            yield Finding(source.at(cell), "alt text for the image", repr(found.group()[:60]), "Say what it shows.")


def finished(source):
    """No unfinished marks, no empty cells."""
    for cell in source.cells:
        if not cell.source.strip():
            yield Finding(source.at(cell), "a cell with content", "an empty cell", "Delete it.")
        elif found := UNFINISHED.search(cell.source):
            yield Finding(source.at(cell), "a finished text", repr(found.group()), "Finish it.")


def rhythm(source):
    """At most three code cells in a row without a word between; folded ones do not count.

    What stands before the first section is excepted: parameters, imports and settings, which nobody reads one by one.
    """
    row = 0
    for section in sections(source)[1:]:
        for cell in section:
            row = 0 if cell.cell_type == "markdown" else row + (not folded(cell))
            if row == IN_A_ROW + 1 and not folded(cell):
                yield Finding(
                    source.at(cell),
                    f"at most {IN_A_ROW} code cells in a row without a text cell",
                    "one more",
                    "Say before it what it shows and why.",
                )


def width(source):
    """Code no wider than JupyterLab shows without scrolling."""
    for cell in source.code:
        if line := too_wide(cell.source):
            yield Finding(source.at(cell), "lines of at most 100 columns", f"{len(line)}: {line.strip()[:60]!r}",
                          "Break it, or give a part a name.")


# --- gates on lessons ---------------------------------------------------------------------------


def concepts_shown(source):
    """Each row of concepts.csv is carried by a tagged cell; proof `run` by a code cell with an assert in it or the
    next."""
    found = families(source, "concept:")
    for row in source.rows:
        places = found.get(row.id, [])
        codes = [place for place in places if source.cells[place].cell_type == "code"]
        if not places:
            yield Finding(source.where, f"a cell tagged concept:{row.id}", "none", f"Show it: {row.sentence}")
        elif row.proof == "run" and not codes:
            yield Finding(
                source.at(source.cells[places[0]]), f"a code cell that proves {row.id}", "only Markdown", "Run it."
            )
        elif row.proof == "run" and not any(asserted(source, place) for place in codes):
            yield Finding(
                source.at(source.cells[codes[0]]),
                f"an assert on {row.id} in this or the next code cell",
                "none",
                "Assert the value the sentence claims.",
            )
    for name in sorted(found.keys() - {row.id for row in source.rows}):
        yield Finding(source.at(source.cells[found[name][0]]), "a concept of this lesson in concepts.csv",
                      f"concept:{name}", "Correct the tag or add the row.")


def asserted(source, position):
    """Tell whether the code cell at `position` or the next code cell asserts something."""
    following = [cell for cell in source.cells[position:] if cell.cell_type == "code"][:2]
    return any(asserts(cell.source) for cell in following)


def traps(source):
    """Each trap is shown biting and then repaired."""
    found = families(source, "trap:")
    if not found:
        yield Finding(source.where, "at least one trap", "none", "Show a habit that bites a TensorFlow user.")
    for name, places in found.items():
        if sum(source.cells[place].cell_type == "code" for place in places) < 2:
            yield Finding(source.at(source.cells[places[0]]), f"trap:{name} on the cell that bites and on the repair",
                          f"{len(places)} cell", "Tag both code cells.")


def predictions(source):
    """At least three questions before a run, each with its answer folded."""
    asked = tagged(source, "predict")
    if len(asked) < 3:
        yield Finding(source.where, "at least 3 cells tagged predict", str(len(asked)), "Ask before a cell is run.")
    for cell in asked:
        position = source.cells.index(cell)
        answer = "".join(c.source for c in source.cells[position:position + 4] if c.cell_type == "markdown")
        if cell.cell_type != "markdown" or "<details>" not in answer:
            yield Finding(
                source.at(cell), "a question with its answer in <details>", "no folded answer", "Fold the answer."
            )


def figures(source):
    """At least four cells draw, each with an alt text handed to show()."""
    drawn = tagged(source, "figure")
    if len(drawn) < 4:
        yield Finding(source.where, "at least 4 cells tagged figure", str(len(drawn)), "Draw what the tensors do.")
    for cell in drawn:
        if not re.search(r"\bshow\([^,]+,", cell.source):
            yield Finding(source.at(cell), 'show(fig, "alt text")', "a figure without it", "Say what the figure shows.")


def length(source):
    """As long as the topic needs and no longer."""
    found = sum(level == 2 for level, _, _ in headings(source))
    for what, came, least, most in (("words", words(source), 0, WORDS), ("cells", len(source.cells), 0, CELLS),
                                    ("## sections", found, *SECTIONS)):
        if not least <= came <= most:
            yield Finding(source.where, f"{least} to {most} {what}", str(came), "Cut or add.")


def cell_sizes(source):
    """Short code cells: median <= 6 lines, at most one in ten over 15, none over 30, set-up <= 5."""
    sizes = [lines(cell.source) for cell in source.code] or [0]
    long = [cell for cell in source.code if lines(cell.source) > 15]
    if median(sizes) > 6:
        yield Finding(source.where, "a median of at most 6 lines per code cell", f"{median(sizes):g}", "Split cells.")
    if len(long) > len(sizes) / 10:
        yield Finding(
            source.where, "at most one code cell in ten over 15 lines", f"{len(long)} of {len(sizes)}", "Split cells."
        )
    for cell in source.code:
        if lines(cell.source) > 30:
            yield Finding(source.at(cell), "at most 30 lines", f"{lines(cell.source)} lines", "Split the cell.")


def opening(source):
    """A parameters cell with device, seed and fast; then a set-up of at most 5 lines."""
    cells = source.code
    first = tagged(source, "parameters")
    if len(first) != 1 or first[0] is not cells[0]:
        yield Finding(
            source.where, "one cell tagged parameters, first of the code cells", f"{len(first)}", "Put it there."
        )
        return
    names = tuple(target.id for node in ast.parse(first[0].source).body if isinstance(node, ast.Assign)
                  for target in node.targets if isinstance(target, ast.Name))
    if names != PARAMETERS:
        yield Finding(
            source.at(first[0]), f"parameters {', '.join(PARAMETERS)}", ", ".join(names) or "none", "Set them."
        )
    if len(cells) > 1 and lines(cells[1].source) > 5:
        yield Finding(
            source.at(cells[1]), "a set-up of at most 5 lines", f"{lines(cells[1].source)} lines", "Shorten it."
        )


def ending(source):
    """The last section links to the lesson's exercises."""
    link = f"../work/{source.name}/{source.name}.ipynb"
    last = max(
        (i for i, cell in enumerate(source.cells) for level, _, c in headings(source) if level <= 2 and c is cell),
        default=0,
    )
    if not any(link in cell.source for cell in source.cells[last:] if cell.cell_type == "markdown"):
        yield Finding(source.where, f"a link to {link} in the last section", "none", "Link to the exercises.")


PAGE, LESSON, APPENDIX = "page", "lesson", "appendix"
ON_EVERY_PAGE = (known_tags, one_title, plain_markdown, images_described, finished, rhythm, width)
GATES = {  # gate -> the kinds of page that it holds
    **dict.fromkeys(ON_EVERY_PAGE, (PAGE, LESSON, APPENDIX)),
    concepts_shown: (LESSON, APPENDIX),
    **dict.fromkeys((twins, twins_named, traps, predictions, figures, length, cell_sizes, opening, ending), (LESSON,)),
    names.named_before_used: (LESSON,),
}
FIGURES = {
    concepts_shown: lambda n: f"{n.concepts_shown} of {n.concepts} rows",
    twins: lambda n: f"{n.twins} twins",
    traps: lambda n: f"{n.traps} traps, {n.then_now} then-and-now",
    predictions: lambda n: f"{n.predict} questions",
    figures: lambda n: f"{n.figures} figures",
    length: lambda n: f"{n.words} words, {n.cells} cells, {n.sections} sections",
    cell_sizes: lambda n: f"median {n.code_median:g} lines",
}
