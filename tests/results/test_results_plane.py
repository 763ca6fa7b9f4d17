"""Probes, reactions and grids of results in two dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from plane_result import A, B, rectangle, stress_of, write_plane

import romlib
from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.results.finder import PieceFinder

both = pytest.mark.parametrize("kinematics", ["axisymmetric", "plane strain"])


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plane")
    files = {kinematics: romlib.open(write_plane(folder / f"{kinematics[0]}.vtkhdf", kinematics))
             for kinematics in ("axisymmetric", "plane strain")}
    yield files
    for one in files.values():
        one.close()


@both
@pytest.mark.parametrize("point", [(1.3, 0.2, 0.0), (3.0, 1.0, 0.0), (2.0, 0.5, 0.0)])
def test_a_displacement_is_interpolated_where_a_point_is(results, kinematics, point):
    for k, axis in enumerate("xy"):
        probe = results[kinematics].probe(f"displacement.{axis}", point=point)
        np.testing.assert_allclose(probe.values, np.array([0.0, 0.5, 1.0]) * (A, B)[k] * point[k], atol=1e-16)
    with pytest.raises(InputError, match="component"):
        results[kinematics].probe("displacement.z", point=point)


@both
def test_a_point_beside_the_plane_or_the_body_is_in_no_cell(results, kinematics):
    finder = PieceFinder(rectangle(kinematics), 0)
    assert finder.containing_cell(np.array([1.3, 0.2, 0.0])) is not None
    for point in ((1.3, 0.2, 1e-6), (0.9, 0.2, 0.0), (1.3, 1.1, 0.0)):
        assert finder.containing_cell(np.array(point)) is None


@both
def test_integration_points_stand_in_the_plane_with_their_volumes(kinematics):
    mesh = rectangle(kinematics)
    finder, operator = PieceFinder(mesh, 0), StrainOperator(mesh)
    np.testing.assert_allclose(finder.ip_coordinates[:, :2], operator.coordinates[:, :2], atol=1e-14)
    assert finder.ip_coordinates.shape[1] == 3 and not finder.ip_coordinates[:, 2].any()
    volumes = finder.ips(np.arange(operator.n_ip)).weights
    assert volumes.sum() == pytest.approx(8 * np.pi if kinematics == "axisymmetric" else 2.0)


@both
def test_a_reaction_is_the_force_on_the_whole_circumference_or_thickness(results, kinematics):
    """At the bottom, y = 0: the stress along the axis over the area of the ring, or of the side."""
    area = np.pi * (3.0**2 - 1.0**2) if kinematics == "axisymmetric" else 2.0
    found = results[kinematics].reaction("bottom")
    assert found.components == ("y",)
    np.testing.assert_allclose(found.values[:, 0], -np.array([0.0, 0.5, 1.0]) * area * stress_of(kinematics)[1],
                               atol=1e-12)
    of_tag = results[kinematics].reaction("ymin")
    assert of_tag.components == ("x", "y")
    np.testing.assert_allclose(of_tag.values[:, 1], found.values[:, 0])


@both
def test_a_grid_of_vtk_has_points_and_vectors_with_a_third_component(results, kinematics):
    pytest.importorskip("pyvista")
    grid = results[kinematics].to_pyvista(-1)
    assert grid.n_cells == 8 and not grid.points[:, 2].any()
    np.testing.assert_allclose(grid.point_data["displacement"], grid.points * (A, B, 0.0), atol=1e-16)
    np.testing.assert_allclose(grid.point_data["stress"][:, :3], np.tile(stress_of(kinematics)[:3], (grid.n_points, 1)))
    assert grid.compute_cell_sizes(length=False, volume=False).cell_data["Area"].sum() == pytest.approx(2.0)
