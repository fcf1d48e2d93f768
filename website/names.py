"""Where a name is: from TensorFlow's names to PyTorch's, back again, and every concept, all read from the lessons.

The rows come from the lessons' own tables, from their twins (two cells that compute the same) and from concepts.csv.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from gates import sources
from grader import notebooks
from website import lessons
from website.traps import code, escaped

FAMILIES = {"tensorflow": "TensorFlow", "keras": "TensorFlow", "torch": "PyTorch", "torchvision": "PyTorch"}
HEADS = {  # what the lessons write over the two columns of a table that sets the frameworks side by side
    "TensorFlow": ("TensorFlow", "Keras", "In TensorFlow you write"),
    "PyTorch": ("PyTorch", "here", "In PyTorch it becomes"),
}
OTHER = {"TensorFlow": "PyTorch", "PyTorch": "TensorFlow"}
SPAN = re.compile(r"`([^`]+)`")
MOST = 5  # places that are listed for one name


@dataclass(frozen=True)
class Pair:
    """One line of a table that sets both side by side, and the (label, heading) where it stands."""

    tensorflow: str
    pytorch: str
    where: tuple[str, str]

    def of(self, family: str) -> str:
        return self.tensorflow if family == "TensorFlow" else self.pytorch


@dataclass(frozen=True)
class Use:
    """The names of one cell, its framework, and those of the cell beside it where it is a twin."""

    family: str
    names: frozenset[str]
    beside: frozenset[str]
    where: tuple[str, str]


def pairs(lesson: str, cells: list[NotebookNode], known: set[str]) -> Iterator[Pair]:
    """Yield the lines of a lesson's tables that set the two frameworks side by side."""
    place = f"course/{lesson}.ipynb"
    for cell, where in zip(cells, lessons.sections(cells, place)):
        for table in lessons.TABLE.findall(cell.source) if cell.cell_type == "markdown" else ():
            head, _, *lines = table.splitlines()
            heads = lessons.columns(head)
            at = {family: next((heads.index(h) for h in known_heads if h in heads), None)
                  for family, known_heads in HEADS.items()}
            if None not in at.values():
                for row in map(lessons.columns, lines):
                    row = [lessons.relink(part, place, known) for part in row]
                    yield Pair(row[at["TensorFlow"]], row[at["PyTorch"]], where)


def uses(lesson: str, cells: list[NotebookNode]) -> Iterator[Use]:
    """Yield what each code cell of a lesson uses of either framework, and what its twin uses."""
    where, aliases = lessons.sections(cells, f"course/{lesson}.ipynb"), {}
    spelled = [names(cell.source, aliases) if cell.cell_type == "code" else set() for cell in cells]
    beside = {}
    for places in lessons.families(cells, "twin:").values():
        *sides, _ = places
        for place in sides:
            beside[place] = set().union(*(spelled[other] for other in sides if other != place))
    for place, found in enumerate(spelled):
        for family in OTHER:
            if mine := frozenset(name for name in found if family_of(name) == family):
                theirs = frozenset(name for name in beside.get(place, ()) if family_of(name) == OTHER[family])
                yield Use(family, mine, theirs, where[place])


def names(source: str, aliases: dict[str, str]) -> set[str]:
    """Return the dotted names of both frameworks that a cell spells; what it imports or renames is added to
    `aliases`."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a cell with a %magic
        return set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {a.asname or a.name.partition(".")[0]: a.name if a.asname else a.name.partition(".")[0]
                        for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            aliases |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Attribute):
            if path := dotted(node.value, aliases):
                aliases |= {target.id: path for target in node.targets if isinstance(target, ast.Name)}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    found = {dotted(node, aliases) for node in ast.walk(tree)
             if isinstance(node, (ast.Attribute, ast.Name)) and id(node) not in inner}
    return {re.sub(r"^tensorflow\b", "tf", name) for name in found if "." in name and not re.search(r"\b_", name)}


def dotted(node: ast.AST, aliases: dict[str, str]) -> str:
    """Return the path that `node` spells from a framework's name on, else nothing."""
    if isinstance(node, ast.Name):
        path = aliases.get(node.id, "")
        return path if path.partition(".")[0] in FAMILIES else ""
    before = dotted(node.value, aliases) if isinstance(node, ast.Attribute) else ""
    return before and f"{before}.{node.attr}"


def family_of(name: str) -> str:
    return FAMILIES.get(name.partition(".")[0].replace("tf", "tensorflow"), "")


# --- pages --------------------------------------------------------------------------------------


def page(family: str, rows: list[Pair], used: list[Use]) -> str:
    """Return the page that leads from the names of `family` to those of the other framework."""
    other = OTHER[family]
    lines = [
        f"# I know {'`tf.…`' if family == 'TensorFlow' else '`torch.…`'}: where is it?", "",
        f"From {family} to {other}. The lessons' own tables first, then every public name of {family} that their code "
        f"uses. [The other direction](/names/from_{other.lower()}.md) · [Every concept](/names/concepts.md)", "",
        "## Side by side", "", f"| {family} | {other} | lesson |", "|:--|:--|:--|",
    ]
    lines += [
        f"| {pair.of(family)} | {pair.of(other)} | {link(pair.where)} |"
        for pair in sorted(rows, key=lambda pair: order(pair.of(family)))
    ]
    lines += ["", f"## Every name of {family} in the lessons", "",
              f"In the middle what the {other} cell beside it uses, where two cells compute the same.", "",
              f"| {family} | beside it, {other} | where |", "|:--|:--|:--|"]
    mine = [use for use in used if use.family == family]
    for name in sorted(set().union(*(use.names for use in mine)), key=str.lower):
        places = [use for use in mine if name in use.names]
        closest = min((use for use in places if use.beside), key=lambda use: len(use.names), default=None)
        beside = ", ".join(code(one) for one in sorted(closest.beside)) if closest else ""
        where = dict.fromkeys(use.where for use in ([closest] if closest else []) + places)
        more = f" and {len(where) - MOST} more" if len(where) > MOST else ""
        lines.append(f"| {code(name)} | {beside} | {', '.join(map(link, list(where)[:MOST]))}{more} |")
    return "\n".join(lines) + "\n"


def order(text: str) -> tuple:
    """Sort by the first name in the cell; cells without a name come last."""
    found = SPAN.search(text)
    return (not found, re.sub(r"^(with |@|tf\.|keras\.|torch\.|nn\.)+", "", found[1].lower()) if found else text)


def link(where: tuple[str, str]) -> str:
    """Return the link to a section; to a lesson's title it is the lesson's number."""
    label, heading = where
    number = re.match(r"course-(\w\d)", label)[1]
    return f"[lesson {number}](#{label})" if heading.startswith(number) else f"[{number} · {heading}](#{label})"


def concepts(rows: list[sources.Row], shown: dict[str, tuple[str, str]], titles: dict[str, str]) -> str:
    """Return the page that lists every concept with the section that shows it."""
    lines = ["# Every concept", "", f"The {len(rows)} facts that the lessons promise, each with the place that shows "
             "it. All but those marked are proven by a cell that fails if the sentence were false.", ""]
    for lesson, title in titles.items():
        here = [row for row in rows if row.lesson == lesson]
        lines += [f"## {title}", "", "| concept | where |", "|:--|:--|"] if here else []
        for row in here:
            mark = {"run": "", "gpu": " *(on a GPU)*"}.get(row.proof, " *(told, not run)*")
            where = link(shown[row.id]) if row.id in shown else "not shown yet"
            lines.append(f"| {escaped(row.sentence)}{mark} | {where} |")
        lines.append("")
    return "\n".join(lines)


def shown(lesson: str, cells: list[NotebookNode]) -> dict[str, tuple[str, str]]:
    """Return {concept: (label, heading)} of the first cell that carries it."""
    found = {}
    for cell, where in zip(cells, lessons.sections(cells, f"course/{lesson}.ipynb")):
        for tag in notebooks.tags(cell):
            if tag.startswith("concept:"):
                found.setdefault(tag.removeprefix("concept:"), where)
    return found
