"""The faces of a sector are matched by rotation, or refused with the node that has no partner."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from romlib.errors import InputError
from romlib.fullorder.cyclic import match, rotation
from romlib.model import Constraint

POINTS = np.array([[1.0, 0, 0], [2.0, 0, 0], [2.0, 0, 1.0], [3.0, 0, 0.5]])
IDS = np.array([11, 12, 13, 14])


def sector(**keys):
    return Constraint(**{"nodes": "far", "master": "near", "axis": (0, 0, 1), "angle": 40.0, **keys})


def faces(angle=40.0, order=(2, 0, 3, 1)):
    """The nodes of both faces; those of the far one in another order, with ids from 21."""
    turn = Rotation.from_euler("z", angle, degrees=True).as_matrix()
    return (np.arange(21, 25), (POINTS @ turn.T)[list(order)]), (IDS, POINTS)


@given(st.integers(2, 40), st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda a: np.linalg.norm(a) > 0.1), st.booleans())
def test_the_rotation_is_that_of_scipy(n, axis, back):
    angle = (-1 if back else 1) * 360.0 / n
    unit = np.array(axis) / np.linalg.norm(axis)
    expected = Rotation.from_rotvec(np.radians(angle) * unit).as_matrix()
    np.testing.assert_allclose(rotation(sector(axis=axis, angle=angle)), expected, atol=1e-14)


def test_nodes_find_their_masters_whatever_their_order():
    pairs = match("sides", sector(), *faces())
    np.testing.assert_array_equal(pairs.master, [2, 0, 3, 1])
    assert not pairs.on_axis.any()


def test_a_node_on_the_axis_is_its_own_master():
    (ids, points), (master_ids, masters) = faces()
    axis = np.array([[0.0, 0, 0.3]])
    pairs = match("sides", sector(), (np.append(ids, 5), np.concatenate([points, axis])),
                  (np.append(master_ids, 5), np.concatenate([masters, axis])))
    np.testing.assert_array_equal(pairs.on_axis, [False] * 4 + [True])


def test_a_node_without_a_partner_is_named_with_its_distance():
    (ids, points), masters = faces()
    points = points.copy()
    points[2] += [0.0, 0.0, 0.25]
    with pytest.raises(InputError, match="the faces of the sector do not match") as error:
        match("sides", sector(), (ids, points), masters)
    assert "node 23 is 0.25 from node 14" in str(error.value) and "constraint 'sides'" in str(error.value)
    assert match("sides", sector(tolerance=0.3), (ids, points), masters).master[2] == 3


def test_the_other_direction_is_offered_where_it_matches():
    with pytest.raises(InputError, match="they match the other way round: angle = 40"):
        match("sides", sector(angle=-40.0), *faces())


def test_a_face_with_a_node_more_is_refused():
    slaves, (ids, points) = faces()
    with pytest.raises(InputError, match="do not match one to one") as error:
        match("sides", sector(), slaves, (np.append(ids, 77), np.concatenate([points, [[9.0, 0, 0]]])))
    assert "node 77 of 'near' has no partner" in str(error.value)


@pytest.mark.parametrize(("keys", "said"), [
    ({"angle": 50.0}, "360 over a whole number"), ({"angle": 360.0}, "360 over a whole number"),
    ({"angle": None}, "needs angle"), ({"axis": None}, "needs axis"), ({"axis": (0, 0, 0)}, "must have a direction"),
    ({"master": "far"}, "two tags"), ({"components": ("x",)}, "ties all components"),
    ({"normal": (1, 0, 0), "kind": "cyclic"}, 'normal belongs to kind "plane"'),
    ({"master": None, "kind": "cyclic"}, "needs master"), ({"value": 1.0}, "has no value"),
])
def test_a_cyclic_symmetry_says_what_it_lacks(keys, said):
    with pytest.raises(ValueError, match=said):
        sector(**keys)
