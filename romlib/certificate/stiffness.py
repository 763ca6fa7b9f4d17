"""Displacement and stress that a residual accounts for, by the stiffness of the virgin material."""

from __future__ import annotations

import numpy as np
from numba import njit

from romlib.errors import InputError
from romlib.fullorder.problem import Problem


class VirginStiffness:
    """K_0, factorised once; every residual is a right-hand side. Collective.

    tangents : (n_ip, 6, 6) by piece, C_0 at the initial temperature.

    Raises
    ------
    LawError : a law fails in an increment without strain.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        with problem.comm.agreement():
            self.tangents = {p: np.ascontiguousarray(piece.virgin_tangent()) for p, piece in problem.pieces.items()}
        with problem.timed("assembly"):
            self._symmetric = problem.assembly.update(self.tangents)

    def displacement(self, residual: np.ndarray, missing: np.ndarray | None) -> np.ndarray:
        """The displacement (n_step, n_local, d) that brings forces of this size into equilibrium, elastically.

            e = d + K_0^-1 (R - B^T C_0 B d) at free dofs,  e = d at constrained ones

        Parameters
        ----------
        residual : R (n_step, n_owned, d), zero at constrained dofs. missing : d (n_step, n_local, d), zero at free
            ones; None: zero everywhere.

        Raises
        ------
        InputError : the linear solver failed.
        """
        problem, numbering = self._problem, self._problem.numbering
        found = np.zeros((len(residual), len(numbering.ids), numbering.dimension))
        if missing is not None and not any(problem.comm.allgather(bool(missing.any()))):
            missing = None  # as in most files; else it costs a pass over all points
        if missing is not None:
            residual = residual - self._force_of(missing)
        nonzero = np.any(problem.comm.allgather(np.abs(residual).max(axis=(1, 2), initial=0.0) > 0.0), axis=0)
        with problem.timed("solve"):
            solutions = problem.linear.solve_all(residual[nonzero], self._symmetric)
            if solutions is None:
                raise InputError("the system of the virgin stiffness could not be solved",
                                 found=f"{problem.linear.name} failed or did not converge",
                                 remedy="do the constraints hold the body? Else try --linear-solver direct")
            for k, solution in zip(np.flatnonzero(nonzero), solutions):
                found[k] = problem.motion(solution)
        return found if missing is None else found + missing

    def _force_of(self, displacement: np.ndarray) -> np.ndarray:
        """B^T C_0 B d (n_step, n_owned, d) at the free dofs. Collective."""
        problem, numbering = self._problem, self._problem.numbering
        local = np.zeros_like(displacement)
        with problem.comm.agreement():
            for p, piece in problem.pieces.items():
                where = numbering.positions[p]
                stress = self.stress(p, displacement[:, where])
                local[:, where] += piece.operator.internal_force(stress)
        return np.stack([problem.on_free(numbering.add(of_step)) for of_step in local])

    def stress(self, piece: int, displacement: np.ndarray) -> np.ndarray:
        """C_0 : eps(e) (n_step, n_ip, 6) of one piece, of e (n_step, n_node, d)."""
        return self.stress_of(piece, self._problem.pieces[piece].operator.strain(displacement))

    def stress_of(self, piece: int, strain: np.ndarray) -> np.ndarray:
        """C_0 : strain (n_step, n_ip, 6) of one piece."""
        out = np.empty(strain.shape)
        _apply(self.tangents[piece], np.ascontiguousarray(strain), out)
        return out


@njit(cache=True)
def _apply(tangent: np.ndarray, strain: np.ndarray, out: np.ndarray) -> None:
    """Stress (n_step, n_ip, 6) of strains; batched products of NumPy take four times as long."""
    for t in range(strain.shape[0]):
        for n in range(strain.shape[1]):
            for i in range(6):
                total = 0.0
                for j in range(6):
                    total += tangent[n, i, j] * strain[t, n, j]
                out[t, n, i] = total
