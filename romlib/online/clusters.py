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

    def wanted(self, here: Begun, level: Level) -> int:
        """The cluster for the displacement that is expected at the end of an increment.

        From rest, where nothing is expected, the one whose basis answers best to what is imposed.
        """
        if self.switcher is None:
            return here.local.cluster
        clock, committed = perf_counter(), here.state.committed
        expected = Where(committed.cluster, here.gamma, level.lifting)
        known = here.predictor.memory.factors is not None or not self.switcher.at_rest(where(committed))
        if known and not self.switcher.at_rest(expected):
            chosen = self.switcher.nearest(expected)
            self._timings.linear_algebra += perf_counter() - clock
            return chosen
        answers = {cluster: self._elastic_energy(cluster, committed, level) for cluster in self.switcher.local}
        best = max(answers, key=answers.__getitem__)
        return best if answers[best] > self.switcher.rest**2 else committed.cluster

    def _elastic_energy(self, cluster: int, committed: Committed, level: Level) -> float:
        """Twice the energy that one elastic step from rest releases in a basis; the best basis releases most."""
        local, gamma = self.local(cluster), np.zeros(self._problem.n_mode(cluster))
        start = local.begin(replace(committed, cluster=cluster, gamma=gamma))
        trial = integrate(local.problem, start, gamma, level, local.temperatures(level), self._timings)
        residual = level.force.dot(local.problem.loads[0]) - trial.force
        stiffness = local.stiffness(0, trial)
        if trial.failed or not (np.isfinite(stiffness).all() and np.isfinite(residual).all()):
            return 0.0
        return float(residual @ np.linalg.lstsq(stiffness, residual, rcond=None)[0])

    def jump(self, old: Committed, new: Committed) -> float:
        """How far a state is from what it was in another cluster, see `Switcher.jump`; zero in the same one."""
        if self.switcher is None or old.cluster == new.cluster:
            return 0.0
        return self.switcher.jump(where(old), where(new))


def where(committed: Committed) -> Where:
    """The displacement of a state."""
    return Where(committed.cluster, committed.gamma, committed.lifting)
