"""MED files of Salome and Code_Aster: the mesh, and its groups of nodes and cells as sets."""

from __future__ import annotations

from pathlib import Path

from romlib_converters.med.file import open_med
from romlib_converters.med.mesh import read_med_mesh
from romlib_converters.med.types import MESHIO, node_order
from romlib_converters.meshio.raw import RawMesh

from romlib.errors import UnsupportedError


def read_med(file: Path) -> RawMesh:
    """The only mesh of a MED file; its fields are not looked at.

    Raises
    ------
    UnsupportedError : several meshes, a mesh that changes in time, profiles, elements that are not known.
    FileFormatError : damaged.
    """
    with open_med(file) as content:
        mesh = read_med_mesh(content, file)
    raw = RawMesh(mesh.points, [], node_sets=dict(mesh.node_groups), cell_sets=dict(mesh.cell_groups))
    for block in mesh.cells:
        if block.kind not in MESHIO:
            raise UnsupportedError("cells of this type are not read", file=file, found=block.kind,
                                   expected=", ".join(MESHIO))
        order = node_order(block.kind, block.nodes, mesh.points)
        raw.cells.append((MESHIO[block.kind], block.nodes if order is None else block.nodes[:, order]))
    return raw
