"""Search in one piece of a mesh: the cell that contains a point, the nearest nodes and integration points."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from romlib.mesh.elements import element
from romlib.mesh.interpolation import is_inside, reference_coordinates
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.quadrature import rule
from romlib.mesh.tags import ALL, cells_of
from romlib.results.spots import IpSpots, NodeSpots

BULGE = 0.05  # of the size of a cell: what curved cells bulge beyond their nodes
_FEW = 8  # places, up to which all distances are taken: a tree takes longer to make


class PieceFinder:
    """A piece with what its searches need, made when they first need it."""

    def __init__(self, mesh: Mesh, piece: int) -> None:
        self.mesh, self.piece = mesh, piece

    @property
    def nbytes(self) -> int:
        """Memory when everything is made, about: the mesh, boxes of cells, points, and their volumes."""
        connectivity = sum(8 * block.connectivity.size + 8 * block.n_cell for block in self.mesh.blocks)
        tags = sum(array.nbytes for group in (self.mesh.node_tags, self.mesh.cell_tags, self.mesh.node_arrays)
                   for array in group.values())
        return 40 * self.mesh.n_node + connectivity + tags + 48 * self.mesh.n_cell + 72 * len(self.ip_coordinates)

    @cached_property
    def ip_coordinates(self) -> np.ndarray:
        """(n_ip, 3), undeformed."""
        parts = [np.empty((0, 3))]
        for block in self.mesh.blocks:
            shape = element(block.cell_type).shape(rule(block.quadrature).points)
            parts.append(padded((shape @ self.mesh.points[block.connectivity]).reshape(-1, self.mesh.dimension)))
        return np.concatenate(parts)

    @cached_property
    def box(self) -> np.ndarray:
        """(2, 3), lowest and highest coordinates of nodes and integration points."""
        everything = (self.mesh.coordinates, self.ip_coordinates)
        return np.array([np.min([part.min(axis=0, initial=np.inf) for part in everything], axis=0),
                         np.max([part.max(axis=0, initial=-np.inf) for part in everything], axis=0)])

    @cached_property
    def _cell_boxes(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """By block: lowest and highest coordinates of each cell (n_cell, 3), with what it may bulge."""
        boxes = []
        for block in self.mesh.blocks:
            corners = self.mesh.coordinates[block.connectivity]
            low, high = corners.min(axis=1), corners.max(axis=1)
            margin = BULGE * (high - low).max(axis=1, keepdims=True)
            boxes.append((low - margin, high + margin))
        return boxes

    @cached_property
    def _cell(self) -> np.ndarray:
        """(n_ip,), position of the point's cell."""
        return np.repeat(np.arange(self.mesh.n_cell), self.mesh.points_of_cells)

    @cached_property
    def _weights(self) -> np.ndarray:
        """(n_ip,), the volume of the cell over its number of points."""
        return StrainOperator(self.mesh).positive_weights

    @cached_property
    def _tree(self) -> object:
        from scipy.spatial import cKDTree  # see romlib.mesh.interpolation

        return cKDTree(self.ip_coordinates)

    def containing_cell(self, point: np.ndarray) -> NodeSpots | None:
        """The first cell that contains a point (3,), with its shape functions there; None if none does."""
        n = self.mesh.dimension
        if point[n:].any():  # beside the plane
            return None
        for block, (low, high) in zip(self.mesh.blocks, self._cell_boxes):
            candidates = np.flatnonzero(((point >= low) & (point <= high)).all(axis=1))
            kind = element(block.cell_type)
            xi = reference_coordinates(kind, self.mesh.points[block.connectivity[candidates]], point[:n])
            inside = np.flatnonzero(is_inside(kind.cell, xi))
            if len(inside):
                cell = candidates[inside[0]]
                cell_id = int(block.cell_ids[cell])
                return NodeSpots(self.piece, np.asarray(block.connectivity[cell]), kind.shape(xi[inside[:1]]),
                                 point[None], np.array([cell_id]), f"in cell {cell_id}")
        return None

    def nearest_node(self, point: np.ndarray) -> tuple[float, int]:
        """Distance and position of the node that is nearest to a point (3,)."""
        distance = np.linalg.norm(self.mesh.coordinates - point, axis=1)
        k = int(np.argmin(distance))
        return float(distance[k]), k

    def nearest_ips(self, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances and positions, (n,) each, of the integration points that are nearest to targets (n, 3)."""
        if len(targets) > _FEW:
            return self._tree.query(targets)  # type: ignore[attr-defined]
        distance = np.array([np.linalg.norm(self.ip_coordinates - target, axis=1) for target in targets])
        ips = distance.argmin(axis=1)
        return distance[np.arange(len(targets)), ips], ips

    def nodes(self, nodes: np.ndarray, where: str) -> NodeSpots:
        """Nodes as spots."""
        nodes = np.asarray(nodes, dtype=np.int64)
        return NodeSpots(self.piece, nodes, None, self.mesh.coordinates[nodes], self.mesh.node_ids[nodes], where)

    @property
    def names(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each integration point: the id of its cell, and its number there from 1; (n_ip,) each."""
        return self.mesh.cell_ids[self._cell], self._numbers

    @cached_property
    def _numbers(self) -> np.ndarray:
        first = np.cumsum(self.mesh.points_of_cells) - self.mesh.points_of_cells
        return np.arange(len(self._cell)) - first[self._cell] + 1

    def ips(self, ips: np.ndarray) -> IpSpots:
        """Integration points as spots."""
        cells = self._cell[ips]
        return IpSpots(self.piece, ips, self.ip_coordinates[ips], self.mesh.cell_ids[cells], self._numbers[ips],
                       self._weights[ips])

    def has_cells(self, tag: str) -> bool:
        """Whether a tag is one of cells here."""
        return tag in self.mesh.cell_tags or (tag == ALL and tag not in self.mesh.node_tags)

    def has_nodes(self, tag: str) -> bool:
        """Whether a tag is one of nodes or of faces here."""
        return tag in self.mesh.node_tags or tag in self.mesh.face_tags

    def ips_of_cells(self, tag: str) -> np.ndarray:
        """Positions of the integration points of a cell tag's cells."""
        chosen = np.zeros(self.mesh.n_cell, dtype=bool)
        chosen[cells_of(self.mesh, tag)] = True
        return np.flatnonzero(chosen[self._cell])

    def nodes_of_cells(self, tag: str) -> np.ndarray:
        """Positions of the nodes of a cell tag's cells, each once."""
        chosen = np.zeros(self.mesh.n_cell, dtype=bool)
        chosen[cells_of(self.mesh, tag)] = True
        parts, first = [np.empty(0, dtype=np.int64)], 0
        for block in self.mesh.blocks:
            parts.append(block.connectivity[chosen[first:first + block.n_cell]].ravel())
            first += block.n_cell
        return np.unique(np.concatenate(parts))

    def nodes_of_tag(self, tag: str) -> np.ndarray:
        """Positions of the nodes of a node tag, else of the faces of a face tag, each once."""
        if tag in self.mesh.node_tags:
            return np.asarray(self.mesh.node_tags[tag])
        blocks = [block.connectivity.ravel() for block in self.mesh.face_tags[tag].blocks]
        return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *blocks]))
