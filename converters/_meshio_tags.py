"""A mesh without results from any file that meshio reads, with its named sets as tags."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import meshio
import numpy as np
from romlib_converters._meshio_mesh import SURFACE_TAG, Grid, build_grid, with_static_arrays

from romlib.errors import FileFormatError, InputError
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh

meshio._mesh.topological_dimension.setdefault("wedge15", 3)  # meshio 5.3.5 reads these but forgot them in this table


def read_mesh(source: Path, quadrature: Mapping[str, str]) -> Mesh:
    """The solid cells of a file, its surface cells as the face tag "surface", and its sets as tags.

    A set of points becomes a node tag; of solid cells, a cell tag; of surface cells (a physical surface of gmsh), a
    face tag and the node tag of its nodes. Arrays of numbers become node and cell arrays, those of surface cells arrays
    of the face tag. Sets whose names begin with "gmsh:" are left out.

    Raises
    ------
    InputError : no such file. FileFormatError : meshio cannot read it. And what `build_grid` raises.
    """
    source = Path(source)
    if not source.is_file():
        raise InputError("there is no such mesh file", file=source, remedy="check the path")
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # meshio's readers print
            data = meshio.read(source)
    except (Exception, SystemExit) as error:  # whatever a reader of a damaged file raises, and meshio's exits
        raise FileFormatError("meshio cannot read this mesh", file=source, found=str(error) or type(error).__name__,
                              expected="one of " + ", ".join(sorted(meshio.extension_to_filetypes))) from error
    points = np.asarray(data.points, dtype=float)
    if points.ndim == 2 and points.shape[1] == 3 and len(points):
        cells = [(block.type, np.asarray(block.data)) for block in data.cells]
        grid = build_grid(points, cells, quadrature, source)
    else:
        grid = build_grid(points, [], quadrature, source)  # says what is wrong
    node = {name: np.asarray(values) for name, values in data.point_data.items() if _numeric(values)}
    cell = {name: np.concatenate([np.asarray(part) for part in parts]) for name, parts in data.cell_data.items()
            if all(_numeric(part) for part in parts)}
    return _with_sets(grid, with_static_arrays(grid, node, cell), data)


def _numeric(values: object) -> bool:
    return np.issubdtype(np.asarray(values).dtype, np.number)


def _with_sets(grid: Grid, mesh: Mesh, data: meshio.Mesh) -> Mesh:
    node_of = np.full(len(data.points), -1)
    node_of[mesh.node_ids] = np.arange(mesh.n_node)
    node_tags = {str(name): _known(node_of[np.asarray(where, dtype=np.int64)])
                 for name, where in data.point_sets.items()}
    first = np.cumsum([0, *(len(block.data) for block in data.cells)])
    cell_of, face_of = (np.full(first[-1], -1) for _ in range(2))
    cell_of[mesh.cell_ids] = np.arange(mesh.n_cell)
    face_of[grid.surface] = np.arange(len(grid.surface))
    cell_tags, face_tags = dict(mesh.cell_tags), dict(mesh.face_tags)
    for name, parts in {**_physical_groups(data), **data.cell_sets}.items():
        if name.startswith("gmsh:"):
            continue
        where = np.concatenate([np.empty(0, dtype=np.int64), *(
            start + np.asarray(part, dtype=np.int64) for start, part in zip(first, parts) if part is not None)])
        cells, faces = _known(cell_of[where]), _known(face_of[where])
        if len(cells):
            cell_tags[name] = cells
        if len(faces):
            face_tags[name] = _subset(face_tags[SURFACE_TAG], faces)
            node_tags.setdefault(name, _nodes_of(face_tags[name]))
    return replace(mesh, node_tags={**mesh.node_tags, **node_tags}, cell_tags=cell_tags, face_tags=face_tags)


def _physical_groups(data: meshio.Mesh) -> dict[str, list[np.ndarray]]:
    """Physical groups of gmsh: numbers in a cell array, whose names meshio keeps apart with their dimension."""
    numbers, groups = data.cell_data.get("gmsh:physical"), {}
    if numbers is not None:
        for name, (number, dimension) in data.field_data.items():
            groups[name] = [np.flatnonzero((np.asarray(of_block) == number) & (block.dim == dimension))
                            for block, of_block in zip(data.cells, numbers)]
    return groups


def _known(positions: np.ndarray) -> np.ndarray:
    return np.unique(positions[positions >= 0])


def _subset(faces: FaceSet, rows: np.ndarray) -> FaceSet:
    blocks, start = [], 0
    for block in faces.blocks:
        inside = rows[(rows >= start) & (rows < start + len(block.connectivity))] - start
        start += len(block.connectivity)
        if len(inside):
            blocks.append(FaceBlock(block.face_type, block.connectivity[inside]))
    return FaceSet(tuple(blocks), {name: values[rows] for name, values in faces.arrays.items()})


def _nodes_of(faces: FaceSet) -> np.ndarray:
    return np.unique(np.concatenate([block.connectivity.ravel() for block in faces.blocks]))
