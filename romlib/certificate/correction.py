"""A history of displacement brought towards equilibrium, in passes that each replay the laws and solve with K_0.

    e_j = K_0^-1 (f_ext - B^T sigma(u + e_1 + ... + e_{j-1}))

This is the iteration of the initial stiffness, over a whole history: e_1 is the error that an elastic structure would
have, and the ratio of one correction to the one before says how much there is still to come.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.certificate.balance import Balance, Block, StoredMotion, stored_motion
from romlib.certificate.stiffness import VirginStiffness
from romlib.errors import LawError
from romlib.fem.replay import STRESS
from romlib.fullorder.problem import Problem
from romlib.snapshots.reader import Snapshots
from romlib.words import plural


@dataclass(eq=False)
class Corrected:
    """A block of steps, corrected.

    motion : what the file has. residual : (n_step, n_owned, d), of the file, zero at constrained dofs.
    force : (n_step,), the larger norm of external and internal force.
    corrections : (n_pass, n_step, n_local, d), e_j.
    inelastic : (n_step, n_local, d), the file's displacement less that of an elastic structure.
    replayed : stress (n_step, n_ip, 6) of the file's displacement, by piece.
    solution : dual fields (n_step, n_ip, n_comp) that stand for the solution, by name and piece; the stress is in
        equilibrium with the loads.
    """

    motion: StoredMotion
    residual: np.ndarray
    force: np.ndarray
    corrections: np.ndarray
    inelastic: np.ndarray
    replayed: Block
    solution: dict[str, Block]

    @property
    def error(self) -> np.ndarray:
        """Sum of the corrections, (n_step, n_local, d)."""
        return self.corrections.sum(axis=0)


class Corrector:
    """Corrects a file block by block, in the order of its steps. Collective.

    passes : at least one. fields : of the laws, by name, that are wanted besides the stress.
    """

    def __init__(self, snapshots: Snapshots, problem: Problem, passes: int, fields: list[str]) -> None:
        self._snapshots, self._problem = snapshots, problem
        self.stiffness = VirginStiffness(problem)
        self._balances = [Balance(problem, fields if k == passes - 1 else []) for k in range(passes)]

    @property
    def step_bytes(self) -> int:
        """What a step takes on the rank where it takes most. Collective."""
        nodes = sum(8 * piece.mesh.dimension * piece.mesh.n_node for piece in self._problem.pieces.values())
        own = sum(balance.step_bytes for balance in self._balances) + (4 + len(self._balances)) * nodes
        return max(self._problem.comm.allgather(own))

    def advance(self, steps: slice) -> Corrected:
        """The next steps. Collective.

        Raises
        ------
        LawError : the laws cannot be integrated, along the file or along a corrected history, which it then says.
        """
        problem = self._problem
        motion = stored_motion(self._snapshots, problem, steps)
        corrections: list[np.ndarray] = []
        missing: np.ndarray | None = motion.missing
        for k, balance in enumerate(self._balances):
            displacement = motion.displacement
            if corrections:
                moved = on_pieces(problem, sum(corrections, np.zeros_like(motion.missing)))
                displacement = {p: u + moved[p] for p, u in motion.displacement.items()}
            try:
                solution, residual, force = balance.advance(motion, displacement)
            except LawError as error:
                raise error if k == 0 else _of_a_later_pass(error, k) from error
            if not corrections:
                first, first_force, replayed = residual, force, solution[STRESS]
                inelastic = self._inelastic(motion, residual, replayed)
            corrections.append(self.stiffness.displacement(residual, missing))
            missing = None  # the first correction has put it right
        last = on_pieces(problem, corrections[-1])
        with problem.comm.agreement():
            solution[STRESS] = {p: stress + self.stiffness.stress(p, last[p]) for p, stress in solution[STRESS].items()}
        return Corrected(motion, first, first_force, np.stack(corrections), inelastic, replayed, solution)

    def _inelastic(self, motion: StoredMotion, residual: np.ndarray, stress: Block) -> np.ndarray:
        """u less the displacement of an elastic structure under the same loads and temperature, (n_step, n_local, d):

            -K_0^-1 (f_ext - B^T C_0 : (eps(u) - eps_thermal))
        """
        problem, numbering = self._problem, self._problem.numbering
        local = np.zeros_like(motion.missing)
        with problem.comm.agreement():
            for p, piece in problem.pieces.items():
                temperature = piece.temperature(problem.model.amplitudes, motion.times)
                strain = piece.operator.strain(motion.displacement[p])
                for k in range(len(strain)):
                    strain[k] = piece.points.mechanical_strain(
                        strain[k], None if temperature is None else temperature[k])
                differs = stress[p] - self.stiffness.stress_of(p, strain)
                differs[motion.at_rest] = 0.0
                local[:, numbering.positions[p]] += piece.operator.internal_force(differs)
        added = np.stack([problem.on_free(numbering.add(of_step)) for of_step in local])
        return -self.stiffness.displacement(residual + added, None)


def on_pieces(problem: Problem, local: np.ndarray) -> Block:
    """Values of this rank's nodes (n_step, n_local, ...) by piece, (n_step, n_node, ...)."""
    return {p: local[:, where] for p, where in problem.numbering.positions.items()}


def _of_a_later_pass(error: LawError, n_done: int) -> LawError:
    return LawError(
        f"the laws fail along the corrected displacement: {error.what}", file=error.file, place=error.place,
        expected="a displacement near the solution", found=f"a correction, after {plural(n_done, 'pass', 'passes')}, "
        "that the laws cannot follow", remedy="the file is far from equilibrium: look at its residual by --passes 1")
