"""Values at integration points as arrays over the cells of a type, from rows in the order of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from romlib_converters.abaqus.fil import LOCATIONS, PointRows
from romlib_converters.common.history import FieldValues, SolverCells

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.ids import IdIndex
from romlib.mesh.quadrature import rule

_ORDER = [0, 1, 2, 3, 5, 4]  # of Abaqus's components 11, 22, 33, 12, 13, 23: xx, yy, zz, xy, yz, xz
_APART = 0.02  # of the size of a cell: coordinates of its points that differ by more are of another point
_ORTHOGONAL = 1e-4  # directions may have been written in single precision


class PointMap:
    """Where rows of elements and points go, among the points of all solid cells.

    cells : of the mesh, one an element type and part of it; values come in these parts.
    """

    def __init__(self, cells: Sequence[SolverCells], file: Path) -> None:
        self.cells, self._file = tuple(replace(one, nodes=one.nodes[:0].copy()) for one in cells), file
        self._index = IdIndex(np.concatenate([np.empty(0, np.int64), *(one.ids for one in self.cells)]))
        self._n_point = np.concatenate([np.empty(0, np.int64), *(
            np.full(len(one.ids), one.element.n_point) for one in self.cells)])
        self._first = np.cumsum(self._n_point) - self._n_point
        self._total = int(self._n_point.sum())
        self._last: tuple[PointRows, np.ndarray, np.ndarray] | None = None

    def spread(self, rows: PointRows, values: np.ndarray, what: str, place: str) -> np.ndarray:
        """Values (n_row, k) at all points (n_point, k), NaN where the file has none.

        Rows of elements that are no solids, and those that are not at integration points, are left out.

        Raises
        ------
        FileFormatError : a point that the element does not have, or two values of one point that differ.
        """
        kept, at = self._positions(rows, what, place)
        found = np.full((self._total, values.shape[1]), np.nan)
        found[at] = values[kept]
        if len(at) and not np.array_equal(found[at], values[kept], equal_nan=True):
            k = int(np.flatnonzero((found[at] != values[kept]).any(axis=1))[0])
            raise FileFormatError("a point has two values that differ", file=self._file, place=f"{place}, {what}",
                                  found=f"element {rows.elements[kept][k]}, point {rows.points[kept][k]}")
        return found

    def parts(self, values: np.ndarray) -> tuple[FieldValues, ...]:
        """Values (n_point, k) of all points, by the parts of the mesh."""
        found, first = [], 0
        for one in self.cells:
            last = first + len(one.ids) * one.element.n_point
            found.append(FieldValues(one.ids, values[first:last].reshape(len(one.ids), one.element.n_point, -1)))
            first = last
        return tuple(found)

    def _positions(self, rows: PointRows, what: str, place: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows that are kept (m,), and where they go (m,); mostly those of the increment before."""
        if self._last is not None:
            old, kept, at = self._last
            if all(np.array_equal(getattr(old, name), getattr(rows, name))
                   for name in ("elements", "points", "sections", "locations")):
                return kept, at
        cells = self._index.find(rows.elements)
        kept = np.flatnonzero((cells >= 0) & (rows.locations == 0))
        wrong = np.flatnonzero((rows.points[kept] < 1) | (rows.points[kept] > self._n_point[cells[kept]])
                               | (rows.sections[kept] > 1))
        if len(wrong):
            k = kept[wrong[0]]
            raise FileFormatError("an element has a point that its type does not have", file=self._file,
                                  place=f"{place}, {what}, element {rows.elements[k]}",
                                  expected=f"points 1 to {self._n_point[cells[k]]}",
                                  found=f"point {rows.points[k]}, section point {rows.sections[k]}")
        at = self._first[cells[kept]] + rows.points[kept] - 1
        self._last = rows, kept, at
        return kept, at


def at_other_places(rows: PointRows) -> str:
    """Where rows are that are not at integration points, in words; "" where all are."""
    found = np.unique(rows.locations[rows.locations != 0]).tolist()
    return ", ".join(LOCATIONS.get(one, f"location {one}") for one in found)


def plain_tensors(
    rows: PointRows, *, engineering: bool, file: Path, place: str, n_shear: int = 3
) -> np.ndarray:
    """Plain components xx, yy, zz, xy, yz, xz (n, 6) of tensors in the axes in which they are written.

    engineering : their shear components are twice the tensor's. n_shear : three of solids, one (xy) of plane and
    axisymmetric elements, in which the others are zero.

    Raises
    ------
    UnsupportedError : tensors with other components than those of solids.
    """
    wrong = np.flatnonzero((rows.direct != 3) | (rows.shear != n_shear))
    if len(wrong) or rows.values.shape[1] < 3 + n_shear:
        k = int(wrong[0]) if len(wrong) else 0
        raise UnsupportedError("tensors do not have the components of solids", file=file,
                               place=f"{place}, element {rows.elements[k] if len(rows.elements) else ''}",
                               expected=f"3 direct, {n_shear} shear",
                               found=f"{rows.direct[k]} direct, {rows.shear[k]} shear" if len(wrong)
                               else f"{rows.values.shape[1]} values")
    plain = np.zeros((len(rows.values), 6))
    columns = _ORDER if n_shear == 3 else [0, 1, 2, 3]
    plain[:, :len(columns)] = rows.values[:, columns]
    if engineering:
        plain[:, 3:] *= 0.5
    return plain


def frames_of(values: np.ndarray, file: Path, place: str) -> np.ndarray:
    """Frames (n, 3, 3), axes in columns, of records 85: direction cosines of the first two, or of all three, axes.

    NaN rows stay NaN.

    Raises
    ------
    FileFormatError : axes that are not orthogonal unit vectors, or another number of cosines.
    """
    if values.shape[1] not in (6, 9):
        raise FileFormatError("local directions have another number of cosines than those of solids", file=file,
                              place=f"{place}, record 85", expected="6 or 9", found=values.shape[1])
    first, second = values[:, :3], values[:, 3:6]
    third = np.cross(first, second)
    axes = np.stack([first, second, third], axis=2)
    apart = np.abs(np.einsum("nij,nik->njk", axes, axes) - np.eye(3)).max(axis=(1, 2))
    if values.shape[1] == 9:
        apart = np.maximum(apart, np.abs(third - values[:, 6:]).max(axis=1))
    if (apart > _ORTHOGONAL).any():
        raise FileFormatError("local directions are not orthogonal unit vectors", file=file,
                              place=f"{place}, record 85", found=values[int(np.nanargmax(apart))].tolist())
    return axes


def check_points(
    cells: Sequence[SolverCells], positions: Sequence[np.ndarray], written: Sequence[np.ndarray], file: Path
) -> None:
    """Compare where a file says that points are with where romlib's rules have them, in the order of the file.

    Parameters
    ----------
    positions : of each part, its nodes (n, n_node, 3). written : coordinates of its points (n, n_point, 3), NaN where
        there is none.

    Raises
    ------
    FileFormatError : another order, or another rule.
    """
    for one, nodes, found in zip(cells, positions, written, strict=True):
        kind = element(one.element.cell_type)
        vtk = nodes if one.element.nodes is None else nodes[:, one.element.nodes]
        expected = np.einsum("qa,nai->nqi", kind.shape(rule(one.element.quadrature).points), vtk)
        size = np.ptp(vtk, axis=1).max(axis=1)
        apart = np.nan_to_num(np.abs(found[:, one.element.point_order] - expected).max(axis=2)) / size[:, None]
        if (apart > _APART).any():
            cell, point = np.unravel_index(int(apart.argmax()), apart.shape)
            raise FileFormatError("the coordinates of integration points (COORD) are not where the rule has them",
                                  file=file, place=f"element {one.ids[cell]}, point {point + 1}",
                                  expected=f"{expected[cell, point].round(6).tolist()}, rule {one.element.quadrature}",
                                  found=found[cell, point].round(6).tolist(),
                                  remedy="state the rule by the option quadrature, or leave COORD out of *EL FILE")
