"""Options of the full-order solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from romlib.errors import InputError
from romlib.stepping.increments import OnCut
from romlib.words import unknown

LINEAR_SOLVERS = ("auto", "direct", "gamg", "hypre")

# "auto", in dofs. Measured on a cube of 103,000 dofs, elastoviscoplastic, 20 steps on two ranks
# (benchmarks/fullorder.py): MUMPS 88 s and 1.4 GiB a rank, GAMG 42 s and 0.7 GiB. On a slender blade of 100,000 dofs,
# on one rank: MUMPS 39 s, GAMG 142 s.
DIRECT_UP_TO = 60_000  # below, factors cost seconds, whatever the shape, and results depend on ranks by rounding only
FACTORISE_UP_TO = 500_000  # where multigrid converges badly, factors still fit into a few GiB


@dataclass(frozen=True)
class SolverOptions:
    """Options of `romlib.fullorder.solver.solve`.

    tolerance : converged when ||f_ext - f_int|| over the free dofs <= tolerance * max(||f_ext||, ||f_int||, floor).
        Euclidean norms; f_int over all dofs, so that reactions count. The floor is the largest such maximum over the
        converged steps so far, and the force of imposed thermal strains without cancellation (`Floor`): a load that
        passes through zero, or heating alone, keeps a meaningful reference.
    max_iterations : law evaluations in one attempt of a step.
    max_cutbacks : a step is never shorter than the interval between two output times times 0.5**max_cutbacks.
    linear_solver : "direct" (MUMPS), "gamg" or "hypre" (algebraic multigrid in CG, or in GMRES where the tangent is not
        symmetric), or "auto": direct up to 60,000 dofs, else gamg,
        and direct again where that converges badly and there are less than 500,000 dofs.
    linear_tolerance : relative residual of the linear systems.
    petsc : further PETSc options such as "-ksp_monitor -pc_gamg_threshold 0.02", without the prefix `romlib_`.
    on_cut : told on every rank of steps that are cut, see `romlib.stepping.increments.OnCut`.
    """

    tolerance: float = 1e-8
    max_iterations: int = 20
    max_cutbacks: int = 8
    linear_solver: Literal["auto", "direct", "gamg", "hypre"] = "auto"
    linear_tolerance: float = 1e-4
    petsc: str = ""
    on_cut: OnCut | None = None

    def __post_init__(self) -> None:
        if not (0 < self.tolerance < 1 and 0 < self.linear_tolerance < 1 and self.max_iterations >= 1
                and 0 <= self.max_cutbacks <= 30):
            raise InputError("options of the full-order solver are out of range", found=self,
                             expected="tolerances > 0, max_iterations >= 1, max_cutbacks >= 0")
        if self.linear_solver not in LINEAR_SOLVERS:
            raise InputError("there is no such linear solver", place="linear_solver",
                             **unknown(self.linear_solver, LINEAR_SOLVERS))
