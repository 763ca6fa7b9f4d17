"""The solved box of the tests of this folder."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from sheared_box import MISES, shear

import romlib
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.model import Constraint, Model, Traction


@pytest.fixture(scope="session", params=[1, 3], ids=["one piece", "three pieces"])
def solution(request, tmp_path_factory):
    """A sheared and stretched plastic box; the stretch is prescribed."""
    mesh = box_mesh("hex20", (4, 2, 1), (2.0, 1.0, 1.0))
    pieces = partition(mesh, request.param) if request.param > 1 else [mesh]
    model = Model(
        materials={"a": MISES}, loads={"push": Traction(faces="ymax", direction=(1, 0, 0))},
        constraints={"stretch": Constraint(nodes="xmax", components=("x",), kind="prescribed")},
        amplitudes={"push": "100*t", "stretch": "0.004*t"})
    rom, data = hand_made_rom(
        pieces, model, [shear, affine(1), affine(2)], liftings={"stretch": lambda x: 0.5 * affine(0)(x)},
        dual={"stress": (6, True), "p": (1, False)})
    path = write_both(tmp_path_factory.mktemp("rom") / "box.rom", rom, data)
    return romlib.load(path).solve(times=np.linspace(0.0, 1.0, 6))
