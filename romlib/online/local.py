"""The problem of one cluster: its basis, at the points that it weighs; the other points once a step.

Newton's method needs the laws where the weights are, in every iteration. The state of the other points (of other
clusters, of reconstruction, of control) only has to be carried: one evaluation at the end of a step, without tangents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg.lapack import dgetrf

from romlib.laws.points import PointsResult
from romlib.laws.subset import PointSubset, joined
from romlib.online.evaluate import Committed, HeldForce, Trial
from romlib.online.histories import Level
from romlib.online.predictor import Factors
from romlib.online.problem import PointBlock, ReducedProblem
from romlib.online.stiffness import Stiffness
from romlib.solution.timings import Timings
from romlib.stepping.newton import Failure

if TYPE_CHECKING:
    from romlib.laws.state import PointState


@dataclass(frozen=True, eq=False)
class Split:
    """A block whose basis leaves points without weight.

    active, passive : those with weight, and those without. block : of the latter.
    """

    active: PointSubset
    passive: PointSubset
    block: PointBlock


@dataclass(frozen=True, eq=False)
class LocalProblem:
    """problem : of one basis, at its points. splits : by block; None where (nearly) all of its points have a weight."""

    problem: ReducedProblem
    splits: tuple[Split | None, ...]

    @classmethod
    def of(cls, whole: ReducedProblem, cluster: int) -> LocalProblem:
        """The problem of a cluster, made once. One that is shared out over ranks keeps all of its points."""
        if cluster not in whole.locals:
            whole.locals[cluster] = cls._made(whole, cluster)
        return whole.locals[cluster]

    @classmethod
    def _made(cls, whole: ReducedProblem, cluster: int) -> LocalProblem:
        parts = [None if whole.combine is not None else block.bases[cluster].parts for block in whole.blocks]
        if len(whole.loads) == 1 and not any(parts):
            return cls(whole, (None,) * len(parts))
        blocks: list[PointBlock] = []
        splits: list[Split | None] = []
        for block, part in zip(whole.blocks, parts):
            if part is None:
                blocks.append(replace(block, bases=[block.bases[cluster]]))
                splits.append(None)
                continue
            active, passive = (PointSubset(block.points, one.rows) for one in part)
            blocks.append(block.at(part[0], active.points))
            splits.append(Split(active, passive, block.at(part[1], passive.points)))
        return cls(replace(whole, blocks=blocks, loads=[whole.loads[cluster]], switcher=None), tuple(splits))

    @cached_property
    def scale(self) -> float:
        """The force that a stress of norm one does at most: what forces in different bases are compared by."""
        return float(np.linalg.norm(self.problem.total([
            block.bases[0].sizes.sum(axis=1) for block in self.problem.blocks])))


class LocalRun:
    """What a run has of a cluster: its problem, and what the run keeps for it.

    problem : at the points of the cluster. held_force, stiffness : of it.

    Parameters
    ----------
    rest : the virgin state of all points.
    """

    def __init__(self, whole: ReducedProblem, cluster: int, rest: Committed) -> None:
        self.cluster, self._local = cluster, LocalProblem.of(whole, cluster)
        self.problem = self._local.problem
        self._is_split = any(self._local.splits)
        self._points: Sequence[PointState] | None = None  # of all points, whose parts are known
        self._parts: list[tuple[PointState, PointState | None]] = []
        self._rest = self.begin(rest)
        self.held_force = HeldForce(self.problem, self._rest)
        self.stiffness = Stiffness(self.problem)

    @cached_property
    def elastic(self) -> Factors | None:
        """LU factors and pivots of the tangent of the virgin state; None where it is singular.

        A run that enters the cluster in its middle has no other elastic tangent of it.
        """
        results = [PointsResult(state, block.points.virgin_tangent(state.time, state.temperature))
                   for block, state in zip(self.problem.blocks, self._rest.points)]
        gamma = np.zeros(self.problem.n_mode(0))
        lu, pivots, info = dgetrf(self.stiffness(0, Trial(gamma, results, gamma, False)))
        return (lu, pivots) if info == 0 else None

    @property
    def scale(self) -> float:
        """See `LocalProblem.scale`."""
        return self._local.scale

    def begin(self, committed: Committed) -> Committed:
        """A state of this cluster at its own points."""
        if not self._is_split and committed.cluster == 0:
            return committed
        if committed.points is not self._points:
            self._points, self._parts = committed.points, [
                (state, None) if split is None else (split.active.take(state), split.passive.take(state))
                for split, state in zip(self._local.splits, committed.points)]
        return Committed(committed.time, 0, committed.gamma, committed.lifting, [part[0] for part in self._parts])

    def temperatures(self, level: Level) -> list[np.ndarray | None]:
        """At the points of the cluster, by block."""
        return [block.temperature(level.temperature) for block in self.problem.blocks]

    def complete(self, trial: Trial, level: Level, timings: Timings) -> list[PointState] | Failure:
        """The state of all points at the end of the step that `begin` was last asked for, in equilibrium at `trial`.

        A failure where a law fails at a point that only carries its state: it names the point.
        """
        if not self._is_split:
            return [result.state for result in trial.results]
        assert self._points is not None  # a step was begun
        points: list[PointState] = []
        parts: list[tuple[PointState, PointState | None]] = []
        for result, split, before, (_, passive) in zip(trial.results, self._local.splits, self._points, self._parts):
            if split is None or passive is None:
                points.append(result.state)
                parts.append((result.state, None))
                continue
            clock = perf_counter()
            strain = split.block.strain(0, trial.gamma, level.lifting)
            temperature = split.block.temperature(level.temperature)
            before_law = perf_counter()
            timings.linear_algebra += before_law - clock
            end = split.passive.points.integrate(passive, level.time, strain, temperature, tangent=False)
            timings.law += perf_counter() - before_law
            if len(end.failed_points) or not np.isfinite(end.state.stress).all():
                return _failed(split, end, passive)
            points.append(joined(before, [(split.active, result.state), (split.passive, end.state)]))
            parts.append((result.state, end.state))
        self._points, self._parts = points, parts
        return points


def _failed(split: Split, end: PointsResult, before: PointState) -> Failure:
    worst, _ = end.worst(before)
    factor = end.dt_factor if len(end.failed_points) and 0.0 < end.dt_factor < 1.0 else 0.5
    return Failure("a constitutive law failed at a point that has no weight and only carries its state", factor,
                   int(split.passive.points.cells[worst]), int(split.passive.points.numbers[worst]))
