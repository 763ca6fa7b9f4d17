"""Constraints as they are written: an older romlib reads those of kinds that it knows."""

from __future__ import annotations

import pytest

from romlib.model import Constraint

EARLIER = {"nodes", "components", "kind", "value", "description", "content"}


@pytest.mark.parametrize(("constraint", "more"), [
    (Constraint(nodes="a", components=("x",)), set()),
    (Constraint(nodes="a", components=("x",), kind="prescribed", value=2.0), set()),
    (Constraint(nodes="a", components=("x",), kind="linear", content="5f"), set()),
    (Constraint(nodes="a", normal=(1, 1, 0)), {"normal"}),
    (Constraint(nodes="a", master="b", axis=(0, 0, 1), angle=30), {"master", "center", "axis", "angle", "tolerance"})])
def test_a_constraint_is_written_with_the_keys_of_its_kind_and_read_back(constraint, more):
    assert set(constraint.model_dump()) == EARLIER | more
    assert Constraint.model_validate_json(constraint.model_dump_json()) == constraint
