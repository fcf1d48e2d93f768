"""nbgrader's configuration: sources in solutions/, student versions in exercises/, everything else under state/.

nbgrader's own commands, formgrader and `make grade` all read this file.
"""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821, set by traitlets
root = Path(__file__).resolve().parent

c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "pytorch_for_tensorflow_users"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
for step in ("submitted", "autograded", "feedback"):
    setattr(c.CourseDirectory, f"{step}_directory", f"state/{step}")
    (root / "state" / step).mkdir(parents=True, exist_ok=True)  # nbgrader's message for a missing folder misleads
c.CourseDirectory.db_url = f"sqlite:///{root / 'state' / 'gradebook.db'}"
# nbgrader would copy the answers into exercises/ and beside every graded submission
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "answers.py"]

c.Exchange.root = os.environ.get("NBGRADER_EXCHANGE") or str(root / "state" / "exchange")  # JupyterHub's is shared
Path(c.Exchange.root).mkdir(mode=0o777, exist_ok=True)

c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("write your answer here")'}
c.Execute.timeout = 60  # seconds a cell: a cold start of torch alone takes ten on a busy machine
# more than the exercises import: torch's optimizers import torch._dynamo at their first step
c.Grader.preload = "numpy torch torch._dynamo torch.func torch.utils.data torchvision matplotlib.pyplot"
if (Path(sys.prefix) / "share" / "jupyter" / "kernels" / "warm-python3").is_dir():
    c.Execute.kernel_name = "warm-python3"

c.Grader.vocabulary = ["course/*.ipynb"]  # answers may use what the lessons teach

c.Grader.strict = True  # a solution that loses points stops its lesson
