"""Cutting a mesh into pieces, and numbering the nodes that pieces share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from romlib.errors import FileFormatError, InputError
from romlib.mesh.ids import IdIndex, renumbered
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.topology import face_neighbours, parent_faces
from romlib.mesh.validity import check_mesh, check_pieces
from romlib.words import plural

Rows: TypeAlias = "np.ndarray | slice"
_SEED = 1  # METIS draws random numbers: the same mesh must be cut the same way every time


def partition(mesh: Mesh, n_piece: int) -> list[Mesh]:
    """Cut a mesh into pieces of about equal numbers of integration points and small interfaces (METIS).

    See `split` for what the pieces carry.

    Raises
    ------
    InputError : more pieces than cells, or pymetis missing. FileFormatError : see `romlib.mesh.validity.check_mesh`.
    """
    check_mesh(mesh)
    if not 1 <= n_piece <= mesh.n_cell:
        raise InputError("wrong number of pieces", expected=f"1 ... {mesh.n_cell} (the number of cells)", found=n_piece)
    return split(mesh, cut_cells(mesh, n_piece))


def cut_cells(mesh: Mesh, n_piece: int) -> np.ndarray:
    """The piece of each cell, (n_cell,); the same at every call. InputError : see `partition`."""
    return np.zeros(mesh.n_cell, dtype=np.int64) if n_piece == 1 else _metis(mesh, n_piece)


def _metis(mesh: Mesh, n_piece: int) -> np.ndarray:
    """The piece of each cell, (n_cell,): METIS on the graph of cells that share a face."""
    try:
        import pymetis  # only cutting needs it: reading and reducing a file already cut does not
    except ImportError:
        raise InputError("cutting a mesh into pieces needs the package pymetis", found="not installed",
                         remedy="pip install pymetis, or keep one piece, or the solver's own subdomains") from None
    graph = face_neighbours(mesh)
    _, membership = pymetis.part_graph(
        n_piece, adjacency=pymetis.CSRAdjacency(graph.indptr, graph.indices), vweights=mesh.points_of_cells,
        options=pymetis.Options(seed=_SEED))
    owners = np.asarray(membership, dtype=np.int64)
    empty = np.flatnonzero(np.bincount(owners, minlength=n_piece) == 0)
    if len(empty):
        raise InputError("METIS left a piece without cells", place=f"piece {empty[0]}", found=n_piece - len(empty),
                         expected=plural(n_piece, "piece"), remedy="ask for fewer pieces")
    return owners


def strips(mesh: Mesh, n_piece: int) -> np.ndarray:
    """The piece of each cell, (n_cell,): as many cells each, across the longest side of the mesh; needs no package."""
    centres = np.concatenate([mesh.points[block.connectivity].mean(axis=1) for block in mesh.blocks])
    along = centres[:, int(np.ptp(centres, axis=0).argmax())]
    owners = np.empty(mesh.n_cell, dtype=np.int64)
    owners[np.argsort(along, kind="stable")] = np.arange(mesh.n_cell) * n_piece // mesh.n_cell
    return owners


def split(mesh: Mesh, owners: np.ndarray) -> list[Mesh]:
    """The pieces of a mesh, given the piece of each cell, owners (n_cell,), numbered from 0.

    A piece has its cells and their nodes in the order of the mesh, its part of every tag and array (a tag without
    anything in a piece stays, empty), and the faces whose parent cell it has, outward or not as they were. Nodes of no
    cell go to the first piece. Shared nodes are numbered.
    """
    owners = np.asarray(owners, dtype=np.int64)
    if owners.shape != (mesh.n_cell,):
        raise InputError("one piece number a cell is needed", expected=f"({mesh.n_cell},)", found=owners.shape)
    face_owners = {tag: owners[parent_faces(mesh, face_set).cell] for tag, face_set in mesh.face_tags.items()}
    if not owners.any():
        return number_shared_nodes([_whole(mesh)])
    used = np.zeros(mesh.n_node, dtype=bool)
    for block in mesh.blocks:
        used[block.connectivity] = True
    return number_shared_nodes([
        _extract(mesh, owners == piece, {tag: of == piece for tag, of in face_owners.items()},
                 ~used if piece == 0 else np.zeros_like(used))
        for piece in range(int(owners.max(initial=0)) + 1)])


def _whole(mesh: Mesh) -> Mesh:
    """The only piece of a mesh, without a copy: as `_extract` makes it of all cells."""
    return replace(mesh, blocks=tuple(block for block in mesh.blocks if block.n_cell), shared_index=None, face_tags={
        tag: replace(faces, blocks=tuple(block for block in faces.blocks if len(block.connectivity)))
        for tag, faces in mesh.face_tags.items()})


def _extract(mesh: Mesh, has_cell: np.ndarray, has_face: dict[str, np.ndarray], has_node: np.ndarray) -> Mesh:
    """The cells of a mask (n_cell,), faces of a mask a tag, and their nodes besides those of a mask (n_node,)."""
    has_node = has_node.copy()
    chosen = []
    first = 0
    for block in mesh.blocks:
        mine = has_cell[first:first + block.n_cell]
        first += block.n_cell
        chosen.append((block, mine))
        has_node[block.connectivity[mine]] = True
    nodes, new_node = renumbered(has_node)
    cells, new_cell = renumbered(has_cell)
    blocks = tuple(_cut_block(block, mine, new_node) for block, mine in chosen if mine.any())
    return replace(
        mesh, points=mesh.points[nodes], blocks=blocks, node_ids=mesh.node_ids[nodes],
        node_tags={tag: _kept(new_node[where]) for tag, where in mesh.node_tags.items()},
        cell_tags={tag: _kept(new_cell[where]) for tag, where in mesh.cell_tags.items()},
        face_tags={tag: _cut_faces(faces, has_face[tag], new_node) for tag, faces in mesh.face_tags.items()},
        node_arrays={name: array[nodes] for name, array in mesh.node_arrays.items()},
        cell_arrays={name: array[cells] for name, array in mesh.cell_arrays.items()},
        shared_index=None)


def _kept(positions: np.ndarray) -> np.ndarray:
    return positions[positions >= 0]


def _cut_block(block: CellBlock, mine: np.ndarray, new_node: np.ndarray) -> CellBlock:
    return replace(block, connectivity=new_node[block.connectivity[mine]], cell_ids=block.cell_ids[mine])


def _cut_faces(face_set: FaceSet, mine: np.ndarray, new_node: np.ndarray) -> FaceSet:
    blocks, first = [], 0
    for block in face_set.blocks:
        here = mine[first:first + len(block.connectivity)]
        first += len(block.connectivity)
        if here.any():
            connectivity = new_node[block.connectivity[here]]
            if connectivity.min() < 0:
                raise FileFormatError("a face has a node that its cell lacks", place=f"faces of type {block.face_type}",
                                      remedy="give the faces the order (linear, quadratic) of their cells")
            blocks.append(FaceBlock(block.face_type, connectivity))
    return FaceSet(tuple(blocks), {name: array[mine] for name, array in face_set.arrays.items()})


def number_shared_nodes(pieces: Sequence[Mesh]) -> list[Mesh]:
    """The pieces with `shared_index` filled: nodes whose id is in several pieces, numbered in the order of their ids.

    Raises
    ------
    FileFormatError : an id twice in one piece, a cell in two; see `romlib.mesh.validity.check_pieces`.
    """
    check_pieces(pieces)
    if len(pieces) == 1:
        return [replace(pieces[0], shared_index=np.full(pieces[0].n_node, -1))]
    ids, count = np.unique(np.concatenate([piece.node_ids for piece in pieces]), return_counts=True)
    plural = np.where(count > 1, np.cumsum(count > 1) - 1, -1)
    return [replace(piece, shared_index=plural[np.searchsorted(ids, piece.node_ids)]) for piece in pieces]


def first_at_nodes(pieces: Sequence[Mesh]) -> list[np.ndarray]:
    """Whether each piece is the first that has each of its nodes, (n_node,) bool by piece."""
    ids = np.concatenate([piece.node_ids for piece in pieces])
    _, first = np.unique(ids, return_index=True)
    found = np.zeros(len(ids), dtype=bool)
    found[first] = True
    return np.split(found, np.cumsum([piece.n_node for piece in pieces])[:-1])


def positions_in(mesh: Mesh, piece: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where a piece's nodes, cells and integration points are in the whole mesh, by the solver's ids.

    Returns
    -------
    nodes (n_node of the piece,), cells (n_cell of the piece,), ips (n_ip of the piece,) : to cut result fields with.

    Raises
    ------
    FileFormatError : an id of the piece that the mesh lacks, or has twice.
    """
    nodes = _find(mesh.node_ids, piece.node_ids, "node")
    cells = _find(mesh.cell_ids, piece.cell_ids, "cell")
    n_q = mesh.points_of_cells
    first = np.cumsum(n_q) - n_q
    count = n_q[cells]
    start = np.cumsum(count) - count
    ips = np.repeat(first[cells] - start, count)
    ips += np.arange(len(ips))
    return nodes, cells, ips


def rows_in(mesh: Mesh, piece: Mesh) -> tuple[Rows, Rows]:
    """What takes the values of a piece out of a field of the whole mesh, at nodes and at integration points: positions
    as in `positions_in`, or a slice of all where the piece is the mesh."""
    if np.array_equal(mesh.node_ids, piece.node_ids) and np.array_equal(mesh.cell_ids, piece.cell_ids):
        return slice(None), slice(None)
    nodes, _, ips = positions_in(mesh, piece)
    return nodes, ips


def _find(ids: np.ndarray, wanted: np.ndarray, what: str) -> np.ndarray:
    index = IdIndex(ids)
    if len(index.twice):
        raise FileFormatError(f"two {what}s have the same id", expected=f"unique {what} ids", found=index.twice[0])
    at = index.find(wanted)
    if (at < 0).any():
        raise FileFormatError(f"a {what} of a piece is not in the mesh", place=f"{what} {wanted[at < 0][0]}")
    return at
