"""Pieces of a mesh whose points have global ids: a node of several pieces is one node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from romlib_converters.meshio.series import Cells

from romlib.errors import FileFormatError
from romlib.words import plural

GLOBAL_IDS = ("GlobalNodeId", "GlobalNodeIds", "GlobalNodeIDs", "GlobalPointIds", "GlobalIds")
_EQUAL = 1e-6  # of the size of the mesh, or of the largest value


def joined_nodes(
    points: np.ndarray, cells: Cells, node: dict[str, np.ndarray], ids: np.ndarray, file: Path
) -> tuple[np.ndarray, Cells, dict[str, np.ndarray]]:
    """The mesh with every id once, in the order of the ids.

    Parameters
    ----------
    points : (n, 3), of all pieces. cells : positions among them. node : arrays (n, ...). ids : (n,).

    Raises
    ------
    FileFormatError : two pieces have different coordinates, or different values of an array of real numbers, at one id.
    Other arrays that differ, such as the number of the piece, are left out.
    """
    _, first, number = np.unique(ids, return_index=True, return_inverse=True)
    number = number.ravel()
    _compare(points, first, number, ids, file, "points")
    kept = {}
    for name, values in node.items():
        if values.dtype.kind == "f":
            _compare(values, first, number, ids, file, f"array {name!r}")
        elif not np.array_equal(values, values[first][number]):
            continue
        kept[name] = values[first]
    return points[first], [(kind, number[nodes] if nodes.shape[1] > 1 or kind == "vertex" else nodes)
                           for kind, nodes in cells], kept


def _compare(
    values: np.ndarray, first: np.ndarray, number: np.ndarray, ids: np.ndarray, file: Path, place: str
) -> None:
    with np.errstate(invalid="ignore"):
        apart = np.abs(values - values[first][number]).reshape(len(values), -1).max(axis=1, initial=0.0)
        largest = np.nanmax(np.abs(values), initial=0.0)
    wrong = np.flatnonzero(apart > _EQUAL * largest)
    if len(wrong):
        raise FileFormatError("pieces have different values at one global id: they are of different meshes or times",
                              file=file, place=f"{place}, id {ids[wrong[0]]}", found=plural(len(wrong), "such value"))
