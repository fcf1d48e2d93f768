"""The small courses themselves, one for each way in which other people's courses differ from this repository's."""

from courses import (
    LESSON,
    Course,
    Work,
    answer,
    by_hand,
    check,
    code,
    locked,
    notebook_text,
    task,
    text,
    with_name,
    written,
)
from courses.bash_kernel import SPEC

SQUARES = [
    text("# Squares"),
    locked("setup", "import math"),
    answer(
        "squares",
        "def squares(n):\n    ### BEGIN SOLUTION\n    return [i * i for i in range(1, n + 1)]\n    ### END SOLUTION",
    ),
    check("correct_squares", 1, "assert squares(1) == [1]\nassert squares(3) == [1, 4, 9]"),
    check(
        "many_squares",
        2,
        "squares(5)\n### BEGIN HIDDEN TESTS\nassert squares(4) == [1, 4, 9, 16]\n### END HIDDEN TESTS",
    ),
    answer("sum_of_squares", "def total(n):\n    ### BEGIN SOLUTION\n    return sum(squares(n))\n    ### END SOLUTION"),
    check("correct_sum", 1.5, "assert total(3) == 14"),
]
NUMBERS = "a,b\n1,2\n3,4\n"

plain = Course(
    "plain",
    {"squares": SQUARES},
    {
        "wrong": Work(
            {"squares": "def squares(n):\n    return [1, 4, 9]", "sum_of_squares": "def total(n):\n    return 14"}
        ),
        "stops": Work({"squares": "def squares(n):\n    return undefined", "sum_of_squares": "1 / 0"}),
    },
)

several = Course(
    "several notebooks",
    {
        "problem 1": SQUARES,
        "problem 2": [
            answer("root", "def root(x):\n    ### BEGIN SOLUTION\n    return x ** 0.5\n    ### END SOLUTION"),
            check("test-root", 4, "assert root(9) == 3"),
        ],
    },
    {"one of two": Work({"root": "def root(x):\n    return x ** 0.5"}, missing=("problem 1",))},
)

data = Course(
    "data files",
    {
        "table": [
            locked("read", "import csv\nrows = list(csv.reader(open('data/numbers.csv')))"),
            answer("columns", "### BEGIN SOLUTION\ncolumns = rows[0]\n### END SOLUTION"),
            check("columns_test", 2, "assert columns == ['a', 'b']\nfrom given import twice\nassert twice(2) == 4"),
        ]
    },
    files={
        f"source/./{LESSON}/data/numbers.csv": NUMBERS,
        f"source/./{LESSON}/given.py": "def twice(x):\n    return 2 * x\n",
    },
)

own_files = Course(
    "own files",
    {
        "modules": [
            answer("area", "### BEGIN SOLUTION\nfrom math import pi\narea = pi\n### END SOLUTION"),
            check("area_test", 2, "assert round(area, 3) == 3.142"),
        ]
    },
    {
        "module": Work({"area": "from shapes import area"}, files={"shapes.py": "area = 3.14159\n"}),
        "table": Work({"area": "area = float(open('area.txt').read())"}, files={"area.txt": "3.14159"}),
    },
    config='c.Grader.student_files = ["*.py", "*.txt"]',
)

by_a_person = Course(
    "by a person",
    {
        "essay": [
            written("why", 3, "Because the sum telescopes."),
            written("view", 2, "In my view we compile first, eval later; see globals of the paper."),
            by_hand("plot", 4, "### BEGIN SOLUTION\nheights = [1, 2]\n### END SOLUTION"),
            task("survey", 5, "Ask three people and describe what they said."),
            text("Room for the survey"),
            answer("count", "### BEGIN SOLUTION\ncount = 3\n### END SOLUTION"),
            check("count_test", 1, "assert count == 3"),
        ]
    },
    {
        "bare": Work({"why": "Because I think so.", "count": "count = 3"}, bare=("why",)),
        "picture": Work(
            {"why": "![plot](attachment:plot.png)"}, attached={"why": {"plot.png": {"image/png": "iVBORw0KGgo="}}}
        ),
    },
)

tasks = Course(
    "a task at the end",
    {
        "survey": [
            answer("count", "### BEGIN SOLUTION\ncount = 3\n### END SOLUTION"),
            check("count_test", 1, "assert count == 3"),
            written("why", 3, "Because."),
            task("survey_task", 5, "Ask three people and describe what they said."),
        ]
    },
    {
        "ana": Work(
            {"count": "count = 3", "why": "![plot](attachment:plot.png)"},
            attached={"why": {"plot.png": {"image/png": "iVBORw0KGgo="}}},
            last=(text("They said yes."), code("votes = 3")),
        )
    },
)

partial = Course(
    "partial credit",
    {
        "parts": [
            answer(
                "evens", "def evens(n):\n    ### BEGIN SOLUTION\n    return list(range(0, n, 2))\n    ### END SOLUTION"
            ),
            check("evens_test", 4, "right = sum(evens(n) == list(range(0, n, 2)) for n in (1, 2, 3, 4))\nright"),
            check("evens_half", 2, "evens(3)\n1.5 if evens(0) == [] else 0"),
        ]
    },
    {"some": Work({"evens": "def evens(n):\n    return [0] if n < 3 else []"})},
)

autotests = Course(
    "autotests",
    {
        "auto": [
            answer("area", "### BEGIN SOLUTION\narea = 3 * 4\n### END SOLUTION"),
            check("area_test", 2, "### AUTOTEST area"),
            answer("side", "def side(x):\n    ### BEGIN SOLUTION\n    return x ** 0.5\n    ### END SOLUTION"),
            check("side_test", 3, "### HASHED AUTOTEST side(16.0); side(2.25)\nassert side(1) == 1"),
        ]
    },
    {"wrong": Work({"area": "area = 13", "side": "def side(x):\n    return x / 4"})},
    files={
        "autotests.yml": """python3:
    setup: "from hashlib import sha1"
    hash: 'sha1({{snippet}}.encode("utf-8")+b"{{salt}}").hexdigest()'
    dispatch: "type({{snippet}})"
    normalize: "str({{snippet}})"
    check: 'assert {{snippet}} == \"\"\"{{value}}\"\"\", \"\"\"{{message}}\"\"\"'
    success: "print('Success!')"
    templates:
        default:
            - test: "{{snippet}}"
              fail: "value of {{snippet}} is not correct"
"""
    },
)

header = Course(
    "header and footer",
    {
        "body": [
            answer("doubled", "### BEGIN SOLUTION\ndoubled = TWO * 21\n### END SOLUTION"),
            check("doubled_test", 2, "assert doubled == 42 and TWO == 2"),
        ]
    },
    config='c.IncludeHeaderFooter.header = "source/header.ipynb"\nc.IncludeHeaderFooter.footer = "source/footer.ipynb"',
    files={
        "source/header.ipynb": notebook_text([code("TWO = 2")]),
        "source/footer.ipynb": notebook_text([text("The end.")]),
    },
)

late = Course(
    "late penalties",
    {"squares": SQUARES},
    {
        "late": Work(plain.solved, stamp="2026-01-03 12:00:00 UTC"),
        "in time": Work(plain.solved, stamp="2026-01-01 10:00:00 UTC"),
    },
    config='c.LateSubmissionPlugin.penalty_method = "zero"',
    duedate="2026-01-01 12:00:00 UTC",
)

their_answers = with_name(
    plain, "answers.py of theirs", works={}, files={f"source/./{LESSON}/answers.py": "squares = [1, 4, 9]\n"}
)

kernel_named = with_name(plain, "kernel python3", works={}, config='c.Execute.kernel_name = "python3"')

conda = with_name(
    plain,
    "kernel of an environment",
    works={},
    config='c.Execute.kernel_name = "python3"',
    kernelspec={"name": "conda-env-stats-py", "display_name": "Python [conda env:stats]", "language": "python"},
)

no_name = Course(
    "metadata without grade_id",
    {
        "squares": [
            code(
                "import math",
                nbgrader={"grade": False, "locked": False, "solution": False, "schema_version": 3, "task": False},
            ),
            *SQUARES,
        ]
    },
)

examples = Course(
    "names used twice",
    {
        "names": [
            locked("example", "def helper(x):\n    return x\n\nfactor = 2"),
            answer("tripled", "def tripled(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION"),
            check("tripled_test", 2, "assert tripled(2) == 6"),
            answer("halved", "### BEGIN SOLUTION\nhalved = 4\n### END SOLUTION"),
            check("halved_test", 2, "assert halved == 4"),
        ]
    },
    {
        "helper": Work(
            {
                "tripled": "def helper(x):\n    return 3 * x\n\ndef tripled(x):\n    return helper(x)",
                "halved": "halved = 4",
            }
        ),
        "factor": Work({"tripled": "factor = 3\ndef tripled(x):\n    return factor * x"}),
    },
)

surroundings = Course(
    "environ, folder and path",
    {
        "around": [
            locked("imports", "import os, sys"),
            answer("variable", "### BEGIN SOLUTION\nos.environ['COLOUR'] = 'red'\n### END SOLUTION"),
            check("variable_test", 1, "assert os.environ.get('COLOUR') == 'red'"),
            answer(
                "folder", "### BEGIN SOLUTION\nos.makedirs('inner', exist_ok=True)\nos.chdir('inner')\n### END SOLUTION"
            ),
            check("folder_test", 1, "assert os.path.basename(os.getcwd()) == 'inner'"),
            answer("path", "### BEGIN SOLUTION\nsys.path.append('/opt/own')\n### END SOLUTION"),
            check("path_test", 1, "assert '/opt/own' in sys.path"),
        ]
    },
)

replaces_setup = Course(
    "solution replaces a set-up name",
    {
        "again": [
            locked("first", "def area(x):\n    return 0"),
            answer("area", "### BEGIN SOLUTION\ndef area(x):\n    return x * x\n### END SOLUTION"),
            check("area_test", 2, "assert area(3) == 9"),
        ]
    },
)

imperfect = Course(
    "imperfect solution",
    {
        "fails": [
            answer("shape", "### BEGIN SOLUTION\nshape = 'round'\n### END SOLUTION"),
            check("shape_test", 2, "assert shape == 'round'"),
            answer("open_question", "### BEGIN SOLUTION\nguess = 1\n### END SOLUTION"),
            check("never", 3, "assert guess == 2"),
        ]
    },
    {"better": Work({"shape": "shape = 'round'", "open_question": "guess = 2"})},
)

markers = Course(
    "markers spelled otherwise",
    {
        "marks": [
            answer("one", "# SOLUTION FROM HERE\none = 1\n# SOLUTION TO HERE"),
            check("one_test", 2, "assert one\n#TESTS YOU DO NOT SEE\nassert one == 1\n#THAT IS ALL"),
        ]
    },
    {"true": Work({"one": "one = True"}), "two": Work({"one": "one = 2"})},
    config=(
        'c.ClearSolutions.begin_solution_delimeter = "SOLUTION FROM HERE"\n'
        'c.ClearSolutions.end_solution_delimeter = "SOLUTION TO HERE"\n'
        'c.ClearHiddenTests.begin_test_delimeter = "TESTS YOU DO NOT SEE"\n'
        'c.ClearHiddenTests.end_test_delimeter = "THAT IS ALL"'
    ),
)

structure = with_name(
    plain,
    "folders in another order",
    works={},
    config='c.CourseDirectory.directory_structure = "{nbgrader_step}/{assignment_id}/{student_id}"',
)

comments = Course(
    "stub of comments",
    {
        "stubs": [
            code("x = 3"),
            answer("x_is", "# your code here\n### BEGIN SOLUTION\nx = 3\n### END SOLUTION"),
            check("x_test", 1, "assert x == 3"),
            answer("y_is", "### BEGIN SOLUTION\ny = 4\n### END SOLUTION"),
            check("y_test", 2, "assert y == 4"),
            answer("y_again", "### BEGIN SOLUTION\ny = 5\n### END SOLUTION"),
            check("y_again_test", 2, "assert y in (4, 5)"),
        ]
    },
    config='c.ClearSolutions.code_stub = {"python": "# write here"}',
)

slow = Course(
    "time limit under another name",
    {
        "slow": [
            answer("wait", "def wait():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"),
            check("wait_test", 2, "assert wait() == 1"),
        ]
    },
    {"forever": Work({"wait": "import time\ndef wait():\n    time.sleep(60)"})},
    config="c.ExecutePreprocessor.timeout = 2",
)

excluded = with_name(
    own_files,
    "nbgrader's own list of students' files",
    config=f'c.Autograde.exclude_overwriting = {{"{LESSON}": ["shapes.py", "area.txt"]}}',
    files={f"source/./{LESSON}/shapes.py": "area = 0\n", f"source/./{LESSON}/area.txt": "0"},
)

bash = Course(
    "another language",
    {
        "shell": [
            answer("greet", "greet() {\n### BEGIN SOLUTION\necho hello\n### END SOLUTION\n}"),
            check("greet_test", 2, '[ "$(greet)" = hello ]'),
            answer("count", "### BEGIN SOLUTION\ncount=3\n### END SOLUTION"),
            check(
                "count_test",
                1,
                '[ "$count" = 3 ]\n### BEGIN HIDDEN TESTS\n[ $((count + 1)) = 4 ]\n### END HIDDEN TESTS',
            ),
        ]
    },
    {"half": Work({"greet": "greet() { echo goodbye; }", "count": "count=3"})},
    config='c.ClearSolutions.code_stub = {"bash": "# YOUR CODE HERE\\nfalse"}',
    kernelspec=SPEC,
    stock_kernel=SPEC["name"],
)

COURSES = {course.name: course for course in list(globals().values()) if isinstance(course, Course)}
