"""Bodies of a mesh: which cells hang together by nodes, and points that were written once a cell, made one again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numba import njit
from scipy import sparse

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.mesh import FaceBlock, Mesh
from romlib.mesh.skin import SKIN
from romlib.words import plural

_MOST_NEAR = 50  # points within the tolerance of one, in the mean: memory grows with them
_INT32 = 1 << 31  # positions below it fit 32 bits
_AT_ONCE = 1 << 16  # cells
_EQUAL = 1e-9  # points nearer than this part of the size of the mesh are at one place


@dataclass(frozen=True, eq=False)
class Bodies:
    """number : how many bodies. of_node : (n_node,), the body of each node, -1 of a node without cells."""

    number: int
    of_node: np.ndarray


def bodies(mesh: Mesh) -> Bodies:
    """The bodies of a mesh, or of a piece: cells that share a node are of one, numbered by their first nodes."""
    return bodies_of([block.connectivity for block in mesh.blocks], mesh.n_node)


def bodies_of(connectivities: list[np.ndarray], n_node: int) -> Bodies:
    """The same of cells as positions (n_cell, k) among n_node nodes."""
    first, used = np.arange(n_node, dtype=np.int32 if n_node < _INT32 else np.int64), np.zeros(n_node, dtype=bool)
    for nodes in connectivities:
        used[nodes] = True
        for start in range(0, len(nodes), _AT_ONCE):
            _join(np.ascontiguousarray(nodes[start:start + _AT_ONCE], dtype=np.int64), first)
    _follow(first)
    number = np.cumsum(used & (first == np.arange(n_node))) - 1
    of_node = np.full(n_node, -1)
    of_node[used] = number[first[used]]
    return Bodies(int(number[-1]) + 1 if n_node else 0, of_node)


@njit(cache=True)
def _join(cells: np.ndarray, first: np.ndarray) -> None:
    """Make one body of the nodes of each cell (n_cell, k). first : (n_node,), a node of the same body that is before
    each node, or the node itself, which is then the first of its body."""
    for cell in range(len(cells)):
        body = cells[cell, 0]
        for k in range(cells.shape[1]):
            other = cells[cell, k]
            while first[other] != other:
                first[other] = first[first[other]]
                other = first[other]
            while first[body] != body:
                body = first[body]
            first[max(body, other)] = min(body, other)
            body = min(body, other)


@njit(cache=True)
def _follow(first: np.ndarray) -> None:
    """Let each node know the first of its body."""
    for node in range(len(first)):
        first[node] = first[first[node]]


def representatives(points: np.ndarray, tolerance: float) -> np.ndarray:
    """For each point (n, k), the first of those that are within `tolerance` of it, or of one another in a chain: (n,).

    Raises
    ------
    InputError : the tolerance is not a positive number, or so large that points have dozens of others within it.
    """
    if not np.isfinite(tolerance) or tolerance <= 0.0:
        raise InputError("points are merged within a distance", place="merge", expected="a positive number",
                         found=tolerance)
    from scipy.spatial import cKDTree  # see romlib.mesh.interpolation

    distinct, place = np.unique(points, axis=0, return_inverse=True)  # n points at one place have n^2 / 2 pairs
    tree, n = cKDTree(distinct), len(distinct)
    if tree.count_neighbors(tree, tolerance) > _MOST_NEAR * n:
        raise InputError("points are merged within a distance that has many others in it", place="merge",
                         expected="less than the shortest edge", found=f"{tolerance:g}")
    pairs = tree.query_pairs(tolerance, output_type="ndarray")
    graph = sparse.coo_matrix((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    _, first, inverse = np.unique(label[place.ravel()], return_index=True, return_inverse=True)
    return first[inverse]


def merged_cells(connectivity: np.ndarray, keep: np.ndarray, tolerance: float) -> np.ndarray:
    """Cells (n_cell, k) with each node replaced by keep (n_node,).

    Raises
    ------
    InputError : two nodes of one cell would become one: the tolerance is too large.
    """
    new = keep[connectivity]
    ordered = np.sort(new, axis=1)
    before = np.sort(connectivity, axis=1)
    collapsed = np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).sum(axis=1)
                               > (before[:, 1:] == before[:, :-1]).sum(axis=1))
    if len(collapsed):
        raise InputError("merging points would make one of two nodes of a cell", place=f"merge = {tolerance:g}",
                         expected="less than the shortest edge",
                         found=f"{plural(len(collapsed), 'cell')} that would collapse")
    return new


def merge_points(mesh: Mesh, tolerance: float) -> Mesh:
    """A whole mesh whose points within `tolerance` of each other are one: the first of them, with its id and arrays.

    Faces between cells were in the skin and are so no more: the tag "skin" is left out, to be made again.
    """
    keep = representatives(mesh.points, tolerance)
    nodes = np.unique(keep)
    new = np.searchsorted(nodes, keep)
    cells = [merged_cells(block.connectivity, keep, tolerance) for block in mesh.blocks]
    blocks = tuple(replace(block, connectivity=np.searchsorted(nodes, of_block))
                   for block, of_block in zip(mesh.blocks, cells))
    faces = {name: replace(face_set, blocks=tuple(FaceBlock(block.face_type, new[block.connectivity])
                                                  for block in face_set.blocks))
             for name, face_set in mesh.face_tags.items() if name != SKIN}
    return replace(mesh, points=mesh.points[nodes], blocks=blocks, node_ids=mesh.node_ids[nodes], face_tags=faces,
                   node_tags={name: np.unique(new[where]) for name, where in mesh.node_tags.items()},
                   node_arrays={name: values[nodes] for name, values in mesh.node_arrays.items()}, shared_index=None)


def refuse_loose_cells(mesh: Mesh, file: Path, remedy: str) -> None:
    """Bodies that touch in points of equal coordinates, without sharing them, are refused.

    Files written cell by cell, or part by part, are of this kind: solved or integrated as they are, their parts would
    fall asunder. Bodies apart from each other are legitimate: each is held by constraints of its own, or it is not,
    which `romlib solve` finds.

    Parameters
    ----------
    remedy : how the user says that the points are one, or that they are not.

    Raises
    ------
    UnsupportedError : with the number of bodies, and of points at equal coordinates.
    """
    found = bodies(mesh)
    if found.number < 2:
        return
    size = float(np.max(np.ptp(mesh.points, axis=0)))
    inside = found.of_node >= 0
    first = representatives(mesh.points, max(_EQUAL * size, float(np.finfo(float).tiny)))
    lowest, highest = np.full(mesh.n_node, found.number), np.full(mesh.n_node, -1)
    np.minimum.at(lowest, first[inside], found.of_node[inside])
    np.maximum.at(highest, first[inside], found.of_node[inside])
    touching = np.flatnonzero(highest > lowest)
    if not len(touching):
        return
    point = mesh.points[touching[0]]
    each = " (every cell is one of its own)" if found.number == mesh.n_cell else ""
    raise UnsupportedError(
        "cells that touch share no nodes", file=file, expected="one node at one place",
        place=f"points at equal coordinates, such as ({', '.join(f'{x:.6g}' for x in point)})",
        found=f"{found.number} bodies{each}, {len(touching)} places where they touch", remedy=remedy)
