"""From histories of strain, stress and p at points to ranges per cycle, accumulated p, and damage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from romlib.life.counting import Counted, count_all, extremes
from romlib.life.cycles import Cycles
from romlib.life.damage import cycles_to_failure, damage_of
from romlib.life.measures import (
    EQUIVALENT,
    SIGNED,
    STRAIN_FACTOR,
    STRESS_FACTOR,
    range_of,
    scalar_of,
    size_of,
)
from romlib.life.table import Basquin, CoffinManson, Curve, LifeTable
from romlib.tensors import VTK_NAMES, deviator

Counter = Callable[[np.ndarray, str], Counted]


@dataclass(frozen=True, eq=False)
class Histories:
    """Histories at points: strain, stress (n_step, n, 6) Kelvin-Mandel, p (n_step, n); None where there is none."""

    strain: np.ndarray
    stress: np.ndarray | None = None
    p: np.ndarray | None = None


@dataclass(frozen=True)
class Elastic:
    """What a curve needs of the elastic law. young : in the unit of stress; NaN where a curve needs none."""

    young: float = np.nan
    poisson: float = np.nan


@dataclass(frozen=True, eq=False)
class Judged:
    """Counted cycles with what they do, (n_cycle,) each.

    strain, plastic, stress : ranges. lowest, highest : of the stress measure. failure : number of such cycles that
    break. damage : count / failure.
    """

    counted: Counted
    strain: np.ndarray
    plastic: np.ndarray
    stress: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    failure: np.ndarray
    damage: np.ndarray

    def summed(self, n: int) -> np.ndarray:
        """Miner's sum of each of n histories."""
        return np.bincount(self.counted.owner, weights=self.damage, minlength=n)


def range_measure(table: LifeTable) -> str:
    """What the ranges of a cycle are measured by: over all pairs of times where the measure is an equivalent value."""
    return EQUIVALENT if table.used_measure in (EQUIVALENT, SIGNED) else table.used_measure


def ranges_per_cycle(tensor: np.ndarray, cycles: Cycles, table: LifeTable, factor: float) -> np.ndarray:
    """(n_cycle, n) of a history (n_step, n, 6); strains with the factor of the effective Poisson's ratio."""
    scale = table.strain_scale if factor == STRAIN_FACTOR else 1.0
    return scale * np.array([range_of(tensor[steps], range_measure(table), factor) for steps in cycles.slices()])


def increments_per_cycle(p: np.ndarray, cycles: Cycles) -> np.ndarray:
    """(n_cycle, n), what each cycle adds to an accumulated value (n_step, n)."""
    return np.diff(p[cycles.edges], axis=0)


def plastic_strain(histories: Histories, elastic: Elastic) -> np.ndarray:
    """Deviator of strain less elastic strain, (n_step, n, 6): the plastic strain of laws that do not change volume."""
    assert histories.stress is not None
    return deviator(histories.strain) - (1.0 + elastic.poisson) / elastic.young * deviator(histories.stress)


def needs_stress(curve: Curve) -> bool:
    """Whether a curve cannot do with strains alone."""
    return not (curve.kind == "strain_life" and curve.mean_stress == "none")


def judge(
    histories: Histories, cycles: Cycles, table: LifeTable, curve: Curve, elastic: Elastic,
    counter: Counter = count_all,
) -> Judged:
    """The damaging cycles of histories of one material.

    counter : of rainflow counting; `count_all`, or that of the package for one history.
    """
    signed = SIGNED if table.used_measure == EQUIVALENT else table.used_measure
    n_step, n = histories.strain.shape[:2]
    none = np.zeros((n_step, n))
    stress = none if histories.stress is None else scalar_of(histories.stress, signed, STRESS_FACTOR)
    plastic = plastic_strain(histories, elastic) if isinstance(curve, CoffinManson) else None
    if table.counting == "rainflow":
        strain = table.strain_scale * scalar_of(histories.strain, signed, STRAIN_FACTOR)
        series = stress if isinstance(curve, Basquin) else strain
        counted = counter(series, table.residue)
        lowest, highest = extremes(counted, series, stress)
        ranges = _between(strain, counted), _between(stress, counted)
        plastic_range = np.zeros(len(counted.owner)) if plastic is None else _plastic_between(plastic, counted, table)
    else:
        counted, ranges, plastic_range, lowest, highest = _per_period(histories, plastic, stress, cycles, table)
    failure = cycles_to_failure(curve, elastic.young, ranges[0], plastic_range, ranges[1], lowest, highest)
    return Judged(counted, ranges[0], plastic_range, ranges[1], lowest, highest, failure,
                  damage_of(failure, counted.count))


def _between(series: np.ndarray, counted: Counted) -> np.ndarray:
    return abs(series[counted.first, counted.owner] - series[counted.last, counted.owner])


def _plastic_between(plastic: np.ndarray, counted: Counted, table: LifeTable) -> np.ndarray:
    """Of the tensor from one reversal to the other, which needs no sign; or of its component."""
    difference = plastic[counted.first, counted.owner] - plastic[counted.last, counted.owner]
    if table.used_measure in VTK_NAMES:
        return abs(scalar_of(difference, table.used_measure, STRAIN_FACTOR))
    return size_of(difference, STRAIN_FACTOR)


def _per_period(
    histories: Histories, plastic: np.ndarray | None, stress: np.ndarray, cycles: Cycles, table: LifeTable
) -> tuple[Counted, tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Each period as one cycle, at all points: cycle by cycle, point by point."""
    n, slices = histories.strain.shape[1], cycles.slices()
    counted = Counted(np.tile(np.arange(n), len(slices)), np.repeat([s.start for s in slices], n),
                      np.repeat([s.stop - 1 for s in slices], n), np.ones(n * len(slices)))
    strain = ranges_per_cycle(histories.strain, cycles, table, STRAIN_FACTOR).ravel()
    of_stress = np.zeros(len(strain)) if histories.stress is None else ranges_per_cycle(
        histories.stress, cycles, table, STRESS_FACTOR).ravel()
    of_plastic = np.zeros(len(strain)) if plastic is None else np.concatenate(
        [range_of(plastic[s], range_measure(table), STRAIN_FACTOR) for s in slices])
    lowest = np.concatenate([stress[s].min(axis=0) for s in slices])
    highest = np.concatenate([stress[s].max(axis=0) for s in slices])
    return counted, (strain, of_stress), of_plastic, lowest, highest
