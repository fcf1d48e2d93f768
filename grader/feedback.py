"""What a student sees of the tests: points and messages, not one line of a hidden test.

nbgrader's feedback shows each test cell in full and the traceback through it. The grader puts this step before nbgrader's
own, unless nbgrader_config.py says c.Grader.show_hidden_tests = True. It also makes of nbgrader's page one that a phone
can show and everyone can read.
"""

import re

import nbformat
from nbconvert.preprocessors import Preprocessor

from grader import handout

REGION = re.compile(r"^[ \t]*### BEGIN HIDDEN TESTS.*?^[ \t]*### END HIDDEN TESTS[ \t]*$\n?", re.MULTILINE | re.DOTALL)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
FRAME = re.compile(r"(?:Cell )?In\[\d+\](?:, line |:)(\d+)")
SHORTEST = 8  # characters of a line that can be told from others
# nbgrader's template has no place for a style, but shows what a first text cell holds
PAGE = """<meta name="viewport" content="width=device-width, initial-scale=1"><style>
#toc a::after { content: " " attr(href) } #toc a, .rendered_html a { text-decoration: underline } a, #toc a { color: #0B5A9E }
summary { display: list-item; cursor: pointer } .anchor-link { display: none }
pre, div.highlight pre { white-space: pre-wrap; word-break: normal; overflow-wrap: anywhere }
.highlight .c1, .highlight .sd { color: #35676B } .highlight .ow, .highlight .nd { color: #8A1FC4 }
.rendered_html code, code { color: #A31D45 }
.output_error pre { border-left: 4px solid #B54708 } .panel-footer { color: #222 }
div.nbgrader_cell .panel-heading { height: auto; overflow: hidden; background: #23639B } div.nbgrader_cell .panel-heading a { color: #FFF }
@media (max-width: 700px) { .container, .panel-body, #notebook-container { padding: 4px } h1 { font-size: 1.6em } h2 { font-size: 1.35em } }
</style>"""


class HideHiddenTests(Preprocessor):
    """Replace hidden regions by the words "hidden test", and tracebacks of tests by their message."""

    enabled = True

    def preprocess(self, nb, resources):
        nb = handout.with_plain_marks(self.config, nb)
        secret = _secret_lines(nb)
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            begin = _first_hidden_line(cell.source)
            is_test = cell.metadata.get("nbgrader", {}).get("grade", False)
            for output in cell.outputs:
                _clean(output, secret, is_test, begin)
            cell.source = REGION.sub("# hidden test\n", cell.source).rstrip("\n")
        nb.cells = [nbformat.v4.new_markdown_cell(PAGE, id="page"), *(cell for cell in nb.cells if not _is_machinery(cell))]
        return nb, resources


def _is_machinery(cell):
    """Return whether a cell is folded in the notebook and nobody's answer or test."""
    info = cell.metadata.get("nbgrader", {})
    return cell.metadata.get("jupyter", {}).get("source_hidden", False) and not (info.get("grade") or info.get("solution"))


def _secret_lines(nb):
    """Return the lines that stand in hidden regions and nowhere else in the notebook."""
    sources = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    hidden = {line.strip() for source in sources for region in REGION.findall(source) for line in region.splitlines()}
    shown = {line.strip() for source in sources for line in REGION.sub("", source).splitlines()}
    return sorted((line for line in hidden - shown if len(line) >= SHORTEST), key=len, reverse=True)


def _first_hidden_line(source):
    return next((number for number, line in enumerate(source.splitlines(), 1) if "### BEGIN HIDDEN TESTS" in line), None)


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
