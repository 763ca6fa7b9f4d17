"""Material axes in the cells of a piece and at points of it, from what a material says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from romlib.errors import InputError
from romlib.mesh.axes import axes_of_vectors, cylindrical_axes, turned
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.model import ArrayReference, Orientation
from romlib.words import closest, shortlist


def axes_at(
    orientation: Orientation, mesh: Mesh, cells: np.ndarray, points: np.ndarray, place: str
) -> np.ndarray:
    """Axes (n, 3, 3), rows, of an orientation at points of a mesh.

    Parameters
    ----------
    cells : (n,), the cell that each point is in. points : (n, dimension). place : of the orientation, for messages.

    Raises
    ------
    InputError : a cell array that is not there, or with vectors that span no plane; a point on the axis of a cylinder.
    """
    found = _axes(orientation, mesh, cells, points, place)
    lost = np.unique(cells[np.isnan(found).any(axis=(1, 2))])
    if len(lost) and orientation.center is not None:
        raise InputError(
            "a point is on the axis of the material axes' cylinder, where there is no radius", place=place,
            found=shortlist("cell", mesh.cell_ids[lost], 5),
            remedy="move the axis, or give these cells another material")
    if len(lost):
        raise InputError(
            "the vectors of material axes are parallel, or have no direction", place=place,
            found=shortlist("cell", mesh.cell_ids[lost], 5),
            remedy="give each cell two vectors that span the plane of the axes 1 and 2")
    return found


def axes_in_cells(orientation: Orientation, mesh: Mesh, cells: np.ndarray) -> np.ndarray:
    """Axes (n, 3, 3) at the centres (mean of the nodes) of cells (n,); NaN where there are none.

    Raises
    ------
    InputError : a cell array that is not there.
    """
    centres = np.concatenate([np.empty((0, mesh.points.shape[1])), *(
        mesh.points[block.connectivity].mean(axis=1) for block in mesh.blocks)])
    return _axes(orientation, mesh, cells, centres[cells], "orientation")


def _axes(orientation: Orientation, mesh: Mesh, cells: np.ndarray, points: np.ndarray, place: str) -> np.ndarray:
    if orientation.center is not None and orientation.axis is not None:
        found = cylindrical_axes(padded(points), np.array(orientation.center), np.array(orientation.axis))
    else:
        found = axes_of_vectors(*(
            _vectors(one, mesh, cells, f"{place}.{key}")
            for key, one in (("first", orientation.first), ("plane", orientation.plane))))
    return turned(found, orientation.about, orientation.turn)


def _vectors(
    given: Sequence[float] | ArrayReference | None, mesh: Mesh, cells: np.ndarray, place: str
) -> np.ndarray:
    """(n, 3): one vector for all, or those of a cell array."""
    if not isinstance(given, ArrayReference):
        return np.broadcast_to(np.asarray(given, dtype=float), (len(cells), 3))
    name, known = given.array, mesh.cell_arrays
    if name not in known:
        raise InputError(
            f"the cell array {name!r} does not exist", place=place, expected="a cell array of the mesh",
            found=f"cell arrays {', '.join(known) or 'none'}",
            remedy=closest(name, list(known), "correct the name of the array"))
    values = np.asarray(known[name])
    if values.shape != (mesh.n_cell, 3) or not np.issubdtype(values.dtype, np.number):
        raise InputError(f"the cell array {name!r} is no field of vectors", place=place,
                         expected=f"shape ({mesh.n_cell}, 3)", found=f"shape {values.shape}")
    return values.astype(float)[cells]
