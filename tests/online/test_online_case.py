"""What drives a run: the amplitudes of the model, of the case and of the user, and what is to be said of them."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom

from romlib.mesh.box import box_mesh
from romlib.model import Material, Model, TableAmplitude, Traction
from romlib.online.case import ResolvedCase

TIMES = np.linspace(0.0, 1.0, 3)


@pytest.fixture(scope="module")
def rom():
    model = Model(
        materials={"a": Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3})},
        loads={name: Traction(faces="ymax", direction=(1, 0, 0)) for name in ("push", "hold")},
        amplitudes={"push": "100*t", "hold": "7"})
    mesh = box_mesh("hex8", (2, 1, 1), (2.0, 1.0, 1.0))
    return hand_made_rom([mesh], model, [affine(1)], dual={"stress": (1, True)})[0]


def case_with(rom, push, notes=()):
    amplitudes = {"push": TableAmplitude(time=(0.0, 1.0), value=(0.0, push))}
    return ResolvedCase(rom, rom.model, TIMES, amplitudes, None, notes)


def test_the_amplitudes_of_a_case_take_precedence_over_those_of_the_model_and_drive_the_run(rom):
    case = case_with(rom, 50.0)
    assert case.all_amplitudes == {**rom.model.amplitudes, **case.amplitudes}
    names = [load for load, _ in rom.force_terms]
    found = dict(zip(names, np.array([case.histories().output_level(k).force for k in range(3)]).T))
    np.testing.assert_allclose(found["push"], [0.0, 25.0, 50.0])
    np.testing.assert_allclose(found["hold"], [7.0, 7.0, 7.0])


def test_what_was_noted_in_fitting_a_case_comes_first_and_no_note_is_lost(rom):
    fitted, bare = case_with(rom, 50.0, ("the deck says so",)), case_with(rom, 50.0)
    assert fitted.cautions() == ("the deck says so", *bare.cautions())
