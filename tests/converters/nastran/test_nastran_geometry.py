"""Elements and grid points in the tables of an .op2, in parts that end anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from op2_writer import CHEXA, GRID, PSOLID, Op2Writer
from romlib_converters.nastran import op2 as op2_module
from romlib_converters.nastran.geometry import read_geometry
from romlib_converters.nastran.mesh import build_mesh
from romlib_converters.nastran.op2 import Op2File

from romlib.errors import FileFormatError, RomlibError

NODES = 1 + np.arange(20 * 30).reshape(30, 20)
POINTS = [[int(one), 0, float(one), 0.5, -1.0, 0, 0, 0] for one in NODES.ravel()]
PYRAMID, CORD1R = (17200, 172, 1000), (1801, 18, 5)


def entries(nodes, first=1, properties=None):
    found = []
    for k, row in enumerate(nodes.tolist()):
        found.append([first + k, 5 if properties is None else int(properties[k]), *row])
    return found


def geometry(folder, *cards, writer=None, grids=(POINTS,)):
    writer = writer or Op2Writer()
    writer.table("GEOM1", [writer.card(GRID, one) for one in grids])
    writer.table("GEOM2", [writer.card(key, found) for key, found in cards])
    return read_geometry(Op2File(writer.write(folder / "a.op2")))


@pytest.fixture(params=[1 << 18, 4 * 22 * 4], ids=["at once", "four elements at once"])
def parts(request, monkeypatch):
    monkeypatch.setattr(op2_module, "_AT_ONCE", request.param)


@pytest.mark.parametrize("order, word", [("<", 4), (">", 8)])
@pytest.mark.parametrize("linear", [0, 1, 17, 30])
def test_elements_with_and_without_midside_nodes_are_there_as_written(tmp_path, parts, order, word, linear):
    """`linear` elements without mid-side nodes stand before those that have them."""
    nodes = NODES.copy()
    nodes[:linear, 8:] = 0
    properties = 5 + np.arange(30) // 20
    bulk = geometry(tmp_path, (CHEXA, entries(nodes, properties=properties)), writer=Op2Writer(order, word, cut=50))
    one = bulk.solids["CHEXA"]
    assert np.array_equal(one.nodes, nodes[:, :8] if linear == 30 else nodes) and one.nodes.dtype.isnative
    assert one.ids.tolist() == list(range(1, 31)) and np.array_equal(one.properties, properties)
    assert one.used == [5, 6] and bulk.cell_sets["PID_6"].tolist() == list(range(21, 31))
    assert bulk.grids.ids.tolist() == NODES.ravel().tolist() and np.array_equal(bulk.grids.given[:, 0], bulk.grids.ids)


def test_records_of_linear_and_of_quadratic_elements_are_joined(tmp_path, parts):
    linear = NODES.copy()
    linear[:, 8:] = 0
    one = geometry(tmp_path, (CHEXA, entries(linear)), (CHEXA, entries(NODES, 101))).solids["CHEXA"]
    assert one.ids.tolist() == [*range(1, 31), *range(101, 131)]
    assert np.array_equal(one.nodes, np.concatenate([linear, NODES]))


@pytest.mark.parametrize("records", [1, 2])
def test_elements_that_are_there_again_are_taken_once(tmp_path, records):
    twice = entries(NODES) + entries(NODES[:7])
    cards = [(CHEXA, twice)] if records == 1 else [(CHEXA, twice[:30]), (CHEXA, twice[30:])]
    one = geometry(tmp_path, *cards).solids["CHEXA"]
    assert one.ids.tolist() == list(range(1, 31)) and np.array_equal(one.nodes, NODES)


def test_grid_points_of_several_records_are_joined_and_equal_ones_taken_once(tmp_path):
    bulk = geometry(tmp_path, (CHEXA, entries(NODES)), grids=(POINTS[:300], POINTS[250:]))
    assert bulk.grids.ids.tolist() == NODES.ravel().tolist() and np.array_equal(bulk.grids.given[:, 0], bulk.grids.ids)


@pytest.mark.parametrize("column, value, words", [
    (0, 0, "no known layout"), (0, 7, "no known layout"), (1, -1, "no known layout"), (5, -2, "no known layout"),
    (7, 3, "superelement 3"), (7, -1, "superelement -1")])
def test_grid_points_that_are_none_are_there_twice_or_of_a_superelement_are_refused(
    tmp_path, parts, column, value, words
):
    points = [list(one) for one in POINTS]
    points[211][column] = value
    with pytest.raises(RomlibError, match=words):
        geometry(tmp_path, (CHEXA, entries(NODES)), grids=(points,))


def test_grid_points_in_any_order_make_the_mesh_and_the_frames_of_their_numbers(tmp_path, parts):
    """System 1 is defined by three grid points, of which the numbers fall."""
    corners = np.array([[x, y, z] for z in (0.0, 1.0) for x, y in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))])
    ids = np.array([80, 7, 60, 50, 40, 3, 20, 10])
    writer = Op2Writer()
    writer.table("GEOM1", [
        writer.card(GRID, [[int(one), 0, *map(float, point), 1, 0, 0] for one, point in zip(ids, corners)]),
        writer.card(CORD1R, [[1, 1, 1, 80, 7, 60]])])
    writer.table("GEOM2", [writer.card(CHEXA, [[1, 5, *map(int, ids), *[0] * 12]])])
    basic = build_mesh(read_geometry(Op2File(writer.write(tmp_path / "a.op2"))))
    assert basic.mesh.node_ids.tolist() == ids.tolist() and np.array_equal(basic.mesh.points, corners)
    assert np.allclose(basic.frames, np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]]))  # the third axis from 80 to 7


def test_a_property_with_axes_that_are_not_defined_is_refused_with_their_number(tmp_path):
    writer = Op2Writer()
    writer.table("EPT", [writer.card(PSOLID, [[5, 1, 9, 0, 0, 0, b"SMEC"]])])
    with pytest.raises(FileFormatError, match=r"not defined[\s\S]*coordinate system 9"):
        build_mesh(geometry(tmp_path, (CHEXA, entries(NODES)), writer=writer))


@pytest.mark.parametrize("column, value", [(0, 0), (1, -3), (2, 0), (9, -1), (10, -7), (21, -2)])
def test_entries_that_are_no_elements_are_refused(tmp_path, parts, column, value):
    found = entries(NODES)
    found[23][column] = value
    with pytest.raises(FileFormatError, match="CHEXA are in no known layout"):
        geometry(tmp_path, (CHEXA, found))


@pytest.mark.parametrize("more", [0, 1])
def test_pyramids_are_known_in_both_lengths(tmp_path, parts, more):
    nodes = np.column_stack([NODES[:, :5], np.zeros((30, 8 + more), int)])
    one = geometry(tmp_path, (PYRAMID, entries(nodes))).solids["CPYRAM"]
    assert np.array_equal(one.nodes, NODES[:, :5])
