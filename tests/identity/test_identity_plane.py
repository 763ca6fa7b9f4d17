"""Two meshes that differ in their kinematics or thickness alone are two models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from romlib.identity.compare import Comparison
from romlib.identity.contents import identity_of
from romlib.mesh.partition import partition
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import Constraint, Model, Pressure

MODEL = Model(constraints={"c": Constraint(nodes="xmin", components=("x",))}, loads={"p": Pressure(faces="xmax")})
PLANE = rectangle_mesh("quad8", (4, 3), (2.0, 1.0), (1.0, 0.0))


def test_pieces_have_the_identity_of_the_whole():
    whole, cut = identity_of([PLANE], MODEL), identity_of(partition(PLANE, 3), MODEL)
    assert not Comparison(whole, cut).mesh() and whole.cells.content["kinematics"] == "plane strain"
    assert Comparison(whole, cut).same(whole.loads["p"], cut.loads["p"])


@pytest.mark.parametrize("change", [{"kinematics": "axisymmetric"}, {"thickness": 2.0}])
def test_another_kinematics_or_thickness_is_another_model(change):
    first, second = (identity_of([mesh], MODEL) for mesh in (PLANE, replace(PLANE, **change)))
    (found,) = Comparison(first, second).mesh()
    assert str(next(iter(change.values()))) in found.second and "plane strain, thickness 1" in found.first
