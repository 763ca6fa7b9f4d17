"""Points without weight: their state is carried, and what goes wrong there is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from clustered_bar import ALL, RIGID, TIMES, bar_rom
from stub_points import StubPoints, linear

from romlib.archive.rom import Rom
from romlib.errors import ConvergenceError
from romlib.online.histories import Histories
from romlib.online.newton import NewtonOptions
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.online.reduced import case_histories, reduced_problem
from romlib.online.run import solve

WHOLE = ALL[:RIGID]


@pytest.fixture(autouse=True, params=[1, 10**6], ids=["passive points apart", "all points together"])
def apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Points without weight are integrated once a step, or in every iteration; nothing else differs."""
    monkeypatch.setattr("romlib.online.problem.FEWEST_APART", request.param)
    return int(request.param)


def sparse(rom: Rom) -> Rom:
    """Weights at some of the points only, other ones in each cluster."""
    bases = []
    for k, basis in enumerate(rom.clusters):
        kept = np.random.default_rng(k).random(len(basis.weights)) < 0.6
        weights = np.where(kept, basis.weights, 0.0)
        bases.append(replace(basis, weights=weights * basis.weights.sum() / weights.sum()))
    return replace(rom, clusters=bases)


def test_points_without_weight_carry_the_state_of_the_laws(apart: int) -> None:
    rom = sparse(bar_rom([WHOLE[:5], [0, 1, 2, 3, 5], WHOLE])[0])
    problem = reduced_problem(rom, rom.model)
    history = solve(problem, case_histories(rom, rom.model, {}, TIMES), NewtonOptions(tolerance=1e-12))
    points, lifting = problem.blocks[0].points, history.lifting
    state = points.virgin(0.0, np.full(points.n_ip, 20.0))
    for step in range(1, len(TIMES)):
        strain = problem.blocks[0].strain(int(history.clusters[step]), history.coordinates[step][
            :problem.n_mode(int(history.clusters[step]))], lifting[step])
        state = points.integrate(state, TIMES[step], strain, history.temperatures[0][step]).state
        assert state is not None
        if history.cutbacks[step] == 0:
            np.testing.assert_allclose(history.stresses[0][step], state.stress, atol=1e-9)
            np.testing.assert_allclose(history.states[0][0][step], state.states[0], atol=1e-14)
    assert len(set(history.clusters.tolist())) > 1 and history.cutbacks.sum() == 0


def test_a_law_that_fails_at_a_point_without_weight_cuts_the_step_and_is_named(apart: int) -> None:
    strains = np.random.default_rng(0).normal(size=(2, 6, 6))
    weights = np.array([1.0, 1.0, 1.0, 0.0, 1.0, 0.0])

    class Fragile(StubPoints):
        def subset(self, rows):
            part = super().subset(rows)
            part.limit = 0.05 if 103 in part.cells and apart == 1 else np.inf
            return part

    def problem(limit):
        block = PointBlock([BlockBasis(strains, weights)], Fragile(6, linear, limit), np.zeros((0, 6, 6)), None)
        return ReducedProblem([block], [np.array([[1.0, -2.0]])], ("load",))

    histories = Histories(np.array([0.0, 1.0]), [lambda t: t], [])
    whole = solve(problem(np.inf if apart == 1 else 0.05), histories)
    assert whole.cutbacks.sum() >= 1
    if apart == 1:
        with pytest.raises(ConvergenceError, match="only carries its state") as caught:
            solve(problem(np.inf), histories, NewtonOptions(max_cutbacks=0))
        assert caught.value.cell in (103, 105)


def test_what_is_not_a_number_at_a_point_without_weight_is_no_state() -> None:
    def poisoned(strain: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        stress, slope = linear(strain)
        stress[3] = np.nan
        return stress, slope

    strains = np.random.default_rng(0).normal(size=(2, 5, 6))
    block = PointBlock([BlockBasis(strains, np.array([1.0, 1.0, 1.0, 0.0, 1.0]))], StubPoints(5, poisoned),
                       np.zeros((0, 5, 6)), None)
    with pytest.raises(ConvergenceError) as caught:
        solve(ReducedProblem([block], [np.array([[1.0, -2.0]])], ("load",)),
              Histories(np.array([0.0, 1.0]), [lambda t: t], []))
    assert caught.value.cell == 103
