"""Run every lesson and solution as a reader would, several at once, and hold what comes out to its promises."""

import ast
import contextlib
import logging
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gates.findings import Finding, Gate
from gates.sources import kind
from grader import notebooks
from grader.errors import LessonError

KERNELS = ("warm-python3-open", "python3")  # the first one installed runs the notebooks
CELL_SECONDS = 300  # a cell that takes longer is stuck
SECONDS = {"lesson": 30, "page": 30, "appendix": 30, "solution": 20}
LONGER = {"12": 45, "13": 45, "14": 45, "15": 45, "16": 90, "17": 45}  # lessons that train or compile for real
FIGURES = 4
HEAVY = {"torch", "torchvision", "tensorflow", "keras", "matplotlib", "numpy", "sklearn", "pandas"}
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
NOWHERE = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
)  # no downloads
DOWNLOAD = re.compile(r"\b(?:Downloading|Downloaded)\b|127\.0\.0\.1:9\b")
ALT = re.compile(r"<img\b[^>]*\balt=\"[^\"]+\"")


@dataclass(frozen=True)
class Task:
    """A notebook to run: `kind` is lesson, solution, page (00_start_here) or appendix (A1_then_and_now)."""

    lesson: str
    kind: str
    path: Path
    output: Path
    folder: Path

    @property
    def where(self):
        return f"{'solutions/' + self.lesson if self.kind == 'solution' else 'course'}/{self.path.name}"

    @property
    def seconds(self):
        """Return how long the notebook may take after its imports."""
        return LONGER.get(self.lesson[:2], SECONDS["lesson"]) if self.kind == "lesson" else SECONDS[self.kind]


@dataclass(frozen=True)
class Failure:
    """The cell that stopped a notebook."""

    where: str
    cell: str
    source: str
    error: str


@dataclass(frozen=True)
class Run:
    """What came of one notebook; `seconds` leaves out the cells that import the frameworks."""

    lesson: str
    kind: str
    output: Path
    seconds: float
    imports: float
    figures: int
    alt_missing: int
    failure: Failure | None = None
    findings: tuple = ()


def run(names=(), root=notebooks.ROOT, kernel=None, workers=None, parameters=None, console=None):
    """Run the notebooks, all or those of the lessons named; print progress, times and what falls short; return the
    runs."""
    console = console or Console()
    waiting = tasks(names, root)
    kernel = kernel or kernel_name()
    workers = min(workers or os.cpu_count() or 1, max(len(waiting), 1))
    with environment(workers), ThreadPoolExecutor(workers) as pool, progress(console) as bar:
        shown = bar.add_task(f"{len(waiting)} notebooks in {kernel}", total=len(waiting))
        futures = [pool.submit(execute, task, kernel, parameters or {}) for task in waiting]
        for future in as_completed(futures):
            bar.advance(shown)
            if failure := future.result().failure:
                show_failure(failure, console)
    runs = [future.result() for future in futures]
    console.print(table(runs))
    for finding in (finding for one in runs for finding in one.findings):
        console.print(escape(str(finding)), highlight=False, soft_wrap=True)
    return runs


def gates(runs):
    """Return the promises about executed notebooks, with the numbers of each lesson."""
    numbers = {one.lesson: {} for one in runs if one.kind != "page"}
    for one in runs:
        if one.kind in ("lesson", "appendix"):
            numbers[one.lesson] |= {"seconds_lesson": one.seconds, "alt_missing": one.alt_missing}
        elif one.kind == "solution":
            numbers[one.lesson] |= {"seconds_solution": one.seconds}
    whole = sum(not one.failure for one in runs)
    slowest = max(runs, key=lambda one: one.seconds, default=None)
    longest = f", slowest {slowest.lesson} {slowest.kind} {slowest.seconds:.1f} s" if slowest else ""
    figure = f"{whole} of {len(runs)} run through{longest}"
    failed = tuple(Finding(f'{f.where}, cell "{f.cell}"', "a run without errors", f.error, "Mend the cell.")
                   for f in (one.failure for one in runs) if f)
    return [Gate("executed", figure, failed + tuple(finding for one in runs for finding in one.findings), numbers)]


def tasks(names, root):
    """Return what is to be run; LessonError for a name that is no lesson."""
    pages = {path.stem: path for path in root.glob("course/*.ipynb")}
    solutions = {path.stem: path for path in root.glob("solutions/*/*.ipynb") if path.stem == path.parent.name}
    known = sorted(pages | solutions)
    for name in names:
        if name not in known:
            raise LessonError(
                f"lesson {name!r}", f"expected one of {', '.join(known) or '(none)'}", "Name one of them."
            )
    found = []
    for name in names or known:
        if name in pages:
            output = root / "build" / "course" / f"{name}.ipynb"
            found.append(Task(name, kind(name), pages[name], output, root / "course"))
        if name in solutions:
            output = root / "build" / "solutions" / name / f"{name}.ipynb"
            found.append(Task(name, "solution", solutions[name], output, output.parent))
    return found


def kernel_name():
    """Return the first kernel of KERNELS that this Python's environment has."""
    installed = Path(sys.prefix, "share", "jupyter", "kernels")
    return next((name for name in KERNELS if (installed / name / "kernel.json").exists()), KERNELS[-1])


@contextlib.contextmanager
def environment(workers):
    """Let kernels start quiet, offline and with no more threads than there are cores for all of them."""
    threads = str(max(1, min(2, (os.cpu_count() or 1) // workers)))
    before = dict(os.environ)
    os.environ.update(QUIET | NOWHERE | {"OMP_NUM_THREADS": threads, "TF_NUM_INTRAOP_THREADS": threads})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def progress(console):
    """Return the progress bar."""
    return Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
                    console=console, transient=True)


def execute(task, kernel, parameters):
    """Run one notebook through papermill and return what came of it."""
    import papermill
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import remove_error_markers

    logging.getLogger("papermill").setLevel(logging.ERROR)
    task.output.parent.mkdir(parents=True, exist_ok=True)
    source = notebooks.read(task.path)
    known = "\n".join(cell.source for cell in source.cells if "parameters" in notebooks.tags(cell))
    given = {name: value for name, value in parameters.items() if re.search(rf"^{name}\s*=", known, re.MULTILINE)}
    # the folder goes to nbclient: papermill's own cwd changes that of the whole process, and several run at once
    place = {"metadata": {"path": str(task.folder)}}
    stopped = None
    try:
        papermill.execute_notebook(
            task.path,
            task.output,
            given,
            kernel_name=kernel,
            progress_bar=False,
            resources=place,
            start_timeout=240,
            execution_timeout=CELL_SECONDS,
            request_save_on_cell_execute=False,
        )
    except PapermillExecutionError:
        notebooks.write(remove_error_markers(notebooks.read(task.output)), task.output)  # told from the outputs below
    except (
        Exception
    ) as error:  # a kernel that died, a cell out of time: nbclient's and papermill's errors have no common type
        stopped = Failure(
            task.where, "?", "", f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
        )
    executed = notebooks.read(task.output) if task.output.exists() else source
    return judge(task, executed, stopped)


def judge(task, notebook, stopped=None):
    """Return the Run: figures of the executed notebook and each promise it breaks."""
    codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
    failure = stopped or next(errors(task, codes), None)
    importing = import_cells(codes)
    took = {id(cell): cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in codes}
    imports = sum(took[id(cell)] for cell in importing)
    drawn = [(cell, output) for cell in codes for output in cell.get("outputs", ()) if is_image(output)]
    nameless = [cell for cell, output in drawn if not has_alt(output)]
    seconds = sum(took.values()) - imports
    findings = [*silence(task, codes), *raised(task, codes, failure), *downloads(task, codes)]
    findings += [
        Finding(at(task, cell), "alt text with the figure", "none", 'Use show(fig, "alt text").') for cell in nameless
    ]
    if seconds > task.seconds:
        slowest = max(codes, key=lambda cell: took[id(cell)] if cell not in importing else 0)
        findings.append(Finding(task.where, f"at most {task.seconds} s after imports", f"{seconds:.1f} s",
                                f'Start with cell "{slowest.get("id", "?")}", {took[id(slowest)]:.1f} s.'))
    if task.kind == "lesson" and len(drawn) < FIGURES and not failure:
        findings.append(
            Finding(task.where, f"at least {FIGURES} figures", str(len(drawn)), "Draw what the tensors do.")
        )
    return Run(
        task.lesson,
        task.kind,
        task.output,
        round(seconds, 2),
        round(imports, 2),
        len(drawn),
        len(nameless),
        failure,
        tuple(findings),
    )


def errors(task, codes):
    """Yield a Failure for each cell that stopped and was not meant to."""
    for cell in codes:
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and "raises-exception" not in notebooks.tags(cell):
                yield Failure(task.where, cell.get("id", "?"), cell.source, f"{output.ename}: {output.evalue}")


def at(task, cell):
    """Return notebook and cell, as findings name them."""
    return f'{task.where}, cell "{cell.get("id", "?")}"'


def import_cells(codes):
    """Return the cells that are the first to import one of the heavy packages."""
    seen, found = set(), []
    for cell in codes:
        packages = imported(cell.source) & HEAVY
        if packages - seen:
            found.append(cell)
        seen |= packages
    return found


def imported(code):
    """Return the packages that `code` imports at its top level."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:
        return set()
    names = [alias.name for node in statements if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in statements if isinstance(node, ast.ImportFrom) and node.module]
    return {name.partition(".")[0] for name in names}


def is_image(output):
    """Tell an output that shows a picture."""
    data = output.get("data", {})
    return any(mime.startswith("image/") for mime in data) or "<img" in "".join(data.get("text/html", ""))


def has_alt(output):
    """Tell a picture with a text for those who cannot see it."""
    described = any(value.get("alt") for key, value in output.get("metadata", {}).items() if key.startswith("image/"))
    return described or bool(ALT.search("".join(output["data"].get("text/html", ""))))


def silence(task, codes):
    """Nothing on stderr: a warning that is the point is caught and shown."""
    for cell in codes:
        said = "".join(output.text for output in cell.get("outputs", ()) if output.get("name") == "stderr").strip()
        if said:
            yield Finding(
                at(task, cell), "nothing on stderr", said.splitlines()[0][:160], "Catch the warning or avoid it."
            )


def raised(task, codes, failure):
    """A cell tagged raises-exception raises."""
    for cell in codes if not failure else ():
        if "raises-exception" in notebooks.tags(cell) and not any(o.output_type == "error" for o in cell.outputs):
            yield Finding(
                at(task, cell), "the exception that its tag announces", "none", "Remove the tag or mend the cell."
            )


def downloads(task, codes):
    """Nothing is downloaded while a notebook runs."""
    for cell in codes:
        texts = [
            "".join(output.get("text", "")) + "".join(output.get("evalue", "")) for output in cell.get("outputs", ())
        ]
        if found := DOWNLOAD.search("\n".join(texts)):
            yield Finding(
                at(task, cell), "no download", repr(found.group()), "Show the code, guard it, use data of the course."
            )


def table(runs):
    """Return the table of times."""
    shown = Table("notebook", "result", title=None)
    for heading in ("seconds", "imports", "figures"):
        shown.add_column(heading, justify="right")
    for one in runs:
        short = len(one.findings)
        result = "[red]stopped" if one.failure else f"[yellow]{short} fall short" if short else "[green]ran"
        shown.add_row(f"{one.lesson} {one.kind}", result, f"{one.seconds:.1f}", f"{one.imports:.1f}", str(one.figures))
    return shown


def show_failure(failure, console):
    """Print a failing cell with its error."""
    console.print(f'[red]{failure.where}, cell "{failure.cell}" stopped[/red]', highlight=False)
    for line in failure.source.splitlines():
        console.print(f"    {escape(line)}", highlight=False)
    console.print(f"  {escape(failure.error)}", highlight=False)
