from gates import mutants

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
    return {(mutant.operator.split("_")[0], mutant.line) for mutant in mutants.generic(SOURCE, (4, 7))}


def test_numbers_and_operators_are_changed():
    assert ("NumberReplacer", "y = y + 2") in lines()
    assert ("ReplaceBinaryOperator", "y = y - 1") in lines()
    assert ("ReplaceAndWithOr", "if y > 0 or keep:") in lines()


def test_statements_keywords_and_method_calls_are_removed():
    found = lines()
    assert ("DropKeyword", "y = x.detach().sum()") in found
    assert ("DropMethodCall", "y = x.sum(dim=1)") in found
    assert ("DeleteStatement", "pass") in found


def test_signature_and_docstring_stay():
    for mutant in mutants.generic(SOURCE, (4, 7)):
        assert "def f(x, keep=True):" in mutant.source and "Return 2 x + 1, a number." in mutant.source


def test_every_mutant_is_another_program():
    sources = [mutant.source for mutant in mutants.generic(SOURCE, (4, 7))]
    assert len(sources) > 20 and len(set(sources)) == len(sources) and SOURCE not in sources


def test_a_detached_mutant_for_each_return():
    (mutant,) = mutants.detached(SOURCE, (4, 7))
    assert mutant.line == "return _detached(y)"
