"""Materials of decks, as far as Abaqus and CalculiX have them alike."""

from __future__ import annotations

import numpy as np
import pytest
from keyword_decks import CUBE, HELD, SECTION, both, notes, read, step

from romlib.errors import FileFormatError
from romlib.laws.law import Increment
from romlib.laws.mises import MisesLaw

ELASTIC = "*ELASTIC\n200000., 0.3\n"


INITIAL = "*INITIAL CONDITIONS, TYPE=TEMPERATURE\nNALL, 20.\n"  # without it CalculiX takes the first of each table


def material(solver, folder, cards):
    """The material, and what the deck leaves out."""
    found = read(solver, folder, f"{CUBE}*MATERIAL, NAME=STEEL\n{cards}{SECTION}{HELD}{INITIAL}{step()}")
    return found.model.materials.get("STEEL"), notes(found)


@both
def test_elasticity_density_and_expansion_are_tables_of_the_temperature(solver, tmp_path):
    found, left = material(solver, tmp_path, "*ELASTIC, TYPE=ISO\n2.1E5, 0.3, 20.\n1.9E5, 0.32, 600.\n*DENSITY\n"
                           "7.8e-9\n*EXPANSION, ZERO=20.\n1.2e-5, 20.\n1.4e-5, 600.\n*CONDUCTIVITY\n50.\n")
    assert left == {} and (found.law, found.cells, found.density) == ("elastic", "EALL", 7.8e-9)
    assert found.parameters == {"young": {"temperature": (20.0, 600.0), "value": (2.1e5, 1.9e5)},
                                "poisson": {"temperature": (20.0, 600.0), "value": (0.3, 0.32)}}
    assert found.thermal_expansion.reference_temperature == 20.0
    assert found.thermal_expansion.coefficient.value == (1.2e-5, 1.4e-5)


@both
@pytest.mark.parametrize("rows", [
    "250.,0.\n", "250.,0.\n400.,0.1\n", "250.,0.\n300.,0.01\n280.,0.05\n400.,0.1\n", "250.,0.,20.\n150.,0.,600.\n",
    "250.,0.,20.\n400.,0.1,20.\n150.,0.,600.\n170.,0.04,600.\n200.,0.1,600.\n"])
def test_a_hardening_curve_is_that_of_mises(solver, tmp_path, rows):
    """The stress of a bar with the plastic strain p against the curve, linear in p and between temperatures."""
    found, left = material(solver, tmp_path, f"{ELASTIC}*PLASTIC\n{rows}")
    assert found.law == "mises" and left == {}
    assert ("yield" in found.parameters) != ("curve" in found.parameters) == ("0.1" in rows)
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


@both
def test_a_law_that_romlib_lacks_is_left_to_the_study_by_the_line_of_its_card(solver, tmp_path):
    text = f"{ELASTIC}*HYPERELASTIC, NEO HOOKE\n1., 2.\n"
    found, left = material(solver, tmp_path, text)
    line = CUBE.count("\n") + 4
    assert found is None and f"material STEEL, *HYPERELASTIC (line {line}): romlib has no such law; state" in left[
        "material_STEEL"]


@both
@pytest.mark.parametrize(("cards", "said"), [
    (f"{ELASTIC}*PLASTIC\n250.,0.1\n", "begin at the plastic strain 0"),
    (f"{ELASTIC}*PLASTIC\n250.,0.,20.\n150.,0.01,600.\n", "begin at the plastic strain 0"),
    (f"{ELASTIC}*PLASTIC\n250.,0.\n300.,0.1\n350.,0.1\n", "must increase"),
    ("*ELASTIC\n1.,0.3,600.\n2.,0.3,20.\n", "must increase"), ("*ELASTIC\n", "no data line"),
    ("*ELASTIC\n1.,x\n", "found: x"),
])
def test_data_that_cannot_be_read_are_refused_with_their_line(solver, cards, said, tmp_path):
    with pytest.raises(FileFormatError, match=said) as caught:
        material(solver, tmp_path, cards)
    assert "line" in str(caught.value)
