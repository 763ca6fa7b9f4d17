"""Colours: even lightness, limits that differ, symmetry about zero where there are both signs."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.report.colours import SEQUENTIAL, Colouring, colouring, difference_colouring, samples, value_range


def test_the_lightness_of_the_scale_grows_evenly_also_to_the_colour_blind():
    """Deuteranopia by the matrix of Vienot, Brettel and Mollon 1999, of linear values."""
    pytest.importorskip("matplotlib")
    linear = (samples(Colouring((0.0, 1.0), SEQUENTIAL), 256) / 255.0) ** 2.2
    blind = linear @ np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]).T
    for colours in (linear, blind):
        luminance = np.clip(colours, 0.0, None) @ [0.2126, 0.7152, 0.0722]
        lightness = 116.0 * np.cbrt(np.maximum(luminance, 1e-9)) - 16.0
        steps = np.diff(lightness)
        assert (steps > -0.2).all() and lightness[-1] - lightness[0] > 65.0


@pytest.mark.parametrize(("values", "expected"), [
    ([1.0, np.nan, 3.0], (1.0, 3.0)), ([np.nan], (0.0, 0.0)), ([], (0.0, 0.0)), ([-1e-15, 2.0], (0.0, 2.0)),
    ([-5.0, 1e-12], (-5.0, 0.0))])
def test_a_range_is_of_finite_values_and_rounding_errors_are_zero(values, expected):
    assert value_range(np.array(values), np.array([])) == expected


def test_limits_differ_always_and_are_symmetric_where_both_signs_may_be():
    assert colouring(-2.0, 5.0, signed=True).limits == (-5.0, 5.0)
    assert colouring(-2.0, 5.0, signed=False).limits == (-2.0, 5.0)
    assert colouring(1.0, 5.0, signed=True).limits == (1.0, 5.0)
    assert difference_colouring(0.0).limits == (-1.0, 1.0)
    for constant in (0.0, 3.0, -3.0):
        low, high = colouring(constant, constant, signed=True).limits
        assert low <= constant <= high and low < high
