"""Times of a solver's records: each once and increasing, and when the structure was at rest before them."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import FileFormatError, InputError
from romlib.model import Omission
from romlib.words import plural, shortlist

_SAME = 1e-12  # of the largest time: solvers repeat the last time of a step as the first of the next, to rounding


def distinct_times(times: np.ndarray, file: Path) -> tuple[np.ndarray, Omission | None]:
    """The records whose times are not those of a record before them.

    Solvers write the end of one step and the beginning of the next at the same time, or a record again after a restart.

    Parameters
    ----------
    times : (n_record,), not falling. file : for messages.

    Returns
    -------
    positions (n_step,) of the first record of each time, and what to say of the others, None where there are none.

    Raises
    ------
    FileFormatError : no record, a time that is not finite, or a time that falls (with both times).
    """
    times = np.asarray(times, dtype=float)
    if not len(times):
        raise FileFormatError("the results have no record", file=file, expected="a displacement in time")
    wrong = np.flatnonzero(~np.isfinite(times))
    if len(wrong):
        raise FileFormatError("a time is not a finite number", file=file, place=f"record {wrong[0] + 1}",
                              found=times[wrong[0]])
    step = np.diff(times)
    same = _SAME * float(np.abs(times).max())
    falls = np.flatnonzero(step < -same)
    if len(falls):
        k = int(falls[0])
        raise FileFormatError("the times do not increase", file=file, place=f"record {k + 2}",
                              expected=f"more than {times[k]:.6g}", found=f"{times[k + 1]:.6g}",
                              remedy="a history has one time that goes on through all steps; write the results again, "
                                     "of one analysis, with time accumulated over its steps")
    kept = np.flatnonzero(np.concatenate([[True], step > same]))
    dropped = np.setdiff1d(np.arange(len(times)), kept)
    if not len(dropped):
        return kept, None
    return kept, Omission(name="repeated_times", does_work=False, description=(
        f"{plural(len(dropped), 'record')} at the time of the record before "
        f"({shortlist('time', [f'{t:.6g}' for t in times[dropped]])}) left out"))


def initial_time(first: float, at_rest: bool, options: dict[str, Any], file: Path) -> float:
    """When the structure was at rest: the option initial_time, else the first record if it is at rest, else zero.

    Raises
    ------
    InputError : the option is no number, or not before the first displacement. FileFormatError : the first record is at
    time zero or before, and has a displacement: increments are missing.
    """
    if "initial_time" in options:
        try:
            stated = float(options["initial_time"])
        except (TypeError, ValueError, OverflowError):
            stated = float("nan")
        if not isfinite(stated) or stated > first or (stated == first and not at_rest):
            raise InputError("the initial time is not before the first displacement", file=file,
                             place="option initial_time", expected=f"a number less than {first:.6g}",
                             found=options["initial_time"])
        return stated
    if at_rest:
        return first
    if first <= 0.0:
        raise FileFormatError("increments are missing: the first record already has a displacement", file=file,
                              place=f"record 1 (time {first:.6g})", expected="the initial state, at rest",
                              remedy="write every increment from the initial state on; or state when the structure was "
                                     "at rest with the option initial_time")
    return 0.0
