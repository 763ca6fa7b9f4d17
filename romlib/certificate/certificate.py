"""The outcome of a certification, as data: residual and estimates of the errors over time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from romlib.certificate.bounds import (
    MOST_CONTRACTION,
    MOST_INELASTIC,
    NEGLIGIBLE,
    bounds_of,
    contraction,
    flow,
)


@dataclass(frozen=True, eq=False)
class ErrorEstimate:
    """The estimated error of one quantity; norms in L2 of the volume, as `romlib.report.compare` has them.

    error : (n_step,), of the estimated error. reference : (n_step,), of the quantity with that error taken off, which
    stands for the solution. unit : of both, but for the root of the volume. replayed : the quantity is what the laws
    make of the file's displacement, because the file does not have it.
    """

    name: str
    error: np.ndarray
    reference: np.ndarray
    unit: str = ""
    replayed: bool = False

    @property
    def scale(self) -> float:
        """max_t ||reference||_L2."""
        return float(self.reference.max(initial=0.0))

    def over(self, norms: np.ndarray) -> np.ndarray:
        """L2 norms (n_step,) over max_t ||reference||_L2; nothing over nothing is zero, anything over it infinite."""
        scale = self.scale
        return norms / scale if scale > 0.0 else np.where(norms > 0.0, np.inf, norms)

    @property
    def over_time(self) -> np.ndarray:
        """||error||_L2 (t) / max_t ||reference||_L2, (n_step,); see `over`."""
        return self.over(self.error)

    @property
    def relative(self) -> float:
        """max_t ||error||_L2 / max_t ||reference||_L2; see `over`."""
        return float(self.over_time.max(initial=0.0))

    @property
    def worst_step(self) -> int:
        """The step with the largest error."""
        return int(np.argmax(self.error))


@dataclass(frozen=True, eq=False)
class Certificate:
    """What is left of equilibrium in a file, and the errors that this accounts for. One entry a step in the arrays.

    file, units, n_piece, n_rank, n_dof (free ones), n_ip : what was certified, and on how many ranks.
    times : (n_step,). at_rest : (n_step,) bool, the record is the undeformed body that the run began with: no solution
        of anything, and without residual.
    residual : (n_step,), Euclidean norm of external minus internal force over the free dofs. force : (n_step,), the
        larger of the norms of external and internal force.
    residual_node : (n_step,), id of the node with the largest residual, -1 where there is none but rounding; largest :
        (n_step,), its component of largest size. residual_cells : (n_step,) tuples, ids of the cells with that node.
    stress_cell : (n_step,), id of the cell with the largest mean stress error, -1 where there is none but rounding.
    corrections : (n_pass, n_step), L2 norm of the displacement that each pass adds.
    inelastic, elastic : (n_step,), L2 norms of the displacement that is not that of an elastic structure, and of that.
    estimates : by quantity: "displacement", "stress", and state variables that the file has.
    lacking : what the solver of the file had and the model has not, and that does work.
    solver, seconds by stage, peak_memory (bytes by rank) : what it took.
    """

    file: str
    units: str
    n_piece: int
    n_rank: int
    n_dof: int
    n_ip: int
    times: np.ndarray
    at_rest: np.ndarray
    residual: np.ndarray
    force: np.ndarray
    largest: np.ndarray
    residual_node: np.ndarray
    residual_cells: tuple[tuple[int, ...], ...]
    stress_cell: np.ndarray
    corrections: np.ndarray
    inelastic: np.ndarray
    elastic: np.ndarray
    estimates: dict[str, ErrorEstimate]
    lacking: tuple[str, ...] = ()
    solver: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    peak_memory: tuple[int, ...] = ()

    @property
    def relative_residual(self) -> np.ndarray:
        """residual / max_t force, (n_step,); NaN where there is no force at any time."""
        scale = float(self.force.max(initial=0.0))
        return self.residual / scale if scale > 0.0 else np.full(len(self.residual), np.nan)

    @property
    def worst_steps(self) -> np.ndarray:
        """The steps, that with the largest residual first."""
        return np.argsort(-self.residual, kind="stable")

    @property
    def contraction(self) -> np.ndarray:
        """(n_step,), by what part corrections get smaller from pass to pass; NaN for a single one."""
        return contraction(self.corrections, self.estimates["displacement"].scale)

    @property
    def flow(self) -> np.ndarray:
        """(n_step,), the largest inelastic displacement so far over the largest elastic one."""
        return flow(self.inelastic, self.elastic)

    @property
    def withheld(self) -> np.ndarray:
        """(n_step,) bool, where there are no bounds: from when on one would not be known to be one."""
        solved = np.maximum.accumulate(self.corrections[0]) <= NEGLIGIBLE * self.estimates["displacement"].scale
        known = (self.contraction <= MOST_CONTRACTION) & ((self.flow <= MOST_INELASTIC) | solved)
        return np.logical_or.accumulate(~known)

    @property
    def bounds(self) -> dict[str, np.ndarray]:
        """By quantity (n_step,): bound of max_{tau <= t} ||error||_L2 / max_t ||reference||_L2, NaN where withheld."""
        withheld = self.withheld
        absolute = bounds_of({name: one.error for name, one in self.estimates.items()}, self.corrections,
                             np.where(withheld, 0.0, self.contraction))
        return {name: np.where(withheld, np.nan, one.over(absolute[name])) for name, one in self.estimates.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences: why bounds are withheld, and what the errors are not of."""
        found = []
        if len(self.corrections) < 2:
            found.append("no bounds: one pass sees no more than an elastic structure would do; take two")
        elif self.withheld.any():
            step = int(np.argmax(self.withheld))
            reason = (f"the inelastic displacement is {self.flow[step]:.2g} of the elastic one"
                      if self.flow[step] > MOST_INELASTIC else
                      f"the correction of the last pass is {self.contraction[step]:.2g} of that before")
            found.append(f"no bounds from t = {self.times[step]:.6g} on: {reason}. Where a structure flows as a whole, "
                         "as beyond a limit load, the stiffness of the virgin material does not tell its displacement")
        if self.lacking:
            found.append(f"the solver of the file had what the model has not: {'; '.join(self.lacking)}. The errors "
                         "are those against the model without it")
        return tuple(found)

    def beyond(self, tolerance: float) -> list[str]:
        """A sentence for each quantity whose bound is not below `tolerance` at all times."""
        found = []
        for name, values in self.bounds.items():
            over = np.flatnonzero(~(values <= tolerance))
            if len(over):
                k = int(over[0])
                what = "is withheld" if np.isnan(values[k]) else f"is {values[k]:.3g}"
                end = "" if np.isnan(values[k]) else ", withheld" if np.isnan(values[-1]) else f", {values[-1]:.3g}"
                found.append(f"the bound of the error of {name} {what} at t = {self.times[k]:.6g}"
                             + (f"{end} at the end" if end else ""))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; an error relative to nothing, and a bound that is withheld, are null."""
        bounds = self.bounds
        return {
            "file": self.file, "units": self.units, "pieces": self.n_piece, "ranks": self.n_rank,
            "degrees_of_freedom": self.n_dof, "integration_points": self.n_ip, "times": self.times.tolist(),
            "at_rest": self.at_rest.tolist(),
            "residual": {
                "norm": self.residual.tolist(), "force": self.force.tolist(),
                "relative": [_number(value) for value in self.relative_residual],
                "largest_component": self.largest.tolist(), "node": self.residual_node.tolist(),
                "cells": [list(cells) for cells in self.residual_cells]},
            "largest_stress_error_cell": self.stress_cell.tolist(),
            "corrections": self.corrections.tolist(), "contraction": [_number(value) for value in self.contraction],
            "flow": [_number(value) for value in self.flow],
            "notes": list(self.notes),
            "estimates": {name: {
                "relative_l2": _number(one.relative), "unit": one.unit, "replayed": one.replayed,
                "bound": _number(bounds[name][-1]), "bound_over_time": [_number(value) for value in bounds[name]],
                "time_of_largest_error": float(self.times[one.worst_step]),
                "over_time": {"relative_l2": [_number(value) for value in one.over_time],
                              "error_l2": one.error.tolist(), "reference_l2": one.reference.tolist()},
            } for name, one in self.estimates.items()},
            "linear_solver": self.solver, "seconds": self.seconds, "peak_memory": list(self.peak_memory),
        }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
