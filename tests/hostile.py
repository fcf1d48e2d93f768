# ruff: noqa: E501
"""HTML that would run on the page of whoever reads it, in every field of a submission that somebody is shown."""

import re

IMG = "<img src=x onerror=alert(1)>"
# a handler, a script or an address of one within a tag; nbgrader's and pygments' own pages hold none of these
LIVE = re.compile(r"""<[a-z][^<>]*\son\w+\s*=|<script|<iframe|<svg[^<>]*onload|<[a-z][^<>]*(?:href|src)\s*=\s*["']?\s*(?:javascript|data:text)""", re.IGNORECASE)

MARKDOWN = [
    IMG,
    f"a {IMG} b",
    f"- point: {IMG}\n- `a <b {IMG}",
    "[x](javascript:alert(1))",
    "[x](<JaVaScRiPt:alert(1)>)",
    "[x][1]\n\n[1]: javascript:alert(1)",
    "![x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<iframe src=javascript:alert(1)></iframe>",
    f"```mermaid\n</pre>{IMG}\n```",
    f"<!-- --> {IMG}",
    f"&lt;b&gt; {IMG}",
    "<a href='javascript:alert(1)'>x</a>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
]


def _cell(kind, source, **entries):
    """Return a function that adds a cell of the student's before the first answer."""

    def change(data):
        place = next(i for i, cell in enumerate(data["cells"]) if cell["metadata"].get("nbgrader", {}).get("solution"))
        data["cells"].insert(place, {"cell_type": kind, "id": "mine", "metadata": {}, "source": source, **entries})

    return change


def _show(**data):
    shown = {name.replace("_", "/", 1): value for name, value in data.items()}
    return f"from IPython.display import display\ndisplay({shown!r}, raw=True)\ndef half(x):\n    return x / 2"


# source of an answer, or a change to the notebook
FIELDS = {
    "an error's message": f"def half(x):\n    raise ValueError('{IMG}')",
    "an error's name": f"def half(x):\n    raise type('{IMG}', (Exception,), {{}})(1)",
    "an error of the cell itself": f"raise ValueError('[x](javascript:alert(1)) {IMG}')",
    "a script in an error": "def half(x):\n    raise ValueError('</pre><script>alert(1)</script>')",
    "colours in an error": "def half(x):\n    raise ValueError('\\x1b[31m" + IMG + "\\x1b[38;2;1;2;3m')",
    "a printed line": f"print('{IMG}')\ndef half(x):\n    return x / 2",
    "a warning": f"import warnings\nwarnings.warn('{IMG}')\ndef half(x):\n    return x / 2",
    "the text of a result": f"class R:\n    def __repr__(self): return '{IMG}'\ndef half(x):\n    return x / 2\nR()",
    "rich HTML": _show(text_html=f"{IMG}<script>alert(1)</script><svg onload=alert(1)>"),
    "rich HTML, isolated": "from IPython.display import display\ndisplay({'text/html': '<script>alert(1)</script>'}, metadata={'text/html': {'isolated': True}}, raw=True)\ndef half(x):\n    return x / 2",
    "rich Markdown": _show(text_markdown=f"{IMG} [x](javascript:alert(1))"),
    "rich LaTeX": _show(text_latex="$\\href{javascript:alert(1)}{x}$" + IMG),
    "rich JavaScript": _show(application_javascript="alert(1)"),
    "a drawing": "from IPython.display import display\ndisplay({'image/svg+xml': '<svg onload=alert(1) xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>'}, raw=True)\ndef half(x):\n    return x / 2",
    "a picture that is none": "from IPython.display import display\ndisplay({'image/png': '\"><img src=x onerror=alert(1)>'}, raw=True)\ndef half(x):\n    return x / 2",
    "a picture's size": "from IPython.display import display\ndisplay({'image/png': 'aGk='}, metadata={'image/png': {'width': '1 onerror=alert(1)', 'alt': '\"onerror=alert(1)'}}, raw=True)\ndef half(x):\n    return x / 2",
    "a comment in the source": f"# {IMG}</pre><script>alert(1)</script>\ndef half(x):\n    return x / 2",
    "a text cell": _cell("markdown", f"{IMG}\n\n<script>alert(1)</script> [x](javascript:alert(1))"),
    "a text cell's picture": _cell("markdown", "![x](attachment:a.png)", attachments={"a.png": {"image/png": '"><img src=x onerror=alert(1)>'}}),
    "a text cell with a drawing": _cell("markdown", f"```mermaid\n</pre>{IMG}\n```"),
    "a code cell of their own": _cell("code", f"'{IMG}'", outputs=[]),
    "a counter of runs": "import sys\nget_ipython().execution_count = '" + IMG + "'\ndef half(x):\n    return x / 2",
    "a widget": _show(**{"application_vnd.jupyter.widget-view+json": {"model_id": "</script><script>alert(1)</script>"}}),
}


def hand_in_hostile(sample):
    """Hand in each of FIELDS, a student each."""
    for number, source in enumerate(FIELDS.values()):
        data = sample.fill(**{"half": source} if isinstance(source, str) else {})
        if not isinstance(source, str):
            source(data)
        sample.hand_in(f"s{number:02}", data)
