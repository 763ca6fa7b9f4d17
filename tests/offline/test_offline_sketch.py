"""Integrands without their Gram matrix."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.offline import sketch
from romlib.offline.cubature import compression
from romlib.offline.selection import PieceIntegrands
from romlib.offline.sketch import gaussian, nystroem, sketched


def integrands(n_stress: int = 12, n_strain: int = 9, n_ip: int = 400) -> PieceIntegrands:
    """Smooth stresses and strains of falling size at random points."""
    random = np.random.default_rng(3)
    x = random.uniform(size=n_ip)

    def fields(n: int, decay: float) -> np.ndarray:
        waves = np.cos(np.pi * np.arange(n)[:, None, None] * x[None, :, None] + random.uniform(0, 6, (n, 1, 6)))
        return waves * decay ** np.arange(n)[:, None, None]

    weights = random.uniform(0.5, 1.5, n_ip) / n_ip
    return PieceIntegrands(fields(n_stress, 0.5), fields(n_strain, 0.7), weights, weights)


def left_out(gram: np.ndarray, columns: np.ndarray) -> float:
    """Of the trace of a positive matrix, by projection."""
    return float((np.trace(gram) - np.trace(columns.T @ gram @ columns)) / np.trace(gram))


def test_products_and_trace_of_the_gram_matrix_need_no_gram_matrix() -> None:
    here = integrands()
    gram, columns = here.gram(), gaussian(here.n_integrand, 0, 7)
    np.testing.assert_allclose(here.gram_times(columns), gram @ columns, rtol=1e-10)
    assert here.trace() == pytest.approx(np.trace(gram), rel=1e-12)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6])
def test_a_sketch_leaves_out_no_more_than_it_says_and_is_asked_to(
    tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sketch, "FIRST", 4)
    here = integrands()
    gram, asked = here.gram(), []

    def multiply(columns: np.ndarray) -> np.ndarray:
        asked.append(columns.shape[1])
        return here.gram_times(columns)

    columns, said = sketched(multiply, here.n_integrand, here.trace(), tolerance)
    assert asked[:3] == [4, 4, 8] and sum(asked) < here.n_integrand
    np.testing.assert_allclose(columns.T @ columns, np.eye(columns.shape[1]), atol=1e-10)
    assert left_out(gram, columns) <= said + 1e-14 and said <= tolerance**2
    assert columns.shape[1] <= 2 * compression(gram, tolerance).shape[1]


def test_a_sketch_that_may_not_grow_says_what_it_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "FIRST", 3)
    monkeypatch.setattr(sketch, "MOST", 6)
    here = integrands()
    columns, said = sketched(here.gram_times, here.n_integrand, here.trace(), 1e-8)
    assert columns.shape[1] == 6
    assert 1e-8 < left_out(here.gram(), columns) <= said < 1.0


def test_the_random_columns_are_those_of_every_run_and_other_ones_in_each_block() -> None:
    np.testing.assert_array_equal(gaussian(50, 0, 8), gaussian(50, 0, 8))
    assert abs(np.corrcoef(gaussian(50, 0, 8).ravel(), gaussian(50, 8, 16).ravel())[0, 1]) < 0.2


def test_a_matrix_of_low_rank_is_found_whole_and_zero_is_no_fault() -> None:
    root = np.random.default_rng(0).standard_normal((40, 3))
    columns, said = nystroem(gaussian(40, 0, 10), root @ root.T @ gaussian(40, 0, 10), float((root**2).sum()), 1e-6)
    assert columns.shape[1] == 3 and said <= 1e-12
    np.testing.assert_allclose(columns @ (columns.T @ root), root, atol=1e-6)
    columns, said = nystroem(gaussian(40, 0, 10), np.zeros((40, 10)), 0.0, 1e-6)
    assert columns.shape == (40, 1) and said == 0.0
