"""A mesh without results, with its named sets as tags: XDMF, VTU, MSH, MED, and whatever else meshio reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from romlib_converters.meshio.groups import with_mesh_tags
from romlib_converters.meshio.legacy import is_unstructured
from romlib_converters.meshio.med import read_med
from romlib_converters.meshio.mesh import SURFACE_TAG, Grid, build_grid, with_static_arrays
from romlib_converters.meshio.msh import read_msh
from romlib_converters.meshio.open import open_series
from romlib_converters.meshio.raw import RawMesh, read_by_meshio

from romlib.errors import InputError, UnsupportedError
from romlib.files import regular_file
from romlib.mesh.kinematics import SOLID
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.skin import SKIN
from romlib.mesh.tags import ALL
from romlib.mesh.topology import outer_faces
from romlib.words import plural

_READERS = {".msh": read_msh, ".med": read_med, ".rmed": read_med, ".mmed": read_med}
_SERIES = (".xdmf", ".xmf", ".pvd", ".vtu", ".pvtu", ".vtkhdf", ".hdf")
_LOST_CARDS = ("include", "surface", "instance", "part", "assembly", "ncopy", "ngen", "nfill", "elcopy", "elgen",
               "system")


def read_mesh(
    source: Path, quadrature: Mapping[str, str], kinematics: str = SOLID, thickness: float = 1.0
) -> Mesh:
    """The solid cells of a file, its surface cells as the face tag "surface", and its sets as tags.

    A set of points becomes a node tag; of solid cells, a cell tag; of surface cells (a physical surface of gmsh), a
    face tag and the node tag of its nodes; of edges and points, a node tag. Arrays of numbers become node and cell
    arrays, those of surface cells arrays of the face tag. In two dimensions (kinematics) the surface cells are the mesh
    and the lines its faces.

    Raises
    ------
    InputError : no such file. FileFormatError : it cannot be read. UnsupportedError : what would be lost, and a set
    with the name of one of romlib's own. And what `build_grid` raises.
    """
    source = regular_file(source, "there is no such mesh file")
    suffix = source.suffix.lower()
    if suffix in _SERIES or (suffix == ".vtk" and is_unstructured(source)):
        return _of_series(source, quadrature, kinematics, thickness)
    if suffix == ".inp":
        _refuse_lost_cards(source)
    raw = _READERS.get(suffix, read_by_meshio)(source) if not _is_fluent(source) else read_by_meshio(source)
    if not len(raw.points):
        raw.points = raw.points.reshape(0, 3)
    grid = build_grid(raw.points, raw.cells, quadrature, source, None, kinematics, thickness)
    return with_sets(grid, with_static_arrays(grid, raw.node, raw.cell), raw, source)


def _is_fluent(source: Path) -> bool:
    """Whether a .msh file is one of Fluent, which begins with a parenthesis."""
    with open(source, "rb") as stream:
        return source.suffix.lower() == ".msh" and stream.read(64).lstrip().startswith(b"(")


def _of_series(source: Path, quadrature: Mapping[str, str], kinematics: str, thickness: float) -> Mesh:
    """The mesh of a time series, with the arrays of its first record."""
    with open_series(source, merging=True) as series:  # parts are merged, or refused, by whom the mesh is for
        points, cells = series.mesh()
        grid = build_grid(points, cells, quadrature, series.file, None, kinematics, thickness)
        first = series.sample()
        for name, values in first.node.items():
            if len(values) != len(points):
                raise UnsupportedError("an array has another length than the mesh", file=source, place=name,
                                       expected=len(points), found=len(values))
        return with_mesh_tags(grid, with_static_arrays(grid, first.node, first.cell), series)[0]


def _refuse_lost_cards(source: Path) -> None:
    """meshio's reader of keyword decks passes over cards that change the mesh or name a part of it."""
    with open(source, encoding="latin-1") as stream:
        for number, line in enumerate(stream, 1):
            word = line[1:].split(",")[0].strip().lower().replace(" ", "") if line.startswith("*") else ""
            named = word == "node" and "nset" in line.lower()
            if named or word in _LOST_CARDS or (word in ("nset", "elset") and "generate" in line.lower()):
                raise UnsupportedError("meshio does not read all of this deck", file=source, found=line.strip(),
                                       place=f"line {number}", remedy='read it by the converter calculix ([mesh] '
                                       'converter = "calculix", the default for .inp where it is installed)')


def with_sets(grid: Grid, mesh: Mesh, raw: RawMesh, file: Path) -> Mesh:
    """The mesh with the sets of a file as tags; see `read_mesh`."""
    node_tags = {name: _known(grid.new_node[_inside(where, len(raw.points), name, file)])
                 for name, where in raw.node_sets.items()}
    n_cell = sum(len(nodes) for _, nodes in raw.cells)
    cell_of, face_of = (np.full(n_cell, -1) for _ in range(2))
    cell_of[mesh.cell_ids] = np.arange(mesh.n_cell)
    face_of[grid.surface] = np.arange(len(grid.surface))
    cell_tags, face_tags = dict(mesh.cell_tags), dict(mesh.face_tags)
    surface = mesh.face_tags.get(SURFACE_TAG)
    for name, where in raw.cell_sets.items():
        if name.startswith("gmsh:"):
            continue
        where = _inside(where, n_cell, name, file)
        cells, faces = _known(cell_of[where]), _known(face_of[where])
        if len(cells):
            cell_tags[name] = cells
        if len(faces):
            assert surface is not None
            face_tags[name] = _subset(surface, faces)
        if not len(cells):
            nodes = _known(grid.new_node[_nodes_of(raw, where)])
            if len(nodes):
                node_tags.setdefault(name, nodes)
    _refuse_own_names(mesh, cell_tags, face_tags, file)
    return replace(mesh, node_tags={**mesh.node_tags, **node_tags}, cell_tags=cell_tags, face_tags=face_tags)


def _refuse_own_names(
    mesh: Mesh, cell_tags: Mapping[str, np.ndarray], face_tags: Mapping[str, FaceSet], file: Path
) -> None:
    """A set named as romlib's own tag has to be the same thing."""
    clash = []
    if ALL in cell_tags and len(cell_tags[ALL]) < mesh.n_cell:
        clash.append((ALL, "every cell", f"{len(cell_tags[ALL])} of {plural(mesh.n_cell, 'cell')}"))
    if SKIN in face_tags and face_tags[SKIN].n_face != (n_face := len(outer_faces(mesh).cell)):
        clash.append((SKIN, "every outer face", f"{face_tags[SKIN].n_face} of {plural(n_face, 'face')}"))
    for name, means, found in clash:
        raise UnsupportedError("a set has the name of one of romlib's own tags, and is another one", file=file,
                               place=f"set {name!r}", expected=means, found=found, remedy="give the set another name")


def _inside(where: np.ndarray, n: int, name: str, file: Path) -> np.ndarray:
    where = np.asarray(where, dtype=np.int64)
    if len(where) and (where.min() < 0 or where.max() >= n):
        raise InputError("a set has a member that does not exist", file=file, place=f"set {name!r}",
                         expected=f"positions 0 ... {n - 1}", found=int(where.max()))
    return where


def _nodes_of(raw: RawMesh, where: np.ndarray) -> np.ndarray:
    """Nodes of the cells at these positions, in the file's own numbers."""
    found, first = [np.empty(0, dtype=np.int64)], 0
    for _, nodes in raw.cells:
        mine = where[(where >= first) & (where < first + len(nodes))] - first
        first += len(nodes)
        found.append(np.asarray(nodes, dtype=np.int64)[mine].ravel())
    every = np.unique(np.concatenate(found))
    return every[(every >= 0) & (every < len(raw.points))]


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
