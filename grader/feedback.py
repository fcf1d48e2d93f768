"""What a student sees of the tests: points and messages, not one line of a hidden test; and a page that runs no script.

nbgrader's feedback shows each test cell in full and the traceback through it. The grader puts this step before
nbgrader's own, unless nbgrader_config.py says c.Grader.show_hidden_tests = True.
"""

import html
import re
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from jinja2 import pass_context
from latex2mathml.converter import convert_to_element
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors import Preprocessor

from grader import handout, inert, summary
from grader.handout import HIDDEN_BEGIN, HIDDEN_END

TEMPLATE = Path(__file__).with_name("feedback.html.jinja")
ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"(?:Cell )?In\[\d+\](?:, line |:)(\d+)")
SHORTEST = 8  # characters of a line that can be told from others
LONGEST_FORMULA = 2000  # characters
LONGEST_CODE, CODE = 50_000, 500_000  # characters of one cell, and of a notebook, that are coloured and shown
WITHHELD = "What was printed is not shown until a person has looked at it.\n"
CUT = "\n# ... cut here: it is too long to show"


class HideHiddenTests(Preprocessor):
    """Replace hidden regions by the words "hidden test", and tracebacks of tests by their message."""

    enabled = True

    def preprocess(self, nb, resources):
        nb = handout.with_plain_marks(self.config, nb)
        secret = _secret_lines(nb)
        withheld = _withheld(nb)
        room = CODE
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            is_test = cell.metadata.get("nbgrader", {}).get("grade", False)
            lines, begin = ([], None) if inert.is_students(cell) else _without_regions(cell.source)
            if withheld and (is_test or inert.is_students(cell)):
                cell.outputs = [nbformat.v4.new_output("stream", text=WITHHELD)] if cell.outputs else []
            for output in cell.outputs:
                _clean(output, secret, is_test, begin)
            if begin is not None:
                cell.source = "\n".join(lines).rstrip("\n")
            room -= len(cell.source)
            if len(cell.source) > LONGEST_CODE or room < 0:
                cell.source = cell.source[: LONGEST_CODE if room >= 0 else 0] + CUT
        nb.cells = [cell for cell in nb.cells if not _is_machinery(cell)]
        return nb, resources


def _withheld(nb):
    """Return whether a source may have read the tests, and no person has accepted that."""
    mark = nb.metadata.get("grader", {})
    decided = (mark.get("decision") or {}).get("kind")
    return decided != "accept" and any(flag.get("reads") for flag in mark.get("flags", ()))


def _is_machinery(cell):
    """Return whether a cell is folded in the notebook and nobody's answer or test."""
    info = cell.metadata.get("nbgrader", {})
    folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    return folded and not (info.get("grade") or info.get("solution"))


def _without_regions(source):
    """Return the lines of a source with "# hidden test" for each hidden region, and the first hidden line's number."""
    lines, first, inside = [], None, False
    for number, line in enumerate(source.splitlines(), 1):
        if not inside and line.strip() == HIDDEN_BEGIN:
            inside, first = True, first or number
            lines.append("# hidden test")
        elif not inside:
            lines.append(line)
        elif line.strip() == HIDDEN_END:
            inside = False
    return lines, first


def _secret_lines(nb):
    """Return the lines that stand in hidden regions and nowhere else in the notebook, students' own cells aside."""
    sources = [cell.source for cell in nb.cells if cell.cell_type == "code" and not inert.is_students(cell)]
    shown = {line.strip() for source in sources for line in _without_regions(source)[0]}
    hidden = {line.strip() for source in sources if HIDDEN_BEGIN in source for line in source.splitlines()} - shown
    return sorted((line for line in hidden if len(line) >= SHORTEST), key=len, reverse=True)


def _clean(output, secret, is_test, begin):
    """Shorten a test's error to its message; take hidden lines out of whatever was printed."""
    if output.output_type == "error":
        if is_test:
            line = FRAME.search(ANSI.sub("", "\n".join(output.traceback)))
            hidden = begin is not None and (line is None or int(line.group(1)) > begin)
            output.traceback = [f"{'hidden test: ' if hidden else ''}{output.ename}: {ANSI.sub('', output.evalue)}"]
        output.traceback = [_redact(text, secret) for text in output.traceback]
        output.evalue = _redact(output.evalue, secret)
    elif output.output_type == "stream":
        output.text = _redact(output.text, secret)
    else:
        for kind, value in output.get("data", {}).items():
            if isinstance(value, str) and kind.startswith("text/"):
                output.data[kind] = _redact(value, secret)


def _redact(text, secret):
    plain = ANSI.sub("", text)
    if not any(line in plain for line in secret):
        return text
    for line in secret:
        plain = plain.replace(line, "[hidden test]")
    return plain


def set_up(exporter, waiting=()):
    """Set up nbconvert's HTML exporter, a section of a configuration, for our page.

    `waiting` holds (student, cell) of points that wait for a person.
    """
    exporter.template_file = str(TEMPLATE)
    exporter.filters = {
        "markdown2html": _formatted,
        "exercises": lambda nb, who: summary.exercises(nb, {cell for student, cell in waiting if student == who}),
    }


@pass_context
def _formatted(context, source):
    """Return the HTML of a Markdown text: cell or comment, its formulas as MathML, which needs no script."""
    cell = context.get("cell") or {}
    renderer = _WithFormulas(escape=False, attachments=cell.get("attachments", {}), anchor_link_text="¶")
    return MarkdownWithMath(renderer=renderer).render(source)


class _WithFormulas(IPythonRenderer):
    def heading(self, text, level, **attrs):
        return super().heading(text, min(level + 1, 6), **attrs)  # the page has its own first

    def link(self, text, url, title=None):
        """Return a link; one to another notebook or out of this folder leads nowhere from here: its text alone."""
        path = "" if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|#", url) else url.partition("#")[0]
        return text if path.startswith(("/", "..")) or path.endswith(".ipynb") else super().link(text, url, title)

    def block_math(self, body):
        return formula(body, "block")

    def inline_math(self, body):
        return formula(body)

    def latex_environment(self, name, body):
        return formula(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


def formula(tex, display="inline"):
    """Return MathML for a formula in TeX; what cannot be converted is shown as it was written."""
    try:
        if len(tex) > LONGEST_FORMULA:
            raise ValueError("too long for a formula")
        tree = convert_to_element(tex.strip(), display=display)
    except Exception:  # latex2mathml has a dozen errors without a common type
        return f"<code>{html.escape(tex)}</code>"
    for part in tree.iter():  # its texts hold entities, which are escaped once more below
        part.text = html.unescape(part.text or "")
    return ElementTree.tostring(tree, encoding="unicode")
