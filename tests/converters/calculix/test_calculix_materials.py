"""Materials of a deck: the law that says the same, or a line that says why there is none."""

from __future__ import annotations

import re

import numpy as np
import pytest
from romlib_converters.calculix.materials import DeckMaterial, read_material
from romlib_converters.keyword.cards import read_cards

from romlib.errors import FileFormatError


def material(folder, text, name="ST"):
    (folder / "a.inp").write_text(f"*MATERIAL,NAME={name}\n{text}")
    first, *cards = read_cards(folder / "a.inp")
    return read_material(DeckMaterial(name, first, {card.keyword: card for card in cards}), "EALL", True)


ELASTIC = "*ELASTIC\n200000.,0.3\n"


def test_curves_that_end_at_different_strains_are_said(tmp_path):
    """CalculiX is constant there from the end of the shorter one; at a temperature of a curve it has that curve."""
    found, (note,) = material(tmp_path, f"{ELASTIC}*PLASTIC\n250.,0.,20.\n400.,0.1,20.\n150.,0.,600.\n")
    assert found.parameters["curve"] == {"p": [0.0, 0.1], "stress": [
        {"temperature": (20.0, 600.0), "value": value} for value in ((250.0, 150.0), (400.0, 150.0))]}
    assert note.name == "hardening" and not note.does_work
    assert "from p = 0," in note.description and "line 4" in note.description


def test_a_curve_of_many_rows_becomes_the_points_that_calculix_takes(tmp_path):
    """For curves of several temperatures a note says that it takes fewer points."""
    def rows(n, temperature=""):
        return "".join(f"{200.0 + k**0.5},{(k / n)**2}{temperature}\n" for k in range(n))

    found, notes = material(tmp_path, f"{ELASTIC}*PLASTIC\n{rows(200)}")
    assert notes == [] and np.allclose(found.parameters["curve"]["p"], (np.arange(200) / 200)**2)
    found, notes = material(tmp_path, f"{ELASTIC}*PLASTIC\n{rows(300)}")
    assert notes == [] and np.allclose(found.parameters["curve"]["p"], np.linspace(0.0, (299 / 300)**2, 200))
    found, (note,) = material(tmp_path, f"{ELASTIC}*PLASTIC\n{rows(300, ',20.')}{rows(300, ',600.')}")
    assert len(found.parameters["curve"]["p"]) == 300
    assert note.name == "hardening" and not note.does_work and "300 plastic strains" in note.description


@pytest.mark.parametrize(("text", "said"), [
    (f"{ELASTIC}*PLASTIC,HARDENING=KINEMATIC\n250.,0.\n", r"\*PLASTIC \(line 4\): hardening KINEMATIC"),
    ("*ELASTIC,TYPE=ANISO\n1,2,3,4,5,6,7,8\n9,10,11,12,13,14,15,16\n17,18,19,20,21\n", "elasticity of TYPE=ANISO"),
    ("*ELASTIC,TYPE=ORTHO\n9,1,9,1,1,9,4,4\n4\n*PLASTIC\n250.,0.\n", "isotropic elasticity beneath plasticity"),
    ("*HYPERELASTIC,NEO HOOKE\n1.,2.\n", r"\*HYPERELASTIC \(line 2\): romlib has no such law"),
    (f"{ELASTIC}*CREEP\n1e-10,5.,0.\n", r"\*CREEP \(line 4\)"),
    ("*USER MATERIAL,CONSTANTS=2\n1.,2.\n*DEPVAR\n3\n", "within the solver"),
    ("*DENSITY\n1.\n", "neither"),
])
def test_a_law_that_romlib_lacks_is_left_to_the_study_by_name(tmp_path, text, said):
    found, (note,) = material(tmp_path, text)
    assert found is None and note.does_work and note.name == "material_ST"
    assert re.search(said, note.description), note.description


@pytest.mark.parametrize("n", [3, 8, 10, 16])
def test_a_umat_has_library_function_constants_and_depvar(tmp_path, n):
    """Eight constants a line, then a temperature, which a multiple of eight puts on a line of its own."""
    numbers = [repr(0.5 * k) for k in range(1, n + 1)] + ["0."]
    lines = "\n".join(",".join(numbers[k:k + 8]) for k in range(0, n + 1, 8))
    found, notes = material(tmp_path, f"*USER MATERIAL,CONSTANTS={n}\n{lines}\n*DEPVAR\n7\n", "@abaqus_My_Lib_MyFunc")
    assert notes == [] and found.law == "umat"
    assert found.parameters == {
        "library": "libMY_LIB.so", "symbol": "MYFUNC", "props": [0.5 * k for k in range(1, n + 1)], "depvar": 7,
        "temperature": "calculix", "name": "@ABAQUS_MY_LIB_MYFUNC"}


def test_constants_that_depend_on_temperature_are_left_to_the_study(tmp_path):
    found, (note,) = material(tmp_path, "*USER MATERIAL,CONSTANTS=1\n1.,20.\n2.,600.\n", "@ABAQUS_A_B")
    assert found is None and "temperature" in note.description


@pytest.mark.parametrize(("text", "said"), [
    ("*USER MATERIAL,CONSTANTS=1\n1.\n*DEPVAR\n1099511627776\n", "state variables"),
    ("*USER MATERIAL,CONSTANTS=3\n1.\n", "lacks constants"),
])
def test_data_that_cannot_be_read_are_refused(tmp_path, text, said):
    with pytest.raises(FileFormatError, match=said):
        material(tmp_path, text, "@ABAQUS_A_B")
