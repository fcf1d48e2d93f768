"""One kernel: what is sent ahead, and the seams to nbclient and ipykernel that an upgrade could break."""

from pathlib import Path

import nbformat
import pytest

from grader import session
from grader.seen import Limits
from grader.session import Request


@pytest.fixture
def kernel(tmp_path):
    notebook = nbformat.v4.new_notebook()
    name = session.find_kernel()[0]
    with session.opened(notebook, name, Limits(), frozenset(), Path(tmp_path)) as started:
        yield started


def test_what_is_sent_ahead_is_answered_in_its_order(kernel):
    kernel.send_ahead([Request("a = 1"), Request("1 / 0"), Request("assert a == 1")])
    assert [kernel.quiet(Request(source), 20).status for source in ("a = 1", "1 / 0", "assert a == 1")] == [
        "passed",
        "failed",
        "passed",
    ]


def test_another_request_than_the_one_sent_ahead_ends_the_session(kernel):
    kernel.send_ahead([Request("a = 1")])
    assert kernel.quiet(Request("a = 2"), 20).status == "died" and kernel.dead


def test_nbclient_sends_through_the_clients_execute_where_questions_come_in(kernel):
    assert kernel.ask(("remember", [])) == 0  # None were it to send by another way


def test_the_list_of_module_files_that_costs_30_mb_stays_empty(kernel):
    # ipykernel makes it for a debugger through its own `sys`, which kernels/kernel.py replaces while it starts
    assert kernel.quiet(Request("assert get_ipython().kernel._kernel_modules == []"), 20).status == "passed"
