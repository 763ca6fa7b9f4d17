"""A reduced description of the temperatures of the training runs, at the selected points: what they span, how far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from romlib.archive.rom import TemperatureAtPoints, TrainedTemperatures
from romlib.loads.temperature import temperature_at
from romlib.offline.roles import serves
from romlib.snapshots.prepared import PreparedSnapshots

_TOLERANCE = 1e-9  # of the largest singular value


def trained_temperatures(
    runs: Sequence[PreparedSnapshots], stored: TemperatureAtPoints
) -> TrainedTemperatures | None:
    """POD of what the runs differ from the initial temperature by; None without temperature loads
    that do something.

    Every point counts the same: what is measured is whether a field is one of the training, not its energy.
    """
    if not stored.terms:
        return None
    origin = np.zeros(stored.matrix.shape[0]) if stored.initial is None else stored.initial
    fields = [temperature_at(stored.terms, run.amplitudes, run.case_times) for run in runs
              if serves(run.role, "cases")]
    rises = [field - origin for field in fields if field is not None]
    if not rises:
        return None
    # Rows of triangular factors span what the fields do, with as few rows as there are points or loads.
    factors = [np.linalg.qr(rise, mode="r") for rise in rises]
    _, values, modes = np.linalg.svd(np.concatenate(factors), full_matrices=False)
    if not values[0] > 0.0:  # no run leaves the initial temperature
        return None
    modes = modes[values > _TOLERANCE * values[0]]
    coordinates = [rise @ modes.T for rise in rises]
    return TrainedTemperatures(np.ascontiguousarray(modes), np.array([one.min(axis=0) for one in coordinates]),
                               np.array([one.max(axis=0) for one in coordinates]))
