"""Zset's binary meshes .geo (big-endian records that each start with Z7BINARYGEOF)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np
from romlib_converters.common.records import Cursor, check_finite
from romlib_converters.zset.elements import face, solid
from romlib_converters.zset.geof import FaceRows, ZsetMesh, check_ids

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file
from romlib.words import plural

MAGIC = b"Z7BINARYGEOF\0"
_SHORTEST_ROW = 24  # bytes: id, position and four nodes of an element
_FACE_NAME = 5  # bytes kept for the type of a face, whatever its length


class _Reader(Cursor):
    """The numbers and names of Zset's binary files."""

    def __init__(self, path: Path) -> None:
        regular_file(path, "the mesh file does not exist")
        super().__init__(path.read_bytes(), path, "the binary mesh is truncated")

    def integer(self) -> int:
        return int(self.take(">i4", 1)[0])

    def count(self) -> int:
        """An integer that counts something; FileFormatError for a negative one."""
        n = self.integer()
        if n < 0:
            raise FileFormatError("the binary mesh has a negative count", file=self.file,
                                  place=f"byte {self.position - 4}", expected="0 or more", found=n)
        return n

    def integers(self, count: int) -> np.ndarray:
        return self.take(">i4", count).astype(np.int64)

    def text(self) -> str:
        """A text, which a zero byte ends."""
        place = self.position
        word = self.take("u1", self.integer()).tobytes().rstrip(b"\0")
        if b"\0" in word:
            raise FileFormatError("a text of the binary mesh has a zero byte inside", file=self.file,
                                  place=f"byte {place}", found=word[:40])
        return word.decode("latin-1")


def read_geo(path: Path) -> ZsetMesh:
    """Mesh of a binary .geo file; what it holds by position is turned into ids.

    Raises
    ------
    InputError : no such file. FileFormatError : another format, truncated, contradictory. UnsupportedError : an unknown
    element or record type.
    """
    reader = _Reader(path)
    mesh = ZsetMesh(path, np.empty(0, np.int64), np.empty((0, 3)), np.empty(0, np.int64), {})
    records: dict[str, Callable[[_Reader, ZsetMesh], None]] = {
        "node": _node, "element": _element, "nset": _nset, "elset": _elset, "bset": _bset, "ipset": _ipset}
    seen: set[str] = set()
    while True:
        magic = reader.take("u1", len(MAGIC)).tobytes()
        if magic != MAGIC:
            raise FileFormatError("this is no binary Zset mesh", file=path, expected=MAGIC, found=magic,
                                  place=f"byte {reader.position - len(MAGIC)}")
        tag = reader.text()
        if tag == "return":
            break
        if tag in seen:
            raise FileFormatError("a record stands twice in the binary mesh", file=path, found=tag,
                                  place=f"byte {reader.position}")
        seen.add(tag)
        if tag not in records:
            raise UnsupportedError("unknown record of a binary mesh", file=path, place=f"byte {reader.position}",
                                   expected=", ".join(records), found=tag, remedy="export the mesh as .geof")
        records[tag](reader, mesh)
    if not (len(mesh.node_ids) and mesh.connectivity):
        raise FileFormatError("the binary mesh has no nodes or no elements", file=path, expected="both",
                              found=f"{plural(len(mesh.node_ids), 'node')}, {plural(len(mesh.element_ids), 'element')}")
    check_finite(mesh.points, path, lambda row: f"node {mesh.node_ids[row]}")
    check_ids(mesh)
    return mesh


def _node(reader: _Reader, mesh: ZsetMesh) -> None:
    n_node, dimension = reader.integer(), reader.integer()
    if dimension != 3:
        raise UnsupportedError("only meshes in three dimensions are read", file=mesh.file, place="record node",
                               expected=3, found=dimension)
    table = reader.take(np.dtype([("id", ">i4"), ("x", ">f8", 3)]), n_node)
    mesh.node_ids, mesh.points = table["id"].astype(np.int64), table["x"].astype(float)


def _element(reader: _Reader, mesh: ZsetMesh) -> None:
    n_element, n_group = reader.integer(), reader.integer()
    most = reader.left // _SHORTEST_ROW
    if not 0 < n_element <= most:
        raise FileFormatError("the binary mesh is truncated, or miscounts its elements", file=mesh.file,
                              place=f"byte {reader.position}", expected=f"1 to {most}", found=n_element)
    mesh.element_ids = np.empty(n_element, np.int64)
    for _ in range(n_group):
        n_row, name, n_node = reader.integer(), reader.text(), reader.integer()
        expected = solid(name, mesh.file, f"record element, byte {reader.position}").n_node
        if n_node != expected:
            raise FileFormatError(f"elements {name} have the wrong number of nodes", file=mesh.file,
                                  place="record element", expected=expected, found=n_node)
        rows = reader.integers(n_row * (n_node + 2)).reshape(n_row, n_node + 2)  # id, position, positions of nodes
        positions = _inside(mesh, rows[:, 1], n_element, "record element")
        nodes = _ids(mesh, mesh.node_ids, rows[:, 2:], "record element")
        mesh.element_ids[positions] = rows[:, 0]
        if name in mesh.connectivity:
            before = mesh.connectivity[name]
            positions, nodes = np.concatenate([before[0], positions]), np.concatenate([before[1], nodes])
        mesh.connectivity[name] = positions, nodes
    read = np.concatenate([np.empty(0, np.int64), *(positions for positions, _ in mesh.connectivity.values())])
    if not np.array_equal(np.sort(read), np.arange(n_element)):
        raise FileFormatError("the elements are miscounted, or two have the same position", file=mesh.file,
                              place="record element", expected=plural(n_element, "element"),
                              found=f"{len(read)}, at {len(np.unique(read))} positions")


def _nset(reader: _Reader, mesh: ZsetMesh) -> None:
    for _ in range(reader.count()):
        name = _name(reader, mesh.nsets)
        mesh.nsets[name] = _members(mesh, mesh.node_ids, reader, f"nset {name}")


def _elset(reader: _Reader, mesh: ZsetMesh) -> None:
    for _ in range(reader.count()):
        name = _name(reader, mesh.elsets)
        mesh.elsets[name] = _members(mesh, mesh.element_ids, reader, f"elset {name}")


def _bset(reader: _Reader, mesh: ZsetMesh) -> None:
    for _ in range(reader.count()):
        name, kind, n_row = _name(reader, mesh.fasets), reader.text(), reader.count()
        rows: dict[str, tuple[list[int], list[np.ndarray]]] = {}
        for position in range(n_row):  # a row's length depends on its own type, so there is no stride to jump by
            nodes = reader.integers(reader.count())
            face_type = reader.take("u1", _FACE_NAME).tobytes().split(b"\0")[0].decode("latin-1")
            positions, connectivity = rows.setdefault(face_type, ([], []))
            positions.append(position)
            connectivity.append(nodes)
        if kind != "faset":
            mesh.notes.append(f"{kind} {name}: not read")
            continue
        for face_type, (_, nodes_of_rows) in rows.items():
            expected = face(face_type, mesh.file, f"faset {name}")[1]
            wrong = [len(nodes) for nodes in nodes_of_rows if len(nodes) != expected]
            if wrong:
                raise FileFormatError(f"faces {face_type} have the wrong number of nodes", file=mesh.file,
                                      place=f"faset {name}", expected=expected, found=wrong[0])
        mesh.fasets[name] = [
            FaceRows(face_type, np.array(positions), _ids(mesh, mesh.node_ids, np.array(nodes), f"faset {name}"))
            for face_type, (positions, nodes) in rows.items()]


def _ipset(reader: _Reader, mesh: ZsetMesh) -> None:
    n_set = reader.count()
    if n_set:
        raise UnsupportedError("sets of integration points are not read", file=mesh.file, place="record ipset",
                               expected=0, found=n_set, remedy="export the mesh as .geof")


def _name(reader: _Reader, others: Collection[str]) -> str:
    """The name of a set; FileFormatError for none, or that of another of its kind."""
    place, name = reader.position, reader.text()
    if not name.isprintable() or not name or name in others:
        raise FileFormatError("a set has no name that can be read, or the name of another", file=reader.file,
                              place=f"byte {place}", found=name)
    return name


def _members(mesh: ZsetMesh, ids: np.ndarray, reader: _Reader, place: str) -> np.ndarray:
    """Ids of the members of a set, which Zset writes once each: a member that is there twice was another one."""
    positions = reader.integers(reader.count())
    found = np.unique(_ids(mesh, ids, positions, place))
    if len(found) < len(positions):
        raise FileFormatError("a set has a member twice", file=mesh.file, place=place, expected=len(positions),
                              found=f"{len(found)} different ones")
    return found


def _ids(mesh: ZsetMesh, ids: np.ndarray, positions: np.ndarray, place: str) -> np.ndarray:
    return ids[_inside(mesh, positions, len(ids), place)]


def _inside(mesh: ZsetMesh, positions: np.ndarray, n: int, place: str) -> np.ndarray:
    outside = positions[(positions < 0) | (positions >= n)]
    if outside.size:
        raise FileFormatError("a position does not exist in the mesh", file=mesh.file, place=place,
                              expected=f"0 to {n - 1}", found=int(outside[0]))
    return positions
