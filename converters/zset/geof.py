"""Zset's meshes: the text format .geof, read into arrays by global ids."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from romlib_converters.common.records import check_finite, word_array
from romlib_converters.zset.elements import face, solid
from romlib_converters.zset.tree import decoded, refuse_zero_bytes, words_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file
from romlib.words import plural

LARGEST_ID = 2**53  # beyond, a float says no longer which integer was meant
_KEYWORD = re.compile(rb"^[ \t]*(\*+)[ \t]*([^\r\n]*)", re.MULTILINE)


@dataclass
class FaceRows:
    """Faces of one Zset type: their positions in the faset, and their node ids (n_face, n_node) in Zset's order."""

    zset_type: str
    positions: np.ndarray
    nodes: np.ndarray


@dataclass
class ZsetMesh:
    """A mesh as the file has it; ids are Zset's, in any order.

    points : (n_node, 3). element_types : names; element_type : (n_element,) index into them, in file order.
    connectivity : by element type, (positions in the file (k,), node ids (k, n_node) in Zset's order).
    nsets, elsets : ids. notes : what the file has that is not read.
    """

    file: Path
    node_ids: np.ndarray
    points: np.ndarray
    element_ids: np.ndarray
    connectivity: dict[str, tuple[np.ndarray, np.ndarray]]
    nsets: dict[str, np.ndarray] = field(default_factory=dict)
    elsets: dict[str, np.ndarray] = field(default_factory=dict)
    fasets: dict[str, list[FaceRows]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Section:
    stars: int
    name: str
    argument: str
    body: bytes
    line: int


def read_geof(path: Path) -> ZsetMesh:
    """Mesh of a .geof file.

    Raises
    ------
    InputError : no such file. FileFormatError : empty, truncated or contradictory (duplicate ids or names, an unknown
    node in an element or set). UnsupportedError : an unknown element type, or a dimension other than three.
    """
    regular_file(path, "the mesh file does not exist", remedy="put it where the deck or the .ut names it")
    sections = _sections(path)
    by_name = {section.name: section for section in reversed(sections) if section.stars == 2}
    for name in ("node", "element"):
        if name not in by_name:
            raise FileFormatError(f"the mesh has no **{name}", file=path, expected=f"**{name}",
                                  found=", ".join(by_name) or ("an empty file" if not path.stat().st_size else "none"))
    if not any(section.name == "return" and section.stars > 2 for section in sections):
        raise FileFormatError("the mesh has no end: the file is truncated", file=path, expected="***return",
                              found=f"**{sections[-1].name} as the last keyword")
    node_ids, points = _nodes(path, by_name["node"])
    element_ids, connectivity = _elements(path, by_name["element"])
    mesh = ZsetMesh(path, node_ids, points, element_ids, connectivity)
    _groups(mesh, [s for s in sections if s.stars == 2 and s.name not in ("node", "element")])
    check_ids(mesh)
    return mesh


def _sections(path: Path) -> list[_Section]:
    text = path.read_bytes()
    refuse_zero_bytes(text, path)
    text = text.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"%" in text:
        text = re.sub(rb"%[^\n]*", b"", text)
    heads = list(_KEYWORD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    sections, line, counted = [], 1, 0
    for head, end in zip(heads, ends):
        line += text.count(b"\n", counted, head.start())
        counted = head.start()
        name, *arguments = words_of(decoded(head[2])) or [""]
        sections.append(_Section(len(head[1]), name, " ".join(arguments), text[head.end():end], line))
    return sections


def _nodes(path: Path, section: _Section) -> tuple[np.ndarray, np.ndarray]:
    place = f"line {section.line}, **node"
    words = word_array(section.body, path, place)
    try:
        if b"_" in section.body:  # which Python takes for part of a number
            raise ValueError("a word with an underscore")
        values = words.astype(float)
    except ValueError as error:
        raise FileFormatError("a node has something that is no number", file=path, place=place,
                              found=str(error)[:200]) from None
    counts = words[:2].tolist()
    n_node, dimension = (int(word) if word.isdigit() else -1 for word in counts) if len(counts) == 2 else (0, 3)
    if dimension != 3:
        raise UnsupportedError("only meshes in three dimensions are read", file=path, place=place, expected=3,
                               found=dimension)
    if len(values) != 2 + 4 * n_node or n_node == 0:
        raise FileFormatError("the nodes are truncated or miscounted", file=path, place=place,
                              expected=f"{plural(n_node, 'node')} ({plural(4 * n_node, 'number')})",
                              found=plural(max(len(values) - 2, 0), "number"))
    table = values[2:].reshape(n_node, 4)
    check_finite(table, path, lambda row: f"{place}, node number {row + 1}")
    wrong = np.flatnonzero((table[:, 0] != np.floor(table[:, 0])) | (np.abs(table[:, 0]) > LARGEST_ID))
    if len(wrong):
        raise FileFormatError("the id of a node is no integer, or too large", file=path, expected="a whole number",
                              place=f"{place}, node number {wrong[0] + 1}", found=table[wrong[0], 0])
    return table[:, 0].astype(np.int64), np.ascontiguousarray(table[:, 1:])


def _elements(path: Path, section: _Section) -> tuple[np.ndarray, dict[str, tuple[np.ndarray, np.ndarray]]]:
    place = f"line {section.line}, **element"
    words = word_array(section.body, path, place)
    if not len(words) or not words[0].isdigit() or int(words[0]) == 0:
        raise FileFormatError("the number of elements is missing", file=path, place=place)
    n_element, words = int(words[0]), words[1:]
    types, starts = _typed_rows(words)
    lengths = {name: solid(name, path, _where(section, name)).n_node for name in types}
    groups = _split_rows(path, place, words, starts, lengths, leading=1)
    if len(starts) != n_element:
        raise FileFormatError("the elements are truncated or miscounted", file=path, place=place,
                              expected=plural(n_element, "element"), found=len(starts))
    return _integers(path, place, words[starts - 1]), groups


def _typed_rows(words: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Names of the types among the words (the words that do not start with a digit), and where they stand."""
    starts = np.flatnonzero(~np.char.isdigit(words.astype("S1")))
    return [name.decode("latin-1") for name in np.unique(words[starts])], starts


def _split_rows(
    path: Path, place: str, words: np.ndarray, starts: np.ndarray, lengths: dict[str, int], leading: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By type: positions of its rows, and the ids after the type (k, n_node); every row must have its exact length."""
    ends = np.append(starts[1:] - leading, len(words))
    if len(words) and (not len(starts) or starts[0] != leading):
        raise FileFormatError("the first row has no type", file=path, place=place, found=words[0].decode("latin-1"))
    groups = {}
    for name, n_node in lengths.items():
        positions = np.flatnonzero(words[starts] == name.encode("latin-1"))
        wrong = positions[ends[positions] - starts[positions] - 1 != n_node]
        if len(wrong):
            row = int(wrong[0])
            raise FileFormatError(
                f"a row of type {name} has the wrong number of nodes", file=path, place=f"{place}, row {row + 1}",
                expected=n_node, found=int(ends[row] - starts[row] - 1))
        index = starts[positions][:, None] + 1 + np.arange(n_node)
        groups[name] = positions, _integers(path, place, words[index])
    return groups


def _integers(path: Path, place: str, words: np.ndarray) -> np.ndarray:
    try:
        if (np.ascontiguousarray(words).view(np.uint8) == ord("_")).any():
            raise ValueError("a word with an underscore")
        return words.astype(np.int64)
    except (ValueError, OverflowError) as error:
        raise FileFormatError("an id is no integer, or too large", file=path, place=place,
                              found=str(error)[:200]) from None


def _where(section: _Section, word: str) -> str:
    """Line where a word first stands in a section."""
    match = re.search(rb"(?<!\S)" + re.escape(word.encode("latin-1")) + rb"(?!\S)", section.body)
    before = 0 if match is None else section.body.count(b"\n", 0, match.start())
    return f"line {section.line + before}"


def _groups(mesh: ZsetMesh, sections: list[_Section]) -> None:
    kinds: dict[str, dict] = {"nset": mesh.nsets, "elset": mesh.elsets, "faset": mesh.fasets, "bset": mesh.fasets}
    for section in sections:
        place = f"line {section.line}, **{section.name} {section.argument}"
        if section.name not in kinds:
            mesh.notes.append(f"{place}: not read")
            continue
        target, name = kinds[section.name], section.argument
        if not name or name in target:
            raise FileFormatError(f"a {section.name} has no name, or the name of another", file=mesh.file, place=place)
        words = word_array(section.body, mesh.file, place)
        target[name] = (_faces(mesh, section, words, place) if target is mesh.fasets
                        else np.unique(_integers(mesh.file, place, words)))


def _faces(mesh: ZsetMesh, section: _Section, words: np.ndarray, place: str) -> list[FaceRows]:
    if not len(words):
        return []
    types, starts = _typed_rows(words)
    lengths = {name: face(name, mesh.file, _where(section, name))[1] for name in types}
    groups = _split_rows(mesh.file, place, words, starts, lengths, leading=0)
    return [FaceRows(name, positions, nodes) for name, (positions, nodes) in groups.items()]


def check_ids(mesh: ZsetMesh) -> None:
    """FileFormatError when ids repeat or are negative, or when an element or a set has one that does not exist."""
    for what, ids in (("node", mesh.node_ids), ("element", mesh.element_ids)):
        if ids.min(initial=0) < 0:
            raise FileFormatError(f"the id of a {what} is negative", file=mesh.file, expected="0 or more",
                                  found=int(ids.min()))
        unique, count = np.unique(ids, return_counts=True)
        if (count > 1).any():
            raise FileFormatError(f"a {what} id stands twice in the mesh", file=mesh.file,
                                  place=f"{what} {unique[count > 1][0]}", found=plural(count.max(), "time"))
    groups = [(f"elements {name}", rows, mesh.node_ids) for name, (_, rows) in mesh.connectivity.items()]
    groups += [(f"nset {name}", ids, mesh.node_ids) for name, ids in mesh.nsets.items()]
    groups += [(f"elset {name}", ids, mesh.element_ids) for name, ids in mesh.elsets.items()]
    groups += [(f"faset {name}", rows.nodes, mesh.node_ids) for name, faces in mesh.fasets.items() for rows in faces]
    for place, ids, known in groups:
        unknown = np.setdiff1d(ids, known)
        if len(unknown):
            raise FileFormatError("an id does not exist in the mesh", file=mesh.file, place=place,
                                  found=int(unknown[0]))
