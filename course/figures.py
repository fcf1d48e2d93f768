"""The course's palette, and figures with alt text that take on the page's light or dark theme.

Black and white are the page's own: what is drawn in black (lines, text, axes) becomes the page's text colour, and a
white box, bar or legend becomes its background, so write `fc="white"` for a box that hides a line and `fc="none"` for
one that need not. White text stays white and text over an image keeps its colour; dark text on a coloured box is
`"#111111"`. Greys between "0.45" and "0.55" and the three colours below can be seen on both themes. Never set a
figure's background.
"""

import base64
import html
import io

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from matplotlib.text import Text

PYTORCH = "#B54708"
TENSORFLOW = "#0072B2"
NUMPY = "#757575"

PAPER = "#fefefe"  # stands for the page's background until the SVG is written
METADATA = ("Creator", "Date", "Format", "Type")  # matplotlib's own remarks, left out
# JupyterLab and nbconvert, VS Code, any other page
BACKGROUND = "var(--jp-layout-color0, var(--vscode-editor-background, Canvas))"


def show(fig, alt):
    """Display a matplotlib figure with `alt`, the sentence that stands for it where it cannot be seen."""
    png = base64.b64encode(saved(fig, "png", dpi=110)).decode()  # for pages that take no SVG: on white
    follow_page(fig)
    svg = themed(saved(fig, "svg", transparent=True, metadata=dict.fromkeys(METADATA)).decode(), alt)
    plt.close(fig)
    # JupyterLab and nbconvert drop the alt text of a bare image: the HTML form keeps it
    bundle = {"text/html": svg, "image/png": png, "text/plain": f"[Figure: {alt}]"}
    display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)


def saved(fig, form, **options):
    """Return the figure's bytes in one form."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format=form, bbox_inches="tight", **options)
    return buffer.getvalue()


def follow_page(fig):
    """Mark what takes the page's background, and keep text over images out of it."""
    boxes = [text.get_bbox_patch() for text in fig.findobj(Text)]  # not among the figure's own children
    for patch in filter(None, [*fig.findobj(Patch), *boxes]):
        if to_rgb(patch.get_facecolor()) == (1, 1, 1):
            patch.set_facecolor((*to_rgb(PAPER), patch.get_facecolor()[3]))
    for text in (text for axes in fig.axes if axes.images for text in axes.texts):
        if to_rgb(text.get_color()) == (0, 0, 0):
            text.set_color("#111111")


def themed(svg, alt):
    """Return the SVG as a part of the page: its text colour for black, its background for paper."""
    picture = svg[svg.index("<svg"):].replace("#000000", "currentColor").replace(PAPER, BACKGROUND)
    head = f'<svg role="img" aria-label="{html.escape(alt)}" fill="currentColor" style="max-width:100%;height:auto"'
    return picture.replace("<svg", head, 1)
