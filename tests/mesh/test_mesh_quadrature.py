from __future__ import annotations

from itertools import product
from math import factorial

import numpy as np
import pytest

from romlib.errors import UnsupportedError
from romlib.mesh.collapsed import conical
from romlib.mesh.elements import element
from romlib.mesh.interpolation import is_inside
from romlib.mesh.quadrature import CELL_VOLUME, RULES, Rule, rule

every_rule = pytest.mark.parametrize("quadrature", RULES.values(), ids=list(RULES))


def monomial_integral(cell: str, e: tuple[int, ...]) -> float:
    """Integral of xi^e over the reference cell, in closed form."""
    def line(k: int) -> float:
        return 0.0 if k % 2 else 2.0 / (k + 1)

    def simplex(*k: int) -> float:
        return float(np.prod([factorial(i) for i in k])) / factorial(sum(k) + len(k))

    if cell in ("line", "quad", "hex"):
        return float(np.prod([line(k) for k in e]))
    if cell in ("tri", "tet"):
        return simplex(*e)
    if cell == "pyramid":  # the square at zeta has the half side 1 - zeta
        return line(e[0]) * line(e[1]) * simplex(e[2], e[0] + e[1] + 2) * (sum(e) + 4)
    return simplex(*e[:2]) * line(e[2])


def worst_error(quadrature: Rule, degree: int) -> float:
    exponents = [e for e in product(range(degree + 1), repeat=quadrature.points.shape[1]) if sum(e) == degree]
    return max(abs(np.prod(quadrature.points ** np.array(e), axis=1) @ quadrature.weights
                   - monomial_integral(quadrature.cell, e)) for e in exponents)


@every_rule
def test_polynomials_up_to_the_degree_are_integrated_exactly(quadrature: Rule) -> None:
    for degree in range(quadrature.degree + 1):
        assert worst_error(quadrature, degree) < 1e-14


@every_rule
def test_the_degree_is_not_understated(quadrature: Rule) -> None:
    assert worst_error(quadrature, quadrature.degree + 1) > 1e-6


@every_rule
def test_weights_sum_to_the_volume_and_points_lie_in_the_cell(quadrature: Rule) -> None:
    np.testing.assert_allclose(quadrature.weights.sum(), CELL_VOLUME[quadrature.cell], rtol=1e-14)
    x = quadrature.points
    if quadrature.name == "pyramid_27_aster":
        assert (is_inside("pyramid", x)).sum() == 15  # the others are those that its cube has outside, too
    elif quadrature.name == "wedge_6_midside":
        assert np.all(is_inside("wedge", x))
    elif quadrature.cell == "pyramid":
        assert np.all(x[:, 2] > 0.0) and np.all(np.abs(x[:, :2]).max(axis=1) < 1.0 - x[:, 2])
    elif quadrature.cell in ("line", "quad", "hex"):
        assert np.all(np.abs(x) < 1.0)
    else:
        plane = x[:, :2] if quadrature.cell == "wedge" else x
        assert np.all(plane > 0.0) and np.all(plane.sum(axis=1) < 1.0)


def test_only_the_five_point_tetrahedron_of_zset_has_a_negative_weight() -> None:
    assert {name for name, r in RULES.items() if np.any(r.weights <= 0.0)} == {"tet_5_zset"}


def test_the_five_point_tetrahedron_has_the_order_and_the_weights_of_zset() -> None:
    a, b = 1.0 / 6.0, 1.0 / 2.0
    np.testing.assert_allclose(
        rule("tet_5_zset").points, [[a, a, a], [b, a, a], [a, b, a], [a, a, b], [0.25, 0.25, 0.25]], rtol=1e-15)
    np.testing.assert_allclose(rule("tet_5_zset").weights, [3 / 40] * 4 + [-2 / 15], rtol=1e-15)


def test_the_six_point_wedge_runs_through_the_lower_triangle_first() -> None:
    a, b, h = 1.0 / 6.0, 2.0 / 3.0, 1.0 / np.sqrt(3.0)
    triangle = [[a, a], [b, a], [a, b]]
    expected = [[*p, z] for z in (-h, h) for p in triangle]
    for name in ("wedge_6", "wedge_6_zset"):
        np.testing.assert_allclose(rule(name).points, expected, rtol=1e-14)


@pytest.mark.parametrize("name", ["hex_gauss_8", "hex_gauss_27", "quad_gauss_9"])
def test_gauss_points_run_xi_fastest_then_eta_then_zeta(name: str) -> None:
    x = rule(name).points
    keys = [tuple(row) for row in np.round(x[:, ::-1], 12)]
    assert keys == sorted(keys)


def test_gauss_rules_integrate_products_of_degree_2n_minus_1_in_each_variable() -> None:
    quadrature = rule("hex_gauss_27")
    for e in product(range(6), repeat=3):
        value = np.prod(quadrature.points ** np.array(e), axis=1) @ quadrature.weights
        assert abs(value - monomial_integral("hex", e)) < 1e-14


@pytest.mark.parametrize(("kind", "name"), [("pyramid5", "pyramid_8"), ("pyramid13", "pyramid_27")])
def test_conical_rules_integrate_products_of_shape_functions_of_a_pyramid(kind: str, name: str) -> None:
    def products(quadrature: Rule) -> np.ndarray:
        shape = element(kind).shape(quadrature.points)
        return np.einsum("q,qa,qb->ab", quadrature.weights, shape, shape)

    fine = Rule("fine", "pyramid", *conical(8), 15)
    np.testing.assert_allclose(products(rule(name)), products(fine), atol=1e-14)


@pytest.mark.parametrize(("cell", "equal"), [
    ("wedge6", {3: 2, 4: 3, 5: 4, 6: 5, 7: 5}), ("pyramid5", {5: 4, 6: 4, 7: 4}),
    ("tet4", {3: 2, 4: 3, 5: 3, 6: 3, 7: 3})])
def test_a_collapsed_hexahedron_has_its_own_points_and_weights(cell: str, equal: dict[int, int]) -> None:
    kind, cube, eight = element(cell), element("hex8"), rule("hex_gauss_8")
    nodes = kind.nodes[[equal.get(node, node) for node in range(8)]]
    found = rule(f"{kind.cell}_8_hex")
    np.testing.assert_allclose(found.points, cube.shape(eight.points) @ nodes, atol=1e-15)
    jacobian = np.linalg.det(np.einsum("ai,qaj->qij", nodes, cube.gradient(eight.points)))
    np.testing.assert_allclose(found.weights, eight.weights * jacobian, atol=1e-15)


def test_the_five_points_of_a_pyramid_are_those_of_code_aster() -> None:
    quadrature = rule("pyramid_5")
    np.testing.assert_allclose(quadrature.points[:, 2], [0.1531754163448146] * 4 + [0.6372983346207416], rtol=1e-14)
    np.testing.assert_allclose(quadrature.weights, 4.0 / 15.0, rtol=1e-14)


def test_the_27_points_of_code_aster_are_those_of_its_source() -> None:
    quadrature, z = rule("pyramid_27_aster"), rule("pyramid_27_aster").points[:, 2]
    c, d = 0.652816472, 1.106412899
    np.testing.assert_allclose(z[[0, 7, 15, 26]], [0.5, 0.5 * (1 - c), 0.5 * (1 - d), 0.5 * (1 + d)], atol=1e-9)
    np.testing.assert_allclose(quadrature.points[7, :2], [-c * (1 - z[7])] * 2, atol=1e-9)
    of_source = np.repeat([0.788073483, 0.499369002, 0.478508449, 0.032303742], [1, 6, 8, 12]) * 0.25 * (1 - z) ** 2
    np.testing.assert_allclose(quadrature.weights, 2.0 * of_source, atol=1e-9)  # its cell has half the volume


def test_an_unknown_rule_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="hex_gauss_64"):
        rule("hex_gauss_64")


@pytest.mark.parametrize("n", [2, 3])
def test_the_points_of_a_conical_rule_run_along_the_first_axis_fastest(n: int) -> None:
    points = conical(n)[0].reshape(n, n, n, 3)  # zeta, t, s
    assert (np.diff(points[..., 0], axis=2) > 0).all() and (np.diff(points[..., 1], axis=1) > 0).all()
    assert (np.diff(points[..., 2], axis=0) > 0).all() and np.ptp(points[..., 1], axis=2).max() < 1e-15
