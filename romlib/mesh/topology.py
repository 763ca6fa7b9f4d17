"""Faces of cells: which faces are on the boundary, which cells share one, which cell a face of a file belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from romlib.errors import FileFormatError
from romlib.mesh import face_kernels
from romlib.mesh.elements import Element, element
from romlib.mesh.face_kernels import SPREAD
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.operator import checked_connectivity

_MAX_CORNERS = 4
_INT32 = 1 << 31  # numbers below it fit 32 bits


@dataclass(frozen=True, eq=False)
class CellFaces:
    """All faces of all cells, cell by cell.

    corners : (n, 4), positions of the corner nodes, outward by the right hand, -1 after the third of a triangle
        and the second of a line.
    cell : (n,), the cell. block : (n,), its block. local : (n,), number of the face in the element.
    """

    corners: np.ndarray
    cell: np.ndarray
    block: np.ndarray
    local: np.ndarray


def cell_faces(mesh: Mesh) -> CellFaces:
    """The faces of every cell of the mesh."""
    corners, cells, blocks, locals_ = [np.empty((0, _MAX_CORNERS), dtype=np.int64)], [], [], []
    first_cell = 0
    for number, block in enumerate(mesh.blocks):
        kind = element(block.cell_type)
        table = _table(kind)
        nodes = np.asarray(block.connectivity, dtype=np.int64)[:, table]
        corners.append(np.where(table >= 0, nodes, -1).reshape(-1, _MAX_CORNERS))
        cells.append(first_cell + np.repeat(np.arange(block.n_cell), len(table)))
        blocks.append(np.full(block.n_cell * len(table), number))
        locals_.append(np.tile(np.arange(len(table)), block.n_cell))
        first_cell += block.n_cell
    empty = np.empty(0, dtype=np.int64)
    return CellFaces(np.concatenate(corners), *(np.concatenate([empty, *part]) for part in (cells, blocks, locals_)))


def _table(kind: Element) -> np.ndarray:
    """Where the corners of each face are in a cell, (n_face, 4), -1 after the last."""
    rows = [face[:element(face_type).n_corner] for face_type, face in kind.faces]
    return np.array([row + (-1,) * (_MAX_CORNERS - len(row)) for row in rows], dtype=np.int64)


def face_numbers(corners: np.ndarray) -> np.ndarray:
    """A number (n,) for each row of corners (n, 4), the same for the same corners in any order; 0 ... n_unique - 1."""
    if not len(corners):
        return np.empty(0, dtype=np.int64)
    keys = np.sort(corners, axis=1)
    order = np.lexsort(keys.T)
    ordered = keys[order]
    new = np.concatenate([[False], np.any(ordered[1:] != ordered[:-1], axis=1)])
    numbers = np.empty(len(keys), dtype=np.int64)
    numbers[order] = np.cumsum(new)
    return numbers


def face_neighbours(mesh: Mesh) -> sparse.csr_matrix:
    """Graph (n_cell, n_cell) of the cells that share a face."""
    faces = cell_faces(mesh)
    numbers = face_numbers(faces.corners)
    order = np.argsort(numbers, kind="stable")
    same = np.flatnonzero(numbers[order][1:] == numbers[order][:-1])
    a, b = faces.cell[order[same]], faces.cell[order[same + 1]]
    ones = np.ones(2 * len(a))
    shape = (mesh.n_cell, mesh.n_cell)
    graph = sparse.csr_matrix((ones, (np.concatenate([a, b]), np.concatenate([b, a]))), shape=shape)
    graph.setdiag(0)
    graph.eliminate_zeros()
    return graph


def outer_faces(mesh: Mesh) -> CellFaces:
    """The faces of one cell only, in the order of `cell_faces`. Not all faces are in memory: five bytes for each are.

    Raises
    ------
    InputError : a cell has a node outside the mesh.
    """
    cells = _flat(mesh)
    starts = _first_faces(mesh)
    n = int(starts[-1])
    whole = np.int32 if n < _INT32 else np.int64
    begins = np.zeros(mesh.n_node + SPREAD + 2, dtype=whole)
    face_kernels.count(*cells, begins)
    np.cumsum(begins, dtype=whole, out=begins)
    order = np.empty(n, dtype=whole)
    face_kernels.fill(*cells, begins, order)
    repeated = np.zeros(n, dtype=bool)
    face_kernels.mark_repeated(*cells, begins, order, repeated)
    del order, begins
    return _faces_at(mesh, starts, np.flatnonzero(~repeated))


def _flat(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The cells as `romlib.mesh.face_kernels` takes them; those of a single block without a copy."""
    kinds = [element(block.cell_type) for block in mesh.blocks]
    parts = [checked_connectivity(block, kind, mesh.n_node).reshape(-1) for block, kind in zip(mesh.blocks, kinds)]
    small = np.int32 if mesh.n_node < _INT32 else np.int64
    flat = parts[0] if len(parts) == 1 else np.concatenate(
        [np.empty(0, small), *(part.astype(small) for part in parts)])
    tables = np.full((len(kinds), max((len(kind.faces) for kind in kinds), default=0), _MAX_CORNERS), -1)
    for table, kind in zip(tables, kinds):
        table[:len(kind.faces)] = _table(kind)
    numbers = ([block.n_cell for block in mesh.blocks], [kind.n_node for kind in kinds], [len(k.faces) for k in kinds])
    n_cell, width, n_face = (np.array(one, dtype=np.int64) for one in numbers)
    return flat, n_cell, width, n_face, tables


def _first_faces(mesh: Mesh) -> np.ndarray:
    """(n_block + 1,), the number of the first face of each block, and of all faces."""
    return np.cumsum([0, *(block.n_cell * len(element(block.cell_type).faces) for block in mesh.blocks)])


def _faces_at(mesh: Mesh, starts: np.ndarray, rows: np.ndarray) -> CellFaces:
    """Some faces, by their rows (n,) in `cell_faces`; those of block k begin at starts[k]."""
    number = np.searchsorted(starts, rows, side="right") - 1
    corners, cells = np.full((len(rows), _MAX_CORNERS), -1, dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    local, first_cell = np.empty(len(rows), dtype=np.int64), 0
    for k, block in enumerate(mesh.blocks):
        mine = np.flatnonzero(number == k)
        if len(mine):
            table = _table(element(block.cell_type))
            cell, local[mine] = np.divmod(rows[mine] - starts[k], len(table))
            nodes = block.connectivity[cell[:, None], table[local[mine]]]
            corners[mine] = np.where(table[local[mine]] >= 0, nodes, -1)
            cells[mine] = first_cell + cell
        first_cell += block.n_cell
    return CellFaces(corners, cells, number, local)


def face_blocks(mesh: Mesh, faces: CellFaces, rows: np.ndarray) -> tuple[FaceBlock, ...]:
    """The faces of those rows with all their nodes, one block a face type, in the order of the rows within a type."""
    found: dict[str, list[np.ndarray]] = {}
    first_cell = 0
    for number, block in enumerate(mesh.blocks):
        kind = element(block.cell_type)
        mine = rows[faces.block[rows] == number]
        for face_type in dict.fromkeys(face_type for face_type, _ in kind.faces):
            none = (-1,) * element(face_type).n_node
            table = np.array([nodes if t == face_type else none for t, nodes in kind.faces])
            of_type = mine[table[faces.local[mine], 0] >= 0]
            cells = faces.cell[of_type] - first_cell
            nodes_of = block.connectivity[cells[:, None], table[faces.local[of_type]]]
            found.setdefault(face_type, []).append(np.asarray(nodes_of, dtype=np.int64))
        first_cell += block.n_cell
    joined = {face_type: np.concatenate(parts) for face_type, parts in sorted(found.items())}
    return tuple(FaceBlock(face_type, nodes) for face_type, nodes in joined.items() if len(nodes))


def face_corners(face_set: FaceSet) -> np.ndarray:
    """Corners (n_face, 4) of a face set, -1 after the last of a triangle or of a line."""
    corners = [np.empty((0, _MAX_CORNERS), dtype=np.int64)]
    for block in face_set.blocks:
        n_corner = element(block.face_type).n_corner
        padded = np.full((len(block.connectivity), _MAX_CORNERS), -1, dtype=np.int64)
        padded[:, :n_corner] = block.connectivity[:, :n_corner]
        corners.append(padded)
    return np.concatenate(corners)


def parent_faces(mesh: Mesh, face_set: FaceSet) -> CellFaces:
    """The face of a cell that each face of a set is, (n_face,): that of the first cell where two cells have it.

    Raises
    ------
    FileFormatError : a face of no cell. InputError : a cell has a node outside the mesh.
    """
    wanted = face_corners(face_set)
    ordered, bucket = wanted.copy(), np.empty(len(wanted), dtype=np.int64)
    face_kernels.buckets_of(ordered, bucket)
    bucket = np.maximum(bucket, 0)  # nodes that do not exist have no parent either
    begins = np.zeros(max(mesh.n_node + SPREAD, int(bucket.max(initial=0)) + 1) + 1, dtype=np.int64)
    np.cumsum(np.bincount(bucket, minlength=len(begins) - 1), out=begins[1:])
    rows = np.full(len(wanted), -1)
    if len(wanted):
        face_kernels.find_first(*_flat(mesh), ordered, begins, np.argsort(bucket, kind="stable"), rows)
    orphan = np.flatnonzero(rows < 0)
    if len(orphan):
        nodes = wanted[orphan[0]]
        ids = ", ".join(str(i) for i in mesh.node_ids[nodes[nodes >= 0]])
        raise FileFormatError("a face belongs to no cell", place=f"face with corner nodes {ids}",
                              expected="a face of a cell of the mesh", found=f"{len(orphan)} such faces",
                              remedy="remove these faces from the set, or add the cells that they belong to")
    return _faces_at(mesh, _first_faces(mesh), rows)
