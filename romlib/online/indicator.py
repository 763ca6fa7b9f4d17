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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from romlib.archive.indicator import Indicator
from romlib.archive.rom import Rom
from romlib.online.misfits import CONTROL, Misfits
from romlib.online.withholding import never_acted, withhold_all, withhold_displacement, withhold_variables
from romlib.snapshots.error_bounds import BoundsSoFar, ErrorBounds, so_far

if TYPE_CHECKING:
    from romlib.online.history import ReducedHistory
    from romlib.solution.solution import Solution
    from romlib.states.state import SavedState

_DELTA = {"stress": 2e-4}  # what is left of an error where the misfit vanishes
_DELTA_OF_OTHERS = 2e-3
SHAPE_IS_NEW = 1e-6  # of the temperature's rise: what rounding leaves of a field that was trained is far below
# More than q, where the temperature field is none of the training's, or a load or parameter is outside of its range.
_BEYOND = {"stress": 1.5, "displacement": 1.5}
_BEYOND_FOR_OTHERS = 3.0
_NOTHING = BoundsSoFar()


def delta(field: str) -> float:
    """What is added to the indicator of a field; the displacement's is the stress's."""
    return _DELTA.get(indicating(field), _DELTA_OF_OTHERS)


def indicating(quantity: str) -> str:
    """The dual field whose misfit bounds a quantity."""
    return "stress" if quantity == "displacement" else quantity


def indicators(
    rom: Rom, known: Indicator, values: Mapping[str, np.ndarray], clusters: np.ndarray
) -> dict[str, np.ndarray]:
    """E_x(t) of the dual fields of an indicator, each (n_step,).

    values : by field, (n_step, n_point, n_comp) at the selected points. clusters : (n_step,).
    """
    found = Misfits.of(rom).found({name: values[name] for name in known.largest}, clusters)
    return _indicators(known, list(found), _so_far(list(found.values())), clusters)


def _indicators(known: Indicator, names: Sequence[str], worst: np.ndarray, clusters: np.ndarray
                ) -> dict[str, np.ndarray]:
    """E_x(t) of the dual fields, each (n_step,): what was found at their points, and what at control points.

    names : what was measured. worst : (n_name, 2, n_step), misfits and sizes so far.
    """
    largest = np.empty((len(names), len(clusters)))
    for row, name in zip(largest, names):
        of_clusters = known.largest.get(name)
        row[:] = known.norms[name.removesuffix(CONTROL)] if of_clusters is None else (
            of_clusters[0] if len(of_clusters) == 1 else np.asarray(of_clusters)[clusters])
    found = dict(zip(names, so_far(worst[:, 0], worst[:, 1], largest)))
    return {name: value + found[name + CONTROL] if name + CONTROL in found else value for name, value in found.items()
            if not name.endswith(CONTROL)}


def _so_far(found: Sequence[tuple[np.ndarray, np.ndarray]], before: Sequence[tuple[float, float]] = ()) -> np.ndarray:
    """The running maxima of misfits and sizes, (n, 2, n_step), and of what was before them."""
    worst = np.array(found)
    if before:
        np.maximum(worst, np.array(before)[:, :, None], out=worst)
    return np.maximum.accumulate(worst, axis=2)


def temperature_misfit(rom: Rom, temperature: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the training's fields cannot combine to of the temperature's rise so far, and that rise, each (n_step,).

    temperature : (n_step, n_point) at the selected points.
    """
    stored = rom.temperature
    rise = temperature if stored.initial is None else temperature - stored.initial
    outside = rise
    if stored.trained is not None:
        modes = stored.trained.modes
        outside = rise - (rise @ modes.T) @ modes
    scale = max(1.0, float(np.abs(temperature).max(initial=0.0)))
    size = np.linalg.norm(rise, axis=1)
    here = size > 1e-12 * scale  # below it is rounding
    return np.where(here, np.linalg.norm(outside, axis=1), 0.0), np.where(here, size, 0.0)


def new_temperature(rom: Rom, temperature: np.ndarray | None) -> np.ndarray:
    """T_new(t): what the training's fields cannot combine to, of the largest rise so far, (n_step,).

    temperature : (n_step, n_point) at the selected points; None: the problem has none.
    """
    return np.zeros(1) if temperature is None else so_far(*temperature_misfit(rom, temperature), 0.0)


def bound(quantity: str, factor: float, indicator: np.ndarray, beyond: np.ndarray) -> np.ndarray:
    """q (E + delta), with a larger q where the run is beyond the training, (n_step,)."""
    more = _BEYOND.get(quantity, _BEYOND_FOR_OTHERS)
    return factor * np.where(beyond, more, 1.0) * (indicator + delta(quantity))


def bounds_of(
    rom: Rom, misfits: Misfits, history: ReducedHistory, saved: SavedState | None, outside: Mapping[str, float],
    solution: Solution,
) -> ErrorBounds:
    """The bounds of a run; without any where the ROM was not calibrated, with the reason.

    misfits : of the ROM. saved : the state that it began with, whose bounds go on. outside : what leaves the training
    runs' range, and when.
    """
    known, began = rom.indicator, _NOTHING
    notes: list[str] = []
    if saved is not None and saved.bounds is not None:
        began = saved.bounds
    elif saved is not None:
        notes.append("the bounds are those of this part of the run: the error of the state that it began with is not "
                     "in them")
    outside = {**outside, **began.outside}
    shapes, is_new = _shapes(rom, _temperature(rom, history, solution), began, len(solution.times))
    if is_new.any():
        first = float(solution.times[np.argmax(is_new)])
        notes.insert(0, f"the temperature field is new from time {first:.6g}: no combination of those of the training "
                        "runs, and the bounds are larger for it")
    if known is None or not known.factors:
        why = known.source or "the ROM was not calibrated" if known is not None else (
            "this ROM has no error indicator; train it again")
        return ErrorBounds({}, (f"the errors have no bound: {why}",), is_new, solution.times, outside)
    at_points = {name: solution.at_points(name) for name in known.largest}
    measured = misfits.found(at_points, solution.clusters)
    worst = _so_far(list(measured.values()), [began.misfits.get(name, (0.0, 0.0)) for name in measured])
    found = _indicators(known, list(measured), worst, solution.clusters)
    beyond = is_new | (solution.times >= min(outside.values(), default=np.inf))
    values = {name: bound(name, factor, found[indicating(name)], beyond) for name, factor in known.factors.items()}
    why_blind = withhold_all(solution.times, values, never_acted(rom, outside))
    withheld, why_not = withhold_displacement(solution.times, values, began.withheld)
    unknown, why_unknown = withhold_variables(solution.times, values, began.variables_withheld)
    now = _SoFar(solution.times, tuple(measured), worst, shapes, is_new, withheld, unknown, outside)
    said = (*notes, *why_blind, *why_not, *why_unknown)
    return ErrorBounds(values, said, is_new, solution.times, outside, known.norms, found, now)


@dataclass(frozen=True, eq=False)
class _SoFar:
    """What a run that goes on from a step needs of the bounds: see `ErrorBounds.so_far`.

    times, is_new, withheld, unknown : (n_step,). names : of what was measured. worst : (n_name, 2, n_step). shapes :
    (2, n_step). outside : names and times.
    """

    times: np.ndarray
    names: tuple[str, ...]
    worst: np.ndarray
    shapes: np.ndarray
    is_new: np.ndarray
    withheld: np.ndarray
    unknown: np.ndarray
    outside: Mapping[str, float]

    def __call__(self, step: int) -> BoundsSoFar:
        return BoundsSoFar(
            misfits={name: (float(both[0, step]), float(both[1, step])) for name, both in zip(self.names, self.worst)},
            temperature=(float(self.shapes[0, step]), float(self.shapes[1, step])),
            temperature_is_new=bool(self.is_new[step]), withheld=bool(self.withheld[step]),
            variables_withheld=bool(self.unknown[step]),
            outside={name: since for name, since in self.outside.items() if since <= self.times[step]})


def _shapes(
    rom: Rom, temperature: np.ndarray | None, began: BoundsSoFar, n_step: int
) -> tuple[np.ndarray, np.ndarray]:
    """What `temperature_misfit` is so far (2, n_step), and whether the temperature is new by then (n_step,)."""
    if temperature is None:
        worst = np.repeat(np.array([began.temperature]).T, n_step, axis=1)
        return worst, np.full(n_step, began.temperature_is_new)
    worst = _so_far([temperature_misfit(rom, temperature)], [began.temperature])[0]
    is_new = np.logical_or.accumulate(so_far(worst[0], worst[1], 0.0) > SHAPE_IS_NEW)
    return worst, is_new | began.temperature_is_new


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
