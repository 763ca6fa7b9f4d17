"""Reference elements: nodes, faces, shape functions and their gradients, in VTK node order.

Reference cells: line segments are [-1, 1]; quadrangle [-1, 1]^2 and hexahedron [-1, 1]^3; triangle and tetrahedron the
unit simplex; wedge = unit triangle x [-1, 1]; pyramid = base [-1, 1]^2 at zeta = 0 and apex (0, 0, 1). Triangle
(0, 1, 2) of a wedge has its normal towards (3, 4, 5), as in Abaqus, CalculiX and Zset, so that the Jacobian of every
element is positive when its nodes are in order.

To add an element, add an entry to `ELEMENTS`: a polynomial one needs its nodes and its monomials; another one (a
pyramid, with rational functions: `romlib.mesh.pyramid`) brings its own `shape` and `gradient`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.pyramid import ShapeFunction, pyramid_basis
from romlib.words import unknown

LocalNodes = tuple[int, ...]
Keep = Callable[[tuple[int, ...]], bool]


@dataclass(frozen=True, eq=False)
class Element:
    """A reference element.

    name : "hex20", ...
    cell : reference cell ("line", "tri", "quad", "tet", "hex", "wedge", "pyramid"); a quadrature rule is made for one.
    nodes : (n_node, dimension), reference coordinates, corners first.
    edges : the two corners of each edge; a quadratic element has its mid-side nodes in this order after its corners.
        A biquadratic one has, after those, the middles of its faces (of `faces`, in this order), then its own.
    faces : (face type, local nodes) of each face, outward by the right hand; of a two-dimensional element the lines
        around it, with their normal on their right; none for a line.
    shape : xi (n, dimension) -> (n, n_node). gradient : xi (n, dimension) -> (n, n_node, dimension).
    default_rule : the usual full integration rule. mass_rule : a rule exact for N_a N_b on an affine cell.
    """

    name: str
    cell: str
    vtk_type: int
    nodes: np.ndarray
    edges: tuple[LocalNodes, ...]
    faces: tuple[tuple[str, LocalNodes], ...]
    shape: ShapeFunction
    gradient: ShapeFunction
    default_rule: str
    mass_rule: str

    @property
    def n_node(self) -> int:
        """Number of nodes."""
        return len(self.nodes)

    @property
    def dimension(self) -> int:
        """Dimension of the reference cell."""
        return self.nodes.shape[1]

    @property
    def n_corner(self) -> int:
        """Number of corners, which come first among the nodes."""
        return 1 + max(max(edge) for edge in self.edges)

    @property
    def n_midside(self) -> int:
        """Number of mid-side nodes, which follow the corners: one for each edge, or none."""
        return min(self.n_node - self.n_corner, len(self.edges))


def element(name: str) -> Element:
    """The element of that name; UnsupportedError lists those that exist."""
    try:
        return ELEMENTS[name]
    except KeyError:
        raise UnsupportedError("unknown element type",
                               **unknown(name, ELEMENTS, "convert the mesh to one of these types")) from None


def lagrange_basis(nodes: np.ndarray, exponents: np.ndarray) -> tuple[ShapeFunction, ShapeFunction]:
    """Shape functions and gradients that span the monomials and are 1 at one node, 0 at the others.

    nodes : (n_node, dim). exponents : (n_node, dim), xi^e of each monomial. N(xi) = m(xi) V^-1 with V = m(nodes).
    """
    coefficients = np.linalg.inv(_monomials(nodes, exponents))
    coefficients = np.round(8.0 * coefficients) / 8.0  # they are multiples of 1/8: no rounding error is left

    def shape(xi: np.ndarray) -> np.ndarray:
        return _monomials(np.asarray(xi, dtype=float), exponents) @ coefficients

    def gradient(xi: np.ndarray) -> np.ndarray:
        xi = np.asarray(xi, dtype=float)
        columns = []
        for direction in range(exponents.shape[1]):
            lowered = exponents.copy()
            lowered[:, direction] = np.maximum(lowered[:, direction] - 1, 0)
            columns.append(exponents[:, direction] * _monomials(xi, lowered) @ coefficients)
        return np.stack(columns, axis=-1)

    return shape, gradient


def _monomials(xi: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    return np.prod(xi[:, None, :] ** exponents[None, :, :], axis=2)


def _exponents(dimension: int, keep: Keep) -> np.ndarray:
    return np.array([e for e in product(range(4), repeat=dimension) if keep(e)])


def _superlinear(exponents: Iterable[int]) -> int:
    """Total degree, variables that are linear not counted (Arnold & Awanou 2011: the serendipity spaces)."""
    return sum(e for e in exponents if e >= 2)


_CORNERS = {
    "line": np.array([[-1.0], [1.0]]),
    "tri": np.array([[0, 0], [1, 0], [0, 1]], dtype=float),
    "quad": np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float),
    "tet": np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=float),
    "hex": np.array([[-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1],
                     [-1, -1, 1], [1, -1, 1], [1, 1, 1], [-1, 1, 1]], dtype=float),
    "wedge": np.array([[0, 0, -1], [1, 0, -1], [0, 1, -1], [0, 0, 1], [1, 0, 1], [0, 1, 1]], dtype=float),
    "pyramid": np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], [0, 0, 1]], dtype=float),
}
_EDGES: dict[str, tuple[LocalNodes, ...]] = {
    "line": ((0, 1),),
    "tri": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tet": ((0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)),
    "hex": ((0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)),
    "wedge": ((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)),
    "pyramid": ((0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (1, 4), (2, 4), (3, 4)),
}
_FACES: dict[str, tuple[LocalNodes, ...]] = {
    "line": (),
    "tri": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tet": ((0, 1, 3), (1, 2, 3), (2, 0, 3), (0, 2, 1)),
    "hex": ((0, 4, 7, 3), (1, 2, 6, 5), (0, 1, 5, 4), (3, 7, 6, 2), (0, 3, 2, 1), (4, 5, 6, 7)),
    "wedge": ((0, 2, 1), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)),
    "pyramid": ((0, 3, 2, 1), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
}


def _with_midsides(face: LocalNodes, edges: tuple[LocalNodes, ...], n_corner: int) -> LocalNodes:
    midside = {frozenset(edge): n_corner + k for k, edge in enumerate(edges)}
    ring = zip(face, face[1:] + face[:1]) if len(face) > 2 else (face,)
    return face + tuple(midside[frozenset(side)] for side in ring)


def _face_type(face: LocalNodes, per_side: int) -> str:
    if len(face) == 2:
        return f"line{1 + per_side}"
    return f"{'tri' if len(face) == 3 else 'quad'}{per_side * len(face)}"


def _linear(cell: str, vtk_type: int, keep: Keep | None, default_rule: str, mass_rule: str) -> Element:
    """keep : the monomials of a polynomial element."""
    nodes, edges = _CORNERS[cell], _EDGES[cell]
    shape, gradient = _basis(nodes, keep)
    faces = tuple((_face_type(face, 1), face) for face in _FACES[cell])
    return Element(f"{cell}{len(nodes)}", cell, vtk_type, nodes, edges, faces, shape, gradient, default_rule, mass_rule)


def _quadratic(cell: str, vtk_type: int, keep: Keep | None, default_rule: str, mass_rule: str) -> Element:
    corners, edges = _CORNERS[cell], _EDGES[cell]
    nodes = np.concatenate([corners, corners[np.array(edges)].mean(axis=1)])
    shape, gradient = _basis(nodes, keep)
    faces = tuple((_face_type(face, 2), _with_midsides(face, edges, len(corners))) for face in _FACES[cell])
    return Element(f"{cell}{len(nodes)}", cell, vtk_type, nodes, edges, faces, shape, gradient, default_rule, mass_rule)


def _biquadratic(cell: str, vtk_type: int, rule: str) -> Element:
    """A quadrangle or hexahedron with a node in the middle of each face, and in its own."""
    corners, edges = _CORNERS[cell], _EDGES[cell]
    n, solid = len(corners) + len(edges), corners.shape[1] == 3
    middles = [corners[list(face)].mean(axis=0) for face in _FACES[cell] if solid]
    nodes = np.concatenate([corners, corners[np.array(edges)].mean(axis=1), [*middles, corners.mean(axis=0)]])
    shape, gradient = _basis(nodes, lambda e: max(e) <= 2)
    faces = tuple((f"quad{2 * len(face) + 1}" if solid else "line3",
                   (*_with_midsides(face, edges, len(corners)), *([n + k] if solid else [])))
                  for k, face in enumerate(_FACES[cell]))
    return Element(f"{cell}{len(nodes)}", cell, vtk_type, nodes, edges, faces, shape, gradient, rule, rule)


def _basis(nodes: np.ndarray, keep: Keep | None) -> tuple[ShapeFunction, ShapeFunction]:
    return pyramid_basis(nodes) if keep is None else lagrange_basis(nodes, _exponents(nodes.shape[1], keep))


def _multilinear(e: tuple[int, ...]) -> bool:
    return max(e) <= 1


def _serendipity(e: tuple[int, ...]) -> bool:
    return _superlinear(e) <= 2 and max(e) <= 2


def _complete(degree: int) -> Keep:
    return lambda e: sum(e) <= degree


def _wedge_linear(e: tuple[int, ...]) -> bool:
    return e[0] + e[1] <= 1 and e[2] <= 1


def _wedge_serendipity(e: tuple[int, ...]) -> bool:
    in_plane = e[0] + e[1]
    return (in_plane <= 2 and e[2] <= 1) or (in_plane <= 1 and e[2] == 2)


ELEMENTS: dict[str, Element] = {e.name: e for e in (
    _linear("line", 3, _complete(1), "line_gauss_2", "line_gauss_2"),
    _quadratic("line", 21, _complete(2), "line_gauss_3", "line_gauss_3"),
    _linear("tri", 5, _complete(1), "tri_1", "tri_3"),
    _quadratic("tri", 22, _complete(2), "tri_3", "tri_6"),
    _linear("quad", 9, _multilinear, "quad_gauss_4", "quad_gauss_4"),
    _quadratic("quad", 23, _serendipity, "quad_gauss_9", "quad_gauss_9"),
    _biquadratic("quad", 28, "quad_gauss_9"),
    _linear("tet", 10, _complete(1), "tet_1", "tet_4"),
    _quadratic("tet", 24, _complete(2), "tet_4", "tet_15"),
    _linear("hex", 12, _multilinear, "hex_gauss_8", "hex_gauss_8"),
    _quadratic("hex", 25, _serendipity, "hex_gauss_27", "hex_gauss_27"),
    _biquadratic("hex", 29, "hex_gauss_27"),
    _linear("wedge", 13, _wedge_linear, "wedge_6", "wedge_6"),
    _quadratic("wedge", 26, _wedge_serendipity, "wedge_9", "wedge_18"),
    _linear("pyramid", 14, None, "pyramid_5", "pyramid_8"),
    _quadratic("pyramid", 27, None, "pyramid_27", "pyramid_27"),
)}
