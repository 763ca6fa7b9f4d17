"""XDMF time series: the mesh, the records of all temporal collections joined by time, tags on grids of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from meshio.xdmf.common import xdmf_idx_to_meshio_type, xdmf_to_meshio_type
from romlib_converters.common.reading import reading
from romlib_converters.meshio.series import Cells, MeshTags, StepData, mesh_changes, plain
from romlib_converters.meshio.xdmf_grids import Collection, Grid, read_grids
from romlib_converters.meshio.xdmf_items import Items, attributes_of, label
from romlib_converters.meshio.xml import parse_xml

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

_XDMF_POINTS = {"vertex": 1, "line": 2, "triangle": 3, "quad": 4, "tetra": 4, "pyramid": 5, "wedge": 6, "hexahedron": 8,
                "line3": 3, "quad9": 9, "triangle6": 6, "quad8": 8, "tetra10": 10, "pyramid13": 13, "wedge15": 15,
                "wedge18": 18, "hexahedron20": 20, "hexahedron24": 24, "hexahedron27": 27}
_TYPES = {name.lower(): kind for name, kind in xdmf_to_meshio_type.items()}
_TOPOLOGY = {"topologytype", "type", "numberofelements", "dimensions", "nodesperelement", "baseoffset", "order"}
_ATTRIBUTE = {"attributetype", "type", "center", "itemtype", "elementfamily", "elementdegree", "elementcell", "active"}
_WIDTHS = {"scalar": 1, "vector": 3, "tensor": 9, "tensor6": 6}
_CENTERS = ("node", "cell", "grid", "face", "edge", "other")


@dataclass(frozen=True, eq=False)
class _Record:
    """A time, and the grids that have arrays of it, with the collection of each."""

    time: float | None
    grids: list[tuple[Collection, Grid]]


class XdmfSeries:
    """An XDMF file (version 2 or 3), its temporal collections joined by time."""

    def __init__(self, file: Path) -> None:
        self.file, self._items = file, Items(file)
        with reading(file):
            root = parse_xml(file.read_bytes(), file)
            self._collections, self._others = read_grids(root, file, self._items.read)
            self.inputs = [file, *self._items.heavy_files(list(root.iter("DataItem")))]
        self._grid = self._mesh_grid()
        self._records = list(_joined(self._collections, file))
        self.n_step = len(self._records)
        self._mesh: tuple[np.ndarray, Cells] | None = None

    def _mesh_grid(self) -> Grid:
        """The grid that the records are on: that of the first record, else the first one of the file."""
        of_records = [grid for collection in self._collections for grid in collection.grids]
        for grid in [*of_records, *self._others]:
            if "Geometry" in grid.parts and "Topology" in grid.parts:
                return grid
        raise FileFormatError("the XDMF file has no mesh", file=self.file, expected="a Geometry and a Topology")

    def mesh(self) -> tuple[np.ndarray, Cells]:
        """Points, and cells by block."""
        if self._mesh is None:
            with reading(self.file, "mesh"):
                points = self._points(self._one(self._grid, "Geometry"))
                self._mesh = points, self._cells(self._one(self._grid, "Topology"))
        return self._mesh

    def _one(self, grid: Grid, tag: str) -> Element:
        found = grid.parts.get(tag, [])
        if len(found) != 1:
            raise FileFormatError(f"a grid has one {tag}", file=self.file, place=label(grid.element), found=len(found))
        return found[0]

    def _points(self, geometry: Element) -> np.ndarray:
        said = attributes_of(geometry, {"geometrytype", "type"}, self.file)
        kind = said.get("geometrytype", said.get("type", "XYZ")).upper()
        items = geometry.findall("DataItem")
        wanted = {"XYZ": 1, "XY": 1, "X_Y_Z": 3, "X_Y": 2}.get(kind)
        if wanted is None:
            raise UnsupportedError("points in this form are not read", file=self.file, place="<Geometry>",
                                   expected='GeometryType "XYZ" or "X_Y_Z"', found=f'"{kind}"')
        if len(items) != wanted:
            raise FileFormatError("the points are not in as many arrays as their type says", file=self.file,
                                  place=f'<Geometry GeometryType="{kind}">', expected=wanted, found=len(items))
        arrays = [self._items.read(item).astype(float) for item in items]
        if wanted > 1:
            if len({array.size for array in arrays}) > 1:
                raise FileFormatError("the coordinates have different lengths", file=self.file, place="<Geometry>",
                                      found=", ".join(str(array.size) for array in arrays))
            return np.column_stack([array.ravel() for array in arrays])
        return _rows(arrays[0], len(kind), self.file, "<Geometry>")

    def _cells(self, topology: Element) -> Cells:
        said = attributes_of(topology, _TOPOLOGY, self.file)
        kind = said.get("topologytype", said.get("type", "")).lower()
        if kind != "mixed" and kind not in _TYPES:
            raise UnsupportedError("cells of this type are not read", file=self.file, place="<Topology>",
                                   expected="Mixed, Tetrahedron, Hexahedron, ...", found=f'TopologyType "{kind}"')
        if "order" in said and said["order"].split() != [str(k) for k in range(len(said["order"].split()))]:
            raise UnsupportedError("the nodes of the cells are in an order of their own", file=self.file,
                                   place="<Topology>", expected="VTK's order", found=f'Order="{said["order"]}"')
        items = topology.findall("DataItem")
        if len(items) != 1:
            raise UnsupportedError("a topology without a list of its cells is not read", file=self.file,
                                   place=label(topology), expected="one DataItem", found=len(items))
        data, base = self._items.read(items[0]), self._number(said.get("baseoffset", "0"), "BaseOffset")
        if data.dtype.kind not in "iu":
            raise FileFormatError("the nodes of cells are not integers", file=self.file, place=label(topology),
                                  found=data.dtype)
        data = data.astype(np.int64)
        found: Cells = mixed_cells(data.ravel()) if kind == "mixed" else [
            (_TYPES[kind], self._block(data, _TYPES[kind], said))]
        promised, n_cell = said.get("numberofelements", said.get("dimensions")), sum(len(c) for _, c in found)
        if promised is not None and prod(self._number(n, "NumberOfElements") for n in promised.split()) != n_cell:
            raise FileFormatError("the list of cells cannot be understood", file=self.file, place=f"topology {kind}",
                                  expected=plural(promised, "cell"), found=n_cell)
        return [(name, connectivity - base) for name, connectivity in found]

    def _block(self, data: np.ndarray, kind: str, said: dict[str, str]) -> np.ndarray:
        width = self._number(said["nodesperelement"], "NodesPerElement") if "nodesperelement" in said else \
            _XDMF_POINTS.get(kind, data.shape[-1])
        if kind in _XDMF_POINTS and width != _XDMF_POINTS[kind]:
            raise UnsupportedError("cells of this type with this number of nodes are not read", file=self.file,
                                   place="<Topology>", expected=f"{kind}: {_XDMF_POINTS[kind]} nodes", found=width)
        return _rows(data, width, self.file, "<Topology>")

    def _number(self, text: str, what: str) -> int:
        if not text.isascii() or not text.isdigit():
            raise FileFormatError("a number cannot be read", file=self.file, place=what, found=text)
        return int(text)

    def sample(self) -> StepData:
        """The arrays of the first grid of every collection together, to choose among."""
        node: dict[str, np.ndarray] = {}
        cell: dict[str, np.ndarray] = {}
        with reading(self.file, "step 0"):
            for collection in self._collections or [Collection("", [self._grid], [None])]:
                if collection.grids:
                    data = self._read("step 0", _Record(None, [(collection, collection.grids[0])]))
                    node, cell = {**node, **data.node, **node}, {**cell, **data.cell, **cell}  # the first one's values
        return StepData("step 0", None, node, cell)

    def keep(self, name: str) -> None:
        """Leave out the records of collections that do not have this node array at all."""
        def has(collection: Collection) -> bool:
            return any(attribute.get("Name") == name
                       for grid in collection.grids for attribute in grid.parts.get("Attribute", []))

        kept = [record for record in self._records if any(has(collection) for collection, _ in record.grids)]
        if kept:
            self._records, self.n_step = kept, len(kept)

    def read(self, step: int) -> StepData:
        """One record."""
        with reading(self.file, f"step {step}"):
            return self._read(f"step {step}", self._records[step])

    def _read(self, place: str, record: _Record) -> StepData:
        points, cells = self.mesh()
        n = {"Node": len(points), "Cell": sum(len(connectivity) for _, connectivity in cells)}
        arrays: dict[str, dict[str, np.ndarray]] = {"Node": {}, "Cell": {}}
        owner: dict[tuple[str, str], str] = {}
        for collection, grid in record.grids:
            self._check_mesh(grid, place)
            for attribute in grid.parts.get("Attribute", []):
                name, center, values = self._attribute(attribute, n, place)
                if center not in arrays:
                    continue
                before = arrays[center].get(name)
                if before is not None and not np.array_equal(before, values):
                    raise UnsupportedError(
                        "two arrays of one record have the same name", file=self.file, place=f"{place}, {name!r}",
                        expected="one array of a name", remedy="write the functions under names of their own",
                        found=f"collections {owner[center, name]!r} and {collection.name!r}")
                arrays[center][name], owner[center, name] = values, collection.name
        return StepData(place, record.time, arrays["Node"], arrays["Cell"])

    def _attribute(self, attribute: Element, n: dict[str, int], place: str) -> tuple[str, str, np.ndarray]:
        said = attributes_of(attribute, _ATTRIBUTE, self.file)
        where = f"{place}, {label(attribute)}"
        if said.get("itemtype", "").lower() == "finiteelementfunction":
            raise UnsupportedError(
                "finite element functions in XDMF (write_checkpoint of FEniCS) are not read", file=self.file,
                place=where, expected="values at nodes", found=f'ItemType "{said["itemtype"]}"',
                remedy="write the function with XDMFFile.write, which interpolates it to the nodes")
        center, name = said.get("center", "Node").capitalize(), attribute.get("Name")
        if center.lower() not in _CENTERS:
            raise UnsupportedError("arrays at this place are not read", file=self.file, place=where,
                                   expected=", ".join(_CENTERS), found=f'Center "{center}"')
        if name is None:
            raise FileFormatError("an array has no name", file=self.file, place=where)
        if center not in n:
            return name, center, np.empty(0)
        items = attribute.findall("DataItem")
        if len(items) != 1:
            raise FileFormatError("an array has one DataItem", file=self.file, place=where, found=len(items))
        values = self._items.read(items[0])
        width = _WIDTHS.get(said.get("attributetype", said.get("type", "")).lower())
        if len(values) != n[center] and (width is None or values.ndim > 1 or values.size != width * n[center]):
            raise FileFormatError("an array has the wrong length", file=self.file, place=where, expected=n[center],
                                  found=len(values))
        return name, center, plain(values.reshape(n[center], -1))

    def _check_mesh(self, grid: Grid, place: str) -> None:
        """A record that repeats the mesh repeats the same."""
        if "Geometry" not in grid.parts and "Topology" not in grid.parts:
            return
        points, cells = self.mesh()
        for tag in ("Geometry", "Topology"):
            first = self._one(self._grid, tag)
            for mine in grid.parts.get(tag, []):
                if mine is first or _text(mine) == _text(first):
                    continue
                if tag == "Geometry":
                    same = np.array_equal(self._points(mine), points)
                else:
                    found = self._cells(mine)
                    same = len(found) == len(cells) and all(
                        a == b and np.array_equal(c, d) for (a, c), (b, d) in zip(found, cells))
                if not same:
                    raise mesh_changes(self.file, place)

    def tags(self) -> list[MeshTags]:
        """Grids beside the series that are on its points: cells, faces and values by name (MeshTags of dolfinx)."""
        n_node = len(self.mesh()[0])
        found = []
        for grid in self._others:
            if grid is self._grid or "Topology" not in grid.parts or "Attribute" not in grid.parts:
                continue
            with reading(self.file, f"grid {grid.name!r}"):
                if "Geometry" in grid.parts:
                    own, first = self._one(grid, "Geometry"), self._one(self._grid, "Geometry")
                    if own is not first and _text(own) != _text(first) and not np.array_equal(
                            self._points(own), self.mesh()[0]):
                        raise UnsupportedError("a second grid has points of its own", file=self.file,
                                               place=label(grid.element), expected="tags on the mesh of the series",
                                               remedy="write one mesh a file")
                cells = self._cells(self._one(grid, "Topology"))
                n = {"Node": n_node, "Cell": sum(len(connectivity) for _, connectivity in cells)}
                arrays = {}
                for attribute in grid.parts["Attribute"]:
                    name, center, values = self._attribute(attribute, n, f"grid {grid.name!r}")
                    if center == "Cell":
                        arrays[name] = values
                found.append(MeshTags(grid.name or "tags", cells, arrays))
        return found

    def close(self) -> None:
        """Close the HDF5 files."""
        self._items.close()


def _joined(collections: list[Collection], file: Path) -> Iterator[_Record]:
    """The records of all collections by time; a single one as it is."""
    if not collections:
        return
    lists = [collection.times for collection in collections]
    if len(collections) == 1 or all(times == lists[0] for times in lists):
        for k, time in enumerate(lists[0]):
            yield _Record(time, [(collection, collection.grids[k]) for collection in collections])
        return
    at: dict[float, list[tuple[Collection, Grid]]] = {}
    for collection in collections:
        times = np.array([np.nan if time is None else time for time in collection.times])
        if not np.isfinite(times).all() or np.any(np.diff(times) <= 0):
            raise FileFormatError("collections cannot be joined by their times", file=file,
                                  place=f"collection {collection.name!r}", expected="times that increase",
                                  found=", ".join(str(time) for time in collection.times[:8]))
        for time, grid in zip(times.tolist(), collection.grids):
            at.setdefault(time, []).append((collection, grid))
    for time in sorted(at):
        yield _Record(time, at[time])


def _rows(values: np.ndarray, width: int, file: Path, place: str) -> np.ndarray:
    """(n, width), from that or from a flat list."""
    if values.ndim == 2 and values.shape[1] == width:
        return values
    if values.ndim == 1 and width > 0 and values.size % width == 0:
        return values.reshape(-1, width)
    raise FileFormatError("an array has another width than its type says", file=file, place=place,
                          expected=plural(width, "column"), found=f"shape {values.shape}")


def _text(element: Element) -> list[object]:
    """What two elements have to have in common to be the same data."""
    return [element.attrib, *((item.attrib, (item.text or "").strip()) for item in element.iter("DataItem"))]


def mixed_cells(data: np.ndarray) -> Cells:
    """Blocks of the flat list (type, nodes, type, nodes, ...) of a mixed XDMF topology; a block a run of one type.

    meshio's own function knows linear cells and six-node triangles only.
    """
    cells: Cells = []
    begin = 0
    while begin < len(data):
        kind = xdmf_idx_to_meshio_type.get(int(data[begin]), f"type {int(data[begin])}")
        if kind not in _XDMF_POINTS:
            raise UnsupportedError("the mesh has elements that romlib lacks", found=kind)
        skip = 2 if kind in ("line", "vertex") else 1  # a polyline and a polyvertex state their number of nodes
        if skip == 2 and (begin + 1 >= len(data) or data[begin + 1] != _XDMF_POINTS[kind]):
            raise UnsupportedError("lines of several segments, and groups of points, are not read",
                                   place="mixed topology", expected=f"{_XDMF_POINTS[kind]} nodes",
                                   found="nothing" if begin + 1 >= len(data) else data[begin + 1])
        stride = skip + _XDMF_POINTS[kind]
        n_cell = _run_length(data[begin::stride])
        if begin + n_cell * stride > len(data):
            raise FileFormatError("the list of cells ends within a cell", found=plural(len(data), "number"))
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
