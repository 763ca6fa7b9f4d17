"""VTU files: one or several parts a record, by a PVD file, a list or a pattern."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from meshio._vtk_common import vtk_to_meshio_type
from romlib_converters.common.reading import reading
from romlib_converters.meshio.global_ids import GLOBAL_IDS, joined_nodes
from romlib_converters.meshio.series import Cells, MeshTags, StepData, mesh_changes, plain
from romlib_converters.meshio.vtk_xml import open_document
from romlib_converters.meshio.vtu_arrays import Storage, Stored
from romlib_converters.meshio.xml import beside, number_of, parse_xml

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

_TIME_NAMES = ("timevalue", "time")
_GHOSTS = "vtkGhostType"
_WEDGE, _WEDGE_NODES = 13, [0, 2, 1, 3, 5, 4]  # VTK's linear wedge has its first triangle turned the other way
_PIXEL, _VOXEL = 8, 11  # quadrangles and hexahedra along the axes, whose nodes run in rows
_ORDERS = {_PIXEL: (9, [0, 1, 3, 2]), _VOXEL: (12, [0, 1, 3, 2, 4, 5, 7, 6]), _WEDGE: (_WEDGE, _WEDGE_NODES)}
_WIDTHS = {1: 1, 3: 2, 5: 3, 8: 4, 9: 4, 10: 4, 11: 8, 12: 8, 13: 6, 14: 5, 21: 3, 22: 6, 23: 8, 24: 10, 25: 20, 26: 15,
           27: 13, 28: 9, 29: 27, 32: 18, 33: 24, 34: 7}


@dataclass(frozen=True, eq=False)
class Content:
    """A VTU file. node, cell : arrays by name, (n, ...). field : arrays of the file. parts : how many pieces it has."""

    points: np.ndarray
    cells: Cells
    node: dict[str, np.ndarray]
    cell: dict[str, np.ndarray]
    field: dict[str, np.ndarray]
    parts: int


@dataclass(frozen=True, eq=False)
class PieceMesh:
    """The mesh of a piece, and where the file has it. sizes : number of points and of cells."""

    sizes: tuple[int, int]
    stored: tuple[Stored, ...]
    points: np.ndarray
    cells: Cells


def read_vtu(file: Path, known: list[PieceMesh] | None = None) -> Content:
    """A whole VTU file; its pieces one after another, nodes between them repeated.

    known : meshes of the pieces of another file. A piece that has the same bytes has the same mesh: it is not read
    again, and its arrays are the same objects. Where the list is empty, it is filled.

    Raises
    ------
    FileFormatError, UnsupportedError : with file and place.
    """
    with reading(file):
        document = open_document(file)
        root = document.root
        storage = Storage.of(document)
        _require(root, "UnstructuredGrid", file)
        grid = root.find("UnstructuredGrid")
        if grid is None:
            raise FileFormatError("the VTU file has no grid", file=file, expected="<UnstructuredGrid>")
        before = known or []
        pieces, meshes = [], []
        for k, element in enumerate(grid.findall("Piece")):
            piece, mesh = _piece(element, storage, f"piece {k}", before[k] if k < len(before) else None)
            pieces.append(piece)
            meshes.append(mesh)
        if not pieces:
            raise FileFormatError("the VTU file has no piece", file=file, expected="<Piece>")
        if known is not None and not known:
            known += meshes
        fields = {array.get("Name", ""): storage.read(array, None, "FieldData")
                  for array in grid.findall("FieldData/DataArray") if array.get("type") != "String"}
    return joined(pieces, fields, file)


def joined(pieces: Sequence[Content], field: dict[str, np.ndarray], file: Path) -> Content:
    """Several pieces as one, with their points one after another."""
    if len(pieces) == 1:
        first = pieces[0]
        return Content(first.points, first.cells, first.node, first.cell, field, first.parts)
    start = 0
    cells: Cells = []
    for piece in pieces:
        cells += [(kind, connectivity + start) for kind, connectivity in piece.cells]
        start += len(piece.points)
    node, cell = (_concatenated([getattr(piece, of) for piece in pieces]) for of in ("node", "cell"))
    points = np.concatenate([piece.points for piece in pieces])
    ids = next((node[name] for name in GLOBAL_IDS if name in node and node[name].dtype.kind in "iu"), None)
    if ids is not None:
        points, cells, node = joined_nodes(points, cells, node, ids, file)
        return Content(points, cells, node, cell, field, 1)
    return Content(points, cells, node, cell, field, sum(piece.parts for piece in pieces))


def whole_mesh(content: Content, merging: bool, file: Path) -> tuple[np.ndarray, Cells]:
    """Points and cells; UnsupportedError where they come in several pieces that nothing says how to join."""
    if content.parts > 1 and not merging:
        raise UnsupportedError(
            "a VTU mesh in several pieces repeats the nodes between them", file=file, expected="one piece",
            found=plural(content.parts, "piece"),
            remedy="make points within a distance one by the option merge=DISTANCE; or write global ids of the nodes "
                   f"(an array {GLOBAL_IDS[0]}); or merge the file first (ParaView: Merge Blocks with merged points)")
    return content.points, content.cells


def _concatenated(arrays: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that all pieces have."""
    common = [name for name, values in arrays[0].items() if all(
        name in other and other[name].shape[1:] == values.shape[1:] for other in arrays)]
    return {name: np.concatenate([of_piece[name] for of_piece in arrays]) for name in common}


def _require(root: Element, kind: str, file: Path) -> None:
    if root.tag != "VTKFile" or root.get("type") != kind:
        raise UnsupportedError("another kind of VTK file", file=file, expected=f'<VTKFile type="{kind}">',
                               found=f'<{root.tag} type="{root.get("type")}">')


def _piece(element: Element, storage: Storage, place: str, known: PieceMesh | None) -> tuple[Content, PieceMesh]:
    file = storage.file
    n = {}
    for what in ("Points", "Cells"):
        text = element.get(f"NumberOf{what}", "").strip()
        if not text.isascii() or not text.isdigit():
            raise FileFormatError("a piece does not say its size", file=file, place=f"{place}, NumberOf{what}",
                                  found=text or "nothing")
        n[what] = int(text)
    mesh = _piece_mesh(element, storage, n, place, known)
    read = {
        what: {array.get("Name", ""): plain(storage.read(array, n[where], f"{place}, {what}"))
               for array in element.findall(f"{what}/DataArray") if array.get("type") != "String"}
        for what, where in (("PointData", "Points"), ("CellData", "Cells"))}
    ghosts = [name for arrays in read.values() for name, values in arrays.items() if name == _GHOSTS and values.any()]
    if ghosts:
        raise UnsupportedError("the file has ghost cells, which repeat those of other parts", file=file, place=place,
                               remedy="save without ghost cells")
    for arrays_of in read.values():
        arrays_of.pop(_GHOSTS, None)
    return Content(mesh.points, mesh.cells, read["PointData"], read["CellData"], {}, 1), mesh


def _piece_mesh(
    element: Element, storage: Storage, n: Mapping[str, int], place: str, known: PieceMesh | None
) -> PieceMesh:
    """The mesh of a piece of n["Points"] and n["Cells"], or the known one where it has the same bytes."""
    file = storage.file
    points = element.findall("Points/DataArray")
    if len(points) != 1:
        raise FileFormatError("a piece has one array of points", file=file, place=place, found=len(points))
    arrays = {array.get("Name", ""): array for array in element.findall("Cells/DataArray")}
    missing = [name for name in ("connectivity", "offsets", "types") if name not in arrays]
    if missing:
        raise FileFormatError("a piece lacks an array of its cells", file=file, place=place, found=", ".join(missing))
    sizes, where = (n["Points"], n["Cells"]), f"{place}, Cells"
    stored = tuple(storage.stored(array, where) for array in (
        points[0], arrays["types"], arrays["offsets"], arrays["connectivity"]))
    if known is not None and known.sizes == sizes and all(a.equals(b) for a, b in zip(stored, known.stored)):
        return known
    coordinates = storage.read(points[0], n["Points"], f"{place}, Points")
    offsets = storage.read(arrays["offsets"], n["Cells"], where).astype(np.int64, copy=False)
    types = storage.read(arrays["types"], n["Cells"], where)
    length = int(offsets[-1]) if len(offsets) else 0
    connectivity = storage.read(arrays["connectivity"], length, where).astype(np.int64, copy=False)
    return PieceMesh(sizes, stored, coordinates.astype(float, copy=False),
                     blocks_of(connectivity, offsets, types, file, place))


def blocks_of(connectivity: np.ndarray, offsets: np.ndarray, types: np.ndarray, file: Path, place: str) -> Cells:
    """Runs of cells of one type, in the order of the file."""
    widths = np.diff(offsets, prepend=0)
    cells: Cells = []
    bounds = np.flatnonzero(np.diff(types)) + 1
    for start, end in zip([0, *bounds.tolist()], [*bounds.tolist(), len(types)]):
        if start == end:
            continue
        kind, width = int(types[start]), int(widths[start])
        cell, order = _ORDERS.get(kind, (kind, []))
        name = vtk_to_meshio_type.get(cell, f"VTK type {kind}")
        if kind not in _WIDTHS:  # refused by its name and number, if the mesh needs it
            cells.append((name, np.zeros((end - start, 1), dtype=np.int64)))
            continue
        wrong = np.flatnonzero(widths[start:end] != _WIDTHS[kind])
        if len(wrong):
            raise FileFormatError("a cell has another number of nodes than its type", file=file,
                                  place=f"{place}, cell {start + wrong[0]} ({name})", expected=_WIDTHS[kind],
                                  found=int(widths[start + wrong[0]]))
        first = int(offsets[start]) - width
        block = connectivity[first:first + (end - start) * width].reshape(-1, width)
        cells.append((name, block[:, order] if order else block))
    return cells


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are equal; one object is, without a look."""
    return a is b or np.array_equal(a, b)


class WholeRecords(ABC):
    """A series whose every record has the mesh and all arrays. merging : see `whole_mesh`."""

    _merging: bool
    _mesh: tuple[np.ndarray, Cells] | None = None

    def mesh(self) -> tuple[np.ndarray, Cells]:
        """Points and cells of the first record."""
        if self._mesh is None:
            self._mesh = whole_mesh(self._parse(0), self._merging, self._place(0)[0])
        return self._mesh

    def sample(self) -> StepData:
        """The first record."""
        return self.read(0)

    def keep(self, name: str) -> None:
        """Every record has all arrays."""
        return

    def tags(self) -> list[MeshTags]:
        """There are no grids beside its own."""
        return []

    def read(self, step: int) -> StepData:
        """One record."""
        (points, cells), content = self.mesh(), self._parse(step)
        file, place = self._place(step)
        if not same(points, content.points) or len(cells) != len(content.cells) or any(
                a != b or not same(c, d) for (a, c), (b, d) in zip(cells, content.cells)):
            raise mesh_changes(file, place)
        return StepData(place, self._time(step, content), content.node, content.cell)

    @abstractmethod
    def _parse(self, step: int) -> Content:
        """A record, its parts joined."""

    @abstractmethod
    def _place(self, step: int) -> tuple[Path, str]:
        """The file of a record, and where the record is, for messages."""

    @abstractmethod
    def _time(self, step: int, content: Content) -> float | None:
        """The time of a record; None where the file has none."""


class VtuSeries(WholeRecords):
    """VTU files of one mesh, one or several a record. times : as the PVD file states them; None where a file may.

    merging : whether points at one place are made one; without it several parts of a mesh are refused, unless they have
    global ids. read : of one file, where it is another format of VTK's.
    """

    def __init__(
        self, files: Sequence[Sequence[Path]], times: Sequence[float | None], file: Path, merging: bool,
        read: Callable[[Path], Content] | None = None,
    ) -> None:
        self._files = [[part for path in of_step for part in _parts(path)] for of_step in files]
        every = [file, *(path for of_step in files for path in of_step), *(p for parts in self._files for p in parts)]
        self.file, self.inputs, self.n_step = file, list(dict.fromkeys(every)), len(files)
        self._times, self._merging, self._read = list(times), merging, read
        self._known: list[list[PieceMesh]] = []  # of each part of the first record

    def _parse(self, step: int) -> Content:
        parts = [self._part(number, path) for number, path in enumerate(self._files[step])]
        return joined(parts, parts[0].field, self._files[step][0])

    def _part(self, number: int, path: Path) -> Content:
        if self._read is not None:
            return self._read(path)
        while len(self._known) <= number:
            self._known.append([])
        return read_vtu(path, self._known[number])

    def _place(self, step: int) -> tuple[Path, str]:
        file = self._files[step][0]
        return file, f"step {step} ({file.name})"

    def _time(self, step: int, content: Content) -> float | None:
        time = self._times[step]
        if time is None:
            stamps = [values for name, values in content.field.items() if name.lower() in _TIME_NAMES]
            time = float(np.ravel(stamps[0])[0]) if stamps and np.size(stamps[0]) == 1 else None
        return time

    def close(self) -> None:
        """No file is open between two records."""


def _parts(path: Path) -> list[Path]:
    """The VTU files of a record: itself, or the pieces that a PVTU file names."""
    if path.suffix.lower() != ".pvtu":
        return [path]
    with reading(path):
        root = parse_xml(path.read_bytes(), path)
        _require(root, "PUnstructuredGrid", path)
        sources = [piece.get("Source", "") for piece in root.findall("PUnstructuredGrid/Piece")]
        if not sources:
            raise FileFormatError("the PVTU file names no piece", file=path, expected="<Piece Source=...>")
        return [beside(path, source, "a piece") for source in sources]


def pvd_series(file: Path, merging: bool) -> VtuSeries:
    """The series of a PVD file; rows of one time are the parts of one record."""
    with reading(file):
        root = parse_xml(file.read_bytes(), file)
        _require(root, "Collection", file)
        rows = [(_timestep(row, file), row.get("part", "0"), row.get("file", "")) for row in root.iter("DataSet")]
    if not rows:
        raise FileFormatError("the PVD file names no data set", file=file, expected="DataSet elements")
    times: list[float | None] = []
    files: list[list[Path]] = []
    seen: set[tuple[float, str]] = set()
    for time, part, name in rows:
        if (time, part) in seen:
            raise UnsupportedError("two data sets of the PVD file have the same time and part", file=file,
                                   place=f"time {time:g}, part {part}", expected="each part of a time once")
        seen.add((time, part))
        path = beside(file, name, f"the data set of time {time:g}")
        if path.suffix.lower() not in (".vtu", ".pvtu"):
            raise UnsupportedError("the PVD file names another kind of file", file=file, expected=".vtu, .pvtu",
                                   found=path.name)
        if times and times[-1] == time:
            files[-1].append(path)
        else:
            times.append(time)
            files.append([path])
    return VtuSeries(files, times, file, merging)


def _timestep(row: Element, file: Path) -> float:
    try:
        return number_of(row.attrib["timestep"])
    except (KeyError, ValueError):
        raise FileFormatError("a data set of the PVD file has no time", file=file, place=str(row.get("file")),
                              expected='timestep="..."', found=str(row.get("timestep"))) from None
