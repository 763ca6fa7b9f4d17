"""Axes of elements as material axes: none where they are the global ones, two vectors, or arrays of the cells."""

from __future__ import annotations

import numpy as np
from romlib_converters.common.axes import AXES, are_global, axes_arrays, orientation_of
from scipy.spatial.transform import Rotation

from romlib.mesh.axes import axes_of_vectors

TURNS = Rotation.random(4, random_state=7).as_matrix()


def test_axes_that_all_elements_have_are_vectors_that_say_the_same_axes():
    found = orientation_of(np.tile(TURNS[0], (3, 1, 1)))
    assert np.allclose(axes_of_vectors(np.array(found.first), np.array(found.plane)), TURNS[0].T)


def test_axes_that_differ_are_named_arrays_that_say_the_same_axes():
    found, arrays = orientation_of(TURNS), axes_arrays(np.array([9, 7, 5, 3]), TURNS)
    assert found.arrays == AXES == tuple(arrays)
    first, plane = (arrays[name].values for name in AXES)
    assert arrays[AXES[0]].ids.tolist() == [9, 7, 5, 3]
    assert np.allclose(axes_of_vectors(first, plane), TURNS.transpose(0, 2, 1))


def test_global_axes_need_no_description_and_unknown_ones_have_no_direction():
    assert orientation_of(np.tile(np.eye(3), (2, 1, 1))) is None
    unknown = np.stack([np.eye(3), np.full((3, 3), np.nan)])
    assert not are_global(unknown)
    assert not axes_arrays(np.arange(2), unknown)[AXES[0]].values[1].any()
