"""What a constraint holds, and how a prescribed one moves at amplitude one."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from romlib.errors import InputError
from romlib.loads.constraints import constrained_dofs, prescribed_displacement
from romlib.mesh.box import box_mesh
from romlib.model import ArrayReference, Constraint

BOX = box_mesh("hex8", (1, 2, 1))
HEIGHT, TURN = BOX.points[:, 1], np.cross([0.0, 0.0, 1.0], BOX.points)
MESH = replace(BOX, node_arrays={"height": HEIGHT, "turn": TURN, "strange": np.zeros((BOX.n_node, 2)),
                                 "broken": np.where(HEIGHT > 0.7, np.nan, 0.0)})
END = MESH.node_tags["xmax"]


def moved(value: float | str) -> Constraint:
    return Constraint(nodes="xmax", components=("z", "x"), kind="prescribed",
                      value=ArrayReference(array=value) if isinstance(value, str) else value)


def test_components_keep_their_order():
    nodes, axes = constrained_dofs("end", moved(1.0), MESH)
    np.testing.assert_array_equal(nodes, END)
    assert axes.tolist() == [2, 0]


@pytest.mark.parametrize("value, expected", [
    (0.3, np.full((len(END), 2), 0.3)),
    ("height", np.stack([HEIGHT[END], HEIGHT[END]], axis=1)),
    ("turn", TURN[END][:, [2, 0]])])
def test_a_number_a_scalar_and_a_vector_field(value, expected):
    np.testing.assert_array_equal(prescribed_displacement("end", moved(value), MESH), expected)


def test_a_fixed_constraint_does_not_move():
    fixed = Constraint(nodes="xmax", components=("y",))
    np.testing.assert_array_equal(prescribed_displacement("end", fixed, MESH), np.zeros((len(END), 1)))


def test_a_value_that_would_be_ignored_is_refused():
    with pytest.raises(ValidationError, match="has no value"):
        Constraint(nodes="xmax", components=("y",), value=0.1)


@pytest.mark.parametrize("array, message", [
    ("hight", r"'hight' does not exist[\s\S]*constraint 'end'[\s\S]*height, turn"),
    ("strange", r"neither a scalar nor a vector[\s\S]*\(12, 2\)"),
    ("broken", r"not finite[\s\S]*node \d+")])
def test_a_wrong_array_is_named(array, message):
    with pytest.raises(InputError, match=message):
        prescribed_displacement("end", moved(array), MESH)


def test_an_unknown_tag_is_named():
    with pytest.raises(InputError, match=r"'top' does not exist[\s\S]*xmax"):
        constrained_dofs("end", Constraint(nodes="top", components=("x",)), MESH)
