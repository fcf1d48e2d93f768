"""Open the course in JupyterLab, with the settings of a student or an instructor."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
START = "course/00_start_here.ipynb"
KERNEL = ROOT / "grader" / "kernels" / "start.py"


def start(role, options=(), root=ROOT):
    """Become JupyterLab on the start page, with the settings of the role: student or instructor."""
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in flags(role, root).items())]
    put_on_style(role, root)
    os.chdir(root)  # nbgrader looks for nbgrader_config.py here
    variables = environment(role, root)
    if "GRADER_OWNER" in variables:
        subprocess.run([sys.executable, KERNEL], env=variables)  # the frameworks are imported while JupyterLab starts
    sys.stdout.flush()
    os.execve(sys.executable, command + list(options), variables)


def flags(role, root=ROOT):
    """Return what the course needs of JupyterLab; on the command line it wins over a person's own settings."""
    return {
        "ServerApp.root_dir": root,
        "LabApp.default_url": f"/lab/tree/{START}",
        "LabApp.workspaces_dir": root / ".lab" / role,  # else another course's or role's tabs open, with their kernels
        "LabApp.user_settings_dir": own_settings() / "lab" / "user-settings",  # a person's theme and keys stay
        "LabApp.custom_css": True,
        "MultiKernelManager.default_kernel_name": "python3",
        "ServerApp.log_level": "WARN",
    }


def environment(role, root=ROOT):
    """Return the variables for JupyterLab: .venv first on PATH (nbgrader starts alembic by name), the role's
    settings."""
    settings = [str(root / "settings" / role), os.environ.get("JUPYTER_CONFIG_PATH"), str(own_settings())]
    path = [str(Path(sys.executable).parent), os.environ.get("PATH")]
    variables = {**os.environ, "PATH": os.pathsep.join(filter(None, path)),
                 "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, settings)),
                 "JUPYTER_CONFIG_DIR": str(_style_folder(role, root))}
    if role == "student" and sys.platform == "linux":
        variables |= _fast_start(root)
    return variables


def own_settings():
    """Return the folder of a person's own Jupyter settings; they hold where the course's say nothing."""
    return Path(os.environ.get("JUPYTER_CONFIG_DIR") or Path.home() / ".jupyter")


def put_on_style(role, root=ROOT):
    """Put the course's style sheet where JupyterLab looks for one: in its configuration folder, and nowhere else."""
    given = root / "settings" / role / "custom"
    if given.is_dir():
        shutil.copytree(given, _style_folder(role, root) / "custom", dirs_exist_ok=True)


def _style_folder(role, root):
    return root / ".lab" / role / "config"


def _fast_start(root):
    """Let the kernel `python3` be the one of settings/student, whose frameworks stay imported as long as JupyterLab
    runs."""
    data = [str(root / "settings" / "student"), os.environ.get("JUPYTER_PATH")]
    # what lessons set before they import TensorFlow, and here must be set earlier
    tensorflow = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
    return {
        "JUPYTER_PATH": os.pathsep.join(filter(None, data)),
        "GRADER_OWNER": str(os.getpid()),
        "GRADER_IDLE": "3600",
        "GRADER_LATER": "torch.utils.tensorboard tensorflow keras",
        "GRADER_LIGHT": str(root / START),  # opened with JupyterLab, often on a small machine
        **tensorflow,
    }
