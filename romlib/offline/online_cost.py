"""What an online step costs on this machine: a small run of the online code with the laws of a training set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
_ENOUGH = 0.008  # seconds that a case takes at least in a round
_ROUNDS = 6


def measure_cost(training: TrainingSet, seed: int = 0) -> CostModel:
    """The cost model of the laws of the first piece, strained as by a snapshot of the first run. A second or two.

    Times are of this process alone: on several ranks the first one measures, for all of them.
    """
    sample = _Sample(training, seed)
    cases = [(n, m) for n in MODES for m in POINTS]
    seconds = _fastest([work for n, m in cases for work in (sample.iteration(n, m), sample.passive(n, m))])
    return fitted([n for n, _ in cases], [m for _, m in cases], seconds[::2], seconds[1::2])


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

    def iteration(self, n: int, m: int) -> Callable[[], object]:
        """The work of one iteration: laws with tangents, force, stiffness, solution."""
        problem, (start, end) = self._problem(n, m), self._levels()
        committed, timings, stiffness = virgin(problem, start), Timings(), Stiffness(problem)
        warm = [problem.blocks[0].temperature(end.temperature)]
        there, unit = np.eye(n)[0], np.eye(n)

        def once() -> None:
            trial = integrate(problem, committed, there, end, warm, timings)
            dgesv(np.nan_to_num(stiffness(0, trial)) + unit, trial.force)

        stiffness(0, integrate(problem, committed, 0.0 * there, start, [problem.blocks[0].temperature(
            start.temperature)], timings))
        return once

    def passive(self, n: int, m: int) -> Callable[[], object]:
        """The work of the laws at points whose state is carried, without tangents."""
        problem, (start, end) = self._problem(n, m), self._levels()
        block = problem.blocks[0]
        before, there = virgin(problem, start).points[0], np.eye(n)[0]
        warm = block.temperature(end.temperature)
        return lambda: block.points.integrate(before, end.time, block.strain(0, there, np.zeros(0)), warm, False)


def _temperatures(piece: Piece, amplitudes: dict, times: np.ndarray) -> np.ndarray | None:
    """(2, n_ip) at two times, or None."""
    found = piece.temperature(amplitudes, times)
    return None if found is None else np.array(found)


def _fastest(works: Sequence[Callable[[], object]]) -> list[float]:
    """Seconds of each, the best of several rounds over all: what else the machine does hits none of them alone."""
    best = [np.inf] * len(works)
    for work in works:
        work()  # compiles, and fills caches
    for _ in range(_ROUNDS):
        for k, work in enumerate(works):
            n, begin = 0, perf_counter()
            while (elapsed := perf_counter() - begin) < _ENOUGH or n == 0:
                work()
                n += 1
            best[k] = min(best[k], elapsed / max(n, 1))
    return [float(value) for value in best]
