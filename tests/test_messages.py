"""What a kernel says is made anew from its known parts, within a budget, in linear time."""

import time

import nbformat
import pytest

from grader import messages
from grader.messages import Budget

LONG = 400_000


@pytest.mark.parametrize("count", ["x", [1], 2.0, True, -1, 10**30, None, {"a": 1}])
def test_a_number_of_a_run_that_is_no_number_is_dropped(count):
    assert messages.published("execute_input", {"execution_count": count, "code": "x"}) == {}
    shown = messages.published("execute_result", {"execution_count": count, "data": {"text/plain": "2"}})
    assert shown["execution_count"] is None and shown["data"] == {"text/plain": "2"}


@pytest.mark.parametrize("content", [
    {"data": {"text/plain": {"a": 1}, 5: "x", "application/javascript": "alert(1)", "image/png": "<b>"}},
    {"data": [1]}, {"data": None}, {}, [], "text", None,
])  # fmt: skip
def test_what_no_page_can_show_is_no_output(content):
    assert messages.published("display_data", content) is None


@pytest.mark.parametrize("kind", ["comm_open", "clear_output", "input_request", ["stream"], None, {}])
def test_messages_of_no_known_kind_are_left_out(kind):
    assert messages.published(kind, {"data": {"text/plain": "x"}, "name": "stdout", "text": "x"}) is None


def test_an_error_keeps_texts_alone_each_cut():
    made = messages.published("error", {"ename": ["x"], "evalue": "e" * LONG, "traceback": [1, "a\x00", *["b"] * LONG]})
    assert made["ename"] == "Error" and len(made["evalue"]) == 2000 and len(made["traceback"]) == 200
    nbformat.validate(messages.error_output("E", "x"), ref="output", version=4)


@pytest.mark.parametrize("content", [
    None, [], {"status": ["ok"]}, {"status": "okay", "user_expressions": {"answer": []}},
    {"status": "error", "ename": 5, "evalue": {}, "user_expressions": {"answer": {"data": {"text/plain": "x" * LONG}}}},
])  # fmt: skip
def test_a_reply_of_another_form_is_an_error_without_an_answer(content):
    assert messages.reply(content) == messages.Reply("error", "Error")


def test_a_budget_ends_with_the_first_that_does_not_fit():
    budget = Budget(whole=1000, cell=100)
    assert budget.takes({"text": "a"}) and not budget.takes({"text": "a" * 100}) and budget.spent
    budget.cell = 10**6
    assert not budget.takes({"text": "a" * 1000}) and Budget(10, count=0, cell=10).takes("") is False


@pytest.mark.parametrize("text", ["a" * LONG, "a\b" * LONG, "a\r" * LONG, "a" * LONG + "\b" * LONG])
def test_streams_are_joined_as_a_terminal_shows_them_in_linear_time(text):
    began = time.monotonic()
    parts = [
        messages.published("stream", {"name": "stdout", "text": part}) for part in ("10 %\r90 %\r", "100 %\n", text)
    ]
    settled = messages.settle([nbformat.v4.new_output("stream", **part) for part in parts])
    assert time.monotonic() - began < 2 and len(settled) == 1 and settled[0].text.startswith("100 %\n")
