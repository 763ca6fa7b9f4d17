"""Nodal fields of one mesh at points of another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.interpolation import interpolation

TYPES = ("tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5", "pyramid13")


def skewed(cell_type: str):
    """A box whose inner nodes are moved a little, where the cells have straight edges."""
    mesh = box_mesh(cell_type, (3, 2, 2), (3.0, 2.0, 1.0))
    x, y, z = mesh.points.T
    return replace(mesh, points=np.column_stack([x + 0.1 * y * z, y + 0.05 * x * z, z]))


@pytest.mark.parametrize("cell_type", TYPES)
def test_a_linear_field_is_taken_exactly_in_every_cell(cell_type):
    mesh, random = skewed(cell_type), np.random.default_rng(1)
    cells = np.concatenate([block.connectivity for block in mesh.blocks])
    weights = random.random((60, cells.shape[1]))
    corners = {"tet": 4, "hex": 8, "wed": 6, "pyr": 5}[cell_type[:3]]
    weights[:, corners:] = 0.0
    weights /= weights.sum(axis=1, keepdims=True)
    points = np.einsum("na,nai->ni", weights, mesh.points[cells[random.integers(len(cells), size=60)]])
    found = interpolation(mesh, points)
    linear = np.array([2.0, -1.0, 0.5])
    np.testing.assert_allclose(found.matrix @ (mesh.points @ linear), points @ linear, atol=1e-7)
    assert found.outside.max() < 1e-6


@pytest.mark.parametrize("cell_type", TYPES)
def test_the_nodes_of_a_mesh_get_their_own_values(cell_type):
    mesh = skewed(cell_type)
    found = interpolation(mesh, mesh.points)
    values = np.sin(mesh.points @ [1.0, 2.0, 3.0])
    np.testing.assert_allclose(found.matrix @ values, values, atol=1e-7)


@pytest.mark.parametrize("cell_type", ["pyramid5", "pyramid13"])
def test_points_around_the_apex_of_distorted_pyramids_are_found(cell_type):
    mesh, random = skewed(cell_type), np.random.default_rng(3)
    mesh = replace(mesh, points=mesh.points + random.uniform(-0.02, 0.02, mesh.points.shape))
    apexes = mesh.points[np.unique(mesh.blocks[0].connectivity[:, 4])]
    points = np.concatenate([apexes + size * random.normal(size=apexes.shape) for size in (0.0, 1e-9, 1e-4, 0.02, 0.1)])
    found = interpolation(mesh, points)
    np.testing.assert_allclose(found.matrix @ mesh.points, points, atol=1e-6)
    assert found.outside.max() < 1e-6


def test_a_point_outside_gets_the_value_of_the_border_and_its_distance():
    mesh = box_mesh("hex8", (3, 2, 2), (3.0, 2.0, 1.0))
    found = interpolation(mesh, np.array([[-0.2, 0.7, 0.4], [3.0, 2.3, 1.4], [1.0, 1.0, 0.5]]))
    np.testing.assert_allclose(found.outside, [0.2, 0.5, 0.0], atol=1e-9)
    np.testing.assert_allclose((found.matrix @ mesh.points)[:2], [[0.0, 0.7, 0.4], [3.0, 2.0, 1.0]], atol=1e-9)
