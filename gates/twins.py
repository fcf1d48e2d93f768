"""The gate on twins: what TensorFlow does and what PyTorch does stand side by side, and their equality is asserted."""

import re

from gates.findings import Finding
from gates.sources import asserts, families, folded
from grader import notebooks

SIDES = {
    "TensorFlow": ("TensorFlow", "Keras"),
    "PyTorch": ("PyTorch", "NumPy"),
}  # how the first line of each may name a twin


def twins(source):
    """Enough twins, each a TensorFlow cell, a PyTorch cell and a comparing cell, one after the other."""
    found = families(source, "twin:")
    wanted = 8 if "02" <= source.name[:2] <= "08" else 4
    if len(found) < wanted:
        yield Finding(source.where, f"at least {wanted} TensorFlow / PyTorch twins", str(len(found)), "Add twins.")
    for name, places in found.items():
        yield from twin(source, name, [source.cells[place] for place in places], places)


def twin(source, name, cells, places):
    """Say what is wrong with one twin."""
    kinds = ["TensorFlow" if "tensorflow" in notebooks.tags(cell) else "PyTorch" for cell in cells]
    if kinds != ["TensorFlow", "PyTorch", "TensorFlow"] or any(cell.cell_type != "code" for cell in cells):
        yield Finding(
            source.at(cells[0]),
            f"twin:{name} on a TensorFlow cell, a PyTorch cell and a comparing cell tagged tensorflow",
            ", ".join(kinds),
            "Tag the three code cells in this order.",
        )
        return
    between = source.cells[places[0]:places[2]]
    if sum(cell.cell_type == "code" for cell in between) > 2 or places[1] - places[0] > 2 or places[2] - places[1] > 2:
        yield Finding(source.at(cells[0]), f"the cells of twin:{name} next to each other", "other cells between them",
                      "At most one text cell may stand between them.")
    compared = len(asserts(cells[2].source))
    derives = re.search(r"\.backward\(|autograd\.grad\(|func\.(?:grad|vjp|jacrev)", cells[1].source)
    if not compared:
        yield Finding(source.at(cells[2]), f"an assert that compares twin:{name}", "none", "Assert equal values.")
    elif derives and (compared < 2 and "for " not in cells[2].source):
        yield Finding(
            source.at(cells[2]), f"asserts on values and gradients of twin:{name}", "one assert", "Compare both."
        )


def twins_named(source):
    """The first line of each side says which framework it is; the comparing cell is folded, so that the two stand
    together."""
    for name, places in families(source, "twin:").items():
        for cell, (side, heads) in zip((source.cells[place] for place in places), SIDES.items(), strict=False):
            first = next(iter(cell.source.splitlines()), "")
            if not re.match(rf"# (?:{'|'.join(heads)})\b", first):
                yield Finding(
                    source.at(cell),
                    f"a first line `# {'` or `# '.join(heads)}` on the {side} side of twin:{name}",
                    repr(first),
                    "Name the framework there.",
                )
        if len(places) == 3 and not folded(source.cells[places[2]]):
            yield Finding(
                source.at(source.cells[places[2]]),
                f"the comparing cell of twin:{name} folded",
                "an open one",
                "Tag it hide-input and set jupyter.source_hidden.",
            )
