"""Warm kernels, as every Jupyter program sees them: by name, through jupyter_client and nbclient."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

import grader
from grader.errors import MachineError
from grader.kernels import address, machine
from grader.notebooks import ROOT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="forks and namespaces are Linux's; elsewhere kernels are stock ones"
)
SMALL = {"GRADER_PRELOAD": "numpy matplotlib.pyplot", "GRADER_IDLE": "60"}
WARM, OPEN = "warm-python3", "warm-python3-open"


@pytest.fixture(autouse=True)
def small_zygote(monkeypatch):
    """Kernels that preload little, as they stand in this repository."""
    monkeypatch.setenv("JUPYTER_PATH", str(Path(grader.__file__).parent))
    for name, value in SMALL.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def run(work, *cells, kernel=WARM, env=None, **options):
    """Run the cells in one kernel; return the executed notebook and the client."""
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(nb, kernel_name=kernel, resources={"metadata": {"path": str(work)}}, timeout=60, **options)
    client.execute(env={name: value for name, value in (os.environ | (env or {})).items() if value is not None})
    return nb


def printed(nb):
    """Return what each cell that printed has printed: on a busy machine one line may come in two messages."""
    texts = [
        "".join(output["text"] for output in cell.outputs if output["output_type"] == "stream") for cell in nb.cells
    ]
    return [text.strip() for text in texts if text]


class Kernel:
    """One kernel and a client of it."""

    def __init__(self, work, kernel=WARM, stderr=None, **env):
        self.manager = KernelManager(kernel_name=kernel)
        self.manager.start_kernel(cwd=str(work), env=os.environ | env, stderr=stderr)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def __call__(self, code):
        said = []

        def hear(message):
            said.append(message["content"].get("text", ""))

        self.reply = self.client.execute_interactive(code, timeout=60, output_hook=hear)["content"]
        return "".join(said).strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def processes(mark):
    """Return the ids of this machine's processes whose name is the mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == mark:
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def gone(mark, seconds=5):
    until = time.monotonic() + seconds
    while processes(mark) and time.monotonic() < until:
        time.sleep(0.05)
    return not processes(mark)


MARK = """
import os, time
if os.fork() == 0:
    os.setsid()
    open('/proc/self/comm', 'w').write('{0}')
    time.sleep(60)
    os._exit(0)
open('/proc/self/comm', 'w').write('{0}')
time.sleep(0.3)
"""


def test_a_notebook_runs_by_the_kernels_name_alone(work):
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    nb = run(work, "import numpy, sys\nprint('matplotlib.pyplot' in sys.modules)", plot)
    assert printed(nb) == ["True"]
    assert any("image/png" in output.get("data", {}) for output in nb.cells[1].outputs), "figures must come out inline"


def test_the_executed_notebook_says_which_walls_it_ran_behind(work):
    assert run(work, "1").metadata.language_info.sandbox == {"level": "namespaces", "warm": True, "reason": ""}


def test_the_second_kernel_starts_in_less_than_two_seconds(work):
    run(work, "1")
    began = time.monotonic()
    run(work, "1")
    assert time.monotonic() - began < 2


def test_kernels_draw_other_random_numbers(work):
    cell = "import random, numpy\nprint(random.random(), numpy.random.rand())"
    first, second = printed(run(work, cell)), printed(run(work, cell))
    assert not set(first[0].split()) & set(second[0].split())


def test_the_work_folder_is_copied_in_and_changes_are_dropped(work, tmp_path):
    (work / "data.txt").write_text("data")
    (work / "sub").mkdir()
    (work / "sub/more.txt").write_text("more")
    (work / ".hidden").write_text("secret")
    (tmp_path / "outside.txt").write_text("secret")
    (work / "link.txt").symlink_to(tmp_path / "outside.txt")
    nb = run(
        work, "import os\nprint(sorted(os.listdir()), open('sub/more.txt').read())\nopen('data.txt', 'w').write('mine')"
    )
    assert printed(nb) == ["['data.txt', 'sub'] more"]
    assert (work / "data.txt").read_text() == "data"


def test_a_work_folder_that_is_too_large_is_named_as_the_reason(work):
    (work / "large").write_bytes(bytes(20 << 20))
    with pytest.raises(RuntimeError, match="the work folder holds more than the 0.01 GiB of GRADER_DISK"):
        Kernel(work, GRADER_DISK="0.01")


def test_files_of_the_submission_replace_no_module(work):
    for name in ("json.py", "torch.py", "colorsys.py", "kernel.py", "mine.py"):
        (work / name).write_text("here = True")
    nb = run(
        work, "import json, colorsys, mine, kernel\nprint([hasattr(m, 'here') for m in (json, colorsys, mine, kernel)])"
    )
    assert printed(nb) == ["[False, False, True, True]"]


def test_of_the_environment_only_what_nbgrader_says_comes_in(work):
    env = {"SECRET_TOKEN": "x", "NBGRADER_EXECUTION": "autograde"}
    nb = run(work, "import os\nprint('SECRET_TOKEN' in os.environ, os.environ['NBGRADER_EXECUTION'])", env=env)
    assert printed(nb) == ["False autograde"]


def test_a_cell_can_be_interrupted_and_the_kernel_goes_on(work):
    with Kernel(work) as kernel:
        kernel.client.execute("import time\ntime.sleep(60)", stop_on_error=False)
        time.sleep(0.5)
        kernel.manager.interrupt_kernel()
        assert kernel("print(7)") == "7"


def test_a_restarted_kernel_is_a_new_one(work):
    with Kernel(work) as kernel:
        kernel("x = 1")
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
        kernel("x")
        assert kernel.reply["ename"] == "NameError"


@pytest.mark.parametrize(
    "end", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)", "import os; os.kill(os.getpid(), 9)"]
)
def test_a_kernel_that_dies_is_reported_and_harms_no_other(work, end):
    with Kernel(work) as other:
        with pytest.raises(DeadKernelError):
            run(work, end)
        assert other("print(7)") == "7"


def test_a_cell_that_will_not_stop_ends_with_its_kernel(work):
    stubborn = (
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        + MARK.format("gd-stubborn")
        + "\nwhile True: pass"
    )
    with pytest.raises((CellTimeoutError, DeadKernelError)):
        NotebookClient(
            nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(stubborn)]),
            kernel_name=WARM,
            timeout=2,
            resources={"metadata": {"path": str(work)}},
        ).execute()
    assert gone("gd-stubborn")


def test_what_the_student_started_ends_with_the_kernel(work):
    with Kernel(work) as kernel:
        kernel(MARK.format("gd-daemon"))
        assert len(processes("gd-daemon")) == 2
    assert gone("gd-daemon", 0.5)


CLIENT = """
import os, sys, time
sys.path.insert(0, {here!r})
import test_kernels
kernel = test_kernels.Kernel({work!r}, {name!r})
kernel({code!r})
print(kernel.manager.ip, flush=True)
time.sleep(60)
"""


def start_client(work, name, code):
    """Start a process that is the client of a kernel which runs the code; return it and the address of its kernel."""
    source = CLIENT.format(here=str(Path(__file__).parent), work=str(work), name=name, code=code)
    client = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    return client, client.stdout.readline().strip()


def test_nothing_is_left_when_the_client_is_killed(work):
    client, ip = start_client(work, WARM, MARK.format("gd-client"))
    sockets = Path(ip).parent
    assert processes("gd-client") and sockets.is_dir()
    client.kill()
    client.wait()
    assert gone("gd-client")
    run(work, "1")
    assert not sockets.exists(), "the next kernel sweeps what the killed client left"


def test_the_users_own_kernel_ends_with_its_client(work):
    client, _ = start_client(work, OPEN, MARK.format("gd-open"))
    assert len(processes("gd-open")) == 2
    client.kill()
    client.wait()
    until = time.monotonic() + 5
    while len(processes("gd-open")) > 1 and time.monotonic() < until:
        time.sleep(0.05)
    left = processes("gd-open")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert len(left) == 1, "what has a session of its own lives on, as with any kernel"


def test_nothing_is_left_when_the_zygote_is_killed(work):
    with Kernel(work, GRADER_IDLE="61") as kernel:
        kernel(MARK.format("gd-zygote"))
        zygote = zygote_of(processes("gd-zygote")[0])
        os.kill(zygote, signal.SIGKILL)
        assert gone("gd-zygote")
        assert not kernel.manager.is_alive()
    with Kernel(work, GRADER_IDLE="61") as kernel:
        assert kernel("print(7)") == "7", "the next kernel starts a new zygote"


def test_a_zygote_whose_first_disposable_kernel_is_killed_serves_all_the_same(work):
    with ThreadPoolExecutor(1) as pool:
        kernel = pool.submit(Kernel, work, GRADER_IDLE="63")
        until, killed = time.monotonic() + 60, False
        while not killed and time.monotonic() < until and not kernel.done():
            for pid in forks_with('"idle": 63.0'):
                os.kill(pid, signal.SIGKILL)
                killed = True
        with kernel.result(60) as ready:
            assert killed and ready("print(7)") == "7"


def forks_with(text):
    """Return the children of a zygote with `text` in its setting: while it prepares, the one that learns."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words, parent = (path / "cmdline").read_text(), (path / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if "zygote.py\0serve" in words and text in words and "bwrap" not in words.split("\0")[0]:
            found[int(path.name)] = int(parent)
    return [pid for pid, parent in found.items() if parent in found]


def zygote_of(pid):
    """Return the nearest ancestor that is directly below bubblewrap."""
    def parent(pid):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    while "bwrap" not in Path(f"/proc/{parent(pid)}/comm").read_text():
        pid = parent(pid)
    return pid


def test_an_unused_zygote_ends(work):
    with Kernel(work, GRADER_IDLE="2") as kernel:
        kernel(MARK.format("gd-idle"))
        zygote = zygote_of(processes("gd-idle")[0])
        time.sleep(4)
        assert Path(f"/proc/{zygote}").exists(), "one that has a kernel stays"
    until = time.monotonic() + 5
    while time.monotonic() < until:  # others that start look which ones live
        for path in address.runtime().glob("*.sock"):
            address._clear(path)
        time.sleep(0.2)
    assert not Path(f"/proc/{zygote}").exists()


UNSAFE = {
    "starts_a_thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()",
        "2 threads run",
    ),
    "torch": ("class cuda: is_initialized = lambda: True\nseed = int", "an import initialised CUDA"),
    "dies": ("import os\nprint(42, flush=True)\nos._exit(0)", "it ended, and its last words were: importing dies"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_where_a_fork_is_not_safe_the_users_kernel_is_a_stock_one(work, monkeypatch, tmp_path, name):
    code, why = UNSAFE[name]
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with open(tmp_path / "said", "w") as said:
        with Kernel(work, OPEN, stderr=said, GRADER_PRELOAD=f"numpy {name}", GRADER_IDLE="5") as kernel:
            assert kernel(f"import sys; print({name!r} in sys.modules)") == "False"
    assert f"without the fast start: {why}" in (tmp_path / "said").read_text()


def test_a_cold_kernel_stands_behind_the_same_walls(work):
    nb = run(
        work,
        "import sys, os\nprint('numpy' in sys.modules, os.getcwd())",
        env={"GRADER_PRELOAD": "", "GRADER_IDLE": "5"},
    )
    assert printed(nb) == ["False /home/student/work"]
    assert nb.metadata.language_info.sandbox["level"] == "namespaces"


def test_a_level_below_the_least_is_refused(work, monkeypatch):
    monkeypatch.setattr(
        address, "connect", lambda *_: Offer({"level": "none", "warm": True, "reason": "bwrap: no permissions"})
    )
    with pytest.raises(
        MachineError, match="expected walls of level namespaces, this machine offers none: bwrap: no permissions"
    ) as told:
        Kernel(work)
    assert "\n" not in str(told.value) and "GRADER_SANDBOX=landlock" in told.value.remedy


def test_a_preload_that_ends_the_process_to_fork_from_is_named(work, monkeypatch):
    def connect(*_):
        raise RuntimeError("it ended, and its last words were: importing dies")

    monkeypatch.setattr(address, "connect", connect)
    with pytest.raises(MachineError, match="got none: it ended, .* importing dies. Leave a module .* c.Grader.preload"):
        Kernel(work)


class Offer:
    def __init__(self, hello):
        self.hello = hello

    def readline(self):
        return self.hello

    def close(self):
        pass


def test_without_bubblewrap_there_are_no_walls_and_a_reason():
    setting = {"walls": True, "preload": [], "idle": 1, "reason": ""}
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); from grader.kernels import outer, zygote; "
        "outer.bwrap = lambda: '/nowhere/bwrap'; setting = json.loads(sys.argv[2]); "
        "zygote._raise_outer_wall('0', setting); print(json.dumps(setting))"
    )
    command = [sys.executable, "-c", code, str(ROOT), json.dumps(setting)]
    offered = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert offered["level"] == "none" and offered["reason"] == str(machine.NO_BUBBLEWRAP)


def test_the_open_kernel_is_the_users_own(work):
    cell = "import os\nprint(os.getcwd(), os.environ['SECRET_TOKEN'], os.getuid())\nopen('kept', 'w').write('x')"
    nb = run(work, cell, kernel=OPEN, env={"SECRET_TOKEN": "x"})
    assert printed(nb) == [f"{work} x {os.getuid()}"]
    assert (work / "kept").exists()
    assert "sandbox" not in nb.metadata.language_info


def test_the_open_kernel_has_what_users_need(work):
    """Warm, but with the threads, streams and ways out of any kernel."""
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    nb = run(
        work,
        "import os, subprocess, sys\nprint('numpy' in sys.modules, len(os.listdir('/proc/self/task')) > 1)",
        "print(subprocess.run([sys.executable, '-m', 'pip', '--version'], capture_output=True, text=True).stdout[:3])",
        "!echo from the shell",
        "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool: print(pool.map(abs, [-1, -2]))",
        "open('mine.py', 'w').write('def double(x): return 2 * x') and None",
        "import mine\nwith mp.get_context('spawn').Pool(1) as pool: print(pool.map(mine.double, [1]))",
        "os.write(1, b'from C') and None",
        "import atexit\natexit.register(open, 'at exit', 'w') and None",
        plot,
        kernel=OPEN,
        env={"PYTEST_CURRENT_TEST": None},  # under pytest ipykernel leaves C's output alone
    )
    assert printed(nb) == ["True True", "pip", "from the shell", "[1, 2]", "[2]", "from C"]
    assert any("image/png" in output.get("data", {}) for output in nb.cells[-1].outputs)


def test_the_open_kernel_asks_is_interrupted_and_starts_anew(work):
    with Kernel(work, OPEN) as kernel:
        kernel.client.execute("name = input('who? ')", allow_stdin=True)
        assert kernel.client.get_stdin_msg(timeout=20)["content"]["prompt"] == "who? "
        kernel.client.input("me")
        assert kernel("print(name)") == "me"
        kernel.client.execute(
            "import atexit, time\natexit.register(open, 'at exit', 'w')\ntime.sleep(60)", stop_on_error=False
        )
        time.sleep(0.5)
        kernel.manager.interrupt_kernel()
        assert kernel("print(7)") == "7"
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
        assert (work / "at exit").exists()
        kernel("name")
        assert kernel.reply["ename"] == "NameError"


@pytest.mark.parametrize("end", ["import os; os._exit(3)", "import ctypes; ctypes.string_at(0)"])
def test_a_dead_open_kernel_is_noticed(work, end):
    with pytest.raises(DeadKernelError):
        run(work, end, kernel=OPEN)


def test_the_zygote_of_an_owner_ends_with_it_and_leaves_no_file(work):
    owner = subprocess.Popen(["sleep", "60"])
    before = set(address.runtime().iterdir())
    with Kernel(work, OPEN, GRADER_OWNER=str(owner.pid)) as kernel:
        zygote = int(kernel("import os; print(open(f'/proc/{os.getppid()}/stat').read().split()[3])"))
        assert "zygote.py" in Path(f"/proc/{zygote}/cmdline").read_text()
    owner.kill()
    owner.wait()
    until = time.monotonic() + 5
    while Path(f"/proc/{zygote}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    appeared = {path for path in set(address.runtime().iterdir()) - before if path.is_file()}
    left = [path for path in appeared if not address._try(path.with_suffix(".sock"))]  # what lives is somebody else's
    assert not Path(f"/proc/{zygote}").exists() and not left


def test_memory_beyond_the_limit_ends_the_cell_not_the_kernel(work):
    nb = run(work, "try:\n    bytearray(20 << 30)\nexcept MemoryError:\n    print('refused')", "print('goes on')")
    assert printed(nb) == ["refused", "goes on"]


def test_memory_that_processes_hold_together_ends_the_kernel(work):
    hold = "if os.fork() == 0:\n        held = bytearray(300 << 20)\n        time.sleep(60)"
    greedy = f"import os, time\nfor n in range(4):\n    {hold}\ntime.sleep(60)"
    with Kernel(work, GRADER_MEMORY="0.5") as kernel:
        kernel.client.execute(greedy)
        until = time.monotonic() + 20
        while kernel.manager.is_alive() and time.monotonic() < until:
            time.sleep(0.1)
        assert kernel.manager.provisioner.ended == "used more than 0.5 GiB of memory"


def test_the_frameworks_fork_with_one_thread_and_work_in_the_fork(work):
    """The promise of the whole package, with the pinned versions: run it on every upgrade."""
    cells = [
        "import sys\nprint([name in sys.modules for name in ('torch', 'torchvision', 'tensorflow', 'torch._dynamo')])",
        "import torch, tensorflow as tf\nx = torch.randn(300, 300, requires_grad=True)\n(x @ x).sum().backward()",
        "print(float(tf.constant(2.0) * 3))",
        "from torch.utils.data import DataLoader\nprint(len(list(DataLoader(torch.ones(8, 2), num_workers=2))))",
        "own = [line.split() for line in open('/proc/self/smaps_rollup') if line.startswith('Private_')]\n"
        "print(sum(int(line[1]) for line in own) // 1024)",
    ]
    nb = run(work, *cells, env={"GRADER_PRELOAD": address.PRELOAD, "GRADER_IDLE": "900"})
    assert nb.metadata.language_info.sandbox == {"level": "namespaces", "warm": True, "reason": ""}
    found = printed(nb)
    assert found[:3] == ["[True, True, True, True]", "6.0", "8"]
    assert int(found[3]) <= 150, f"{found[3]} MB of private memory"
