"""Stiffnesses and engineering constants of decks: laws whose stress is that of the matrix, or why there is none."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.common.stiffness import engineering_parameters, stiffness_parameters

from romlib.laws.law import Increment
from romlib.laws.registry import build_law
from romlib.model import Material
from romlib.tensors import mandel_from_vtk

NINE = (140.0, 9.0, 11.0, 0.3, 0.25, 0.2, 5.0, 4.0, 3.0)
STRAIN = np.array([1e-3, -2e-3, 5e-4, 3e-4, -4e-4, 7e-4])  # xx, yy, zz, xy, yz, xz


def matrix():
    """For xx, yy, zz, xy, yz, xz with engineering shear."""
    e1, e2, e3, nu12, nu13, nu23, g12, g13, g23 = NINE
    s = np.diag([1 / e1, 1 / e2, 1 / e3, 1 / g12, 1 / g23, 1 / g13])
    s[0, 1] = s[1, 0] = -nu12 / e1
    s[0, 2] = s[2, 0] = -nu13 / e1
    s[1, 2] = s[2, 1] = -nu23 / e2
    return np.linalg.inv(s)


def stress_of(found):
    law, zero = build_law(Material(law=found[0], parameters=found[1])), np.zeros((1, 6))
    increment = Increment(zero, mandel_from_vtk(STRAIN[None]), zero, None, None, 0.0, 1.0, np.zeros(1, int),
                          np.zeros(1, int), np.zeros((1, 3)))
    return law.integrate(increment, law.initial_state(1), False).stress[0]


@pytest.mark.parametrize("found", [stiffness_parameters(matrix()), engineering_parameters(NINE)])
def test_the_law_has_the_stress_of_the_matrix(found):
    assert found[0] == "orthotropic"
    expected = matrix() @ (STRAIN * [1, 1, 1, 2, 2, 2])
    assert np.allclose(stress_of(found), mandel_from_vtk(expected[None])[0], rtol=1e-12)


def test_alike_directions_are_a_cubic_crystal_within_the_digits_of_files():
    crystal = np.zeros((6, 6))
    crystal[:3, :3] = 147.3
    np.fill_diagonal(crystal, [246.5, 246.5001, 246.5, 124.7, 124.7, 124.7])
    assert stiffness_parameters(crystal)[0] == "cubic"
    crystal[1, 1] = 247.0
    assert stiffness_parameters(crystal)[0] == "orthotropic"
    assert engineering_parameters([127.0] * 3 + [0.37] * 3 + [124.0] * 3)[1] == {"E": 127.0, "nu": 0.37, "G": 124.0}


@pytest.mark.parametrize(("change", "word"), [
    ((0, 3, 0.1), "couples shear"), ((3, 4, 0.1), "couples shear"), ((2, 2, -1.0), "positive definite"),
    ((0, 0, np.nan), "positive definite")])
def test_a_matrix_that_is_no_orthotropic_solid_is_named(change, word):
    row, column, value = change
    wrong = matrix()
    wrong[row, column] = wrong[column, row] = value
    assert word in stiffness_parameters(wrong)


def test_a_modulus_that_is_not_positive_is_named():
    assert "modulus" in engineering_parameters((140.0, 0.0, *NINE[2:]))
