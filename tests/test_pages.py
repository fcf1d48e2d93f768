"""The pages that grading writes, in a real browser: report, feedback and what leads to it, wide and narrow, light and
dark."""

import pytest
from conftest import LESSON, WRONG

from grader import commands, report, roster
from grader.overview import MEANING, Cell, Overview, Row

pytestmark = pytest.mark.slow
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
LESSONS = [f"{number:02}_lesson_of_a_long_name" for number in range(1, 18)]
HEADS = """() => {
  const region = document.querySelector('.wide'), head = region.querySelector('thead th:nth-child(2)');
  const name = region.querySelector('tbody th');
  const [top, left] = [head.getBoundingClientRect().top, name.getBoundingClientRect().left];
  region.scrollTo(200, 300);
  return [region.scrollLeft, region.scrollTop, head.getBoundingClientRect().top - top,
          name.getBoundingClientRect().left - left];
}"""


def judge(page, path):
    """Open a page; assert that it fits, that axe finds nothing and nothing went wrong."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-all installs axe").Axe()
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], path
    found = axe.run(page).response["violations"]
    assert not [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found], path
    assert not page.elsewhere and not page.wrong


def test_what_grading_writes_suits_every_screen(sample, watched):
    people = "id,first_name,last_name\nana,Ana,Berg\nben,Ben,Li\ncleo,Cleo,Roy\n"
    (sample.root / "class.csv").write_text(people)
    roster.enrol(sample.course, sample.root / "class.csv")
    sample.hand_in("ana", half=WRONG["half"], larger=None)
    sample.hand_in("ben", b"{")
    assert not commands._publish(sample.course, (), sample.grade())
    feedback = sample.root / "state" / "feedback" / "ana"
    paths = [sample.root / "build" / "report" / "index.html", feedback / "index.html",
             feedback / LESSON / f"{LESSON}.html"]
    for width, theme in LOOKS:
        for path in paths:
            judge(watched(width, theme), path)
    page = watched(390)
    page.goto(paths[0].as_uri())
    page.locator(".over td a").first.click()
    page.locator(f"tr[id='{LESSON}--ana'] th a").click()
    page.get_by_role("link", name="Write half").click()
    assert page.locator("#half").bounding_box()["y"] < 900


@pytest.mark.parametrize("width, theme", LOOKS)
def test_a_table_of_seventeen_lessons_keeps_its_heads_in_sight(watched, tmp_path, width, theme):
    states = ["", *MEANING]
    rows = tuple(Row(f"student{n:03}", "Ana Maria Alvarez y Castillo", 200.0, tuple(
        Cell(lesson, states[(n * k) % 23] if (n * k) % 23 < len(states) else "", 20.0, (n * k % 10) / 9)
        for k, lesson in enumerate(LESSONS))) for n in range(60))
    path = tmp_path / "index.html"
    path.write_text(report.page([], [], Overview(tuple((lesson, 24.0) for lesson in LESSONS), rows)))
    page = watched(width, theme)
    judge(page, path)
    left, top, head, name = page.evaluate(HEADS)
    assert top == 300 and abs(head) < 1 and abs(name) < 1 and (left > 0 or width > 390)
