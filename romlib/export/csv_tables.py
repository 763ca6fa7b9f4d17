"""Tables of values over time: a row a step and a node, cell or integration point, comma-separated."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from romlib.export.arrays import Array
from romlib.export.content import Content
from romlib.results.probe import header
from romlib.results.scalar import AXES

PLACES = ("nodes", "cells", "points")


def write_csv(path: Path, content: Content, at: str) -> None:
    """Write a table; the first line has names with units, and `pandas.read_csv(path)` reads it as it is.

    at : "nodes", "cells" or "points" (integration points). An absent value is empty.
    """
    fixed = _fixed_columns(content, at)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        for k, step in enumerate(content.steps()):
            arrays: Sequence[Array] = getattr(step, at)
            scalars = [(header(name, array.unit), values) for array in arrays for name, values in array.scalars(".")]
            if not k:
                writer.writerow(["step", header("time", content.time_unit), *(name for name, _ in fixed),
                                 *(name for name, _ in scalars)])
            columns = [values.tolist() for _, values in fixed] + [_cells(values) for _, values in scalars]
            writer.writerows([step.number, step.time, *row] for row in zip(*columns))


def _fixed_columns(content: Content, at: str) -> list[tuple[str, np.ndarray]]:
    """What is the same at each step: names and coordinates of the places."""
    mesh, unit = content.mesh, content.length
    if at == "nodes":
        return [("node", mesh.node_ids), *_coordinates(mesh.coordinates, unit)]
    if at == "points":
        cell_ids, numbers, coordinates = content.point_names
        return [("cell", cell_ids), ("point", numbers), *_coordinates(coordinates, unit)]
    centres = [mesh.coordinates[block.connectivity].mean(axis=1) for block in mesh.blocks]
    return [("cell", mesh.cell_ids), *_coordinates(np.concatenate([np.empty((0, 3)), *centres]), unit)]


def _coordinates(points: np.ndarray, unit: str) -> list[tuple[str, np.ndarray]]:
    return [(header(axis, unit), along) for axis, along in zip(AXES, points.T)]


def _cells(values: np.ndarray) -> list[float | str]:
    absent = np.isnan(values)
    if not absent.any():
        return values.tolist()
    return ["" if no else value for value, no in zip(values.tolist(), absent.tolist())]
