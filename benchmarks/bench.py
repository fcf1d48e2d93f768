"""Grade the same class with stock nbgrader and with ours, in one run on one machine; what counts is the ratio.

Two classes: this course's own lesson with most to compute, and a heavy notebook with torch, TensorFlow, a figure and a
DataLoader. Stock nbgrader runs on python3 and on a few submissions only, and its start is taken off: it would take
hours.
"""

import contextlib
import copy
import json
import os
import platform
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.converters import Autograde

from gates import forks, trials
from grader import assemble, classroom, convert, execute, intake, notebooks, seen, session, sheets
from grader.classroom import Options
from grader.folders import Course
from lab import demo

HEAVY = "heavy"
CELLS = (
    "import matplotlib.pyplot as plt\nimport os\nos.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'\nimport torch\nimport "
    "tensorflow as tf",
    "x = torch.randn(64, 1000, requires_grad=True)\n(x @ torch.randn(1000, 100)).relu().sum().backward()\nx.grad.shape",
    "with tf.GradientTape() as tape:\n    v = tf.Variable([1.0, 2.0])\n    loss = "
    "tf.reduce_sum(v**2)\ntape.gradient(loss, v).numpy()",
    "plt.plot([1, 2, 3])\nplt.show()",
    "data = torch.utils.data.TensorDataset(torch.arange(64.0))\n"
    "sum(b[0].sum() for b in torch.utils.data.DataLoader(data, 16, num_workers=2))",
)
IDLE = f"{900 + os.getpid() / 1e8:.8f}".rstrip(
    "0"
)  # seconds, and no other's: by them the zygote of this bench is known
MEMORY = "sum(int(line.split()[1]) for line in open('/proc/self/smaps_rollup') if line.startswith('Private')) / 1024"


@dataclass(frozen=True)
class Timing:
    """Seconds of the clock and of the processors for one submission, start taken off, and how many it was measured
    on."""

    seconds: float
    cpu: float
    measured: int

    def __add__(self, other):
        count = self.measured + other.measured
        seconds, cpu = (
            sum(each * timing.measured for each, timing in zip(pair, (self, other))) / count
            for pair in ((self.seconds, other.seconds), (self.cpu, other.cpu))
        )
        return Timing(seconds, cpu, count)

    def __str__(self):
        return f"{self.seconds:.2f} s, {self.cpu:.2f} s of CPU (of {self.measured})"


def run(size=30, stock=4, growth=0, root=notebooks.ROOT, tell=print):
    """Measure, tell the table, write build/bench.json; return its content. `growth` is the larger class, 0 for none."""
    into = root / "build" / "bench"
    lesson = max(notebooks.lessons((), root), key=lambda lesson: (lesson.name == "03_autograd", lesson.name))
    os.environ["GRADER_IDLE"] = IDLE
    course = _course(root, into, lesson, size)
    cores = os.cpu_count() or 1
    result = {
        "machine": f"{platform.machine()}, {cores} cores, Python {platform.python_version()}",
        "size": size,
        "load": os.getloadavg()[0],
    }
    classroom.grade(course, Options((HEAVY,), student="s000", show=False))  # the warm start, taken apart
    for name, key in ((HEAVY, "heavy"), (lesson.name, "own")):
        slow = _stock(
            course, name, range(-(-stock // 2))
        )  # half of them before ours and half after, for the machine's other work changes
        ours = {word: _ours(course, name, workers) for workers, word in ((cores, "all_cores"), (1, "one_worker"))}
        slow += _stock(course, name, range(-(-stock // 2), stock)) if stock > 1 else slow
        result[f"{key}_stock_s"], result[f"{key}_stock_cpu_s"] = round(slow.seconds, 2), round(slow.cpu, 2)
        for word, timing in ours.items():
            result[f"{key}_{word}"] = round(slow.seconds / timing.seconds, 1)
            result[f"{key}_{word}_s"], result[f"{key}_{word}_cpu_s"] = round(timing.seconds, 2), round(timing.cpu, 2)
            tell(f"{name}, {word.replace('_', ' ')}: stock {slow}, ours {timing}: {slow.seconds / timing.seconds:.1f}x")
    floor = _floor(lesson)
    result["floor_s"], result["overhead_s"] = round(floor, 2), round(result["own_one_worker_s"] - floor, 2)
    result["private_mb_per_kernel"] = round(_memory(course))
    tell(
        f"the same cells in a warm fork: {floor:.2f} s; above it {result['overhead_s']:.2f} s; "
        f"{result['private_mb_per_kernel']} MB private a kernel"
    )
    if growth:
        result |= _grow(root, into, lesson, [*(size for size in (30, 300) if size < growth), growth], tell)
    (root / "build" / "bench.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _grow(root, into, lesson, sizes, tell):
    """Grade classes of several sizes three times in turn; the best of three is what one submission costs in each."""
    courses = {size: _class(root, into / f"class_of_{size}", lesson, size) for size in sizes}
    rounds = [{size: _ours(course, lesson.name, 0).seconds for size, course in courses.items()} for _ in range(3)]
    best = {size: min(seconds[size] for seconds in rounds) for size in sizes}
    growth = best[sizes[-1]] / best[sizes[0]] - 1
    tell("; ".join(f"of {size} one costs {seconds:.2f} s" for size, seconds in best.items()) + f": {growth:+.1%}")
    return {
        "cost_s": {str(size): round(seconds, 3) for size, seconds in best.items()},
        f"cost_growth_{sizes[-1]}": round(growth, 3),
    }


def _class(root, into, lesson, size):
    """Make a course with one of our lessons, handed in `size` times."""
    course = demo.found(root, into, [lesson])
    convert.release(course, lesson.name)
    _fill(course, lesson, size)
    return course


def _course(root, into, lesson, size):
    """Make a course with the heavy notebook and one of our lessons, both handed in `size` times."""
    course = _class(root, into, lesson, size)
    code = [nbformat.v4.new_code_cell(source) for source in CELLS]
    answer = nbformat.v4.new_code_cell(
        "### BEGIN SOLUTION\nanswer = 1\n### END SOLUTION",
        metadata={"nbgrader": {"grade_id": "answer", "solution": True}},
    )
    test = nbformat.v4.new_code_cell(
        "assert answer == 1", metadata={"nbgrader": {"grade_id": "answer-one", "points": 1}}
    )
    notebooks.write(
        notebooks.tidy(nbformat.v4.new_notebook(cells=[*code, answer, test])),
        into / "solutions" / HEAVY / f"{HEAVY}.ipynb",
    )
    convert.release(course, HEAVY)
    for number in range(size):
        target = course.folder("submitted", f"s{number:03}", HEAVY) / f"{HEAVY}.ipynb"
        notebooks.write(notebooks.read(course.folder("release", lesson=HEAVY) / f"{HEAVY}.ipynb"), target)
    return course


def _fill(course, lesson, size):
    """Hand the lesson in `size` times, as the sample class does in turn."""
    students = list(demo.CLASS.values())
    demo.hand_in(course, lesson, {f"s{number:03}": students[number % len(students)] for number in range(size)})


def _ours(course, name, workers):
    began, cpu = time.monotonic(), _cpu()
    count = len(classroom.grade(course, Options((name,), workers=workers, force=True, show=False)).graded)
    seconds = time.monotonic() - began
    time.sleep(2)  # until the last kernels have been reaped, and are counted
    return Timing(seconds / count, (_cpu() - cpu) / count, count)


def _stock(course, name, numbers):
    """Time nbgrader's own autograde, submission by submission, on a cold kernel; the gradebook stays as it was."""
    began, cpu = time.monotonic(), _cpu()
    for number in numbers:
        shutil.rmtree(course.folder("autograded", f"s{number:03}", name), ignore_errors=True)
        _autograde(course, name, f"s{number:03}")
    return Timing((time.monotonic() - began) / len(numbers), (_cpu() - cpu) / len(numbers), len(numbers))


def _autograde(course, lesson, student):
    """Grade one submission by nbgrader's own converter on a cold kernel."""
    config = copy.deepcopy(course.config)
    config.Execute.kernel_name, config.Execute.timeout = "python3", 600
    convert.run(Autograde, Course(course.root, config, course.folders), lesson, student)


def _cpu():
    """Return the seconds of CPU used so far: by this process, by its children and by the zygotes of this bench, with
    theirs that ended."""
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            command = (process / "cmdline").read_bytes()
            if b"zygote.py\0serve" in command and f'"idle": {IDLE}'.encode() in command:
                ticks += sum(int(part) for part in (process / "stat").read_text().rpartition(")")[2].split()[11:15])
    return sum(os.times()[:4]) + ticks / os.sysconf("SC_CLK_TCK")


def _floor(lesson):
    """Time the lesson's cells in forks of a process that has imported torch: nothing can be faster."""
    forks.warm()
    sheet = sheets.read(lesson)
    cells = tuple((str(i), cell.source) for i, cell in enumerate(sheet.notebook.cells) if cell.cell_type == "code")
    forks.learn([trials.Trial(0, cells, frozenset())])
    began = time.monotonic()
    count = len(list(trials.run([trials.Trial(i, cells, frozenset()) for i in range(10)], workers=1)))
    return (time.monotonic() - began) / count


def _memory(course):
    """Return the private memory of a kernel, in MB, after the heavy notebook's cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (*CELLS, MEMORY)])
    ready = assemble.assemble(notebook, intake.Intake({}))
    run = execute.execute(execute.Task(ready, session.find_kernel(course.kernel)[0], seen.Limits(cell_seconds=120)))
    texts = [
        output.data["text/plain"] for output in run.notebook.cells[-1].outputs if output.output_type == "execute_result"
    ]
    return float(texts[0]) if texts else float("nan")
