"""VTKHDF files of other programs: an unstructured grid, with or without steps, in one or several parts.

Source: VTKHDF file format (docs.vtk.org): flat arrays, in which the parts of all steps stand one after another, and
offsets of each step into them. romlib's own snapshots files are of this format too, and need no conversion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from romlib_converters.common.hdf5 import checked_array, dataset_of, group_of
from romlib_converters.common.reading import reading
from romlib_converters.meshio.series import Cells, plain
from romlib_converters.meshio.vtu import Content, WholeRecords, blocks_of, joined

from romlib.errors import FileFormatError, InputError, UnsupportedError
from romlib.words import plural

_GROUP, _OWN = "VTKHDF", "romlib"
_GRID = "UnstructuredGrid"
_ARRAYS = ("PointData", "CellData")


@dataclass(frozen=True, eq=False)
class _PartRows:
    """Where a part is: of each dataset the first row and their number. arrays : those of PointData and of CellData."""

    points: tuple[int, int]
    cells: tuple[int, int]
    ids: tuple[int, int]
    offsets: tuple[int, int]
    arrays: dict[str, dict[str, tuple[int, int]]]

    def spans(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Name and rows of every dataset."""
        yield from (("Points", self.points), ("Types", self.cells), ("Connectivity", self.ids),
                    ("Offsets", self.offsets))
        yield from ((f"{where}/{name}", span) for where, of in self.arrays.items() for name, span in of.items())


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
            self._times = None if self._steps is None else self._array(self._steps, "Values").astype(float).ravel()
            self.n_step = 1 if self._times is None else len(self._times)
            self._check_steps()
            self._check_rows()

    def _check_steps(self) -> None:
        """Every list of the steps has one entry a step, and the file says how many there are."""
        if self._steps is None:
            return
        said = self._steps.attrs.get("NSteps", self.n_step)
        lists = {f"Steps/{name}": len(self._array(self._steps, name)) for name in (
            "PartOffsets", "NumberOfParts", "PointOffsets", "CellOffsets", "ConnectivityIdOffsets")
            if name in self._steps}
        lists |= {f"Steps/{where}Offsets/{name}": len(self._array(self._steps, f"{where}Offsets/{name}"))
                  for where in _ARRAYS for name in self._names(where) if f"{where}Offsets/{name}" in self._steps}
        for name, found in {"Steps@NSteps": said, **lists}.items():
            if np.size(found) != 1 or np.ravel(found)[0] != self.n_step:
                raise FileFormatError("the file has another number of steps than times", file=self.file, place=name,
                                      expected=self.n_step, found=found)

    def close(self) -> None:
        """Close the file."""
        self._content.close()

    def _place(self, step: int) -> tuple[Path, str]:
        return self.file, f"step {step}"

    def _time(self, step: int, content: Content) -> float | None:
        return None if self._times is None else float(self._times[step])

    def _parse(self, step: int) -> Content:
        with reading(self.file, f"step {step}"):
            parts: list[Content] = []
            for rows in self._rows_of_parts(step):
                place = f"step {step}, part {len(parts)}"
                coordinates, blocks = self._mesh_of(rows, place)
                node, cell = ({name: plain(self._rows(self._grid, f"{where}/{name}", *span))
                               for name, span in rows.arrays[where].items()} for where in _ARRAYS)
                if node.pop("vtkGhostType", np.zeros(1)).any() or cell.pop("vtkGhostType", np.zeros(1)).any():
                    raise UnsupportedError("the file has ghost cells, which repeat those of other parts",
                                           file=self.file, place=place, remedy="save without ghost cells")
                parts.append(Content(coordinates, blocks, node, cell, {}, 1))
            self._first = self._first or self._read
            self._read = {}
            return joined(parts, {}, self.file)

    def _rows_of_parts(self, step: int) -> list[_PartRows]:
        """Where the parts of a step are, which stand one behind the other."""
        first, n_part = self._parts(step)
        sizes = {name: self._array(self._grid, name).astype(np.int64).ravel()[first:first + n_part]
                 for name in ("NumberOfPoints", "NumberOfCells", "NumberOfConnectivityIds")}
        if any(len(one) != n_part or (one < 0).any() for one in sizes.values()) or not n_part:
            raise FileFormatError("the file lacks the sizes of a part", file=self.file, place=f"step {step}",
                                  expected=f"parts {first} to {first + n_part - 1}")
        points, cells, ids = (self._offset(name, step) for name in (
            "PointOffsets", "CellOffsets", "ConnectivityIdOffsets"))
        ends = cells + first  # each part has one offset more than cells
        at = {where: {name: self._offset_of(where, name, step, otherwise) for name in self._names(where)}
              for where, otherwise in zip(_ARRAYS, (points, cells))}
        found = []
        for n_point, n_cell, n_id in zip(*(one.tolist() for one in sizes.values())):
            counts = dict(zip(_ARRAYS, (n_point, n_cell)))
            found.append(_PartRows((points, n_point), (cells, n_cell), (ids, n_id), (ends, n_cell + 1), {
                where: {name: (start, counts[where]) for name, start in of.items()} for where, of in at.items()}))
            points, cells, ids, ends = points + n_point, cells + n_cell, ids + n_id, ends + n_cell + 1
            at = {where: {name: start + counts[where] for name, start in of.items()} for where, of in at.items()}
        return found

    def _check_rows(self) -> None:
        """Steps name the same rows of an array or others, none of them in part, and together all that it has."""
        spans: dict[str, set[tuple[int, int]]] = {}
        for step in range(self.n_step):
            for rows in self._rows_of_parts(step):
                for name, span in rows.spans():
                    spans.setdefault(name, set()).add(span)
        for name, of_array in spans.items():
            end = 0
            for start, count in sorted(span for span in of_array if span[1]):
                if start != end:
                    raise FileFormatError(
                        "steps name rows of an array that others have too" if start < end else
                        "an array has rows that no step names", file=self.file, place=name,
                        expected=f"rows from {end} on", found=f"rows from {start} on")
                end += count
            n_row = len(dataset_of(self._grid, name, self.file))
            if n_row > end:
                raise FileFormatError("an array has rows that no step names", file=self.file, place=name,
                                      expected=plural(end, "row"), found=n_row)

    def _mesh_of(self, part: _PartRows, place: str) -> tuple[np.ndarray, Cells]:
        """Points and cells of a part.

        The parts of the first record are kept: a mesh that does not change is at the same rows in all of them.
        """
        rows = (*part.points, *part.cells, *part.ids, *part.offsets)
        if rows in self._first:
            return self._first[rows]
        offsets = self._whole("Offsets", part.offsets)
        nodes = self._whole("Connectivity", part.ids)
        types = self._whole("Types", part.cells)
        if (np.diff(offsets) < 0).any() or offsets[0] != 0 or offsets[-1] != part.ids[1]:
            raise FileFormatError("the offsets of cells are not increasing", file=self.file, place=place,
                                  expected=f"from 0 to {part.ids[1]}")
        self._read[rows] = (self._rows(self._grid, "Points", *part.points).astype(float, copy=False),
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

    def _whole(self, name: str, span: tuple[int, int]) -> np.ndarray:
        """Rows of an array of whole numbers."""
        found = self._rows(self._grid, name, *span)
        if found.dtype.kind not in "iu":
            raise FileFormatError("an array of the mesh has no whole numbers", file=self.file, place=name,
                                  found=found.dtype)
        return found.astype(np.int64, copy=False)

    def _rows(self, parent: h5py.Group, name: str, start: int, count: int) -> np.ndarray:
        found = dataset_of(parent, name, self.file)
        if start < 0 or start + count > len(found):
            raise FileFormatError("an array ends before what the file says it has", file=self.file, place=name,
                                  expected=f"rows {start} to {start + count}", found=len(found))
        values = found[start:start + count]
        return np.asarray(values, dtype=values.dtype.newbyteorder("="))
