from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from romlib.errors import InputError, UnsupportedError
from romlib.fem.piece import Piece
from romlib.mesh.axes import axes_of_vectors
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.partition import partition
from romlib.model import ArrayReference, Material, Model, Orientation

CRYSTAL = {"C11": 246.5e3, "C12": 147.3e3, "C44": 124.7e3}
FIRST, PLANE = (1.0, 2.0, 0.5), (0.0, 1.0, -1.0)


def mesh_of(cells=(3, 2, 2)):
    mesh = box_mesh("hex8", cells, (3.0, 2.0, 2.0))
    middle = np.concatenate([mesh.points[block.connectivity].mean(axis=1) for block in mesh.blocks])
    left = middle[:, 0] < 1
    return replace(mesh, cell_tags={"left": np.flatnonzero(left), "right": np.flatnonzero(~left)})


def material(cells="all", **orientation):
    return Material(law="cubic", parameters=CRYSTAL, cells=cells,
                    orientation=Orientation.model_validate(orientation) if orientation else None)


def axes_of(mesh, *materials):
    return Piece(mesh, Model(materials={f"m{k}": one for k, one in enumerate(materials)})).points.orientation


def test_two_vectors_give_the_same_axes_to_all_points_of_a_material_and_others_keep_the_coordinates():
    mesh = mesh_of()
    found = axes_of(mesh, material("left", first=FIRST, plane=PLANE), material("right"))
    left = Piece(mesh, Model(materials={"a": material()})).operator.coordinates[:, 0] < 1
    np.testing.assert_allclose(found[left], np.tile(axes_of_vectors(FIRST, PLANE), (left.sum(), 1, 1)))
    np.testing.assert_array_equal(found[~left], np.tile(np.eye(3), ((~left).sum(), 1, 1)))


def test_a_piece_without_axes_has_none():
    assert axes_of(mesh_of(), material()) is None


def test_cell_arrays_give_each_cell_its_own_axes_also_of_a_piece_that_was_cut():
    mesh = mesh_of()
    random = np.random.default_rng(0)
    arrays = {"a": random.normal(size=(mesh.n_cell, 3)), "b": random.normal(size=(mesh.n_cell, 3))}
    mesh = replace(mesh, cell_arrays=arrays)
    by_array = material(first=ArrayReference(array="a"), plane=ArrayReference(array="b"))
    expected = dict(zip(mesh.cell_ids, axes_of_vectors(arrays["a"], arrays["b"])))
    for piece in partition(mesh, 3):
        operator = Piece(piece, Model(materials={"m": by_array})).operator
        np.testing.assert_allclose(axes_of(piece, by_array), [expected[k] for k in operator.cell_ids])


def test_cylindrical_axes_turn_with_the_place_of_each_integration_point():
    mesh = mesh_of()
    found = axes_of(mesh, material(center=(0.0, -1.0, 0.0), axis=(0.0, 0.0, 2.0), turn=90.0, about=3))
    radius = Piece(mesh, Model(materials={"a": material()})).operator.coordinates * [1, 1, 0] + [0, 1, 0]
    radius /= np.linalg.norm(radius, axis=1, keepdims=True)
    np.testing.assert_allclose(found[:, 1], -radius, atol=1e-15)
    np.testing.assert_allclose(found[:, 2], np.tile([0, 0, 1], (len(found), 1)), atol=1e-15)


def test_a_cylinder_through_an_integration_point_is_refused_with_the_cell():
    mesh = mesh_of((1, 1, 1))
    at = Piece(mesh, Model(materials={"a": material()})).operator.coordinates[3]
    with pytest.raises(InputError, match=r"axis of the material axes' cylinder(.|\n)*m0.orientation(.|\n)*cell 1"):
        axes_of(mesh, material(center=tuple(at), axis=(0, 0, 1)))


@pytest.mark.parametrize(("arrays", "said"), [
    ({}, "the cell array 'a' does not exist"), ({"a": np.ones((12, 2)), "b": np.ones((12, 3))}, "no field of vectors"),
    ({"a": np.ones((12, 3)), "b": np.ones((12, 3))}, "parallel, or have no direction"),
    ({"a": np.zeros((12, 3)), "b": np.ones((12, 3))}, "parallel, or have no direction"),
    ({"a": np.full((12, 3), np.nan), "b": np.ones((12, 3))}, "parallel, or have no direction")])
def test_cell_arrays_that_are_no_axes_are_refused(arrays, said):
    by_array = material(first=ArrayReference(array="a"), plane=ArrayReference(array="b"))
    with pytest.raises(InputError, match=said):
        axes_of(replace(mesh_of(), cell_arrays=arrays), by_array)


@pytest.mark.parametrize(("orientation", "said"), [
    ({"first": FIRST, "plane": (2.0, 4.0, 1.0)}, "parallel"), ({"first": (0, 0, 0), "plane": PLANE}, "no direction"),
    ({"first": FIRST}, "need first and plane, or else center and axis"), ({}, "need first and plane"),
    ({"first": FIRST, "plane": PLANE, "axis": (0, 0, 1)}, "need first and plane"),
    ({"center": (0, 0, 0), "axis": (0, 0, 0)}, "no direction"), ({"first": FIRST, "plane": PLANE, "about": 4}, "about"),
    ({"first": FIRST, "plane": {"array": "a"}}, "both be vectors, or both cell arrays")])
def test_an_orientation_that_says_no_axes_is_refused(orientation, said):
    with pytest.raises(ValidationError, match=said):
        Orientation.model_validate(orientation)


def test_in_two_dimensions_one_of_the_axes_is_normal_to_the_plane():
    """Others would bend the body out of its plane: a message says by how much they are off."""
    points = np.array([[1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0]])
    block = CellBlock("quad4", np.array([[0, 1, 2, 3]]), np.array([1]), "quad_gauss_4")
    mesh = Mesh(points, (block,), np.arange(4), kinematics="plane strain")
    np.testing.assert_allclose(axes_of(mesh, material(first=(0, 0, 2), plane=(1, 1, 0)))[:, 0], [[0, 0, 1]] * 4)
    assert axes_of(mesh, material(center=(0, 0, 0), axis=(0, 0, 1))).shape == (4, 3, 3)
    with pytest.raises(UnsupportedError, match=r"out of its plane(.|\n)*30 degrees off"):
        axes_of(mesh, material(first=(1, 0, 0), plane=(0, 1, 0), turn=30.0, about=1))
