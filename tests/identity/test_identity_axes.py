"""Material axes are part of what a model is, however they are said; of a law without directions they are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_example import box, model, reordered

from romlib.identity.cases import model_differences
from romlib.identity.contents import identity_of
from romlib.mesh.axes import axes_of_vectors, turned
from romlib.mesh.partition import partition
from romlib.model import Model

FIRST, PLANE = [1.0, 2.0, 0.5], [0.0, 1.0, -1.0]
AXES = axes_of_vectors(np.array(FIRST), np.array(PLANE))


def crystal(orientation=None, law="cubic", **more) -> Model:
    """The right material of the example a crystal with these axes."""
    whole = model()
    parameters = {"C11": 246.5, "C12": 147.3, "C44": 124.7} if law == "cubic" else {"young": 500.0, "poisson": 0.3}
    right = {"law": law, "cells": "right", "density": 3.0, "parameters": parameters, **more}
    if orientation is not None:
        right["orientation"] = orientation
    return model(materials={"left": whole.materials["left"].model_dump(), "right": right})


def with_arrays(axes, seed=None):
    """The box with axes in cell arrays, one (3, 3) for all or one a cell."""
    mesh = box()
    rows = np.broadcast_to(axes, (mesh.n_cell, 3, 3))
    return replace(mesh, cell_arrays={"a": 3.0 * rows[:, 0], "b": rows[:, 1] + 0.4 * rows[:, 0]})


BY_ARRAYS = {"first": {"array": "a"}, "plane": {"array": "b"}}
ONE = identity_of([box()], crystal({"first": FIRST, "plane": PLANE}))


def different(first, second):
    return [one.what for differences in model_differences(first, second).values() for one in differences]


@pytest.mark.parametrize("n_piece", [1, 3])
def test_the_same_axes_by_vectors_of_other_lengths_by_arrays_and_by_a_turn(n_piece):
    ways = [({"first": (2 * AXES[0]).tolist(), "plane": (AXES[1] - 3 * AXES[0]).tolist()}, box()),
            (BY_ARRAYS, with_arrays(AXES)),
            ({"first": turned(AXES, 2, -33.0)[0].tolist(), "plane": turned(AXES, 2, -33.0)[1].tolist(), "turn": 33.0,
              "about": 2}, box())]
    for orientation, mesh in ways:
        pieces = partition(mesh, n_piece) if n_piece > 1 else [mesh]
        assert different(ONE, identity_of(pieces, crystal(orientation))) == []
    assert different(ONE, identity_of([reordered(box(), 1)], crystal({"first": FIRST, "plane": PLANE}))) == []


@settings(max_examples=30, deadline=None)
@given(angle=st.floats(0.01, 60.0), about=st.sampled_from([1, 2, 3]))
def test_any_other_axes_are_found(angle, about):
    other = identity_of([box()], crystal({"first": FIRST, "plane": PLANE, "turn": angle, "about": about}))
    what, = different(ONE, other)
    assert "material 'right', orientation" in what


def test_the_axes_of_one_cell_are_found():
    axes = np.tile(AXES, (24, 1, 1))
    axes[23] = turned(AXES, 1, 5.0)
    assert len(different(ONE, identity_of([with_arrays(axes)], crystal(BY_ARRAYS)))) == 1


def test_no_axes_are_those_of_the_coordinates():
    none, stated = (identity_of([box()], crystal(one)) for one in (None, {"first": [5, 0, 0], "plane": [1, 1, 0]}))
    assert different(none, stated) == [] and different(stated, none) == []
    assert len(different(none, ONE)) == len(different(ONE, none)) == 1


def test_cylinders_with_other_axes_differ():
    one, same, other = (identity_of([box()], crystal({"center": center, "axis": axis})) for center, axis in (
        ([-1, -1, 0], [0, 0, 1]), ([-1, -1, 7], [0, 0, 3]), ([-1, -2, 0], [0, 0, 1])))
    assert different(one, same) == [] and len(different(one, other)) == 1


def test_an_isotropic_law_has_no_axes_but_for_its_expansion():
    one, other = (identity_of([box()], crystal(axes, law="elastic"))
                  for axes in (None, {"first": FIRST, "plane": PLANE}))
    assert different(one, other) == []
    along = {"thermal_expansion": {"coefficient": [1e-5, 2e-5, 3e-5], "reference_temperature": 0.0}}
    one, other = (identity_of([box()], crystal(axes, law="elastic", **along))
                  for axes in (None, {"first": FIRST, "plane": PLANE}))
    assert len(different(one, other)) == 1
