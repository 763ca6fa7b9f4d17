"""Single points of a Nastran deck as constraints, in the frames of their grid points."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.nastran.constraints import constraints_of

SOLID = np.array([1, 2, 3])
# Columns: axes of the frame of each grid point. Of point 2 they are -y, x, z; of point 3 they are turned by 30 degrees.
C, S = np.sqrt(0.75), 0.5
FRAMES = np.array([np.eye(3), [[0, 1, 0], [-1, 0, 0], [0, 0, 1]], [[C, -S, 0], [S, C, 0], [0, 0, 1]]], dtype=float)


def read(rows, values, *, spc=1, adds=None, permanent=(), frames=FRAMES, solid=SOLID):
    """rows : set, grid point and component from 1."""
    data = {"spc_rows": np.array(rows, int).reshape(-1, 3), "spc_values": np.array(values, float),
            "spc_adds": adds or {}, "grid_ps": np.array(permanent, int).reshape(-1, 2), "mpc_adds": {},
            "mpc_terms": np.empty((0, 4), int), "mpc_factors": np.empty(0), "spc_others": []}
    return constraints_of(data, spc, None, solid, SOLID, frames)


def held(done):
    return {(int(node), axis, one.kind, one.value if one.kind == "prescribed" else 0.0)
            for one in done.found.values() for node in done.node_sets[one.nodes] for axis in one.components
            if one.kind != "linear"}


def test_rotations_of_solids_are_nothing_and_no_component_of_another_point():
    done = read([(1, 1, k) for k in range(1, 7)], np.zeros(6))
    assert held(done) == {(1, axis, "fixed", 0.0) for axis in "xyz"}


def test_a_component_along_an_axis_that_points_the_other_way_has_the_other_sign():
    done = read([(1, 2, 1), (1, 2, 2), (1, 1, 1)], [0.5, 0.25, 0.0])
    assert held(done) == {(2, "y", "prescribed", -0.5), (2, "x", "prescribed", 0.25), (1, "x", "fixed", 0.0)}


def test_a_point_that_is_held_in_all_directions_needs_no_axes_and_one_in_others_is_a_relation():
    done = read([(1, 3, k) for k in (1, 2, 3)], np.zeros(3))
    assert held(done) == {(3, axis, "fixed", 0.0) for axis in "xyz"}
    done = read([(1, 3, 1), (1, 3, 3)], np.zeros(2))
    (relation,) = [one for one in done.found.values() if one.kind == "linear"]
    assert done.node_sets[relation.nodes].tolist() == [3] and held(done) == {(3, "z", "fixed", 0.0)}


@pytest.mark.parametrize(("spc", "adds", "nodes"), [
    (1, {}, {1, 3}), (2, {}, {2, 3}), (9, {"9": [1, 2]}, {1, 2, 3}), (None, {}, {3})])
def test_the_sets_that_the_case_names_act_and_those_of_grid_points_always(spc, adds, nodes):
    done = read([(1, 1, 1), (2, 2, 1)], np.zeros(2), spc=spc, adds=adds, permanent=[(3, 3)], frames=None)
    assert {node for node, *_ in held(done)} == nodes


def test_points_of_no_solid_are_left_out():
    assert held(read([(1, 2, 1), (1, 1, 1)], [0.0, 0.0], frames=None, solid=SOLID[1:])) == {(2, "x", "fixed", 0.0)}
