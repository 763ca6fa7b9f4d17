"""What is drawn of a result in two dimensions: its cells, their edges, its integration points."""

from __future__ import annotations

import numpy as np
import pytest
from plane_result import A, B, rectangle, stress_of, write_plane

from romlib.mesh.quadrature import rule
from romlib.report.cloud import Clouds
from romlib.report.plot_field import draw_field
from romlib.report.surface import surface_of
from romlib.snapshots import Snapshots


@pytest.mark.parametrize("n_piece", [1, 3])
@pytest.mark.parametrize(("cell_type", "n_cell", "length"), [
    ("quad8", 8, 2.0 * 3 + 1.0 * 5), ("tri3", 16, 2.0 * 3 + 1.0 * 5 + 8 * np.sqrt(0.5)), ("quad4", 8, 11.0),
    ("tri6", 16, 11.0 + 8 * np.sqrt(0.5))])
def test_the_cells_are_the_surface_and_the_sides_of_the_body_are_sharp(tmp_path, n_piece, cell_type, n_cell, length):
    with Snapshots(write_plane(tmp_path / "a.vtkhdf", cell_type=cell_type, n_piece=n_piece)) as file:
        found = surface_of(file)
    assert len(found.cells) == n_cell and sorted(found.cells) == list(range(n_cell))
    assert [block.face_type for block in found.blocks] == [cell_type]
    assert found.n_point == rectangle(cell_type=cell_type).n_node and not found.points[:, 2].any()
    lengths = np.linalg.norm(np.diff(found.points[found.segments], axis=1)[:, 0], axis=1)
    assert lengths.sum() == pytest.approx(length) and lengths[found.sharp].sum() == pytest.approx(6.0)


def test_integration_points_are_drawn_where_they_are_and_where_they_move_to(tmp_path):
    with Snapshots(write_plane(tmp_path / "a.vtkhdf", n_piece=1)) as file:
        clouds, mesh = Clouds(surface_of(file)), file.mesh(0)
        shown = clouds.add(mesh, 0, file.read("displacement", 0))
    n_point = len(rule(mesh.blocks[0].quadrature).points)
    assert shown.tolist() == list(range(8 * n_point))
    cloud = clouds.at(2)
    assert not cloud.points[:, 2].any() and cloud.cells.tolist() == np.repeat(np.arange(8), n_point).tolist()
    np.testing.assert_allclose(cloud.displacement, cloud.points * (A, B, 0.0), atol=1e-16)
    np.testing.assert_allclose(cloud.deformed(10.0), cloud.points * (1 + 10 * A, 1 + 10 * B, 1.0))
    assert cloud.points[:, 0].min() > 1.0 and cloud.points[:, 0].max() < 3.0


@pytest.mark.parametrize("kinematics", ["axisymmetric", "plane strain"])
def test_a_picture_has_the_values_of_the_result(tmp_path, kinematics):
    pytest.importorskip("pyvista")
    image = pytest.importorskip("matplotlib.image")
    x, y, z = stress_of(kinematics)[:3]
    with Snapshots(write_plane(tmp_path / "a.vtkhdf", kinematics)) as file:
        stress = draw_field(file, "stress", step=2)
        mises = np.sqrt(((x - y)**2 + (y - z)**2 + (z - x)**2) / 2)
        assert (stress.lowest, stress.highest) == pytest.approx((mises, mises))
        u = draw_field(file, "displacement.x", step=1)
        assert (u.lowest, u.highest) == pytest.approx((0.5 * A, 1.5 * A))
        u.write(tmp_path / "u.png")
    pixels = image.imread(tmp_path / "u.png")[..., :3]
    assert len(np.unique(np.rint(255 * pixels).reshape(-1, 3), axis=0)) > 50
