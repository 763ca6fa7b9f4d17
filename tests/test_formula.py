"""Formulas with variables of any names."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.formula import DEEPEST, LONGEST, parse


def formula(text, variables=None):
    return parse(text, variables, "names of parameters", "give the number")


def test_a_formula_knows_its_variables_and_takes_arrays():
    found = formula("2*E + min(Y, 3) - pi*0")
    assert found.names == {"E", "Y"}
    np.testing.assert_allclose(found({"E": np.array([1.0, 2.0]), "Y": 5.0}), [5.0, 7.0])


def test_a_name_that_is_not_among_the_variables_is_refused_with_its_place():
    with pytest.raises(InputError, match="'x' is not known") as caught:
        formula("t + x", ("t",))
    assert caught.value.place.startswith("character 5")


def test_a_division_by_zero_is_not_finite_and_no_warning():
    assert not np.isfinite(formula("1/E")({"E": 0.0}))


@pytest.mark.parametrize("text", [
    "", "E +", "E.real", "E[0]", "open('x')", "lambda: 1", "E if 1 else 2", "'E'", "True", "__import__('os')", "sin",
    "sin(E, 2)", "min(E)", "E" * (LONGEST + 1), "+" * DEEPEST + "E", "1" + "0" * 400, "E := 1", "E and Y", "E\0"])
def test_anything_but_arithmetic_is_refused(text):
    with pytest.raises(InputError):
        formula(text)
