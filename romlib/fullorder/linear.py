"""The linear systems of Newton's method: MUMPS, or multigrid in a Krylov method."""

from __future__ import annotations

from typing import Any

import numpy as np

from romlib.errors import RomlibError
from romlib.fullorder import petsc
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.options import DIRECT_UP_TO, SolverOptions


class LinearSolver:
    """Solves with the matrix of an `Assembly`; one Krylov object for symmetric tangents, one for the others.

    name : what it is. n_setup, n_solve, n_iteration : counted.
    """

    def __init__(self, matrix: Any, numbering: Numbering, options: SolverOptions) -> None:
        self._matrix, self._numbering, self._options = matrix, numbering, options
        kind = options.linear_solver
        if kind == "auto":
            kind = "direct" if 3 * numbering.n_total <= DIRECT_UP_TO else "gamg"
        self._kind = kind
        self.name = {"direct": "MUMPS", "gamg": "GAMG", "hypre": "hypre BoomerAMG"}[kind]
        self._solvers: dict[bool, Any] = {}
        self._current: Any = None
        self.n_setup = self.n_solve = self.n_iteration = 0
        self._right, self._solution = numbering.vector(), numbering.vector()
        if kind != "direct":
            coordinates = numbering.vector()
            coordinates.array[:] = numbering.points[numbering.owned].ravel()
            matrix.setNearNullSpace(petsc.load().NullSpace().createRigidBody(coordinates))

    def set_up(self, symmetric: bool) -> bool:
        """Factorise, or build the levels, of the matrix as it is now; False where that fails (a singular matrix)."""
        PETSc = petsc.load()
        if symmetric not in self._solvers:
            self._solvers[symmetric] = self._make(symmetric)
        self._current = self._solvers[symmetric]
        self._matrix.setOption(PETSc.Mat.Option.SYMMETRIC, symmetric)
        self._current.setOperators(self._matrix)
        try:
            self._current.setUp()
        except PETSc.Error as error:
            if error.ierr in _MATRIX_FAULTS:
                return False
            raise RomlibError(f"PETSc failed to set up the linear solver (error {error.ierr}): {error}") from error
        self.n_setup += 1
        return True

    def _make(self, symmetric: bool) -> Any:
        PETSc = petsc.load()
        ksp = PETSc.KSP().create(petsc.communicator(self._numbering.comm))
        ksp.setOptionsPrefix(petsc.PREFIX)
        preconditioner = ksp.getPC()
        if self._kind == "direct":
            ksp.setType(PETSc.KSP.Type.PREONLY)
            preconditioner.setType(PETSc.PC.Type.CHOLESKY if symmetric else PETSc.PC.Type.LU)
            preconditioner.setFactorSolverType(PETSc.Mat.SolverType.MUMPS)
        else:
            ksp.setType(PETSc.KSP.Type.CG if symmetric else PETSc.KSP.Type.GMRES)
            ksp.setTolerances(rtol=self._options.linear_tolerance, atol=0.0, max_it=500)
            preconditioner.setType(PETSc.PC.Type.GAMG if self._kind == "gamg" else PETSc.PC.Type.HYPRE)
        database = PETSc.Options()
        defaults: dict[str, object] = {"mat_mumps_icntl_14": 80} if self._kind == "direct" else {}
        if self._kind == "gamg":
            defaults = {"mg_levels_ksp_type": "chebyshev", "mg_levels_pc_type": "jacobi", "ksp_gmres_restart": 100}
        given = _pairs(self._options.petsc)
        for name, value in {**defaults, **given}.items():
            if name in given or not database.hasName(petsc.PREFIX + name):
                database.setValue(petsc.PREFIX + name, value)
        ksp.setFromOptions()
        return ksp

    def solve(self, right: np.ndarray) -> np.ndarray | None:
        """Solution (n_owned, 3) for the right-hand side (n_owned, 3); None where it failed."""
        self._right.array[:] = right.ravel()
        self._current.solve(self._right, self._solution)
        self.n_solve += 1
        self.n_iteration += self._current.getIterationNumber()
        if self._current.getConvergedReason() < 0:
            return None
        return np.array(self._solution.array).reshape(-1, 3)


_MATRIX_FAULTS = (71, 72, 76, 77)  # zero pivot in LU, in Cholesky; error in an external library; ... of the matrix


def _pairs(text: str) -> dict[str, str | None]:
    """Options "-name value -flag" as a dictionary; a flag has the value None."""
    words, found = text.split(), {}
    for k, word in enumerate(words):
        if word.startswith("-") and not _is_number(word):
            value = words[k + 1] if k + 1 < len(words) else "-"
            found[word.lstrip("-").removeprefix(petsc.PREFIX)] = (
                None if value.startswith("-") and not _is_number(value) else value)
    return found


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
