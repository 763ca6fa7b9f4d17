from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.calculix.elements import SOLIDS as CALCULIX
from romlib_converters.common.elements import SolidElement, check_rules
from romlib_converters.zset.elements import SOLIDS as ZSET

from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.mesh import Mesh
from romlib.mesh.quadrature import rule

BOTH = {**CALCULIX, **ZSET}


@pytest.mark.parametrize("name", sorted(BOTH))
def test_every_solid_has_a_rule_of_its_cell_and_orders_that_name_each_node_and_point_once(name):
    kind = BOTH[name]
    assert rule(kind.quadrature).cell == element(kind.cell_type).cell
    assert sorted(kind.nodes or range(kind.n_node)) == list(range(kind.n_node))
    for order in (kind.point_order, *kind.point_orders):
        assert sorted(order) == list(range(kind.n_point))


def test_a_block_has_the_nodes_in_the_order_of_vtk_and_the_temperature_of_the_element_unless_told():
    kind = SolidElement("tet4", "tet_1", nodes=(3, 0, 1, 2), temperature="mean")
    block = kind.block(np.array([[10, 11, 12, 13]]), np.array([5]))
    assert block.connectivity.tolist() == [[13, 10, 11, 12]] and block.temperature_interpolation == "mean"
    assert kind.block(block.connectivity, block.cell_ids, "shape").temperature_interpolation == "shape"


def test_points_are_counted_cell_by_cell_in_the_order_of_the_blocks():
    blocks = (SolidElement("tet4", "tet_4").block(np.array([[0, 1, 2, 3]] * 2), np.array([1, 2])),
              SolidElement("tet4", "tet_1").block(np.array([[0, 1, 2, 3]]), np.array([3])))
    assert Mesh(np.eye(4, 3), blocks, np.arange(4)).points_of_cells.tolist() == [4, 4, 1]


@pytest.mark.parametrize(("chosen", "words"), [
    ({"hex8": "hex_gauss_8"}, "cells that the mesh lacks"), ({"tet4": "hex_gauss_8"}, "another shape of cell")])
def test_a_rule_for_other_cells_is_refused(chosen, words):
    check_rules({"tet4": "tet_4"}, ["tet4"], "option quadrature")
    with pytest.raises(InputError, match=words):
        check_rules(chosen, ["tet4"], "option quadrature")
