"""Means at nodes of what a solver has at the nodes of each element."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.common.build import build
from romlib_converters.common.elements import SolidElement
from romlib_converters.common.nodal_means import NodalMeans
from romlib_converters.common.solver_mesh import SolverCells, SolverMesh

from romlib.errors import FileFormatError
from romlib.mesh.box import box_mesh

FILE = Path("job.results")


def built(cell_type, rule, n):
    mesh = box_mesh(cell_type, n)
    cells = SolverCells(SolidElement(cell_type, rule), mesh.cell_ids, mesh.node_ids[mesh.blocks[0].connectivity])
    return build(SolverMesh(FILE, mesh.node_ids, mesh.points, (cells,)))


def test_a_node_has_the_mean_of_its_elements_and_nan_where_none_has_a_value():
    found = built("hex8", "hex_gauss_8", (3, 1, 1))
    values = np.array([1.0, 3.0, 5.0])[:, None, None] * np.ones((3, 8, 1))
    values[2] = np.nan
    means = NodalMeans(found).of([(np.arange(3), values)], "record 1", FILE)[:, 0]
    x = found.mesh.points[:, 0] / np.ptp(found.mesh.points[:, 0]) * 3
    assert np.allclose(means[np.isclose(x, 0)], 1.0) and np.allclose(means[np.isclose(x, 1)], 2.0)
    assert np.allclose(means[np.isclose(x, 2)], 3.0) and np.isnan(means[np.isclose(x, 3)]).all()


def test_mid_side_nodes_have_the_mean_of_their_corners_where_the_solver_has_corners_alone():
    found = built("hex20", "hex_gauss_8", (2, 1, 1))
    corners = found.mesh.points[found.mesh.blocks[0].connectivity[:, :8]]
    slope = np.array([2.0, -3.0, 5.0])
    means = NodalMeans(found).of([(np.arange(2), (corners @ slope)[:, :, None])], "record 1", FILE)[:, 0]
    assert np.allclose(means, found.mesh.points @ slope)


def test_another_number_of_nodes_than_the_cells_is_refused():
    found = built("hex20", "hex_gauss_8", (2, 1, 1))
    with pytest.raises(FileFormatError, match="another number of nodes"):
        NodalMeans(found).of([(np.arange(2), np.ones((2, 12, 1)))], "record 1", FILE)
