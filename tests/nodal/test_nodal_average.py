"""Averages at nodes, material by material."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.nodal.average import Averaging, one_value
from romlib.tensors import von_mises


@pytest.mark.parametrize("cell_type", ["hex8", "hex20", "hex27", "tet10", "wedge6", "wedge15", "pyramid5", "pyramid13"])
def test_a_linear_field_is_exact_at_all_nodes(cell_type):
    mesh = box_mesh(cell_type, (3, 2, 2), (3.0, 1.0, 2.0))
    slopes = np.array([[1.0, 2.0, -3.0], [0.5, 0.0, 4.0]])
    at_points = (StrainOperator(mesh).coordinates @ slopes.T)[None] * np.array([1.0, -2.0])[:, None, None]
    found = Averaging(mesh).nodes(at_points)
    expected = (mesh.points @ slopes.T)[None] * np.array([1.0, -2.0])[:, None, None]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_every_cell_around_a_node_counts_as_much():
    mesh = box_mesh("hex8", (2, 1, 1), (4.0, 1.0, 1.0))
    at_points = np.repeat([1.0, 3.0], 8)[None, :, None]
    found = Averaging(mesh).nodes(at_points)[0, :, 0]
    np.testing.assert_allclose(found, np.select([mesh.points[:, 0] == 0, mesh.points[:, 0] == 4], [1.0, 3.0], 2.0))


def test_two_materials_are_not_mixed_at_the_nodes_between_them():
    mesh = box_mesh("hex8", (2, 1, 1))
    averaging = Averaging(mesh, materials=np.array([0, 1]))
    at_points = np.repeat([1.0, -3.0], 8)[None, :, None]
    places = averaging.places(at_points)[0, :, 0]
    between = np.flatnonzero(mesh.points[:, 0] == 0.5)
    assert len(averaging.node) == mesh.n_node + len(between) == 16
    np.testing.assert_allclose(places, np.where(averaging.material == 0, 1.0, -3.0))
    nodes = averaging.nodes(at_points)[0, :, 0]
    np.testing.assert_allclose(nodes[between], -3.0)  # the larger in magnitude


def test_the_value_between_materials_may_be_chosen_by_the_von_mises_stress():
    mesh = box_mesh("hex8", (2, 1, 1))
    pressure, tension = np.array([-9.0, -9.0, -9.0, 0, 0, 0]), np.array([5.0, 0, 0, 0, 0, 0])
    at_points = np.repeat([pressure, tension], 8, axis=0)[None]
    averaging = Averaging(mesh, np.array([0, 1]))
    between = mesh.points[:, 0] == 0.5
    np.testing.assert_allclose(averaging.nodes(at_points)[0, between], np.tile(pressure, (4, 1)))
    np.testing.assert_allclose(averaging.nodes(at_points, von_mises)[0, between], np.tile(tension, (4, 1)))


def test_a_material_that_lacks_the_field_leaves_nan_at_its_own_nodes_only():
    mesh = box_mesh("hex8", (2, 1, 1))
    at_points = np.repeat([np.nan, 2.0], 8)[None, :, None]
    for materials in (None, np.array([0, 1])):
        found = Averaging(mesh, materials).nodes(at_points)[0, :, 0]
        np.testing.assert_array_equal(np.isnan(found), mesh.points[:, 0] == 0)
        np.testing.assert_allclose(found[mesh.points[:, 0] > 0], 2.0)


def test_the_chosen_cells_alone_give_their_own_sums():
    mesh = box_mesh("hex8", (3, 1, 1))
    averaging = Averaging(mesh, cells=np.array([2]))
    np.testing.assert_array_equal(averaging.ips, np.arange(16, 24))
    sums = averaging.sums(np.full((2, 8, 1), 5.0))
    np.testing.assert_allclose(sums.total, 5.0)
    np.testing.assert_array_equal(np.broadcast_to(sums.count, (2, 8, 1)), 1.0)
    np.testing.assert_array_equal(averaging.node, np.unique(mesh.blocks[0].connectivity[2]))


def test_of_several_places_at_a_node_the_largest_counts_whatever_their_order():
    node = np.array([0, 1, 1, 1, 3, 3])
    values = np.array([[1.0, -2.0, np.nan, 1.0, np.nan, np.nan], [1.0, 0.5, 4.0, -7.0, 2.0, np.nan]])[..., None]
    found = one_value(values, node, 4)[..., 0]
    np.testing.assert_array_equal(found, [[1.0, -2.0, np.nan, np.nan], [1.0, -7.0, np.nan, 2.0]])


def test_components_that_one_material_lacks_are_averaged_without_it():
    """State variables of two laws: the list of the second is shorter."""
    mesh = box_mesh("hex8", (3, 1, 1))
    at_points = np.repeat([[1.0, 5.0], [3.0, 7.0], [2.0, np.nan]], 8, axis=0)[None]
    found = Averaging(mesh).nodes(at_points)[0]
    x = mesh.points[:, 0]
    np.testing.assert_allclose(found[np.isclose(x, 2 / 3)], np.tile([2.5, 7.0], (4, 1)))
    np.testing.assert_allclose(found[x == 1.0], np.tile([2.0, np.nan], (4, 1)))
    apart = Averaging(mesh, np.array([0, 0, 1])).nodes(at_points)[0]
    np.testing.assert_allclose(apart[np.isclose(x, 2 / 3)], np.tile([3.0, 7.0], (4, 1)))
