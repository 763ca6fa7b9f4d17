"""The outer surface of a mesh in pieces, for pictures: faces, the true edges of the elements, and sharp edges.

What is held is the surface of the whole, and one piece at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from romlib.mesh.elements import element
from romlib.mesh.mesh import FaceBlock, Mesh
from romlib.mesh.topology import CellFaces, face_numbers, outer_faces
from romlib.model import Model
from romlib.nodal.cells import materials_of_cells
from romlib.results.source import StepSource

SHARP = 30.0  # degrees between the normals on either side of an edge
_PADDED = 9  # nodes of a face: at most those of a quad9


@dataclass(frozen=True, eq=False)
class Surface:
    """The faces that one cell of the whole mesh has, and the nodes on them.

    A node where two materials meet is there once for each of them: a field that differs between them, or that one of
    them lacks, is drawn as it is.

    points : (n_point, 3). node_ids : (n_point,). materials : (n_point,), numbers as in
    `romlib.nodal.cells.materials_of_cells`. blocks : faces by type, positions in `points`. cells : (n_face,) over the
    blocks, the cell of each face, counted over the pieces in order. segments : (n_segment, 2), parts of the edges of
    the elements, which lead through mid-side nodes. sharp : (n_segment,), where the faces beside it meet at an angle,
    or there is one face only, as between materials. beside : (n_segment, 2), the faces (over the blocks) beside it,
    twice the same where there is one. rows : by piece, positions in the nodes of the piece, and in
    `points`. tags : of the cells of each material. largest_piece : number of nodes or integration points of the largest
    piece, whichever is larger.
    """

    points: np.ndarray
    node_ids: np.ndarray
    materials: np.ndarray
    blocks: tuple[FaceBlock, ...]
    cells: np.ndarray
    segments: np.ndarray
    sharp: np.ndarray
    beside: np.ndarray
    rows: tuple[tuple[np.ndarray, np.ndarray], ...]
    tags: tuple[str, ...]
    largest_piece: int

    @property
    def n_point(self) -> int:
        """Number of points: nodes of the surface, those between materials once for each."""
        return len(self.points)

    def find(self, node_ids: np.ndarray, materials: np.ndarray) -> np.ndarray:
        """Position in `points` of nodes in materials, (n,) each; -1 of what is not on the surface."""
        ids, first = np.unique(self.node_ids, return_index=True)
        if not len(ids) or not len(node_ids):
            return np.full(len(node_ids), -1, dtype=np.int64)
        width = int(max(self.materials.max(), materials.max())) + 2
        own = np.repeat(np.arange(len(ids)), np.diff(np.append(first, self.n_point))) * width + self.materials + 1
        number = np.minimum(np.searchsorted(ids, node_ids), len(ids) - 1)
        wanted = number * width + materials + 1
        position = np.minimum(np.searchsorted(own, wanted), self.n_point - 1)
        return np.where((ids[number] == node_ids) & (own[position] == wanted), position, -1)


def material_tags(model: Model) -> tuple[str, ...]:
    """The cell tags of the materials of a model."""
    return tuple(material.cells for material in model.materials.values())


def surface_of(source: StepSource, tags: Sequence[str] | None = None) -> Surface:
    """The surface of all pieces.

    tags : the cell tags of the materials; by default those of the file's model.
    """
    tags = material_tags(source.model) if tags is None else tuple(tags)
    parts, n_cell, largest = [], 0, 0
    for piece in range(source.n_piece):
        mesh = source.mesh(piece)
        parts.append(_part(mesh, materials_of_cells(mesh, tags), n_cell))
        n_cell += mesh.n_cell
        largest = max(largest, mesh.n_node, int(mesh.points_of_cells.sum()))
    parts = _outer(parts)
    keys = np.concatenate([np.stack([part.point_ids, part.point_materials], axis=1) for part in parts])
    unique, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    numbers = np.split(inverse.reshape(-1), np.cumsum([len(part.point_ids) for part in parts])[:-1])
    points = np.concatenate([part.points for part in parts])[first]
    nodes = np.concatenate([np.where(part.faces >= 0, own[part.faces], -1) for part, own in zip(parts, numbers)])
    types = np.concatenate([part.types for part in parts])
    blocks, order = [], []
    for face_type in np.unique(types):
        mine = np.flatnonzero(types == face_type)
        blocks.append(FaceBlock(str(face_type), nodes[mine, :element(str(face_type)).n_node]))
        order.append(mine)
    cells = np.concatenate([part.cells for part in parts])[np.concatenate(order)]
    segments, sharp, beside = edges(points, tuple(blocks))
    rows = tuple((part.point_nodes, own) for part, own in zip(parts, numbers))
    return Surface(points, unique[:, 0], unique[:, 1], tuple(blocks), cells, segments, sharp, beside, rows, tags,
                   largest)


@dataclass(frozen=True, eq=False)
class _Part:
    """Faces of a piece, with points of their own: each node of a face, once for each material.

    faces : (n_face, 9), positions among the points, -1 after the last. corners : (n_face, 4), node ids, -1 after the
    third of a triangle. types, cells : (n_face,). points : (n_point, 3). point_nodes, point_ids, point_materials :
    (n_point,), position in the piece, id and material.
    """

    faces: np.ndarray
    corners: np.ndarray
    types: np.ndarray
    cells: np.ndarray
    points: np.ndarray
    point_nodes: np.ndarray
    point_ids: np.ndarray
    point_materials: np.ndarray


def _part(mesh: Mesh, materials: np.ndarray, first_cell: int) -> _Part:
    """All faces of one cell of a piece, those between pieces included; of a mesh of two dimensions its cells."""
    nodes, types, corners, cells = _outer_faces(mesh) if mesh.dimension == 3 else _cells_as_faces(mesh)
    ids = np.asarray(mesh.node_ids, dtype=np.int64)
    there = nodes >= 0
    material = np.broadcast_to(materials[cells, None], nodes.shape)[there]
    keys, inverse = np.unique(np.stack([nodes[there], material], axis=1), axis=0, return_inverse=True)
    numbers = np.full(nodes.shape, -1, dtype=np.int64)
    numbers[there] = inverse.reshape(-1)
    return _Part(numbers, np.where(corners >= 0, ids[np.maximum(corners, 0)], _NO_ID), types, first_cell + cells,
                 np.asarray(mesh.coordinates, dtype=float)[keys[:, 0]], keys[:, 0], ids[keys[:, 0]], keys[:, 1])


def _outer_faces(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Nodes (n_face, 9), types, corners (n_face, 4) and cells (n_face,) of the faces of one cell."""
    faces = outer_faces(mesh)
    return *_nodes_of(mesh, faces), faces.corners, faces.cell


def _cells_as_faces(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same of the cells of a mesh of two dimensions, which are what there is to see."""
    nodes, corners = np.full((mesh.n_cell, _PADDED), -1), np.full((mesh.n_cell, 4), -1)
    types, first = np.full(mesh.n_cell, "", dtype="<U5"), 0
    for block in mesh.blocks:
        kind, rows = element(block.cell_type), slice(first, first + block.n_cell)
        nodes[rows, :kind.n_node], types[rows] = block.connectivity, block.cell_type
        corners[rows, :kind.n_corner] = block.connectivity[:, :kind.n_corner]
        first += block.n_cell
    return nodes, types, corners, np.arange(mesh.n_cell)


_NO_ID = np.iinfo(np.int64).min  # ids may be any other number


def _nodes_of(mesh: Mesh, faces: CellFaces) -> tuple[np.ndarray, np.ndarray]:
    """All nodes of faces, (n_face, 9), -1 after the last, and their types, (n_face,)."""
    n = len(faces.cell)
    nodes, types = np.full((n, _PADDED), -1, dtype=np.int64), np.full(n, "", dtype="<U5")
    first_cell = 0
    for number, block in enumerate(mesh.blocks):
        kind = element(block.cell_type)
        mine = np.flatnonzero(faces.block == number)
        local, cells = faces.local[mine], faces.cell[mine] - first_cell
        table = np.array([face + (-1,) * (_PADDED - len(face)) for _, face in kind.faces])[local]
        found = block.connectivity[cells[:, None], table]
        nodes[mine] = np.where(table >= 0, found, -1)
        types[mine] = np.array([face_type for face_type, _ in kind.faces])[local]
        first_cell += block.n_cell
    return nodes, types


def _outer(parts: list[_Part]) -> list[_Part]:
    """Without the faces that two pieces have (by the ids of their corners), and without points on no face."""
    corners = np.concatenate([part.corners for part in parts])
    _, compact = np.unique(corners, return_inverse=True)
    numbers = face_numbers(compact.reshape(-1, corners.shape[1]))
    once = np.bincount(numbers)[numbers] == 1
    kept = []
    for part, keep in zip(parts, np.split(once, np.cumsum([len(part.cells) for part in parts])[:-1])):
        faces = part.faces[keep]
        used = np.unique(faces[faces >= 0])
        number = np.full(len(part.points) + 1, -1, dtype=np.int64)  # the last one is for -1
        number[used] = np.arange(len(used))
        kept.append(_Part(number[faces], part.corners[keep], part.types[keep], part.cells[keep], part.points[used],
                          part.point_nodes[used], part.point_ids[used], part.point_materials[used]))
    return kept


def edges(points: np.ndarray, blocks: tuple[FaceBlock, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The edges of faces as segments (n_segment, 2), each once, which of them are sharp, (n_segment,), and the faces
    beside them, (n_segment, 2).

    An edge of a quadratic face is two segments, through its mid-side node. It is sharp where the normals of its two
    faces, in its middle and of the faces as they are curved, are more than 30 degrees apart; where it has one face.
    """
    ends, middles, normals, faces, n_face = [], [], [], [], 0
    for block in blocks:
        kind, nodes = element(block.face_type), block.connectivity
        pairs = np.array(kind.edges)
        ends.append(nodes[:, pairs].reshape(-1, 2))
        middles.append((nodes[:, kind.n_corner:kind.n_corner + kind.n_midside] if kind.n_midside else
                        np.full((len(nodes), len(pairs)), -1)).reshape(-1))
        faces.append(n_face + np.repeat(np.arange(len(nodes)), len(pairs)))
        n_face += len(nodes)
        normals.append(_normals(points[nodes], kind.gradient(kind.nodes[pairs].mean(axis=1))).reshape(-1, 3))
    pairs = np.sort(np.concatenate(ends), axis=1)
    order = np.lexsort(pairs.T)
    pairs, normal, middle, face = (part[order] for part in (
        pairs, np.concatenate(normals), np.concatenate(middles), np.concatenate(faces)))
    first = np.flatnonzero(np.concatenate([[True], (pairs[1:] != pairs[:-1]).any(axis=1)]))
    count = np.diff(np.append(first, len(pairs)))
    cosine = np.einsum("ni,ni->n", normal[first], normal[first + count - 1])
    sharp = (count != 2) | (cosine < np.cos(np.radians(SHARP)))
    beside = np.stack([face[first], face[first + count - 1]], axis=1)
    a, b, middle = pairs[first, 0], pairs[first, 1], middle[first]
    straight = middle < 0
    segments = [np.stack([a[straight], b[straight]], axis=1), np.stack([a[~straight], middle[~straight]], axis=1),
                np.stack([middle[~straight], b[~straight]], axis=1)]
    of_edges = np.concatenate([np.flatnonzero(straight), np.flatnonzero(~straight), np.flatnonzero(~straight)])
    return np.concatenate(segments), sharp[of_edges], beside[of_edges]


def _normals(corners: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Unit normals (n_face, n_q, 3) of faces (n_face, n_node, 3) where the gradients (n_q, n_node, 2) are taken."""
    tangents = np.einsum("fai,qaj->jfqi", corners, gradient)
    normal = np.cross(tangents[0], tangents[1])
    length = np.linalg.norm(normal, axis=2, keepdims=True)
    return normal / np.where(length > 0, length, 1.0)
