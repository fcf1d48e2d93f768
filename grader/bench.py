"""Grade the same class with stock nbgrader and with ours, in one run on one machine; what counts is the ratio.

Two classes: this course's own lesson with most to compute, and a heavy notebook with torch, TensorFlow, a figure and a
DataLoader. Stock nbgrader runs on python3 and on a few submissions only, and its start is taken off: it would take hours.
"""

import contextlib
import importlib
import json
import os
import platform
import shutil
import tempfile
import time
from dataclasses import dataclass

import nbformat

from grader import assemble, classroom, demo, execute, exercises, gradebook, intake, notebooks, trials

HEAVY = "heavy"
CELLS = (
    "import matplotlib.pyplot as plt\nimport os\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\nimport torch\nimport tensorflow as tf",
    "x = torch.randn(64, 1000, requires_grad=True)\n(x @ torch.randn(1000, 100)).relu().sum().backward()\nx.grad.shape",
    "with tf.GradientTape() as tape:\n    v = tf.Variable([1.0, 2.0])\n    loss = tf.reduce_sum(v**2)\ntape.gradient(loss, v).numpy()",
    "plt.plot([1, 2, 3])\nplt.show()",
    "data = torch.utils.data.TensorDataset(torch.arange(64.0))\n"
    "sum(b[0].sum() for b in torch.utils.data.DataLoader(data, 16, num_workers=2))",
)
MEMORY = "sum(int(line.split()[1]) for line in open('/proc/self/smaps_rollup') if line.startswith('Private')) / 1024"


@dataclass(frozen=True)
class Timing:
    """Seconds for one submission, start taken off, and how many it was measured on."""

    seconds: float
    measured: int


def run(size=30, stock=4, growth=0, root=notebooks.ROOT, tell=print):
    """Measure, tell the table, write build/bench.json; return its content. `growth` is the larger class, 0 for none."""
    into = root / "build" / "bench"
    lesson = max(notebooks.lessons((), root), key=lambda lesson: (lesson.name == "03_autograd", lesson.name))
    course = _course(root, into, lesson, size)
    cores = os.cpu_count() or 1
    result = {
        "machine": f"{platform.machine()}, {cores} cores, Python {platform.python_version()}",
        "size": size,
        "load": os.getloadavg()[0],
    }
    classroom.grade(course, (HEAVY,), student="s000", show=False)  # the warm start, taken apart
    for name, key in ((HEAVY, "heavy"), (lesson.name, "own")):
        slow = _stock(course, name, stock)
        for workers, word in ((cores, "all_cores"), (1, "one_worker")):
            ours = _ours(course, name, workers)
            result[f"{key}_{word}"] = round(slow.seconds / ours.seconds, 1)
            result[f"{key}_{word}_s"] = round(ours.seconds, 2)
            tell(
                f"{name}, {workers} at once: stock {slow.seconds:.2f} s (of {slow.measured}), "
                f"ours {ours.seconds:.2f} s (of {ours.measured}): "
                f"{slow.seconds / ours.seconds:.1f}x"
            )
        result[f"{key}_stock_s"] = round(slow.seconds, 2)
    floor = _floor(lesson)
    result["floor_s"], result["overhead_s"] = round(floor, 2), round(result["own_one_worker_s"] - floor, 2)
    result["private_mb_per_kernel"] = round(_memory(course))
    tell(
        f"the same cells in a warm fork: {floor:.2f} s; above it {result['overhead_s']:.2f} s; "
        f"{result['private_mb_per_kernel']} MB private a kernel"
    )
    if growth:
        _fill(course, lesson, growth)
        result["cost_growth_1000"] = round(_ours(course, lesson.name, cores).seconds / result["own_all_cores_s"] - 1, 3)
        tell(f"at {growth} submissions one costs {result['cost_growth_1000']:+.1%}")
    (root / "build" / "bench.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _course(root, into, lesson, size):
    """Make a course with the heavy notebook and one of our lessons, both handed in `size` times."""
    course = demo.found(root, into, [lesson])
    code = [nbformat.v4.new_code_cell(source) for source in CELLS]
    answer = nbformat.v4.new_code_cell(
        "### BEGIN SOLUTION\nanswer = 1\n### END SOLUTION", metadata={"nbgrader": {"grade_id": "answer", "solution": True}}
    )
    test = nbformat.v4.new_code_cell("assert answer == 1", metadata={"nbgrader": {"grade_id": "answer-one", "points": 1}})
    notebooks.write(notebooks.tidy(nbformat.v4.new_notebook(cells=[*code, answer, test])), into / "solutions" / HEAVY / f"{HEAVY}.ipynb")
    for name in (HEAVY, lesson.name):
        gradebook.release(course, name)
    _fill(course, lesson, size)
    for number in range(size):
        target = course.folder("submitted", f"s{number:03}", HEAVY) / f"{HEAVY}.ipynb"
        notebooks.write(notebooks.read(course.folder("release", lesson=HEAVY) / f"{HEAVY}.ipynb"), target)
    return course


def _fill(course, lesson, size):
    """Hand the lesson in `size` times, as the sample class does in turn."""
    students = list(demo.CLASS.values())
    demo.hand_in(course, lesson, {f"s{number:03}": students[number % len(students)] for number in range(size)})


def _ours(course, name, workers):
    began = time.monotonic()
    outcome = classroom.grade(course, (name,), workers=workers, force=True, show=False)
    return Timing((time.monotonic() - began) / len(outcome.graded), len(outcome.graded))


def _stock(course, name, size):
    """Time nbgrader's own autograde, submission by submission, on a cold kernel; the gradebook stays as it was."""
    seconds = []
    for number in range(size):
        shutil.rmtree(course.folder("autograded", f"s{number:03}", name), ignore_errors=True)
        began = time.monotonic()
        gradebook.autograde_stock(course, name, f"s{number:03}")
        seconds.append(time.monotonic() - began)
    return Timing(sum(seconds) / len(seconds), len(seconds))


def _floor(lesson):
    """Time the lesson's cells in forks of a process that has imported torch: nothing can be faster."""
    trials.warm()
    sheet = exercises.read(lesson)
    cells = tuple((str(i), cell.source) for i, cell in enumerate(sheet.notebook.cells) if cell.cell_type == "code")
    _learn(cells)
    began = time.monotonic()
    count = len([result for result in trials.run([trials.Trial(i, cells, frozenset()) for i in range(10)], workers=1)])
    return (time.monotonic() - began) / count


def _learn(cells):
    """Import here what the cells import in passing, as the warm kernel's parent does."""
    with tempfile.NamedTemporaryFile("r") as file:
        tell = f"import sys\nopen({file.name!r}, 'w').write(' '.join(sys.modules))"
        list(trials.run([trials.Trial(0, (*cells, ("tell", tell)), frozenset())], workers=1))
        for name in file.read().split():
            if name.startswith("torch"):
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)


def _memory(course):
    """Return the private memory of a kernel, in MB, after the heavy notebook's cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (*CELLS, MEMORY)])
    ready = assemble.assemble(notebook, intake.Intake({}))
    seen = execute.execute(execute.Task(ready, execute.find_kernel(course.kernel)[0], execute.Limits(cell_seconds=120)))
    texts = [output.data["text/plain"] for output in seen.notebook.cells[-1].outputs if output.output_type == "execute_result"]
    return float(texts[0]) if texts else float("nan")
