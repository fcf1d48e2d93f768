"""Make what a student wrote or printed inert: shown as HTML, by formgrader or anybody, nothing of it runs.

Markdown is told apart by rendering it as nbconvert does; what a sanitiser would change there is stored as plain text.
"""

import re
from collections.abc import Mapping
from typing import Any

import nbformat
import nh3
from bs4 import BeautifulSoup
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from pygments.token import STANDARD_TYPES

from grader import notebooks

CAN_BE_HTML = re.compile(r"[<\[]|```|~~~")  # tags, links, pictures, drawings in a fence
LONGEST = 100_000  # characters of one text or one table
RENDERED = 20_000  # characters of one text that is rendered here: a second at most, however it is made
PROSE = 10 * RENDERED  # of one notebook
ROOM = 2_000_000  # characters that the outputs of one notebook may take
CUT = "... output cut here: it was too long\n"
RUNS = re.compile(r"`+")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")  # shown by <img>, where no script runs
TAGS = nh3.ALLOWED_TAGS - {"map", "area", "bdo"}
ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "*": {"style", "title"}, "table": {"border", "align"}, "p": {"align"}}
# those of pandas and of coloured code; others could pass for a part of the page around them
CLASSES = {"table": {"dataframe"}, "div": {"highlight"}, "span": set(STANDARD_TYPES.values()) - {""}}
STYLES = {"text-align", "font-weight", "font-style", "color", "background-color", "white-space"}


def notebook(executed: NotebookNode) -> NotebookNode:
    """Return the executed notebook as it is stored: outputs and a student's own cells can run nothing."""
    kept = notebooks.copy(executed)
    room, prose = ROOM, PROSE
    for cell in kept.cells:
        if cell.cell_type == "code":
            cell.execution_count = _number(cell.get("execution_count"))
            shown = [_output(output) for output in cell.outputs]
            cell.outputs = []
            for output in shown:
                room -= len(str(output))
                cell.outputs.append(output if room >= 0 else nbformat.v4.new_output("stream", text=CUT))
        elif is_students(cell):
            pictures = {name: _pictures(kinds) for name, kinds in cell.get("attachments", {}).items()}
            prose -= len(cell.source)
            cell.source = markdown(cell.source, pictures) if prose >= 0 else plain(cell.source)
            if pictures:
                cell.attachments = pictures
    return kept


def is_students(cell: NotebookNode) -> bool:
    """Return whether a student wrote a cell, or words of theirs stand in it."""
    info, own = notebooks.graded(cell), cell.metadata.get("grader", {})
    return bool(info.get("solution") or info.get("task") or own.get("before") or own.get("notice"))


def markdown(text: str, pictures: Mapping[str, dict] | None = None) -> str:
    """Return text that shows the same as Markdown and runs nothing: as it is where that holds, else without tags."""
    if not CAN_BE_HTML.search(text):
        return text
    for form in (text, text.replace("<", "&lt;")):
        if len(form) <= RENDERED and _is_inert(form, pictures or {}):
            return form
    return plain(text)


def plain(text: str) -> str:
    """Return Markdown that shows the text as it was typed."""
    longest = max(map(len, RUNS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text[:LONGEST]}\n{fence}"


def _is_inert(text: str, pictures: Mapping[str, dict]) -> bool:
    """Return whether a sanitiser finds nothing to change in what the text becomes."""
    renderer = IPythonRenderer(escape=False, attachments=dict(pictures), exclude_anchor_links=True)
    try:
        html = MarkdownWithMath(renderer=renderer).render(text)
        return str(BeautifulSoup(html, "html.parser")) == str(BeautifulSoup(_clean(html), "html.parser"))
    except Exception:  # a renderer, or a reader of HTML, that a text was made to stop
        return False


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        attribute_filter=_without_pages,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=STYLES,
        link_rel=None,
    )


def _without_pages(tag: str, name: str, value: str) -> str | None:
    """Return an attribute's value; None for an address that holds a page instead of a picture."""
    held = value.strip().lower()
    return None if held.startswith("data:") and not (tag == "img" and held.startswith("data:image/")) else value


def _output(output: Mapping[str, Any]) -> NotebookNode:
    """Return an output with what can be shown of it and runs nothing."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return nbformat.v4.new_output("stream", name=name, text=str(output.get("text", "")))
    if kind == "error":
        lines = [str(line) for line in output.get("traceback", ())]
        words = {name: str(output.get(name, "")) for name in ("ename", "evalue")}
        return nbformat.v4.new_output("error", traceback=lines, **words)
    data = output.get("data", {})
    shown = {kind: value for kind, value in ((kind, _shown(kind, data[kind])) for kind in data) if value is not None}
    shown = shown or {"text/plain": ""}
    sizes = {kind: _sizes(output.get("metadata", {}).get(kind)) for kind in shown if kind in PICTURES}
    metadata = {kind: size for kind, size in sizes.items() if size}
    if kind == "execute_result":
        count = _number(output.get("execution_count"))
        return nbformat.v4.new_output(kind, data=shown, metadata=metadata, execution_count=count)
    return nbformat.v4.new_output("display_data", data=shown, metadata=metadata)


def _shown(kind: str, value: Any) -> str | None:
    """Return one form of a rich output as it is shown, None where it is not."""
    text = "".join(value) if isinstance(value, list) else value
    if not isinstance(text, str):
        return None
    if kind == "text/html":
        return f'<div class="tex2jax_ignore mathjax_ignore">{_clean(text)}</div>' if len(text) <= LONGEST else None
    if kind == "text/markdown":
        return markdown(text)
    if kind in PICTURES:
        return text if kind == "image/svg+xml" or BASE64.fullmatch(text) else None
    return text if kind in ("text/plain", "text/latex") else None


def _pictures(kinds: Mapping[str, Any]) -> dict[str, str]:
    """Return what is a picture of an attachment."""
    return {kind: text for kind, text in kinds.items() if kind in PICTURES and BASE64.fullmatch(text)}


def _sizes(given: Any) -> dict[str, int]:
    """Return the width and height that an output gives its picture."""
    sizes = given if isinstance(given, dict) else {}
    return {name: sizes[name] for name in ("width", "height") if type(sizes.get(name)) is int}


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
