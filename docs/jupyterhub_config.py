"""JupyterHub for one class on one machine; docs/jupyterhub.md tells how to start it."""

import os
import socket
import sys
from pathlib import Path

c = get_config()  # noqa: F821, set by traitlets
course = Path(__file__).resolve().parent.parent
exchange = Path(os.environ.get("NBGRADER_EXCHANGE", "/srv/nbgrader/exchange"))
instructors = set(os.environ.get("INSTRUCTORS", "instructor").split())
port = int(os.environ.get("PORT", "8000"))

with socket.socket() as taken:
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        sys.exit(f"jupyterhub: port {port}: expected it free, it is taken. End what uses it, or take PORT=8010")

c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"  # a web server with a certificate stands before it
c.JupyterHub.hub_port = int(os.environ.get("HUB_PORT", "8081"))
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ.get('PROXY_PORT', '8001')}"
c.ConfigurableHTTPProxy.command = [str(course / "build" / "hub" / "node_modules" / ".bin" / "configurable-http-proxy")]

c.Authenticator.admin_users = instructors
c.Authenticator.allow_all = True  # whoever has an account on this machine
c.Spawner.cmd = [str(course / ".venv" / "bin" / "jupyterhub-singleuser")]
c.Spawner.args = ["--KernelSpecManager.ensure_native_kernel=True", "--ServerApp.log_level=WARN"]

exchange.mkdir(parents=True, exist_ok=True)
exchange.chmod(0o777)  # nbgrader asks for that: everyone hands in there, and nobody lists what others did


def settle_in(spawner):
    """Give each user the settings of the role, students the lessons beside their work, instructors the course."""
    teaches = spawner.user.name in instructors
    settings = course / "settings"  # nbgrader reads the course's own configuration where that is named
    paths = [course, settings / "instructor"] if teaches else [settings / "hub", settings / "student"]
    spawner.environment = {
        "PATH": f"{course / '.venv' / 'bin'}:{os.environ['PATH']}",  # nbgrader starts alembic by name
        "JUPYTER_CONFIG_PATH": os.pathsep.join(map(str, paths)),
        "NBGRADER_EXCHANGE": str(exchange),
        "OMP_NUM_THREADS": "1",
    }
    spawner.notebook_dir = str(course) if teaches else "~"
    spawner.default_url = "/lab" if teaches else "/lab/tree/lessons/00_start_here.ipynb"
    home = Path(getattr(spawner, "home_dir", f"~{spawner.user.name}")).expanduser()
    if not teaches and home.is_dir() and not os.path.lexists(home / "lessons"):
        (home / "lessons").symlink_to(course / "course")  # to read and run; Save As keeps a copy of one's own


c.Spawner.pre_spawn_hook = settle_in
