"""The mesh of a file that meshio reads: solid cells in blocks, surface cells as faces, by the positions in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from romlib_converters.common.elements import check_rules
from romlib_converters.meshio.kinds import IN_SPACE, SAY, Kinds, counter_clockwise, in_plane, kinds_of
from romlib_converters.meshio.series import Cells

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.ids import used_of
from romlib.mesh.kinematics import SOLID, kinematics
from romlib.mesh.merge import merged_cells, representatives
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.skin import orient_outward
from romlib.mesh.validity import check_mesh
from romlib.model import Omission
from romlib.words import listed

SURFACE_TAG = "surface"
_FARTHEST = 1e15  # in any unit of length that anybody uses
_MIDSIDE = 0.4  # a mid-side node is farther from the middle than this part of the edge's length: it is another node


@dataclass(frozen=True, eq=False)
class Grid:
    """A mesh whose node ids and cell ids are positions in the file.

    surface : (n_face,), positions in the file of the faces of the tag "surface", empty where it has none.
    new_node : (n_node of the file,), where each of its nodes is in the mesh, -1 for those left out.
    twins : (n, 2), nodes of the file that were merged away, and the node that took their place. kinds : which cells of
    the file are of the mesh, and which its faces.
    """

    mesh: Mesh
    surface: np.ndarray
    omissions: tuple[Omission, ...]
    new_node: np.ndarray
    twins: np.ndarray
    kinds: Kinds = IN_SPACE


def build_grid(
    points: np.ndarray, cells: Cells, quadrature: Mapping[str, str], file: Path, merge: float | None = None,
    motion: str = SOLID, thickness: float = 1.0,
) -> Grid:
    """Sort the cells of a file.

    Parameters
    ----------
    points : (n_node, 3), or (n_node, 2) in two dimensions. cells : meshio's type and the connectivity of each block.
    quadrature : rule by cell type (hex8, ...), where it is not the element's default.
    merge : points within this distance become one. motion, thickness : kinematics of the mesh. In two dimensions its
    cells are the surface cells, made counter-clockwise, and its faces the lines.

    Raises
    ------
    UnsupportedError : an element that romlib lacks, named with the number of cells; no cell of the mesh's dimension;
    cells of another; points that are not in a plane.
    FileFormatError : points that are not finite, nodes that do not exist, mid-side nodes in another order.
    """
    kinds, moving = kinds_of(kinematics(motion)), kinematics(motion)
    _check_points(points, file)
    merged = _by_type(cells, len(points), file, kinds)
    unknown = {kind: len(ids) for kind, (_, ids) in merged.items()
               if kind not in kinds.cells and kind not in kinds.faces and kind.rstrip("3") not in kinds.omitted}
    if unknown:
        solid = kinds is not IN_SPACE and set(unknown) <= set(IN_SPACE.cells)
        raise UnsupportedError("a plane mesh has solid cells" if solid else "the mesh has elements that romlib lacks",
                               file=file, expected=", ".join(kinds.cells),
                               found=", ".join(f"{count} {kind}" for kind, count in unknown.items()))
    keep = np.arange(len(points))
    if merge:
        keep = representatives(points, merge)
        merged = {kind: (merged_cells(nodes, keep, merge) if kind in kinds.cells or kind in kinds.faces else nodes, ids)
                  for kind, (nodes, ids) in merged.items()}
    solids = {kinds.cells[kind]: merged[kind] for kind in merged if kind in kinds.cells}
    if not solids:
        flat = kinds is IN_SPACE and any(kind in kinds.faces for kind in merged)
        raise UnsupportedError(f"the mesh has no {kinds.what} cell", file=file, expected=", ".join(kinds.cells),
                               remedy=SAY if flat else None,
                               found=", ".join(f"{len(ids)} {kind}" for kind, (_, ids) in merged.items()) or "no cell")
    check_rules(quadrature, list(solids), "option quadrature")
    for kind, (connectivity, _) in solids.items():
        _check_midside_nodes(kind, points, connectivity, file)
    nodes, new_node = used_of([connectivity for connectivity, _ in solids.values()], len(points))
    points = in_plane(points, nodes, moving, file)
    if moving.dimension == 2:
        solids = {kind: (counter_clockwise(points, connectivity, element(kind).n_corner), ids)
                  for kind, (connectivity, ids) in solids.items()}
    whole = len(nodes) == len(points)  # then nothing gets another number, and nothing is copied
    blocks = tuple(CellBlock(kind, connectivity if whole else new_node[connectivity], ids,
                             quadrature.get(kind, element(kind).default_rule))
                   for kind, (connectivity, ids) in solids.items())
    mesh = Mesh(points if whole else points[nodes], blocks, nodes, kinematics=motion, thickness=thickness)
    check_mesh(mesh, file)
    new_node = new_node[keep]
    surfaces = {kinds.faces[kind]: merged[kind] for kind in merged if kind in kinds.faces}
    mesh, surface = _with_surface(mesh, surfaces, new_node, file)
    check_mesh(mesh, file)
    gone = np.flatnonzero((keep != np.arange(len(keep))) & (new_node >= 0))
    return Grid(mesh, surface, _omissions(merged, kinds), new_node, np.column_stack([gone, keep[gone]]), kinds)


def with_static_arrays(grid: Grid, node: Mapping[str, np.ndarray], cell: Mapping[str, np.ndarray]) -> Mesh:
    """The mesh with arrays of the file: node (n_node of the file, ...), cell (n_cell of the file, ...)."""
    mesh = grid.mesh
    faces = dict(mesh.face_tags)
    if SURFACE_TAG in faces:
        on_faces = {name: values[grid.surface] for name, values in cell.items() if values.ndim == 1}
        faces[SURFACE_TAG] = replace(faces[SURFACE_TAG], arrays=on_faces)
    return replace(mesh, node_arrays={name: values[mesh.node_ids] for name, values in node.items()},
                   cell_arrays={name: values[mesh.cell_ids] for name, values in cell.items()}, face_tags=faces)


def _check_points(points: np.ndarray, file: Path) -> None:
    if points.ndim != 2 or points.shape[1] not in (2, 3):
        raise UnsupportedError("the mesh is not three-dimensional", file=file, expected="points with x, y, z",
                               found=f"shape {points.shape}")
    wrong = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(wrong):
        raise FileFormatError("a coordinate is not a finite number", file=file, place=f"node {wrong[0]}",
                              found=points[wrong[0]])
    far = np.flatnonzero(np.abs(points).max(axis=1) > _FARTHEST)
    if len(far):
        raise FileFormatError("a coordinate is out of all proportion: are the numbers read in the right byte order?",
                              file=file, place=f"node {far[0]}", expected=f"less than {_FARTHEST:g}",
                              found=points[far[0]])


def _by_type(cells: Cells, n_node: int, file: Path, kinds: Kinds) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Connectivity and positions in the file of all cells of each type, in the order of the file."""
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    first = 0
    for kind, connectivity in cells:
        ids = np.arange(first, first + len(connectivity))
        first += len(connectivity)
        if not len(ids):
            continue
        known = kind in kinds.cells or kind in kinds.faces
        if known:
            width = element(kinds.cells.get(kind) or kinds.faces[kind]).n_node
            if connectivity.ndim != 2 or connectivity.shape[1] != width or connectivity.dtype.kind not in "iu":
                raise FileFormatError("cells have another number of nodes than their type", file=file,
                                      place=f"cells of type {kind}, from cell {ids[0]} on",
                                      expected=f"{width} integers",
                                      found=f"shape {connectivity.shape}, {connectivity.dtype}")
            wrong = np.flatnonzero(((connectivity < 0) | (connectivity >= n_node)).any(axis=1))
            if len(wrong):
                raise FileFormatError("a cell has a node that does not exist", file=file, place=f"cell {ids[wrong[0]]}",
                                      expected=f"nodes below {n_node}", found=connectivity[wrong[0]])
            connectivity = np.asarray(connectivity, dtype=np.int64)
        parts.setdefault(kind, []).append((connectivity, ids))
    return {kind: (_joined([c for c, _ in blocks]), _joined([i for _, i in blocks]))
            if kind in kinds.cells or kind in kinds.faces else (np.empty(0), _joined([i for _, i in blocks]))
            for kind, blocks in parts.items()}


def _joined(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays one after another, a single one without a copy."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _check_midside_nodes(kind: str, points: np.ndarray, connectivity: np.ndarray, file: Path) -> None:
    """Files in the node order of another program have a mid-side node on the wrong edge, or face."""
    reference = element(kind)
    parts: list[tuple[int, ...]] = list(reference.edges[:reference.n_midside])
    if reference.n_node > reference.n_corner + reference.n_midside:
        corners = [face[:element(face_type).n_corner] for face_type, face in reference.faces
                   if reference.dimension == 3]
        parts += [*corners, tuple(range(reference.n_corner))]
    for number, part in enumerate(parts, reference.n_corner):
        corners_of = points[connectivity[:, part]]  # (n_cell, n_corner of the part, 3)
        middle = corners_of.mean(axis=1)
        reach = np.linalg.norm(corners_of - middle[:, None], axis=2).max(axis=1)
        wrong = np.linalg.norm(points[connectivity[:, number]] - middle, axis=1) > 2.0 * _MIDSIDE * reach
        if wrong.any():
            cell = int(np.argmax(wrong))
            raise FileFormatError(
                "mid-side nodes are not on their edges: the nodes are not in VTK's order", file=file,
                place=f"{kind} cell {cell} of {len(connectivity)}, nodes {listed(connectivity[cell])}",
                expected=f"node {number} between nodes {listed(part)}", found=f"{int(wrong.sum())} such cells",
                remedy="write the file in VTK's node order")


def _with_surface(mesh: Mesh, surfaces: Mapping[str, tuple[np.ndarray, np.ndarray]], new_node: np.ndarray, file: Path
                  ) -> tuple[Mesh, np.ndarray]:
    if not surfaces:
        return mesh, np.empty(0, dtype=np.int64)
    blocks, ids = [], []
    for kind, (connectivity, positions) in surfaces.items():
        loose = np.flatnonzero((new_node[connectivity] < 0).any(axis=1))
        if len(loose):
            raise UnsupportedError("a surface cell is no face of a solid cell", file=file,
                                   place=f"cell {positions[loose[0]]}", found=f"{len(loose)} such cells of type {kind}",
                                   remedy="romlib has no shells or membranes: leave these cells out of the file")
        blocks.append(FaceBlock(kind, new_node[connectivity]))
        ids.append(positions)
    try:
        face_set = orient_outward(mesh, FaceSet(tuple(blocks)))
    except FileFormatError as error:
        raise FileFormatError(error.what, file=file, place=error.place, expected=error.expected, found=error.found,
                              remedy=error.remedy) from error
    return replace(mesh, face_tags={SURFACE_TAG: face_set}), np.concatenate(ids)


def _omissions(merged: Mapping[str, tuple[np.ndarray, np.ndarray]], kinds: Kinds) -> tuple[Omission, ...]:
    counts: Counter[str] = Counter()
    for kind, (_, ids) in merged.items():
        if kind.rstrip("3") in kinds.omitted:
            counts[kind.rstrip("3")] += len(ids)
    return tuple(kinds.omitted[kind].model_copy(update={"description": f"{count} {kinds.omitted[kind].description}"})
                 for kind, count in counts.items())
