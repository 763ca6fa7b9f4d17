"""Geometry of a d3plot: coordinates, connectivity, the user's numbers, and the types of materials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from romlib_converters.lsdyna.control import Control
from romlib_converters.lsdyna.family import Words

from romlib.errors import FileFormatError, UnsupportedError

END = -999999.0  # the word that ends the geometry, and the states of a file
_TITLES = {90000: 0, 90001: 1, 90002: 1, 90020: 1}  # kinds of titles; 1: a list of numbered ones
_TITLE_BYTES = 72
_RIGID = 20  # type of a rigid material


@dataclass(frozen=True, eq=False)
class Geometry:
    """Coordinates and elements by the user's numbers.

    points : (n_node, 3), in the precision that is stored. node_ids : (n_node,). solids : (n_solid, 8), places of their
    nodes from 1 on, as the file has them. extra : (n_solid, 2), of tetrahedra of ten nodes, from 0 on, -1 elsewhere;
    None where there are none. solid_ids, parts : (n_solid,), the user's numbers of solids and of their parts. others :
    elements that are no solids, by name. rigid_shells : shells that have no state. rigid : numbers of rigid parts.
    bodies : rigid ones, of which states have the motion. end : word behind the geometry.
    """

    points: np.ndarray
    node_ids: np.ndarray
    solids: np.ndarray
    extra: np.ndarray | None
    solid_ids: np.ndarray
    parts: np.ndarray
    others: dict[str, int]
    rigid_shells: int
    rigid: np.ndarray
    bodies: int
    end: int


def read_geometry(words: Words, control: Control) -> Geometry:
    """The geometry.

    Raises
    ------
    FileFormatError : it ends early, or an element has a node that is not there. UnsupportedError : particles, airbags
        and rigid roads.
    """
    at, rigid_shells = control.end, 0
    types = np.empty(0, np.int64)
    if control.has_material_types:
        rigid_shells, count = words.integers(at, 2, "material types").tolist()
        types = words.integers(at + 2, count, "material types")
        at += 2 + count
    at += control["ialemat"]
    _refuse_others(control)
    n = control["numnp"]
    points = native(words.reals(at, 3 * n, "coordinates").reshape(n, 3))
    at += 3 * n
    solids_at = at
    words.check(at, 9 * control.n_solid, "solids")
    at += 9 * control.n_solid
    extra = None
    if control.has_ten_nodes:
        extra = words.integers(at, 2 * control.n_solid, "nodes 9 and 10").reshape(-1, 2).astype(np.int64) - 1
        at += 2 * control.n_solid
    at += 9 * control["nelt"] + 6 * control["nel2"] + 5 * control["nel4"]
    node_ids, solid_ids, part_ids, at = _numbers(words, control, at)
    bodies = 0
    if control["ndim"] in (8, 9):
        bodies, at = _bodies(words, at)
    if extra is not None and len(extra) and at + extra.size <= words.count and np.array_equal(
            words.integers(at, extra.size, "nodes 9 and 10").astype(np.int64) - 1, extra.ravel()):
        at += extra.size  # some writers repeat them here
    at += 5 * control["nel48"]
    at = _titles(words, at)
    solids, part = _solids(words, control, solids_at, len(part_ids))
    rigid = part_ids[:len(types)][types == _RIGID] if len(types) <= len(part_ids) else part_ids[:0]
    others = {name: count for name, count in (
        ("thick_shell", control["nelt"]), ("beam", control["nel2"]), ("shell", control["nel4"])) if count}
    return Geometry(points, node_ids, solids, extra, solid_ids, part_ids[part], others, rigid_shells, rigid,
                    bodies, at)


def native(values: np.ndarray) -> np.ndarray:
    """Values in the machine's byte order, of the precision that is stored: themselves, where they are so already."""
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _solids(words: Words, control: Control, at: int, n_part: int) -> tuple[np.ndarray, np.ndarray]:
    """Places (n, 8), from 1 on, of the nodes of solids, and positions (n,) of their parts."""
    n, integers = control["numnp"], words.layout.integers
    nodes = np.empty((control.n_solid, 8), integers.newbyteorder("="))
    part = np.empty(control.n_solid, integers.newbyteorder("="))
    for rows, solids in words.rows(at, control.n_solid, integers, 9, "solids"):
        if solids[:, :8].min() < 1 or solids[:, :8].max() > n:
            wrong = int(np.flatnonzero((solids[:, :8] < 1).any(axis=1) | (solids[:, :8] > n).any(axis=1))[0])
            raise FileFormatError("a solid has a node that is not there", file=words.path,
                                  place=f"solid {rows.start + wrong + 1}", expected=f"nodes 1 to {n}",
                                  found=solids[wrong, :8].tolist())
        nodes[rows], part[rows] = solids[:, :8], solids[:, 8]
    if part.min() < 1 or part.max() > n_part:
        raise FileFormatError("a solid has a part that is not there", file=words.path, expected=f"parts 1 to {n_part}",
                              found=int(part.max()))
    return nodes, part - 1


def _refuse_others(control: Control) -> None:
    for name, what in (("nmsph", "particles (SPH)"), ("npefg", "airbags of particles")):
        if control[name]:
            raise UnsupportedError(f"a database with {what}", file=control.file, place=f"control word {name.upper()}",
                                   expected="0", found=control[name],
                                   remedy="compute the part of interest without them")
    if control["ndim"] in (6, 7, 9):
        raise UnsupportedError("a database with a rigid road", file=control.file, place="control word NDIM",
                               expected="4, 5 or 8", found=control["ndim"])


def _numbers(words: Words, control: Control, at: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The user's numbers of nodes, solids and parts, and the word behind them."""
    n_part = max(control["nmmat"], 0)
    if n_part > words.count:
        raise FileFormatError("there are more parts than words in the file", file=words.path,
                              place="control word NMMAT", expected=f"at most {words.count}", found=n_part)
    nodes, solids = np.arange(1, control["numnp"] + 1), np.arange(1, control.n_solid + 1)
    if not control["narbs"]:
        return nodes, solids, np.arange(1, max(n_part, 1) + 1), at
    start, head = at, words.integers(at, 10, "numbers of the user")
    at += 10
    if head[0] < 0:
        n_part = int(words.integers(at, 6, "numbers of the user")[3])
        at += 6
    counts = head[5:10].tolist()
    expected = [control["numnp"], control.n_solid, control["nel2"], control["nel4"], control["nelt"]]
    if counts[:2] != expected[:2]:
        raise FileFormatError("the numbers of nodes and solids are not as many as there are of them", file=words.path,
                              place=f"word {start}", expected=expected[:2], found=counts[:2])
    nodes = words.integers(at, counts[0], "numbers of nodes").astype(np.int64)
    solids = words.integers(at + counts[0], counts[1], "numbers of solids").astype(np.int64)
    at += sum(counts)
    parts = np.arange(1, max(n_part, 1) + 1)
    if head[0] < 0:
        parts = words.integers(at, n_part, "numbers of parts").astype(np.int64)
    return nodes, solids, parts, start + control["narbs"]


def _bodies(words: Words, at: int) -> tuple[int, int]:
    """Number of rigid bodies, and the word behind their lists of nodes."""
    count = int(words.integers(at, 1, "rigid bodies")[0])
    at += 1
    for _ in range(count):
        at += 2 + int(words.integers(at + 1, 1, "a rigid body")[0])
        at += 1 + int(words.integers(at, 1, "a rigid body")[0])
    return count, at


def _titles(words: Words, at: int) -> int:
    """The word behind the titles, which an END word is before and behind."""
    word = words.layout.word
    if at >= words.count or words.reals(at, 1, "end of geometry")[0] != END:
        return at
    at += 1
    while at < words.count:
        kind = int(words.integers(at, 1, "titles")[0])
        if kind not in _TITLES:
            return at
        if _TITLES[kind]:
            count = int(words.integers(at + 1, 1, "titles")[0])
            at += 2 + count * (word + _TITLE_BYTES) // word
        else:
            at += 1 + _TITLE_BYTES // word
        if at < words.count and words.reals(at, 1, "end of titles")[0] == END:
            at += 1
    return at
