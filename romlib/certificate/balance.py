"""External minus internal force along a history of displacement, block by block, on the pieces of all ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.fem.replay import STRESS
from romlib.fullorder.problem import Problem
from romlib.snapshots.reader import Snapshots

Block = dict[int, np.ndarray]  # by piece: (n_step, n_node or n_ip, n_comp)


@dataclass(eq=False)
class StoredMotion:
    """What a file has of a block of steps.

    displacement : (n_step, n_node, d) by piece. missing : (n_step, n_local, d), prescribed minus stored displacement at
    constrained dofs, zero elsewhere. at_rest : (n_step,) bool, the undeformed body that the run began with.
    """

    times: np.ndarray
    displacement: Block
    missing: np.ndarray
    at_rest: np.ndarray


def stored_motion(snapshots: Snapshots, problem: Problem, steps: slice) -> StoredMotion:
    """Read a block of steps. Collective."""
    times = np.asarray(snapshots.times[steps], dtype=float)
    displacement: Block = {}
    missing = np.zeros((len(times), len(problem.numbering.ids), problem.numbering.dimension))
    moved = np.zeros(len(times))
    with problem.comm.agreement():
        stored = np.zeros_like(missing)
        for p, where in problem.numbering.positions.items():
            u = displacement[p] = snapshots.read("displacement", p, steps)
            stored[:, where] = u
            moved = np.maximum(moved, np.abs(u).max(axis=(1, 2), initial=0.0))
    for k, time in enumerate(times):
        missing[k] = problem.missing(stored[k], float(time))
    moved = np.max(problem.comm.allgather(moved), axis=0)
    at_rest = (moved == 0.0) & (times <= problem.model.initial_time)
    missing[at_rest] = 0.0
    return StoredMotion(times, displacement, missing, at_rest)


class Balance:
    """The laws along one history, and the forces that they leave; blocks of steps come in order. Collective.

    fields : of the laws, by name, to be returned besides the stress.
    """

    def __init__(self, problem: Problem, fields: list[str]) -> None:
        self._problem = problem
        names = [STRESS, *(name for name in fields if name != STRESS)]
        with problem.comm.agreement():
            self._replays = {
                p: piece.replay(problem.model.amplitudes,
                                [name for name in names if name == STRESS or name in piece.points.variables()])
                for p, piece in problem.pieces.items()}

    @property
    def step_bytes(self) -> int:
        """What a step takes on this rank."""
        return sum(replay.step_bytes for replay in self._replays.values())

    def advance(self, motion: StoredMotion, displacement: Block) -> tuple[dict[str, Block], np.ndarray, np.ndarray]:
        """The next steps, at this displacement (n_step, n_node, d) by piece.

        Returns
        -------
        dual fields (n_step, n_ip, n_comp) by name and piece, zero at rest; external minus internal force (n_step,
        n_owned, d), zero at constrained dofs and at rest; the larger of the norms of external and internal force,
        (n_step,).

        Raises
        ------
        LawError : an increment fails however short.
        """
        problem, numbering, times = self._problem, self._problem.numbering, motion.times
        fields: dict[str, Block] = {}
        local = np.zeros((len(times), len(numbering.ids), numbering.dimension))
        with problem.comm.agreement(), problem.timed("law"):
            for p, piece in problem.pieces.items():
                found = self._replays[p].block(times, piece.operator.strain(displacement[p]))
                for name, values in found.items():
                    values[motion.at_rest] = 0.0
                    fields.setdefault(name, {})[p] = values
                local[:, numbering.positions[p]] += piece.operator.internal_force(found[STRESS])
        residual, squares = np.zeros((len(times), numbering.n_owned, numbering.dimension)), np.zeros((len(times), 2))
        for k, time in enumerate(times):
            internal = numbering.add(local[k])
            if not motion.at_rest[k]:
                external = problem.external(time)
                residual[k] = problem.on_free(external - internal)
                squares[k] = (external * external).sum(), (internal * internal).sum()
        total = np.sum(problem.comm.allgather(squares), axis=0)
        return fields, residual, np.sqrt(total.max(axis=1))
