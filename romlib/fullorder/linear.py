"""The linear systems of Newton's method: MUMPS, or multigrid in a Krylov method."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from romlib.errors import RomlibError
from romlib.fullorder import petsc
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.options import DIRECT_UP_TO, FACTORISE_UP_TO, SolverOptions


class LinearSolver:
    """Solves with the matrix of an `Assembly`, in a Krylov method whose preconditioner is kept while it serves.

    "direct": MUMPS' Cholesky factors (L D L^T) of one tangent precondition GMRES for it and for the next ones, until
    that takes more than a few iterations. Where the tangent is not symmetric the factors are those of its upper
    triangle; where that does not serve, those of an LU factorisation. "gamg", "hypre": multigrid in CG, or in GMRES
    where the tangent is not symmetric; its levels are kept in the same way. "auto" chooses by the number of dofs, and
    goes over to MUMPS where multigrid takes too many iterations.

    name : what it is. n_setup, n_solve, n_iteration : counted.
    """

    def __init__(self, matrix: Any, numbering: Numbering, options: SolverOptions) -> None:
        self._matrix, self._numbering, self._options = matrix, numbering, options
        kind = options.linear_solver
        if kind == "auto":
            kind = "direct" if numbering.dimension * numbering.n_total <= DIRECT_UP_TO else "gamg"
        self._kind = kind
        self.name = {"direct": "MUMPS", "gamg": "GAMG", "hypre": "hypre BoomerAMG"}[kind]
        self.n_setup = self.n_solve = self.n_iteration = 0
        self._right, self._solution = numbering.vector(), numbering.vector()
        if kind != "direct":
            coordinates = numbering.vector()
            coordinates.array[:] = numbering.points[numbering.owned].ravel()
            matrix.setNearNullSpace(petsc.load().NullSpace().createRigidBody(coordinates))
        self._may_factorise = (options.linear_solver == "auto"
                               and numbering.dimension * numbering.n_total <= FACTORISE_UP_TO)
        self._lu, self._definite = False, True
        self._serves = False  # whether there is a preconditioner that is worth another solve
        self._spent = self._fresh_iterations = 0
        self._factored: int | None = None  # the state of the matrix that the factors are of, where that is known
        self._ksp = self._make()

    def _make(self) -> Any:
        PETSc, options = petsc.load(), self._options
        ksp = PETSc.KSP().create(petsc.communicator(self._numbering.comm))
        ksp.setOptionsPrefix(petsc.PREFIX)
        preconditioner = ksp.getPC()
        if self._kind == "direct":
            preconditioner.setType(PETSc.PC.Type.LU if self._lu else PETSc.PC.Type.CHOLESKY)
            preconditioner.setFactorSolverType(PETSc.Mat.SolverType.MUMPS)
        else:
            preconditioner.setType(PETSc.PC.Type.GAMG if self._kind == "gamg" else PETSc.PC.Type.HYPRE)
        ksp.setType(PETSc.KSP.Type.GMRES)
        ksp.setPCSide(PETSc.PC.Side.RIGHT)
        ksp.setTolerances(rtol=options.linear_tolerance, atol=0.0, max_it=500)
        ksp.setOperators(self._matrix)
        with self._in_database():
            ksp.setFromOptions()
            self._fixed_type = PETSc.Options().hasName(petsc.PREFIX + "ksp_type")
        return ksp

    @contextmanager
    def _in_database(self) -> Iterator[None]:
        """With our options in PETSc's database, which all of the process shares; afterwards it is as it was."""
        database, given = petsc.load().Options(), _pairs(self._options.petsc)
        defaults: dict[str, object] = {"ksp_gmres_restart": 60}
        if self._kind == "direct":
            defaults["mat_mumps_icntl_14"] = 80
        before: dict[str, str | None] = {}
        for name, value in {**defaults, **given}.items():
            name = petsc.PREFIX + name
            there = database.hasName(name)
            if there and name.removeprefix(petsc.PREFIX) not in given:
                continue
            before[name] = database.getString(name) if there else None
            database.setValue(name, value)
        try:
            yield
        finally:
            for name, old in before.items():
                database.delValue(name)
                if old is not None:
                    database.setValue(name, old)

    def solve(self, right: np.ndarray, symmetric: bool) -> np.ndarray | None:
        """Solution (n_owned, d) for the matrix as it is now; None where it failed (a singular matrix). Collective.

        right : (n_owned, d), d the dimension of the mesh. symmetric : whether the matrix is.
        """
        self._right.array[:] = right.ravel()
        if self._kind != "direct":
            self._choose(symmetric and self._definite)
        if self._serves and self._attempt(reuse=True):
            iterations = self._ksp.getIterationNumber()
            if self._kind == "direct":
                self._spent += max(0, iterations - _FEW)
                self._serves = self._spent <= _BUDGET
            else:
                self._serves = iterations <= 5 + 3 * self._fresh_iterations // 2
            return np.array(self._solution.array).reshape(-1, self._numbering.dimension)
        self._serves = self._attempt(reuse=False)
        if not self._serves and self._kind == "direct" and not symmetric and not self._lu:
            self._lu = True
            self._remake()
            self._serves = self._attempt(reuse=False)
        elif not self._serves and self._kind != "direct" and symmetric and self._definite:
            self._definite = False  # where much yields, multigrid may be indefinite, which GMRES does not mind
            self._choose(False)
            self._serves = self._attempt(reuse=True)
        if self._may_factorise and self._kind != "direct" and (
                not self._serves or self._ksp.getIterationNumber() > _SLOW):
            self._kind, self.name = "direct", "GAMG, then MUMPS"
            self._remake()
            self._serves = self._attempt(reuse=False)
        if not self._serves:
            return None
        self._spent, self._fresh_iterations = 0, self._ksp.getIterationNumber()
        return np.array(self._solution.array).reshape(-1, self._numbering.dimension)

    def solve_all(self, rights: np.ndarray, symmetric: bool) -> np.ndarray | None:
        """Solutions (n, n_owned, d) for several right-hand sides (n, n_owned, d) of one matrix. Collective.

        Factors take them as one block, which costs a fraction of n solves; None where one of them failed.
        """
        found = np.zeros_like(rights)
        for k, right in enumerate(rights):
            if self._factored == self._matrix.stateGet():
                found[k:] = self._by_factors(rights[k:])
                break
            solution = self.solve(right, symmetric)
            if solution is None:
                return None
            found[k] = solution
        return found

    def _by_factors(self, rights: np.ndarray) -> np.ndarray:
        """Solutions by the factors as they are. Collective."""
        PETSc, numbering, n, d = petsc.load(), self._numbering, len(rights), self._numbering.dimension
        sizes = ((d * numbering.n_owned, d * numbering.n_total), (None, n))
        right, solution = (PETSc.Mat().createDense(sizes, comm=petsc.communicator(numbering.comm)) for _ in range(2))
        for matrix in (right, solution):
            matrix.setUp()  # without it PETSc leaves them without memory
        right.getDenseArray()[:] = rights.reshape(n, -1).T
        for matrix in (right, solution):
            matrix.assemble()
        self._ksp.getPC().getFactorMatrix().matSolve(right, solution)
        self.n_solve += n
        found = np.array(solution.getDenseArray()).T.reshape(rights.shape)
        right.destroy()
        solution.destroy()
        return found

    def weakest(self) -> np.ndarray | None:
        """The motion (n_owned, d), of length one, that the factors of the last tangent resist least. Collective.

        By inverse iteration; None without factors.
        """
        PETSc, numbering = petsc.load(), self._numbering
        first, length = (numbering.dimension * n for n in (numbering.first, numbering.n_owned))
        if self._kind != "direct":
            return None
        vector, other = self._numbering.vector(), self._numbering.vector()
        start = np.random.default_rng(0).standard_normal(numbering.dimension * numbering.n_total)  # of all ranks
        vector.array[:] = start[first:first + length]
        for _ in range(_WEAKEST):
            try:
                self._ksp.getPC().apply(vector, other)
            except PETSc.Error as error:
                if error.ierr in _MATRIX_FAULTS:
                    return None
                raise
            norm = other.norm()
            if not 0.0 < norm < np.inf:
                return None
            other.scale(1.0 / norm)
            vector, other = other, vector
        return np.array(vector.array).reshape(-1, self._numbering.dimension)

    def _remake(self) -> None:
        self._ksp.destroy()
        self._ksp = self._make()

    def _choose(self, definite: bool) -> None:
        """CG for a symmetric matrix and preconditioner, else GMRES; unless PETSc's options say which."""
        PETSc = petsc.load()
        if not self._fixed_type:
            self._ksp.setType(PETSc.KSP.Type.CG if definite else PETSc.KSP.Type.GMRES)
            self._ksp.setPCSide(PETSc.PC.Side.LEFT if definite else PETSc.PC.Side.RIGHT)

    def _attempt(self, reuse: bool) -> bool:
        """One solve, with the preconditioner that is there or a new one; whether it converged. Collective."""
        PETSc = petsc.load()
        if self._kind == "direct":
            # For MUMPS to take the upper triangle alone, which is all of a symmetric matrix; products use all entries.
            self._matrix.setOption(PETSc.Mat.Option.SYMMETRIC, not self._lu)
        self._ksp.getPC().setReusePreconditioner(reuse)
        self._ksp.setOperators(self._matrix)
        self._ksp.setTolerances(max_it=_STALE if reuse and self._kind == "direct" else 500)
        try:
            if not reuse:
                self._factored = None
                with self._in_database():  # the factors, the levels read their options now
                    self._ksp.setUp()
                self.n_setup += 1
            self._ksp.solve(self._right, self._solution)
        except PETSc.Error as error:
            if error.ierr in _MATRIX_FAULTS:
                return False
            raise RomlibError(f"PETSc failed to solve a linear system (error {error.ierr}): {error}") from error
        self.n_solve += 1
        self.n_iteration += self._ksp.getIterationNumber()
        if not reuse and self._kind == "direct" and self._ksp.getIterationNumber() == 1:
            self._factored = self._matrix.stateGet()  # new factors, of all of it: they solve without a Krylov method
        return self._ksp.getConvergedReason() > 0


_STALE = 30  # iterations with old factors in one solve before new ones are made
_WEAKEST = 3  # inverse iterations
_FEW = 3  # iterations that factors of a nearby tangent need
_BUDGET = 100  # what old factors may cost in further iterations, all in all: about the cost of new ones at 1e5 dofs
# Iterations with new levels above which factors are the better choice, where memory allows: a solve with MUMPS' factors
# costs about as much as 10 (a slender body) to 30 (a cube) of multigrid's iterations, at 100,000 dofs.
_SLOW = 30
_MATRIX_FAULTS = (71, 76, 77, 81)  # zero pivot, error in an external library or its matrix


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
