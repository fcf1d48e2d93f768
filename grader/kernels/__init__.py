"""Warm kernels: Jupyter kernels that start with the frameworks imported.

Two come with an installed grader, and from then on are reached by name. `warm-python3` grades: behind walls, see
provisioner.py. `warm-python3-open` is the user's own, only the start is fast, see start.py; it runs the course, and
settings/student makes it the kernel of `make lab`.
"""
