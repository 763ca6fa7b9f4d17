"""Time series that meshio can read, one step at a time: an XDMF collection, or VTU files by a PVD file or a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol
from xml.etree import ElementTree

import meshio
import numpy as np
from meshio.xdmf.common import xdmf_idx_to_meshio_type, xdmf_to_meshio_type, xdmf_to_numpy_type

from romlib.errors import FileFormatError, InputError, RomlibError, UnsupportedError

Cells = list[tuple[str, np.ndarray]]
_XDMF_POINTS = {"vertex": 1, "line": 2, "triangle": 3, "quad": 4, "tetra": 4, "pyramid": 5, "wedge": 6, "hexahedron": 8,
                "line3": 3, "quad9": 9, "triangle6": 6, "quad8": 8, "tetra10": 10, "pyramid13": 13, "wedge15": 15,
                "wedge18": 18, "hexahedron20": 20, "hexahedron24": 24, "hexahedron27": 27}
_TIME_NAMES = ("timevalue", "time")
meshio._mesh.topological_dimension.setdefault("wedge15", 3)  # meshio 5.3.5 reads these but forgot them in this table
_SCAN = 1 << 20


@dataclass(frozen=True, eq=False)
class StepData:
    """One record.

    place : for messages. time : None where the file has none. node : arrays (n_node, ...) by name. cell : arrays over
    all cells of the file, in its order.
    """

    place: str
    time: float | None
    node: dict[str, np.ndarray]
    cell: dict[str, np.ndarray]


class Series(Protocol):
    """A time series. file : for messages. inputs : every file that it reads."""

    file: Path
    inputs: list[Path]
    n_step: int

    def mesh(self) -> tuple[np.ndarray, Cells]:
        """Points (n_node, dimension), and (meshio's type, connectivity) of each block of cells."""
        ...

    def read(self, step: int) -> StepData:
        """One record; UnsupportedError where its mesh differs from that of `mesh`."""
        ...

    def close(self) -> None:
        """Close the files."""
        ...


@contextmanager
def reading(file: Path, place: str | None = None) -> Iterator[None]:
    """Turn whatever a reader raises on a damaged file into a FileFormatError that names the file."""
    try:
        yield
    except RomlibError:
        raise
    except (Exception, SystemExit) as error:  # meshio raises almost anything, and sometimes exits
        raise FileFormatError("the file cannot be read: it is damaged, incomplete, or of another format", file=file,
                              place=place, found=f"{type(error).__name__}: {error}".rstrip(": ")) from error


@contextmanager
def open_series(source: Path | Sequence[Path]) -> Iterator[Series]:
    """The series of an .xdmf file, a .pvd file, a pattern such as "out_*.vtu", or VTU files in the order of time.

    Raises
    ------
    InputError : nothing there, or another kind of file.
    """
    paths = [Path(source)] if isinstance(source, (str, Path)) else [Path(path) for path in source]
    if len(paths) == 1 and not paths[0].exists() and re.search(r"[*?\[]", paths[0].name):
        paths = sorted(paths[0].parent.glob(paths[0].name), key=_natural)
        if not paths:
            raise InputError("no file has a name of this pattern", file=Path(str(source)))
    if not paths:
        raise InputError("no file to convert")
    for path in paths:
        if not path.is_file():
            raise InputError("the file to convert does not exist", file=path)
    suffixes = {path.suffix.lower() for path in paths}
    opener: dict[str, Callable[[], Series]] = {
        ".xdmf": lambda: XdmfSeries(paths[0]), ".xmf": lambda: XdmfSeries(paths[0]),
        ".pvd": lambda: _pvd_series(paths[0]), ".vtu": lambda: VtuSeries(paths, [None] * len(paths), paths[0])}
    kind = suffixes.pop()
    if suffixes or kind not in opener or (len(paths) > 1 and kind != ".vtu"):
        raise InputError("meshio's converter reads one XDMF time series, one PVD file, or VTU files", file=paths[0],
                         found=", ".join(path.name for path in paths[:5]) + (", ..." if len(paths) > 5 else ""))
    series = opener[kind]()
    try:
        yield series
    finally:
        series.close()


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorting key with numbers by value: out_2 before out_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]


class _XdmfReader(meshio.xdmf.TimeSeriesReader):
    """meshio's reader, which besides finds binary files next to the XDMF file wherever the process runs."""

    def _read_data_item(self, data_item: ElementTree.Element) -> np.ndarray:
        if data_item.get("Format") != "Binary":
            return super()._read_data_item(data_item)
        kind = data_item.get("DataType") or data_item.get("NumberType") or "Float"
        dtype = xdmf_to_numpy_type[kind, data_item.get("Precision", "4")]
        shape = [int(n) for n in data_item.attrib["Dimensions"].split()]
        path = self.filename.resolve().parent / (data_item.text or "").strip()
        return np.fromfile(path, dtype=dtype).reshape(shape)


class XdmfSeries:
    """An XDMF (version 3) collection in time."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with reading(file):
            self._reader = _XdmfReader(file)
        self.n_step: int = self._reader.num_steps
        self.inputs = [file, *self._heavy_files()]
        self._mesh: tuple[np.ndarray, Cells] | None = None

    def _heavy_files(self) -> list[Path]:
        names = {(item.text or "").strip().split(":")[0] if item.get("Format") == "HDF" else (item.text or "").strip()
                 for item in self._reader.domain.iter("DataItem") if item.get("Format") in ("HDF", "Binary")}
        files = [self.file.resolve().parent / name for name in sorted(names)]
        for path in files:
            if not path.is_file():
                raise FileFormatError("a file with the arrays of the time series is missing", file=path,
                                      place=f"named by {self.file}", remedy="keep it next to the XDMF file")
        return files

    def mesh(self) -> tuple[np.ndarray, Cells]:
        """Points, and cells by block."""
        if self._mesh is None:
            with reading(self.file, "mesh"):
                self._mesh = self._points(), self._cells()
        return self._mesh

    def _points(self) -> np.ndarray:
        geometry = self._reader.mesh_grid.find("Geometry")
        return np.asarray(self._reader._read_data_item(geometry.find("DataItem")), dtype=float)

    def _cells(self) -> Cells:
        cells: Cells = []
        for topology in self._reader.mesh_grid.iter("Topology"):
            kind = topology.get("TopologyType") or topology.get("Type")
            data = self._reader._read_data_item(topology.find("DataItem"))
            found = mixed_cells(data.ravel()) if kind == "Mixed" else [(xdmf_to_meshio_type[kind], data)]
            promised, n_cell = topology.get("NumberOfElements"), sum(len(connectivity) for _, connectivity in found)
            if promised is not None and np.prod([int(n) for n in promised.split()]) != n_cell:
                raise FileFormatError("the list of cells cannot be understood", file=self.file,
                                      place=f"topology {kind}", expected=f"{promised} cells", found=f"{n_cell}")
            cells += found
        return cells

    def read(self, step: int) -> StepData:
        """One record."""
        place = f"step {step}"
        n_file_cell = sum(len(connectivity) for _, connectivity in self.mesh()[1])
        with reading(self.file, place):
            grid = self._reader.collection[step]
            self._check_mesh(grid, place)
            stamp = grid.find("Time")
            arrays: dict[str, dict[str, np.ndarray]] = {"Node": {}, "Cell": {}}
            for attribute in grid.iter("Attribute"):
                values = self._reader._read_data_item(attribute.find("DataItem"))
                arrays[attribute.attrib["Center"]][attribute.attrib["Name"]] = _plain(values)
        for name, values in arrays["Cell"].items():
            _check_length(self.file, f"{place}, cell array {name!r}", values, n_file_cell)
        return StepData(place, None if stamp is None else float(stamp.attrib["Value"]), arrays["Node"], arrays["Cell"])

    def _check_mesh(self, grid: ElementTree.Element, place: str) -> None:
        """A record that repeats the mesh repeats the same."""
        for tag in ("Geometry", "Topology"):
            for mine, first in zip(grid.findall(f"{tag}/DataItem"), self._reader.mesh_grid.findall(f"{tag}/DataItem")):
                if mine is not first and mine.text != first.text and not np.array_equal(
                        self._reader._read_data_item(mine), self._reader._read_data_item(first)):
                    raise _mesh_changes(self.file, place)

    def close(self) -> None:
        """Close the HDF5 files."""
        self._reader.__exit__(None, None, None)


def mixed_cells(data: np.ndarray) -> Cells:
    """Blocks of the flat list (type, nodes, type, nodes, ...) of a mixed XDMF topology; a block a run of one type.

    meshio's own function knows linear cells and six-node triangles only.
    """
    cells: Cells = []
    begin = 0
    while begin < len(data):
        kind = xdmf_idx_to_meshio_type[int(data[begin])]
        if kind not in _XDMF_POINTS:
            raise UnsupportedError("the mesh has elements that romlib lacks", found=kind)
        skip = 2 if kind == "line" else 1  # a polyline states its number of nodes
        if skip == 2 and data[begin + 1] != 2:
            raise UnsupportedError("a line of several segments in a mixed topology", expected="2 nodes",
                                   found=f"{data[begin + 1]}")
        stride = skip + _XDMF_POINTS[kind]
        n_cell = _run_length(data[begin::stride])
        if begin + n_cell * stride > len(data):
            raise FileFormatError("the list of cells ends within a cell", found=f"{len(data)} numbers")
        cells.append((kind, data[begin:begin + n_cell * stride].reshape(n_cell, stride)[:, skip:]))
        begin += n_cell * stride
    return cells


def _run_length(values: np.ndarray) -> int:
    """How many of the first values are equal; looks no further than twice that number."""
    window = 16
    while True:
        others = np.flatnonzero(values[:window] != values[0])
        if len(others) or window >= len(values):
            return int(others[0]) if len(others) else len(values)
        window *= 2


class VtuSeries:
    """VTU files of one mesh, one a record. times : as the PVD file states them; None where the file itself may."""

    def __init__(self, files: Sequence[Path], times: Sequence[float | None], file: Path) -> None:
        self.file, self.inputs, self.n_step = file, list(dict.fromkeys([file, *files])), len(files)
        self._files, self._times = list(files), list(times)
        self._mesh: tuple[np.ndarray, Cells] | None = None

    def mesh(self) -> tuple[np.ndarray, Cells]:
        """Points and cells of the first file."""
        if self._mesh is None:
            first = self._files[0]
            if _count_pieces(first) > 1:
                raise UnsupportedError("a VTU file in several pieces repeats the nodes between them", file=first,
                                       remedy="merge it first (ParaView: Merge Blocks with merged points)")
            self._mesh = self._geometry(self._parse(0))
        return self._mesh

    def _parse(self, step: int) -> Any:
        with reading(self._files[step], f"step {step}"):
            return meshio.vtu.read(str(self._files[step]))

    @staticmethod
    def _geometry(content: Any) -> tuple[np.ndarray, Cells]:
        cells = [(block.type, np.asarray(block.data)) for block in content.cells]
        return np.asarray(content.points, dtype=float), cells

    def read(self, step: int) -> StepData:
        """One record."""
        file = self._files[step]
        place = f"step {step} ({file.name})"
        content = self._parse(step)
        (points, cells), (found_points, found_cells) = self.mesh(), self._geometry(content)
        if not np.array_equal(points, found_points) or len(cells) != len(found_cells) or any(
                a != b or not np.array_equal(c, d) for (a, c), (b, d) in zip(cells, found_cells)):
            raise _mesh_changes(file, place)
        time = self._times[step]
        if time is None:
            stamps = [values for name, values in content.field_data.items() if name.lower() in _TIME_NAMES]
            time = float(np.ravel(stamps[0])[0]) if stamps and np.size(stamps[0]) == 1 else None
        cell = {name: _plain(np.concatenate(blocks)) for name, blocks in content.cell_data.items()}
        return StepData(place, time, {name: _plain(values) for name, values in content.point_data.items()}, cell)

    def close(self) -> None:
        """No file is open between two records."""


def _pvd_series(file: Path) -> VtuSeries:
    with reading(file):
        root = ElementTree.parse(file).getroot()
        rows = [(float(row.attrib["timestep"]), row.attrib["file"]) for row in root.iter("DataSet")]
    if not rows:
        raise FileFormatError("the PVD file names no data set", file=file, expected="DataSet elements")
    repeated = [a for (a, _), (b, _) in pairwise(rows) if a == b]
    if repeated:
        raise UnsupportedError("the PVD file has several parts at one time", file=file, place=f"time {repeated[0]:g}",
                               remedy="merge the parts of each time into one VTU file")
    files = [file.parent / name for _, name in rows]
    for path, (time, _) in zip(files, rows):
        if not path.is_file():
            raise FileFormatError("a file of the time series is missing", file=path, place=f"time {time:g} of {file}")
        if path.suffix.lower() != ".vtu":
            raise UnsupportedError("the PVD file names another kind of file", file=file, expected=".vtu",
                                   found=path.name)
    return VtuSeries(files, [time for time, _ in rows], file)


def _count_pieces(file: Path) -> int:
    count, tail = 0, b""
    with open(file, "rb") as stream:
        while block := stream.read(_SCAN):
            count += (tail + block).count(b"<Piece ")
            tail = block[-6:]  # shorter than what is looked for, so that nothing counts twice
    return count


def _plain(values: np.ndarray) -> np.ndarray:
    """In the machine's byte order; (n, 1) becomes (n,), and (n, 3, 3) (n, 9)."""
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    values = values.reshape(len(values), -1) if values.ndim > 2 else values
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _check_length(file: Path, place: str, values: np.ndarray, expected: int) -> None:
    if len(values) != expected:
        raise FileFormatError("an array has the wrong length", file=file, place=place, expected=expected,
                              found=len(values))


def _mesh_changes(file: Path, place: str) -> UnsupportedError:
    return UnsupportedError("the mesh is not that of the first record", file=file, place=place,
                            remedy="write the undeformed mesh at every step, without remeshing")
