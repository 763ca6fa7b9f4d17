"""Random combinations in place of very many integrands."""

from __future__ import annotations

import numpy as np
import pytest
from test_offline_cubature import problem

from romlib.offline import sketch
from romlib.offline.cubature import select
from romlib.offline.selection import PieceIntegrands
from romlib.offline.sketch import gaussian, sketched


def test_combinations_keep_the_size_of_errors_in_the_mean() -> None:
    errors = np.random.default_rng(1).standard_normal((5, 3000)) * 0.99 ** np.arange(3000)
    sizes = np.linalg.norm(errors @ gaussian(3000, 1000), axis=1) / np.linalg.norm(errors, axis=1)
    assert np.abs(sizes - 1.0).max() <= 4.0 * np.sqrt(0.5 / 1000)


def test_they_are_those_of_every_run_and_other_ones_for_each_number() -> None:
    np.testing.assert_array_equal(gaussian(50, 8), gaussian(50, 8))
    assert abs(np.corrcoef(gaussian(50, 8).ravel(), gaussian(50, 16)[:, 8:].ravel())[0, 1]) < 0.2


def test_points_chosen_against_combinations_integrate_all_integrands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "FIRST", 20)
    functions, weights = problem(3, n_point=800, n_function=400)
    functions = functions * 0.9 ** np.arange(400) / 0.6 ** np.arange(400)  # that fall slowly: many are needed
    target, tried = functions.T @ weights, []

    def choose(columns: np.ndarray):
        tried.append(columns.shape[1])
        found = select(functions @ columns, target @ columns, weights.sum(), 1e-2, combined=True)
        return found, len(found.points)

    found = sketched(choose, 400)
    assert tried[0] == 20 and len(tried) > 1 and 3 * len(found.points) <= tried[-1]
    error = np.linalg.norm(functions[found.points].T @ found.weights - target) / np.linalg.norm(target)
    assert error <= 1.1e-2
    assert len(found.points) <= 1.4 * len(select(functions, target, weights.sum(), 1e-2).points)


def test_there_are_never_more_combinations_than_integrands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "FIRST", 4)
    assert sketched(lambda columns: (columns.shape, columns.shape[1]), 30) == (30, 30)


def test_weighted_sums_of_integrands_at_points_are_those_of_their_values() -> None:
    random = np.random.default_rng(0)
    here = PieceIntegrands(random.random((3, 9, 6)), random.random((4, 9, 6)), random.random(9), random.random(9))
    ips = np.array([1, 5, 7])
    np.testing.assert_allclose(here.summed(ips, here.signed[ips]), here.values(slice(None))[ips].T @ here.signed[ips])
    np.testing.assert_allclose(here.summed(np.arange(9), here.signed), here.integral())
