"""The course in numbers: what the gates measured, one row per lesson, kept in build/ and published by `make test`."""

import json

from gates import sources
from grader import notebooks
from grader.errors import MachineError
from grader.notebooks import ROOT

COLUMNS = (
    "lesson", "words", "cells", "code_median", "figures", "alt_missing", "twins", "concepts", "concepts_shown",
    "exercises",
    "visible_asserts_min", "hidden_asserts_min", "right", "right_accepted", "wrong", "wrong_refused", "wrong_named",
    "mutants", "killed", "equivalent", "seconds_lesson", "seconds_solution",
)  # fmt: skip


def save(values, root=ROOT):
    """Add {lesson: {column: value}} to what earlier gates measured."""
    path = root / "build" / "numbers.json"
    numbers = json.loads(path.read_text()) if path.exists() else {}
    for lesson, columns in values.items():
        numbers.setdefault(lesson, {}).update(columns)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(numbers, indent=1, sort_keys=True) + "\n")


def publish(lessons, root=ROOT):
    """Write build/course_in_numbers.md and .json and return the Markdown; MachineError where a gate has not run.

    An appendix, measured though it is no lesson, gets a column with what holds for it.
    """
    path = root / "build" / "numbers.json"
    numbers = json.loads(path.read_text()) if path.exists() else {}
    rows = []
    for lesson in lessons:
        known = {"lesson": lesson.name} | numbers.get(lesson.name, {})
        if missing := [column for column in COLUMNS if column not in known]:
            raise MachineError(
                f"{lesson.name} in numbers",
                f"expected every gate to have run, found no {', '.join(missing)}",
                "Run make check and make course first.",
            )
        rows.append({column: known[column] for column in COLUMNS})
    for name in sorted(path.stem for path in root.glob("course/*.ipynb") if sources.kind(path.stem) == "appendix"):
        rows.append({"lesson": name} | {column: numbers.get(name, {}).get(column, "") for column in COLUMNS[1:]})
    markdown = table(rows)
    (root / "build" / "course_in_numbers.json").write_text(json.dumps(rows, indent=1) + "\n")
    (root / "build" / "course_in_numbers.md").write_text("# The course in numbers\n\n" + markdown)
    return markdown


def concepts(pages, root=ROOT):
    """Write build/concepts.md, every row of concepts.csv with the lesson and the cells that show it; return a line that
    counts them."""
    rows, shown = [], 0
    for source in pages:
        for row in source.rows:
            cells = [cell.id for cell in source.cells if f"concept:{row.id}" in notebooks.tags(cell)]
            shown += bool(cells)
            links = ", ".join(f"[{cell}](../course/{source.name}.ipynb#{cell})" for cell in cells) or "**none**"
            rows.append(f"| {row.id} | {row.sentence} | {row.proof} | {source.name} | {links} |")
    head = [
        "# Every concept and where it is shown",
        "",
        "| concept | what it says | proof | lesson | cells |",
        "|:--|:--|:--|:--|:--|",
    ]
    lines = [*head, *rows]
    (root / "build" / "concepts.md").write_text("\n".join(lines) + "\n")
    return f"{shown} of {len(rows)} concepts shown: build/concepts.md"


def table(rows):
    """Return a Markdown table with one line per column and one column per lesson: it fits a page."""
    heads = ["", *(row["lesson"] for row in rows)]
    lines = ["| " + " | ".join(heads) + " |", "|:--|" + "--:|" * len(rows)]
    for column in COLUMNS[1:]:
        cells = [f"{row[column]:.1f}" if isinstance(row[column], float) else str(row[column]) for row in rows]
        lines.append("| " + " | ".join([column.replace("_", " "), *cells]) + " |")
    return "\n".join(lines) + "\n"
