"""Bounds of the errors of a history, by quantity and time, and what is to be said of them; also as a file has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import h5py
import numpy as np
from pydantic import Field, ValidationError

from romlib.errors import FileFormatError, InputError
from romlib.model.base import Description
from romlib.snapshots.schema import ROMLIB_GROUP, key, name_of
from romlib.storage.contents import Contents
from romlib.words import listed, unknown

FLOOR = 0.05  # of the training's largest: what is smaller is relative to this
GROUP = f"/{ROMLIB_GROUP}/error_bounds"

_Size = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
_Time = Annotated[float, Field(allow_inf_nan=False)]


def so_far(difference: np.ndarray, size: np.ndarray, largest: np.ndarray | float) -> np.ndarray:
    """max_{tau <= t} difference / max(max_{tau <= t} size, 5 % of largest), (..., n_step); 0 / 0 is 0."""
    least = np.maximum(np.maximum.accumulate(size, axis=-1), FLOOR * np.asarray(largest))
    worst = np.maximum.accumulate(difference, axis=-1)
    return np.divide(worst, least, out=np.where(worst > 0.0, np.inf, 0.0), where=least > 0.0)


class BoundsSoFar(Description):
    """What a run that goes on needs of the part before it, so that its bounds are those of a run without a break.

    misfits : by dual field, the largest |x^ - B^T z|_w and |x^|_w so far, also at control points. temperature : the
    largest part of its rise that is none of the training's, and the largest rise. temperature_is_new, withheld,
    variables_withheld : whether so by now, the latter two of the displacement and of internal variables. outside : what
    else has left the training runs' range by now, and since when.
    """

    misfits: dict[str, tuple[_Size, _Size]] = Field(default_factory=dict)
    temperature: tuple[_Size, _Size] = (0.0, 0.0)
    temperature_is_new: bool = False
    outside: dict[str, _Time] = Field(default_factory=dict)
    withheld: bool = False
    variables_withheld: bool = False


class _About(Description):
    """What a file has of bounds besides their values; see `ErrorBounds`."""

    notes: tuple[str, ...] = ()
    outside: dict[str, _Time] = Field(default_factory=dict)
    sizes: dict[str, _Size] = Field(default_factory=dict)


@dataclass(frozen=True)
class Largest:
    """The bound of a quantity in short. value, time : the largest one, NaN where all are withheld. last : at the end.

    withheld_from : the first time without a bound, or None.
    """

    value: float
    time: float
    last: float
    withheld_from: float | None


@dataclass(frozen=True)
class Passed:
    """A bound that passes its tolerance. time : the first one at which it does. bound : there; NaN: it is withheld.

    temperature_is_new : by that time. outside : loads, temperature or parameters that have left what the training runs
    had by that time, each with the time from which on.
    """

    quantity: str
    tolerance: float
    time: float
    bound: float
    temperature_is_new: bool
    outside: Mapping[str, float]

    @property
    def what(self) -> str:
        """The fact, in a sentence without full stop."""
        if np.isnan(self.bound):
            return f"the error of {self.quantity} has no bound from time {self.time:.6g} on: it is withheld"
        return (f"the bound of the error of {self.quantity} is {self.bound:.3g} at time {self.time:.6g}, above the "
                f"tolerance {self.tolerance:g}")

    @property
    def why(self) -> str:
        """Whether the temperature is new by then, a load outside, or neither."""
        said = ["the temperature field is new"] if self.temperature_is_new else []
        if self.outside:
            said.append("outside the training runs: " + listed(
                [f"{name} (from time {since:.6g})" for name, since in self.outside.items()]))
        return "; ".join(said) or "neither is the temperature field new, nor a load outside the training runs"


@dataclass(frozen=True, eq=False)
class ErrorBounds(Mapping[str, np.ndarray]):
    """Bounds by quantity ("displacement", and dual fields), each (n_step,); NaN where one is withheld.

    What is bounded is max over the time so far of the L2 norm in space of the error, over the same maximum of the exact
    solution, or 5 % of the training runs' where that is more.

    times : (n_step,). notes : sentences on what they rest on, and on what is withheld. temperature_is_new : (n_step,),
    whether the temperature has left the combinations of the training runs' fields by that time.
    outside : what else has left the training runs' range, such as "traction", and the first time at which it has.
    sizes : by quantity, the largest L2 norm of the training runs, of which 5 % are meant.
    indicators : by dual field, (n_step,), what the bounds come from; no file has them.
    so_far : of a step, what a run needs that goes on from there; no file has it.
    """

    bounds: Mapping[str, np.ndarray] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    temperature_is_new: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    times: np.ndarray = field(default_factory=lambda: np.zeros(0))
    outside: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    indicators: Mapping[str, np.ndarray] = field(default_factory=dict)
    so_far: Callable[[int], BoundsSoFar] | None = None

    def __getitem__(self, quantity: str) -> np.ndarray:
        return self.bounds[quantity]

    def __iter__(self) -> Iterator[str]:
        return iter(self.bounds)

    def __len__(self) -> int:
        return len(self.bounds)

    def largest(self, quantity: str) -> Largest:
        """The bound of a quantity in short."""
        values = self.bounds[quantity]
        withheld = np.isnan(values)
        first = float(self.times[np.argmax(withheld)]) if withheld.any() else None
        if withheld.all():
            return Largest(np.nan, np.nan, np.nan, first)
        step = int(np.nanargmax(values))
        return Largest(float(values[step]), float(self.times[step]), float(values[-1]), first)

    def passed(self, tolerances: float | Mapping[str, float]) -> list[Passed]:
        """The quantities whose bound is above its tolerance, or withheld: then nothing is known to be below it.

        tolerances : of all quantities, or by quantity; a relative error, as the bounds.

        Raises
        ------
        InputError : a tolerance of a quantity that has no bound; not a number above zero.
        """
        wanted = dict(tolerances) if isinstance(tolerances, Mapping) else dict.fromkeys(self.bounds, tolerances)
        found = []
        for quantity, tolerance in wanted.items():
            if quantity not in self.bounds:
                raise InputError(f"the error of {quantity!r} has no bound", place="tolerance",
                                 **unknown(quantity, self.bounds))
            if isinstance(tolerance, bool) or not 0.0 < tolerance < np.inf:
                raise InputError("a tolerance is a number above zero", place=f"tolerance of {quantity}",
                                 found=tolerance)
            above = ~(self.bounds[quantity] <= tolerance)
            if above.any():
                step = int(np.argmax(above))
                time = float(self.times[step])
                found.append(Passed(
                    quantity, float(tolerance), time, float(self.bounds[quantity][step]),
                    bool(self.temperature_is_new[step]),
                    {name: since for name, since in self.outside.items() if since <= time}))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; NaN where a bound is withheld."""
        quantities = {}
        for name, values in self.bounds.items():
            largest = self.largest(name)
            quantities[name] = {"largest": largest.value, "time_of_largest": largest.time, "at_the_end": largest.last,
                                "withheld_from": largest.withheld_from, "bound": values.tolist()}
        return {"quantities": quantities, "temperature_is_new": self.temperature_is_new.tolist(),
                "outside_training": dict(self.outside), "notes": list(self.notes)}


def write_bounds(file: h5py.File, bounds: ErrorBounds) -> None:
    """Write bounds into a snapshots file of the same times."""
    about = _About(notes=bounds.notes, outside=dict(bounds.outside), sizes=dict(bounds.sizes))
    file[f"{GROUP}/about"] = about.model_dump_json()
    file[f"{GROUP}/temperature_is_new"] = np.asarray(bounds.temperature_is_new, dtype=bool)
    for name, values in bounds.items():
        file[f"{GROUP}/values/{key(name)}"] = np.where(np.isfinite(values), values, np.nan)


def read_bounds(contents: Contents, times: np.ndarray) -> ErrorBounds | None:
    """The bounds of a snapshots file; None where it has none.

    Raises
    ------
    FileFormatError : they are damaged.
    """
    if not contents.has(GROUP):
        return None
    try:
        about = _About.model_validate(contents.json(f"{GROUP}/about", dict))
    except ValidationError as error:
        raise FileFormatError("the description of the error bounds cannot be read", file=contents.path,
                              place=f"{GROUP}/about", found=str(error)) from error
    values = f"{GROUP}/values"
    bounds = {name_of(name): contents.array(f"{values}/{name}") for name in contents.names(values)} if (
        contents.has(values)) else {}
    return ErrorBounds(bounds, about.notes, contents.array(f"{GROUP}/temperature_is_new").astype(bool), times,
                       about.outside, about.sizes)
