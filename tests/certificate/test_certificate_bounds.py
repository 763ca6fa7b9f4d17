"""Bounds from estimates: what is added, and when nothing can be said."""

from __future__ import annotations

import numpy as np

from romlib.certificate.bounds import bounds_of, contraction, flow
from romlib.certificate.certificate import ErrorEstimate

SCALE = 1.0


def test_contraction_is_of_the_largest_corrections_so_far():
    corrections = np.array([[0.1, 0.4, 0.2], [0.05, 0.1, 0.3]])
    np.testing.assert_allclose(contraction(corrections, SCALE), [0.5, 0.25, 0.75])


def test_of_three_passes_the_last_two_count():
    np.testing.assert_allclose(contraction(np.array([[1.0], [0.5], [0.2]]), SCALE), [0.4])


def test_corrections_of_rounding_do_not_withhold_a_bound():
    """What two passes find at a solution are two different roundings."""
    corrections = np.array([[1e-14, 1e-13], [3e-14, 2e-13]])
    assert not contraction(corrections, SCALE).any()


def test_one_pass_has_no_contraction():
    assert np.isnan(contraction(np.array([[0.1, 0.2]]), SCALE)).all()


def test_flow_is_the_largest_inelastic_part_so_far_over_the_largest_elastic_one():
    found = flow(np.array([0.0, 0.2, 0.1, 0.9]), np.array([0.0, 1.0, 0.5, 2.0]))
    np.testing.assert_allclose(found, [0.0, 0.2, 0.2, 0.45])
    np.testing.assert_array_equal(flow(np.array([0.1]), np.array([0.0])), [np.inf])


def test_the_rest_of_a_geometric_series_of_corrections_is_within_the_bound():
    """e_1 = 1, e_j = rho e_{j-1}, all along the same way: the true error is 1 / (1 - rho)."""
    for rho in (0.0, 0.3, 0.6, 0.85):
        corrections = np.array([[1.0], [rho]])
        bound = bounds_of({name: np.array([1.0 + rho]) for name in ("displacement", "p")}, corrections, np.array([rho]))
        true = 1.0 / (1.0 - rho)
        assert true < bound["displacement"][0] <= 3.0 * true, rho
        assert true < bound["p"][0] <= 3.0 * true, rho


def test_bounds_never_fall_and_are_those_of_the_largest_error_so_far():
    error, corrections = np.array([0.1, 0.3, 0.2]), np.array([[0.1, 0.3, 0.2], [0.0, 0.0, 0.0]])
    found = bounds_of({"displacement": error, "stress": error}, corrections, np.zeros(3))
    np.testing.assert_allclose(found["displacement"], [0.15, 0.45, 0.45])
    np.testing.assert_allclose(found["stress"], [0.15, 0.45, 0.45])


def test_an_error_of_a_field_that_is_zero_is_infinite_and_no_error_is_none():
    estimate = ErrorEstimate("p", np.array([0.0, 0.1]), np.zeros(2))
    np.testing.assert_array_equal(estimate.over_time, [0.0, np.inf])
    np.testing.assert_array_equal(estimate.over(np.array([0.0, np.nan])), [0.0, np.nan])
    assert ErrorEstimate("p", np.zeros(2), np.zeros(2)).relative == 0.0
