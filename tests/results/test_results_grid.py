"""Grids of pyvista have the fields that ParaView shows of a file: at nodes, and of cells."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.tensors import von_mises, vtk_from_mandel

pyvista = pytest.importorskip("pyvista")


def test_a_grid_has_the_mesh_and_the_values_of_cells(solution):
    grid, mesh = solution.to_pyvista(-1), solution.mesh
    assert grid.n_points == mesh.n_node and grid.n_cells == mesh.n_cell
    np.testing.assert_allclose(grid.points, mesh.points)
    np.testing.assert_array_equal(grid.point_data["node_id"], mesh.node_ids)
    np.testing.assert_array_equal(grid.point_data["displacement"], solution.displacement(-1))
    assert grid.volume == pytest.approx(2.0, rel=1e-6)
    cell = StrainOperator(mesh).cell
    p, mises = solution.field("p", -1)[:, 0], solution.von_mises(-1)
    for k in range(mesh.n_cell):
        assert grid.cell_data["p"][k] == pytest.approx(p[cell == k].mean(), rel=1e-12)
        assert grid.cell_data["p_max"][k] == p[cell == k].max()
        assert grid.cell_data["von_mises_max"][k] == mises[cell == k].max()
    stress = vtk_from_mandel(solution.field("stress", -1))
    np.testing.assert_allclose(grid.cell_data["stress"][0], stress[cell == 0].mean(axis=0), rtol=1e-10)
    assert grid.field_data["time"][0] == solution.times[-1]


def test_values_at_nodes_are_averages_of_what_cells_extrapolate(solution):
    """The stress of this box is constant: so are its values at the nodes, and their von Mises stress."""
    grid = solution.to_pyvista(3, ["stress", "von_mises", "p"])
    assert set(grid.point_data) == {"node_id", "stress", "von_mises", "p"}
    average = solution.field("stress", 3).mean(axis=0)
    np.testing.assert_allclose(solution.at_nodes("stress", 3), np.broadcast_to(average, (grid.n_points, 6)), atol=1e-4)
    np.testing.assert_allclose(grid.point_data["von_mises"], von_mises(average), rtol=1e-6)
    np.testing.assert_array_equal(solution.at_nodes("displacement", 2), solution.displacement(2))
    assert solution.at_nodes("p").shape == (solution.n_step, grid.n_points, 1)


def test_a_step_or_field_that_does_not_exist_is_refused(solution):
    with pytest.raises(InputError, match="no such step"):
        solution.to_pyvista(99)
    with pytest.raises(InputError, match="a grid has one step"):
        solution.to_pyvista(slice(None))
    with pytest.raises(InputError, match="temperature"):
        solution.to_pyvista(0, ["temperature"])
