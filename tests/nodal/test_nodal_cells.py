"""Materials of cells, and what cells have at their points."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import CellBlock
from romlib.nodal.cells import cell_maxima, cell_means, materials_of_cells


def test_cells_of_several_blocks_have_mean_and_largest_value_of_their_own_points():
    mesh = box_mesh("hex8", (3, 1, 1))
    block = mesh.blocks[0]
    mesh = replace(mesh, blocks=(CellBlock("hex8", block.connectivity[:1], block.cell_ids[:1], "hex_gauss_1"),
                                 CellBlock("hex8", block.connectivity[1:], block.cell_ids[1:], "hex_gauss_8")))
    values = np.random.default_rng(0).normal(size=(2, 17, 3)) - 5.0
    values[:, 9, 1] = np.nan
    mean, largest = cell_means(mesh, values), cell_maxima(mesh, values)
    for cell, points in enumerate((slice(0, 1), slice(1, 9), slice(9, 17))):
        np.testing.assert_allclose(mean[:, cell], values[:, points].mean(axis=1))
        np.testing.assert_array_equal(largest[:, cell], values[:, points].max(axis=1))
    assert np.isnan(mean).sum() == 2


def test_the_material_of_a_cell_is_that_of_the_tag_that_has_it():
    mesh = replace(box_mesh("hex8", (4, 1, 1)), cell_tags={"hard": np.array([1, 3]), "soft": np.array([0])})
    np.testing.assert_array_equal(materials_of_cells(mesh, ["hard", "soft", "elsewhere"]), [1, 0, -1, 0])
    np.testing.assert_array_equal(materials_of_cells(mesh, ["all"]), [0, 0, 0, 0])
