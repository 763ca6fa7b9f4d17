"""What a reduced run returns: coordinates, stresses and internal variables at the points, and how it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from romlib.blocks import free_memory
from romlib.errors import InputError
from romlib.online.evaluate import Committed
from romlib.online.histories import Histories
from romlib.solution.timings import Timings
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.online.run_state import Redone, RunState

_ALWAYS_FITS = 2**28  # bytes


def refuse_beyond_memory(n_step: int, per_step: int) -> None:
    """InputError where the history of a run would not fit into what memory is free, before anything is solved."""
    needed = n_step * per_step
    if needed < _ALWAYS_FITS:
        return
    free = free_memory()
    if free is not None and needed > free:
        raise InputError("the history of this run does not fit into memory", place="times",
                         found=f"{plural(n_step, 'output time')} of {per_step} bytes: {needed / 2**30:.1f} GiB",
                         expected=f"at most {free / 2**30:.1f} GiB, which are free",
                         remedy="ask for fewer output times, or solve the case in parts")


@dataclass(eq=False)
class ReducedHistory:
    """A converged run. Record 0 is the undeformed, stress-free state at the first time.

    times : (n_step,). coordinates : (n_step, n_mode), gamma; with several clusters, of the cluster of that time,
    padded with zeros. clusters : (n_step,). lifting : (n_step, n_lift), amplitudes of the liftings. force :
    (n_step, n_force), factors of the unit loads.
    stresses : by block, (n_step, n_point, 6). states : by block, by material, (n_step, n, n_state).
    temperatures : by block, (n_step, n_point), or None.
    Empty lists where the run did not record points.
    began, ended : the states of the first and of the last record, from which a run goes on.
    iterations : (n_step,), evaluations of the laws to reach that time, repeated steps included. cutbacks : (n_step,).
    jumps : (n_step,), largest part of the displacement that a switch to another cluster on the way there left, in the
    elastic energy. redone : what could not be solved in the cluster where it was to be. held_in : the cluster that the
    run had to be in from beginning to end; None: it chose.
    """

    times: np.ndarray
    coordinates: np.ndarray
    clusters: np.ndarray
    lifting: np.ndarray
    force: np.ndarray
    stresses: list[np.ndarray]
    states: list[list[np.ndarray]]
    temperatures: list[np.ndarray | None]
    iterations: np.ndarray
    cutbacks: np.ndarray
    timings: Timings = field(default_factory=Timings)
    began: RunState | None = None
    ended: RunState | None = None
    jumps: np.ndarray = field(default_factory=lambda: np.zeros(0))
    redone: list[Redone] = field(default_factory=list)
    held_in: int | None = None

    @classmethod
    def allocate(cls, histories: Histories, n_mode: int, start: Committed, points: bool) -> ReducedHistory:
        """Room for a run over the output times of `histories`; record 0 is `start`, without loads."""
        n_step = len(histories.times)
        kept = start.points if points else []
        arrays = [array for state in kept for array in (state.stress, *state.states, state.temperature)
                  if array is not None]
        refuse_beyond_memory(n_step, 8 * (n_mode + 4) + sum(array.nbytes for array in arrays))

        def series(array: np.ndarray) -> np.ndarray:
            return np.zeros((n_step, *array.shape))

        history = cls(
            histories.times.copy(), np.zeros((n_step, n_mode)), np.zeros(n_step, dtype=int), histories.lifting.copy(),
            histories.force.copy(),
            [series(state.stress) for state in kept], [[series(one) for one in state.states] for state in kept],
            [None if state.temperature is None else series(state.temperature) for state in kept],
            np.zeros(n_step, dtype=int), np.zeros(n_step, dtype=int), jumps=np.zeros(n_step))
        history.lifting[0] = history.force[0] = 0.0
        history.record(0, start)
        return history

    def record(self, step: int, state: Committed) -> None:
        """Keep a converged state as record `step`."""
        self.coordinates[step, :len(state.gamma)] = state.gamma
        self.clusters[step] = state.cluster
        for stress, states, temperature, points in zip(self.stresses, self.states, self.temperatures, state.points):
            stress[step] = points.stress
            for kept, values in zip(states, points.states):
                kept[step] = values
            if temperature is not None:
                temperature[step] = points.temperature
