"""The part of the snapshots file that VTK and ParaView read: a static UnstructuredGrid in pieces, with Steps.

Source: VTKHDF file format, version 2 (docs.vtk.org). A mesh that does not change has all its offsets at zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import h5py
import numpy as np

from romlib.errors import FileFormatError
from romlib.mesh.elements import element
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.snapshots.schema import VTK_GROUP, VTKHDF_VERSION, FieldSpec, key, piece_path
from romlib.storage.checksums import crc_of
from romlib.storage.contents import Contents
from romlib.storage.opening import damage

_COUNTS = ("NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds")
_BLOCKWISE = ("Points", "Types", "Connectivity", "Offsets")
_STATIC_OFFSETS = ("PartOffsets", "PointOffsets")
_STATIC_TOPOLOGY_OFFSETS = ("CellOffsets", "ConnectivityIdOffsets")
_ROWS = 1 << 16  # that are written at one time


@dataclass(frozen=True, eq=False)
class Layout:
    """Sizes of the pieces and where each begins. points, cells, connectivity : (n_piece + 1,), running sums."""

    points: np.ndarray
    cells: np.ndarray
    connectivity: np.ndarray

    @classmethod
    def of(cls, points: Iterable[int], cells: Iterable[int], connectivity: Iterable[int]) -> Layout:
        """The layout of pieces of these sizes."""
        return cls(*(np.concatenate([[0], np.cumsum(list(sizes), dtype=np.int64)]).astype(np.int64)
                     for sizes in (points, cells, connectivity)))

    @classmethod
    def of_meshes(cls, pieces: Iterable[Mesh]) -> Layout:
        """The layout of these pieces, looked at one after another."""
        sizes = [(piece.n_node, piece.n_cell, sum(b.connectivity.size for b in piece.blocks)) for piece in pieces]
        return cls.of(*zip(*sizes))

    @classmethod
    def read(cls, contents: Contents) -> Layout:
        """The layout of an existing file."""
        return cls.of(*(contents.array(f"/{VTK_GROUP}/{name}") for name in _COUNTS))

    @property
    def n_piece(self) -> int:
        """Number of pieces."""
        return len(self.points) - 1

    @property
    def n_point(self) -> int:
        """Points over all pieces; one of two pieces counts twice."""
        return int(self.points[-1])

    def part(self, name: str, piece: int) -> slice:
        """Where what belongs to a piece is in the array of this name: Points, Types, Connectivity or Offsets."""
        starts = {"Points": self.points, "Types": self.cells, "Connectivity": self.connectivity,
                  "Offsets": self.cells + np.arange(len(self.cells))}[name]
        return slice(int(starts[piece]), int(starts[piece + 1]))

    def piece_points(self, piece: int) -> slice:
        """Where the points of the piece are among all points."""
        return slice(int(self.points[piece]), int(self.points[piece + 1]))


def create_grid(file: h5py.File, layout: Layout, times: np.ndarray) -> None:
    """Create the group with its sizes, its empty arrays and its time steps."""
    vtk = file.create_group(VTK_GROUP)
    vtk.attrs["Version"] = np.array(VTKHDF_VERSION, dtype=np.int64)
    kind = "UnstructuredGrid"  # VTK wants a string of fixed length
    vtk.attrs.create("Type", np.bytes_(kind), dtype=h5py.string_dtype("ascii", len(kind)))
    for name, starts in zip(_COUNTS, (layout.points, layout.cells, layout.connectivity)):
        vtk.create_dataset(name, data=np.diff(starts))
    vtk.create_dataset("Points", (layout.n_point, 3), dtype=np.float64)
    vtk.create_dataset("Types", (int(layout.cells[-1]),), dtype=np.uint8)
    vtk.create_dataset("Connectivity", (int(layout.connectivity[-1]),), dtype=np.int64)
    vtk.create_dataset("Offsets", (int(layout.cells[-1]) + layout.n_piece,), dtype=np.int64)
    vtk.create_group("PointData")
    vtk.create_group("CellData")
    steps = vtk.create_group("Steps")
    steps.attrs["NSteps"] = np.int64(len(times))
    steps.create_dataset("Values", data=np.asarray(times, dtype=np.float64))
    steps.create_dataset("NumberOfParts", data=np.full(len(times), layout.n_piece, dtype=np.int64))
    for name in _STATIC_OFFSETS:
        steps.create_dataset(name, data=np.zeros(len(times), dtype=np.int64))
    for name in _STATIC_TOPOLOGY_OFFSETS:
        steps.create_dataset(name, data=np.zeros((len(times), 1), dtype=np.int64))
    steps.create_group("PointDataOffsets")
    steps.create_group("CellDataOffsets")


def write_piece(file: h5py.File, layout: Layout, piece: int, mesh: Mesh) -> dict[str, int]:
    """Write points and cells of one piece; return the checksum of each array's part, by name."""
    parts: dict[str, list[np.ndarray]] = {
        "Points": [np.asarray(mesh.points, dtype=np.float64)],
        **{name: [values] for name, values in _cells_of([(b.cell_type, b.n_cell) for b in mesh.blocks]).items()},
        "Connectivity": [block.connectivity for block in mesh.blocks]}
    checksums = {}
    for name, arrays in parts.items():
        dataset, at, checksums[name] = file[VTK_GROUP][name], layout.part(name, piece).start, 0
        for array in arrays:
            for first in range(0, len(array), _ROWS):  # a copy in the type and shape of the file is small
                some = array[first:first + _ROWS]
                rows = padded(some) if name == "Points" else some.reshape(-1).astype(dataset.dtype, copy=False)
                dataset[at:at + len(rows)] = rows
                checksums[name], at = crc_of(rows, checksums[name]), at + len(rows)
    return checksums


def _cells_of(blocks: Iterable[tuple[str, int]]) -> dict[str, np.ndarray]:
    """What VTK wants to know of the cells of a piece, given cell type and number of cells of each block."""
    kinds = [(element(cell_type), n_cell) for cell_type, n_cell in blocks]
    sizes = np.concatenate([np.full(n, kind.n_node, dtype=np.int64) for kind, n in kinds])
    return {"Types": np.concatenate([np.full(n, kind.vtk_type, dtype=np.uint8) for kind, n in kinds]),
            "Offsets": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64, copy=False)}


def read_piece(contents: Contents, layout: Layout, piece: int, blocks: Sequence[tuple[str, int]]
               ) -> tuple[np.ndarray, list[np.ndarray]]:
    """Points (n_node, 3) of a piece, and the connectivity of its blocks, given each one's cell type and size.

    Raises
    ------
    FileFormatError : a damaged part, a node out of range, or cells that VTK is told otherwise than romlib.
    """
    parts = {name: _read_part(contents, layout, piece, name) for name in _BLOCKWISE}
    for name, expected in (_cells_of(blocks) if blocks else {}).items():
        if not np.array_equal(parts[name], expected):
            raise FileFormatError("the cells for VTK are not those of the piece's blocks", file=contents.path,
                                  place=f"/{VTK_GROUP}/{name}, piece {piece}")
    nodes, n_node = parts["Connectivity"], len(parts["Points"])
    if nodes.size and int(nodes.max()) >= n_node:
        raise FileFormatError("a cell has a node that the piece has not", file=contents.path,
                              place=f"/{VTK_GROUP}/Connectivity, piece {piece}", expected=f"less than {n_node}",
                              found=int(nodes.max()))
    connectivity, begin = [], 0
    for cell_type, n_cell in blocks:
        size = element(cell_type).n_node
        connectivity.append(nodes[begin:begin + n_cell * size].reshape(n_cell, size))
        begin += n_cell * size
    return parts["Points"], connectivity


def _read_part(contents: Contents, layout: Layout, piece: int, name: str) -> np.ndarray:
    path = f"/{VTK_GROUP}/{name}"
    dataset = contents.dataset(path)
    with damage(contents.path, f"{path}, piece {piece}"):
        values = np.ascontiguousarray(dataset[layout.part(name, piece)])
    contents.check_block(path, piece, values)
    contents.check_values(path, values)
    return values


def write_step_numbers(file: h5py.File, name: str, values: np.ndarray) -> None:
    """Write one number a time step, (n_step,), as field data: VTK knows it as a number of the whole grid."""
    vtk, n_step = file[VTK_GROUP], len(values)
    vtk.require_group("FieldData").create_dataset(name, data=np.asarray(values, dtype=np.int64))
    steps = vtk["Steps"]
    steps.require_group("FieldDataOffsets").create_dataset(name, data=np.arange(n_step, dtype=np.int64))
    steps.require_group("FieldDataSizes").create_dataset(name, data=np.ones((n_step, 2), dtype=np.int64))


def read_step_numbers(contents: Contents, name: str) -> np.ndarray | None:
    """One number a time step, (n_step,); None where the file does not have them."""
    path = f"/{VTK_GROUP}/FieldData/{name}"
    return contents.array(path) if contents.has(path) else None


def create_node_field(
    file: h5py.File, layout: Layout, name: str, spec: FieldSpec, n_step: int, dimension: int
) -> None:
    """Create the array of a node field over all steps and pieces of a mesh of this dimension."""
    rows, n_comp = n_step * layout.n_point, spec.stored_components(dimension)
    vtk = file[VTK_GROUP]
    vtk["PointData"].create_dataset(key(name), (rows,) if n_comp == 1 else (rows, n_comp), dtype=spec.dtype)
    vtk["Steps/PointDataOffsets"].create_dataset(
        key(name), data=np.arange(n_step, dtype=np.int64) * layout.n_point)


def write_node_field(file: h5py.File, layout: Layout, name: str, step: int, piece: int, values: np.ndarray) -> None:
    """Write one piece at one step, values (n_node, n_comp)."""
    dataset = file[VTK_GROUP]["PointData"][key(name)]
    begin = step * layout.n_point + int(layout.points[piece])
    dataset[begin:begin + len(values)] = values if dataset.ndim == 2 else values[:, 0]


def node_field_path(name: str) -> str:
    """Where a node field is."""
    return f"/{VTK_GROUP}/PointData/{key(name)}"


def read_node_field(contents: Contents, layout: Layout, name: str, piece: int, steps: range) -> np.ndarray:
    """One piece at consecutive steps, (len(steps), n_node, n_comp), as stored."""
    dataset = contents.dataset(node_field_path(name))
    rows = layout.piece_points(piece)
    n_node, n_comp = rows.stop - rows.start, 1 if dataset.ndim == 1 else dataset.shape[1]
    out = np.empty((len(steps), n_node, n_comp), dtype=dataset.dtype)
    if out.size:  # one hyperslab of len(steps) blocks: h5py's own indexing would need a read a step
        rank, space = dataset.ndim, dataset.id.get_space()
        start, stride = (steps.start * layout.n_point + rows.start, 0), (layout.n_point, n_comp)
        space.select_hyperslab(start[:rank], (len(steps), 1)[:rank], stride[:rank], (n_node, n_comp)[:rank])
        dataset.id.read(h5py.h5s.create_simple((out.size,)), space, out)
    return out


def show_static_arrays(file: h5py.File, layout: Layout, n_step: int, taken: Iterable[str]) -> None:
    """Let VTK see ids, node and cell arrays that every piece has alike, as virtual datasets over the stored ones.

    taken : keys of fields, which take precedence; so does whatever the groups of VTK have already.
    """
    vtk = file[VTK_GROUP]
    pieces = [file[piece_path(p)] for p in range(layout.n_piece)]
    nodes = [{"node_id": [piece["node_ids"]], **_alone(piece["node_arrays"])} for piece in pieces]
    cells = [{"cell_id": [piece[f"blocks/{k}/cell_ids"] for k in range(len(piece["blocks"]))],
              **_alone(piece["cell_arrays"])} for piece in pieces]
    for sources, data, hidden in ((nodes, "PointData", {*taken, *vtk["PointData"]}),
                                  (cells, "CellData", set(vtk["CellData"]))):
        for name in sorted(set.intersection(*(set(s) for s in sources)) - hidden):
            parts = [dataset for source in sources for dataset in source[name]]
            if _alike(parts):
                _show(vtk, data, name, parts, n_step)


def _alone(group: h5py.Group) -> Mapping[str, list[h5py.Dataset]]:
    return {name: [group[name]] for name in group}


def _alike(parts: Sequence[h5py.Dataset]) -> bool:
    """Whether VTK can show the parts as one array: the same numbers (no true/false), at most two axes."""
    kinds = {(part.dtype, part.shape[1:]) for part in parts}
    return len(kinds) == 1 and parts[0].dtype.kind in "iuf" and 1 <= parts[0].ndim <= 2


def _show(vtk: h5py.Group, data: str, name: str, parts: Sequence[h5py.Dataset], n_step: int) -> None:
    rows = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    shape = (int(rows[-1]), *parts[0].shape[1:])
    # The low-level interface, because only it leaves out the time of creation: the same input gives the same file.
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_obj_track_times(False)
    for begin, part in zip(rows[:-1], parts):
        if part.size:
            there = h5py.h5s.create_simple(shape)
            there.select_hyperslab((int(begin), *(0 for _ in shape[1:])), part.shape)
            source = part.name.replace("%", "%%")  # HDF5 takes the name for a format; "." is the file itself
            properties.set_virtual(there, b".", source.encode(), h5py.h5s.create_simple(part.shape))
    kind = h5py.h5t.py_create(parts[0].dtype)
    h5py.h5d.create(vtk[data].id, name.encode(), kind, h5py.h5s.create_simple(shape), properties)
    vtk[f"Steps/{data}Offsets"].create_dataset(name, data=np.zeros(n_step, dtype=np.int64))
