"""The reduced tangent is the sum over all points, whichever of them changed since the beginning of the run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_points import StubPoints, linear

from romlib.laws.points import PointsResult
from romlib.laws.state import PointState
from romlib.online.evaluate import Trial
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.online.stiffness import Stiffness


def make_problem(rng: np.random.Generator, n_mode: int, sizes: list[int]) -> ReducedProblem:
    """Blocks of points with modes at random and weights of either sign."""
    blocks = [PointBlock([BlockBasis(rng.normal(size=(n_mode, n, 6)), rng.normal(size=n))], StubPoints(n, linear),
                         np.zeros((0, n, 6)), None, piece) for piece, n in enumerate(sizes)]
    return ReducedProblem(blocks, [np.zeros((0, n_mode))])


def trial(tangents: list[np.ndarray]) -> Trial:
    nothing = np.empty((0, 6))
    results = [PointsResult(PointState(0.0, nothing, nothing, []), t) for t in tangents]
    return Trial(np.zeros(0), results, np.zeros(0), False)


def dense(problem: ReducedProblem, tangents: list[np.ndarray]) -> np.ndarray:
    """sum_l w_l eps_l^T C_l eps_l, as it is written."""
    return sum(np.einsum("l,ila,lab,jlb->ij", block.bases[0].weights, block.bases[0].modes, tangent,
                         block.bases[0].modes) for block, tangent in zip(problem.blocks, tangents))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.lists(st.integers(0, 9), min_size=1, max_size=3),
       st.floats(0, 1))
def test_tangent_is_the_sum_over_all_points_whatever_share_of_them_changes(seed, n_mode, sizes, share):
    rng = np.random.default_rng(seed)
    problem = make_problem(rng, n_mode, sizes)
    stiffness = Stiffness(problem)
    first = [rng.normal(size=(n, 6, 6)) for n in sizes]  # not symmetric: a law's consistent tangent need not be
    for _ in range(3):
        tangents = [np.where(rng.random((len(t), 1, 1)) < share, rng.normal(size=t.shape), t) for t in first]
        expected = dense(problem, tangents)
        np.testing.assert_allclose(stiffness(0, trial(tangents)), expected, atol=1e-12 * (1 + np.abs(expected).max()))


def test_a_law_that_reuses_its_array_does_not_change_the_tangent_of_the_beginning():
    rng = np.random.default_rng(0)
    problem = make_problem(rng, 3, [5])
    stiffness = Stiffness(problem)
    tangent = rng.normal(size=(5, 6, 6))
    stiffness(0, trial([tangent]))
    tangent[2] += 1.0
    np.testing.assert_allclose(stiffness(0, trial([tangent])), dense(problem, [tangent]), rtol=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_first_tangent_that_is_not_finite_does_not_spoil_the_next(bad):
    rng = np.random.default_rng(1)
    problem = make_problem(rng, 3, [5])
    stiffness = Stiffness(problem)
    good = rng.normal(size=(5, 6, 6))
    spoilt = good.copy()
    spoilt[1, 2, 3] = bad
    assert not np.isfinite(stiffness(0, trial([spoilt]))).all()
    np.testing.assert_allclose(stiffness(0, trial([good])), dense(problem, [good]), rtol=1e-12)
