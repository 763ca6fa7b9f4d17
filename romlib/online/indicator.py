"""Bounds of the errors of a run, from how far the laws' own values are from the span of the training's fields.

For stress and each dual field x, with the laws' values x^ at the selected points, their gappy fit z and the modes B
there, in the norm of the cubature weights |v|_w^2 = sum_l w_l |v_l|^2:

    E_x(t) = max_{tau <= t} |x^ - B^T z|_w / max(max_{tau <= t} |x^|_w, 5 % of the largest in training)
    bound_x(t) = q_x (E_x(t) + delta_x)

Stresses of the training are in equilibrium, and so is B^T z: the misfit is how far a stress that obeys the law is from
one that is in equilibrium, an error in the constitutive relation (Ladeveze), sampled at the points. q_x comes from
calibration: runs that a ROM was not trained with (`romlib.offline.calibrate`). With control points, the distance of
the reconstruction from the laws there, over the size of the reconstruction, is added to E of the internal variables.

After F. Casenave, N. Akkari, MCA 24 (2019) 41, arXiv 1904.09123, whose misfit has no weights, and whose calibration is
a Gaussian process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from romlib.archive.indicator import Indicator
from romlib.archive.rom import ControlPoints, GappyOperator, Rom
from romlib.solution.bounds import ErrorBounds
from romlib.words import listed

if TYPE_CHECKING:
    from romlib.online.history import ReducedHistory
    from romlib.solution.solution import Solution

FLOOR = 0.05  # of the training's largest: what is smaller is relative to this
_DELTA = {"stress": 2e-4}  # what is left of an error where the misfit vanishes
_DELTA_OF_OTHERS = 2e-3
SHAPE_IS_NEW = 1e-6  # of the temperature's rise: what rounding leaves of a field that was trained is far below
_NEW = {"stress": 1.5, "displacement": 1.5}  # more than q, where the temperature is none of the training's
_NEW_FOR_OTHERS = 3.0
# Beyond these a structure may be beyond its limit load, where a small misfit of the stress is a large displacement.
WITHHELD = {"stress": 0.05, "p": 0.2}


def delta(field: str) -> float:
    """What is added to the indicator of a field; the displacement's is the stress's."""
    return _DELTA.get(indicating(field), _DELTA_OF_OTHERS)


def indicating(quantity: str) -> str:
    """The dual field whose misfit bounds a quantity."""
    return "stress" if quantity == "displacement" else quantity


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares of the leading modes of a dual field at its points: no more than a third of the values there.

    A fit with nearly as many modes as values leaves no misfit. points : (m,). n_comp. basis, operator :
    (n, m * n_comp).
    """

    points: np.ndarray
    n_comp: int
    basis: np.ndarray
    operator: np.ndarray

    @classmethod
    def of(cls, gappy: GappyOperator) -> Fit:
        """The fit of a ROM's field."""
        n = max(1, min(gappy.n_dual, gappy.basis.shape[1] // 3))
        if n == gappy.n_dual:
            return cls(gappy.points, gappy.n_comp, gappy.basis, gappy.operator)
        basis = gappy.basis[:n]
        return cls(gappy.points, gappy.n_comp, basis, np.linalg.pinv(basis.T))

    def misfit(self, values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """|x^ - B^T z|_w and |x^|_w, each (n_step,).

        values : (n_step, n_point, n_comp) at all selected points. weights : (n_point,) or (n_step, n_point).
        """
        here = values[:, self.points].reshape(len(values), -1)
        squared = np.repeat(np.atleast_2d(weights)[:, self.points], self.n_comp, axis=1)
        aside = here - (here @ self.operator.T) @ self.basis
        return np.sqrt((aside**2 * squared).sum(axis=1)), np.sqrt((here**2 * squared).sum(axis=1))


def so_far(difference: np.ndarray, size: np.ndarray, largest: np.ndarray | float) -> np.ndarray:
    """max_{tau <= t} difference / max(max_{tau <= t} size, 5 % of largest), (n_step,); 0 / 0 is 0."""
    least = np.maximum(np.maximum.accumulate(size), FLOOR * np.asarray(largest))
    worst = np.maximum.accumulate(difference)
    return np.divide(worst, least, out=np.where(worst > 0.0, np.inf, 0.0), where=least > 0.0)


def control_misfit(control: ControlPoints, gappy: GappyOperator, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """|B z - x^| over the volume by the rule of the control points, and |z|, the L2 norm of B z; each (n_step,).

    values : (n_step, n_point, n_comp) at all selected points.
    """
    z = values[:, gappy.points].reshape(len(values), -1) @ gappy.operator.T
    aside = np.nan_to_num(np.tensordot(z, control.bases[gappy.field], axes=1) - values[:, control.points])
    return np.sqrt((aside**2 * control.weights[None, :, None]).sum(axis=(1, 2))), np.linalg.norm(z, axis=1)


def indicators(
    rom: Rom, known: Indicator, values: Mapping[str, np.ndarray], clusters: np.ndarray
) -> dict[str, np.ndarray]:
    """E_x(t) of the dual fields of an indicator, each (n_step,).

    values : by field, (n_step, n_point, n_comp) at the selected points. clusters : (n_step,).
    """
    weights = np.stack([basis.weights for basis in rom.clusters])[clusters]
    found = {}
    for field, sizes in known.largest.items():
        found[field] = so_far(*Fit.of(rom.gappy[field]).misfit(values[field], weights), np.asarray(sizes)[clusters])
        if rom.control is not None and field in rom.control.bases:
            found[field] += so_far(*control_misfit(rom.control, rom.gappy[field], values[field]), known.norms[field])
    return found


def new_temperature(rom: Rom, temperature: np.ndarray | None) -> np.ndarray:
    """T_new(t): what the training's fields cannot combine to, of the largest rise so far, (n_step,).

    temperature : (n_step, n_point) at the selected points; None: the problem has none.
    """
    if temperature is None:
        return np.zeros(1)
    stored = rom.temperature
    rise = temperature if stored.initial is None else temperature - stored.initial
    outside = rise
    if stored.trained is not None:
        modes = stored.trained.modes
        outside = rise - (rise @ modes.T) @ modes
    size = np.maximum.accumulate(np.linalg.norm(rise, axis=1))
    worst = np.maximum.accumulate(np.linalg.norm(outside, axis=1))
    scale = max(1.0, float(np.abs(temperature).max(initial=0.0)))
    return np.divide(worst, size, out=np.zeros_like(worst), where=size > 1e-12 * scale)


def bound(quantity: str, factor: float, indicator: np.ndarray, is_new: np.ndarray) -> np.ndarray:
    """q (E + delta), with a larger q where the temperature is new, (n_step,)."""
    more = _NEW.get(quantity, _NEW_FOR_OTHERS)
    return factor * np.where(is_new, more, 1.0) * (indicator + delta(quantity))


def bounds_of(rom: Rom, history: ReducedHistory, began_with_state: bool, solution: Solution) -> ErrorBounds:
    """The bounds of a run; without any where the ROM was not calibrated, with the reason."""
    known = rom.indicator
    if known is None or not known.factors:
        return ErrorBounds(notes=(
            "the errors have no bound: " + ("this ROM has no error indicator; train it again" if known is None else
                                            known.source or "the ROM was not calibrated"),))
    found = indicators(rom, known, {name: solution.at_points(name) for name in known.largest},
                       solution.clusters)
    is_new = np.broadcast_to(new_temperature(rom, _temperature(rom, history, solution)) > SHAPE_IS_NEW,
                             solution.times.shape)
    values = {name: bound(name, factor, found[indicating(name)], is_new) for name, factor in known.factors.items()}
    notes = []
    if is_new.any():
        first = float(solution.times[np.argmax(is_new)])
        notes.append(f"the temperature field is new from time {first:.6g}: no combination of those of the training "
                     "runs, and the bounds are larger for it")
    if began_with_state:
        notes.append("the bounds are those of this part of the run: the error of the state that it began with is not "
                     "in them")
    notes += _withhold(solution.times, values)
    return ErrorBounds(values, tuple(notes), is_new, found)


def _withhold(times: np.ndarray, values: dict[str, np.ndarray]) -> list[str]:
    """Take the bound of the displacement away where that of another quantity is too large; why."""
    over = {name: values[name] > limit for name, limit in WITHHELD.items() if name in values}
    beyond = np.logical_or.reduce([*over.values(), np.zeros(len(times), dtype=bool)])
    if "displacement" not in values or not beyond.any():
        return []
    values["displacement"] = np.where(beyond, np.nan, values["displacement"])
    why = listed([f"that of {name} is above {WITHHELD[name]:g}" for name, here in over.items() if here.any()])
    return [f"the bound of the displacement is withheld from time {times[np.argmax(beyond)]:.6g} on: {why}, and beyond "
            "a limit load a small error of the stress is a large one of the displacement"]


def _temperature(rom: Rom, history: ReducedHistory, solution: Solution) -> np.ndarray | None:
    """(n_step, n_point) at the selected points."""
    if not history.temperatures or history.temperatures[0] is None:
        return None
    if solution.hyper_reduced:
        return history.temperatures[0]
    found = np.empty((len(history.times), rom.points.n_point))
    for piece in np.unique(rom.points.pieces):
        here = rom.points.pieces == piece
        found[:, here] = history.temperatures[piece][:, rom.points.ips[here]]  # type: ignore[index]
    return found
