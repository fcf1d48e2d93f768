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

from grader import cli, notebooks
from grader.kernels import doctor, limits, machine, outer, seccomp, walls, zygote

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
ROOT, UID = notebooks.ROOT, 54321
HARMLESS = (
    "read a file beside",
    "see the folder",
    "list of users",
    "see other processes",
    "signal a process",
    "reach a",
)


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


CAPLESS = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
REPORT = """
from grader.kernels import doctor
report = doctor.doctor()
print([report.level, report.warm, [f"{a.name}: {a.said}" for a in report.acts if not a.refused]])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up CAP_SYS_ADMIN")
def test_every_forbidden_act_is_refused_to_root_without_cap_sys_admin(monkeypatch):
    monkeypatch.setenv("GRADER_IDLE", "21")  # a zygote of its own
    done = subprocess.run(
        [*CAPLESS, sys.executable, "-c", REPORT], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert ast.literal_eval(done.stdout) == ["namespaces", True, []], done.stderr


# a filter as containers have it: no namespaces for anybody below
FILTERED = (
    "import ctypes; from grader.kernels import seccomp; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0); seccomp.refuse_calls()"
)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_where_namespaces_are_refused_landlock_holds_most_by_opt_in(monkeypatch):
    monkeypatch.setenv("GRADER_SANDBOX", "landlock")
    try:
        done = as_ordinary_user([sys.executable, "-c", FILTERED + REPORT])
        level, _, passed = ast.literal_eval(done.stdout)
        weaker = {"see other processes", "reach a local server by its path", "fill the disk"}
        assert level == "landlock" and {act.partition(":")[0] for act in passed} == weaker, done.stderr
    finally:
        shutil.rmtree(f"/tmp/grader-{UID}", ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_without_opt_in_a_machine_without_namespaces_is_refused_in_one_sentence():
    code = (
        FILTERED + "\nfrom grader.execute import *\nfrom jupyter_client.manager import KernelManager\n"
        "try:\n    KernelManager(kernel_name='warm-python3').start_kernel()\nexcept Exception as error:\n    "
        "print(error)"
    )
    try:
        said = as_ordinary_user([sys.executable, "-c", code]).stdout.strip()
        assert said.startswith("kernel warm-python3: expected walls of level namespaces, this machine offers none: ")
        assert machine.CONTAINER.cause in said and "GRADER_SANDBOX=landlock" in said and "\n" not in said
    finally:
        shutil.rmtree(f"/tmp/grader-{UID}", ignore_errors=True)


@pytest.mark.parametrize("setting, said, cause", [
    ({"kernel/apparmor_restrict_unprivileged_userns": "1"},
     "bwrap: setting up uid map: Permission denied", machine.APPARMOR),
    ({"kernel/unprivileged_userns_clone": "0"}, "bwrap: No permissions to create new namespace", machine.NO_CLONE),
    ({"user/max_user_namespaces": "0"},
     "bwrap: Creating new namespace failed: No space left on device", machine.NO_ROOM),
    ({}, "[Errno 1] mount on /proc: Operation not permitted", machine.MASKED),
    ({}, "[Errno 2] No such file or directory: 'bwrap'", machine.NO_BUBBLEWRAP),
    ({}, "bwrap: something new", None),
])  # fmt: skip
def test_the_cause_of_a_refusal_is_named_with_its_remedy(tmp_path, monkeypatch, setting, said, cause):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for name, value in setting.items():
        path = tmp_path / "proc/sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value + "\n")
    assert machine.cause(said, tmp_path) == cause
    assert machine.explain(said, tmp_path) == (str(cause) if cause else said)


def test_a_processor_whose_calls_are_unknown_is_a_lower_level(monkeypatch):
    offered = {}
    monkeypatch.setattr(seccomp, "_PROCESSORS", {})
    monkeypatch.setattr(outer, "refusal", lambda way: "")
    monkeypatch.setattr(os, "set_inheritable", lambda *_: None)
    monkeypatch.setattr(os, "execv", lambda _, argv: offered.update(ast.literal_eval(argv[-1].replace("true", "True"))))
    zygote._raise_outer_wall("0", {"walls": True})
    assert offered["level"] == "unfiltered" and "not known" in offered["reason"]
    assert walls.LEVELS.index("unfiltered") < walls.LEVELS.index("namespaces")


def test_a_course_may_open_a_path_and_only_that(monkeypatch, tmp_path):
    from test_kernels import Kernel

    closed = sorted(
        path for path in Path("/usr/share").iterdir() if path.is_dir() and str(path) not in outer.readable()
    )[:2]
    monkeypatch.setenv("GRADER_READABLE", str(closed[0]))
    with Kernel(tmp_path) as kernel:
        assert kernel(f"import os; print([os.path.exists(path) for path in {[*map(str, closed)]}])") == "[True, False]"


def test_doctor_tries_a_courses_own_paths(capsys, tmp_path):
    (tmp_path / "source" / "ps1").mkdir(parents=True)
    (tmp_path / "gradebook.db").write_text("")
    assert cli.main(["doctor", "--course", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert (
        f"refused      open {tmp_path / 'gradebook.db'}" in said and f"refused      open {tmp_path / 'source'}" in said
    )
    assert "filter of system calls: there" in said


def as_ordinary_user(command):
    """Run a command as a user who owns nothing, with what he may not pass (a mode-700 home) made passable for him
    alone."""
    lines, needed = (
        ["mount --make-rprivate /"],
        {os.path.realpath(sys.base_prefix), os.path.realpath(sys.prefix), str(ROOT)},
    )
    with tempfile.TemporaryDirectory() as stash:
        for number, path in enumerate(sorted(needed)):
            closed = next((p for p in reversed(Path(path).parents) if not p.stat().st_mode & 1), None)
            if closed:
                lines.append(f"mkdir {stash}/{number} && mount --bind {path} {stash}/{number}")
                lines.append(f"mountpoint -q {closed} || mount -t tmpfs -o mode=755 none {closed}")
                lines.append(f"mkdir -p {path} && mount --bind {stash}/{number} {path}")
        plain = f"--reuid {UID} --regid {UID} --clear-groups"
        user = f'exec setpriv {plain} env HOME=/nonexistent JUPYTER_RUNTIME_DIR=/tmp "$@"'
        script = " && ".join([*lines, f"cd {ROOT}", user])
        return subprocess.run(
            ["unshare", "-m", "sh", "-c", script, "sh", *command], capture_output=True, text=True, timeout=300
        )


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
    assert limits.Limits.read({"memory": "0.5", "threads": "2"}) == limits.Limits(memory=0.5, threads=2)


def test_what_the_kernel_may_read_holds_nothing_of_the_course():
    shown = [Path(path).resolve() for path in outer.readable()]
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
    walls._copy(fd, str(target))
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
for connect in (lambda: socket.socket(socket.AF_UNIX).connect(chr(0) + 'mine'),
                lambda: socket.create_connection(('127.0.0.1', 5555))):
    try:
        connect()
        print('connected')
    except OSError as error:
        print(type(error).__name__)
""")
        assert seen.split() == ["False", "2", "ConnectionRefusedError", "ConnectionRefusedError"]
        assert one("print(socket.create_connection(('127.0.0.1', 5555)) is not None)") == "True", (
            "its own localhost works"
        )


def test_a_filter_refuses_calls_by_number_and_lets_the_rest_pass():
    """The filter alone, in a fork: no walls needed."""
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            walls._call("prctl", 38, 1, 0, 0, 0)
            seccomp.refuse_calls()
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


