"""Several probes of one result side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from romlib.results.probe import Probe
from romlib.words import placed

Column = tuple[str, str, np.ndarray]


def joined(probes: Sequence[Probe]) -> list[Column]:
    """One table: the time, then the columns of each probe, with its place in the name where there are several places.

    Names are different from each other.
    """
    time, columns = next(iter(probes[0].columns())), list[Column]()
    several = len({probe.asked for probe in probes}) > 1
    for probe in probes:
        for name, unit, values in list(probe.columns())[1:]:
            where = probe.reduced in ("max", "min") and name in ("node", "cell", "point", "x", "y", "z")
            name = f"{probe.label.replace(' ', '_')} {name}" if where else name
            columns.append((f"{name} at {probe.asked}" if several and probe.asked else name, unit, values))
    return [time, *columns]


def summary(probes: Sequence[Probe]) -> list[tuple[str, str, str, str, str]]:
    """A row a component: quantity with its unit, smallest and largest value over time, when the latter is (of
    a smallest value over places: the former), and where."""
    rows = []
    for probe in probes:
        for name, unit, values in list(probe.columns())[1:]:
            if probe.reduced in ("max", "min") and name in ("node", "cell", "point", "x", "y", "z"):
                continue
            if not np.isfinite(values).any():
                rows.append((name, "", "", "", f"{probe.where}; the material there lacks the field"))
                continue
            step = int(np.nanargmin(values) if probe.reduced == "min" else np.nanargmax(values))
            where = probe.where
            if probe.reduced in ("max", "min"):
                where += f"; at that time at {probe.place(step)} {placed(probe.coordinates[step])}"
            rows.append((f"{name} ({unit})" if unit else name, f"{np.nanmin(values):.6g}", f"{np.nanmax(values):.6g}",
                         f"{probe.times[step]:.6g}", where))
    return rows
