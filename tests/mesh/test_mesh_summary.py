"""A mesh in numbers: the same whole and in pieces, and right where the numbers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.mesh.rectangle import rectangle_mesh
from romlib.mesh.summary import summarise


@pytest.mark.parametrize("cell_type", ["tet4", "tet10", "hex8", "hex20", "hex27", "wedge6", "wedge15", "pyramid5",
                                       "pyramid13"])
def test_a_mesh_in_pieces_has_the_numbers_of_the_whole(cell_type):
    mesh = replace(box_mesh(cell_type, (3, 2, 2), (3.0, 1.0, 2.0)), cell_tags={"some": np.array([0, 5, 7])})
    whole, cut = summarise([mesh]), summarise(partition(mesh, 3))
    assert (whole.n_node, whole.n_cell) == (mesh.n_node, mesh.n_cell)
    assert (cut.n_node, cut.n_cell, cut.n_ip, cut.blocks) == (whole.n_node, whole.n_cell, whole.n_ip, whole.blocks)
    assert cut.volume == pytest.approx(6.0) and whole.volume == pytest.approx(6.0)
    assert whole.jacobian[0] == pytest.approx(cut.jacobian[0]) and whole.edges[0] == pytest.approx(cut.edges[0])
    for tag in whole.tags:
        same = cut.tag(tag.kind, tag.name)
        assert same.count == tag.count, (tag.kind, tag.name)
        np.testing.assert_allclose([same.low, same.high], [tag.low, tag.high])


def test_boxes_of_tags_and_planes_are_those_of_the_box():
    found = summarise([box_mesh("hex8", (4, 2, 2), (2.0, 1.0, 1.0))])
    end = found.tag("faces", "xmax")
    assert end.count == 4 and end.low.tolist() == [2, 0, 0] and end.high.tolist() == [2, 1, 1]
    assert found.flat_along(end) == [0] and found.flat_along(found.tag("faces", "skin")) == []
    assert found.diagonal == pytest.approx(np.sqrt(6.0))


@pytest.mark.parametrize("kinematics, volume", [("plane strain", 2.0), ("axisymmetric", np.pi * (3.0**2 - 1.0))])
def test_a_mesh_of_two_dimensions_has_its_kinematics_and_sides_that_are_lines(kinematics, volume):
    mesh = rectangle_mesh("quad8", (4, 2), (2.0, 1.0), (1.0, 0.0), kinematics)
    for pieces in ([mesh], partition(mesh, 2)):
        found = summarise(pieces)
        assert found.kinematics == kinematics and found.volume == pytest.approx(volume)
        assert found.low.tolist() == [1.0, 0.0, 0.0] and found.high.tolist() == [3.0, 1.0, 0.0]
        assert [found.flat_along(found.tag("nodes", side)) for side in ("xmin", "ymax")] == [[0], [1]]
        assert found.flat_along(found.tag("faces", "skin")) == []


def test_what_a_generator_leaves_of_a_zero_is_no_coordinate_of_a_box():
    mesh = box_mesh("hex8", (4, 2, 2), (2.0, 1.0, 1.0))
    points = mesh.points.copy()
    points[points[:, 0] == 0.0, 0] = -1.2e-15
    points[points[:, 1] == 0.0, 1] = 1e-9
    found = summarise([replace(mesh, points=points)])
    assert found.low.tolist() == [0.0, 1e-9, 0.0]
    assert found.tag("nodes", "xmin").low.tolist() == found.low.tolist()


def test_a_distorted_cell_is_found_by_its_id():
    mesh = box_mesh("hex8", (4, 1, 1), (4.0, 1.0, 1.0))
    points = mesh.points.copy()
    middle = np.flatnonzero(np.all(points == [2.0, 1.0, 1.0], axis=1))
    points[middle] = [2.6, 1.0, 1.0]
    found = summarise([replace(mesh, points=points)])
    assert found.jacobian[1] in (2, 3) and found.jacobian[0] < 0.9
    assert found.edges[0] > 1.5 and found.faults == []


def test_an_inverted_cell_leaves_the_tags_and_says_why_there_is_no_volume():
    mesh = box_mesh("tet4", (1, 1, 1))
    block = replace(mesh.blocks[0], connectivity=mesh.blocks[0].connectivity[:, [1, 0, 2, 3]])
    found = summarise([replace(mesh, blocks=(block,))])
    assert found.volume is None and len(found.faults) == 1 and "Jacobian" in found.faults[0]
    assert found.tag("nodes", "xmin").count == 4


def test_a_mesh_of_nothing_has_no_numbers():
    found = summarise([])
    assert (found.n_node, found.n_cell, found.tags) == (0, 0, [])
