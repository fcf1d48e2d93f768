"""The website: what is made of a lesson's cells without Sphinx, and the whole site in a real browser."""

import functools
import http.server
import re
import shutil
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote_plus, unquote, urldefrag, urljoin

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader import notebooks
from grader.errors import LessonError
from grader.notebooks import ROOT
from website import build, lessons, names, pages, traps

LESSON = "03_sample"
PLACE = f"course/{LESSON}.ipynb"
SENTENCE = "Each backward adds to .grad, so gradients pile up."
CONCEPTS = f'id,lesson,sentence,proof\nadds-up,{LESSON},"{SENTENCE}",run\nclears,{LESSON},One clears it.,text\n'


def code(source, *tags, said="", folded=False):
    """Return a cell as it ran, with what it ended in."""
    outputs = [new_output("execute_result", {"text/plain": said}, execution_count=1)] if said else []
    cell = new_code_cell(source, outputs=outputs)
    cell.metadata = {"tags": [*tags, *(["hide-input"] if folded else [])]}
    return cell


def lesson():
    """Return the cells of a lesson with a table, a twin that is a trap, and its repair."""
    return [
        new_markdown_cell("# 03 · Sample\n\n| TensorFlow | PyTorch |\n|---|---|\n| `tape.gradient` | `w.grad` |\n"),
        code("import tensorflow as tf\nimport torch\nfrom torch import nn"),
        new_markdown_cell("## Clear it\nIt adds up. See [then](A1_then.ipynb), "
                          "[work](../work/03_sample/03_sample.ipynb)."),
        code("# TensorFlow\nx_tf = tf.Variable(3.0)", "tensorflow", "twin:adds"),
        code("# PyTorch\nx = nn.Parameter(torch.ones(1))", "twin:adds", "trap:adds-up", "concept:adds-up",
             said="[6.0, 12.0]"),
        code("assert x_tf == x", "tensorflow", "twin:adds", folded=True),
        new_markdown_cell("The repair is `x.grad = None`.\n\n```python\n# no heading\n```\n\n<details>Why</details>"),
        code("x.grad = None", "trap:adds-up", said="'cleared'"),
        new_markdown_cell("## Clear it\nThe same words once more."),
    ]


def course(root, cells=None, ran=None):
    """Write a course of one lesson and what running it left; both hold the same cells unless `ran` is given."""
    root.mkdir(exist_ok=True)
    for name in ("docs", "README.md"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, root / name)
    notebooks.write(new_notebook(cells=cells or lesson()), root / PLACE)
    (root / "course" / "concepts.csv").write_text(CONCEPTS)
    notebooks.write(new_notebook(cells=lesson()), root / "exercises" / LESSON / f"{LESSON}.ipynb")
    if ran is not False:
        notebooks.write(new_notebook(cells=ran or cells or lesson()), root / "build" / PLACE)
    return root


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What Sphinx would read for the small course."""
    return build.content(course(tmp_path_factory.mktemp("course") / "root"))


# --- what is refused ----------------------------------------------------------------------------


def test_a_site_without_executed_lessons_is_refused_and_nothing_is_written(tmp_path):
    root = course(tmp_path / "root", ran=False)
    with pytest.raises(LessonError, match=r"build/course/03_sample.ipynb: expected .*found no file. Run make course"):
        build.content(root)
    assert not (root / "build").exists()


def test_a_lesson_that_changed_after_it_ran_is_refused(tmp_path):
    older = [*lesson()[:-1], code("x.grad = 0")]
    with pytest.raises(LessonError, match="found an older one. Run make course"):
        build.content(course(tmp_path / "root", ran=older))


def test_a_text_may_be_mended_after_the_lesson_ran(tmp_path):
    made = build.content(course(tmp_path / "root", ran=[*lesson()[:-1], new_markdown_cell("Older words.")]))
    cells = made[PLACE].cells
    assert cells[-1].source.endswith("The same words once more.")
    assert cells[4].outputs[0].data["text/plain"] == "[6.0, 12.0]"


def test_a_lesson_that_stopped_is_refused(tmp_path):
    root = course(tmp_path / "root")
    ran = notebooks.read(root / "build" / PLACE)
    ran.metadata["papermill"] = {"exception": True}
    notebooks.write(ran, root / "build" / PLACE)
    with pytest.raises(LessonError, match="found one that stopped. Run make course"):
        build.content(root)


# --- tabs ---------------------------------------------------------------------------------------


def tabs(cells):
    lessons.mark_tabs(cells)
    return [cell.metadata.get("tab", {}).get("label") for cell in cells]


def test_both_sides_of_a_twin_become_tabs_and_the_compared_cell_does_not():
    cells = lesson()
    assert tabs(cells)[3:6] == ["TensorFlow", "PyTorch", None]
    assert cells[5].metadata["mystnb"]["code_prompt_show"] == lessons.COMPARED


def test_a_twin_with_a_text_between_its_sides_stays_as_it_is():
    cells = lesson()
    cells.insert(4, new_markdown_cell("A text."))
    assert not any(tabs(cells))


@pytest.mark.parametrize("first, label, sync", [
    ("# Keras", "Keras", "tensorflow"), ("# NumPy", "NumPy", "pytorch"), ("# PyTorch: a list", "PyTorch", "pytorch"),
])
def test_a_side_is_named_by_its_first_line_and_switches_with_its_framework(first, label, sync):
    assert (lessons.side([code(first)], 0), lessons.SYNC[label]) == (label, sync)


def test_a_side_without_a_first_line_is_named_by_its_tag_and_imports():
    cells = [code("x = 1"), code("x = 1", "tensorflow"), code("import torch"), code("x = 1")]
    assert [lessons.side(cells, place) for place in (0, 1, 3)] == ["NumPy", "TensorFlow", "PyTorch"]


# --- links and labels ---------------------------------------------------------------------------


def test_links_lead_to_pages_of_the_site_or_are_left_out(made):
    text = "\n".join(cell.source for cell in made[PLACE].cells)
    assert "[work](../exercises/03_sample/03_sample.ipynb)" in text
    assert "See then," in text and "A1_then" not in text


def test_every_heading_gets_a_label_of_its_own_and_comments_in_code_get_none(made):
    text = "\n".join(cell.source for cell in made[PLACE].cells)
    found = re.findall(r"(?m)^\((.*)\)=\n(#+ .*)", text)
    assert found == [("course-03_sample--03-sample", "# 03 · Sample"), ("course-03_sample--clear-it", "## Clear it"),
                     ("course-03_sample--clear-it-2", "## Clear it")]


def test_every_link_to_a_label_has_its_label(made):
    texts = [page if isinstance(page, str) else "\n".join(cell.source for cell in page.cells)
             for page in made.values() if not isinstance(page, bytes)]
    whole = "\n".join(texts)
    wanted = set(re.findall(r"\]\(#([^)]+)\)", whole))
    assert wanted and wanted <= set(re.findall(r"(?m)^\((.*)\)=$", whole))


def test_a_lesson_offers_its_own_notebook_and_places_to_run_it_only_with_an_address(made):
    def offers(address):
        return build.offers(PLACE, f"exercises/{LESSON}/{LESSON}.ipynb", set(made), address)

    assert offers("") in made[PLACE].cells[0].source and f"/downloads/{PLACE}" in offers("")
    assert "http" not in offers("") and "http" not in offers("https://example.org/a/b")
    assert "colab.research.google.com/github/a/b/blob/HEAD/course/" in offers("https://github.com/a/b.git")
    assert notebooks.read(ROOT / "course" / "03_autograd.ipynb") and made[f"downloads/{PLACE}"].startswith(b"{")


# --- pages from data ----------------------------------------------------------------------------


def test_a_trap_has_a_page_with_what_is_seen_why_and_the_repair(made):
    page = made["traps/03-adds-up.ipynb"]
    text = [cell.source for cell in page.cells]
    assert SENTENCE.rstrip(".") in text[0].replace("\\", "") and "[6.0, 12.0]" in text[0]
    assert text[1].startswith("**Clear it**\n\nIt adds up.")
    repair = text.index("## The repair")
    assert [cell.metadata.get("tab", {}).get("label") for cell in page.cells[2:repair]] == ["TensorFlow", "PyTorch"]
    assert text[repair + 1].startswith("The repair is") and text[repair + 1].endswith("<details open>Why</details>")
    assert text[repair + 2] == "x.grad = None"
    assert page.cells[repair + 2].outputs[0].data["text/plain"] == "'cleared'"
    assert "no error: `[6.0, 12.0]`" in made["traps/index.md"] and "(/traps/03-adds-up.ipynb)" in made["traps/index.md"]


@pytest.mark.parametrize("output, said, is_message", [
    (new_output("error", ename="RuntimeError", evalue="a leaf Variable"), "RuntimeError: a leaf Variable", True),
    (new_output("execute_result", {"text/plain": "{'next': 'a second time through the graph'}"}),
     "a second time through the graph", True),
    (new_output("stream", name="stdout", text="said: ValueError: too many\n"), "ValueError: too many", True),
    (new_output("execute_result", {"text/plain": "'TypeError: no such thing'"}), "TypeError: no such thing", True),
    (new_output("execute_result", {"text/plain": "{'a key of many words': 3}"}), "{'a key of many words': 3}", False),
    (new_output("execute_result", {"text/plain": "tensor([6., 12.])"}), "tensor([6., 12.])", False),
])
def test_what_is_seen_is_an_errors_words_before_a_value(output, said, is_message):
    assert traps.symptom([output]) == (said, is_message)


def test_the_lessons_tables_of_symptoms_stand_on_the_traps_page():
    cells = [new_markdown_cell("# T\n## Why?\n| you see | cause |\n|---|---|\n| `None` | cut |\n")]
    (label, heading, table), = traps.symptom_tables(LESSON, cells, set())
    assert (heading, "| `None` | cut |" in table) == ("Why?", True) and label.endswith("--why")


def test_names_are_found_in_both_directions(made):
    there, back = made["names/from_tensorflow.md"], made["names/from_pytorch.md"]
    assert "| `tape.gradient` | `w.grad` | [lesson 03]" in there and "| `w.grad` | `tape.gradient` |" in back
    assert "| `tf.Variable` | `torch.nn.Parameter`, `torch.ones` | [03 · Clear it]" in there
    assert "| `torch.nn.Parameter` | `tf.Variable` | [03 · Clear it]" in back


def test_names_follow_imports_and_second_names():
    aliases = {}
    names.names("import tensorflow as tf\nfrom torch import nn\nkeras = tf.keras.optimizers", aliases)
    found = names.names("keras.SGD(x.y.z, nn.Linear(1, 1).weight)", aliases)
    assert found == {"tf.keras.optimizers.SGD", "torch.nn.Linear"}


def test_every_concept_is_listed_with_the_section_that_shows_it(made):
    text = made["names/concepts.md"]
    assert "adds to .grad, so gradients pile up. | [03 · Clear it](#course-03_sample--clear-it)" in text
    assert "One clears it. *(told, not run)* | not shown yet" in text


def test_numbers_that_no_gate_measured_are_dashes(made):
    assert f"| [03](/{PLACE}) | " in made["numbers.md"] and f"| {pages.UNMEASURED} |" in made["numbers.md"]
    assert re.search(r"made on \d{4}-\d\d-\d\d", made["numbers.md"]) and "numpy" in made["numbers.md"]


def test_what_teachers_need_comes_from_the_readme_and_the_docs_once(made):
    walls = "## " + pages.WALLS[1][1]
    assert walls in made["security.md"] and walls not in made["docs/grading.md"]
    assert made["own_course.md"].startswith("# Grade your own") and "](docs/grading.md)" in made["own_course.md"]


def test_the_tests_of_an_exercise_are_folded_and_stay_to_be_found():
    cell = code("assert y, 'the second call differs'")
    cell.metadata["nbgrader"] = {"grade": True}
    lessons.fold(cell)
    assert "hide-input" in cell.metadata["tags"] and "nbgrader" not in cell.metadata and "second call" in cell.source


# --- the whole site, in a browser ---------------------------------------------------------------

SECONDS = 90
SERIOUS = ("serious", "critical")
JUDGED = [  # one of each kind of page; of the lessons those with the most figures and the widest cells
    "index.html", "course/03_autograd.html", "course/08_dynamic_nets.html", "course/A1_then_and_now.html",
    "exercises/03_autograd/03_autograd.html", "traps/index.html", "traps/03-accumulate.html",
    "names/from_tensorflow.html", "names/concepts.html", "numbers.html", "search.html?q=grad+adds+up",
]


class Links(HTMLParser):
    """The addresses and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given.get("id"), given.get("name")}
        self.links += [(tag, given[key]) for key in ("href", "src") if given.get(key)]


@pytest.fixture(scope="module")
def site():
    """The site of this checkout, made from its executed lessons."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed: make test-all installs it")
    print(build.build(ROOT))
    return ROOT / "build" / "site"


@pytest.fixture(scope="module")
def address(site):
    """Serve the site on this machine."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def page(watched, request):
    """A page of the width and theme that the test asks for, in which nothing may go wrong."""
    page = watched(*getattr(request, "param", (1280, "light")))
    yield page
    assert not page.elsewhere and not page.wrong


def all_pages(site):
    found = (path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return sorted(name for name in found if not name.startswith("_static"))  # the theme's templates lie there


@pytest.mark.slow
def test_every_link_of_the_site_leads_somewhere(site):
    read = {path: Links((site / path).read_text(encoding="utf-8")) for path in all_pages(site)}
    broken, outside = [], []
    for here, found in read.items():
        for tag, link in found.links:
            if re.match(r"(https?:)?//", link):
                outside += [(here, link)] if tag in ("script", "link", "img", "iframe") else []
            elif not re.match(r"(data|mailto|javascript):", link):
                path, anchor = urldefrag(urljoin(here, unquote(link)))
                path = Path(path, "index.html").as_posix() if path.endswith("/") or not path else path.partition("?")[0]
                if not (site / path).is_file() or anchor and path in read and anchor not in read[path].anchors:
                    broken.append((here, link))
    assert len(read) > 100 and not broken and not outside


@pytest.mark.slow
@pytest.mark.parametrize("page", [(390, "light")], indirect=True)
def test_no_page_scrolls_sideways_on_a_phone(site, address, page):
    wide = []
    for path in all_pages(site):
        page.goto(address + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        wide += [(path, width)] if width > 390 else []
    assert not wide


@pytest.mark.slow
@pytest.mark.parametrize("page", [(1280, "light"), (390, "dark")], indirect=True)
def test_axe_finds_nothing_serious(address, page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-all installs axe").Axe()
    found = []
    for path in JUDGED:
        page.goto(address + path)
        page.wait_for_load_state("networkidle")
        judged = axe.run(page, options={"preload": False})  # else it asks for style sheets where none are
        for violation in judged.response["violations"]:
            if violation["impact"] in SERIOUS:
                found.append((path, violation["id"], [node["html"][:120] for node in violation["nodes"][:3]]))
    assert not found


@pytest.mark.slow
def test_one_tab_switches_all_and_stays_on_the_next_page(address, page):
    def shown():
        return {label.inner_text() for label in page.locator(".twin > input:checked + label").all()}

    page.goto(address + "course/03_autograd.html")
    assert shown() == {"PyTorch"}
    page.locator(".twin > label", has_text="TensorFlow").first.click()
    assert shown() == {"TensorFlow"}
    page.goto(address + "course/04_custom_function.html")
    page.wait_for_load_state("networkidle")
    assert shown() == {"TensorFlow"}


@pytest.mark.slow
@pytest.mark.parametrize("query, page_found", [
    ("grad adds up", "traps/03-accumulate.html"),
    ("AssertionError: the second call differs: .grad adds up over calls", "traps/03-accumulate.html"),
    ("RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation: "
     "[torch.FloatTensor [17, 23]], which is output 0 of MineBackward0, is at version 1", "traps/03-in-place.html"),
    ("RuntimeError: mat1 and mat2 must have the same dtype, but got Double and Float", "traps/09-float64.html"),
    ("tf.stop_gradient", "names/from_tensorflow.html"),
])
def test_the_search_finds_a_message_with_ones_own_shapes_in_it_and_a_name(address, page, query, page_found):
    page.goto(f"{address}search.html?q={quote_plus(query)}")
    page.locator("#search-results li > a").first.wait_for()
    page.wait_for_load_state("networkidle")
    found = [link.get_attribute("href") for link in page.locator("#search-results li > a").all()]
    assert page_found in [link.partition("#")[0] for link in found[:3]]


@pytest.mark.slow
def test_predictions_and_compared_cells_are_folded_and_code_can_be_copied(address, page):
    page.goto(address + "course/03_autograd.html")
    assert page.locator("article details").count() > 10 and page.locator("article details[open]").count() == 0
    assert page.locator("button.copybtn").count() > 50


@pytest.mark.slow
def test_every_figure_of_the_site_has_a_text(site, address, page):
    for path in sorted(site.glob("course/*.html")):
        page.goto(f"{address}course/{path.name}")
        bare = page.locator("article img:not([alt]), article img[alt=''], article .cell_output svg:not([aria-label])")
        assert bare.count() == 0
