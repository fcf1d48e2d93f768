"""The site's own pages: home, what teachers need (cut out of README.md and docs/), and the course in numbers."""

import html
import json
import platform
import re
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nbformat import NotebookNode

from gates import sources
from website import lessons

README = "README.md"
SECTIONS = {  # page of the site: what it holds of which file, by headings; the first one becomes its title
    "own_course.md": (README, ("Grade your own nbgrader course",)),
    "security.md": (README, ("What the grading promises, and what it cannot",)),
}
WALLS = ("docs/grading.md", ("What a kernel may use", "Walls, and machines without them"))  # go to security.md
DOCS = {  # "": under its own title
    "docs/grading.md": "The instructor's guide", "docs/jupyterhub.md": "", "docs/nbgrader_differences.md": "",
}
PICTURE = re.compile(r"!\[([^\]]+)\]\((docs/[^)]+\.svg)\)")  # the README's
VERSIONS = ("torch", "torchvision", "tensorflow", "tensorflow-cpu", "numpy", "matplotlib", "jupyterlab", "nbgrader")
COLUMNS = {  # of the numbers that gates keep: heading, form
    "words": ("words", "{:,}"),
    "cells": ("cells", "{}"),
    "twins": ("twins", "{}"),
    "figures": ("figures", "{}"),
    "concepts_shown": ("concepts shown", "{}"),
    "exercises": ("exercises", "{}"),
    "right_accepted": ("right answers accepted", "{}"),
    "wrong_refused": ("wrong answers refused", "{}"),
    "mutants": ("mutants", "{}"),
    "killed": ("of them caught", "{}"),
    "seconds_lesson": ("seconds to run", "{:.1f}"),
}
NAMED = {"course/00_start_here": "Start here <{}>", "security": "Security and its limits <{}>"}  # else by their title
THEMED = {"#000000": "currentColor", "#ffffff": "none", "#f5f5f5": "none", "#555555": "currentColor",
          "#b54708": "var(--pytorch)", "#0072b2": "var(--tensorflow)"}  # the picture's colours on a light or dark page
UNMEASURED = "–"


def home(titles: dict[str, str], picture: str) -> str:
    """Return the first page, with the contents of the site; `titles` are those of the lessons."""
    numbered = [name for name in titles if sources.kind(name) == "lesson"]
    trees = {
        "Lessons": [f"course/{name}" for name in titles if sources.kind(name) != "appendix"],
        "Exercises": [f"exercises/{name}/{name}" for name in numbered],
        "Look it up": ["names/from_tensorflow", "names/from_pytorch", "names/concepts", "traps/index",
                       *(f"course/{name}" for name in titles if sources.kind(name) == "appendix")],
        "Teach": ["docs/grading", "own_course", "docs/jupyterhub", "security", "docs/nbgrader_differences", "numbers"],
    }
    lines = [
        "# PyTorch for TensorFlow users", "",
        f"You have written TensorFlow and Keras; {len(numbered)} lessons take you to PyTorch along one running "
        "example, from plain NumPy to a saved model. Where both compute the same, two tabs show it; where a habit "
        "leads astray, it is shown biting and then repaired.", "",
        "```{raw} html", picture, "```", "",
        "::::{grid} 1 2 2 2", ":gutter: 3", "",
        *card("Start here", "course/00_start_here.ipynb", "How the course works, and a map from your names to ours."),
        *card("I know `tf.…`: where is it?", "names/from_tensorflow.md", "Every name of TensorFlow in the lessons."),
        *card("Traps", "traps/index.md", "Paste an error message into the search, or look for what you see."),
        *card("Teach with it", "docs/grading.md", "Hand out, collect and grade, with feedback that names the mistake."),
        "::::", "", "## Lessons", "",
        *(f"- [{title}](/course/{name}.ipynb)" for name, title in titles.items() if sources.kind(name) != "page"), "",
    ]
    for caption, places in trees.items():
        entries = [NAMED.get(place, "{}").format(place) for place in places]
        lines += ["```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```", ""]
    return "\n".join(lines)


def themed(svg: str, alt: str) -> str:
    """Return the README's picture as a part of the page: in its text colour, on its background."""
    inline = svg[svg.index("<svg"):]
    for colour, ours in THEMED.items():
        inline = inline.replace(colour, ours)
    inline = re.sub(r"<(title|metadata)>.*?</\1>", "", inline, flags=re.S)
    return inline.replace("<svg", f'<svg role="img" aria-label="{html.escape(alt)}" fill="currentColor"', 1)


def card(title: str, place: str, text: str) -> list[str]:
    """Return the lines of one card of a grid."""
    document = place.rpartition(".")[0]
    return [f":::{{grid-item-card}} {title}", f":link: /{document}", ":link-type: doc", "", text, ":::", ""]


# --- cut out of README.md and docs/ --------------------------------------------------------------


def teaching(root: Path, known: set[str]) -> dict[str, str]:
    """Return {place: text} of the pages for those who teach or grade."""
    made = {}
    for place, title in DOCS.items():
        text = (root / place).read_text(encoding="utf-8")
        without = "".join(part for part in parts(text) if heading(part) not in WALLS[1] or place != WALLS[0])
        made[place] = re.sub(r"\A# .+", f"# {title}", without) if title else without
    for place, (file, wanted) in SECTIONS.items():
        made[place] = cut(root / file, wanted).replace("## ", "# ", 1)
    made["security.md"] += "\n" + cut(root / WALLS[0], WALLS[1])
    return {place: lessons.relink(text, place, known) for place, text in made.items()}


def parts(text: str) -> list[str]:
    """Split a page before each of its `##` headings."""
    return re.split(r"(?m)^(?=## )", text)


def heading(part: str) -> str:
    return part.partition("\n")[0].removeprefix("## ").strip() if part.startswith("## ") else ""


def cut(path: Path, wanted: tuple[str, ...]) -> str:
    """Return the sections of a page with these headings; KeyError for one that is no longer there."""
    found = {heading(part): part for part in parts(path.read_text(encoding="utf-8"))}
    return "".join(found[name] for name in wanted)


# --- numbers ------------------------------------------------------------------------------------


def numbers(pages: list[sources.Source], executed: dict[str, NotebookNode], root: Path) -> str:
    """Return the course in numbers: what the gates measured, else a dash; with versions and the day of the run."""
    path = root / "build" / "numbers.json"
    measured = json.loads(path.read_text()) if path.exists() else {}
    rows = {page.name: measured.get(page.name, {}) | counted(page) for page in pages if page.kind != "page"}
    lines = ["# The course in numbers", "", ran(executed), "", versions(), "",
             "| lesson | " + " | ".join(title for title, _ in COLUMNS.values()) + " |",
             "|:--|" + "--:|" * len(COLUMNS)]
    for name, row in rows.items():
        shown = [form.format(row[column]) if column in row else UNMEASURED for column, (_, form) in COLUMNS.items()]
        lines.append(f"| [{name.partition('_')[0]}](/course/{name}.ipynb) | " + " | ".join(shown) + " |")
    totals = [total(rows, column, form) for column, (_, form) in COLUMNS.items()]
    lines += ["| all | " + " | ".join(totals) + " |", "",
              f"{UNMEASURED}: the gates that measure it were not run before this site was made; `make test` runs all. "
              "A twin is a TensorFlow cell and a PyTorch cell that compute the same, compared by an assert; a mutant "
              "is a solution with one thing changed, which the tests must catch."]
    return "\n".join(lines) + "\n"


def counted(page: sources.Source) -> dict[str, int]:
    """Return what can be counted in a lesson's source today."""
    found = sources.numbers(page)
    return {column: getattr(found, column) for column in ("words", "cells", "twins", "figures", "concepts_shown")}


def total(rows: dict[str, dict], column: str, form: str) -> str:
    """Return a column's sum, or a dash where a lesson with exercises lacks it."""
    values = [row[column] for row in rows.values() if column in row]
    lessons_alone = [name for name in rows if sources.kind(name) == "lesson"]
    return form.format(sum(values)) if values and all(column in rows[name] for name in lessons_alone) else UNMEASURED


def ran(executed: dict[str, NotebookNode]) -> str:
    """Say when the lessons were run."""
    days = sorted(end[:10] for page in executed.values() if (end := page.metadata.get("papermill", {}).get("end_time")))
    if not days:
        return f"The site was made on {today()}."
    when = f"on {days[-1]}" if days[0] == days[-1] else f"between {days[0]} and {days[-1]}"
    return f"The lessons on this site were run {when}; the site was made on {today()}."


def today() -> str:
    return datetime.now().date().isoformat()


def versions() -> str:
    """Say what the lessons run with here."""
    found = {"Python": platform.python_version()}
    for name in VERSIONS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return "With " + ", ".join(f"{name} {number}" for name, number in found.items()) + "."
