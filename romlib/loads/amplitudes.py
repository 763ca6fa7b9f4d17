"""Values of the amplitudes of loads at given times."""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError
from romlib.loads.expression import compile_expression
from romlib.model import Amplitude, ExpressionAmplitude, Model, TableAmplitude

# Times closer than this fraction of the table's span (or of its period) are the same time: t = 0.1 + 0.2 is the end
# of a cycle that ends at 0.3, not the start of the next one.
SAME_TIME = 1e-9
MOST_CYCLES = 1e12  # beyond, a time says no longer where in its cycle it lies


def amplitude_of(model: Model, name: str) -> Amplitude:
    """The amplitude of a load or of a prescribed constraint; InputError where the model has none."""
    if name not in model.amplitudes:
        raise InputError(
            f"{name!r} has no amplitude", place=f"amplitudes.{name}", expected="an amplitude of that name",
            found=f"amplitudes of {', '.join(model.amplitudes) or 'none'}",
            remedy="give it in the case, or in the training entry of the study")
    return model.amplitudes[name]


def evaluate(amplitude: ExpressionAmplitude | TableAmplitude, times: np.ndarray) -> np.ndarray:
    """Values of an amplitude.

    A table is linear between its times and constant outside. Where it has the same time twice (a jump), the first
    value holds at that time and the last one just after it, so that a step that ends at the jump ends before it. A
    periodic table follows the same rule at the end of each cycle: see `TableAmplitude`.

    Parameters
    ----------
    amplitude : formula or table.
    times : (n,), any order.

    Returns
    -------
    (n,), float.

    Raises
    ------
    InputError : a formula that cannot be read, a value at one of the times that is not finite, more cycles than the
        times resolve.
    """
    times = np.asarray(times, dtype=float)
    if isinstance(amplitude, TableAmplitude):
        with np.errstate(all="ignore"):
            values, what = _table(amplitude, times), "the table"
    else:
        values, what = compile_expression(amplitude.expression)(times), repr(amplitude.expression)
    bad = ~np.isfinite(values)
    if bad.any():
        first = int(np.flatnonzero(bad.ravel())[0])
        raise InputError(
            "this amplitude has no finite value at a time at which it is needed",
            place=f"t = {times.ravel()[first]:.6g} in {what}", found=values.ravel()[first],
            expected="a finite number", remedy="correct the formula, or give a table of times and values")
    return values


def _table(table: TableAmplitude, times: np.ndarray) -> np.ndarray:
    t = times if table.end is None else np.minimum(times, table.end)
    if table.period is not None:
        # Cycle number 0, 1, ... such that the end of a cycle belongs to it; before the start: the first cycle.
        cycles = (t - table.start) / table.period
        if not np.all(np.abs(cycles) <= MOST_CYCLES):
            raise InputError("the period of this amplitude is lost in the rounding of the times at which it is needed",
                             place=f"period {table.period:g}", found=f"{np.nanmax(np.abs(cycles)):.1e} cycles",
                             expected=f"at most {MOST_CYCLES:.0e}")
        cycle = np.maximum(np.ceil(cycles - SAME_TIME) - 1.0, 0.0)
        t = t - cycle * table.period
    time, value = np.array(table.time), np.array(table.value)
    result = np.interp(t, time, value)
    # np.interp takes the last value of a jump; the first is wanted, also where rounding moved t past the jump.
    span = table.period if table.period is not None else time[-1] - time[0]
    tolerance = SAME_TIME * max(span, np.finfo(float).tiny)
    first = np.minimum(np.searchsorted(time, t - tolerance), len(time) - 1)
    return np.where(np.abs(time[first] - t) <= tolerance, value[first], result)


def scaled(amplitude: Amplitude, factor: float) -> Amplitude:
    """The amplitude times a factor."""
    if isinstance(amplitude, ExpressionAmplitude):
        return ExpressionAmplitude(expression=f"({factor!r})*({amplitude.expression})")
    return amplitude.model_copy(update={"value": tuple(factor * value for value in amplitude.value)})
