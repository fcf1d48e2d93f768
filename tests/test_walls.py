"""What the walls hold, as the user who runs the tests and, where that is root, as an ordinary user too."""

import ast
import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from grader import notebooks
from grader.kernels import doctor, walls

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
ROOT, UID = notebooks.ROOT, 54321
HARMLESS = ("read a file beside", "see the folder", "list of users", "see other processes", "signal a process", "reach a")


@pytest.fixture(autouse=True)
def small_zygote(monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", str(ROOT / "grader"))
    monkeypatch.setenv("GRADER_PRELOAD", "numpy")
    monkeypatch.setenv("GRADER_IDLE", "20")


def test_every_forbidden_act_is_refused():
    report = doctor.doctor()
    assert [f"{act.name}: {act.said}" for act in report.acts if not act.refused] == []
    assert report.holds and report.level == "namespaces" and report.warm


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_every_forbidden_act_is_refused_to_an_ordinary_user():
    code = """
from grader.kernels import doctor
import os
report = doctor.doctor()
print([os.geteuid(), report.level, report.warm, [f"{a.name}: {a.said}" for a in report.acts if not a.refused]])
"""
    try:
        done = as_ordinary_user([sys.executable, "-c", code])
        assert ast.literal_eval(done.stdout) == [UID, "namespaces", True, []], done.stderr
    finally:
        shutil.rmtree(f"/tmp/grader-{UID}", ignore_errors=True)


def as_ordinary_user(command):
    """Run a command as a user who owns nothing, with what he may not pass (a mode-700 home) made passable for him alone."""
    lines, needed = ["mount --make-rprivate /"], {os.path.realpath(sys.base_prefix), os.path.realpath(sys.prefix), str(ROOT)}
    with tempfile.TemporaryDirectory() as stash:
        for number, path in enumerate(sorted(needed)):
            closed = next((p for p in reversed(Path(path).parents) if not p.stat().st_mode & 1), None)
            if closed:
                lines.append(f"mkdir {stash}/{number} && mount --bind {path} {stash}/{number}")
                lines.append(f"mountpoint -q {closed} || mount -t tmpfs -o mode=755 none {closed}")
                lines.append(f"mkdir -p {path} && mount --bind {stash}/{number} {path}")
        user = f'exec setpriv --reuid {UID} --regid {UID} --clear-groups env HOME=/nonexistent JUPYTER_RUNTIME_DIR=/tmp "$@"'
        script = " && ".join([*lines, f"cd {ROOT}", user])
        return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *command], capture_output=True, text=True, timeout=300)


def test_without_walls_nothing_is_tried():
    report = doctor.doctor("warm-python3-open")
    assert not report.holds and {act.said for act in report.acts} == {"not tried: there are no walls"}


def test_the_harmless_acts_succeed_outside_the_walls():
    """Else their refusal would prove nothing."""
    names = {"os": os, "pwd": pwd, "socket": socket}
    with doctor._bait() as bait:
        for name, code in doctor.ACTS.items():
            if name.startswith(HARMLESS) or any(part in name for part in HARMLESS):
                exec(code.format(**bait), names)


def test_limits_are_read_from_strings():
    assert walls.Limits.read({"memory": "0.5", "threads": "2"}) == walls.Limits(memory=0.5, threads=2)


def test_what_the_kernel_may_read_holds_nothing_of_the_course():
    shown = [Path(path).resolve() for path in walls._readable()]
    assert not any(ROOT.is_relative_to(path) for path in shown)
    prefix = Path(sys.prefix).resolve()
    assert all(path == prefix or not path.is_relative_to(ROOT) for path in shown)


def test_links_and_devices_are_not_copied(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    target.mkdir()
    (source / "plain").write_text("x")
    (source / "link").symlink_to("/etc/passwd")
    (source / "folder_link").symlink_to("/etc")
    os.mkfifo(source / "pipe")
    fd = os.open(source, os.O_RDONLY)
    walls._copy(fd, str(target), os.geteuid())
    os.close(fd)
    assert os.listdir(target) == ["plain"]


def test_kernels_do_not_see_each_other(tmp_path):
    from test_kernels import Kernel

    with Kernel(tmp_path) as one, Kernel(tmp_path) as two:
        one("import os, socket\nopen('/tmp/mine', 'w').write('x')\nos.getpid()")
        one("server = socket.socket(socket.AF_UNIX)\nserver.bind(chr(0) + 'mine')\nserver.listen()")
        one("tcp = socket.create_server(('127.0.0.1', 5555))")
        seen = two("""
import os, socket
print(os.path.exists('/tmp/mine'), len([p for p in os.listdir('/proc') if p.isdigit()]))
for connect in (lambda: socket.socket(socket.AF_UNIX).connect(chr(0) + 'mine'), lambda: socket.create_connection(('127.0.0.1', 5555))):
    try:
        connect()
        print('connected')
    except OSError as error:
        print(type(error).__name__)
""")
        assert seen.split() == ["False", "2", "ConnectionRefusedError", "ConnectionRefusedError"]
        assert one("print(socket.create_connection(('127.0.0.1', 5555)) is not None)") == "True", "its own localhost works"


def test_a_filter_refuses_calls_by_number_and_lets_the_rest_pass():
    """The filter alone, in a fork: no walls needed."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            walls._call("prctl", 38, 1, 0, 0, 0)
            walls._refuse_calls()
            refused = 0
            for flags in (0x10000000, 0x20000):
                try:
                    walls._call("unshare", flags)
                except PermissionError:
                    refused += 1
            if refused == 2 and os.system("true") == 0:
                os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


