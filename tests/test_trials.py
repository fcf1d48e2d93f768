import os
import tempfile

import pytest

from gates import forks, trials
from gates.trials import Trial


@pytest.fixture(scope="module", autouse=True)
def warm():
    forks.warm()


def run(*cells, tests=("test",), **settings):
    ((_, result),) = trials.run([Trial("key", cells, frozenset(tests), **settings)])
    return result


def test_a_passing_test_passes():
    result = run(("answer", "x = 1"), ("test", "assert x == 1, 'x is 1'"))
    assert result.passed and result.outcomes[0].seconds >= 0


def test_a_failing_assert_keeps_its_message():
    failure = run(("test", "assert 1 == 2, 'one is not two'")).first_failure
    assert (failure.kind, failure.message) == ("failed", "one is not two")


def test_an_assert_without_a_message_is_told_apart():
    assert run(("test", "assert False")).first_failure.kind == "silent"


def test_an_exception_is_told_apart_from_an_assert():
    failure = run(("test", "1 / 0")).first_failure
    assert (failure.kind, failure.message) == ("error", "ZeroDivisionError: division by zero")


def test_an_answer_that_does_not_run_is_the_first_failure():
    assert run(("answer", "1 / 0"), ("test", "assert True, 'x'")).first_failure.name == "answer"


def test_an_endless_loop_is_a_timeout():
    failure = run(("test", "while True: pass"), seconds=1).first_failure
    assert (failure.name, failure.kind) == ("test", "timeout")


def test_a_dead_fork_is_reported():
    failure = run(("test", "import os; os._exit(3)")).first_failure
    assert (failure.name, failure.kind) == ("test", "dead")


def test_memory_is_limited():
    assert run(("test", "x = bytearray(2**34)")).first_failure.message.startswith("MemoryError")


def test_each_trial_has_a_folder_of_its_own_and_leaves_nothing():
    result = run(("test", "import os; open('note', 'w').write('x'); print(os.getcwd())"))
    folder = result.outcomes[0].printed.strip()
    assert folder.startswith(tempfile.gettempdir()) and not os.path.exists(folder)


def test_what_a_cell_prints_and_warns_is_kept_apart():
    outcome = run(("test", "import sys; print('out'); print('oops', file=sys.stderr)")).outcomes[0]
    assert (outcome.printed, outcome.warned) == ("out\n", "oops\n")


def test_the_seed_decides_the_random_numbers():
    cells = (("setup", "import torch"), ("test", "print(torch.rand(1).item())"))
    printed = [run(*cells, seed=seed).outcomes[0].printed for seed in (1, 1, 2)]
    assert printed[0] == printed[1] != printed[2]


def test_a_detached_result_is_seen_where_a_gradient_flows():
    grad = ("test", "import torch; y = _detached(torch.ones(1, requires_grad=True) * 2); assert y.requires_grad, 'cut'")
    plain = ("test", "import torch; _detached(torch.ones(1))")
    assert run(grad).grad and not run(grad).passed and not run(plain).grad


def test_a_child_started_by_the_code_under_trial_dies_with_it(tmp_path):
    note = tmp_path / "alive"
    run(("test", f"import os, time\nif os.fork() == 0:\n    time.sleep(1.5); open({str(note)!r}, 'w'); os._exit(0)"))
    import time

    time.sleep(2)
    assert not note.exists()


def test_the_parent_keeps_one_thread():
    run(("test", "import torch; torch.ones(100, 100) @ torch.ones(100, 100)"))
    assert len(os.listdir("/proc/self/task")) == 1
