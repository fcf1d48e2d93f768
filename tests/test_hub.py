"""A class on JupyterHub, with the real hub and its proxy on this machine: handed out, solved, graded, handed back."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import requests
from conftest import FULL, LESSON, WRONG

from grader.kernels import outer
from grader.notebooks import ROOT

CONFIG = ROOT / "docs" / "jupyterhub_config.py"
PROXY = ROOT / "build" / "hub" / "node_modules" / ".bin" / "configurable-http-proxy"
COURSE = "pytorch_for_tensorflow_users"
# what differs from a class's own machine: no accounts, so a word lets anybody in and all run as one user, as in
# containers, where nbgrader takes the hub's word on who it is
HERE = """
c = get_config()
load_subconfig({config!r})
c.JupyterHub.authenticator_class, c.JupyterHub.spawner_class = "dummy", "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.JupyterHub.services = [{{"name": "test", "api_token": "{token}"}}]
scopes = ["admin:users", "list:users", "admin:servers", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "test", "scopes": scopes, "services": ["test"]}}]
c.Spawner.start_timeout = c.Spawner.http_timeout = 240
settle = c.Spawner.pre_spawn_hook
def in_the_class(spawner):
    settle(spawner)
    spawner.notebook_dir = ""
    if spawner.user.name == "instructor":
        spawner.notebook_dir = {root!r}
        spawner.environment["JUPYTER_CONFIG_PATH"] = {root!r} + ":" + spawner.environment["JUPYTER_CONFIG_PATH"]
    spawner.args = [*spawner.args, "--allow-root"]
c.Spawner.pre_spawn_hook = in_the_class
"""
TOKEN = "only-for-this-test-0123456789abcdef"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Hub:
    """A running hub, and requests to it as one of its users."""

    def __init__(self, port, process):
        self.address, self.process = f"http://127.0.0.1:{port}", psutil.Process(process.pid)

    def megabytes(self):
        """Return what one student's server holds on average, before a notebook is opened."""
        all_of_it = self.process.children(recursive=True)
        servers = [one for one in all_of_it if any("jupyterhub-singleuser" in word for word in one.cmdline())]
        return sum(one.memory_full_info().pss for one in servers) / len(servers) / 1e6

    def ask(self, method, path, **options):
        """Return the answer to a request of the test's own service."""
        answer = requests.request(method, f"{self.address}/hub/api{path}", timeout=120,
                                  headers={"Authorization": f"token {TOKEN}"}, **options)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def start(self, name):
        """Start the user's server, and wait until it serves."""
        if name not in [one["name"] for one in self.ask("GET", "/users").json()]:
            self.ask("POST", f"/users/{name}")
        self.ask("POST", f"/users/{name}/server")
        for _ in range(240):
            if self.ask("GET", f"/users/{name}").json()["servers"].get("", {}).get("ready"):
                return
            time.sleep(1)
        raise TimeoutError(f"the server of {name} is not ready after four minutes")

    def call(self, name, method, path, **options):
        """Return what the user's own server says, as JSON."""
        answer = requests.request(method, f"{self.address}/user/{name}{path}", timeout=240,
                                  headers={"Authorization": f"token {TOKEN}"}, **options)
        assert answer.ok, f"{name} {path}: {answer.status_code} {answer.text[:500]}"
        said = answer.json()
        assert said.get("success", True), f"{name} {path}: {said}"
        return said

    def button(self, name, action):
        """Press one of a student's buttons of the Assignment List."""
        return self.call(name, "POST", f"/assignments/{action}", json={"assignment_id": LESSON, "course_id": COURSE})

    def formgrader(self, action):
        """Press one of the instructor's buttons in formgrader."""
        return self.call("instructor", "POST", f"/formgrader/api/assignment/{LESSON}/{action}")


def _end(process):
    """End the hub, which ends its proxy and servers; bwrap around it would only go away, and leave them."""
    with contextlib.suppress(psutil.NoSuchProcess):
        started = psutil.Process(process.pid).children(recursive=True)
        for one in psutil.Process(process.pid).children():
            one.terminate()
        for one in psutil.wait_procs(started, timeout=60)[1]:
            one.kill()
    process.wait(60)


@pytest.fixture
def hub(sample, tmp_path):
    pytest.importorskip("jupyterhub", reason="JupyterHub is not installed: make test-all installs it")
    if not PROXY.exists() or not outer.bwrap():
        pytest.skip("no configurable-http-proxy in build/hub, or no bwrap: see docs/jupyterhub.md")
    homes, passwd, config = tmp_path / "homes", tmp_path / "passwd", tmp_path / "hub" / "jupyterhub_config.py"
    for name in ("ana", "bo", "instructor"):
        (homes / name).mkdir(parents=True)
    lines = Path("/etc/passwd").read_text().splitlines()
    mine = f"jovyan:x:{os.getuid()}:{os.getgid()}::{Path.home()}:/bin/sh"
    passwd.write_text("\n".join([mine, *(line for line in lines if line.split(":")[2] != str(os.getuid()))]) + "\n")
    config.parent.mkdir()
    config.write_text(HERE.format(config=str(CONFIG), homes=str(homes), token=TOKEN, root=str(sample.root)))
    port = free_port()
    env = os.environ | {"PORT": str(port), "HUB_PORT": str(free_port()), "PROXY_PORT": str(free_port()),
                        "NBGRADER_EXCHANGE": str(tmp_path / "exchange"), "PYTHONPATH": str(ROOT)}
    command = [outer.bwrap(), "--dev-bind", "/", "/", "--ro-bind", passwd, "/etc/passwd", "--die-with-parent",
               sys.executable, "-m", "jupyterhub", "-f", config]
    with open(tmp_path / "hub.log", "wb") as log:
        process = subprocess.Popen([*map(str, command)], cwd=config.parent, env=env, stdout=log, stderr=log)
    try:
        for _ in range(240):
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"http://127.0.0.1:{port}/hub/health", timeout=5).ok:
                    break
            assert process.poll() is None, (tmp_path / "hub.log").read_text()[-3000:]
            time.sleep(0.5)
        yield Hub(port, process)
    finally:
        _end(process)
        print((tmp_path / "hub.log").read_text()[-3000:])


@pytest.mark.slow
def test_two_students_and_an_instructor_go_all_the_way_round(hub, sample, tmp_path):
    for name in ("instructor", "ana", "bo"):
        hub.start(name)
    print(f"a server without notebooks: {hub.megabytes():.0f} MB")
    hub.formgrader("assign")
    hub.formgrader("release")
    for name, half in (("ana", None), ("bo", WRONG["half"])):
        released = hub.call(name, "GET", "/assignments", params={"course_id": COURSE})["value"]
        assert [(one["assignment_id"], one["status"]) for one in released] == [(LESSON, "released")]
        hub.button(name, "fetch")
        mine = tmp_path / "homes" / name / LESSON / f"{LESSON}.ipynb"
        assert "BEGIN HIDDEN" not in mine.read_text()
        mine.write_text(json.dumps(sample.fill(**({"half": half} if half else {}))))
        hub.button(name, "submit")
    hub.formgrader("collect")
    done = subprocess.run([sys.executable, "-m", "grader", "grade"], cwd=sample.root, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": str(ROOT), "NBGRADER_EXCHANGE": str(tmp_path / "exchange")})
    assert done.returncode == 0, done.stderr
    assert sample.points() == {"ana": FULL, "bo": FULL - 1}
    hub.formgrader("release_feedback")
    for name in ("ana", "bo"):
        hub.button(name, "fetch_feedback")
        page, = (tmp_path / "homes" / name / LESSON / "feedback").rglob("*.html")
        assert ("use / instead of //" in page.read_text()) == (name == "bo")
        assert (tmp_path / "homes" / name / "lessons" / "00_start_here.ipynb").exists()


def test_a_port_that_is_taken_is_one_sentence_and_nothing_is_written(tmp_path):
    code = ("import runpy, sys; from traitlets.config import Config; "
            "runpy.run_path(sys.argv[1], {'get_config': Config})")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = os.environ | {"PORT": str(port), "NBGRADER_EXCHANGE": str(tmp_path / "exchange")}
        told = subprocess.run([sys.executable, "-c", code, CONFIG], env=env, capture_output=True, text=True)
    assert told.returncode == 1 and told.stderr == (
        f"jupyterhub: port {port}: expected it free, it is taken. End what uses it, or take PORT=8010\n")
    assert not (tmp_path / "exchange").exists()
