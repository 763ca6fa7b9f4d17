"""Meshes of two dimensions: strain operator, mass, faces and skin, against a solid and closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.faces import loaded_faces
from romlib.mesh.mass import mass_matrix
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import partition
from romlib.mesh.quadrature import RULES
from romlib.mesh.rectangle import rectangle_mesh
from romlib.mesh.skin import add_skin, orient_outward
from romlib.mesh.whole import whole_mesh

CELLS = ("tri3", "tri6", "quad4", "quad8")
PAIRS = [(cell, rule.name) for cell in CELLS for rule in RULES.values() if rule.cell == element(cell).cell]
every_cell = pytest.mark.parametrize("cell", CELLS)
every_pair = pytest.mark.parametrize(("cell", "quadrature"), PAIRS)
both = pytest.mark.parametrize("kinematics", ["plane strain", "axisymmetric"])
RNG = np.random.default_rng(3)


def bent(points: np.ndarray) -> np.ndarray:
    """A smooth map, so that cells are not affine."""
    x, y = points.T
    return np.column_stack([x + 0.06 * y**2 + 0.03 * x * y, y + 0.05 * x * y])


def ring(cell: str, kinematics: str = "axisymmetric", quadrature: str | None = None, bend: bool = True) -> Mesh:
    """A section of a ring, 1 <= r <= 3, of height 1.5."""
    return rectangle_mesh(cell, (3, 2), (2.0, 1.5), (1.0, 0.0), kinematics, quadrature=quadrature,
                          mapped=bent if bend else None)


@pytest.mark.parametrize(("cell", "quadrature"), [pair for pair in PAIRS if pair[0] in ("tri3", "quad4")])
def test_plane_strain_is_a_solid_of_one_layer_that_does_not_move_across(cell: str, quadrature: str) -> None:
    """The same displacement in both ends of a solid: hexahedra and wedges that are made of the cells."""
    plane = ring(cell, "plane strain", quadrature)
    plane = replace(plane, thickness=0.7)
    n = plane.n_node
    below = np.column_stack([plane.points, np.zeros(n)])
    nodes = plane.blocks[0].connectivity
    kind = {"tri3": "wedge6", "quad4": "hex8"}[cell]
    operator, u = StrainOperator(plane), RNG.standard_normal((2, n, 2))
    solid = Mesh(np.concatenate([below, below + np.array([0.0, 0.0, 0.7])]),
                 (CellBlock(kind, np.concatenate([nodes, nodes + n], axis=1), plane.cell_ids,
                            {"tri_1": "wedge_2", "tri_3": "wedge_6", "tri_6": "wedge_18", "tri_7": "wedge_21",
                             "quad_gauss_1": "hex_gauss_1", "quad_gauss_4": "hex_gauss_8",
                             "quad_gauss_9": "hex_gauss_27"}[quadrature]),), np.arange(1, 2 * n + 1))
    other = StrainOperator(solid)
    moved = np.concatenate([u, np.zeros((2, n, 1))], axis=2)
    strain = other.strain(np.concatenate([moved, moved], axis=1))
    n_q, layers = operator.n_ip // plane.n_cell, other.n_ip // operator.n_ip
    by_layer = strain.reshape(2, plane.n_cell, layers, n_q, 6)
    np.testing.assert_allclose(operator.strain(u).reshape(2, plane.n_cell, n_q, 6), by_layer[:, :, 0], atol=1e-13)
    stress = RNG.standard_normal((2, plane.n_cell, 1, n_q, 6)).repeat(layers, axis=2)
    stress[..., 4:] = 0.0
    force = other.internal_force(stress.reshape(2, -1, 6))
    here = operator.internal_force(stress[:, :, 0].reshape(2, -1, 6))
    np.testing.assert_allclose(here, force[:, :n, :2] + force[:, n:, :2], atol=1e-13)
    assert operator.weights.sum() == pytest.approx(other.weights.sum(), rel=1e-13)


@every_pair
@both
def test_forces_strains_and_stiffness_are_of_one_matrix(cell: str, quadrature: str, kinematics: str) -> None:
    mesh = ring(cell, kinematics, quadrature)
    operator = StrainOperator(mesh)
    B, u = operator.strain_matrix(), RNG.standard_normal((2, mesh.n_node, 2))
    flat = u.reshape(2, -1)
    np.testing.assert_allclose(operator.strain(u).reshape(2, -1), (B @ flat.T).T, atol=1e-12)
    ips = RNG.permutation(operator.n_ip)[:5]
    np.testing.assert_allclose(operator.strain_at(u, ips), operator.strain(u)[:, ips], atol=1e-12)
    stress = RNG.standard_normal((2, operator.n_ip, 6))
    expected = (B.T @ (operator.weights[:, None] * stress).reshape(2, -1).T).T
    np.testing.assert_allclose(operator.internal_force(stress).reshape(2, -1), expected, atol=1e-11)
    tangent = RNG.standard_normal((operator.n_ip, 6, 6))
    C = sparse.block_diag(operator.weights[:, None, None] * tangent)
    n, nodes = mesh.n_node, mesh.blocks[0].connectivity
    slots = nodes[:, :, None] * n + nodes[:, None, :]  # a full pattern: every pair of nodes has its place
    values = np.zeros(4 * n * n)
    operator.add_stiffness(tangent, np.arange(n), [slots], np.arange(n + 1) * n, values)
    np.testing.assert_allclose(values.reshape(2 * n, 2 * n), (B.T @ C @ B).toarray(), atol=1e-10)
    bound = operator.force_size(np.linalg.norm(stress[0], axis=1))
    assert (np.linalg.norm(operator.internal_force(stress)[0], axis=1) <= bound * (1 + 1e-12)).all()


@every_pair
def test_an_axisymmetric_strain_is_that_of_its_displacement(cell: str, quadrature: str) -> None:
    """u = (a r + b z, c z + d r): 11 = a, 22 = c, 33 = u_r / r, 12 = (b + d) / 2, wherever the points are."""
    mesh, (a, b, c, d) = ring(cell, quadrature=quadrature), (0.3, 0.0, -0.2, 0.4)
    r, z = mesh.points.T
    operator = StrainOperator(mesh)
    strain = operator.strain(np.column_stack([a * r + b * z, c * z + d * r])[None])[0]
    np.testing.assert_allclose(strain, np.tile([a, c, a, (b + d) / np.sqrt(2.0), 0.0, 0.0], (len(strain), 1)),
                               atol=1e-13)
    shifted = operator.strain(np.column_stack([np.ones(len(r)), np.zeros(len(r))])[None])[0]
    np.testing.assert_allclose(shifted[:, 2], 1.0 / operator.coordinates[:, 0], rtol=1e-12)
    assert not np.abs(shifted[:, [0, 1, 3, 4, 5]]).max() > 1e-13


@every_cell
def test_the_volume_and_the_mass_are_those_of_the_whole_ring(cell: str) -> None:
    mesh = ring(cell, bend=False)
    volume = np.pi * (3.0**2 - 1.0) * 1.5
    rule = {"tri3": "tri_3", "tri6": "tri_3", "quad4": "quad_gauss_4", "quad8": "quad_gauss_4"}[cell]
    assert StrainOperator(ring(cell, quadrature=rule, bend=False)).weights.sum() == pytest.approx(volume, rel=1e-13)
    M, r = mass_matrix(mesh), mesh.points[:, 0]
    assert M.sum() == pytest.approx(volume, rel=1e-13)
    assert r @ (M @ r) == pytest.approx(2.0 * np.pi * 1.5 * (3.0**4 - 1.0) / 4.0, rel=1e-13)  # r^2 is exact in all
    assert np.linalg.eigvalsh(M.toarray()).min() > 0.0


@every_cell
def test_a_mesh_on_the_axis_has_positive_mass_and_strain_there(cell: str) -> None:
    mesh = rectangle_mesh(cell, (2, 2), (1.0, 1.0), (0.0, 0.0), "axisymmetric")
    assert np.linalg.eigvalsh(mass_matrix(mesh).toarray()).min() > 0.0
    r, z = mesh.points.T
    strain = StrainOperator(mesh).strain(np.column_stack([r, 0.0 * z])[None])[0]
    np.testing.assert_allclose(strain[:, [0, 2]], 1.0, rtol=1e-12)


@every_cell
@both
def test_the_skin_goes_around_and_its_normals_point_outwards(cell: str, kinematics: str) -> None:
    mesh = ring(cell, kinematics)
    total, moment = np.zeros(2), 0.0
    for block in mesh.face_tags["skin"].blocks:
        shape, area = loaded_faces(mesh, block)
        at = np.einsum("qa,fai->fqi", shape, mesh.points[block.connectivity])
        total += area.sum(axis=(0, 1))
        moment += (at * area).sum()  # the divergence of x is 2, in a ring 3 of (r, z)
    volume = mass_matrix(mesh).sum()
    assert mesh.face_tags["skin"].n_face == 10
    if kinematics == "plane strain":
        np.testing.assert_allclose(total, 0.0, atol=1e-13)
        assert moment == pytest.approx(2.0 * volume, rel=1e-12)
    else:
        assert total[1] == pytest.approx(0.0, abs=1e-11)
        assert moment == pytest.approx(3.0 * volume, rel=1e-12)


@every_cell
def test_faces_of_a_file_are_turned_outwards_in_two_dimensions(cell: str) -> None:
    mesh = ring(cell)
    skin = mesh.face_tags["skin"]
    turned = FaceSet(tuple(FaceBlock(block.face_type, block.connectivity[:, [1, 0, 2][:block.connectivity.shape[1]]])
                           for block in skin.blocks))
    for block, right in zip(orient_outward(mesh, turned).blocks, skin.blocks):
        np.testing.assert_array_equal(block.connectivity, right.connectivity)


def test_pieces_of_a_plane_mesh_share_nodes_and_have_its_skin() -> None:
    mesh = replace(rectangle_mesh("quad8", (6, 4)), thickness=2.0)
    pieces = add_skin(partition(mesh, 3))
    assert {(p.kinematics, p.thickness, p.points.shape[1]) for p in pieces} == {("plane strain", 2.0, 2)}
    assert sum(p.face_tags["skin"].n_face for p in pieces) == mesh.face_tags["skin"].n_face
    whole = whole_mesh(pieces)
    np.testing.assert_array_equal(whole.points, mesh.points)
    assert (whole.kinematics, whole.thickness) == ("plane strain", 2.0)
    assert StrainOperator(whole).weights.sum() == pytest.approx(2.0, rel=1e-13)


def test_a_node_beyond_the_axis_is_refused_by_name() -> None:
    mesh = rectangle_mesh("quad4", (2, 2), (1.0, 1.0), (-0.25, 0.0), "axisymmetric")
    with pytest.raises(InputError, match="beyond its axis") as error:
        StrainOperator(mesh)
    assert "node 1" in str(error.value) and "-0.25" in str(error.value)


def test_a_node_that_is_on_the_axis_but_for_rounding_is_accepted() -> None:
    mesh = rectangle_mesh("quad4", (2, 2), (1.0, 1.0), (0.0, 0.0), "axisymmetric")
    mesh.points[mesh.points[:, 0] == 0.0, 0] = -1e-15
    assert StrainOperator(mesh).weights.sum() == pytest.approx(np.pi, rel=1e-12)


@pytest.mark.parametrize(("change", "error", "words"), [
    ({"thickness": 0.0}, InputError, "not positive"), ({"thickness": np.nan}, InputError, "not positive"),
    ({"thickness": 2.0, "kinematics": "axisymmetric"}, UnsupportedError, "plane strain alone"),
    ({"kinematics": "plane stress"}, UnsupportedError, "plane stress is not supported"),
    ({"kinematics": "solid"}, InputError, "another number of coordinates"),
])
def test_a_mesh_that_contradicts_itself_is_refused(change: dict, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        StrainOperator(replace(rectangle_mesh("quad4"), **change))


def test_a_clockwise_cell_is_refused() -> None:
    mesh = rectangle_mesh("quad4")
    block = replace(mesh.blocks[0], connectivity=mesh.blocks[0].connectivity[:, ::-1])
    with pytest.raises(InputError, match="Jacobian"):
        StrainOperator(replace(mesh, blocks=(block,)))


def test_faces_of_a_solid_are_no_faces_of_a_plane_mesh() -> None:
    face = FaceBlock("quad4", np.arange(4)[None])
    with pytest.raises(InputError, match="faces of another dimension"):
        loaded_faces(rectangle_mesh("quad4"), face)
    with pytest.raises(InputError, match="faces of another dimension"):
        loaded_faces(box_mesh("hex8"), FaceBlock("line2", np.arange(2)[None]))
