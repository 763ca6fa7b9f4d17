"""The points of a piece, each with the law of its cell."""

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.fem.piece import Piece
from romlib.fem.points import material_points
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import ArrayReference, Material, Model

STEEL = Material(law="mises", cells="steel", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0})
RUBBER = Material(law="elastic", cells="rubber", parameters={"young": 10.0, "poisson": 0.4})
SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


def two_cells(cell_tags):
    points = np.concatenate([np.column_stack([SQUARE, np.full(4, z)]) for z in (0.0, 1.0, 2.0)])
    connectivity = np.array([np.arange(8), np.arange(4, 12)])
    block = CellBlock("hex8", connectivity, np.array([11, 12]), "hex_gauss_8")
    tags = {name: np.array(cells) for name, cells in cell_tags.items()}
    return Mesh(points, (block,), np.arange(12), cell_tags=tags, node_arrays={"T": points[:, 2]})


def test_points_of_a_mesh_follow_its_cell_tags():
    mesh = two_cells({"steel": [1], "rubber": [0]})
    model = Model(materials={"rubber": RUBBER, "steel": STEEL})
    points = Piece(mesh, model).points
    assert list(points.material_index) == [0] * 8 + [1] * 8
    assert list(points.cells) == [11] * 8 + [12] * 8 and points.coordinates.shape == (16, 3)
    assert points.strain_free_temperature is None


def test_the_strain_free_temperature_is_interpolated_from_the_nodes():
    mesh = two_cells({})
    steel = STEEL.model_copy(update={"cells": "all"})
    model = Model(materials={"steel": steel}, initial_temperature=ArrayReference(array="T"))
    points = Piece(mesh, model).points
    assert np.allclose(points.strain_free_temperature, points.coordinates[:, 2])
    constant = Model(materials={"steel": steel}, initial_temperature=3.0)
    assert np.allclose(Piece(mesh, constant).points.strain_free_temperature, 3.0)


@pytest.mark.parametrize("tags, materials, message", [
    ({"steel": [0]}, {"steel": STEEL}, "cells 12"),
    ({"steel": [0, 1], "rubber": [1]}, {"steel": STEEL, "rubber": RUBBER}, "two materials, 'steel' and 'rubber'"),
    ({"steal": [0, 1]}, {"steel": STEEL}, "one of all, steal"),
])
def test_cells_have_exactly_one_material(tags, materials, message):
    mesh = two_cells(tags)
    with pytest.raises(InputError, match=message):
        material_points(materials, mesh, StrainOperator(mesh))


def test_an_initial_temperature_array_that_the_mesh_lacks_is_named():
    mesh = two_cells({})
    model = Model(materials={"steel": STEEL.model_copy(update={"cells": "all"})},
                  initial_temperature=ArrayReference(array="T0"))
    with pytest.raises(InputError, match="T0"):
        _ = Piece(mesh, model).points
