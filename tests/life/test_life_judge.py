"""From histories to damage: constant amplitude in closed form, plastic strain, order and cut of the points."""

from __future__ import annotations

import numpy as np
import pytest
from fatigue import CURVES, DUCTILITY, POISSON, STRENGTH, YOUNG, B, C, one_axis, stress_along_x

from romlib.life.counting import count_one
from romlib.life.cycles import cycles_of
from romlib.life.judge import Elastic, Histories, increments_per_cycle, judge, plastic_strain, ranges_per_cycle
from romlib.life.measures import STRAIN_FACTOR
from romlib.life.table import LifeTable

TIMES = np.linspace(0.0, 5.0, 201)
WAVE = np.sin(2 * np.pi * TIMES)
CYCLES = cycles_of(TIMES, WAVE[:, None])
ELASTIC = Elastic(YOUNG, POISSON)
BY_PERIOD = LifeTable(counting="period")


def histories(amplitude=0.004, stress=300.0):
    return Histories(one_axis(amplitude * WAVE), stress_along_x(stress * WAVE))


@pytest.mark.parametrize("table", [LifeTable(residue="repeating"), BY_PERIOD, LifeTable(measure="xx",
                                                                                      residue="repeating")])
def test_a_wave_of_constant_amplitude_has_the_damage_of_its_cycles(table):
    n = np.float64(0.5) * np.float64(300.0 / STRENGTH) ** (1 / B)
    judged = judge(histories(), CYCLES, table, CURVES["basquin"], Elastic())
    assert judged.summed(1)[0] == pytest.approx(5.0 / n, rel=1e-6)
    judged = judge(histories(), CYCLES, table, CURVES["strain_life"], ELASTIC)
    np.testing.assert_allclose(judged.failure, judged.failure[0], rtol=1e-6)
    left = STRENGTH / YOUNG * (2 * judged.failure[0]) ** B + DUCTILITY * (2 * judged.failure[0]) ** C
    assert left == pytest.approx(0.004, rel=1e-6)
    assert judged.summed(1)[0] == pytest.approx(5.0 / judged.failure[0], rel=1e-6)


def test_half_cycles_count_half():
    """A ramp up and down again: two half cycles of one range."""
    times = np.linspace(0.0, 1.0, 11)
    ramp = np.interp(times, [0, 0.5, 1.0], [0.0, 0.004, 0.0])
    judged = judge(Histories(one_axis(ramp)), cycles_of(times, ramp[:, None]), LifeTable(), CURVES["strain_life"],
                   ELASTIC)
    np.testing.assert_array_equal(judged.counted.count, [0.5, 0.5])
    np.testing.assert_allclose(judged.strain, 0.004)


def test_plastic_strain_is_what_elasticity_leaves():
    """A bar with plastic strain e_p: lateral strain -nu s/E - e_p/2; the elastic part goes exactly."""
    stress, plastic = 250.0 * WAVE, 0.003 * np.roll(WAVE, 7)
    strain = (one_axis(stress / YOUNG, POISSON) + one_axis(plastic)
              + (0.01 * TIMES)[:, None, None] * np.array([1, 1, 1, 0, 0, 0]))  # heated besides
    given = Histories(strain, stress_along_x(stress))
    np.testing.assert_allclose(plastic_strain(given, ELASTIC), one_axis(plastic), atol=1e-15)
    judged = judge(given, CYCLES, BY_PERIOD, CURVES["coffin_manson"], ELASTIC)
    amplitude = np.array([np.ptp(plastic[s]) / 2 for s in CYCLES.slices()])
    np.testing.assert_allclose(judged.plastic, 2 * amplitude, rtol=1e-9)
    np.testing.assert_allclose(judged.failure, 0.5 * (amplitude / DUCTILITY) ** (1 / C), rtol=1e-8)


def test_the_effective_poisson_ratio_makes_an_elastic_bar_s_range_that_of_its_axis():
    history = one_axis(0.001 * WAVE, POISSON)
    table = LifeTable(counting="period", effective_poisson=POISSON)
    np.testing.assert_allclose(ranges_per_cycle(history, CYCLES, table, STRAIN_FACTOR), 0.002, rtol=1e-6)


def test_what_a_cycle_adds_to_p_sums_to_the_whole():
    p = np.cumsum(abs(np.gradient(WAVE)))[:, None] * np.array([1.0, 2.0])
    added = increments_per_cycle(p, CYCLES)
    assert added.shape == (5, 2)
    np.testing.assert_allclose(added.sum(axis=0), p[-1] - p[0])


@pytest.mark.parametrize("name", sorted(CURVES))
@pytest.mark.parametrize("table", [LifeTable(), BY_PERIOD, LifeTable(residue="repeating", measure="max_principal")])
def test_many_points_have_the_damage_that_each_has_alone_and_by_the_package(name, table):
    rng = np.random.default_rng(5)
    strain = 1e-3 * np.cumsum(rng.normal(size=(60, 12, 6)), axis=0)
    stress = np.cumsum(40.0 * rng.normal(size=(60, 12, 6)), axis=0)
    times = np.linspace(0.0, 1.0, 60)
    cycles = cycles_of(times, times[:, None])
    together = judge(Histories(strain, stress), cycles, table, CURVES[name], ELASTIC).summed(12)
    order = rng.permutation(12)
    shuffled = judge(Histories(strain[:, order], stress[:, order]), cycles, table, CURVES[name], ELASTIC).summed(12)
    np.testing.assert_allclose(shuffled, together[order], rtol=1e-12)
    for k in range(12):
        one = judge(Histories(strain[:, [k]], stress[:, [k]]), cycles, table, CURVES[name], ELASTIC,
                    lambda series, residue: count_one(series[:, 0], residue))
        assert one.damage.sum() == pytest.approx(together[k], rel=1e-10)


@pytest.mark.parametrize("name", sorted(CURVES))
def test_a_run_that_is_solved_twice_as_hard_does_more_damage(name):
    mild, hard = (judge(histories(0.003 * f, 250.0 * f), CYCLES, LifeTable(), CURVES[name], ELASTIC).summed(1)[0]
                  for f in (1.0, 1.3))
    assert hard > mild > 0.0
