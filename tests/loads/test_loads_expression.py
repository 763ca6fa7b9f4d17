"""Formulas are computed as written, and nothing else than a formula is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.loads.expression import compile_expression

TIMES = np.linspace(0.0, 1.0, 11)


@pytest.mark.parametrize(("text", "expected"), [
    ("95*sin(2*pi*t)", 95 * np.sin(2 * np.pi * TIMES)),
    ("-t**2 + 3", -(TIMES**2) + 3),
    ("(1 + t)/(2 - t)", (1 + TIMES) / (2 - TIMES)),
    ("2**3**2", np.full(11, 512.0)),
    ("1e-3*t + .5", 1e-3 * TIMES + 0.5),
    ("min(t, 0.5, 1 - t)", np.minimum(np.minimum(TIMES, 0.5), 1 - TIMES)),
    ("max(0, t - 0.5)", np.maximum(0, TIMES - 0.5)),
    ("abs(cos(pi*t)) + sqrt(t) + exp(-t) + log(e + t) + tan(t)",
     np.abs(np.cos(np.pi * TIMES)) + np.sqrt(TIMES) + np.exp(-TIMES) + np.log(np.e + TIMES) + np.tan(TIMES)),
    ("7", np.full(11, 7.0)),
    ("  +t\n - 1", TIMES - 1),
])
def test_a_formula_is_computed_as_written(text, expected):
    np.testing.assert_allclose(compile_expression(text)(TIMES), expected, rtol=1e-15, atol=1e-15)


@st.composite
def formulas(draw, depth=4):
    """A random formula and the Python function of t that it stands for."""
    if depth == 0 or draw(st.booleans()):
        if draw(st.booleans()):
            return "t"
        return repr(draw(st.floats(0.1, 5.0)))
    kind = draw(st.sampled_from(["+", "-", "*", "neg", "sin", "max"]))
    a = draw(formulas(depth=depth - 1))
    if kind == "neg":
        return f"-({a})"
    if kind == "sin":
        return f"sin({a})"
    b = draw(formulas(depth=depth - 1))
    return f"max({a}, {b})" if kind == "max" else f"({a} {kind} {b})"


@given(formulas())
@settings(max_examples=60, deadline=None)
def test_it_agrees_with_python(text):
    expected = [eval(text, {"sin": np.sin, "max": max, "t": t}) for t in (0.0, 0.3, 2.0)]
    np.testing.assert_allclose(compile_expression(text)(np.array([0.0, 0.3, 2.0])), expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("text", [
    "__import__('os').system('true')", "t.real", "t[0]", "[t for t in (1, 2)]", "lambda: 1", "'a'", "True",
    "t if t else 1", "open('x')", "x + 1", "sin", "sin(t, t)", "max(t)", "sin(*t)", "sin(x=t)", "t % 2",
    "t // 2", "1j*t", "t < 1", "~t", "(t).sin(1)", "", "   ", "2*", "(t", "t; t", "t = 1", "t^2", "2 t",
    "1" * 400, "-" * 900 + "t", "1" + "+1" * 900,
])
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(InputError) as refused:
        compile_expression(text)
    assert refused.value.expected


def test_a_refusal_names_the_text_the_position_and_what_is_allowed():
    with pytest.raises(InputError) as refused:
        compile_expression("  95*sinus(2*pi*t)")
    assert "character 6 of '  95*sinus(2*pi*t)'" in str(refused.value)
    assert "sinus" in str(refused.value) and "sqrt" in str(refused.value)


def test_a_power_written_with_a_hat_is_explained():
    with pytest.raises(InputError, match=r"\*\*"):
        compile_expression("t^2")


def test_the_times_given_are_not_changed():
    times = TIMES.copy()
    result = compile_expression("t")(times)
    result += 1
    np.testing.assert_array_equal(times, TIMES)
