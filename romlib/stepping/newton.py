"""Newton's method with a line search, over a system of equations that is behind a protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

from romlib.errors import ConvergenceError
from romlib.words import plural

MOST_HALVINGS = 5  # of one correction
Vector = Any  # of unknowns: what can be added, and multiplied by a number


@dataclass(eq=False)
class Failure:
    """Why Newton's method failed. dt_factor : see `increments.Failure`. cell, point : the worst, by id and number."""

    what: str
    dt_factor: float
    cell: int | None = None
    point: int | None = None
    residuals: list[float] = field(default_factory=list)

    def error(self, time: float, n_cutback: int) -> ConvergenceError:
        """The exception where the increment that ends at `time` cannot be shortened further."""
        return ConvergenceError(
            f"{self.what}, and the step cannot be shortened further ({plural(n_cutback, 'cutback')})", time=time,
            residuals=self.residuals, cell=self.cell, point=self.point)


# Plain tuples, because a reduced problem takes 20 us a trial.
# At a trial: norm of the residual; size of the forces that it is measured by; why the trial is of no use (a law failed,
# or it is not finite), else ""; False where a part of the unknowns has yet to move, so that it cannot be the solution.
Balance = tuple[float, float, str, bool]
# A step: the unknowns after it; the step itself, None where it must not be shortened; step . residual before it.
Correction = tuple[Vector, Vector | None, float]


class Equations(Protocol):
    """A system of equations at one time, and its last trial."""

    def evaluate(self, unknowns: Vector, delta: Vector | None) -> Balance:
        """The next trial. delta : the step that led there, where it may be shortened."""

    def slope(self, delta: Vector) -> float:
        """delta . residual at the last trial."""

    def correct(self, unknowns: Vector) -> Correction | Failure:
        """A step from the last trial; a failure where the tangent is singular."""

    def failure(self, what: str) -> Failure:
        """A failure at the last trial, with its worst point."""


@dataclass(eq=False, slots=True)
class Solved:
    """Unknowns in equilibrium. scale : size of the forces. residuals : relative, one an evaluation."""

    unknowns: Vector
    scale: float
    residuals: list[float]


def newton(
    equations: Equations, unknowns: Vector, *, tolerance: float, max_iterations: int,
    observe: Callable[[int, Vector], None] | None = None,
) -> Solved | Failure:
    """Solve the equations from a first guess: ||residual|| <= tolerance * size of the forces.

    A step that fails is halved, one after which the residual grew is shortened as `backtrack` says.

    Parameters
    ----------
    max_iterations : evaluations.
    observe : called with (number of the evaluation, unknowns) at each trial that is of use and not the solution.
    """
    base, delta, base_norm, slope, halvings = unknowns, None, inf, 0.0, 0
    residuals: list[float] = []
    evaluate = equations.evaluate
    for iteration in range(max_iterations):
        norm, scale, fault, complete = evaluate(unknowns, delta)
        residuals.append(norm / scale if scale > 0 else norm)
        if not fault:
            if complete and norm <= tolerance * scale:
                return Solved(unknowns, scale, residuals)
            if observe is not None:
                observe(iteration, unknowns)
        if delta is not None and halvings < MOST_HALVINGS:
            factor = 0.5 if fault else backtrack(slope, equations.slope(delta)) if norm > base_norm else 1.0
            if factor < 1.0:
                delta, slope, halvings = factor * delta, factor * slope, halvings + 1
                unknowns = base + delta
                continue
        step = equations.failure(fault) if fault else equations.correct(unknowns)
        if isinstance(step, Failure):
            step.residuals = residuals
            return step
        base, base_norm, halvings = unknowns, norm, 0
        unknowns, delta, slope = step
    failure = equations.failure(f"no convergence in {plural(max_iterations, 'iteration')}")
    failure.residuals = residuals
    return failure


def backtrack(slope0: float, slope1: float) -> float:
    """By how much to shorten a step whose residual grew: the secant zero of the energy's slope, in [0.1, 0.6], or 1.

    The slopes are those of the potential along the step, delta . residual, at its start and at its end. A residual
    that grows while the slope stays smaller is normal where points begin or cease to yield, and shortening the step
    then costs iterations (measured on the plate: 185 instead of 136); one that overshoots is shortened.
    """
    if slope1 >= -0.9 * abs(slope0):
        return 1.0
    return max(0.1, abs(slope0) / (abs(slope0) - slope1))
