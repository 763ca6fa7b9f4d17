"""XDMF series: a description in XML beside an HDF5 file with the arrays.

Source: XDMF model and format, version 3 (xdmf.org). The mesh is stored once. Symmetric tensors are arrays of six
components, xx yy zz xy yz xz, which XDMF knows as matrices of one row: its own Tensor6 has another order, and VTK makes
nine components of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import h5py
import numpy as np

from romlib.export.arrays import Array
from romlib.export.content import Content
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.snapshots.hdf5_output import Hdf5Output

# name of the topology, and the number of the cell in a mixed one
_TOPOLOGY = {"tet4": ("Tetrahedron", 6), "pyramid5": ("Pyramid", 7), "wedge6": ("Wedge", 8), "hex8": ("Hexahedron", 9),
             "tet10": ("Tet_10", 38), "pyramid13": ("Pyramid_13", 39), "wedge15": ("Wedge_15", 40),
             "hex20": ("Hex_20", 48), "hex27": ("Hexahedron_27", 50),
             "tri3": ("Triangle", 4), "quad4": ("Quadrilateral", 5), "quad9": ("Quadrilateral_9", 35),
             "tri6": ("Triangle_6", 36), "quad8": ("Quadrilateral_8", 37)}
_HEAD = '<?xml version="1.0"?>\n<Xdmf Version="3.0">\n<Domain>\n'


def write_xdmf(path: Path, arrays_path: Path, arrays: Path, content: Content) -> None:
    """Write a series. arrays_path : where the HDF5 file is written; arrays : its name at the end, beside the XML."""
    lines = []
    with Hdf5Output(arrays_path, arrays) as output:
        mesh = content.mesh
        steps = _Steps(output.file, arrays.name)
        topology, geometry = _topology(steps, mesh), _geometry(steps, mesh)
        fixed = [steps.attribute("node_id", mesh.node_ids, "Node", "node_id"),
                 steps.attribute("cell_id", mesh.cell_ids, "Cell", "cell_id")]
        if content.has_materials:
            fixed.append(steps.attribute("material", content.materials, "Cell", "material"))
        for k, step in enumerate(content.steps()):
            lines.append(f'<Grid Name="step {step.number}" GridType="Uniform">\n<Time Value="{step.time!r}"/>')
            lines += [topology, geometry, *fixed]
            for centre, found in (("Node", step.nodes), ("Cell", step.cells)):
                lines += [steps.field(array, centre, k, j) for j, array in enumerate(found)]
            lines.append("</Grid>")
            output.check()
    path.write_text(_HEAD + '<Grid Name="series" GridType="Collection" CollectionType="Temporal">\n'
                    + "\n".join(lines) + "\n</Grid>\n</Domain>\n</Xdmf>\n", encoding="utf-8")


class _Steps:
    """Writes arrays, and says in XML where they are."""

    def __init__(self, file: h5py.File, name: str) -> None:
        self._file, self._name = file, name

    def item(self, key: str, values: np.ndarray) -> str:
        """An array, and its place."""
        values = np.ascontiguousarray(values)
        if key not in self._file:
            self._file.create_dataset(key, data=values)
        kind = "Float" if values.dtype.kind == "f" else "Int"
        return (f'<DataItem DataType="{kind}" Precision="{values.dtype.itemsize}" Format="HDF" '
                f'Dimensions="{" ".join(map(str, values.shape))}">{_text(self._name)}:/{key}</DataItem>')

    def attribute(self, name: str, values: np.ndarray, centre: str, key: str) -> str:
        """An array of nodes or cells, (n,) or (n, n_comp)."""
        kind = "Scalar" if values.ndim == 1 else {3: "Vector"}.get(values.shape[1], "Matrix")
        values = values[:, None] if kind == "Matrix" else values
        return (f'<Attribute Name={quoteattr(name)} AttributeType="{kind}" Center="{centre}">'
                + self.item(key, values) + "</Attribute>")

    def field(self, array: Array, centre: str, step: int, number: int) -> str:
        """A field at a step."""
        return self.attribute(array.name, array.spatial.flat, centre, f"step{step}/{centre.lower()}{number}")


def _geometry(steps: _Steps, mesh: Mesh) -> str:
    return '<Geometry GeometryType="XYZ">' + steps.item("points", np.asarray(mesh.coordinates, float)) + "</Geometry>"


def _topology(steps: _Steps, mesh: Mesh) -> str:
    kinds = {block.cell_type for block in mesh.blocks}
    if len(kinds) == 1:
        cells: Sequence[np.ndarray] = [block.connectivity for block in mesh.blocks]
        name, values = _TOPOLOGY[kinds.pop()][0], np.concatenate(cells).astype(np.int64)
    else:
        name = "Mixed"
        values = np.concatenate([np.column_stack([
            np.full(block.n_cell, _TOPOLOGY[block.cell_type][1]), block.connectivity]).ravel()
            for block in mesh.blocks]).astype(np.int64)
    return (f'<Topology TopologyType="{name}" NumberOfElements="{mesh.n_cell}"'
            + (f' NodesPerElement="{element(mesh.blocks[0].cell_type).n_node}"' if name != "Mixed" else "") + ">"
            + steps.item("cells", values) + "</Topology>")


def _text(name: str) -> str:
    return name.replace("&", "&amp;").replace("<", "&lt;")
