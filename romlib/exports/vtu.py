"""VTU files (VTK XML UnstructuredGrid) and the list of them over time, PVD.

Source: VTK file formats, docs.vtk.org. Arrays are appended as they are in memory, without compression.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np

from romlib.exports.arrays import Array
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh

_TYPES = {"float64": "Float64", "float32": "Float32", "int64": "Int64", "int32": "Int32", "uint8": "UInt8"}


def write_vtu(
    path: Path, mesh: Mesh, nodes: Sequence[Array], cells: Sequence[Array], time: float,
    materials: np.ndarray | None = None,
) -> None:
    """Write one time. materials : (n_cell,), numbers, as an array of the cells of that name."""
    arrays = _Appended()
    tags = ['<?xml version="1.0"?>',
            f'<VTKFile type="UnstructuredGrid" version="1.0" byte_order="{_byte_order()}" header_type="UInt64">',
            "<UnstructuredGrid>", "<FieldData>",
            arrays.add("TimeValue", np.array([time]), extra=' NumberOfTuples="1"'), "</FieldData>",
            f'<Piece NumberOfPoints="{mesh.n_node}" NumberOfCells="{mesh.n_cell}">',
            "<Points>", arrays.add("Points", np.asarray(mesh.points, dtype=np.float64)), "</Points>",
            "<Cells>", *(arrays.add(name, values) for name, values in cells_of(mesh).items()), "</Cells>",
            "<PointData>", arrays.add("node_id", np.asarray(mesh.node_ids, dtype=np.int64)),
            *map(arrays.add_field, nodes), "</PointData>",
            "<CellData>", arrays.add("cell_id", np.asarray(mesh.cell_ids, dtype=np.int64)),
            *([] if materials is None else [arrays.add("material", np.asarray(materials, dtype=np.int64))]),
            *map(arrays.add_field, cells), "</CellData>",
            "</Piece>", "</UnstructuredGrid>", '<AppendedData encoding="raw">']
    with path.open("wb") as file:
        file.write("\n".join(tags).encode() + b"\n_")
        for values in arrays.values:
            file.write(np.uint64(values.nbytes).tobytes())
            file.write(values.tobytes())
        file.write(b"\n</AppendedData>\n</VTKFile>\n")


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


class _Appended:
    """The arrays that follow the XML, each after its size in bytes."""

    def __init__(self) -> None:
        self.values: list[np.ndarray] = []
        self._offset = 0

    def add(self, name: str, values: np.ndarray, components: Sequence[str] = (), extra: str = "") -> str:
        """The tag of an array (n,) or (n, n_comp)."""
        values = np.ascontiguousarray(values)
        tag = (f'<DataArray type="{_TYPES[values.dtype.name]}" Name={quoteattr(name)} '
               f'NumberOfComponents="{values.shape[1] if values.ndim == 2 else 1}"{extra} '
               + "".join(f"ComponentName{k}={quoteattr(component)} " for k, component in enumerate(components))
               + f'format="appended" offset="{self._offset}"/>')
        self.values.append(values)
        self._offset += 8 + values.nbytes
        return tag

    def add_field(self, array: Array) -> str:
        """The tag of a field, with the names of its components in capitals, as ParaView has them."""
        return self.add(array.name, array.flat, [component.upper() for component in array.components])


def _byte_order() -> str:
    return "LittleEndian" if sys.byteorder == "little" else "BigEndian"
