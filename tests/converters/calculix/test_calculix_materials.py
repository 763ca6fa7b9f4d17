"""Materials of a deck: the law that says the same, or a line that says why there is none."""

from __future__ import annotations

import re

import numpy as np
import pytest
from romlib_converters.calculix.materials import DeckMaterial, read_material
from romlib_converters.keyword.cards import read_cards

from romlib.errors import FileFormatError
from romlib.laws.law import Increment
from romlib.laws.mises import MisesLaw
from romlib.model import Material


def material(folder, text, name="ST"):
    (folder / "a.inp").write_text(f"*MATERIAL,NAME={name}\n{text}")
    first, *cards = read_cards(folder / "a.inp")
    return read_material(DeckMaterial(name, first, {card.keyword: card for card in cards}), "EALL", True)


ELASTIC = "*ELASTIC\n200000.,0.3\n"


def test_elasticity_density_and_expansion(tmp_path):
    found, notes = material(tmp_path, "*ELASTIC,TYPE=ISO\n2.1D5,0.3,20.\n1.9E5,0.32,600.\n*DENSITY\n7.8e-9\n"
                            "*EXPANSION,ZERO=20.\n1.2e-5,20.\n1.4e-5,600.\n*CONDUCTIVITY\n50.\n")
    assert notes == []
    assert found == Material.model_validate({
        "law": "elastic", "cells": "EALL", "density": 7.8e-9,
        "parameters": {"young": {"temperature": (20.0, 600.0), "value": (2.1e5, 1.9e5)},
                       "poisson": {"temperature": (20.0, 600.0), "value": (0.3, 0.32)}},
        "thermal_expansion": {"coefficient": {"temperature": (20.0, 600.0), "value": (1.2e-5, 1.4e-5)},
                              "reference_temperature": 20.0}})


@pytest.mark.parametrize("rows", [
    "250.,0.\n", "250.,0.\n400.,0.1\n", "250.,0.\n300.,0.01\n280.,0.05\n400.,0.1\n", "250.,0.,20.\n150.,0.,600.\n",
    "250.,0.,20.\n400.,0.1,20.\n150.,0.,600.\n170.,0.04,600.\n200.,0.1,600.\n"])
def test_a_hardening_curve_is_that_of_mises(tmp_path, rows):
    """The stress of a bar with the plastic strain p against the curve, linear in p and between temperatures."""
    found, notes = material(tmp_path, f"{ELASTIC}*PLASTIC\n{rows}")
    assert found.law == "mises" and notes == []
    law = MisesLaw.from_parameters(found.parameters)
    table = np.array([[*map(float, row.split(",")), 20.0][:3] for row in rows.split()])
    knots = np.unique(table[:, 2])
    p, temperature = (grid.ravel() for grid in np.meshgrid([0.005, 0.03, 0.07, 0.2], np.linspace(-50.0, 700.0, 7)))
    curves = np.array([np.interp(p, table[table[:, 2] == t, 1], table[table[:, 2] == t, 0]) for t in knots])
    stress = np.array([np.interp(t, knots, curve) for t, curve in zip(temperature, curves.T)])
    strain = np.zeros((len(p), 6))
    strain[:, 0], strain[:, 1:3] = stress / 2e5 + p, (-0.3 * stress / 2e5 - 0.5 * p)[:, None]
    n, zero = len(p), np.zeros((len(p), 6))
    result = law.integrate(Increment(zero, strain, zero, temperature, temperature, 0.0, 1.0, np.arange(n), np.zeros(n),
                                     np.zeros((n, 3))), law.initial_state(n))
    assert np.allclose(result.stress[:, 0], stress, rtol=1e-10) and np.allclose(result.state[:, 0], p, rtol=1e-9)


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
    ("*USER MATERIAL,CONSTANTS=3\n1.\n", "lacks constants"), (f"{ELASTIC}*PLASTIC\n250.,0.1\n", "plastic strain 0"),
    (f"{ELASTIC}*PLASTIC\n250.,0.\n300.,0.1\n350.,0.1\n", "must increase"),
    ("*ELASTIC\n1.,0.3,600.\n2.,0.3,20.\n", "must increase"), ("*ELASTIC\n", "no data line"),
    ("*ELASTIC\n1.,x\n", "found: x"),
])
def test_data_that_cannot_be_read_are_refused(tmp_path, text, said):
    with pytest.raises(FileFormatError, match=said):
        material(tmp_path, text, "@ABAQUS_A_B" if "USER" in text else "ST")
