"""Where a probe lies: the cell that contains a point, or the nearest node or integration point, over all pieces."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.interpolation import is_inside, reference_coordinates
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.tags import cells_of
from romlib.words import unknown


@dataclass(frozen=True, eq=False)
class NodeSpots:
    """Places in one piece where a nodal field is read: matrix (n_spot, n) times its values at nodes (n,)."""

    piece: int
    nodes: np.ndarray
    matrix: np.ndarray
    coordinates: np.ndarray
    ids: np.ndarray
    where: str


@dataclass(frozen=True, eq=False)
class IpSpots:
    """Integration points of one piece: positions `ips` (n,), the ids of their cells and their numbers in the cell."""

    piece: int
    ips: np.ndarray
    coordinates: np.ndarray
    cell_ids: np.ndarray
    numbers: np.ndarray


def point_spot(fields: FieldsFile, point: Sequence[float]) -> NodeSpots:
    """The cell that contains a point, with its shape functions there; else the nearest node."""
    target = finite_point(point)
    nearest: tuple[float, int, int, Mesh] | None = None
    for piece in range(fields.n_piece):
        mesh = fields.mesh(piece)
        found = containing_cell(mesh, target)
        if found is not None:
            nodes, shape, cell_id = found
            return NodeSpots(piece, nodes, shape[None], target[None], np.array([cell_id]), f"in cell {cell_id}")
        distance = np.linalg.norm(mesh.points - target, axis=1)
        k = int(np.argmin(distance))
        if nearest is None or distance[k] < nearest[0]:
            nearest = float(distance[k]), piece, k, mesh
    if nearest is None:
        raise InputError("the fields file has no piece", file=fields.path)
    distance_to, piece, k, mesh = nearest
    return NodeSpots(piece, np.array([k]), np.ones((1, 1)), mesh.points[[k]], mesh.node_ids[[k]],
                     f"node {mesh.node_ids[k]}, at a distance of {distance_to:.4g} (no cell contains the point)")


def finite_point(point: Sequence[float]) -> np.ndarray:
    """The point (3,); InputError for what is none."""
    try:
        target = np.array(point, dtype=float)
    except (TypeError, ValueError, OverflowError):
        target = np.empty(0)
    if target.shape != (3,) or not np.isfinite(target).all():
        raise InputError("a probe point has three finite coordinates", place="point", found=reprlib.repr(point))
    return target


def node_spot(fields: FieldsFile, node_id: int) -> NodeSpots:
    """The node with a solver's id."""
    for piece in range(fields.n_piece):
        mesh = fields.mesh(piece)
        found = np.flatnonzero(mesh.node_ids == node_id)
        if len(found):
            return _nodes(piece, mesh, found[:1], f"node {node_id}")
    raise InputError(f"there is no node {node_id}", file=fields.path, remedy="give the solver's id of a node")


def tag_spots(fields: FieldsFile, tag: str) -> list[NodeSpots]:
    """The nodes of a node tag, or of the cells or faces of a tag; each node once."""
    spots, seen = [], np.empty(0, dtype=np.int64)
    for piece in range(fields.n_piece):
        mesh = fields.mesh(piece)
        if tag not in mesh.node_tags and (tag in mesh.cell_tags or tag == "all"):
            nodes = _nodes_of_cells(mesh, cells_of(mesh, tag))
        elif tag in mesh.node_tags or tag in mesh.face_tags:
            nodes = _nodes_of_tag(mesh, tag)
        else:
            continue
        nodes = nodes[~np.isin(mesh.node_ids[nodes], seen)]
        seen = np.concatenate([seen, mesh.node_ids[nodes]])
        spots.append(_nodes(piece, mesh, nodes, f"nodes of {tag!r}"))
    if not len(seen):
        raise _unknown_tag(fields, tag)
    return spots


def nearest_ips(fields: FieldsFile, targets: np.ndarray) -> list[IpSpots]:
    """The integration point nearest to each of targets (n, 3), by piece; each point once."""
    from scipy.spatial import cKDTree  # see romlib.mesh.interpolation

    distance = np.full(len(targets), np.inf)
    piece_of, ip_of = np.zeros(len(targets), dtype=int), np.zeros(len(targets), dtype=int)
    for piece in range(fields.n_piece):
        found, ips = cKDTree(StrainOperator(fields.mesh(piece)).coordinates).query(targets)
        closer = found < distance
        distance[closer], piece_of[closer], ip_of[closer] = found[closer], piece, ips[closer]
    return [_ips(fields, piece, np.unique(ip_of[piece_of == piece])) for piece in np.unique(piece_of)]


def tag_ips(fields: FieldsFile, tag: str) -> list[IpSpots]:
    """The integration points of the cells of a cell tag, or those nearest to the nodes of a node or face tag."""
    spots, targets = [], []
    for piece in range(fields.n_piece):
        mesh = fields.mesh(piece)
        if tag in mesh.cell_tags or (tag == "all" and tag not in mesh.node_tags):
            ips = np.flatnonzero(np.isin(StrainOperator(mesh).cell, cells_of(mesh, tag)))
            spots.append(_ips(fields, piece, ips))
        elif tag in mesh.node_tags or tag in mesh.face_tags:
            targets.append(mesh.points[_nodes_of_tag(mesh, tag)])
    if not spots and any(len(target) for target in targets):
        spots = nearest_ips(fields, np.concatenate(targets))
    if not any(len(spot.ips) for spot in spots):
        raise _unknown_tag(fields, tag)
    return spots


def containing_cell(mesh: Mesh, point: np.ndarray) -> tuple[np.ndarray, np.ndarray, int] | None:
    """Nodes (n,), shape functions (n,) and id of the first cell that contains a point (3,); None if none does."""
    for block in mesh.blocks:
        corners = mesh.points[block.connectivity]
        low, high = corners.min(axis=1), corners.max(axis=1)
        margin = 0.05 * (high - low).max(axis=1, keepdims=True)  # curved cells bulge beyond their nodes
        candidates = np.flatnonzero(((point >= low - margin) & (point <= high + margin)).all(axis=1))
        kind = element(block.cell_type)
        xi = reference_coordinates(kind, corners[candidates], point)
        inside = np.flatnonzero(is_inside(kind.cell, xi))
        if len(inside):
            cell = candidates[inside[0]]
            return block.connectivity[cell], kind.shape(xi[inside[:1]])[0], int(block.cell_ids[cell])
    return None


def _nodes(piece: int, mesh: Mesh, nodes: np.ndarray, where: str) -> NodeSpots:
    return NodeSpots(piece, nodes, np.eye(len(nodes)), mesh.points[nodes], mesh.node_ids[nodes], where)


def _nodes_of_cells(mesh: Mesh, cells: np.ndarray) -> np.ndarray:
    chosen = np.zeros(mesh.n_cell, dtype=bool)
    chosen[cells] = True
    parts, first = [np.empty(0, dtype=np.int64)], 0
    for block in mesh.blocks:
        parts.append(block.connectivity[chosen[first:first + block.n_cell]].ravel())
        first += block.n_cell
    return np.unique(np.concatenate(parts))


def _ips(fields: FieldsFile, piece: int, ips: np.ndarray) -> IpSpots:
    operator = StrainOperator(fields.mesh(piece))
    return IpSpots(piece, ips, operator.coordinates[ips], operator.cell_ids[ips], operator.point_numbers[ips])


def _nodes_of_tag(mesh: Mesh, tag: str) -> np.ndarray:
    """Positions of the nodes of a node tag, else of the faces of a face tag, each once."""
    if tag in mesh.node_tags:
        return np.asarray(mesh.node_tags[tag])
    blocks = [block.connectivity.ravel() for block in mesh.face_tags[tag].blocks]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *blocks]))


def _unknown_tag(fields: FieldsFile, tag: str) -> InputError:
    known = set()
    for piece in range(fields.n_piece):
        mesh = fields.mesh(piece)
        known |= {*mesh.node_tags, *mesh.cell_tags, *mesh.face_tags}
    return InputError(f"no node, cell or face has the tag {tag!r}", file=fields.path,
                      **unknown(tag, sorted(known | {"all"})))
