"""Cycles of a run as stretches of its time: of a given period, or found from what the loads repeat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.words import plural

_SAME = 1e-6  # of a load's range: what counts as repeated
_NEAR = 0.05  # of a period: how far from the end of a cycle the nearest step may lie
_LEAST = 3  # steps of a cycle that can have a range in the middle


@dataclass(frozen=True)
class Cycles:
    """edges : (n_cycle + 1,), numbers of the steps at which cycles begin and end. period : None: the run is one cycle.

    source : where the period comes from, in words. complete : whether the last cycle is a whole one.
    """

    edges: np.ndarray
    period: float | None
    source: str
    complete: bool = True

    @property
    def number(self) -> int:
        """How many."""
        return len(self.edges) - 1

    def slices(self) -> list[slice]:
        """Steps of each cycle, its first and last one included."""
        return [slice(int(a), int(b) + 1) for a, b in zip(self.edges[:-1], self.edges[1:])]


def cycles_of(times: np.ndarray, loads: np.ndarray, period: float | None = None) -> Cycles:
    """The cycles of a run.

    Parameters
    ----------
    times : (n_step,). loads : (n_step, n_load), values of the amplitudes. period : as the user states it; None: found.

    Raises
    ------
    InputError : the period does not fit the times.
    """
    if period is None:
        period = repeated_period(times, loads)
        if period is None:
            return Cycles(np.array([0, len(times) - 1]), None, "the whole run is one cycle: its loads repeat nothing")
        source = "found from the loads, which repeat"
    else:
        source = "as stated"
    edges, complete = _edges(times, period)
    return Cycles(edges, period, source, complete)


def _edges(times: np.ndarray, period: float) -> tuple[np.ndarray, bool]:
    span = float(times[-1] - times[0])
    if not 0.0 < period <= span * (1.0 + 1e-9):
        raise InputError("the period of the cycles does not fit the run", place="period", found=f"{period:g}",
                         expected=f"above zero and at most {span:g}, the length of the run")
    n = int(np.floor(span / period + 1e-6))
    wanted = times[0] + period * np.arange(n + 1)
    edges = np.array([int(np.argmin(abs(times - t))) for t in wanted])
    off = abs(times[edges] - wanted)
    if (off > _NEAR * period).any():
        k = int(np.argmax(off))
        raise InputError("the run has no step where a cycle ends", place="period", found=f"{period:g}",
                         expected=f"a step near time {wanted[k]:.6g}; the nearest is at {times[edges[k]]:.6g}",
                         remedy="state the period of the loads, or solve with steps at the ends of the cycles")
    complete = bool(times[-1] - wanted[-1] <= _NEAR * period)
    if not complete:  # the rest is judged as what it is: a part of a cycle
        edges = np.append(edges, len(times) - 1)
    if (np.diff(edges)[:n] < _LEAST - 1).any():
        raise InputError("a cycle has too few steps to have a range", place="period", found=f"{period:g}",
                         expected=f"at least {plural(_LEAST, 'step')} in each cycle")
    return edges, complete


def repeated_period(times: np.ndarray, loads: np.ndarray) -> float | None:
    """The shortest time after which all loads repeat through the whole run, at least once; None where there is none.

    It is looked for among the times from the first step to each other one, with loads linear between steps.
    """
    scale = np.ptp(loads, axis=0) if loads.size else np.zeros(0)
    loads, scale = loads[:, scale > 0.0], scale[scale > 0.0]
    if not loads.shape[1]:
        return None
    start, end = times[0], times[-1]
    close = (abs(loads - loads[0]) <= _SAME * scale).all(axis=1)
    for k in np.flatnonzero(close)[1:]:
        period = float(times[k] - start)
        if k < _LEAST - 1 or 2.0 * period > (end - start) * (1.0 + 1e-9):
            continue
        earlier = times[times + period <= end * (1.0 + 1e-12) + 1e-12 * period]
        later = np.clip(earlier + period, start, end)
        if all((abs(np.interp(later, times, one) - np.interp(earlier, times, one)) <= _SAME * size).all()
               for one, size in zip(loads.T, scale)):
            return period
    return None
