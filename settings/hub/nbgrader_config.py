"""What nbgrader needs to know of the class in each server of JupyterHub: one course, one exchange."""

import os

c = get_config()  # noqa: F821, set by traitlets
c.CourseDirectory.course_id = "pytorch_for_tensorflow_users"
c.Exchange.root = os.environ["NBGRADER_EXCHANGE"]
