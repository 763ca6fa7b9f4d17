"""Cells that no integration is possible on: found, named with what is wrong, left out or repaired on request."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.partition import split
from romlib.mesh.quadrature import rule
from romlib.mesh.skin import SKIN
from romlib.words import plural

Treatment = Literal["refuse", "drop", "repair"]
INSIDE_OUT, FLAT, TWISTED = "inside out", "flat", "twisted"
_FLAT = 1e-12  # of the volume of a cube around the cell
_MOST_NAMED = 5
_AT_ONCE = 20_000  # cells, for memory
_log = logging.getLogger("romlib.mesh")


@dataclass(frozen=True, eq=False)
class BadCells:
    """Cells on which no integral is possible.

    blocks, rows : (n,) where each is. whys : (n,) of INSIDE_OUT (its nodes run the other way round), FLAT (it has no
    volume) and TWISTED (the Jacobian is not positive at some of its points). counts : (n,) number of such points.
    """

    mesh: Mesh
    blocks: np.ndarray
    rows: np.ndarray
    whys: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def positions(self) -> np.ndarray:
        """(n,), of the cells in the mesh."""
        first = np.cumsum([0, *(block.n_cell for block in self.mesh.blocks)])
        positions: np.ndarray = first[self.blocks] + self.rows
        return positions

    def rows_of(self, number: int, why: str) -> np.ndarray:
        """Rows of a block that are bad in one way."""
        return self.rows[(self.blocks == number) & (self.whys == why)]

    def __str__(self) -> str:
        """The first ones, with their nodes and what is wrong with them."""
        words = []
        for number, row, why, count in zip(self.blocks[:_MOST_NAMED].tolist(), self.rows.tolist(), self.whys,
                                           self.counts, strict=False):
            block = self.mesh.blocks[number]
            what = f"{why}, at {plural(int(count), 'point')}" if why == TWISTED else str(why)
            nodes = ", ".join(map(str, self.mesh.node_ids[block.connectivity[row]]))
            words.append(f"cell {block.cell_ids[row]} ({block.cell_type}) is {what}; its nodes are {nodes}")
        return "; ".join(words) + (f"; and {len(self) - _MOST_NAMED} more" if len(self) > _MOST_NAMED else "")


def find_bad_cells(mesh: Mesh) -> BadCells:
    """The cells whose Jacobian is not positive at a point of their rule, in the order of the mesh."""
    found: list[tuple[np.ndarray, ...]] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, "U10"),
                                            np.zeros(0, np.int64))]
    for number, block in enumerate(mesh.blocks):
        for first, determinants in _determinants(mesh, block):
            wrong = ~(determinants > 0.0)  # NaN is wrong too
            rows = np.flatnonzero(wrong.any(axis=1))
            points = mesh.points[block.connectivity[first + rows]]
            size = np.ptp(points, axis=1).max(axis=1, initial=0.0) ** mesh.dimension
            own = determinants[rows]
            whys = np.where(np.abs(own).max(axis=1, initial=0.0) <= _FLAT * size, FLAT,
                            np.where((own < 0.0).all(axis=1), INSIDE_OUT, TWISTED))
            found.append((np.full(len(rows), number), first + rows, whys, wrong[rows].sum(axis=1)))
    return BadCells(mesh, *(np.concatenate(parts) for parts in zip(*found, strict=True)))


def well_shaped(mesh: Mesh, treatment: Treatment, file: Path) -> Mesh:
    """The mesh with cells that integrals are possible on.

    Parameters
    ----------
    treatment : of those that are none: "refuse", "drop" (the mesh has a hole there), or "repair": the nodes of cells
        that are inside out are put in order, and mid-side nodes of quadratic cells that are twisted are moved to the
        middle of their edges. What was done is logged.

    Raises
    ------
    InputError : cells are bad and "refuse" is asked for, or bad after the repair; names them and says what is wrong.
    """
    bad = find_bad_cells(mesh)
    if not len(bad):
        return mesh
    if treatment == "refuse":
        raise _error("cells are badly shaped", bad, file, 'repair the mesh; or let romlib do it by [mesh] bad_cells = '
                     '"repair" (nodes in order, mid-side nodes to the middle), or leave them out by "drop"')
    if treatment == "drop":
        if len(bad) == mesh.n_cell:
            raise _error("all cells are badly shaped", bad, file, "check the order of the nodes")
        _log.warning("%s left out of %s: %s", plural(len(bad), "badly shaped cell"), file.name, bad)
        return _without(mesh, bad)
    repaired = _straightened(_in_order(mesh, bad))
    left = find_bad_cells(repaired)
    if len(left):
        raise _error("cells are badly shaped after the repair", left, file,
                     'repair the mesh, or leave these cells out by [mesh] bad_cells = "drop"')
    _log.warning("%s of %s repaired: %s", plural(len(bad), "badly shaped cell"), file.name, bad)
    return _without_skin(repaired)


def _determinants(mesh: Mesh, block: CellBlock) -> Iterator[tuple[int, np.ndarray]]:
    """The first cell, and the determinants (n, n_point) of the Jacobians of some cells, through a block."""
    gradient = element(block.cell_type).gradient(rule(block.quadrature).points)
    dimension = gradient.shape[2]
    for first in range(0, block.n_cell, _AT_ONCE):
        points = mesh.points[block.connectivity[first:first + _AT_ONCE]][:, :, :dimension]
        yield first, np.linalg.det(np.einsum("qnd,cnx->cqxd", gradient, points))


def _error(what: str, bad: BadCells, file: Path, remedy: str) -> InputError:
    return InputError(what, file=file, place=str(bad), expected="a positive Jacobian at all integration points",
                      found=plural(len(bad), "such cell"), remedy=remedy)


def _without(mesh: Mesh, bad: BadCells) -> Mesh:
    owners = np.zeros(mesh.n_cell, np.int64)
    owners[bad.positions] = 1
    kept = split(_without_skin(mesh), owners)[0]
    return replace(kept, blocks=tuple(block for block in kept.blocks if block.n_cell), shared_index=None)


def _without_skin(mesh: Mesh) -> Mesh:
    """The mesh without the tag of its skin, which is found anew."""
    return replace(mesh, face_tags={name: tag for name, tag in mesh.face_tags.items() if name != SKIN})


def _in_order(mesh: Mesh, bad: BadCells) -> Mesh:
    """The cells that are inside out with their nodes the other way round."""
    blocks = list(mesh.blocks)
    for number, block in enumerate(blocks):
        rows = bad.rows_of(number, INSIDE_OUT)
        if len(rows):
            connectivity = block.connectivity.copy()
            connectivity[rows] = connectivity[rows][:, _mirrored(block.cell_type)]
            blocks[number] = replace(block, connectivity=connectivity)
    return replace(mesh, blocks=tuple(blocks))


@cache
def _mirrored(cell_type: str) -> list[int]:
    """Which node of a cell takes the place of each when its first two reference axes are exchanged."""
    nodes = element(cell_type).nodes
    other = nodes.copy()
    other[:, [0, 1]] = nodes[:, [1, 0]]
    found: list[int] = np.argmin(np.abs(other[:, None] - nodes[None]).sum(axis=2), axis=1).tolist()
    return found


def _straightened(mesh: Mesh) -> Mesh:
    """Mid-side nodes of twisted cells in the middle of their edges."""
    points, bad = mesh.points.copy(), find_bad_cells(mesh)
    for number, block in enumerate(mesh.blocks):
        kind = element(block.cell_type)
        nodes = block.connectivity[bad.rows_of(number, TWISTED)]
        if kind.n_midside and len(nodes):
            middle = nodes[:, kind.n_corner:kind.n_corner + kind.n_midside]
            points[middle] = points[nodes[:, np.array(kind.edges)]].mean(axis=2)
    return replace(mesh, points=points)
