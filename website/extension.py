"""What Sphinx has to learn for the course: twins stand in tabs, and formulas are MathML, which needs no script."""

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx_design.shared import create_component

SHOWN_FIRST = "pytorch"


class Tabs(SphinxTransform):
    """Put the cells that the build has marked, side by side as they stand, into one set of tabs each."""

    default_priority = 700

    def apply(self, **kwargs: object) -> None:
        cells = [cell for cell in self.document.findall(nodes.container) if cell.get("nb_element") == "cell_code"]
        for cell in cells:
            tab = cell["cell_metadata"].get("tab")
            if tab:
                tab_set(cell, tab["twin"]).append(item(cell, tab))


def tab_set(cell: nodes.Element, twin: str) -> nodes.Element:
    """Return the set of tabs that stands before the cell for its twin; the first side makes it."""
    siblings = cell.parent
    place = siblings.index(cell)
    before = siblings[place - 1] if place else None
    if before is not None and before.get("twin") == twin:
        siblings.remove(cell)
        return before
    made = create_component("tab-set", classes=["sd-tab-set", "twin"])
    made["twin"] = twin
    siblings[place] = made
    return made


def item(cell: nodes.Element, tab: dict) -> nodes.Element:
    """Return the tab that holds one side of a twin."""
    label = nodes.rubric(tab["label"], nodes.Text(tab["label"]), classes=["sd-tab-label", f"side-{tab['sync']}"])
    label["sync_group"], label["sync_id"] = "framework", tab["sync"]
    content = create_component("tab-content", children=[cell], classes=["sd-tab-content", f"side-{tab['sync']}"])
    made = create_component("tab-item", children=[label, content], classes=["sd-tab-item"])
    made["selected"] = tab["sync"] == SHOWN_FIRST
    return made


def visit_math(self: object, node: nodes.math) -> None:
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def visit_displaymath(self: object, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict:
    """Register both with Sphinx."""
    app.add_transform(Tabs)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
