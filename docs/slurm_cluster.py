"""Dask workers as SLURM jobs, for grading: start this on the login node, and give its address to `grader grade`."""

from pathlib import Path

from dask_jobqueue import SLURMCluster

ROOT = Path(__file__).resolve().parent.parent  # on a disk that the nodes share
CORES = 8


def cluster(**given):
    """Return a cluster without jobs yet; what is given here wins over what stands below."""
    settings = {
        "queue": "short",
        "cores": CORES,
        "processes": 1,  # its threads share one process that has the course's modules imported
        "memory": f"{3 * CORES} GB",  # GRADER_MEMORY's 2 GiB for each submission that runs, and room
        "walltime": "02:00:00",
        "python": str(ROOT / ".venv" / "bin" / "python"),
        "job_script_prologue": [f"cd {ROOT}", "export GRADER_IDLE=60"],
    }
    return SLURMCluster(**{**settings, **given})


if __name__ == "__main__":
    with cluster() as started:
        started.scale(jobs=4)
        print(f"grader grade --scheduler {started.scheduler_address}")
        input("Enter ends the jobs.\n")
