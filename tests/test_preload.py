"""What is preloaded: what the environment says, else the course's configuration, else what its notebooks import."""

import os

import nbformat
from conftest import LESSON

from grader import folders, notebooks, preload


def test_the_environment_goes_first(sample, monkeypatch):
    monkeypatch.setenv("GRADER_PRELOAD", "numpy")
    with preload.chosen(sample.course):
        assert os.environ["GRADER_PRELOAD"] == "numpy"
    assert os.environ["GRADER_PRELOAD"] == "numpy"


def test_the_configuration_goes_before_the_notebooks(sample, monkeypatch):
    monkeypatch.delenv("GRADER_PRELOAD", raising=False)
    with preload.chosen(sample.course):
        assert os.environ["GRADER_PRELOAD"].startswith("numpy torch torch._dynamo")
    assert "GRADER_PRELOAD" not in os.environ


def test_without_a_word_it_is_what_the_notebooks_import(tmp_path):
    cells = [
        "%matplotlib inline\nimport os, pandas as pd",
        "from scipy.stats import norm\n!ls",
        "not python",
        "if 1:\n    %time x",
    ]
    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    notebooks.write(notebook, tmp_path / "source" / LESSON / "a.ipynb")
    assert preload.modules(folders.open_course(tmp_path)) == ["pandas", "scipy.stats"]


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv("GRADER_PRELOAD", raising=False)
    (tmp_path / "source").mkdir()
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\nc.Grader.preload = 'numpy no_such_module.part'\n")
    with preload.chosen(folders.open_course(tmp_path)) as missing:
        assert missing == ["no_such_module.part"]
