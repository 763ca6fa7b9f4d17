"""Tags that a file has on grids of their own (MeshTags of dolfinx): faces become face tags, volumes cell arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from romlib_converters.meshio.kinds import Kinds
from romlib_converters.meshio.mesh import Grid
from romlib_converters.meshio.series import MeshTags, Series

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.skin import SKIN, orient_outward
from romlib.model import Omission


def with_mesh_tags(grid: Grid, mesh: Mesh, series: Series) -> tuple[Mesh, tuple[Omission, ...]]:
    """The mesh with the tags of a series, and what could not be carried along (tags of edges and points).

    Raises
    ------
    FileFormatError : cells of a tag that the mesh lacks. UnsupportedError : a name that romlib has for its own.
    """
    lost, kinds = [], grid.kinds
    for tags in series.tags():
        unknown = sorted({kind for kind, _ in tags.cells if kind not in kinds.cells and kind not in kinds.faces})
        if unknown:
            lost.append(Omission(
                name=f"grid {tags.name}", does_work=False, description=f"tags on {', '.join(unknown)}"))
            continue
        cells = [(kind, _mapped(grid, nodes, tags, series)) for kind, nodes in tags.cells]
        if all(kind in kinds.faces for kind, _ in cells):
            mesh = _with_faces(mesh, tags, cells, series, kinds)
        elif all(kind in kinds.cells for kind, _ in cells):
            mesh = _with_cells(mesh, tags, cells, series, kinds)
        else:
            raise UnsupportedError("a grid of tags has faces and volumes", file=series.file, place=tags.name,
                                   remedy="write them as two grids")
    return mesh, tuple(lost)


def _mapped(grid: Grid, nodes: np.ndarray, tags: MeshTags, series: Series) -> np.ndarray:
    """Nodes of the file as nodes of the mesh."""
    if nodes.size and (nodes.min() < 0 or nodes.max() >= len(grid.new_node)):
        raise FileFormatError("a tagged cell has a node that does not exist", file=series.file, place=tags.name,
                              expected=f"nodes below {len(grid.new_node)}", found=int(nodes.max()))
    new = grid.new_node[nodes]
    if (new < 0).any():
        raise FileFormatError("a tagged cell has a node of no solid cell", file=series.file, place=tags.name)
    return new


def _with_faces(
    mesh: Mesh, tags: MeshTags, cells: list[tuple[str, np.ndarray]], series: Series, kinds: Kinds
) -> Mesh:
    if tags.name == SKIN:
        raise UnsupportedError("tags have the name of romlib's own face tag", file=series.file, place=tags.name,
                               remedy="give the tags another name")
    arrays = {name: values for name, values in tags.arrays.items() if values.ndim == 1}
    face_set = FaceSet(tuple(FaceBlock(kinds.faces[kind], nodes) for kind, nodes in cells if len(nodes)), arrays)
    return replace(mesh, face_tags={**mesh.face_tags, tags.name: orient_outward(mesh, face_set)})


def _with_cells(
    mesh: Mesh, tags: MeshTags, cells: list[tuple[str, np.ndarray]], series: Series, kinds: Kinds
) -> Mesh:
    """Values of tagged cells as cell arrays, NaN at the other cells where there are some."""
    position = np.concatenate([_find(mesh, kinds.cells[kind], nodes, tags, series) for kind, nodes in cells])
    found: Mapping[str, np.ndarray] = {name: values for name, values in tags.arrays.items() if values.ndim == 1}
    arrays = dict(mesh.cell_arrays)
    for name, values in found.items():
        whole = np.full(mesh.n_cell, np.nan) if len(np.unique(position)) < mesh.n_cell else np.zeros(
            mesh.n_cell, dtype=values.dtype)
        whole[position] = values
        arrays[name] = whole
    return replace(mesh, cell_arrays=arrays)


def _find(mesh: Mesh, cell_type: str, nodes: np.ndarray, tags: MeshTags, series: Series) -> np.ndarray:
    """Where cells (n, k) are in the mesh, by their nodes."""
    first = 0
    for block in mesh.blocks:
        if block.cell_type == cell_type:
            both = np.sort(np.concatenate([block.connectivity, nodes]), axis=1)
            _, number = np.unique(both, axis=0, return_inverse=True)
            number = number.ravel()
            where = np.full(int(number.max(initial=-1)) + 1, -1)
            where[number[:block.n_cell]] = first + np.arange(block.n_cell)
            found = where[number[block.n_cell:]]
            if (found >= 0).all():
                return found
        first += block.n_cell
    raise FileFormatError("a tagged cell is none of the mesh", file=series.file, place=tags.name,
                          expected=f"cells of type {cell_type} of the mesh")
