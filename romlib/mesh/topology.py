"""Faces of cells: which faces are on the boundary, which cells share one, which cell a face of a file belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from romlib.errors import FileFormatError
from romlib.mesh.elements import element
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.validity import row_hashes

_MAX_CORNERS = 4
_AT_ONCE = 1 << 18  # faces


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
        table = _padded([face[:element(face_type).n_corner] for face_type, face in kind.faces])
        nodes = np.asarray(block.connectivity, dtype=np.int64)[:, table]
        corners.append(np.where(table >= 0, nodes, -1).reshape(-1, _MAX_CORNERS))
        cells.append(first_cell + np.repeat(np.arange(block.n_cell), len(table)))
        blocks.append(np.full(block.n_cell * len(table), number))
        locals_.append(np.tile(np.arange(len(table)), block.n_cell))
        first_cell += block.n_cell
    empty = np.empty(0, dtype=np.int64)
    return CellFaces(np.concatenate(corners), *(np.concatenate([empty, *part]) for part in (cells, blocks, locals_)))


def _padded(rows: list[tuple[int, ...]]) -> np.ndarray:
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


def boundary_faces(faces: CellFaces) -> np.ndarray:
    """Rows of `faces` that belong to one cell only."""
    numbers = face_numbers(faces.corners)
    return np.flatnonzero(np.bincount(numbers)[numbers] == 1) if len(numbers) else numbers


def outer_faces(mesh: Mesh) -> CellFaces:
    """The faces of one cell only, in the order of `cell_faces`, without all faces in memory: 16 bytes for each.

    Faces are told apart by a hash of their corners; those of equal hashes are compared, and where two faces have one
    hash by chance, all are.
    """
    starts = np.cumsum([0, *(block.n_cell * len(element(block.cell_type).faces) for block in mesh.blocks)])
    n = int(starts[-1])
    hashes = np.empty(n, dtype=np.uint64)
    for first in range(0, n, _AT_ONCE):
        rows = np.arange(first, min(first + _AT_ONCE, n))
        hashes[rows[0]:rows[-1] + 1] = row_hashes(_faces_at(mesh, starts, rows).corners)
    order = np.argsort(hashes)
    hashes = hashes[order]
    again = np.concatenate([[False], hashes[1:] == hashes[:-1], [False]]) if n else np.zeros(1, dtype=bool)
    del hashes
    later = np.flatnonzero(again)
    for first in range(0, len(later), _AT_ONCE):
        some = later[first:first + _AT_ONCE]
        a, b = (np.sort(_faces_at(mesh, starts, order[at]).corners, axis=1) for at in (some - 1, some))
        if not np.array_equal(a, b):
            faces = cell_faces(mesh)
            return _faces_at(mesh, starts, boundary_faces(faces))
    return _faces_at(mesh, starts, np.sort(order[~(again[:-1] | again[1:])]))


def _faces_at(mesh: Mesh, starts: np.ndarray, rows: np.ndarray) -> CellFaces:
    """Some faces, by their rows (n,) in `cell_faces`; those of block k begin at starts[k]."""
    number = np.searchsorted(starts, rows, side="right") - 1
    corners, cells = np.full((len(rows), _MAX_CORNERS), -1, dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    local, first_cell = np.empty(len(rows), dtype=np.int64), 0
    for k, block in enumerate(mesh.blocks):
        mine = np.flatnonzero(number == k)
        if len(mine):
            kind = element(block.cell_type)
            table = _padded([face[:element(face_type).n_corner] for face_type, face in kind.faces])
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
            connectivity = np.asarray(block.connectivity, dtype=np.int64)
            found.setdefault(face_type, []).append(connectivity[cells[:, None], table[faces.local[of_type]]])
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


def parent_rows(mesh: Mesh, faces: CellFaces, face_set: FaceSet) -> np.ndarray:
    """Row of `faces`, (n_face,), that each face of a set is: that of the first cell where two cells have it.

    Raises
    ------
    FileFormatError : a face of no cell.
    """
    wanted = face_corners(face_set)
    numbers = face_numbers(np.concatenate([faces.corners, wanted]))
    of_cells, of_set = numbers[:len(faces.corners)], numbers[len(faces.corners):]
    first = np.full(len(numbers) + 1, -1, dtype=np.int64)
    first[of_cells[::-1]] = np.arange(len(of_cells))[::-1]  # assigned backwards: the first cell stays
    rows = first[of_set]
    orphan = np.flatnonzero(rows < 0)
    if len(orphan):
        nodes = wanted[orphan[0]]
        ids = ", ".join(str(i) for i in mesh.node_ids[nodes[nodes >= 0]])
        raise FileFormatError("a face belongs to no cell", place=f"face with corner nodes {ids}",
                              expected="a face of a cell of the mesh", found=f"{len(orphan)} such faces",
                              remedy="remove these faces from the set, or add the cells that they belong to")
    return rows
