"""The SLURM example, without a cluster: the job that it would hand in."""

import re
import runpy

import pytest

from grader.notebooks import ROOT


@pytest.mark.slow
def test_the_job_asks_for_what_grading_takes_and_starts_a_worker_of_this_environment():
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed: make test-all installs it")
    made = runpy.run_path(str(ROOT / "docs" / "slurm_cluster.py"))
    with made["cluster"](queue="exam", interface="lo", scheduler_options={"dashboard_address": ":0"}) as cluster:
        script = cluster.job_script()
        address = cluster.scheduler_address
    asked = dict(re.findall(r"(?m)^#SBATCH -{1,2}([\w-]+)[ =](.+)$", script))
    assert asked["p"] == "exam" and asked["t"] == "02:00:00" and asked["cpus-per-task"] == str(made["CORES"])
    assert int(re.match(r"\d+", asked["mem"])[0]) >= 2 * made["CORES"]
    assert f"cd {ROOT}" in script and "export GRADER_IDLE=60" in script
    worker = f"{ROOT}/.venv/bin/python -m distributed.cli.dask_worker {address} "
    assert worker in script and f"--nthreads {made['CORES']} " in script
