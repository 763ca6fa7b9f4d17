"""Damage against the curves themselves, solved the other way round."""

from __future__ import annotations

import numpy as np
import pytest
from fatigue import BOTH, CURVES, DUCTILITY, STRENGTH, YOUNG, B, C
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from romlib.life.damage import cycles_to_failure, damage_of
from romlib.life.table import Basquin, StrainLife

LIVES = st.floats(1.0, 1e8)
NONE = np.zeros(1)


def one(value):
    return np.array([float(value)])


def life_of(curve, strain=0.0, plastic=0.0, stress=0.0, lowest=0.0, highest=0.0):
    return float(cycles_to_failure(curve, YOUNG, *map(one, (strain, plastic, stress, lowest, highest)))[0])


@given(LIVES)
def test_basquin_gives_back_the_life_that_an_amplitude_was_made_of(n):
    amplitude = STRENGTH * (2 * n) ** B
    assert life_of(CURVES["basquin"], stress=2 * amplitude, lowest=-amplitude, highest=amplitude) == pytest.approx(
        n, rel=1e-9)


@given(LIVES)
def test_manson_and_coffin_give_back_the_life_of_a_plastic_amplitude(n):
    assert life_of(CURVES["coffin_manson"], plastic=2 * DUCTILITY * (2 * n) ** C) == pytest.approx(n, rel=1e-9)


@given(LIVES)
def test_strain_life_and_smith_watson_topper_give_back_their_life(n):
    amplitude = STRENGTH / YOUNG * (2 * n) ** B + DUCTILITY * (2 * n) ** C
    assert life_of(CURVES["strain_life"], strain=2 * amplitude) == pytest.approx(n, rel=1e-9)
    highest = 250.0
    parameter = STRENGTH**2 / YOUNG * (2 * n) ** (2 * B) + STRENGTH * DUCTILITY * (2 * n) ** (B + C)
    assert life_of(CURVES["swt"], strain=2 * parameter / highest, highest=highest) == pytest.approx(n, rel=1e-9)


def test_a_life_is_the_root_that_scipy_finds():
    def excess(log_n):
        return STRENGTH / YOUNG * (2 * np.exp(log_n)) ** B + DUCTILITY * (2 * np.exp(log_n)) ** C - 0.003

    assert life_of(CURVES["strain_life"], strain=0.006) == pytest.approx(np.exp(brentq(excess, 0.0, 40.0, xtol=1e-14)))


def test_mean_tension_shortens_the_life_by_morrow_and_goodman_and_compression_lengthens_none():
    plain = dict(fatigue_strength_coefficient=STRENGTH, fatigue_strength_exponent=B)
    goodman = Basquin(kind="basquin", mean_stress="goodman", ultimate_strength=600.0, **plain)
    morrow = Basquin(kind="basquin", mean_stress="morrow", **plain)
    free = life_of(CURVES["basquin"], stress=400.0)
    assert life_of(goodman, stress=400.0, lowest=-50.0, highest=350.0) == pytest.approx(
        0.5 * (200.0 / (1 - 150.0 / 600.0) / STRENGTH) ** (1 / B))
    assert life_of(morrow, stress=400.0, lowest=-50.0, highest=350.0) == pytest.approx(
        0.5 * (200.0 / (1 - 150.0 / STRENGTH) / STRENGTH) ** (1 / B))
    assert life_of(goodman, stress=400.0, lowest=-350.0, highest=50.0) == pytest.approx(free)
    in_strain = StrainLife(kind="strain_life", mean_stress="morrow", **BOTH)
    n = life_of(in_strain, strain=0.006, lowest=100.0, highest=300.0)
    assert (STRENGTH - 200.0) / YOUNG * (2 * n) ** B + DUCTILITY * (2 * n) ** C == pytest.approx(0.003)


def test_a_mean_stress_beyond_the_strength_breaks_at_once():
    goodman = Basquin(kind="basquin", mean_stress="goodman", ultimate_strength=600.0,
                      fatigue_strength_coefficient=STRENGTH, fatigue_strength_exponent=B)
    n = cycles_to_failure(goodman, np.nan, NONE, NONE, one(10.0), one(700.0), one(710.0))
    assert n[0] == 0.0 and damage_of(n, one(0.5))[0] == np.inf


def test_what_does_not_move_or_pull_does_no_damage():
    for curve in CURVES.values():
        assert life_of(curve) == np.inf
    assert life_of(CURVES["swt"], strain=0.01, lowest=-500.0, highest=-10.0) == np.inf
    assert damage_of(one(np.inf), one(1.0))[0] == 0.0


@given(st.sampled_from(sorted(CURVES)), st.floats(1e-5, 0.05), st.floats(1.0, 1.5))
def test_a_larger_cycle_never_lives_longer(name, strain, factor):
    def life(scale):
        stress = min(YOUNG * strain, 600.0) * scale
        return life_of(CURVES[name], strain * scale, 0.5 * strain * scale, 2 * stress, -stress, stress)

    assert life(factor) <= life(1.0) * (1 + 1e-12)
