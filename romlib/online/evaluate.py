"""Internal force, tangent and reference force of a reduced problem at a trial state, over all of its blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from romlib.online.histories import Level
from romlib.online.problem import ReducedProblem
from romlib.solution.timings import Timings

if TYPE_CHECKING:
    from romlib.laws.points import PointsResult
    from romlib.laws.state import PointState


@dataclass(eq=False, slots=True)
class Committed:
    """The last converged state. points : one entry per block. lifting : amplitudes of the liftings."""

    time: float
    cluster: int
    gamma: np.ndarray
    lifting: np.ndarray
    points: list[PointState]


@dataclass(eq=False, slots=True)
class Trial:
    """A trial state at the end of a step: law results by block, internal force, whether a law failed."""

    gamma: np.ndarray
    results: Sequence[PointsResult]
    force: np.ndarray
    failed: bool


def virgin(problem: ReducedProblem, level: Level, cluster: int = 0) -> Committed:
    """The undeformed, stress-free state at the initial time, with the initial temperature of the histories."""
    return Committed(
        level.time, cluster, np.zeros(problem.n_mode(cluster)), np.zeros(len(problem.lifting_names)),
        [block.points.virgin(level.time, block.temperature(level.temperature)) for block in problem.blocks])


def integrate(
    problem: ReducedProblem, start: Committed, gamma: np.ndarray, level: Level,
    temperatures: list[np.ndarray | None], timings: Timings,
) -> Trial:
    """Integrate the laws of all blocks from the committed state to gamma at `level`, and sum the internal force."""
    results, forces, n_failed = [], [], 0
    for k, block in enumerate(problem.blocks):
        clock = perf_counter()
        strain = block.strain(start.cluster, gamma, level.lifting)
        before_law = perf_counter()
        result = block.points.integrate(start.points[k], level.time, strain, temperatures[k])
        after_law = perf_counter()
        results.append(result)
        forces.append(block.bases[start.cluster].force(result.state.stress))
        n_failed += len(result.failed_points)
        timings.law += after_law - before_law
        timings.linear_algebra += before_law - clock + perf_counter() - after_law
    if problem.combine is None:
        return Trial(gamma, results, problem.total(forces), n_failed > 0)
    total = problem.total([
        np.append(force, float(len(result.failed_points))) for force, result in zip(forces, results)])
    return Trial(gamma, results, total[:-1], bool(total[-1] != 0.0))


class HeldForce:
    """Size of the elastic force of imposed strains: the reference for thermal and prescribed-displacement loading.

    With C_0 the tangent of the virgin state, it is the norm over the modes j of
    sum_l w_l |eps_jl| |C_0 (sum_k a_k eps(L_k) - eps_thermal)_l|: the products cannot cancel, so that it stays a
    measure of force where the imposed strains are in equilibrium with themselves. Zero without imposed strains.
    """

    def __init__(self, problem: ReducedProblem, start: Committed) -> None:
        self._problem = problem
        self._cluster = start.cluster
        self.needed = bool(problem.lifting_names) or any(state.temperature is not None for state in start.points)
        if problem.combine is not None:
            contribution = [np.array([float(self.needed)]) for _ in problem.blocks]
            self.needed = bool(problem.total(contribution)[0] > 0)
        if self.needed:
            self._tangents = [block.points.virgin_tangent(start.time, state.temperature)
                              for block, state in zip(problem.blocks, start.points)]

    def __call__(self, level: Level, temperatures: list[np.ndarray | None]) -> float:
        """The reference force at a level, identical on every process."""
        if not self.needed:
            return 0.0
        parts = []
        for block, tangent, temperature in zip(self._problem.blocks, self._tangents, temperatures):
            basis = block.bases[self._cluster]
            imposed = block.strain(self._cluster, np.zeros(basis.n_mode), level.lifting)
            imposed = block.points.mechanical_strain(imposed, temperature)
            size = np.linalg.norm(np.matmul(tangent, imposed[:, :, None])[:, :, 0], axis=1)
            parts.append(basis.sizes @ size)
        return float(np.linalg.norm(self._problem.total(parts)))
