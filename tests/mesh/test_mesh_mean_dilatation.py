"""B-bar: the volumetric strain is the mean of the cell, in strains, forces and stiffness alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import spsolve

from romlib.errors import UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.faces import face_quadrature
from romlib.mesh.kinematics import AXISYMMETRIC, PLANE_STRAIN
from romlib.mesh.mean_dilatation import B_BAR, B_BAR_IN_PLANE
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import partition
from romlib.mesh.quadrature import rule
from romlib.mesh.rectangle import rectangle_mesh
from romlib.tensors import mandel_from_matrix

LINEAR = ("hex8", "wedge6", "pyramid5", "tet4")
RULES = [("hex8", "hex_gauss_8"), ("hex8", "hex_gauss_27"), ("wedge6", "wedge_6"), ("wedge6", "wedge_8_hex"),
         ("pyramid5", "pyramid_5"), ("pyramid5", "pyramid_8_hex"), ("tet4", "tet_8_hex")]
every_rule = pytest.mark.parametrize(("cell_type", "quadrature"), RULES)
TRACE = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
FIL = Path(__file__).parents[3] / "shared" / "data" / "abaqus" / "pybaqus_hex_C3D8.fil"


def b_bar(mesh: Mesh, name: str = B_BAR) -> Mesh:
    return replace(mesh, blocks=tuple(replace(block, formulation=name) for block in mesh.blocks))


def stiffness(operator: StrainOperator, tangent: np.ndarray) -> np.ndarray:
    """Of all nodes, by the loop that the full-order solver takes."""
    n, k = operator.n_node, operator.dimension
    slots = [n * part[:, :, None] + part[:, None, :] for part in
             (block.connectivity for block in operator.mesh.blocks)]
    out = np.zeros(k * k * n * n)
    operator.add_stiffness(tangent, np.arange(n), slots, n * np.arange(n + 1), out)
    return out.reshape(n, k, n, k).reshape(k * n, k * n)


def hooke(young: float, poisson: float) -> np.ndarray:
    shear = young / (2.0 * (1.0 + poisson))
    return 2.0 * shear * np.eye(6) + young * poisson / ((1 + poisson) * (1 - 2 * poisson)) * np.outer(TRACE, TRACE)


@every_rule
def test_the_trace_is_the_mean_of_the_cell_and_the_deviator_is_its_own(distorted, cell_type, quadrature) -> None:
    mesh = distorted(cell_type, quadrature=quadrature)
    own, operator = StrainOperator(mesh), StrainOperator(b_bar(mesh))
    u = np.random.default_rng(0).normal(size=(2, mesh.n_node, 3))
    plain, found = own.strain(u), operator.strain(u)
    means = np.stack([np.bincount(own.cell, own.weights * (of_step @ TRACE)) / own.cell_volumes for of_step in plain])
    np.testing.assert_allclose(found @ TRACE, means[:, own.cell], rtol=1e-11, atol=1e-11)

    def deviator(strain: np.ndarray) -> np.ndarray:
        return strain - (strain @ TRACE)[..., None] * TRACE / 3.0

    np.testing.assert_allclose(deviator(found), deviator(plain), rtol=1e-11, atol=1e-11)


@every_rule
@settings(max_examples=5, deadline=None)
@given(matrix=st.lists(st.floats(-10.0, 10.0), min_size=9, max_size=9).map(lambda v: np.reshape(v, (3, 3))))
def test_patch_test_linear_displacement_gives_constant_strain(distorted, cell_type, quadrature, matrix) -> None:
    mesh = distorted(cell_type, quadrature=quadrature)
    strain = StrainOperator(b_bar(mesh)).strain((mesh.points @ matrix.T)[None])
    np.testing.assert_allclose(strain, np.broadcast_to(mandel_from_matrix(matrix), strain.shape),
                               atol=1e-11 * (1 + np.abs(matrix).max()))


@pytest.mark.parametrize("cell_type", LINEAR)
def test_patch_test_forces_of_a_uniform_stress_vanish_inside(cell_type) -> None:
    mesh = b_bar(box_mesh(cell_type, (3, 3, 3)))
    inside = np.setdiff1d(np.arange(mesh.n_node), np.unique(np.concatenate(
        [block.connectivity.ravel() for block in mesh.face_tags["skin"].blocks])))
    points = mesh.points.copy()
    points[inside] += np.random.default_rng(5).uniform(-0.05, 0.05, (len(inside), 3))
    operator = StrainOperator(replace(mesh, points=points))
    force = operator.internal_force(np.broadcast_to(np.arange(1.0, 7.0), (1, operator.n_ip, 6)))
    np.testing.assert_allclose(force[0, inside], 0.0, atol=1e-13)


@every_rule
def test_virtual_work_of_internal_forces_is_that_of_the_stress(distorted, cell_type, quadrature) -> None:
    mesh, rng = b_bar(distorted(cell_type, quadrature=quadrature)), np.random.default_rng(1)
    operator = StrainOperator(mesh)
    u, stress = rng.normal(size=(3, mesh.n_node, 3)), rng.normal(size=(3, operator.n_ip, 6))
    kept = stress.copy()
    inside = np.einsum("tpk,tpk,p->t", operator.strain(u), stress, operator.weights)
    outside = np.einsum("tni,tni->t", operator.internal_force(stress), u)
    np.testing.assert_allclose(outside, inside, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(stress, kept)


@every_rule
def test_the_matrix_and_the_strain_at_some_points_are_the_operator(distorted, cell_type, quadrature) -> None:
    mesh, rng = b_bar(distorted(cell_type, quadrature=quadrature)), np.random.default_rng(2)
    operator = StrainOperator(mesh)
    u = rng.normal(size=(2, mesh.n_node, 3))
    ips = rng.permutation(operator.n_ip)[:25]
    ips = np.append(ips, ips[:3])
    expected = operator.strain(u)
    np.testing.assert_allclose(operator.strain_at(u, ips), expected[:, ips], atol=1e-11)
    np.testing.assert_allclose((operator.strain_matrix(ips) @ u[0].ravel()).reshape(-1, 6), expected[0, ips],
                               atol=1e-11)
    np.testing.assert_allclose((operator.strain_matrix() @ u[1].ravel()).reshape(-1, 6), expected[1], atol=1e-11)


def test_only_the_blocks_that_are_b_bar_are_so(mixed: Mesh) -> None:
    blocks = (replace(mixed.blocks[0], formulation=B_BAR), mixed.blocks[1])
    operator, plain = StrainOperator(replace(mixed, blocks=blocks)), StrainOperator(mixed)
    u, n = np.random.default_rng(3).normal(size=(1, mixed.n_node, 3)), 8 * mixed.blocks[0].n_cell
    np.testing.assert_array_equal(operator.strain(u)[:, n:], plain.strain(u)[:, n:])
    assert np.abs(operator.strain(u) - plain.strain(u))[:, :n].max() > 0.1
    ips = np.array([n + 3, 5, n - 1, n])
    np.testing.assert_allclose(operator.strain_at(u, ips), operator.strain(u)[:, ips], atol=1e-11)
    np.testing.assert_allclose((operator.strain_matrix(ips) @ u.ravel()).reshape(-1, 6), operator.strain(u)[0, ips],
                               atol=1e-11)


@every_rule
def test_the_stiffness_is_that_of_the_operator(distorted, cell_type, quadrature) -> None:
    operator = StrainOperator(b_bar(distorted(cell_type, quadrature=quadrature)))
    tangent = np.random.default_rng(4).normal(size=(operator.n_ip, 6, 6))
    B = operator.strain_matrix()
    C = sparse.block_diag(list(tangent * operator.weights[:, None, None]))
    found = stiffness(operator, tangent)
    np.testing.assert_allclose(found, (B.T @ C @ B).toarray(), atol=1e-11 * np.abs(found).max())
    symmetric = stiffness(operator, tangent + tangent.transpose(0, 2, 1))
    np.testing.assert_allclose(symmetric, symmetric.T, atol=1e-12 * np.abs(symmetric).max())


def test_the_stiffness_is_the_derivative_of_the_forces_of_a_nonlinear_law(distorted) -> None:
    operator = StrainOperator(b_bar(distorted("hex8")))
    C, rng = hooke(200.0, 0.4), np.random.default_rng(5)

    def force(u: np.ndarray) -> np.ndarray:
        strain = operator.strain(u[None])
        return operator.internal_force(strain @ C + 40.0 * (strain**2).sum(axis=-1, keepdims=True) * strain)[0]

    u, v, h = rng.normal(size=(operator.n_node, 3)), rng.normal(size=(operator.n_node, 3)), 1e-5
    strain = operator.strain(u[None])[0]
    tangent = C + 40.0 * ((strain**2).sum(axis=1)[:, None, None] * np.eye(6)
                          + 2.0 * strain[:, :, None] * strain[:, None, :])
    found = stiffness(operator, tangent) @ v.ravel()
    expected = (force(u + h * v) - force(u - h * v)).ravel() / (2 * h)
    np.testing.assert_allclose(found, expected, atol=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("cell_type", LINEAR)
def test_one_cell_has_no_other_motion_without_stress_than_the_rigid_ones(cell_type) -> None:
    kind = element(cell_type)
    points = kind.nodes + np.random.default_rng(6).uniform(-0.05, 0.05, kind.nodes.shape)
    block = CellBlock(cell_type, np.arange(kind.n_node)[None], np.array([1]), kind.default_rule, formulation=B_BAR)
    operator = StrainOperator(Mesh(points, (block,), np.arange(kind.n_node)))
    values = np.linalg.eigvalsh(stiffness(operator, np.tile(hooke(1.0, 0.3), (operator.n_ip, 1, 1))))
    assert (np.abs(values[:6]) < 1e-12).all() and values[6] > 1e-4


def test_forces_do_not_depend_on_how_the_mesh_is_cut() -> None:
    whole = b_bar(box_mesh("hex8", (4, 2, 2)))
    u = np.random.default_rng(7).normal(size=(1, whole.n_node, 3))
    operator = StrainOperator(whole)
    expected = operator.internal_force(operator.strain(u) @ hooke(1.0, 0.4))[0]
    total = np.zeros_like(expected)
    for piece in partition(whole, 3):
        part, nodes = StrainOperator(piece), np.searchsorted(whole.node_ids, piece.node_ids)
        total[nodes] += part.internal_force(part.strain(u[:, nodes]) @ hooke(1.0, 0.4))[0]
    np.testing.assert_allclose(total, expected, atol=1e-13 * np.abs(expected).max())


def test_the_bound_of_forces_holds(distorted) -> None:
    operator = StrainOperator(b_bar(distorted("hex8")))
    stress = np.random.default_rng(8).normal(size=(200, operator.n_ip, 6))
    size = operator.force_size(np.linalg.norm(stress, axis=2).max(axis=0))
    assert (np.linalg.norm(operator.internal_force(stress), axis=2) <= size * (1 + 1e-12)).all()


@pytest.mark.parametrize(("cell_type", "equal"), [
    ("wedge6", (0, 1, 2, 2, 3, 4, 5, 5)), ("pyramid5", (0, 1, 2, 3, 4, 4, 4, 4))])
def test_b_bar_of_a_hexahedron_with_equal_nodes_is_that_of_the_shape_that_it_has(cell_type, equal) -> None:
    """The hexahedron written out: singular at the equal nodes, but not at its points."""
    kind, rng = element(cell_type), np.random.default_rng(11)
    points, u = kind.nodes + rng.uniform(-0.1, 0.1, kind.nodes.shape), rng.normal(size=(kind.n_node, 3))
    block = CellBlock(cell_type, np.arange(kind.n_node)[None], np.array([1]), f"{kind.cell}_8_hex", formulation=B_BAR)
    operator = StrainOperator(Mesh(points, (block,), np.arange(kind.n_node)))
    cube, eight, nodes = element("hex8"), rule("hex_gauss_8"), list(equal)
    gradient = cube.gradient(eight.points)
    jacobian = np.einsum("ai,qaj->qij", points[nodes], gradient)
    weights = eight.weights * np.linalg.det(jacobian)
    slope = np.einsum("ai,qaj->qij", u[nodes], gradient @ np.linalg.inv(jacobian))
    strain = np.array([mandel_from_matrix(0.5 * (one + one.T)) for one in slope])
    trace = strain @ TRACE
    strain += np.outer((weights @ trace / weights.sum() - trace) / 3.0, TRACE)
    np.testing.assert_allclose(operator.weights, weights, rtol=1e-12)
    np.testing.assert_allclose(operator.strain(u[None])[0], strain, rtol=1e-10, atol=1e-10)


def membrane(cell_type: str, n: int, formulation: str, quadrature: str | None = None) -> float:
    """Cook's membrane (1974) in plane strain, nearly incompressible: how far the upper corner moves up."""
    mesh = box_mesh(cell_type, (n, n, 1), quadrature=quadrature)
    s, t, z = mesh.points.T
    points = np.column_stack([48.0 * s, 44.0 * s + (44.0 - 28.0 * s) * t, z * 48.0 / n])
    return tip(b_bar(replace(mesh, points=points), formulation), 48.0 / n)


def tip(mesh: Mesh, thickness: float = 1.0) -> float:
    """Where the end of a membrane is pulled up by a unit force for a unit of thickness."""
    operator, points, k = StrainOperator(mesh), mesh.points, mesh.dimension
    C = sparse.block_diag(list(hooke(70.0, 0.4999) * operator.weights[:, None, None]), format="csr")
    K = (operator.strain_matrix().T @ C @ operator.strain_matrix()).tocsr()
    end = mesh.face_tags["xmax"].blocks[0]
    shape, area = face_quadrature(points, end)
    force = np.zeros((mesh.n_node, k))
    share = np.einsum("qa,fq->fa", shape, np.linalg.norm(area, axis=2))
    np.add.at(force[:, 1], end.connectivity, share / share.sum())
    held = np.zeros((mesh.n_node, k), dtype=bool)
    held[mesh.node_tags["xmin"]] = True
    held[:, 2:] = True
    free = np.flatnonzero(~held)
    u = np.zeros(k * mesh.n_node)
    u[free] = spsolve(K[free][:, free].tocsc(), force.ravel()[free] * thickness)
    return float(u.reshape(-1, k)[np.argmax(points.sum(axis=1)), 1])


def test_a_nearly_incompressible_membrane_does_not_lock() -> None:
    """Against the 20-node hexahedron of 8 points, which does not lock either."""
    reference = membrane("hex20", 24, "standard", "hex_gauss_8")
    assert membrane("hex8", 16, B_BAR) == pytest.approx(reference, rel=0.02)
    assert membrane("hex8", 16, "standard") < 0.35 * reference


@pytest.mark.skipif(not FIL.exists(), reason="the file of Abaqus is not here")
def test_a_c3d8_of_abaqus_has_the_strain_and_stress_of_b_bar_and_not_those_of_the_plain_element() -> None:
    records = list(fil_records(FIL.read_text().replace("\n", "")))
    points = {record[2]: record[3:6] for record in records if record[1] == 1901}
    moved = {record[2]: record[3:6] for record in records if record[1] == 101}
    nodes = next(record[4:12] for record in records if record[1] == 1900)
    stress, strain = (np.array([record[2:8] for record in records if record[1] == key]) for key in (11, 21))
    block = CellBlock("hex8", np.arange(8)[None], np.array([1]), "hex_gauss_8")
    mesh = Mesh(np.array([points[node] for node in nodes]), (block,), np.array(nodes))
    u = np.array([[moved[node] for node in nodes]])
    factors = np.array([1.0, 1.0, 1.0, *[np.sqrt(2.0)] * 3])  # Abaqus has 11, 22, 33, 12, 13, 23 and engineering shear
    expected = strain * factors / [1.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    found, plain = StrainOperator(b_bar(mesh)).strain(u)[0], StrainOperator(mesh).strain(u)[0]
    np.testing.assert_allclose(found, expected, atol=1e-13 * np.abs(expected).max())
    np.testing.assert_allclose(found @ hooke(1e5, 0.25), stress * factors, atol=1e-13 * np.abs(stress).max())
    assert np.abs(plain - expected).max() > 0.1 * np.abs(expected).max()
    force = StrainOperator(b_bar(mesh)).internal_force((stress * factors)[None])[0]
    pulled = [node in (5, 6, 7, 8) for node in nodes]  # *CLOAD, set_load, 2, 1e03
    np.testing.assert_allclose(force[pulled], [[0.0, 1e3, 0.0]] * 4, atol=1e-9)


def fil_records(text: str):
    """The records of an ASCII results file: lists of whole numbers (I), numbers (D) and words (A)."""
    at, record = 0, []
    while at < len(text):
        kind = text[at]
        if kind == "*":
            if record:
                yield record
            record, at = [], at + 1
        elif kind == "I":
            width = int(text[at + 1:at + 3])
            record.append(int(text[at + 3:at + 3 + width]))
            at += 3 + width
        elif kind == "D":
            record.append(float(text[at + 1:at + 23].replace("D", "E")))
            at += 23
        else:
            record += [text[at + 1:at + 9]] if kind == "A" else []
            at += 9 if kind == "A" else 1
    yield record


@pytest.mark.parametrize(("name", "cell_type", "words"), [
    ("B-bar", "hex20", "linear cells"), ("B-bar", "tet10", "linear cells"), ("B-bar in plane", "hex8", "plane"),
    ("incompatible modes", "hex8", "expected: one of standard, B-bar"), ("b-bar", "hex8", "did you mean .B-bar")])
def test_what_is_not_reproduced_is_refused_by_name(name, cell_type, words) -> None:
    with pytest.raises(UnsupportedError, match=words) as caught:
        StrainOperator(b_bar(box_mesh(cell_type), name))
    assert name in str(caught.value) and cell_type in str(caught.value)


PLANE = [(kinematics, name) for kinematics in (PLANE_STRAIN, AXISYMMETRIC) for name in (B_BAR, B_BAR_IN_PLANE)]


def plane_mesh(kinematics: str, name: str) -> Mesh:
    return b_bar(rectangle_mesh("quad4", (3, 2), (2.0, 1.0), (0.5, 0.0), kinematics, mapped=lambda points: (
        points + 0.08 * np.sin(9.0 * points[:, ::-1]))), name)


@pytest.mark.parametrize(("kinematics", "name"), PLANE)
def test_plane_and_axisymmetric_cells_have_forces_stiffness_and_matrix_of_one_operator(kinematics, name) -> None:
    mesh, rng = plane_mesh(kinematics, name), np.random.default_rng(9)
    operator = StrainOperator(mesh)
    u, stress = rng.normal(size=(1, mesh.n_node, 2)), rng.normal(size=(1, operator.n_ip, 6))
    strain, matrix = operator.strain(u), operator.strain_matrix()
    work = np.einsum("tpk,tpk,p->", strain, stress, operator.weights)
    np.testing.assert_allclose((operator.internal_force(stress) * u).sum(), work, rtol=1e-11)
    np.testing.assert_allclose((matrix @ u.ravel()).reshape(-1, 6), strain[0], atol=1e-12)
    ips = rng.permutation(operator.n_ip)[:7]
    np.testing.assert_allclose(operator.strain_at(u, ips), strain[:, ips], atol=1e-12)
    tangent = rng.normal(size=(operator.n_ip, 6, 6))
    C = sparse.block_diag(list(tangent * operator.weights[:, None, None]))
    found = stiffness(operator, tangent)
    np.testing.assert_allclose(found, (matrix.T @ C @ matrix).toarray(), atol=1e-12 * np.abs(found).max())


@pytest.mark.parametrize(("kinematics", "name"), PLANE)
def test_plane_and_axisymmetric_cells_average_what_their_formulation_says(kinematics, name) -> None:
    """In the plane, Abaqus changes 11 + 22 alone, and takes the hoop strain as its mean (theory guide, 3.2.4)."""
    mesh = plane_mesh(kinematics, name)
    operator, own = StrainOperator(mesh), StrainOperator(b_bar(mesh, "standard"))
    u = np.random.default_rng(10).normal(size=(1, mesh.n_node, 2))
    found, plain = operator.strain(u)[0], own.strain(u)[0]

    def mean(values: np.ndarray) -> np.ndarray:
        return (np.bincount(own.cell, own.weights * values) / own.cell_volumes)[own.cell]

    np.testing.assert_allclose(found[:, 3:], plain[:, 3:], atol=1e-13)
    if name == B_BAR:
        np.testing.assert_allclose(found @ TRACE, mean(plain @ TRACE), atol=1e-12)
        np.testing.assert_allclose(found[:, 0] - found[:, 2], plain[:, 0] - plain[:, 2], atol=1e-12)
    else:
        np.testing.assert_allclose(found[:, 0] + found[:, 1], mean(plain[:, 0] + plain[:, 1]), atol=1e-12)
        np.testing.assert_allclose(found[:, 2], mean(plain[:, 2]), atol=1e-12)
    np.testing.assert_allclose(found[:, 0] - found[:, 1], plain[:, 0] - plain[:, 1], atol=1e-12)


@pytest.mark.parametrize("name", [B_BAR, B_BAR_IN_PLANE])
def test_a_plane_membrane_does_not_lock_and_b_bar_is_that_of_a_layer_of_hexahedra(name) -> None:
    n = 16
    mesh = b_bar(rectangle_mesh("quad4", (n, n), mapped=lambda p: np.column_stack(
        [48.0 * p[:, 0], 44.0 * p[:, 0] + (44.0 - 28.0 * p[:, 0]) * p[:, 1]])), name)
    found, layer = tip(mesh), membrane("hex8", n, B_BAR)
    if name == B_BAR:
        assert found == pytest.approx(layer, rel=1e-9)
    assert found == pytest.approx(membrane("hex20", 24, "standard", "hex_gauss_8"), rel=0.02)
