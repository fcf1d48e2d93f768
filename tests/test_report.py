"""The class in pictures."""

import csv
import re
import xml.etree.ElementTree as tree

from conftest import LESSON, WRONG

from grader import convert, report, roster
from grader.overview import Overview
from grader.platforms import safe


def test_the_report_names_points_messages_and_who_was_refused(sample, tmp_path):
    sample.hand_in("ana", half=WRONG["half"])
    sample.hand_in("ben", b"{")
    sample.hand_in("cleo", half="def half(x):\n    raise ValueError('<b>bold</b>')")
    sample.grade()
    page = report.write(sample.course, tmp_path / "report").read_text()
    for told in ("Students: 3. Lessons: 1.", "use / instead of //", "not graded: ", "is not a whole notebook"):
        assert told in page
    assert "<b>bold" not in page and "&lt;b&gt;bold" in page
    assert "default-src 'none'" in page and "<script" not in page
    tree.fromstring(re.sub("(<meta [^>]*)>", r"\1/>", page.partition("\n")[2]))
    rows = list(csv.DictReader((tmp_path / "report" / "points.csv").open()))
    assert len(rows) == 18 and {row["lesson"] for row in rows} == {LESSON}


def test_the_hardest_tests_are_those_of_written_answers(sample, tmp_path):
    sample.hand_in("ana", half=WRONG["half"])
    for student in ("ben", "cleo"):
        sample.hand_in(student, half=None)
    sample.grade()
    page = report.write(sample.course, tmp_path / "report").read_text()
    assert "use / instead of //" in page and "1 of 1" in page
    assert "is not written yet" not in page and "not graded: " not in page


def test_pseudonyms_say_nothing_and_stay_the_same(sample, tmp_path):
    sample.hand_in("ana-alvarez")
    sample.grade()
    first = report.write(sample.course, tmp_path / "r", pseudonyms=True).read_text()
    assert "ana-alvarez" not in first + (tmp_path / "r" / "points.csv").read_text()
    assert report.pseudonym("ana-alvarez", sample.course) in first


def test_a_formula_is_no_name_in_the_csv():
    assert safe("=1+1") == "'=1+1" and safe("-1.5") == "-1.5" and safe("a\x1b[2Jb") == "ab"


def test_an_empty_class_has_a_page():
    assert "Nothing has been graded yet" in report.page([], [], Overview((), ()))


def test_the_overview_shows_who_is_missing_who_waits_and_what_is_new(sample, tmp_path):
    people = "id,first_name,last_name\nana,Ana,Berg\nben,Ben,Li\ncleo,Cleo,Roy\ndan,Dan,Ek\n"
    (tmp_path / "class.csv").write_text(people)
    roster.enrol(sample.course, tmp_path / "class.csv")
    sample.hand_in("ana", half=WRONG["half"])
    sample.hand_in("ben", b"{")
    sample.grade()
    convert.feedback(sample.course, LESSON)
    sample.hand_in("cleo")
    page = report.write(sample.course, sample.root / "build" / "report").read_text()
    table = page[page.index('class="over"') : page.index("<nav")]
    rows = {name: re.findall('<td class="(.*?)">(.*?)</td>', rest) for name, rest in
            re.findall('<th scope="row">(.*?)<small>.*?</small></th><td><span>.*?</span></td>(.*?)</tr>', table, re.S)}
    assert {name: cells[0][0].split()[0] for name, cells in rows.items() if name != "ana"} == {
        "ben": "refused", "cleo": "new", "dan": "missing"}
    assert rows["ana"] == [(" s4", f'<a href="#{LESSON}--ana">8</a>')] and f'id="{LESSON}--ana"' in page
    assert "nothing handed in" in table and "Ana Berg" in table and "<td><span>3</span></td>" in table
    link = re.search(f'id="{LESSON}--ana"><th scope="row"><a href="(.*?)"', page)[1]
    assert (sample.root / "build" / "report" / link).resolve().is_file()


def test_a_page_leads_each_student_to_all_feedback(sample):
    sample.hand_in("ana", half=WRONG["half"])
    sample.hand_in("ben")
    sample.grade()
    assert report.hand_back(sample.course) == []  # no feedback yet
    convert.feedback(sample.course, LESSON)
    ana, ben = report.hand_back(sample.course)
    assert ana == sample.root / "state" / "feedback" / "ana" / "index.html" and "ben" not in ana.read_text()
    link = re.search('<a href="(.*?)"', ana.read_text())[1]
    assert (ana.parent / link).is_file() and ">8</td>" in ana.read_text() and ">9</td>" in ben.read_text()
