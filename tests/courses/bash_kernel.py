"""A kernel of another language than Python, as small as can be: a cell runs in bash after all that went well before."""

import json
import subprocess
import sys
from pathlib import Path

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

SPEC = {"name": "tiny-bash", "display_name": "Bash", "language": "bash"}


class Bash(Kernel):
    implementation = implementation_version = "tiny-bash"
    banner = "bash"
    language_info = {"name": "bash", "mimetype": "text/x-sh", "file_extension": ".sh"}
    before = ""

    def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **more):
        done = subprocess.run(["bash", "-c", f"{self.before}\n{code}"], capture_output=True, text=True)
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": done.stdout})
        if done.returncode:
            error = {
                "ename": "BashError",
                "evalue": done.stderr or f"exit {done.returncode}",
                "traceback": [done.stderr],
            }
            self.send_response(self.iopub_socket, "error", error)
            return {"status": "error", "execution_count": self.execution_count, **error}
        self.before += f"\n{code}"
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}


def install(folder):
    """Make the kernel known to Jupyter below the folder; return what JUPYTER_PATH has to say."""
    spec = {"argv": [sys.executable, __file__, "-f", "{connection_file}"], **SPEC}
    made = Path(folder, "kernels", SPEC["name"], "kernel.json")
    made.parent.mkdir(parents=True)
    made.write_text(json.dumps(spec))
    return str(folder)


if __name__ == "__main__":
    IPKernelApp.launch_instance(kernel_class=Bash)
