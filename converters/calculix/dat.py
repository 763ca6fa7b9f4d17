"""The file .dat: values printed at integration points (*EL PRINT), as fields for `romlib check` to compare with.

Stress and strain have plain tensor components in the order xx, yy, zz, xy, xz, yz; rows are element, point, values, and
the name of the section's *ORIENTATION where they are printed in its axes (without GLOBAL=YES). Those of elements in two
dimensions are of the solids that CalculiX makes of them: see `romlib_converters.calculix.expanded`.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.calculix.expanded import Expansion
from romlib_converters.common.records import check_finite
from romlib_converters.keyword.numbers import number_of, numbers_of, whole_of
from romlib_converters.keyword.systems import turned_tensors

from romlib.errors import FileFormatError, InputError
from romlib.mesh.ids import IdIndex
from romlib.mesh.mesh import Mesh
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import mandel_from_umat_stress
from romlib.words import plural

_HEADER = re.compile(
    rb"^ *([a-z ]+?) \(elem, ?integ\.pnt\.,([^)]*)\) *for ?set +(\S+) +and time +(\S+) *\r?\n", re.MULTILINE)
_ANY_HEADER = re.compile(rb"^ *[a-z][^\n]* time +\S+ *\r?\n", re.MULTILINE)
# title of a block: field, number of components (None: as many as there are), symmetric tensor
_KINDS: dict[str, tuple[str, int | None, bool]] = {
    "stresses": ("stress", 6, True),
    "strains": ("strain", 6, True),
    "equivalent plastic strain": ("p", 1, False),
    "internal state variables": ("statev", None, False),
}
_TENSOR = 6
_TENSORS = {field for field, _, tensor in _KINDS.values() if tensor}
_DIGITS = 1e-6  # of a time, as the file prints it


@dataclass(frozen=True)
class DatBlock:
    """Rows of one result, one element set and one time: bytes `start` to `stop`."""

    field: str
    set_name: str
    time: float
    start: int
    stop: int

    @property
    def place(self) -> str:
        """The block in words."""
        return f"{self.field} of set {self.set_name}, time {self.time:.6g}"


class DatFields:
    """The fields of a .dat that cover every integration point at every record.

    Parameters
    ----------
    mesh : the whole mesh. times : of the records. allowed : fields to look for. axes : the axes (n, 3, 3) in
        rows of an *ORIENTATION, by its name, at integration points (n,) of the mesh; InputError where there are none.

    specs : by field. left_out : why a field that the file has is not one of them.
    """

    def __init__(
        self, path: Path, mesh: Mesh, times: np.ndarray, allowed: tuple[str, ...],
        axes: Callable[[str, np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self.path, self._mesh, self._axes = path, mesh, axes
        self._expansion = Expansion(mesh) if mesh.dimension == 2 else None
        n_point = mesh.points_of_cells if self._expansion is None else self._expansion.n_point
        self._n_point, self._first = n_point, np.cumsum(n_point) - n_point
        self._cells = IdIndex(mesh.cell_ids)
        self._blocks: dict[str, list[list[DatBlock]]] = {}
        self.specs: dict[str, FieldSpec] = {}
        self.left_out: dict[str, str] = {}
        blocks = [block for block in _index(path) if block.field in allowed]
        for name in dict.fromkeys(block.field for block in blocks):
            self._add(name, [block for block in blocks if block.field == name], times)

    def _add(self, name: str, blocks: list[DatBlock], times: np.ndarray) -> None:
        """Take a field where it is whole at the first record and there at all others."""
        found = np.array([block.time for block in blocks])
        records = [[blocks[k] for k in np.flatnonzero(np.abs(found - time) <= 5 * _DIGITS * abs(time))]
                   for time in times]
        missing = [time for time, record in zip(times, records) if not record]
        if missing:
            self.left_out[name] = f"nothing at time {missing[0]:.6g}"
            return
        try:
            first = self._assemble(name, records[0])
        except FileFormatError as error:
            self.left_out[name] = f"{error.what} ({error.place})"
            return
        self._blocks[name] = records
        _, _, tensor = next(kind for kind in _KINDS.values() if kind[0] == name)
        self.specs[name] = FieldSpec("ip", first.shape[1], tensor, "float64", original_name=records[0][0].field)

    def read(self, name: str, record: int) -> np.ndarray:
        """Values (n_ip, n_comp) of the whole mesh; tensors in Kelvin-Mandel form.

        Raises
        ------
        FileFormatError : the file lacks points, or cannot be read there.
        """
        values = self._assemble(name, self._blocks[name][record])
        return mandel_from_umat_stress(values) if self.specs[name].tensor else values

    def _assemble(self, name: str, blocks: list[DatBlock]) -> np.ndarray:
        _, n_comp, _ = next(kind for kind in _KINDS.values() if kind[0] == name)
        values: np.ndarray | None = None
        for block in blocks:
            rows = self._rows(block, n_comp)
            if values is None:
                values = np.full((int(self._n_point.sum()), rows.shape[1] - 2), np.nan)
            if rows.shape[1] - 2 != values.shape[1]:
                raise FileFormatError("blocks of one result have different numbers of values", file=self.path,
                                      place=block.place, expected=values.shape[1], found=rows.shape[1] - 2)
            values[self._ips(rows[:, :2], block)] = rows[:, 2:]
        assert values is not None  # a record has a block
        lacking = np.flatnonzero(np.isnan(values).any(axis=1))
        if len(lacking):
            cell = int(np.searchsorted(self._first, lacking[0], side="right")) - 1
            raise FileFormatError(
                "integration points have no values", file=self.path,
                place=f"{blocks[0].place}: element {self._mesh.cell_ids[cell]}, "
                      f"point {lacking[0] - self._first[cell] + 1}",
                expected=plural(len(values), "point"), found=f"{len(lacking)} without",
                remedy="let *EL PRINT write a set of all elements; or convert with --option dat=false")
        if self._expansion is None:
            return values
        return self._expansion.reduced(values, name in _TENSORS, file=self.path, place=blocks[0].place)

    def _rows(self, block: DatBlock, n_comp: int | None) -> np.ndarray:
        with open(self.path, "rb") as stream:
            stream.seek(block.start)
            text = stream.read(block.stop - block.start)
        fields = text.split()
        letters = text.translate(None, b"0123456789+-.eE \t\r\n") if n_comp == _TENSOR else b""
        named = [k for k, field in enumerate(fields) if letters and field[:1].isalpha() and field.lower() != b"nan"]
        if named:
            return self._oriented(fields, named, block)
        line = text.lstrip(b"\r\n ").split(b"\n", 1)[0]
        width = len(line.split())
        numbers = self._numbers(fields, block)
        if width < 3 or len(numbers) % width or (n_comp is not None and width != 2 + n_comp):
            raise self._not_whole(block, n_comp or "all", f"{plural(len(numbers), 'number')}, {width} in the first row")
        return self._finite(numbers.reshape(-1, width), block)

    def _numbers(self, fields: list[bytes], block: DatBlock) -> np.ndarray:
        try:
            return np.array(fields, dtype=np.float64)
        except ValueError as error:
            numbers, wrong = numbers_of(fields)  # Fortran writes an exponent of three digits without its letter
            if wrong is None:
                return numbers
            raise self._not_whole(block, "all", str(error)) from None

    def _not_whole(self, block: DatBlock, n_comp: int | str, found: str) -> FileFormatError:
        return FileFormatError("a block is not whole", file=self.path, place=block.place, found=found,
                               expected=f"rows of element, point and {n_comp} values",
                               remedy="compute again, or convert with --option dat=false")

    def _finite(self, rows: np.ndarray, block: DatBlock) -> np.ndarray:
        check_finite(rows, self.path, lambda _: block.place)
        return rows

    def _oriented(self, fields: list[bytes], named: list[int], block: DatBlock) -> np.ndarray:
        """Rows of tensors, some of which have the name of an orientation behind them: turned to global axes."""
        width = 2 + _TENSOR
        left_out = set(named)
        numbers = self._numbers([field for k, field in enumerate(fields) if k not in left_out], block)
        ends = np.array(named) - np.arange(len(named))  # how many numbers stand before each name
        if len(numbers) % width or (ends % width).any():
            raise self._not_whole(block, _TENSOR, plural(len(fields), "field"))
        rows = self._finite(numbers.reshape(-1, width), block)
        names = np.array([fields[k].decode(errors="replace") for k in named])
        for name in np.unique(names):
            mine = ends[names == name] // width - 1
            rows[mine, 2:] = turned_tensors(rows[mine, 2:], self._axes_at(str(name), rows[mine, :2], block))
        return rows

    def _axes_at(self, name: str, numbers: np.ndarray, block: DatBlock) -> np.ndarray:
        try:
            if self._axes is None:
                raise InputError("which the deck does not have")
            ips = self._ips(numbers, block)
            if self._expansion is not None and self._mesh.motion.axisymmetric:
                raise InputError("which are not turned with the points of an axisymmetric body")
            return self._axes(name, ips if self._expansion is None else self._expansion.of_plane(ips))
        except InputError as error:
            if error.place == block.place:
                raise
            raise FileFormatError(
                f"it is printed in the axes of *ORIENTATION {name}, {error.what}; write *EL PRINT, GLOBAL=YES",
                file=self.path, place=block.place) from error

    def _ips(self, numbers: np.ndarray, block: DatBlock) -> np.ndarray:
        (elements, no), (points, none) = whole_of(numbers[:, 0]), whole_of(numbers[:, 1])
        if no is not None or none is not None:
            raise FileFormatError("the number of an element or a point cannot be read", file=self.path,
                                  place=block.place, found=numbers[no if no is not None else int(none or 0)])
        cells = self._cells.find(elements)
        wrong = (cells < 0) | (points < 1) | (points > self._n_point[cells])
        if wrong.any():
            raise FileFormatError("values at a point that the mesh lacks", file=self.path,
                                  place=f"{block.place}: element {elements[wrong][0]}, point {points[wrong][0]}")
        return self._first[cells] + points - 1


def _index(path: Path) -> list[DatBlock]:
    """Where the blocks are; the file is looked through without being held in memory."""
    if path.stat().st_size == 0:
        return []
    with open(path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        headers = [(match.start(), match.end()) for match in _ANY_HEADER.finditer(data)]
        bounds = [start for start, _ in headers[1:]] + [len(data)]
        blocks = []
        for (start, end), stop in zip(headers, bounds):
            match = _HEADER.match(data[start:end])
            title = match[1].decode("latin-1").strip() if match else ""
            if match and title in _KINDS:
                time = number_of(match[4])
                if time is None:
                    raise FileFormatError("a header of the .dat has no time", file=path, place=f"byte {start}",
                                          found=match[4].decode("latin-1"),
                                          remedy="compute again, or convert with --option dat=false")
                blocks.append(DatBlock(_KINDS[title][0], match[3].decode("latin-1"), time, end, stop))
    return blocks
