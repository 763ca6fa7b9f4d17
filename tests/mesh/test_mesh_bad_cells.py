from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from romlib.errors import InputError
from romlib.mesh.bad_cells import find_bad_cells, well_shaped
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.skin import SKIN, add_skin

FILE = Path("part.cdb")
KINDS = ("tet4", "tet10", "hex8", "hex20", "wedge6", "wedge15")


def box(kind="hex8", **changes):
    mesh = box_mesh(kind, (2, 2, 1))
    return replace(mesh, **changes)


def with_cell(mesh, row, nodes):
    block = mesh.blocks[0]
    connectivity = block.connectivity.copy()
    connectivity[row] = nodes
    return replace(mesh, blocks=(replace(block, connectivity=connectivity), *mesh.blocks[1:]))


def inside_out(mesh, row=0):
    """A cell with its nodes as a mirror shows them."""
    block = mesh.blocks[0]
    points = mesh.points[block.connectivity[row]]
    mirrored = points.copy()
    mirrored[:, 0] = points[:, 0].min() + points[:, 0].max() - points[:, 0]
    order = [int(np.argmin(np.abs(points - one).sum(axis=1))) for one in mirrored]
    return with_cell(mesh, row, block.connectivity[row][order])


def test_a_good_mesh_is_taken_as_it_is():
    mesh = box("hex20")
    assert len(find_bad_cells(mesh)) == 0 and well_shaped(mesh, "refuse", FILE) is mesh


def test_each_bad_cell_is_named_with_what_is_wrong_with_it():
    mesh = inside_out(box())
    points = mesh.points.copy()
    top = mesh.blocks[0].connectivity[3][4:]
    points[top, 2] = 0.0  # the last cell, and its neighbours there, lose height
    mesh = replace(mesh, points=points)
    with pytest.raises(InputError, match="badly shaped") as caught:
        well_shaped(mesh, "refuse", FILE)
    assert caught.value.file == FILE and f"cell {mesh.cell_ids[0]} (hex8) is inside out" in caught.value.place
    assert f"cell {mesh.cell_ids[3]} (hex8) is flat" in caught.value.place


@pytest.mark.parametrize("kind", ["hex8", "hex20"])
def test_a_cell_that_is_inside_out_is_put_in_order(kind, caplog):
    good = add_skin([box(kind)])[0]
    with caplog.at_level(logging.WARNING, "romlib.mesh"):
        found = well_shaped(inside_out(good), "repair", FILE)
    assert "1 badly shaped cell of part.cdb repaired" in caplog.text
    assert StrainOperator(found).weights.sum() == pytest.approx(StrainOperator(good).weights.sum())
    assert SKIN not in found.face_tags and np.array_equal(found.points, good.points)


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_of_cells_can_be_turned_right_way_round(kind):
    """A mesh seen in a mirror: every cell is inside out."""
    good = box_mesh(kind, (2, 1, 1))
    mirror = replace(good, points=good.points * np.array([-1.0, 1.0, 1.0]))
    assert len(find_bad_cells(mirror)) == good.n_cell
    found = well_shaped(mirror, "repair", FILE)
    assert StrainOperator(found).weights.sum() == pytest.approx(StrainOperator(good).weights.sum())


def test_mid_side_nodes_of_a_twisted_cell_go_to_the_middle_of_their_edges():
    good = box("hex20")
    points = good.points.copy()
    middle = good.blocks[0].connectivity[0, 8]
    points[middle] += np.array([0.0, 0.9, 0.9]) * np.ptp(good.points, axis=0).max()
    bad = replace(good, points=points)
    assert "twisted" in str(find_bad_cells(bad))
    assert np.allclose(well_shaped(bad, "repair", FILE).points, good.points)


def test_what_cannot_be_repaired_is_refused_and_can_be_left_out():
    good = box(face_tags={}, cell_tags={"first": np.array([0]), "others": np.array([1, 2, 3])},
               node_tags={"all_nodes": np.arange(18)})
    block = good.blocks[0].connectivity
    bad = with_cell(good, 0, block[0][[1, 0, 2, 3, 4, 5, 6, 7]])
    with pytest.raises(InputError, match="after the repair") as caught:
        well_shaped(bad, "repair", FILE)
    assert "twisted" in caught.value.place
    found = well_shaped(bad, "drop", FILE)
    assert found.n_cell == 3 and found.cell_ids.tolist() == good.cell_ids[1:].tolist()
    assert len(found.cell_tags["others"]) == 3 and not len(found.cell_tags.get("first", ()))
    assert set(found.node_ids[found.node_tags["all_nodes"]]) == set(found.node_ids)


def test_a_mesh_of_bad_cells_alone_is_not_left_out():
    mesh = box()
    flat = replace(mesh, points=mesh.points * np.array([1.0, 1.0, 0.0]))
    with pytest.raises(InputError, match="all cells") as caught:
        well_shaped(flat, "drop", FILE)
    assert caught.value.found == "4 such cells"


def test_bad_cells_of_a_mesh_that_is_looked_at_in_parts_are_the_same(monkeypatch):
    mesh = inside_out(box_mesh("hex8", (3, 3, 1)), row=7)
    monkeypatch.setattr("romlib.mesh.bad_cells._AT_ONCE", 3)
    found = find_bad_cells(mesh)
    assert found.rows.tolist() == [7] and f"cell {mesh.cell_ids[7]} (hex8) is inside out" in str(found)
