"""MSH files of gmsh, versions 2 and 4, as text or binary: an element in several physical groups is one cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from romlib_converters.common.reading import reading
from romlib_converters.meshio.msh_numbers import Numbers
from romlib_converters.meshio.msh_parts import refuse_part
from romlib_converters.meshio.raw import RawMesh

from romlib.errors import FileFormatError, UnsupportedError
from romlib.mesh.ids import IdIndex
from romlib.mesh.validity import same_rows
from romlib.words import plural

_DIMENSIONS = {"vertex": 0, "line": 1, "line3": 1, "line4": 1, "triangle": 2, "triangle6": 2, "triangle7": 2, "quad": 2,
               "quad8": 2, "quad9": 2, "triangle10": 2}
# gmsh's number, meshio's name of the type, its nodes
_TYPES = {1: ("line", 2), 2: ("triangle", 3), 3: ("quad", 4), 4: ("tetra", 4), 5: ("hexahedron", 8), 6: ("wedge", 6),
          7: ("pyramid", 5), 8: ("line3", 3), 9: ("triangle6", 6), 10: ("quad9", 9), 11: ("tetra10", 10),
          12: ("hexahedron27", 27), 13: ("wedge18", 18), 14: ("pyramid14", 14), 15: ("vertex", 1), 16: ("quad8", 8),
          17: ("hexahedron20", 20), 18: ("wedge15", 15), 19: ("pyramid13", 13), 21: ("triangle10", 10),
          26: ("line4", 4), 29: ("tetra20", 20)}
_WIDTHS = dict(_TYPES.values())
# gmsh's node at each place of VTK's order, where they differ
_ORDERS = {"tetra10": [0, 1, 2, 3, 4, 5, 6, 7, 9, 8], "pyramid13": [0, 1, 2, 3, 4, 5, 8, 10, 6, 7, 9, 11, 12],
           "hexahedron20": [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15],
           "hexahedron27": [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15, 22, 23, 21, 24, 20,
                            25, 26],
           "wedge15": [0, 1, 2, 3, 4, 5, 6, 9, 7, 12, 14, 13, 8, 10, 11]}
_MOST = 2**31  # numbers of groups are below
_NAME = re.compile(r'([0-3])\s+(\d{1,10})\s+("?)([^"]+)\3', re.ASCII)
_READ = ("PhysicalNames", "Entities", "PartitionedEntities", "Nodes", "Elements")


@dataclass(eq=False)
class _Elements:
    """Elements of one type: nodes (n, k) by their tags, entity (n,), groups (n,) : which of the file's combinations."""

    kind: str
    nodes: np.ndarray
    entity: np.ndarray
    groups: np.ndarray


@dataclass(eq=False)
class _File:
    """What the sections say. names : (dimension, number) -> name. physical : (dimension, entity) -> numbers.
    combinations : the physical groups that elements are in together, each with its place in the order of appearance.
    n_partition : of a mesh that gmsh has partitioned. partitions : those that are in this file, by dimension.
    ghosts : whether elements are ghosts in other partitions.
    """

    names: dict[tuple[int, int], str] = field(default_factory=dict)
    physical: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    node_tags: list[np.ndarray] = field(default_factory=list)
    points: list[np.ndarray] = field(default_factory=list)
    elements: list[_Elements] = field(default_factory=list)
    combinations: dict[tuple[int, ...], int] = field(default_factory=lambda: {(): 0})
    n_partition: int = 0
    partitions: dict[int, set[int]] = field(default_factory=dict)
    ghosts: bool = False

    def combination(self, groups: tuple[int, ...]) -> int:
        """The number of a combination."""
        return self.combinations.setdefault(groups, len(self.combinations))


def read_msh(file: Path) -> RawMesh:
    """The mesh with physical groups as sets: named ones by their names, others as "physical_DIMENSION_NUMBER".

    Elements without a group (Mesh.SaveAll) belong to none; the array "gmsh:physical" has their number zero. In MSH 2 an
    element of two groups is written twice: it becomes one.

    Raises
    ------
    FileFormatError : damaged. UnsupportedError : another version, or element types that are unknown.
    """
    with reading(file):
        content = file.read_bytes()
        version, binary, order = file_format(content, file)
        found = _File()
        readers = {"Nodes": _nodes4, "Elements": _elements4, "Entities": _entities, "PartitionedEntities": _partitioned}
        if version.startswith("2"):
            readers = {"Nodes": _nodes2, "Elements": _elements2_binary if binary else _elements2}
        for name, body in _sections(content, file):
            if name == "PhysicalNames":
                _names(body, found, file)
            elif name in readers:
                numbers = Numbers(body, binary, order, file, name)
                readers[name](numbers, found, file)
                numbers.end()
        if found.partitions:
            refuse_part(found.n_partition, found.partitions, found.ghosts, file)
        return _assembled(found, file)


def file_format(content: bytes, file: Path) -> tuple[str, bool, Literal["<", ">"]]:
    """Version, whether the file is binary, and its byte order; an error where it is no MSH file of a known version."""
    lines = content[:4096].split(b"\n")
    if lines[0].strip() != b"$MeshFormat" or len(lines) < 3:
        raise FileFormatError("not a mesh of gmsh", file=file, expected="$MeshFormat",
                              found=lines[0][:40].decode("latin-1"))
    words = lines[1].decode("latin-1").split()
    version = words[0] if words else ""
    if len(words) != 3 or version not in ("2", "2.0", "2.1", "2.2", "4.1") or words[1] not in ("0", "1"):
        raise UnsupportedError("this version of MSH is not read", file=file, expected="2.2 or 4.1",
                               found=" ".join(words), remedy="save as version 4.1 (gmsh: Mesh.MshFileVersion = 4.1)")
    if words[2] != "8":
        raise UnsupportedError("sizes of this width are not read", file=file, expected="8", found=words[2])
    order: Literal["<", ">"] = "<"
    if words[1] == "1":
        one = content[content.index(b"\n", content.index(b"\n") + 1) + 1:][:4]
        if one == b"\x00\x00\x00\x01":
            order = ">"
        elif one != b"\x01\x00\x00\x00":
            raise FileFormatError("the byte order of a binary mesh cannot be told", file=file, found=one)
    return version, words[1] == "1", order


def _sections(content: bytes, file: Path) -> list[tuple[str, bytes]]:
    """Name and body of the sections that matter; each ends with its own mark."""
    found, at = [], 0
    while (start := content.find(b"$", at)) >= 0:
        line = content.find(b"\n", start)
        line = len(content) if line < 0 else line
        name = content[start + 1:line].strip().decode("latin-1")
        mark = b"$End" + name.encode("latin-1")
        end = content.find(mark, line)
        if not name or end < 0 or content[end + len(mark):end + len(mark) + 1].strip():  # the mark of another section
            raise FileFormatError("a section has no end", file=file, place=f"${name[:40]}", expected=f"$End{name[:40]}")
        if name in _READ:
            found.append((name, content[line + 1:end]))
        at = end + 4 + len(name)
    missing = [name for name in ("Nodes", "Elements") if name not in (other for other, _ in found)]
    repeated = [name for name in _READ if sum(other == name for other, _ in found) > 1]
    if missing or repeated:
        raise FileFormatError(f"a section is {'missing' if missing else 'there twice'}", file=file,
                              place=f"${(missing + repeated)[0]}")
    return found


def _names(body: bytes, found: _File, file: Path) -> None:
    first, *lines = [line for line in body.decode("utf-8", "replace").splitlines() if line.strip()]
    _count("names", int(first), len(lines), file)
    for line in lines:
        match = _NAME.fullmatch(line.strip())
        key = (int(match[1]), int(match[2])) if match else (-1, 0)
        if match is None or not 0 < key[1] < _MOST or not match[4].isprintable() or key in found.names:
            raise FileFormatError("the name of a physical group cannot be read, or the group has two", file=file,
                                  place="$PhysicalNames", expected='a dimension, a number and a name, such as 3 1 "a"',
                                  found=line.strip()[:60])
        found.names[key] = match[4]


def _entities(numbers: Numbers, found: _File, file: Path) -> None:
    _physical(numbers, found, file, partitioned=False)


def _partitioned(numbers: Numbers, found: _File, file: Path) -> None:
    found.n_partition = numbers.one("n")
    numbers.take("i", 2 * numbers.one("n"))
    _physical(numbers, found, file, partitioned=True)


def _physical(numbers: Numbers, found: _File, file: Path, *, partitioned: bool) -> None:
    """The physical groups of entities; those of a partitioned mesh name a parent and partitions first."""
    for dimension, count in enumerate(numbers.take("n", 4).tolist()):
        for _ in range(count):
            tag = numbers.one("i")
            if partitioned:
                numbers.take("i", 2)
                found.partitions.setdefault(dimension, set()).update(numbers.take("i", numbers.one("n")).tolist())
            numbers.take("d", 3 if dimension == 0 else 6)
            groups = numbers.take("i", numbers.one("n"))
            if not groups.all():
                raise FileFormatError("an entity is of a physical group without a number", file=file,
                                      place=f"entity {tag} of dimension {dimension}", expected="1 or more", found=0)
            found.physical[dimension, tag] = tuple(abs(int(k)) for k in groups)
            if dimension:
                numbers.take("i", numbers.one("n"))


def _nodes4(numbers: Numbers, found: _File, file: Path) -> None:
    n_block, n_node, _, _ = numbers.take("n", 4).tolist()
    for _ in range(n_block):
        dimension, _, parametric = numbers.take("i", 3).tolist()
        n = numbers.one("n")
        found.node_tags.append(numbers.take("n", n))
        width = 3 + (dimension if parametric else 0)
        found.points.append(numbers.take("d", n * width).reshape(n, width)[:, :3])
    _count("nodes", n_node, sum(map(len, found.points)), file)


def _elements4(numbers: Numbers, found: _File, file: Path) -> None:
    n_block, n_element, _, _ = numbers.take("n", 4).tolist()
    for _ in range(n_block):
        dimension, entity, number = numbers.take("i", 3).tolist()
        n, kind = numbers.one("n"), _kind(number, file)
        width = 1 + _WIDTHS[kind]
        rows = numbers.take("n", n * width).reshape(n, width)
        _refuse_stray(dimension, entity, kind, found, file)
        groups = found.combination(found.physical.get((dimension, entity), ()))
        found.elements.append(_Elements(kind, rows[:, 1:], np.full(n, entity), np.full(n, groups)))
    _count("elements", n_element, sum(len(part.nodes) for part in found.elements), file)


def _refuse_stray(dimension: int, entity: int, kind: str, found: _File, file: Path) -> None:
    """Elements of another dimension than their entity, or of an entity that is not there, would lose their groups."""
    own = _DIMENSIONS.get(kind, 3)
    if own != dimension:
        raise FileFormatError("elements have another dimension than their entity", file=file,
                              place=f"$Elements, entity {entity}, {kind}", expected=own, found=dimension)
    if found.physical and (dimension, entity) not in found.physical:
        raise FileFormatError("elements are of an entity that the file does not have", file=file,
                              place=f"$Elements, {kind}", expected=f"an entity of dimension {dimension} in $Entities",
                              found=entity)


def _nodes2(numbers: Numbers, found: _File, file: Path) -> None:
    n = numbers.line()
    if not numbers.binary:
        rows = numbers.take("d", 4 * n).reshape(n, 4)
        found.node_tags.append(rows[:, 0].astype(np.int64))
        found.points.append(rows[:, 1:])
        return
    records = numbers.records(np.dtype([("tag", "i4"), ("x", "f8", 3)]), n)
    found.node_tags.append(records["tag"].astype(np.int64))
    found.points.append(records["x"].astype(np.float64))


def _elements2(numbers: Numbers, found: _File, file: Path) -> None:
    """Records (number, type, number of tags, tags, nodes), taken by runs of one type and number of tags."""
    n_element, data, at, read = numbers.line(), numbers.rest(), 0, 0
    while read < n_element:
        if at + 3 > len(data):
            raise FileFormatError("a section ends early", file=file, place="$Elements", expected=n_element, found=read)
        kind, n_tag = _kind(int(data[at + 1]), file), int(data[at + 2])
        if n_tag < 0 or n_tag > len(data):
            raise FileFormatError("a number of tags cannot be", file=file, place="$Elements", found=n_tag)
        width = 3 + n_tag + _WIDTHS[kind]
        n = min(_run(data, at, width), n_element - read)
        if n == 0:
            raise FileFormatError("a section ends within an element", file=file, place="$Elements",
                                  expected=n_element, found=read)
        _add2(kind, data[at:at + n * width].reshape(n, width)[:, 3:], n_tag, found)
        at, read = at + n * width, read + n
    if at < len(data):
        raise FileFormatError("a section has more than its counts say", file=file, place="$Elements",
                              expected=f"the end behind {plural(n_element, 'element')}",
                              found=plural(len(data) - at, "number") + " more")
    _merge2(found)


def _run(data: np.ndarray, at: int, width: int) -> int:
    """How many records from `at` on have the type and number of tags of the first, looking ahead by doubling."""
    limit, window = (len(data) - at) // width, 16
    while True:
        n = min(window, limit)
        rows = data[at:at + n * width].reshape(n, width)
        others = np.flatnonzero((rows[:, 1:3] != rows[:1, 1:3]).any(axis=1))
        if len(others) or n == limit:
            return int(others[0]) if len(others) else n
        window *= 2


def _elements2_binary(numbers: Numbers, found: _File, file: Path) -> None:
    n_element, read = numbers.line(), 0
    while read < n_element:
        number, n, n_tag = numbers.take("i", 3).tolist()
        kind = _kind(number, file)
        if n <= 0 or n_tag < 0:
            raise FileFormatError("a group of elements without elements", file=file, place="$Elements")
        width = 1 + n_tag + _WIDTHS[kind]
        _add2(kind, numbers.take("i", n * width).reshape(n, width)[:, 1:], n_tag, found)
        read += n
    _count("elements", n_element, read, file)
    _merge2(found)


def _add2(kind: str, rows: np.ndarray, n_tag: int, found: _File) -> None:
    """rows : tags, then nodes. The first tag is the physical group, the second the entity, the third the number of
    partitions that follow: the element's own, then those of which it is a ghost, below zero."""
    if n_tag > 3:
        dimension = _DIMENSIONS.get(kind, 3)
        found.partitions.setdefault(dimension, set()).update(np.unique(rows[:, 3]).tolist())
        found.ghosts |= bool((rows[:, 3:n_tag] < 0).any())
    physical = np.abs(rows[:, 0]) if n_tag else np.zeros(len(rows), dtype=np.int64)
    entity = rows[:, 1] if n_tag > 1 else np.zeros(len(rows), dtype=np.int64)
    numbers, which = np.unique(physical, return_inverse=True)
    groups = np.array([found.combination((int(number),) if number else ()) for number in numbers])
    found.elements.append(_Elements(kind, rows[:, n_tag:], entity, groups[which]))


def _merge2(found: _File) -> None:
    """All elements of one type in one part, those that are written again for another group made one of both."""
    parts: dict[str, list[_Elements]] = {}
    for part in found.elements:
        parts.setdefault(part.kind, []).append(part)
    found.elements = [_once(_Elements(kind, np.concatenate([part.nodes for part in of_kind]),
                                      np.concatenate([part.entity for part in of_kind]),
                                      np.concatenate([part.groups for part in of_kind])), found)
                      for kind, of_kind in parts.items()]


def _once(part: _Elements, found: _File) -> _Elements:
    """The elements without those that only repeat another one for a further group."""
    nodes, groups, keep = part.nodes, part.groups.copy(), np.ones(len(part.nodes), dtype=bool)
    for first, again in _by_turns(same_rows(nodes)):
        if part.kind not in _DIMENSIONS:
            same = (nodes[first] == nodes[again]).all(axis=1)
            first, again = first[same], again[same]
        codes, which = np.unique(np.stack([groups[first], groups[again]]), axis=1, return_inverse=True)
        of_number = list(found.combinations)
        for k, (one, other) in enumerate(codes.T.tolist()):
            before, new = of_number[one], of_number[other]
            if new and not set(new) & set(before):
                mine = which.ravel() == k
                groups[first[mine]] = found.combination(before + new)
                keep[again[mine]] = False
    return _Elements(part.kind, nodes[keep], part.entity[keep], groups[keep])


def _by_turns(pairs: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (n, 2) in which each first element is there once: its first repetition, then its second, and so on."""
    order = np.argsort(pairs[:, 0], kind="stable")
    first, again = pairs[order].T
    begins = np.flatnonzero(np.diff(first, prepend=-1))
    turn = np.arange(len(first)) - np.repeat(begins, np.diff(begins, append=len(first)))
    by_turn = np.argsort(turn, kind="stable")
    ends = np.cumsum(np.bincount(turn)).tolist()
    for start, end in zip([0, *ends], ends):
        yield first[by_turn[start:end]], again[by_turn[start:end]]


def _kind(number: int, file: Path) -> str:
    if number not in _TYPES:
        raise UnsupportedError("an element type of gmsh is not known", file=file, place="$Elements",
                               expected=", ".join(f"{key} ({kind})" for key, (kind, _) in _TYPES.items()), found=number)
    return _TYPES[number][0]


def _count(what: str, expected: int, found: int, file: Path) -> None:
    if expected != found:
        raise FileFormatError(f"the number of {what} is not as the file says", file=file, expected=expected,
                              found=found)


def _assembled(found: _File, file: Path) -> RawMesh:
    tags, points = np.concatenate(found.node_tags), np.concatenate(found.points)
    index = IdIndex(tags)
    if len(index.twice):
        raise FileFormatError("two nodes have the same id", file=file, place="$Nodes", found=int(index.twice[0]))
    raw, first = RawMesh(points, [], node_ids=tags), 0
    combinations = list(found.combinations)
    members: dict[tuple[int, int], list[np.ndarray]] = {}
    physical = [np.empty(0, dtype=np.int64)]
    for part in found.elements:
        nodes = index.find(part.nodes)
        if (nodes < 0).any():
            raise FileFormatError("an element has a node that does not exist", file=file, place="$Elements",
                                  found=int(part.nodes[nodes < 0][0]))
        raw.cells.append((part.kind, nodes[:, _ORDERS[part.kind]] if part.kind in _ORDERS else nodes))
        firsts = np.array([numbers[0] if numbers else 0 for numbers in combinations])
        physical.append(firsts[part.groups])
        for which in np.unique(part.groups):
            for number in combinations[which]:
                members.setdefault((_DIMENSIONS.get(part.kind, 3), number), []).append(
                    first + np.flatnonzero(part.groups == which))
        first += len(part.nodes)
    raw.cell["gmsh:physical"] = np.concatenate(physical)
    raw.cell["gmsh:geometrical"] = np.concatenate([np.empty(0, np.int64), *(part.entity for part in found.elements)])
    for key, cells in members.items():
        name = found.names.get(key, "physical_{}_{}".format(*key))
        before = raw.cell_sets.get(name, np.empty(0, dtype=np.int64))
        raw.cell_sets[name] = np.concatenate([before, *cells])
    return raw
