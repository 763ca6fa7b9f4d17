"""Hexahedra and quadrangles of which nodes are equal: the wedge, pyramid, tetrahedron or triangle that they are.

Ansys (SOLID45, 95, 185, 186) writes a wedge as I J K K M N O O, a pyramid as I J K L M M M M, a tetrahedron as
I J K K M M M M (element reference of each); LS-DYNA a wedge as 1 2 3 4 5 5 6 6, a pyramid as 1 2 3 4 5 5 5 5, a
tetrahedron as 1 2 3 4 4 4 4 4 (keyword manual, *ELEMENT_SOLID). The same shapes are known wherever in a cell the equal
nodes stand.

The nodes that took the place of several are the last of their triangle: node 2 (and 5) of a wedge, 4 of a pyramid,
2 (of two) and 3 (of four) of a tetrahedron, 2 of a triangle; so the rules `wedge_8_hex`, `pyramid_8_hex` and
`tet_8_hex` of `romlib.mesh.quadrature` have the points of a solver that integrates the hexahedron as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations, permutations
from pathlib import Path

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.elements import element
from romlib.words import plural

_AT_ONCE = 1 << 13  # cells whose corners are compared together: they stay in the cache of a core
Nodes = tuple[int, ...]
Rows = dict[str, tuple[np.ndarray, np.ndarray]]
# What a cell of so many corners can become: the shape, and how many of its corners each one is.
_SHAPES: dict[str, tuple[tuple[str, Nodes], ...]] = {
    "hex": (("wedge", (1, 1, 2, 1, 1, 2)), ("pyramid", (1, 1, 1, 1, 4)), ("tet", (1, 1, 2, 4)), ("tet", (1, 1, 1, 5))),
    "quad": (("tri", (1, 1, 2)),),
}
_NAMES = {"hex8": {"hex": "hex8", "wedge": "wedge6", "pyramid": "pyramid5", "tet": "tet4"},
          "hex20": {"hex": "hex20", "wedge": "wedge15", "pyramid": "pyramid13", "tet": "tet10"},
          "quad4": {"quad": "quad4", "tri": "tri3"}, "quad8": {"quad": "quad8", "tri": "tri6"}}
_KNOWN = {"hex": "nodes I J K K M N O O (wedge), I J K L M M M M (pyramid), I J K K M M M M (tetrahedron), or those of "
                 "LS-DYNA", "quad": "nodes I J K K (triangle)"}


def true_shapes(
    cell_type: str, nodes: np.ndarray, ids: np.ndarray | None = None, file: Path | None = None, missing: int = 0
) -> Rows:
    """The cells sorted by the shape that they have: {cell type: (rows (m,), nodes (m, k))}, in VTK's order of nodes.

    Parameters
    ----------
    cell_type : hex8, hex20, quad4 or quad8. nodes : (n, k), ids of nodes in VTK's order, equal ones at one place.
    ids : (n,), of the cells, for messages; by default their rows. missing : the id that stands for no node, where a
        mid-side node is left out; it stays in the result.

    Raises
    ------
    UnsupportedError : a cell whose equal nodes make none of these shapes, or whose mid-side nodes contradict it.
    """
    kind = element(cell_type)
    nodes = np.asarray(nodes)
    names = np.arange(len(nodes)) if ids is None else np.asarray(ids)
    corners = nodes[:, :kind.n_corner]
    odd = np.flatnonzero(_has_equal(corners))
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for rows in _by_pattern(corners, odd):
        mine = nodes if len(rows) == len(nodes) else nodes[rows]
        pattern = _patterns(mine[:1, :kind.n_corner])[0]
        shape = _shape(kind.cell, tuple(pattern.tolist()))
        if shape is None:
            raise UnsupportedError(
                f"nodes of a {cell_type} are equal, and it is no shape that romlib knows", file=file,
                place=f"cell {names[rows[0]]}", expected=_KNOWN[kind.cell],
                found=f"{plural(len(rows), 'such cell')}; corner nodes {', '.join(map(str, corners[rows[0]]))}",
                remedy="mesh this place with wedges, pyramids or tetrahedra in the solver")
        name, places = shape
        own = mine[:, :kind.n_corner] if len(places) == kind.n_corner else mine[:, places]
        if kind.n_midside:
            own = np.concatenate([own, _midsides(cell_type, name, places, pattern, mine, names[rows], file,
                                                 missing)], axis=1)
        found.setdefault(_NAMES[cell_type][name], []).append((rows, own))
    return {name: _in_order(parts) for name, parts in found.items()}


def _has_equal(corners: np.ndarray) -> np.ndarray:
    """Whether two corners (n, k) of a cell have the same node: (n,)."""
    found = np.zeros(len(corners), dtype=bool)
    for first in range(0, len(corners), _AT_ONCE):
        columns = np.ascontiguousarray(corners[first:first + _AT_ONCE].T)
        for a, b in combinations(columns, 2):
            found[first:first + _AT_ONCE] |= a == b
    return found


def _by_pattern(corners: np.ndarray, odd: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of cells whose equal corners (n, k) are at the same places. odd : rows of those that have some."""
    if not len(odd):
        if len(corners):
            yield np.arange(len(corners))
        return
    n_corner = corners.shape[1]
    powers = n_corner ** np.arange(n_corner)
    keys = np.full(len(corners), np.arange(n_corner) @ powers)
    keys[odd] = _patterns(corners[odd]) @ powers
    for key in np.unique(keys):
        yield np.flatnonzero(keys == key)


def _patterns(corners: np.ndarray) -> np.ndarray:
    """For each corner (n, k) of a cell, the first one that has the same node."""
    return np.argmax(corners[:, :, None] == corners[:, None, :], axis=2)


def _in_order(parts: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    if len(parts) == 1:
        return parts[0]
    rows, nodes = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    order = np.argsort(rows)
    return rows[order], nodes[order]


@cache
def _shape(cell: str, pattern: Nodes) -> tuple[str, list[int]] | None:
    """Shape and, for each of its corners, a corner of the cell; None where there is none.

    pattern : for each corner of the cell, the first one that has the same node.
    """
    corners = sorted(set(pattern))
    if len(corners) == len(pattern):
        return cell, corners
    faces = _faces(cell, pattern)
    counts = {corner: pattern.count(corner) for corner in corners}
    for name, expected in _SHAPES[cell]:
        if faces is None or len(expected) != len(corners):
            continue
        own = _NAMES["hex8" if cell == "hex" else "quad4"][name]
        for order in permutations(corners):
            if tuple(counts[corner] for corner in order) != expected:
                continue
            sides = {_turned(tuple(order[k] for k in face)) for face in _sides(own)}
            triangles = {face for face in faces if len(face) == 3}
            # 1 2 3 4 4 4 4 4: two of the triangles, and a quadrangle with all four nodes
            if sides == faces or (name == "tet" and expected[-1] == 5 and len(triangles) == 2 and triangles < sides):
                return name, list(order)
    return None


def _sides(name: str) -> list[Nodes]:
    """The faces of an element by their corners; of a plane one itself."""
    kind = element(name)
    if kind.dimension == 2:
        return [tuple(range(kind.n_corner))]
    return [face[:element(face_type).n_corner] for face_type, face in kind.faces]


def _faces(cell: str, pattern: Nodes) -> set[Nodes] | None:
    """The faces that are left, by their corners in the order around them; None where one is folded."""
    found = set()
    for face in _sides("hex8" if cell == "hex" else "quad4"):
        around = [pattern[k] for k in face]
        left = tuple(a for a, b in zip(around, around[1:] + around[:1]) if a != b)
        if len(set(left)) < len(left) and len(left) > 2:
            return None
        if len(left) > 2:
            found.add(_turned(left))
    return found


def _turned(face: Nodes) -> Nodes:
    """The same face, from its lowest corner on."""
    start = face.index(min(face))
    return face[start:] + face[:start]


def _midsides(
    cell_type: str, name: str, places: list[int], pattern: np.ndarray, nodes: np.ndarray, ids: np.ndarray,
    file: Path | None, missing: int,
) -> np.ndarray:
    """Mid-side nodes (n, n_edge of the shape) of cells of one pattern, each on all edges that became one."""
    kind, own = element(cell_type), element(_NAMES[cell_type][name])
    ends = [frozenset((int(pattern[a]), int(pattern[b]))) for a, b in kind.edges]

    def refuse(wrong: np.ndarray, where: frozenset[int]) -> None:
        if wrong.any():
            row = int(np.argmax(wrong))
            on = " and ".join(str(nodes[row, corner]) for corner in sorted(where))
            raise UnsupportedError(
                f"mid-side nodes of a {cell_type} of equal nodes contradict its shape", file=file,
                place=f"cell {ids[row]}, edge {'at node' if len(where) == 1 else 'between nodes'} {on}",
                expected="the node of a corner, or none" if len(where) == 1 else "one node on one edge",
                found=f"{plural(int(wrong.sum()), 'such cell')}; nodes {', '.join(map(str, nodes[row]))}")

    for k, pair in enumerate(ends):  # an edge that has become a point
        if len(pair) == 1:
            middle = nodes[:, kind.n_corner + k, None]  # Ansys repeats the node of any corner there
            refuse((middle != nodes[:, :kind.n_corner]).all(axis=1) & (middle[:, 0] != missing), pair)
    found = nodes[:, kind.n_corner:]
    if own is not kind:
        found = np.empty((len(nodes), len(own.edges)), dtype=nodes.dtype)
    for k, (a, b) in enumerate(own.edges if own is not kind else ()):
        pair = frozenset((int(pattern[places[a]]), int(pattern[places[b]])))
        columns = [kind.n_corner + j for j, other in enumerate(ends) if other == pair]
        found[:, k] = nodes[:, columns[0]]
        if len(columns) > 1:
            refuse((nodes[:, columns] != nodes[:, columns[:1]]).any(axis=1), pair)
    ordered = np.sort(np.concatenate([nodes[:, places], found], axis=1), axis=1)
    twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != missing)).any(axis=1)
    for k, (a, b) in enumerate(own.edges if twice.any() else ()):  # which edge it is
        others = np.concatenate([nodes[:, places], found[:, :k]], axis=1)
        refuse(twice & (found[:, k, None] == others).any(axis=1) & (found[:, k] != missing),
               frozenset((int(pattern[places[a]]), int(pattern[places[b]]))))
    return found
