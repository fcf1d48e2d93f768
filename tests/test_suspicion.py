"""What a source reaches for is named; what the course's own answers use is not."""

import pytest

from grader import answers, notebooks, sheets
from grader.suspicion import reach


@pytest.mark.parametrize(
    "source",
    [
        "import ctypes",
        "from gc import get_objects",
        "import sys\nsys._getframe()",
        "open('/proc/self/mem')",
        "get_ipython()",
        "f.__globals__",
        "__import__('os')",
        "import os\nos.fork()",
    ],
)
def test_unusual_reach_is_named(source):
    assert reach(source)


def test_no_answer_of_the_course_is_unusual():
    for lesson in notebooks.lessons():
        if lesson.answers.exists():
            sources = [a.source for a in answers.read(sheets.read(lesson))] + [
                e.solution.source for e in sheets.read(lesson).exercises
            ]
            assert not {found for source in sources for found in reach(source)}, lesson.name
