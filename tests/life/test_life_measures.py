"""Scalars of tensor histories against closed forms and NumPy's eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from fatigue import one_axis, stress_along_x
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from romlib.errors import InputError
from romlib.life.kernels import invariants
from romlib.life.measures import (
    STRAIN_FACTOR,
    STRESS_FACTOR,
    largest_range,
    range_of,
    scalar_of,
    sign_is_unsure,
)
from romlib.tensors import deviator, matrix_from_mandel, rotate, vtk_from_mandel

TENSORS = arrays(float, (7, 6), elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 6)))
TIMES = np.linspace(0.0, 1.0, 41)


@given(TENSORS)
def test_principal_values_are_the_largest_and_smallest_eigenvalues(tensors):
    values = np.linalg.eigvalsh(matrix_from_mandel(tensors))
    _, _, high, low = invariants(tensors)
    scale = 1.0 + abs(values).max()
    np.testing.assert_allclose(high, values[:, 2], atol=1e-7 * scale)
    np.testing.assert_allclose(low, values[:, 0], atol=1e-7 * scale)


@given(TENSORS)
def test_the_range_over_all_pairs_is_what_a_loop_over_the_pairs_finds(tensors):
    history = tensors[:, None]
    loop = max(np.sqrt(1.5) * np.linalg.norm((m := matrix_from_mandel(a - b)) - np.trace(m) / 3 * np.eye(3))
               for a in tensors for b in tensors)
    assert largest_range(history, STRESS_FACTOR)[0] == pytest.approx(loop, rel=1e-10, abs=1e-9)


def test_the_range_of_a_bar_that_keeps_its_volume_is_that_along_its_axis():
    history = one_axis(0.004 * np.sin(2 * np.pi * TIMES))
    for measure in ("equivalent", "signed_von_mises", "max_principal", "xx"):
        assert range_of(history, measure, STRAIN_FACTOR)[0] == pytest.approx(0.008, rel=1e-6)


def test_a_range_does_not_depend_on_the_axes_or_on_uniform_thermal_expansion():
    rng = np.random.default_rng(3)
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    history = rng.normal(size=(9, 4, 6))
    expanded = rotate(history, rotation) + rng.normal(size=(9, 1, 1)) * np.array([1.0, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(largest_range(expanded, STRAIN_FACTOR), largest_range(history, STRAIN_FACTOR))


def test_loads_out_of_phase_have_a_range_that_no_signed_scalar_sees():
    """Tension and shear a quarter of a cycle apart: the equivalent stress is constant, its range is not zero."""
    turn = 2 * np.pi * TIMES
    tension, shear = np.cos(turn), np.sin(turn) / np.sqrt(3.0)
    history = np.zeros((41, 1, 6))
    history[:, 0, 0], history[:, 0, 3] = tension, np.sqrt(2.0) * shear
    assert range_of(history, "equivalent", STRESS_FACTOR)[0] == pytest.approx(2.0, rel=1e-6)
    assert np.ptp(np.sqrt(tension**2 + 3 * shear**2)) < 1e-12


def test_the_signed_value_has_the_sign_of_the_axis_and_components_are_plain():
    stress = np.array([-200.0, 0.0, 150.0])
    history = stress_along_x(stress)
    np.testing.assert_allclose(scalar_of(history, "signed_von_mises", STRESS_FACTOR)[:, 0], stress, atol=1e-9)
    tensor = np.random.default_rng(1).normal(size=(5, 6))
    np.testing.assert_array_equal(scalar_of(tensor, "xy", STRESS_FACTOR), vtk_from_mandel(tensor)[:, 3])


def test_a_sign_in_pure_shear_is_told_to_be_unsure():
    shear = np.zeros((41, 1, 6))
    shear[:, 0, 3] = np.sin(2 * np.pi * TIMES)
    assert sign_is_unsure(shear)[0]
    assert not sign_is_unsure(one_axis(np.sin(2 * np.pi * TIMES)))[0]


def test_a_measure_without_sign_cannot_be_counted():
    with pytest.raises(InputError, match="cycles cannot be counted of the measure 'equivalent'"):
        scalar_of(np.zeros((2, 6)), "equivalent", STRESS_FACTOR)


@pytest.mark.parametrize("kind", ["random", "line", "circle", "still"])
@pytest.mark.parametrize("n_step", [1, 2, 3, 50])
def test_the_largest_range_is_that_of_all_pairs_of_times(kind, n_step):
    rng = np.random.default_rng(n_step)
    phase = np.linspace(0.0, 20.0, n_step)[:, None, None]
    tensor = {"random": rng.normal(size=(n_step, 7, 6)), "line": np.sin(phase) * rng.normal(size=(7, 6)),
              "circle": np.sin(phase) * rng.normal(size=(7, 6)) + np.cos(phase) * rng.normal(size=(7, 6)),
              "still": np.ones((n_step, 7, 6))}[kind]
    s = deviator(tensor)
    every = np.linalg.norm(s[:, None] - s[None], axis=-1).max(axis=(0, 1))
    np.testing.assert_allclose(largest_range(tensor, 1.5), np.sqrt(1.5) * every, rtol=1e-12, atol=1e-15)


def test_a_point_without_the_field_has_no_range_and_others_keep_theirs():
    tensor = np.random.default_rng(0).normal(size=(9, 3, 6))
    tensor[:, 1] = np.nan
    found = largest_range(tensor, 1.0)
    assert np.isnan(found[1]) and np.isfinite(found[[0, 2]]).all()
