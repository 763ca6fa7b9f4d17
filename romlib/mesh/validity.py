"""What every mesh has to fulfil, wherever it was read: finite points, nodes that exist, nothing there twice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numba import njit

from romlib.errors import FileFormatError
from romlib.mesh.elements import element
from romlib.mesh.kinematics import refuse_wrong_thickness
from romlib.mesh.mesh import FaceSet, Mesh
from romlib.words import plural

_ROUNDS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_SHIFT = np.uint64(29)
_AT_ONCE = 1 << 16  # rows


def check_mesh(mesh: Mesh, file: Path | None = None) -> None:
    """Refuse a piece, or a whole mesh, that no solver can have computed with.

    Two cells with the same corner nodes, in any order, would be counted twice in every integral: they are refused, and
    so are two faces of one tag. Nodes of no cell, and nodes at equal coordinates, are allowed: reference nodes, cracks
    and bodies that touch have them (`romlib.mesh.merge` looks at those). The sign of Jacobians is
    `romlib.mesh.operator.StrainOperator`'s to check, at the points where it matters.

    Raises
    ------
    FileFormatError : a coordinate that is not finite; an id that two nodes or two cells have; a cell, a face or a tag
        with a node that does not exist; cells or faces that are there twice. Names the first, and counts them.
    """
    _check_piece(mesh, file)


def check_pieces(pieces: Sequence[Mesh], file: Path | None = None) -> None:
    """The same for the pieces of one mesh, run through once, in which nodes are the same where their ids are.

    Of a piece, no more than two numbers a cell stay in memory: its id, and a hash of the ids of its corners.
    """
    shapes: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for mesh in pieces:
        _check_piece(mesh, file)
        for block in mesh.blocks if len(pieces) > 1 else ():
            kind = element(block.cell_type)
            hashes = row_hashes(block.connectivity[:, :kind.n_corner], mesh.node_ids)
            shapes.setdefault(kind.cell, []).append((np.asarray(block.cell_ids), hashes))
    if not shapes:
        return
    remedy = "give every cell to one piece only"
    repeated = _repeated(np.concatenate([ids for parts in shapes.values() for ids, _ in parts]))
    if len(repeated):
        raise FileFormatError("two cells have the same id", file=file, place=f"cell {repeated[0]}, in two pieces",
                              expected="unique cell ids", found=f"{len(repeated)} ids that are there twice",
                              remedy=remedy)
    for parts in shapes.values():
        ids, hashes = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        repeated = _repeated(hashes)
        if len(repeated):
            names = " and ".join(map(str, ids[hashes == repeated[0]]))
            raise FileFormatError("two cells have the same nodes", file=file, place=f"cells {names}, in two pieces",
                                  expected="every cell once", found=f"{plural(len(repeated), 'cell')} there twice",
                                  remedy=remedy)


def _check_piece(mesh: Mesh, file: Path | None) -> None:
    refuse_wrong_thickness(mesh.motion, mesh.thickness)
    if mesh.points.ndim != 2 or mesh.points.shape[1] != mesh.dimension:
        raise FileFormatError("the points have another number of coordinates than the kinematics of the mesh",
                              file=file, place=f"kinematics {mesh.kinematics!r}",
                              expected=f"(n_node, {mesh.dimension})", found=mesh.points.shape)
    wrong = np.flatnonzero(~np.isfinite(mesh.points).all(axis=1))
    if len(wrong):
        raise FileFormatError("a coordinate is not a finite number", file=file, place=f"node {mesh.node_ids[wrong[0]]}",
                              expected="finite numbers", found=mesh.points[wrong[0]])
    _check_ids(mesh, file)
    _check_nodes_exist(mesh, file)
    _check_cells(mesh, file)
    for name, face_set in mesh.face_tags.items():
        _check_faces(mesh, name, face_set, file)


def _check_ids(mesh: Mesh, file: Path | None) -> None:
    everything = [("node", mesh.node_ids, mesh.n_node)]
    everything += [("cell", block.cell_ids, block.n_cell) for block in mesh.blocks]
    for what, ids, n in everything:
        if len(ids) != n:
            raise FileFormatError(f"one id a {what} is needed", file=file, expected=n, found=len(ids))
    for what, ids in (("node", mesh.node_ids), ("cell", mesh.cell_ids if mesh.blocks else mesh.node_ids[:0])):
        repeated = _repeated(ids)
        if len(repeated):
            raise FileFormatError(f"two {what}s have the same id", file=file, place=f"{what} {repeated[0]}",
                                  expected=f"unique {what} ids", found=f"{len(repeated)} ids that are there twice")


def _check_nodes_exist(mesh: Mesh, file: Path | None) -> None:
    places = [(f"cells of type {block.cell_type}", block.connectivity, mesh.n_node) for block in mesh.blocks]
    places += [(f"face tag {name!r}", block.connectivity, mesh.n_node)
               for name, face_set in mesh.face_tags.items() for block in face_set.blocks]
    places += [(f"node tag {name!r}", nodes, mesh.n_node) for name, nodes in mesh.node_tags.items()]
    places += [(f"cell tag {name!r}", cells, mesh.n_cell) for name, cells in mesh.cell_tags.items()]
    for place, positions, n in places:
        positions = np.asarray(positions)
        if not positions.size:
            continue
        low, high = int(positions.min()), int(positions.max())
        if low < 0 or high >= n:
            what = "cell" if place.startswith("cell tag") else "node"
            raise FileFormatError(f"a {what} that does not exist", file=file, place=place,
                                  expected=f"positions 0 ... {n - 1}", found=low if low < 0 else high)


def _check_cells(mesh: Mesh, file: Path | None) -> None:
    shapes: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for block in mesh.blocks:
        kind = element(block.cell_type)
        shapes.setdefault(kind.cell, []).append((block.connectivity[:, :kind.n_corner], block.cell_ids))
    for parts in shapes.values():
        if not len(_repeated(np.concatenate([row_hashes(corners) for corners, _ in parts]))):
            continue
        corners, ids = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        pairs = same_rows(corners)
        if len(pairs):
            a, b = pairs[0]
            raise FileFormatError(
                "two cells have the same nodes", file=file, place=f"cells {ids[a]} and {ids[b]}",
                expected="every cell once", found=f"{plural(len(pairs), 'cell')} there twice; corner nodes "
                + ", ".join(map(str, mesh.node_ids[corners[b]])),
                remedy="remove the copies: stiffness, mass and loads would count twice; a cell may be in several sets")


def _check_faces(mesh: Mesh, name: str, face_set: FaceSet, file: Path | None) -> None:
    for block in face_set.blocks:
        corners = block.connectivity[:, :element(block.face_type).n_corner]
        pairs = same_rows(corners)
        if len(pairs):
            raise FileFormatError(
                "a face is in a tag twice", file=file, place=f"face tag {name!r}", expected="every face once",
                found=f"{len(pairs)} such faces; corner nodes "
                + ", ".join(map(str, mesh.node_ids[corners[pairs[0, 1]]])),
                remedy="remove the copies: a load on this tag would count twice there")


def same_rows(rows: np.ndarray) -> np.ndarray:
    """Pairs (n, 2) of rows with the same entries in any order: a row, and the first row that it repeats, before it.

    rows : (n_row, k) integers. Sorted by the later row.
    """
    hashes = row_hashes(rows)
    repeated = _repeated(hashes)
    if not len(repeated):
        return np.empty((0, 2), dtype=np.int64)
    candidates = np.flatnonzero(np.isin(hashes, repeated))
    _, number = np.unique(np.sort(rows[candidates], axis=1), axis=0, return_inverse=True)
    number = number.ravel()
    first = np.full(len(candidates), -1)
    first[number[::-1]] = np.arange(len(candidates))[::-1]  # assigned backwards: the first row stays
    first = first[number]
    later = np.flatnonzero(first != np.arange(len(candidates)))
    return np.column_stack([candidates[first[later]], candidates[later]])


def _repeated(values: np.ndarray) -> np.ndarray:
    """The values that are there more than once, increasing."""
    if (values[1:] > values[:-1]).all():  # as ids mostly are: no need to sort
        return values[:0]
    ordered = np.sort(values)
    return np.unique(ordered[1:][ordered[1:] == ordered[:-1]])


def row_hashes(rows: np.ndarray | Sequence[Sequence[int]], names: np.ndarray | None = None) -> np.ndarray:
    """A number (n,) for each row (n, k), that depends on its entries and not on their order.

    names : what the entries stand for, where the numbers are to depend on that: entry i is names[i].
    """
    rows = np.asarray(rows)
    found = np.empty(len(rows), dtype=np.uint64)
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start:start + _AT_ONCE] if names is None else names[rows[start:start + _AT_ONCE]]
        _hash_rows(np.ascontiguousarray(some, dtype=np.int64), found[start:start + _AT_ONCE])
    return found


@njit(cache=True)
def _hash_rows(rows: np.ndarray, found: np.ndarray) -> None:
    ordered = np.empty(rows.shape[1], dtype=np.int64)
    for row in range(len(rows)):
        for k in range(rows.shape[1]):
            value, at = rows[row, k], k
            while at > 0 and ordered[at - 1] > value:
                ordered[at] = ordered[at - 1]
                at -= 1
            ordered[at] = value
        total = np.uint64(0)
        for k in range(rows.shape[1]):
            total = (total ^ np.uint64(ordered[k])) * _ROUNDS[0]
            total = (total ^ (total >> _SHIFT)) * _ROUNDS[1]
        found[row] = total
