"""The file .sta: which increments the solver took, and how long each was, in six digits of its own length.

The times of a .frd have six digits of the total time, so that short increments late in a history are badly known; their
lengths here are not.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from romlib_converters.keyword.history import Step

_COLUMNS = 7  # step, increment, attempt, iterations, total time, step time, length of the increment
_TIME_DIGITS = 5e-6  # of a time in a .frd


def read_sta(path: Path | None) -> dict[tuple[int, int], float]:
    """Length of each increment, by step and number; empty where there is no such file, or it is none of CalculiX.

    Attempts that did not converge are marked by a U, and left out.
    """
    if path is None or not path.is_file():
        return {}
    lengths = {}
    for line in path.read_text(encoding="latin-1").splitlines():
        fields = line.split()
        if len(fields) == _COLUMNS and fields[0].isdecimal() and fields[1].isdecimal() and not fields[2].endswith("U"):
            try:
                lengths[int(fields[0]), int(fields[1])] = float(fields[6])
            except ValueError:
                return {}
    return lengths


def sta_times(
    lengths: dict[tuple[int, int], float], increments: list[tuple[int, int]], times: np.ndarray, steps: list[Step]
) -> np.ndarray | None:
    """Total times of increments (step, number) from the lengths of all; None where they are not of these results.

    Parameters
    ----------
    times : (n,) of the .frd, in six digits. steps : of the deck: where they begin.
    """
    if any(one not in lengths for one in increments):
        return None
    ends: dict[tuple[int, int], float] = {}
    time, before = 0.0, 1
    for (step, number), length in sorted(lengths.items()):
        if step != before and step <= len(steps):
            time = steps[step - 1].start
        time, before = time + length, step
        ends[step, number] = time
    found = np.array([ends[one] for one in increments])
    return found if (np.abs(found - times) <= 2 * _TIME_DIGITS * np.abs(times)).all() else None
