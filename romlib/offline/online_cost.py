"""What an online step costs on this machine: a small run of the online code with the laws of a training set."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np
from scipy.linalg.lapack import dgesv

from romlib.clusters.cost import CostModel, fitted
from romlib.fem.piece import Piece
from romlib.laws.points import MaterialPoints
from romlib.offline.training import TrainingSet
from romlib.online.evaluate import integrate, virgin
from romlib.online.histories import Level
from romlib.online.problem import BlockBasis, PointBlock, ReducedProblem
from romlib.online.stiffness import Stiffness
from romlib.solution.timings import Timings

MODES, POINTS = (5, 20, 60), (40, 150, 500)
_ENOUGH = 0.02  # seconds that a repetition takes at least
_REPETITIONS = 3  # of which the fastest counts


def measure_cost(training: TrainingSet, seed: int = 0) -> CostModel:
    """The cost model of the laws of the first piece, strained as by a snapshot of the first run. A second or two.

    Times are of this process alone: on several ranks the first one measures, for all of them.
    """
    sample = _Sample(training, seed)
    cases = [(n, m) for n in MODES for m in POINTS]
    times = [(sample.iteration(n, m), sample.passive(n, m)) for n, m in cases]
    return fitted([n for n, _ in cases], [m for _, m in cases], [one for one, _ in times], [two for _, two in times])


class _Sample:
    """Points of a piece, drawn, and strains of theirs: of a snapshot in the middle by size, and combinations of all."""

    def __init__(self, training: TrainingSet, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self._piece, run = training.piece(0), training.runs[0]
        self._ips = draw.integers(0, self._piece.operator.n_ip, max(POINTS))
        n = run.snapshots.n_step
        steps = np.unique(np.linspace(0, n - 1, min(n, 20)).astype(int))
        u = np.concatenate([training.read("displacement", 0, slice(int(step), int(step) + 1)) for step in steps])
        strains = self._piece.operator.strain_at(u, self._ips)
        typical = int(np.argsort((strains**2).sum(axis=(1, 2)))[len(steps) // 2])
        mixed = np.tensordot(draw.normal(size=(max(MODES), len(steps))), strains, axes=1)
        self._modes = np.concatenate([strains[typical][None], mixed])[:max(MODES)]
        times = run.snapshots.times[[0, steps[typical]]]
        self._time, self._step = float(times[0]), float(max(times[1] - times[0], 0.0) / max(n - 1, 1)) or 1.0
        self._temperature = _temperatures(self._piece, run.amplitudes, times)

    def _problem(self, n: int, m: int) -> ReducedProblem:
        terms = None if self._temperature is None else self._temperature[:, self._ips[:m]]
        of, ips = self._piece.points, self._ips[:m]
        laws = MaterialPoints.from_arrays(
            of.materials, of.material_index[ips], of.cells[ips], of.numbers[ips], of.coordinates[ips],
            None if of.strain_free_temperature is None else of.strain_free_temperature[ips],
            None if of.orientation is None else of.orientation[ips])
        block = PointBlock([BlockBasis(self._modes[:n, :m], np.full(m, 1.0 / m))], laws, np.zeros((0, m, 6)), terms)
        return ReducedProblem([block], [np.zeros((0, n))])

    def _levels(self) -> tuple[Level, Level]:
        none = np.zeros(0)
        warm = self._temperature is not None
        return (Level(self._time, none, none, np.array([1.0, 0.0]) if warm else None),
                Level(self._time + self._step, none, none, np.array([0.0, 1.0]) if warm else None))

    def iteration(self, n: int, m: int) -> float:
        """Seconds of one iteration: laws with tangents, force, stiffness, solution."""
        problem, (start, end) = self._problem(n, m), self._levels()
        committed, timings, stiffness = virgin(problem, start), Timings(), Stiffness(problem)
        warm = [problem.blocks[0].temperature(end.temperature)]
        there, unit = np.eye(n)[0], np.eye(n)

        def once() -> None:
            trial = integrate(problem, committed, there, end, warm, timings)
            dgesv(np.nan_to_num(stiffness(0, trial)) + unit, trial.force)

        stiffness(0, integrate(problem, committed, 0.0 * there, start, [problem.blocks[0].temperature(
            start.temperature)], timings))
        return _fastest(once)

    def passive(self, n: int, m: int) -> float:
        """Seconds of the laws at points whose state is carried, without tangents."""
        problem, (start, end) = self._problem(n, m), self._levels()
        block = problem.blocks[0]
        before, there = virgin(problem, start).points[0], np.eye(n)[0]
        warm = block.temperature(end.temperature)
        return _fastest(lambda: block.points.integrate(
            before, end.time, block.strain(0, there, np.zeros(0)), warm, False))


def _temperatures(piece: Piece, amplitudes: dict, times: np.ndarray) -> np.ndarray | None:
    """(2, n_ip) at two times, or None."""
    found = piece.temperature(amplitudes, times)
    return None if found is None else np.array(found)


def _fastest(work: Callable[[], object]) -> float:
    work()  # compiles, and fills caches
    best = np.inf
    for _ in range(_REPETITIONS):
        n, begin = 0, perf_counter()
        while (elapsed := perf_counter() - begin) < _ENOUGH or n == 0:
            work()
            n += 1
        best = min(best, elapsed / n if elapsed >= _ENOUGH else np.inf)
    return float(best)
