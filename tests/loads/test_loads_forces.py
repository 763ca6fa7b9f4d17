"""The nodal forces of a load do the work of the load: resultants and moments, and the textbook values on one face."""

from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import InputError, UnsupportedError
from romlib.loads.forces import force_factor, force_names, node_share, presence, unit_force
from romlib.mesh.box import box_mesh
from romlib.mesh.elements import element
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import (
    ArrayReference,
    BodyForce,
    Centrifugal,
    Material,
    Model,
    NodalForce,
    Pressure,
    Temperature,
    Traction,
)

CELLS = {"hex8": "hex_gauss_8", "hex20": "hex_gauss_27", "tet4": "tet_4", "tet10": "tet_4", "wedge6": "wedge_6",
         "wedge15": "wedge_9", "hex27": "hex_gauss_27", "pyramid5": "pyramid_8", "pyramid13": "pyramid_27"}
STEEL = {"steel": Material(law="elastic", density=7.8e-9)}


def box(cell_type, n=2, deform=None):
    """The unit cube, with its skin."""
    mesh = box_mesh(cell_type, (n, n, n), quadrature=CELLS[cell_type])
    return mesh if deform is None else replace(mesh, points=deform(mesh.points))


def bulge(x):
    """A smooth map: curved faces, where the elements can have them."""
    return x + 0.1 * np.stack([np.sin(2 * x[:, 1]), x[:, 2] * x[:, 0], np.cos(x[:, 0])], axis=1)


def face(nodes, face_type, **arrays):
    """A mesh with one cell that is not used, and one loaded face on the given nodes."""
    block = FaceBlock(face_type, np.arange(len(nodes))[None])
    loaded = FaceSet((block,), arrays)
    return Mesh(np.asarray(nodes, dtype=float), (), np.arange(len(nodes)), face_tags={"loaded": loaded})


def on_face(load, mesh):
    return unit_force(load, mesh, {}, None)


@pytest.mark.parametrize("cell_type", CELLS)
@pytest.mark.parametrize("deform", [None, bulge])
def test_a_uniform_pressure_on_a_closed_surface_is_in_equilibrium(cell_type, deform):
    mesh = box(cell_type, deform=deform)
    force = on_face(Pressure(faces="skin", value=3.0), mesh)
    assert np.abs(force).max() > 0.01
    np.testing.assert_allclose(force.sum(axis=0), 0.0, atol=1e-13)
    np.testing.assert_allclose(np.cross(mesh.points, force).sum(axis=0), 0.0, atol=1e-13)


@pytest.mark.parametrize("cell_type", CELLS)
def test_a_pressure_pushes_inwards_and_a_hydrostatic_one_gives_the_buoyancy(cell_type):
    mesh = box(cell_type)
    depth = replace(mesh, node_arrays={"depth": 5.0 - mesh.points[:, 2]})
    force = on_face(Pressure(faces="skin", value=ArrayReference(array="depth")), depth)
    np.testing.assert_allclose(force.sum(axis=0), [0, 0, 1.0], atol=1e-13)
    uniform = on_face(Pressure(faces="skin"), mesh)
    assert np.einsum("ni,ni->", uniform, mesh.points - 0.5) == pytest.approx(-3.0)  # -p times div(x) times the volume


@pytest.mark.parametrize("cell_type", CELLS)
def test_a_traction_sums_to_traction_times_area(cell_type):
    force = on_face(Traction(faces="skin", direction=(1.0, 2.0, 0.0), value=7.0), box(cell_type))
    np.testing.assert_allclose(force.sum(axis=0), 6 * 7.0 * np.array([1.0, 2.0, 0.0]), rtol=1e-13, atol=1e-13)


def test_the_corners_of_a_quadratic_triangle_carry_nothing():
    nodes = [(0, 0, 0), (2, 0, 0), (0, 2, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    force = on_face(Traction(faces="loaded", direction=(0, 0, 1)), face(nodes, "tri6"))
    np.testing.assert_allclose(force[:, 2], 2.0 * np.array([0, 0, 0, 1, 1, 1]) / 3, atol=1e-14)


def test_the_corners_of_a_quadratic_quadrangle_pull_back():
    nodes = [(0, 0, 0), (2, 0, 0), (2, 3, 0), (0, 3, 0), (1, 0, 0), (2, 1.5, 0), (1, 3, 0), (0, 1.5, 0)]
    force = on_face(Pressure(faces="loaded"), face(nodes, "quad8"))
    np.testing.assert_allclose(force[:, 2], -6.0 * np.array([-1, -1, -1, -1, 4, 4, 4, 4]) / 12, atol=1e-14)
    np.testing.assert_allclose(force[:, :2], 0.0, atol=1e-14)


def test_a_linear_pressure_on_a_triangle_is_integrated_with_its_shape_functions():
    mesh = face([(0, 0, 0), (1, 0, 0), (0, 1, 0)], "tri3")
    mesh = replace(mesh, node_arrays={"p": np.array([1.0, 0.0, 0.0])})
    force = on_face(Pressure(faces="loaded", value=ArrayReference(array="p")), mesh)
    np.testing.assert_allclose(-force[:, 2], np.array([2, 1, 1]) / 24, atol=1e-15)


def test_one_value_a_face_goes_to_its_own_face():
    mesh = box("hex8")
    faces = mesh.face_tags["skin"]
    value = np.arange(faces.n_face, dtype=float)
    with_array = replace(mesh, face_tags={"skin": FaceSet(faces.blocks, {"value": value})})
    load = Traction(faces="skin", direction=(0, 0, 1), value=ArrayReference(array="value"))
    assert on_face(load, with_array)[:, 2].sum() == pytest.approx(value.sum() / 4)
    centers = np.concatenate([mesh.points[block.connectivity].mean(axis=1) for block in faces.blocks])
    only_top = replace(mesh, face_tags={
        "skin": FaceSet(faces.blocks, {"value": (centers[:, 2] > 0.999).astype(float)})})
    force = on_face(load, only_top)
    assert force[:, 2].sum() == pytest.approx(1.0)
    assert not force[mesh.points[:, 2] < 0.999].any()


@pytest.mark.parametrize("cell_type", CELLS)
def test_the_weight_is_density_times_volume(cell_type):
    mesh = box(cell_type, deform=bulge)
    operator = StrainOperator(mesh)
    force = unit_force(BodyForce(direction=(0, 0, -9810.0), per="mass"), mesh, STEEL, operator)
    np.testing.assert_allclose(
        force.sum(axis=0), [0, 0, -9810.0 * 7.8e-9 * operator.weights.sum()], rtol=1e-12, atol=1e-18)
    per_volume = unit_force(BodyForce(direction=(2.0, 0, 0)), mesh, {}, operator)
    np.testing.assert_allclose(per_volume.sum(axis=0), [2.0 * operator.weights.sum(), 0, 0], rtol=1e-12, atol=1e-14)


def test_a_body_force_on_a_linear_tetrahedron_is_shared_equally():
    mesh = Mesh(element("tet4").nodes, (CellBlock("tet4", np.arange(4)[None], np.array([1]), "tet_4"),), np.arange(4))
    force = unit_force(BodyForce(direction=(0, 0, 1.0)), mesh, {}, StrainOperator(mesh))
    np.testing.assert_allclose(force[:, 2], 1.0 / 24.0, rtol=1e-13)


@pytest.mark.parametrize("cell_type", CELLS)
def test_the_centrifugal_force_is_that_of_the_mass_at_its_centre(cell_type):
    mesh = box(cell_type)
    load = Centrifugal(center=(3.5, -20.0, 1.5), axis=(0, 0, 2.0), speed=1.5e4)
    force = unit_force(load, mesh, STEEL, StrainOperator(mesh))
    arm = np.array([0.5 - 3.5, 0.5 + 20.0, 0.0])
    np.testing.assert_allclose(force.sum(axis=0), 7.8e-9 * 1.5e4**2 * arm, rtol=1e-12, atol=1e-12)
    moment = np.cross(mesh.points - np.array(load.center), force).sum(axis=0)
    assert abs(moment[2]) < 1e-10 * np.linalg.norm(force.sum(axis=0))


def test_the_amplitude_of_a_rotation_multiplies_the_speed():
    rotation = Centrifugal(center=(0, 0, 0), axis=(0, 0, 1))
    np.testing.assert_array_equal(force_factor(rotation, np.array([0.0, -2.0, 3.0])), [0, 4, 9])
    np.testing.assert_array_equal(force_factor(Pressure(faces="skin"), np.array([0.0, -2.0])), [0, -2])


def test_a_volume_load_acts_on_the_cells_of_its_tag_only():
    mesh = box("hex8")
    lower = np.flatnonzero(mesh.points[mesh.blocks[0].connectivity][..., 2].max(axis=1) < 0.6)
    tagged = replace(mesh, cell_tags={"lower": lower})
    operator = StrainOperator(tagged)
    force = unit_force(BodyForce(cells="lower", direction=(1.0, 0, 0)), tagged, {}, operator)
    assert force.sum() == pytest.approx(0.5)
    assert not force[mesh.points[:, 2] > 0.6].any()


@pytest.mark.parametrize("load", [
    Traction(faces="skin", direction=(0, 1, 0)), Pressure(faces="skin", value=-2.0),
    NodalForce(nodes="some", direction=(1, 0, 1)), BodyForce(direction=(0, 0, 1), per="mass"),
    Centrifugal(center=(0, 0, 0), axis=(1, 0, 0)),
])
def test_the_pieces_add_up_to_the_whole(load):
    whole = box("hex8", n=3)
    whole = replace(whole, node_tags={"some": np.flatnonzero(whole.points[:, 0] > 0.3)})
    expected = unit_force(load, whole, STEEL, StrainOperator(whole))
    pieces = number_shared_nodes(partition(whole, 3))
    n_shared = 1 + max(piece.shared_index.max() for piece in pieces)
    counts = sum(presence(piece, n_shared) for piece in pieces)
    assert counts.min() >= 2
    total = np.zeros_like(expected)
    for piece in pieces:
        part = unit_force(load, piece, STEEL, StrainOperator(piece), node_share=node_share(piece, counts))
        total[piece.node_ids - 1] += part
    np.testing.assert_allclose(total, expected, atol=1e-13 * np.abs(expected).max())


def test_a_nodal_force_on_shared_nodes_needs_the_share():
    mesh = Mesh(np.zeros((2, 3)), (), np.arange(2), node_tags={"a": np.array([0])}, shared_index=np.array([0, -1]))
    with pytest.raises(InputError, match="node_share"):
        unit_force(NodalForce(nodes="a", direction=(1, 0, 0)), mesh, {}, None)


def test_a_nodal_force_may_differ_from_node_to_node():
    mesh = box("hex8", n=1)
    forces = np.arange(3.0 * mesh.n_node).reshape(-1, 3)
    mesh = replace(mesh, node_tags={"some": np.array([1, 5])}, node_arrays={"pull": forces})
    found = unit_force(NodalForce(nodes="some", direction=ArrayReference(array="pull")), mesh, {}, None)
    assert np.array_equal(found[[1, 5]], forces[[1, 5]])
    assert not np.delete(found, [1, 5], axis=0).any()


@pytest.mark.parametrize(("load", "said"), [
    (Pressure(faces="top"), "'top'"), (NodalForce(nodes="top", direction=(1, 0, 0)), "'top'"),
    (Pressure(faces="skin", value=ArrayReference(array="pression")), "'pression'"),
    (BodyForce(cells="top", direction=(1, 0, 0)), "top"),
    (NodalForce(nodes="some", direction=ArrayReference(array="pull")), "'pull'"),
])
def test_a_name_that_the_mesh_lacks_is_said(load, said):
    mesh = replace(box("hex8", n=1), node_tags={"some": np.array([0])})
    with pytest.raises(InputError, match=said):
        unit_force(load, mesh, STEEL, StrainOperator(mesh), name="blow")


def test_a_missing_density_names_the_material_and_the_load():
    mesh = box("hex8", n=1)
    load = Centrifugal(center=(0, 0, 0), axis=(1, 0, 0))
    with pytest.raises(InputError, match=r"(?s)'alu'.*'spin'.*materials\.alu\.density"):
        unit_force(load, mesh, {"alu": Material(law="elastic")}, StrainOperator(mesh), name="spin")
    with pytest.raises(InputError, match="no material"):
        unit_force(load, mesh, {}, StrainOperator(mesh), name="spin")


def test_a_value_that_is_not_finite_is_refused():
    mesh = box("hex8", n=1)
    faces = FaceSet(mesh.face_tags["skin"].blocks, {"p": np.array([1.0, np.nan, 1, 1, 1, 1])})
    mesh = replace(mesh, face_tags={"skin": faces})
    with pytest.raises(InputError, match="not finite"):
        on_face(Pressure(faces="skin", value=ArrayReference(array="p")), mesh)


def test_a_nodal_force_needs_values_at_its_own_nodes_alone():
    mesh = box("hex8", n=1)
    forces = np.full((mesh.n_node, 3), np.nan)
    forces[[1, 5]] = 2.0
    mesh = replace(mesh, node_tags={"some": np.array([1, 5]), "more": np.array([1, 4])}, node_arrays={"pull": forces})
    found = unit_force(NodalForce(nodes="some", direction=ArrayReference(array="pull")), mesh, {}, None)
    assert found.sum() == 12.0 and np.isfinite(found).all()
    with pytest.raises(InputError, match=rf"not finite(?s:.*)node {mesh.node_ids[4]}"):
        unit_force(NodalForce(nodes="more", direction=ArrayReference(array="pull")), mesh, {}, None)


def test_a_temperature_is_no_force():
    model = Model(loads={"hot": Temperature(field=1.0), "p": Pressure(faces="skin")})
    assert force_names(model) == ["p"]
    with pytest.raises(UnsupportedError):
        on_face(Temperature(field=1.0), box("hex8", n=1))
