"""The course's figures can be read on a light page and on a dark one."""

import sys

import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from grader.notebooks import ROOT

sys.path.insert(0, str(ROOT / "course"))
import figures

PAGES = {"white": "#ffffff", "JupyterLab dark": "#111111", "VS Code dark": "#1e1e1e"}


def luminance(colour):
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("colour", [figures.PYTORCH, figures.TENSORFLOW, figures.NUMPY])
def test_a_line_of_the_palette_stands_out_on_every_page(colour, page):
    dark, light = sorted((luminance(colour), luminance(page)))
    assert (light + 0.05) / (dark + 0.05) >= 3  # what WCAG asks of graphics


@pytest.fixture
def shown(monkeypatch):
    """What a page gets of a figure with black text, a white box and a legend."""
    fig = Figure()
    ax = fig.subplots()
    ax.plot([1, 2], color="black", label="line")
    ax.text(1, 1, "boxed", bbox={"fc": "white"})
    ax.legend()
    bundles = []
    monkeypatch.setattr(figures, "display", lambda bundle, **options: bundles.append((bundle, options)))
    figures.show(fig, 'A "line".')
    return bundles[0]


def test_black_and_white_are_the_pages_own(shown):
    page = shown[0]["text/html"]
    assert "currentColor" in page and "#000000" not in page
    assert page.count(figures.BACKGROUND) == 2 and "#ffffff" not in page


def test_a_figure_says_what_it_shows(shown):
    bundle, options = shown
    assert 'aria-label="A &quot;line&quot;."' in bundle["text/html"]
    assert options["metadata"]["image/png"]["alt"] == 'A "line".' and bundle["image/png"]
