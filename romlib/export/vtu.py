"""VTU files (VTK XML UnstructuredGrid) and the list of them over time, PVD.

Source: VTK file formats, docs.vtk.org. Arrays are in base64, without compression: what every reader has in common.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO
from xml.sax.saxutils import quoteattr

import numpy as np

from romlib.export.arrays import Array
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh

_TYPES = {"float64": "Float64", "float32": "Float32", "int64": "Int64", "int32": "Int32", "uint8": "UInt8"}
_FIRST, _PORTION = 3 * 2**20 - 8, 3 * 2**20  # bytes that are encoded at a time


def write_vtu(
    path: Path, mesh: Mesh, nodes: Sequence[Array], cells: Sequence[Array], time: float,
    materials: np.ndarray | None = None,
) -> None:
    """Write one time. materials : (n_cell,), numbers, as an array of the cells of that name."""
    with path.open("wb") as file:
        def put(*lines: str) -> None:
            file.write("\n".join(lines).encode() + b"\n")

        def add(name: str, values: np.ndarray, components: Sequence[str] = (), extra: str = "") -> None:
            put(_tag(name, values, components, extra))
            _write_binary(file, values)
            put("", "</DataArray>")

        put('<?xml version="1.0"?>',
            f'<VTKFile type="UnstructuredGrid" version="1.0" byte_order="{_byte_order()}" header_type="UInt64">',
            "<UnstructuredGrid>", "<FieldData>")
        add("TimeValue", np.array([time]), extra=' NumberOfTuples="1"')
        put("</FieldData>", f'<Piece NumberOfPoints="{mesh.n_node}" NumberOfCells="{mesh.n_cell}">', "<Points>")
        add("Points", np.asarray(mesh.coordinates, dtype=np.float64))
        put("</Points>", "<Cells>")
        for name, values in cells_of(mesh).items():
            add(name, values)
        put("</Cells>", "<PointData>")
        add("node_id", np.asarray(mesh.node_ids, dtype=np.int64))
        for array in (one.spatial for one in nodes):
            add(array.name, array.flat, _shown(array))
        put("</PointData>", "<CellData>")
        add("cell_id", np.asarray(mesh.cell_ids, dtype=np.int64))
        if materials is not None:
            add("material", np.asarray(materials, dtype=np.int64))
        for array in (one.spatial for one in cells):
            add(array.name, array.flat, _shown(array))
        put("</CellData>", "</Piece>", "</UnstructuredGrid>", "</VTKFile>")


def cells_of(mesh: Mesh) -> Mapping[str, np.ndarray]:
    """connectivity, offsets (the end of each cell) and types of all cells, as VTK has them."""
    kinds = [(element(block.cell_type), block.n_cell) for block in mesh.blocks]
    sizes = [np.full(n, kind.n_node, dtype=np.int64) for kind, n in kinds]
    empty = np.empty(0, dtype=np.int64)
    nodes = [np.asarray(block.connectivity, dtype=np.int64).ravel() for block in mesh.blocks]
    return {
        "connectivity": np.concatenate([empty, *nodes]),
        "offsets": np.cumsum(np.concatenate([empty, *sizes])).astype(np.int64),
        "types": np.concatenate([empty, *(np.full(n, kind.vtk_type) for kind, n in kinds)]).astype(np.uint8)}


def write_pvd(path: Path, files: Sequence[str], times: Sequence[float] | np.ndarray) -> None:
    """The list of the files, given as they are found from its own folder, with their times."""
    rows = [f'<DataSet timestep="{time!r}" part="0" file={quoteattr(file)}/>'
            for file, time in zip(files, np.asarray(times, dtype=float).tolist())]
    path.write_text("\n".join([
        '<?xml version="1.0"?>', f'<VTKFile type="Collection" version="0.1" byte_order="{_byte_order()}">',
        "<Collection>", *rows, "</Collection>", "</VTKFile>", ""]), encoding="utf-8")


def _tag(name: str, values: np.ndarray, components: Sequence[str], extra: str) -> str:
    """The tag of an array (n,) or (n, n_comp); of a scalar without a number of components, as VTK has it."""
    several = f' NumberOfComponents="{values.shape[1]}"' if values.ndim == 2 else ""
    names = "".join(f" ComponentName{k}={quoteattr(component)}" for k, component in enumerate(components))
    return (f'<DataArray type="{_TYPES[values.dtype.name]}" Name={quoteattr(name)}{several}{names}{extra} '
            'format="binary">')


def _write_binary(file: BinaryIO, values: np.ndarray) -> None:
    """The size in bytes and the values, encoded together; in portions of whole groups of three bytes."""
    data = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
    head = np.uint64(len(data)).tobytes() + bytes(data[:_FIRST])
    file.write(base64.b64encode(head))
    for begin in range(_FIRST, len(data), _PORTION):
        file.write(base64.b64encode(data[begin:begin + _PORTION]))


def _shown(array: Array) -> list[str]:
    """Names of components in capitals, as ParaView has them."""
    return [component.upper() for component in array.components]


def _byte_order() -> str:
    return "LittleEndian" if sys.byteorder == "little" else "BigEndian"
