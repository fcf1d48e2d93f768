import pytest

from gates import faults

SOURCE = '''def f(x, keep=True):
    """Return 2 x + 1, a number."""
    ### BEGIN SOLUTION
    y = x.detach().sum(dim=1)
    if y > 0 and keep:
        y = y + 1
    return y
    ### END SOLUTION
'''


def lines():
    return {(mutant.kind, mutant.line) for mutant in faults.mutants(SOURCE, (4, 7))}


def test_numbers_and_operators_are_changed():
    assert ("change_number", "y = y + 2") in lines()
    assert ("swap_operator", "y = y - 1") in lines()
    assert ("swap_operator", "if y > 0 or keep:") in lines()


def test_statements_keywords_and_method_calls_are_removed():
    found = lines()
    assert ("drop_keyword", "y = x.detach().sum()") in found
    assert ("drop_call", "y = x.sum(dim=1)") in found
    assert ("delete_statement", "without y = y + 1") in found


def test_signature_and_docstring_stay():
    for mutant in faults.mutants(SOURCE, (4, 7)):
        assert "def f(x, keep=True):" in mutant.source and "Return 2 x + 1, a number." in mutant.source


def test_every_mutant_is_another_program():
    sources = [mutant.source for mutant in faults.mutants(SOURCE, (4, 7))]
    assert len(sources) > 20 and len(set(sources)) == len(sources) and SOURCE not in sources


def test_a_detached_mutant_for_each_return():
    (mutant,) = faults.detached(SOURCE, (4, 7))
    assert mutant.line == "return _detached(y)"


@pytest.mark.parametrize(
    "source, kind, line",
    [
        ("if a < b:\n    c()", "any_operator", "if a <= b:"),
        ("y = a * b", "any_operator", "y = a // b"),
        ("y = a & b", "any_operator", "y = a ^ b"),
        ("y = 3", "lower_number", "y = 2"),
        ("while a:\n    break", "negate", "while not a:"),
        ("while a:\n    break", "go_on", "continue"),
        ("for x in y:\n    z()", "never_loop", "for x in []:"),
        ("y = x.amax(dim=1, keepdim=True)", "flip_constant", "y = x.amax(dim=1, keepdim=False)"),
        ("x.sub_(y)", "drop_underscore", "x.sub(y)"),
        ("y = x.view(a, b)", "swap_arguments", "y = x.view(b, a)"),
        ("y = -x", "drop_sign", "y = --x"),
    ],
)
def test_each_kind_of_mutant(source, kind, line):
    assert (kind, line) in {(mutant.kind, mutant.line) for mutant in faults.mutants(source, (1, 9))}


def test_what_lies_outside_the_solution_stays():
    source = "import a\nx = 1\n\ndef f():\n    y = 2\n    z = 3\n    return z"
    assert {mutant.line for mutant in faults.mutants(source, (6, 6))} == {"z = 4", "z = 2", "without z = 3"}
