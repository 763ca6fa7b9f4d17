"""The clusters of a run: which one an increment is solved in, and a state carried from one to another."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from romlib.online.evaluate import Committed, integrate
from romlib.online.histories import Level
from romlib.online.local import LocalRun
from romlib.online.predictor import Predictor
from romlib.online.problem import ReducedProblem
from romlib.online.run_state import Begun, RunState
from romlib.online.switching import Switcher, Where
from romlib.solution.timings import Timings


class Clusters:
    """The clusters of a problem with what a run has of each, made when the run first enters it.

    switcher : what chooses among them; None: nothing does.

    Parameters
    ----------
    rest : the virgin state of all points. timings : of the run.
    """

    def __init__(
        self, problem: ReducedProblem, rest: Committed, switcher: Switcher | None, timings: Timings
    ) -> None:
        self.switcher, self._problem, self._rest, self._timings = switcher, problem, rest, timings
        self._locals: dict[int, LocalRun] = {}

    @property
    def fallback(self) -> int | None:
        """The cluster whose basis is made of all snapshots."""
        return None if self.switcher is None else self.switcher.fallback

    def local(self, cluster: int) -> LocalRun:
        """What the run has of a cluster."""
        if cluster not in self._locals:
            self._locals[cluster] = LocalRun(self._problem, cluster, self._rest)
        return self._locals[cluster]

    def begun(self, state: RunState, predictor: Predictor, level: Level) -> Begun:
        """An increment from `state` to `level` in its own cluster."""
        clock = perf_counter()
        local = self.local(state.committed.cluster)
        start, external = local.begin(state.committed), level.force.dot(local.problem.loads[0])
        gamma = predictor.predict(start, level, external)
        self._timings.linear_algebra += perf_counter() - clock
        return Begun(local, state, start, external, predictor, gamma, state.barred)

    def begun_elsewhere(self, cluster: int, here: Begun, before: Level, level: Level) -> Begun:
        """The same increment in another cluster: its first guess is that of the present one, projected.

        before : what is imposed at its beginning.
        """
        assert self.switcher is not None
        clock = perf_counter()
        local, state = self.local(cluster), self.moved(here.state, cluster)
        start, loads = local.begin(state.committed), local.problem.loads[0]
        external = level.force.dot(loads)
        change = external - before.force.dot(loads), level.lifting - start.lifting
        predictor = Predictor.in_new_basis(local.elastic, change)
        gamma = self.switcher.projected(Where(here.local.cluster, here.gamma, level.lifting), cluster)
        self._timings.linear_algebra += perf_counter() - clock
        return Begun(local, state, start, external, predictor, gamma, here.barred)

    def moved(self, state: RunState, cluster: int) -> RunState:
        """A state in another cluster: its displacement projected, the points as they are, the force to its scale."""
        assert self.switcher is not None
        committed = state.committed
        gamma = self.switcher.projected(where(committed), cluster)
        scale = self.local(cluster).scale / self.local(committed.cluster).scale
        return replace(state, committed=replace(committed, cluster=cluster, gamma=gamma),
                       reference_force=scale * state.reference_force, memory=None)

    def wanted(self, here: Begun, before: Level, level: Level) -> int:
        """The cluster for the displacement that is expected at the end of an increment from `before` to `level`.

        The present basis cannot show what it lacks, and would be the nearest to its own displacement for ever: what
        the structure would answer to its residual in the global basis is added.
        """
        if self.switcher is None:
            return here.local.cluster
        switcher, committed = self.switcher, here.state.committed
        if here.predictor.memory.factors is None and switcher.at_rest(where(committed)):
            return self._at_rest(switcher, committed, level)
        clock = perf_counter()
        missing = self._missing(switcher, committed, before)
        expected = Where(committed.cluster, here.gamma, level.lifting, missing)
        chosen = switcher.nearest(expected) if missing or not switcher.at_rest(expected) else None
        self._timings.linear_algebra += perf_counter() - clock
        return self._at_rest(switcher, committed, level) if chosen is None else chosen

    def _missing(self, switcher: Switcher, committed: Committed, level: Level) -> tuple[int, np.ndarray] | None:
        """What a state in equilibrium in its own basis lacks to be so in the global one, or in the best of the others.

        From the stress at all points, with the elastic answer of the virgin structure.
        """
        problem, found, most = self._problem, None, switcher.rest * switcher.rest
        others = switcher.local if switcher.fallback is None else [switcher.fallback]
        for cluster in others:
            if cluster == committed.cluster:
                continue
            force = problem.total([block.bases[cluster].rough_force(at.stress)
                                   for block, at in zip(problem.blocks, committed.points)])
            delta, energy = switcher.answer(cluster, level.force.dot(problem.loads[cluster]) - force)
            if energy > most:
                found, most = (cluster, delta), energy
        return found

    def _at_rest(self, switcher: Switcher, committed: Committed, level: Level) -> int:
        """The cluster for what the structure answers, in the global basis or in the best of the local ones."""
        found, most = None, switcher.rest * switcher.rest
        for cluster in switcher.local if switcher.fallback is None else [switcher.fallback]:
            local, gamma = self.local(cluster), np.zeros(self._problem.n_mode(cluster))
            start = local.begin(replace(committed, cluster=cluster, gamma=gamma))
            trial = integrate(local.problem, start, gamma, level, local.temperatures(level), self._timings)
            residual = level.force.dot(local.problem.loads[0]) - trial.force
            if trial.failed or not np.isfinite(residual).all():
                continue
            delta, energy = switcher.answer(cluster, residual)
            if energy > most:
                found, most = Where(cluster, delta, level.lifting), energy
        if found is None:
            return committed.cluster
        return found.cluster if found.cluster != switcher.fallback else switcher.nearest(found)

    def jump(self, old: Committed, new: Committed) -> float:
        """How far a state is from what it was in another cluster, see `Switcher.jump`; zero in the same one."""
        if self.switcher is None or old.cluster == new.cluster:
            return 0.0
        return self.switcher.jump(where(old), where(new))


def where(committed: Committed) -> Where:
    """The displacement of a state."""
    return Where(committed.cluster, committed.gamma, committed.lifting)
