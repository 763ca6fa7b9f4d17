"""What a mesh has, in numbers: cells by type, tags with their sizes and boxes, volume, and how good its cells are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.kinematics import SOLID, kinematics, padded
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.quadrature import rule

_ROUNDING = 1e-12  # of the diagonal: what mesh generators leave of a zero
FLAT = 1e-6  # of the diagonal of the mesh: a tag that is thinner lies in a plane


@dataclass
class TagSummary:
    """A tag. kind : "nodes", "faces" or "cells". count : how many. low, high : (3,), corners of the box around it."""

    kind: str
    name: str
    count: int = 0
    low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))


@dataclass
class MeshSummary:
    """A whole mesh.

    n_node, n_cell, n_ip : of the model, interface nodes counted once. low, high : (3,), the box around it.
    blocks : (cell type, formulation, quadrature, number of cells, points a cell). tags : of nodes, faces and cells,
    the skin included. arrays : names by "nodes", "faces", "cells". volume : None where a cell has none.
    jacobian : smallest ratio of smallest to largest Jacobian in a cell, at the points of its rule (1: the best), and
    the cell's id. edges : largest ratio of longest to shortest edge in a cell, and the cell's id.
    faults : why there is no volume, such as an inverted cell. kinematics : of all pieces.
    """

    n_node: int = 0
    n_cell: int = 0
    n_ip: int = 0
    low: np.ndarray = field(default_factory=lambda: np.full(3, np.inf))
    high: np.ndarray = field(default_factory=lambda: np.full(3, -np.inf))
    blocks: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    tags: list[TagSummary] = field(default_factory=list)
    arrays: dict[str, list[str]] = field(default_factory=dict)
    volume: float | None = 0.0
    jacobian: tuple[float, int] | None = None
    edges: tuple[float, int] | None = None
    faults: list[str] = field(default_factory=list)
    kinematics: str = SOLID

    @property
    def diagonal(self) -> float:
        """Of the box around the mesh."""
        return float(np.linalg.norm(self.high - self.low))

    def tag(self, kind: str, name: str) -> TagSummary:
        """The tag of that kind and name, which is there."""
        return next(one for one in self.tags if (one.kind, one.name) == (kind, name))

    def flat_along(self, tag: TagSummary) -> list[int]:
        """Axes (0, 1, 2) along which a tag has no extent: one for a plane that is normal to it, two for a line. In two
        dimensions axes 0 and 1 alone: one for a line.
        """
        extent = (tag.high - tag.low)[:kinematics(self.kinematics).dimension]
        return np.flatnonzero(extent <= FLAT * self.diagonal).tolist()


def summarise(pieces: Iterable[Mesh]) -> MeshSummary:
    """A mesh, or the pieces of one, run through once; of a piece only the nodes that others have too are kept."""
    found = MeshSummary()
    tags: dict[tuple[str, str], TagSummary] = {}
    shared: dict[tuple[str, str], list[np.ndarray]] = {}
    arrays: dict[str, set[str]] = {"nodes": set(), "faces": set(), "cells": set()}
    blocks: dict[tuple[str, str, str, int], int] = {}

    def add(kind: str, name: str, count: int, nodes: np.ndarray, mesh: Mesh) -> None:
        tag = tags.setdefault((kind, name), TagSummary(kind, name))
        tag.count += count
        tag.low, tag.high = _around(padded(mesh.points[nodes]), tag.low, tag.high)

    for mesh in pieces:
        found.kinematics = mesh.kinematics
        common = np.zeros(mesh.n_node, dtype=bool) if mesh.shared_index is None else np.asarray(mesh.shared_index) >= 0
        everywhere = {**mesh.node_tags, "": np.arange(mesh.n_node)}
        for name, nodes in everywhere.items():
            nodes = np.asarray(nodes)
            add("nodes", name, int((~common[nodes]).sum()), nodes, mesh)
            shared.setdefault(("nodes", name), []).append(mesh.node_ids[nodes[common[nodes]]])
        for name, faces in mesh.face_tags.items():
            add("faces", name, faces.n_face, _nodes_of(block.connectivity for block in faces.blocks), mesh)
            arrays["faces"].update(f"{name}: {array}" for array in faces.arrays)
        for name, cells in mesh.cell_tags.items():
            add("cells", name, len(cells), _nodes_of_cells(mesh, np.asarray(cells)), mesh)
        arrays["nodes"].update(mesh.node_arrays)
        arrays["cells"].update(mesh.cell_arrays)
        for block in mesh.blocks:
            cells_of = (block.cell_type, block.formulation, block.quadrature, rule(block.quadrature).n_point)
            blocks[cells_of] = blocks.get(cells_of, 0) + block.n_cell
        _measure(mesh, found)
    for key, ids in shared.items():
        tags[key].count += len(np.unique(np.concatenate(ids)))
    whole = tags.pop(("nodes", ""), TagSummary("nodes", ""))
    found.n_node, found.low, found.high = whole.count, whole.low, whole.high
    if np.isfinite(found.diagonal):
        for tag in (whole, *tags.values()):
            for corner in (tag.low, tag.high):
                corner[np.abs(corner) < _ROUNDING * found.diagonal] = 0.0
    found.blocks = [(cell, formulation, quadrature, n, points)
                    for (cell, formulation, quadrature, points), n in blocks.items()]
    found.n_cell, found.n_ip = sum(blocks.values()), sum(n * points for *_, n, points in found.blocks)
    found.tags = list(tags.values())
    found.arrays = {kind: sorted(names) for kind, names in arrays.items()}
    return found


def _around(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if not len(points):
        return low, high
    return np.minimum(low, points.min(axis=0)), np.maximum(high, points.max(axis=0))


def _nodes_of(connectivities: Iterable[np.ndarray]) -> np.ndarray:
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(each.ravel() for each in connectivities)]))


def _nodes_of_cells(mesh: Mesh, cells: np.ndarray) -> np.ndarray:
    chosen = np.zeros(mesh.n_cell, dtype=bool)
    chosen[cells] = True
    bounds = np.cumsum([0, *(block.n_cell for block in mesh.blocks)])
    return _nodes_of(block.connectivity[chosen[first:last]]
                     for block, first, last in zip(mesh.blocks, bounds, bounds[1:]))


def _measure(mesh: Mesh, found: MeshSummary) -> None:
    """Volume and quality of the cells of a piece."""
    for block in mesh.blocks:
        ratios = _edge_ratios(mesh.points, block)
        if len(ratios) and (found.edges is None or ratios.max() > found.edges[0]):
            found.edges = float(ratios.max()), int(block.cell_ids[ratios.argmax()])
    try:
        weights = StrainOperator(mesh).weights
    except (InputError, UnsupportedError) as error:
        found.volume = None
        found.faults.append(str(error))
        return
    first = 0
    for block in mesh.blocks:
        of_rule = rule(block.quadrature).weights
        here = weights[first:first + block.n_cell * len(of_rule)].reshape(block.n_cell, -1) / of_rule
        first += here.size
        ratios = here.min(axis=1) / here.max(axis=1)
        if len(ratios) and (found.jacobian is None or ratios.min() < found.jacobian[0]):
            found.jacobian = float(ratios.min()), int(block.cell_ids[ratios.argmin()])
    if found.volume is not None:
        found.volume += float(weights.sum())


def _edge_ratios(points: np.ndarray, block: CellBlock) -> np.ndarray:
    """Longest over shortest edge of each cell, between corners, (n_cell,)."""
    ends = np.asarray(element(block.cell_type).edges)
    corners = points[block.connectivity]
    lengths = np.linalg.norm(corners[:, ends[:, 0]] - corners[:, ends[:, 1]], axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return lengths.max(axis=1) / lengths.min(axis=1)
