"""Elasticity and expansion of keyword decks as parameters of laws."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.keyword.cards import read_cards
from romlib_converters.keyword.properties import elastic_law, thermal_expansion

from romlib.errors import FileFormatError
from romlib.laws.law import Increment
from romlib.laws.orthotropic import OrthotropicLaw

ORTHO = "*ELASTIC,TYPE=ORTHOTROPIC\n11.,12.,22.,13.,23.,33.,1212.,1313.\n2323.\n"
CONSTANTS = ("*ELASTIC,TYPE=ENGINEERING CONSTANTS\n150.,120.,100.,0.3,0.2,0.25,60.,50.\n40.,0.\n"
             "90.,80.,50.,0.2,0.25,0.3,30.,40.\n30.,100.\n")


def card(folder, text):
    (folder / "a.inp").write_text(text)
    return read_cards(folder / "a.inp")[0]


def test_nine_stiffnesses_have_the_order_of_the_deck(tmp_path):
    law, found = elastic_law(card(tmp_path, ORTHO), stiffness=False)
    assert law == "orthotropic" and found == {
        "C11": 11.0, "C22": 22.0, "C33": 33.0, "C12": 12.0, "C13": 13.0, "C23": 23.0, "C44": 2323.0, "C55": 1313.0,
        "C66": 1212.0}


def test_engineering_constants_stay_such_unless_the_solver_takes_stiffnesses_between_temperatures(tmp_path):
    law, found = elastic_law(card(tmp_path, CONSTANTS), stiffness=False)
    assert law == "orthotropic" and found["nu13"] == {"temperature": (0.0, 100.0), "value": (0.2, 0.25)}
    _, stiff = elastic_law(card(tmp_path, CONSTANTS), stiffness=True)
    one, two = OrthotropicLaw.from_parameters(found), OrthotropicLaw.from_parameters(stiff)
    for temperature, same in ((0.0, True), (100.0, True), (50.0, False)):
        stresses = [law.integrate(increment(temperature), np.zeros((6, 0))).stress for law in (one, two)]
        assert np.allclose(*stresses, rtol=1e-12) is same


def increment(temperature):
    zero, warm = np.zeros((6, 6)), np.full(6, temperature)
    return Increment(zero, np.eye(6), zero, warm, warm, 0.0, 1.0, np.arange(6), np.ones(6, int), np.zeros((6, 3)))


@pytest.mark.parametrize("kind", ["ANISOTROPIC", "LAMINA", "TRACTION"])
def test_other_elasticity_has_no_law(tmp_path, kind):
    assert elastic_law(card(tmp_path, f"*ELASTIC,TYPE={kind}\n1,2,3\n"), stiffness=False) is None


@pytest.mark.parametrize(("text", "said"), [
    ("*ELASTIC,TYPE=ORTHO\n1,2,3,4,5,6,7,8\n", "two lines for each temperature"),
    ("*ELASTIC,TYPE=ORTHO\n", "two lines"), ("*ELASTIC,TYPE=ORTHO\n1,2,3,4,5,6,7\n9\n", "field 8"),
    ("*ELASTIC,TYPE=ENGINEERING CONSTANTS\n0,1,1,.3,.3,.3,1,1\n1,0.\n1,1,1,.3,.3,.3,1,1\n1,9.\n", "no stiffness"),
    (CONSTANTS.replace("40.,0.", "40.,100."), "temperatures of a material must increase")])
def test_constants_that_are_not_whole_are_refused(tmp_path, text, said):
    with pytest.raises(FileFormatError, match=said):
        elastic_law(card(tmp_path, text), stiffness=True)


def test_expansion_is_isotropic_or_along_the_axes(tmp_path):
    one = thermal_expansion(card(tmp_path, "*EXPANSION,ZERO=20.\n1e-5,20.\n2e-5,90.\n"))
    assert one.is_isotropic and one.reference_temperature == 20.0
    three = thermal_expansion(card(tmp_path, "*EXPANSION,TYPE=ORTHO\n1e-5,2e-5,3e-5\n"))
    assert three.coefficient == (1e-5, 2e-5, 3e-5) and not three.is_isotropic
    assert thermal_expansion(card(tmp_path, "*EXPANSION,TYPE=ANISO\n1,2,3,4,5,6\n")) is None
