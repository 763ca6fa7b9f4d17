"""The tables of what a snapshots file may have, and a mesh in any file: types, shapes, ranges."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.elements import element
from romlib.mesh.quadrature import rule
from romlib.snapshots.schema import CLUSTERS, ROMLIB_GROUP, SCHEMA_VERSION, VTK_GROUP
from romlib.storage.contents import Contents
from romlib.storage.schema import ANY, FileSchema, Item

CHECKSUMS = f"/{ROMLIB_GROUP}/checksums"
BLOCK_ATTRIBUTES = ("cell_type", "quadrature", "formulation", "temperature_interpolation")
INTERPOLATIONS = ("shape", "mean")
MESH_SCOPES = {
    "n_node": ("p",), "n_dim": ("p",),
    "n_cells": ("p",), "n_cell": ("p", "k"), "n_a": ("p", "k"), "n_node_tag": ("p", "name"),
    "n_cell_tag": ("p", "name"), "n_face": ("p", "tag", "k"), "n_face_node": ("p", "tag", "k"), "n_faces": ("p", "tag"),
}


def mesh_items(mesh: str, *, whole: bool) -> Iterator[Item]:
    """What a mesh in the group `mesh` has; whole: points and connectivity too. The symbols are those of MESH_SCOPES."""
    yield Item(f"{mesh}@dimension", "integer", low=2, high=4, binds="n_dim")
    yield Item(f"{mesh}@kinematics", "text")
    yield Item(f"{mesh}@thickness", "real", low=0.0)
    yield Item(f"{mesh}/node_ids", "integer", ("n_node",), unique=True)
    yield Item(f"{mesh}/shared_index", "integer", ("n_node",), low=-1, high="n_shared")
    for name in BLOCK_ATTRIBUTES:
        yield Item(f"{mesh}/blocks/<k>@{name}", "text")
    yield Item(f"{mesh}/blocks/<k>/cell_ids", "integer", ("n_cell",))
    yield Item(f"{mesh}/node_tags/<name>", "integer", ("n_node_tag",), low=0, high="n_node")
    yield Item(f"{mesh}/cell_tags/<name>", "integer", ("n_cell_tag",), low=0, high="n_cells")
    yield Item(f"{mesh}/face_tags/<tag>/blocks/<k>@face_type", "text")
    yield Item(f"{mesh}/face_tags/<tag>/blocks/<k>/connectivity", "integer", ("n_face", "n_face_node"), low=0,
               high="n_node")
    yield Item(f"{mesh}/face_tags/<tag>/arrays/<name>", "number", ("n_faces", ANY), nan=True)
    yield Item(f"{mesh}/node_arrays/<name>", "number", ("n_node", ANY), nan=True)
    yield Item(f"{mesh}/cell_arrays/<name>", "number", ("n_cells", ANY), nan=True)
    if whole:
        yield Item(f"{mesh}/points", "real", ("n_node", "n_dim"))
        yield Item(f"{mesh}/blocks/<k>/connectivity", "integer", ("n_cell", "n_a"), low=0, high="n_node")


def mesh_relations(contents: Contents, mesh: str, piece: str, *, whole: bool) -> int:
    """Check what the blocks and face sets of a mesh are made of; bind the counts of cells and faces.

    Returns
    -------
    The number of integration points.
    """
    n_cell = n_ip = 0
    for k in range(contents.count(f"{mesh}/blocks")):
        block = f"{mesh}/blocks/{k}"
        shape = contents.shape(f"{block}/cell_ids")
        here, points = _block_sizes(contents, block, int(np.prod(shape)))
        n_cell, n_ip = n_cell + int(np.prod(shape)), n_ip + points
        if whole and (found := contents.shape(f"{block}/connectivity")) != (*shape, here):
            raise FileFormatError("an array has the wrong shape", file=contents.path, place=f"{block}/connectivity",
                                  expected=(*shape, here), found=found)
    contents.bind("n_cells", n_cell, f"{mesh}/blocks", p=piece)
    for tag in contents.names(f"{mesh}/face_tags") if contents.has(f"{mesh}/face_tags") else ():
        _face_sizes(contents, f"{mesh}/face_tags/{tag}", tag, piece)
    return n_ip


def _block_sizes(contents: Contents, block: str, n_cell: int) -> tuple[int, int]:
    """Nodes of a cell of a block, and integration points of all its cells."""
    names = {name: str(contents.attribute(block, name)) for name in BLOCK_ATTRIBUTES}
    try:
        kind, points = element(names["cell_type"]), rule(names["quadrature"])
    except UnsupportedError as error:
        raise UnsupportedError(error.what, file=contents.path, place=block, expected=error.expected, found=error.found,
                               remedy=error.remedy) from None
    if points.cell != kind.cell:
        raise FileFormatError("the rule of a block is made for other cells", file=contents.path, place=block,
                              expected=f"a rule for {kind.cell}", found=names["quadrature"])
    if names["temperature_interpolation"] not in INTERPOLATIONS:
        raise FileFormatError("a block has an unknown interpolation of the temperature", file=contents.path,
                              place=block, expected=" or ".join(INTERPOLATIONS),
                              found=names["temperature_interpolation"])
    return kind.n_node, n_cell * points.n_point


def _face_sizes(contents: Contents, face_set: str, tag: str, piece: str) -> None:
    n_faces = 0
    for k in range(contents.count(f"{face_set}/blocks")):
        block = f"{face_set}/blocks/{k}"
        kind, shape = str(contents.attribute(block, "face_type")), contents.shape(f"{block}/connectivity")
        try:
            expected = element(kind).n_node
        except UnsupportedError as error:
            raise UnsupportedError(error.what, file=contents.path, place=block, expected=error.expected,
                                   found=error.found) from None
        if len(shape) != 2 or shape[1] != expected:
            raise FileFormatError("an array has the wrong shape", file=contents.path, place=f"{block}/connectivity",
                                  expected=f"(n_face, {expected})", found=shape)
        n_faces += shape[0]
    contents.bind("n_faces", n_faces, face_set, p=piece, tag=tag)


def _vtk_items() -> Iterator[Item]:
    vtk, steps = f"/{VTK_GROUP}", f"/{VTK_GROUP}/Steps"
    yield Item(f"{vtk}@Version", "integer", (2,), low=0)
    yield Item(f"{vtk}@Type", "text")
    for name in ("NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds"):
        yield Item(f"{vtk}/{name}", "integer", ("n_piece",), low=0)
    yield Item(f"{vtk}/Points", "real", ("N", 3), blocks=True)
    yield Item(f"{vtk}/Types", "integer", ("M",), low=0, blocks=True)
    yield Item(f"{vtk}/Connectivity", "integer", ("n_connectivity",), low=0, blocks=True)
    yield Item(f"{vtk}/Offsets", "integer", ("M+n_piece",), low=0, blocks=True)
    yield Item(f"{vtk}/PointData/<name>", "number", None, blocks=True, virtual=True)
    yield Item(f"{vtk}/CellData/<name>", "number", None, blocks=True, virtual=True)
    yield Item(f"{steps}@NSteps", "integer", low=1, binds="n_step")
    yield Item(f"{steps}/Values", "real", ("n_step",), increasing=True)
    yield Item(f"{steps}/NumberOfParts", "integer", ("n_step",), low=0)
    yield Item(f"{vtk}/FieldData/{CLUSTERS}", "integer", ("n_step",), low=0)
    yield Item(f"{steps}/FieldDataOffsets/{CLUSTERS}", "integer", ("n_step",), low=0, high="n_step")
    yield Item(f"{steps}/FieldDataSizes/{CLUSTERS}", "integer", ("n_step", 2), low=1, high=2)
    for name in ("PartOffsets", "PointOffsets"):
        yield Item(f"{steps}/{name}", "integer", ("n_step",), low=0, high=1)
    for name in ("CellOffsets", "ConnectivityIdOffsets"):
        yield Item(f"{steps}/{name}", "integer", ("n_step", 1), low=0, high=1)
    yield Item(f"{steps}/PointDataOffsets/<name>", "integer", ("n_step",), low=0)
    yield Item(f"{steps}/CellDataOffsets/<name>", "integer", ("n_step",), low=0)


def _romlib_items() -> Iterator[Item]:
    group, piece = f"/{ROMLIB_GROUP}", f"/{ROMLIB_GROUP}/pieces/<p>"
    for name in ("kind", "romlib_version", "solver", "units", "fingerprint", "case"):
        yield Item(f"{group}@{name}", "text")
    yield Item(f"{group}@schema_version", "integer")
    yield Item(f"{group}@n_shared", "integer", low=0, binds="n_shared")
    for name in ("n_node", "n_cell", "n_ip"):
        yield Item(f"{group}@{name}", "integer", low=0)
    yield Item(f"{group}/model", "text")
    yield Item(f"{group}/identity", "json")
    yield Item(f"{group}/error_bounds/about", "json")
    yield Item(f"{group}/error_bounds/temperature_is_new", "boolean", ("n_step",))
    yield Item(f"{group}/error_bounds/values/<name>", "real", ("n_step",), low=0.0, nan=True)
    for name in ("place", "dtype", "original_name"):
        yield Item(f"{group}/fields/<name>@{name}", "text")
    yield Item(f"{group}/fields/<name>@n_comp", "integer", low=1, binds="n_comp")
    yield Item(f"{group}/fields/<name>@tensor", "boolean")
    yield Item(f"{piece}@n_ip", "integer", low=0, binds="n_ip")
    yield from mesh_items(piece, whole=False)
    yield Item(f"{piece}/ip_fields/<name>", "real", ("n_step", "n_ip", "n_comp"), nan=True, blocks=True)


def _relations(contents: Contents, unit: str) -> None:
    """Sizes of the pieces against those of the arrays; what VTK is told against what romlib reads."""
    if unit:
        piece = unit.rpartition("/")[2]
        contents.bind("n_ip", mesh_relations(contents, unit, piece, whole=False), f"{unit}, blocks", p=piece)
        return
    sizes = [_counts(contents, f"/{VTK_GROUP}/NumberOf{name}") for name in ("Points", "Cells", "ConnectivityIds")]
    for name, counts, array in zip(("N", "M", "n_connectivity"), sizes, ("Points", "Cells", "Connectivity")):
        contents.bind(name, sum(map(int, counts)), f"/{VTK_GROUP}/{array}")
    for p, (n_node, n_cell) in enumerate(zip(sizes[0], sizes[1])):
        contents.bind("n_node", int(n_node), f"/{VTK_GROUP}/NumberOfPoints", p=p)
        contents.bind("n_cells", int(n_cell), f"/{VTK_GROUP}/NumberOfCells", p=p)
    contents.bind("n_piece", contents.count(f"/{ROMLIB_GROUP}/pieces"), f"/{ROMLIB_GROUP}/pieces")


def _counts(contents: Contents, path: str) -> np.ndarray:
    """A list of sizes, which is needed before the shapes are checked."""
    if len(shape := contents.shape(path)) != 1:
        raise FileFormatError("an array has the wrong shape", file=contents.path, place=path, expected="(n_piece,)",
                              found=shape)
    return contents.array(path)


SNAPSHOTS = FileSchema(
    "snapshots file", (*_vtk_items(), *_romlib_items()), version=SCHEMA_VERSION,
    version_attribute=f"/{ROMLIB_GROUP}@schema_version", checksums=CHECKSUMS, relations=_relations,
    units=(f"/{ROMLIB_GROUP}/pieces/<p>",),
    scopes={**MESH_SCOPES, "n_ip": ("p",), "n_comp": ("name",)})
