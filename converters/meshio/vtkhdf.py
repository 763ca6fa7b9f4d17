"""VTKHDF files of other programs: an unstructured grid, with or without steps, in one or several parts.

Source: VTKHDF file format (docs.vtk.org): flat arrays, in which the parts of all steps stand one after another, and
offsets of each step into them. romlib's own snapshots files are of this format too, and need no conversion.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from romlib_converters.common.hdf5 import checked_array, dataset_of, group_of
from romlib_converters.common.reading import reading
from romlib_converters.meshio.series import Cells, plain
from romlib_converters.meshio.vtu import Content, WholeRecords, blocks_of, joined

from romlib.errors import FileFormatError, InputError, UnsupportedError

_GROUP, _OWN = "VTKHDF", "romlib"
_GRID = "UnstructuredGrid"


def is_vtkhdf(path: Path) -> bool:
    """Whether a file is VTKHDF, and no snapshots file of romlib's; never raises."""
    try:
        if not h5py.is_hdf5(path):
            return False
        with h5py.File(path, "r") as content:
            return _GROUP in content and _OWN not in content
    except (OSError, RuntimeError, ValueError):
        return False


class VtkhdfSeries(WholeRecords):
    """The steps of a VTKHDF file; without steps, one record without a time."""

    def __init__(self, file: Path, merging: bool) -> None:
        self.file, self.inputs, self._merging = file, [file], merging
        self._lists: dict[str, np.ndarray] = {}
        self._first: dict[tuple[int, ...], tuple[np.ndarray, Cells]] = {}
        self._read: dict[tuple[int, ...], tuple[np.ndarray, Cells]] = {}
        with reading(file):
            self._content = h5py.File(file, "r")
            if _OWN in self._content:
                raise InputError("this is a snapshots file of romlib's already", file=file,
                                 remedy="use it as it is: romlib info, romlib check")
            self._grid = group_of(self._content, _GROUP, file)
            kind = self._grid.attrs.get("Type", b"")
            kind = kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)
            if kind != _GRID:
                raise UnsupportedError("another kind of VTKHDF file", file=file, expected=_GRID,
                                       found=kind or "nothing",
                                       remedy="save its blocks merged, as one unstructured grid")
            self._steps = group_of(self._grid, "Steps", file) if "Steps" in self._grid else None
            self._times = None if self._steps is None else self._array(self._steps, "Values").astype(float)
        self.n_step = 1 if self._times is None else len(self._times)

    def close(self) -> None:
        """Close the file."""
        self._content.close()

    def _place(self, step: int) -> tuple[Path, str]:
        return self.file, f"step {step}"

    def _time(self, step: int, content: Content) -> float | None:
        return None if self._times is None else float(self._times[step])

    def _parse(self, step: int) -> Content:
        with reading(self.file, f"step {step}"):
            first, n_part = self._parts(step)
            sizes = {name: self._array(self._grid, name).astype(np.int64).ravel()[first:first + n_part]
                     for name in ("NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds")}
            if any(len(one) != n_part or (one < 0).any() for one in sizes.values()) or not n_part:
                raise FileFormatError("the file lacks the sizes of a part", file=self.file, place=f"step {step}",
                                      expected=f"parts {first} to {first + n_part - 1}")
            start = {name: self._offset(name, step) for name in ("PointOffsets", "CellOffsets",
                                                                 "ConnectivityIdOffsets")}
            points, cells, ids = start["PointOffsets"], start["CellOffsets"], start["ConnectivityIdOffsets"]
            ends = cells + first  # each part has one offset more than cells
            parts: list[Content] = []
            at_points = {name: self._offset_of("PointData", name, step, points) for name in self._names("PointData")}
            at_cells = {name: self._offset_of("CellData", name, step, cells) for name in self._names("CellData")}
            for n_point, n_cell, n_id in zip(*(one.tolist() for one in sizes.values())):
                place = f"step {step}, part {len(parts)}"
                coordinates, blocks = self._mesh_of((points, n_point), (cells, n_cell), (ids, n_id), ends, place)
                node = {name: plain(self._rows(self._grid, f"PointData/{name}", at, n_point))
                        for name, at in at_points.items()}
                cell = {name: plain(self._rows(self._grid, f"CellData/{name}", at, n_cell))
                        for name, at in at_cells.items()}
                if node.pop("vtkGhostType", np.zeros(1)).any() or cell.pop("vtkGhostType", np.zeros(1)).any():
                    raise UnsupportedError("the file has ghost cells, which repeat those of other parts",
                                           file=self.file, place=place, remedy="save without ghost cells")
                parts.append(Content(coordinates, blocks, node, cell, {}, 1))
                points, cells, ids, ends = points + n_point, cells + n_cell, ids + n_id, ends + n_cell + 1
                at_points = {name: at + n_point for name, at in at_points.items()}
                at_cells = {name: at + n_cell for name, at in at_cells.items()}
            self._first = self._first or self._read
            self._read = {}
            return joined(parts, {}, self.file)

    def _mesh_of(
        self, points: tuple[int, int], cells: tuple[int, int], ids: tuple[int, int], ends: int, place: str
    ) -> tuple[np.ndarray, Cells]:
        """Points and cells of a part; of each kind of row the first one and their number. ends : first row of Offsets.

        The parts of the first record are kept: a mesh that does not change is at the same rows in all of them.
        """
        rows = (*points, *cells, *ids, ends)
        if rows in self._first:
            return self._first[rows]
        offsets = self._rows(self._grid, "Offsets", ends, cells[1] + 1).astype(np.int64, copy=False)
        nodes = self._rows(self._grid, "Connectivity", *ids).astype(np.int64, copy=False)
        types = self._rows(self._grid, "Types", *cells)
        if (np.diff(offsets) < 0).any() or offsets[0] != 0 or offsets[-1] != ids[1]:
            raise FileFormatError("the offsets of cells are not increasing", file=self.file, place=place,
                                  expected=f"from 0 to {ids[1]}")
        self._read[rows] = (self._rows(self._grid, "Points", *points).astype(float, copy=False),
                            blocks_of(nodes, offsets[1:], types, self.file, place))
        return self._read[rows]

    def _parts(self, step: int) -> tuple[int, int]:
        """The first part of a step, and how many it has."""
        total = len(self._array(self._grid, "NumberOfPoints").ravel())
        if self._steps is None:
            return 0, total
        first = int(self._array(self._steps, "PartOffsets").ravel()[step]) if "PartOffsets" in self._steps else 0
        if "NumberOfParts" in self._steps:
            return first, int(self._array(self._steps, "NumberOfParts").ravel()[step])
        return first, 1 if total >= self.n_step else total

    def _offset(self, name: str, step: int) -> int:
        if self._steps is None or name not in self._steps:
            return 0
        found = self._array(self._steps, name)
        return int(found.reshape(len(found), -1)[step, 0])

    def _offset_of(self, place: str, name: str, step: int, otherwise: int) -> int:
        """Where a step's values of an array begin: by its own offsets, else by those of the mesh."""
        parent = f"{place}Offsets"
        if self._steps is not None and parent in self._steps and name in self._steps[parent]:
            return int(self._array(self._steps, f"{parent}/{name}").ravel()[step])
        return otherwise

    def _names(self, place: str) -> list[str]:
        if place not in self._grid:
            return []
        parent = group_of(self._grid, place, self.file)
        return [name for name in parent if parent.get(name, getclass=True) is h5py.Dataset
                and parent[name].dtype.kind in "iuf"]

    def _array(self, parent: h5py.Group, name: str) -> np.ndarray:
        """A list of the parts or steps, which is read once."""
        key = f"{parent.name}/{name}"
        if key not in self._lists:
            self._lists[key] = checked_array(dataset_of(parent, name, self.file), self.file)
        return self._lists[key]

    def _rows(self, parent: h5py.Group, name: str, start: int, count: int) -> np.ndarray:
        found = dataset_of(parent, name, self.file)
        if start < 0 or start + count > len(found):
            raise FileFormatError("an array ends before what the file says it has", file=self.file, place=name,
                                  expected=f"rows {start} to {start + count}", found=len(found))
        values = found[start:start + count]
        return np.asarray(values, dtype=values.dtype.newbyteorder("="))
