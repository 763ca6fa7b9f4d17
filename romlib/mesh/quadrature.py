"""Quadrature rules on the reference cells of `romlib.mesh.elements`, in the solvers' order of points.

Gauss rules on quadrangles and hexahedra run xi fastest, then eta, then zeta; rules on wedges run through the triangle
first, then upwards; those on pyramids are in `romlib.mesh.collapsed`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.errors import UnsupportedError
from romlib.mesh.collapsed import conical, hammer_27, of_collapsed_hexahedron
from romlib.words import unknown

CELL_VOLUME = {"line": 2.0, "tri": 0.5, "quad": 4.0, "tet": 1.0 / 6.0, "hex": 8.0, "wedge": 1.0, "pyramid": 4.0 / 3.0}


@dataclass(frozen=True, eq=False)
class Rule:
    """A quadrature rule: the integral over the reference cell is sum_q weights[q] f(points[q]).

    cell : reference cell. points : (n_q, dim). weights : (n_q,), may be negative. degree : every polynomial up to this
    total degree is integrated exactly (a Gauss product rule integrates some of higher degree too).
    """

    name: str
    cell: str
    points: np.ndarray
    weights: np.ndarray
    degree: int

    @property
    def n_point(self) -> int:
        """Number of points."""
        return len(self.weights)


def rule(name: str) -> Rule:
    """The rule of that name; UnsupportedError lists those that exist."""
    try:
        return RULES[name]
    except KeyError:
        raise UnsupportedError("unknown quadrature rule", **unknown(name, RULES)) from None


def _gauss(cell: str, dimension: int, n: int) -> Rule:
    """Product of n-point Gauss-Legendre rules on [-1, 1]."""
    x, w = np.polynomial.legendre.leggauss(n)
    grid = np.meshgrid(*[x] * dimension, indexing="ij")
    weights = np.prod(np.meshgrid(*[w] * dimension, indexing="ij"), axis=0).ravel()
    points = np.stack([axis.ravel() for axis in reversed(grid)], axis=1)  # the last axis of the grid runs fastest: xi
    return Rule(f"{cell}_gauss_{n ** dimension}", cell, points, weights, 2 * n - 1)


def _irons_14() -> Rule:
    """Irons 1971: eight points towards the corners (xi fastest), then six on the axes (-xi, +xi, -eta, ...)."""
    corners = _gauss("hex", 3, 2).points * np.sqrt(3.0) * np.sqrt(19.0 / 33.0)
    axes = np.sqrt(19.0 / 30.0) * np.repeat(np.eye(3), 2, axis=0) * np.tile([-1.0, 1.0], 3)[:, None]
    weights = np.repeat([121.0 / 361.0, 320.0 / 361.0], [8, 6])
    return Rule("hex_irons_14", "hex", np.concatenate([corners, axes]), weights, 5)


def _orbit(cell: str, name: str, degree: int, orbits: list[tuple[float, list[tuple[float, ...]]]]) -> Rule:
    """Rule from lists of (weight relative to the cell's volume, points)."""
    points = np.array([p for _, group in orbits for p in group])
    weights = CELL_VOLUME[cell] * np.array([w for w, group in orbits for _ in group])
    return Rule(name, cell, points, weights, degree)


def _near_corners(a: float, dimension: int) -> list[tuple[float, ...]]:
    """The points with barycentric coordinates (1 - dim a, a, ..., a) in the order of the corners of the simplex."""
    b = 1.0 - dimension * a
    first = (a,) * dimension
    return [first] + [tuple(b if k == axis else a for k in range(dimension)) for axis in range(dimension)]


def _triangles() -> list[Rule]:
    centroid = (1.0 / 3.0, 1.0 / 3.0)
    a6, b6 = 0.091576213509770743460, 0.44594849091596488632  # Strang & Fix 1973; Dunavant 1985, degree 4
    w6 = 0.10995174365532186764
    root = np.sqrt(15.0)  # Radon 1948, degree 5
    return [
        _orbit("tri", "tri_1", 1, [(1.0, [centroid])]),
        _orbit("tri", "tri_3", 2, [(1.0 / 3.0, _near_corners(1.0 / 6.0, 2))]),
        _orbit("tri", "tri_6", 4, [(w6, _near_corners(a6, 2)), (1.0 / 3.0 - w6, _near_corners(b6, 2))]),
        _orbit("tri", "tri_7", 5, [
            (9.0 / 40.0, [centroid]),
            ((155.0 - root) / 1200.0, _near_corners((6.0 - root) / 21.0, 2)),
            ((155.0 + root) / 1200.0, _near_corners((6.0 + root) / 21.0, 2))]),
    ]


def _tetrahedra() -> list[Rule]:
    centroid = (0.25, 0.25, 0.25)
    root = np.sqrt(15.0)
    s, t = (10.0 - 2.0 * root) / 40.0, (10.0 + 2.0 * root) / 40.0
    edges: list[tuple[float, ...]] = [(s, s, t), (s, t, s), (t, s, s), (s, t, t), (t, s, t), (t, t, s)]
    return [
        _orbit("tet", "tet_1", 1, [(1.0, [centroid])]),
        _orbit("tet", "tet_4", 2, [(0.25, _near_corners((5.0 - np.sqrt(5.0)) / 20.0, 3))]),
        _orbit("tet", "tet_5_zset", 3, [(9.0 / 20.0, _near_corners(1.0 / 6.0, 3)), (-4.0 / 5.0, [centroid])]),
        # Stroud 1971, T3: 5-1 (all weights positive)
        _orbit("tet", "tet_15", 5, [
            (16.0 / 135.0, [centroid]),
            ((2665.0 + 14.0 * root) / 37800.0, _near_corners((7.0 - root) / 34.0, 3)),
            ((2665.0 - 14.0 * root) / 37800.0, _near_corners((7.0 + root) / 34.0, 3)),
            (20.0 / 378.0, edges)]),
    ]


def _wedge(name: str, triangle: Rule, n: int) -> Rule:
    """Triangle rule at each of n Gauss heights, from the lower to the upper."""
    z, w = np.polynomial.legendre.leggauss(n)
    points = np.column_stack([np.tile(triangle.points, (n, 1)), np.repeat(z, triangle.n_point)])
    return Rule(name, "wedge", points, np.outer(w, triangle.weights).ravel(), min(triangle.degree, 2 * n - 1))


def _pyramids() -> list[Rule]:
    root = np.sqrt(15.0)
    low, high = (10.0 - root) / 40.0, (5.0 + 2.0 * root) / 20.0
    corners = [(0.5 * x, 0.5 * y, low) for x, y in ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))]
    return [
        _orbit("pyramid", "pyramid_1", 1, [(1.0, [(0.0, 0.0, 0.25)])]),
        # FPG5 of Code_Aster (R3.01.01), from Castem
        _orbit("pyramid", "pyramid_5", 2, [(0.2, [*corners, (0.0, 0.0, high)])]),
        Rule("pyramid_8", "pyramid", *conical(2), 3),
        Rule("pyramid_27", "pyramid", *conical(3), 5),
        Rule("pyramid_27_aster", "pyramid", *hammer_27(), 3),
    ]


def _hexahedron_of_equal_nodes() -> list[Rule]:
    """The eight Gauss points of a hexahedron some nodes of which are one, where the solver integrates it as it is."""
    eight = _gauss("hex", 3, 2)
    return [Rule(f"{cell}_8_hex", cell, *of_collapsed_hexahedron(cell, eight.points, eight.weights), degree)
            for cell, degree in (("tet", 1), ("wedge", 2), ("pyramid", 1))]


def _all_rules() -> dict[str, Rule]:
    triangles = _triangles()
    tri_1, tri_3, tri_6, tri_7 = triangles
    # FPG6 of Code_Aster has the middles of the sides
    midsides = _orbit("tri", "midsides", 2, [(1.0 / 3.0, [(0.5, 0.0), (0.5, 0.5), (0.0, 0.5)])])
    rules = [
        *(_gauss("line", 1, n) for n in (1, 2, 3)), *triangles, *(_gauss("quad", 2, n) for n in (1, 2, 3)),
        *_tetrahedra(), *(_gauss("hex", 3, n) for n in (1, 2, 3)), _irons_14(),
        _wedge("wedge_1", tri_1, 1), _wedge("wedge_2", tri_1, 2), _wedge("wedge_6", tri_3, 2),
        _wedge("wedge_6_zset", tri_3, 2), _wedge("wedge_9", tri_3, 3), _wedge("wedge_18", tri_6, 3),
        _wedge("wedge_21", tri_7, 3), _wedge("wedge_6_midside", midsides, 2), *_pyramids(),
        *_hexahedron_of_equal_nodes(),
    ]
    return {r.name: r for r in rules}


RULES: dict[str, Rule] = _all_rules()
