"""Start a kernel with the frameworks already imported: `start.py -f CONNECTION_FILE` in place of ipykernel_launcher.

Jupyter sees an ordinary kernel, with the user's own files, network and streams. In truth this process asks a zygote for
a fork, passes signals on to it, and ends when it ends. Where that cannot be (no Linux, imports that are not done in
time or that a fork would not survive) it becomes the stock kernel and says why. Without arguments it only starts the
zygote.

The environment may say: GRADER_PRELOAD and GRADER_IDLE as in provisioner.py; GRADER_OWNER, the id of the process that
the zygote ends with; GRADER_LATER, modules that only a notebook which names one of them finds imported, in a zygote of
its own; GRADER_LIGHT, a notebook that does without them all the same. Standard library only: this is what a user waits
for.
"""

import json
import os
import select
import signal
import socket
import sys

PATIENCE = 60  # seconds for a zygote that is still importing


def main(arguments: list[str]) -> None:
    """Stand for a forked kernel until it ends, or become a stock one."""
    parent = os.getppid()
    try:
        fork = _ask(arguments)
    except Exception as error:
        print(f"a kernel without the fast start: {error}", file=sys.stderr, flush=True)
        os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", *arguments])
    for passed_on in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(passed_on, lambda number, _: fork.socket.sendall(b"%d\n" % number))
    while (end := fork.readline(wait=False)) is None:
        select.select([fork.socket], [], [], 1)
        if os.getppid() != parent:  # Jupyter was killed; when this process ends, so does the kernel
            os._exit(1)
    if end["why"]:
        print(end["why"], file=sys.stderr, flush=True)
    if end["exit"] < 0:  # end as it ended
        signal.signal(-end["exit"], signal.SIG_DFL) if end["exit"] != -signal.SIGKILL else None
        os.kill(os.getpid(), -end["exit"])
    os._exit(end["exit"])


def _ask(arguments: list[str]):
    """Return the connection to a kernel that has started."""
    if sys.platform != "linux":
        raise RuntimeError("no safe fork on this system")
    import address

    fork = address.connect(_setting(), os.environ | address.ALWAYS, PATIENCE)
    hello = fork.readline()
    if not hello.get("warm"):
        raise RuntimeError(hello.get("reason") or hello.get("why") or "nothing is to be preloaded")
    request = json.dumps({"arguments": arguments, "env": dict(os.environ)}).encode() + b"\n"
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    sent = socket.send_fds(fork.socket, [request], [0, 1, 2, folder])
    fork.socket.sendall(request[sent:])
    os.close(folder)
    first = fork.readline()
    if "exit" in first:
        raise RuntimeError(first["why"])
    return fork


def warm_up() -> None:
    """Let the imports begin, and do not wait for them."""
    if sys.platform == "linux":
        import address

        address.reach(_setting(), os.environ | address.ALWAYS)[0].close()


def _setting() -> dict:
    import address

    preload = os.environ.get("GRADER_PRELOAD", address.PRELOAD).split()
    later = os.environ.get("GRADER_LATER", "").split()
    if not _names(later):
        preload = [module for module in preload if module not in later]
    idle, owner = float(os.environ.get("GRADER_IDLE", 900)), int(os.environ.get("GRADER_OWNER", 0))
    return {"walls": False, "preload": preload, "idle": idle, "owner": owner, "reason": ""}


def _names(modules: list[str]) -> bool:
    """Whether the notebook that asks for this kernel names one of the modules; Jupyter tells its path."""
    notebook = os.environ.get("JPY_SESSION_NAME", "")
    if not modules or notebook == os.environ.get("GRADER_LIGHT"):
        return False
    try:
        with open(notebook, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError:
        return False  # a console, or a file that was renamed meanwhile
    return any(module in text for module in modules)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # `import address`, however this file was started
    main(sys.argv[1:]) if sys.argv[1:] else warm_up()
