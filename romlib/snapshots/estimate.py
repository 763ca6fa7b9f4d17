"""How large a snapshots file will be, from what is known before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import rule
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.shown import CELLS, DTYPE, NODES, Shown

_ARRAY = 4096.0  # bytes of HDF5's own for an array of values at nodes or of cells, its offsets and its checksums
_GROUP = 8192.0  # bytes of HDF5's own for a piece, a tag or a field: names, attributes, indices


def n_ip_of(mesh: Mesh) -> int:
    """Number of integration points."""
    return sum(block.n_cell * rule(block.quadrature).n_point for block in mesh.blocks)


def mesh_bytes(mesh: Mesh) -> float:
    """Bytes of a piece of the mesh in a file: points, connectivity, ids, tags and arrays."""
    cells = sum(block.connectivity.size * 8 + block.n_cell * (8 + 8 + 1) for block in mesh.blocks)
    arrays = [array for kind in (mesh.node_tags, mesh.cell_tags, mesh.node_arrays, mesh.cell_arrays)
              for array in kind.values()]
    arrays += [block.connectivity for faces in mesh.face_tags.values() for block in faces.blocks]
    arrays += [array for faces in mesh.face_tags.values() for array in faces.arrays.values()]
    return mesh.n_node * (24.0 + 8.0 + 8.0) + cells + sum(np.asarray(array).nbytes for array in arrays) + _GROUP


class SnapshotsSize:
    """Counts the bytes of a snapshots file while its pieces are looked at one after another.

    n_bytes : so far. n_step : number of records. fields : descriptions by name. shown : what VTK is shown of them.
    """

    def __init__(
        self, fields: Mapping[str, FieldSpec], n_step: int, shown: Sequence[Shown] = (), dimension: int = 3
    ) -> None:
        self.n_bytes = 6 * _GROUP + len(shown) * _ARRAY
        self._shown = {data: n_step * sum(array.n_comp * DTYPE.itemsize for array in shown if array.data == data)
                       for data in (NODES, CELLS)}
        self._row = {place: n_step * sum(
            spec.stored_components(dimension) * np.dtype(spec.dtype).itemsize for spec in fields.values()
            if spec.place == place) for place in ("node", "ip")}

    def counting(self, pieces: Iterable[Mesh]) -> Iterator[Mesh]:
        """The same pieces, counted as they pass."""
        for mesh in pieces:
            self.n_bytes += mesh_bytes(mesh) + mesh.n_node * self._row["node"] + n_ip_of(mesh) * self._row["ip"]
            self.n_bytes += mesh.n_node * self._shown[NODES] + mesh.n_cell * self._shown[CELLS]
            yield mesh
