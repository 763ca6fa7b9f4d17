"""Projection errors from Gram matrices: those of the fields themselves, of all snapshots and of clusters."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg
from travelling import bumps, gram

from romlib.clusters.gain import (
    Fields,
    at_equal_modes,
    at_modes,
    held_out,
    local_errors,
    modes_for,
    projection_errors,
    singular_values,
)


def weighted(n: int = 40) -> tuple[np.ndarray, np.ndarray, Fields]:
    """Snapshots, the matrix of an energy that is not that of the POD, and both Gram matrices."""
    fields = bumps(n, n_point=120)
    weights = 1.0 + 3.0 * np.arange(120) / 120.0
    energy = fields * weights @ fields.T
    return fields, weights, Fields(gram(fields), energy, np.sqrt(np.diag(energy)))


def test_errors_are_those_of_the_best_approximation_by_the_modes_of_the_members():
    snapshots, weights, fields = weighted()
    members, rows = np.arange(0, 30), np.array([3, 17, 35])
    found = projection_errors(fields, members, rows)
    modes = linalg.svd(snapshots[members], full_matrices=False)[2]
    root = np.sqrt(weights)
    for n in (0, 1, 5, 12):
        basis = (modes[:n] * root).T
        target = (snapshots[rows] * root).T
        left = target - (basis @ np.linalg.lstsq(basis, target, rcond=None)[0] if n else 0.0)
        expected = np.linalg.norm(left, axis=0) / np.linalg.norm(target, axis=0)
        np.testing.assert_allclose(found[n], expected, rtol=1e-5, atol=1e-7)
    assert (np.diff(found, axis=0) <= 1e-12).all()


def test_members_themselves_are_left_nothing_by_all_modes():
    _, _, fields = weighted(12)
    assert projection_errors(fields, np.arange(12), np.arange(12))[-1].max() < 1e-6


def test_what_is_the_same_to_rounding_makes_no_mode():
    fields = np.repeat(bumps(5), 3, axis=0)
    g = gram(fields)
    errors = projection_errors(Fields(g, g, np.sqrt(np.diag(g))), np.arange(15), np.arange(15))
    assert len(errors) == 6 and errors[-1].max() < 1e-6
    assert (singular_values(Fields(g, g, g[0]), np.arange(15)) > 0.0).sum() == 5


def test_a_mode_without_energy_is_left_out():
    fields = np.diag([3.0, 2.0, 1.0])
    energy = fields * [1.0, 0.0, 1.0] @ fields.T
    errors = projection_errors(Fields(gram(fields), energy, np.array([3.0, 0.0, 1.0])), np.arange(3), np.array([0, 2]))
    np.testing.assert_allclose(errors, [[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]], atol=1e-7)


def test_local_bases_are_judged_by_their_own_snapshots_and_together():
    _, _, fields = weighted()
    labels = np.arange(40) // 20
    members = [np.arange(0, 23), np.arange(17, 40)]
    errors = local_errors(fields, labels, members)
    np.testing.assert_array_equal(errors[0], projection_errors(fields, members[0], np.arange(20)))
    assert [part.shape[1] for part in errors] == [20, 20]
    curve = at_equal_modes(errors, 60)
    assert len(curve) == 61 and curve[60] == at_equal_modes(errors, 23)[-1]
    assert curve[5] == pytest.approx(np.quantile(np.concatenate([part[5] for part in errors]), 0.9))
    assert at_modes(errors, [5, 5]) == pytest.approx(curve[5]) and at_modes(errors, [99, 99]) == curve[60]
    whole = at_equal_modes(local_errors(fields, np.zeros(40, dtype=int), [np.arange(40)]), 40)
    assert modes_for(curve, 1e-2) < 0.7 * modes_for(whole, 1e-2)


def test_snapshots_without_size_have_no_error():
    _, _, fields = weighted(10)
    sizes = fields.sizes.copy()
    sizes[[0, 4]] = 0.0
    assert local_errors(Fields(fields.pod, fields.energy, sizes), np.zeros(10, dtype=int), [np.arange(10)])[0].shape[
        1] == 8


def test_the_modes_for_a_tolerance_are_the_fewest_and_there_may_be_none():
    assert modes_for(np.array([1.0, 0.1, 0.01, 0.001]), 0.01) == 2
    assert modes_for(np.array([1.0, 0.1]), 0.01) is None


def test_each_run_is_held_out_in_turn_and_of_one_run_every_other_block():
    folds, words = held_out(np.array([0, 0, 1, 2, 2]))
    assert [fold.tolist() for fold in folds] == [[True, True, False, False, False], [False, False, True, False, False],
                                                 [False, False, False, True, True]]
    assert words == "each run in turn"
    folds, words = held_out(np.zeros(40, dtype=int))
    assert len(folds) == 2 and (folds[0] ^ folds[1]).all() and folds[0][4:8].all() and "tenth" in words
    assert held_out(np.zeros(1, dtype=int))[0] == []
