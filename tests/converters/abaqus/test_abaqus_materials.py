"""Materials of Abaqus's decks as laws of romlib, against what Abaqus's manual says of them."""

from __future__ import annotations

import numpy as np
import pytest
from abaqus_decks import CUBE, HELD, SECTION, assembly, deck, step
from romlib_converters.abaqus import AbaqusConverter
from romlib_converters.abaqus.converter import read_flat
from romlib_converters.abaqus.deck import DeckReader
from romlib_converters.abaqus.model import ModelBuilder

from romlib.errors import FileFormatError
from romlib.laws.registry import build_law
from romlib.model import UnitSystem

ELASTIC = "*ELASTIC\n200000., 0.3\n"


def read(folder, material, steps=None):
    """The material, and the omissions of the deck."""
    text = f"*HEADING\n{CUBE}{SECTION}*MATERIAL, NAME=STEEL\n{material}{HELD}{steps or step()}"
    model = AbaqusConverter().read_deck(deck(folder, text)).model
    return model.materials.get("STEEL"), {one.name: one.description for one in model.omissions}


def test_elasticity_in_a_table_of_temperature(tmp_path):
    found, notes = read(tmp_path, "*ELASTIC\n200000., 0.3, 20.\n150000., 0.33, 600.\n*EXPANSION\n1e-5\n"
                                  "*DENSITY\n8e-9\n")
    assert found.law == "elastic" and found.density == 8e-9 and not notes
    assert found.parameters["young"]["temperature"] == (20.0, 600.0)
    assert found.thermal_expansion.reference_temperature == 0.0


def test_isotropic_hardening_is_a_curve(tmp_path):
    found, _ = read(tmp_path, f"{ELASTIC}*PLASTIC\n200., 0.\n260., 0.01\n300., 0.1\n")
    assert found.law == "mises"
    assert found.parameters["curve"] == {"p": [0.0, 0.01, 0.1], "stress": [200.0, 260.0, 300.0]}


def test_kinematic_hardening_has_the_slope_of_its_two_rows(tmp_path):
    found, _ = read(tmp_path, f"{ELASTIC}*PLASTIC, HARDENING=KINEMATIC\n200., 0.\n230., 0.01\n")
    assert found.law == "mises" and found.parameters["yield"] == 200.0
    np.testing.assert_allclose(found.parameters["kinematic"], 3000.0)


def test_combined_hardening_without_recall_and_cyclic_hardening(tmp_path):
    found, _ = read(tmp_path, f"{ELASTIC}*PLASTIC, HARDENING=COMBINED, DATA TYPE=PARAMETERS, NUMBER BACKSTRESSES=2\n"
                              "200., 3000., 0., 1000., 0.\n*CYCLIC HARDENING, PARAMETERS\n190., 50., 8.\n")
    assert found.parameters["kinematic"] == 4000.0 and found.parameters["yield"] == 190.0
    assert found.parameters["voce"] == {"Q": 50.0, "b": 8.0}


def test_a_power_law_of_creep_is_norton_in_visco_steps(tmp_path):
    """p' = A q^n at q = 120 for a time of 2."""
    rate, n, q = 1e-12, 4.0, 120.0
    creep = f"{ELASTIC}*CREEP, LAW=TIME\n{rate}, {n}, 0.\n"
    found, notes = read(tmp_path, creep, step(procedure="*VISCO, CETOL=1e-4"))
    assert found.law == "chaboche" and not notes
    np.testing.assert_allclose((q / found.parameters["K"]) ** found.parameters["n"], rate * q**n)
    build_law(found)
    power, _ = read(tmp_path, f"{ELASTIC}*CREEP, LAW=POWER LAW\n100., 4., 0., 1e-4\n", step(procedure="*VISCO"))
    np.testing.assert_allclose((q / power.parameters["K"]) ** 4.0, 1e-4 * (q / 100.0) ** 4)
    left, notes = read(tmp_path, creep)
    assert left is None and "creep does not act in *STATIC" in notes["material_STEEL"]


@pytest.mark.parametrize(("material", "words"), [
    (f"{ELASTIC}*CREEP, LAW=HYPERB\n1., 1., 1., 1., 1.\n", "LAW=HYPERB"),
    (f"{ELASTIC}*CREEP, LAW=TIME\n1e-12, 4., -0.5\n", "creep hardens"),
    (f"{ELASTIC}*PLASTIC, HARDENING=COMBINED, DATA TYPE=PARAMETERS\n200., 3000., 50.\n", "GAMMA is not zero"),
    (f"{ELASTIC}*PLASTIC, HARDENING=COMBINED\n200., 0.\n250., 0.1\n", "DATA TYPE=PARAMETERS"),
    (f"{ELASTIC}*PLASTIC, HARDENING=JOHNSON COOK\n1., 1., 1., 1., 1., 1.\n", "JOHNSON COOK"),
    (f"{ELASTIC}*PLASTIC, RATE=1.\n200., 0.\n", "depends on the rate"),
    (f"{ELASTIC}*PLASTIC, DEPENDENCIES=1\n200., 0., 0., 1.\n", "field variables"),
    (f"{ELASTIC}*CONCRETE DAMAGED PLASTICITY\n1.\n", "no such law"), ("*HYPERELASTIC\n1.\n", "no such law"),
    ("*USER MATERIAL, CONSTANTS=2\n1., 2.\n", "umat=LIBRARY:SYMBOL")])
def test_laws_that_romlib_lacks_are_left_to_the_study_by_name(tmp_path, material, words):
    found, notes = read(tmp_path, material, step(procedure="*VISCO"))
    assert found is None and words in notes["material_STEEL"] and "line" in notes["material_STEEL"]


def test_a_user_material_has_the_library_that_the_user_names(tmp_path):
    path = deck(tmp_path, f"*HEADING\n{CUBE}{SECTION}*MATERIAL, NAME=STEEL\n*USER MATERIAL, CONSTANTS=9\n"
                          f"1., 2., 3., 4., 5., 6., 7., 8.\n9.\n*DEPVAR\n12\n{HELD}{step()}")
    builder = ModelBuilder(DeckReader(path, *read_flat(path)).run(), np.array([0.0, 1.0]),
                           {"library": "libX.so", "symbol": "umat_"})
    _, model = builder.build(UnitSystem())
    found = model.materials["STEEL"].parameters
    assert found["props"] == [float(k) for k in range(1, 10)] and found["depvar"] == 12
    assert (found["library"], found["symbol"], found["temperature"]) == ("libX.so", "umat_", "abaqus")
    path.write_text(path.read_text().replace("9.\n*DEPVAR", "*DEPVAR"))
    builder = ModelBuilder(DeckReader(path, *read_flat(path)).run(), np.array([0.0, 1.0]), {"library": "x"})
    with pytest.raises(FileFormatError, match="lacks constants"):
        builder.build(UnitSystem())


ORTHO = ("*ELASTIC, TYPE=ENGINEERING CONSTANTS\n1e5, 2e5, 3e5, 0.2, 0.25, 0.3, 4e4, 5e4,\n6e4\n")


def test_orthotropic_elasticity_has_the_axes_of_its_section(tmp_path):
    """The point c of an *ORIENTATION is its origin: a - c is along axis 1."""
    section = "*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL, ORIENTATION=O\n*ORIENTATION, NAME=O\n"
    axes = "1., 3., 1., 0., 2., 1., 1., 1., 1.\n3, 90.\n"
    path = deck(tmp_path, f"*HEADING\n{CUBE}{section}{axes}*MATERIAL, NAME=STEEL\n{ORTHO}{HELD}{step()}")
    found = AbaqusConverter().read_deck(path).model.materials["STEEL"]
    assert found.law == "orthotropic" and found.parameters["E2"] == 2e5
    assert found.orientation.first == (0.0, 2.0, 0.0) and found.orientation.plane == (-1.0, 1.0, 0.0)
    assert (found.orientation.turn, found.orientation.about) == (90.0, 3)


def test_axes_of_a_part_turn_with_its_instance(tmp_path):
    part = CUBE + ("*SOLID SECTION, ELSET=EALL, MATERIAL=STEEL, ORIENTATION=O\n1.,\n"
                   "*ORIENTATION, NAME=O\n1., 0., 0., 0., 1., 0.\n")
    text = assembly("*INSTANCE, NAME=A-1, PART=CUBE\n*END INSTANCE\n*INSTANCE, NAME=B-1, PART=CUBE\n5., 0., 0.\n"
                    "5., 0., 0., 5., 0., 1., 90.\n*END INSTANCE\n", part=part)
    text = text.replace("*ELASTIC\n200000., 0.3\n", ORTHO)
    found = AbaqusConverter().read_deck(deck(tmp_path, text + "*BOUNDARY\nA-1.FOOT, 1, 3\n" + step()))
    orientation = found.model.materials["STEEL"].orientation
    first, plane = (found.mesh.cell_arrays[one.array] for one in (orientation.first, orientation.plane))
    np.testing.assert_allclose(first, [[1, 0, 0], [0, 1, 0]], atol=1e-15)
    np.testing.assert_allclose(plane, [[0, 1, 0], [-1, 0, 0]], atol=1e-15)
