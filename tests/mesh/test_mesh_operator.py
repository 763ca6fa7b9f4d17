from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.quadrature import RULES
from romlib.tensors import mandel_from_matrix

SOLIDS = ("tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13")
EVERY_PAIR = [(t, r.name) for t in SOLIDS for r in RULES.values() if r.cell == element(t).cell]
every_pair = pytest.mark.parametrize(("cell_type", "quadrature"), EVERY_PAIR, ids=lambda v: v)
matrices = st.lists(st.floats(-10.0, 10.0), min_size=9, max_size=9).map(lambda v: np.reshape(v, (3, 3)))


@every_pair
@settings(max_examples=5, deadline=None)
@given(matrix=matrices, seed=st.integers(0, 3))
def test_patch_test_linear_displacement_gives_constant_strain(
    distorted, cell_type: str, quadrature: str, matrix: np.ndarray, seed: int
) -> None:
    mesh = distorted(cell_type, seed, quadrature)
    strain = StrainOperator(mesh).strain((mesh.points @ matrix.T + [1.0, -2.0, 3.0])[None])
    expected = mandel_from_matrix(matrix)
    np.testing.assert_allclose(strain, np.broadcast_to(expected, strain.shape), atol=2e-12 * (1 + np.abs(matrix).max()))


@every_pair
def test_virtual_work_of_internal_forces_is_that_of_the_stress(distorted, cell_type: str, quadrature: str) -> None:
    mesh, rng = distorted(cell_type, quadrature=quadrature), np.random.default_rng(1)
    operator = StrainOperator(mesh)
    u, stress = rng.normal(size=(4, mesh.n_node, 3)), rng.normal(size=(4, operator.n_ip, 6))
    inside = np.einsum("tpk,tpk,p->t", operator.strain(u), stress, operator.weights)
    outside = np.einsum("tni,tni->t", operator.internal_force(stress), u)
    np.testing.assert_allclose(outside, inside, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("cell_type", SOLIDS)
def test_strain_of_a_field_of_the_elements_degree_is_its_symmetric_gradient(cell_type: str) -> None:
    quadratic = element(cell_type).n_node > element(cell_type).n_corner
    mesh = box_mesh(cell_type, (2, 2, 1), (2.0, 1.0, 0.5))
    operator = StrainOperator(mesh)
    power = 2 if quadratic else 1
    x, y, z = mesh.points.T
    u = np.stack([x**power + y, y**power * 2 - z, z**power * 3 + x], axis=1)[None]
    X, Y, Z = operator.coordinates.T
    expected = np.zeros((operator.n_ip, 6))
    expected[:, 0], expected[:, 1], expected[:, 2] = (
        (2 * X, 4 * Y, 6 * Z) if quadratic else (np.ones_like(X), 2 * np.ones_like(X), 3 * np.ones_like(X)))
    expected[:, 3] = expected[:, 4] = np.sqrt(0.5)
    expected[:, 5] = -np.sqrt(0.5)
    np.testing.assert_allclose(operator.strain(u)[0], expected, atol=1e-12)


@pytest.mark.parametrize("cell_type", SOLIDS)
def test_internal_force_of_a_uniform_stress_vanishes_inside(cell_type: str) -> None:
    mesh = box_mesh(cell_type, (3, 3, 3))
    inside = np.setdiff1d(np.arange(mesh.n_node), np.unique(np.concatenate(
        [block.connectivity.ravel() for block in mesh.face_tags["skin"].blocks])))
    operator = StrainOperator(replace(mesh, points=moved_with_straight_edges(mesh, inside)))
    force = operator.internal_force(np.broadcast_to(np.arange(1.0, 7.0), (1, operator.n_ip, 6)))
    assert len(inside)
    np.testing.assert_allclose(force[0, inside], 0.0, atol=1e-13)
    np.testing.assert_allclose(force.sum(axis=1), 0.0, atol=1e-12)


def moved_with_straight_edges(mesh: Mesh, nodes: np.ndarray) -> np.ndarray:
    points, kind = mesh.points.copy(), element(mesh.blocks[0].cell_type)
    points[nodes] += np.random.default_rng(5).uniform(-0.05, 0.05, (len(nodes), 3))
    connectivity = mesh.blocks[0].connectivity
    for k, edge in enumerate(kind.edges[:kind.n_midside]):
        points[connectivity[:, kind.n_corner + k]] = points[connectivity[:, list(edge)]].mean(axis=1)
    if kind.n_node > kind.n_corner + kind.n_midside:
        first = kind.n_corner + kind.n_midside
        corners = [face[:element(face_type).n_corner] for face_type, face in kind.faces]
        for k, part in enumerate([*corners, tuple(range(kind.n_corner))]):
            points[connectivity[:, first + k]] = points[connectivity[:, list(part)]].mean(axis=1)
    return points


def test_a_rigid_motion_has_no_strain(distorted) -> None:
    mesh = distorted("hex20")
    spin = np.cross(np.array([0.3, -0.2, 0.5]), mesh.points) + 1.0
    np.testing.assert_allclose(StrainOperator(mesh).strain(spin[None]), 0.0, atol=1e-13)


@every_pair
def test_weights_sum_to_the_volume(cell_type: str, quadrature: str) -> None:
    operator = StrainOperator(box_mesh(cell_type, (2, 1, 3), (2.0, 3.0, 0.5), quadrature=quadrature))
    np.testing.assert_allclose(operator.weights.sum(), 3.0, rtol=1e-13)
    assert np.all(operator.positive_weights > 0.0)
    np.testing.assert_allclose(operator.positive_weights.sum(), 3.0, rtol=1e-13)
    np.testing.assert_allclose(operator.cell_volumes, np.full(operator.n_cell, 3.0 / operator.n_cell), rtol=1e-12)


def test_strain_at_selected_points_is_that_of_all_points(mixed: Mesh) -> None:
    operator, rng = StrainOperator(mixed), np.random.default_rng(0)
    u = rng.normal(size=(3, mixed.n_node, 3))
    ips = rng.permutation(operator.n_ip)[:25]
    np.testing.assert_allclose(operator.strain_at(u, ips), operator.strain(u)[:, ips], atol=1e-12)
    assert operator.strain_at(u, np.empty(0, dtype=int)).shape == (3, 0, 6)


def test_the_sparse_matrix_is_the_operator(mixed: Mesh) -> None:
    operator, rng = StrainOperator(mixed), np.random.default_rng(0)
    u, ips = rng.normal(size=(1, mixed.n_node, 3)), np.array([70, 3, 3, 8])
    np.testing.assert_allclose((operator.strain_matrix() @ u.ravel()).reshape(-1, 6), operator.strain(u)[0], atol=1e-12)
    np.testing.assert_allclose(
        (operator.strain_matrix(ips) @ u.ravel()).reshape(-1, 6), operator.strain(u)[0, ips], atol=1e-12)


def test_interpolation_by_shape_functions_is_exact_for_linear_fields(mixed: Mesh) -> None:
    operator = StrainOperator(mixed)
    field = np.stack([mixed.points @ [1.0, 2.0, 3.0], 4.0 - mixed.points[:, 0]])
    X = operator.coordinates
    np.testing.assert_allclose(operator.interpolate(field), [X @ [1.0, 2.0, 3.0], 4.0 - X[:, 0]], rtol=1e-12)
    assert operator.interpolate(field[0]).shape == (operator.n_ip,)


def test_interpolation_by_the_mean_is_constant_in_a_cell() -> None:
    mesh = box_mesh("hex8", (2, 1, 1))
    mesh = replace(mesh, blocks=(replace(mesh.blocks[0], temperature_interpolation="mean"),))
    operator = StrainOperator(mesh)
    np.testing.assert_allclose(operator.interpolate(mesh.points[:, 0]), np.repeat([0.25, 0.75], 8), rtol=1e-14)
    np.testing.assert_allclose(operator.interpolation_matrix(np.array([12, 1])) @ mesh.points[:, 0], [0.75, 0.25])


def test_the_interpolation_matrix_is_the_interpolation(mixed: Mesh) -> None:
    operator, ips = StrainOperator(mixed), np.array([80, 0, 5, 5])
    values = np.random.default_rng(0).normal(size=mixed.n_node)
    matrix = operator.interpolation_matrix(ips)
    np.testing.assert_allclose(matrix @ values, operator.interpolate(values)[ips], rtol=1e-12)
    assert matrix.shape == (4, mixed.n_node)


def test_points_count_cell_by_cell_through_the_blocks(mixed: Mesh) -> None:
    operator = StrainOperator(mixed)
    n_hex, n_wedge = (block.n_cell for block in mixed.blocks)
    assert operator.n_ip == 8 * n_hex + 6 * n_wedge
    np.testing.assert_array_equal(operator.cell, np.concatenate(
        [np.repeat(np.arange(n_hex), 8), np.repeat(n_hex + np.arange(n_wedge), 6)]))
    np.testing.assert_array_equal(operator.cell_ids, mixed.cell_ids[operator.cell])
    np.testing.assert_array_equal(operator.point_numbers[8 * n_hex - 8:8 * n_hex + 6], [*range(1, 9), *range(1, 7)])


def test_arguments_are_not_modified_and_need_not_be_contiguous(mixed: Mesh) -> None:
    operator = StrainOperator(mixed)
    u = np.random.default_rng(0).normal(size=(mixed.n_node, 3, 2)).astype(np.float32)
    view = u.transpose(2, 0, 1)
    before = u.copy()
    strain = operator.strain(view)
    operator.strain_at(view, np.array([0]))
    np.testing.assert_array_equal(u, before)
    np.testing.assert_array_equal(strain, operator.strain(np.array(view, dtype=float)))
    strain.setflags(write=False)
    assert np.isfinite(operator.internal_force(strain)).all()


def test_each_step_is_independent_of_the_others(mixed: Mesh) -> None:
    operator = StrainOperator(mixed)
    u = np.random.default_rng(0).normal(size=(5, mixed.n_node, 3))
    strain = operator.strain(u)
    np.testing.assert_array_equal(strain[2:3], operator.strain(u[2:3]))
    np.testing.assert_array_equal(operator.internal_force(strain)[2:3], operator.internal_force(strain[2:3]))
    assert operator.strain(u[:0]).shape == (0, operator.n_ip, 6)


def test_memory_is_that_of_the_result() -> None:
    mesh = box_mesh("hex8", (10, 10, 10))
    operator = StrainOperator(mesh)
    u = np.zeros((20, mesh.n_node, 3))
    operator.strain(u[:1])
    tracemalloc.start()
    strain = operator.strain(u)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert strain.nbytes <= peak < 1.05 * strain.nbytes


def test_a_bad_jacobian_names_the_cell() -> None:
    mesh = box_mesh("hex8", (3, 1, 1))
    connectivity = mesh.blocks[0].connectivity.copy()
    connectivity[1] = connectivity[1, [4, 5, 6, 7, 0, 1, 2, 3]]
    block = replace(mesh.blocks[0], connectivity=connectivity, cell_ids=np.array([11, 4711, 13]))
    with pytest.raises(InputError, match=r"cell 4711") as caught:
        StrainOperator(replace(mesh, blocks=(block,)))
    assert "det J = -" in str(caught.value)


def test_a_nan_coordinate_is_a_bad_jacobian() -> None:
    mesh = box_mesh("tet4")
    points = mesh.points.copy()
    points[0, 0] = np.nan
    with pytest.raises(InputError, match="Jacobian"):
        StrainOperator(replace(mesh, points=points))


@pytest.mark.parametrize(("change", "error", "message"), [
    ({"formulation": "incompatible modes"}, UnsupportedError, "incompatible modes"),
    ({"cell_type": "hex64"}, UnsupportedError, "hex64"),
    ({"quadrature": "hex_64"}, UnsupportedError, "hex_64"),
    ({"quadrature": "tet_4"}, InputError, "tet_4"),
    ({"temperature_interpolation": "nearest"}, UnsupportedError, "nearest"),
    ({"connectivity": np.arange(8)[None] + 1}, InputError, "outside the mesh"),
    ({"connectivity": np.arange(8)[None] - 1}, InputError, "outside the mesh"),
    ({"connectivity": np.arange(6)[None]}, InputError, "another shape"),
])
def test_a_block_that_cannot_be_reproduced_is_refused_by_name(change: dict, error: type, message: str) -> None:
    mesh = box_mesh("hex8")
    with pytest.raises(error, match=message):
        StrainOperator(replace(mesh, blocks=(replace(mesh.blocks[0], **change),)))


def test_cells_of_another_dimension_than_the_mesh_are_refused() -> None:
    mesh = box_mesh("hex8")
    with pytest.raises(UnsupportedError, match="cells of another dimension") as error:
        StrainOperator(replace(mesh, points=mesh.points[:, :2], kinematics="plane strain"))
    assert "mesh] kinematics" in str(error.value)


def test_arrays_of_another_shape_are_refused() -> None:
    operator = StrainOperator(box_mesh("hex8"))
    with pytest.raises(InputError, match=r"\(n_step, 8, 3\)"):
        operator.strain(np.zeros((8, 3)))
    with pytest.raises(InputError, match=r"\(n_step, 8, 6\)"):
        operator.internal_force(np.zeros((1, 9, 6)))
    with pytest.raises(InputError, match=r"0 \.\.\. 7"):
        operator.strain_at(np.zeros((1, 8, 3)), np.array([8]))
