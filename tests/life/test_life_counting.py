"""Rainflow counting: the example of the standard, and the compiled rule against the package."""

from __future__ import annotations

import builtins
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from romlib.errors import InputError
from romlib.life.counting import RESIDUES, count_all, count_one, extremes

# ASTM E1049-85, figure 6: the history, and the counts of 5.4.4 by range.
STANDARD = np.array([-2.0, 1, -3, 5, -1, 3, -4, 4, -2])
COUNTS = {3.0: 0.5, 4.0: 1.5, 6.0: 0.5, 8.0: 1.0, 9.0: 0.5}
# Figure 7, of a repeating history, which begins and ends with its largest peak: the counts of 5.4.5.
REPEATING_COUNTS = {3.0: 1.0, 4.0: 1.0, 7.0: 1.0, 9.0: 1.0}

SERIES = st.lists(st.integers(-20, 20).map(float), min_size=2, max_size=40).map(np.array)


def ranges(counted, series):
    extent = abs(series[counted.first] - series[counted.last])
    found = Counter()
    for one, count in zip(extent, counted.count):
        found[float(one)] += float(count)
    return dict(found)


def test_the_package_and_the_compiled_rule_count_the_example_of_the_standard():
    for counted in (count_one(STANDARD), count_all(STANDARD[:, None])):
        assert ranges(counted, STANDARD) == COUNTS


def test_a_repeating_history_has_whole_cycles_only():
    for counted in (count_one(STANDARD, "repeating"), count_all(STANDARD[:, None], "repeating")):
        assert ranges(counted, STANDARD) == REPEATING_COUNTS


def test_where_a_repeating_history_begins_does_not_matter():
    for shift in range(len(STANDARD)):
        rolled = np.roll(STANDARD[:-1], shift)
        assert ranges(count_one(rolled, "repeating"), rolled) == ranges(
            count_one(STANDARD[:-1], "repeating"), STANDARD[:-1])


@pytest.mark.parametrize("residue", RESIDUES)
@given(series=SERIES)
def test_the_compiled_rule_finds_the_cycles_of_the_package(residue, series):
    one, all_ = count_one(series, residue), count_all(series[:, None], residue)
    def rows(counted):
        return sorted(zip(counted.first.tolist(), counted.last.tolist(), counted.count.tolist()))
    assert rows(one) == rows(all_)


@given(series=SERIES)
def test_no_range_is_beyond_that_of_the_history_and_the_largest_is_counted(series):
    counted = count_one(series)
    extent = abs(series[counted.first] - series[counted.last])
    assert (extent <= np.ptp(series)).all()
    assert extent.max(initial=0.0) == np.ptp(series)


@given(st.lists(SERIES, min_size=1, max_size=4))
def test_points_are_counted_as_if_each_were_alone(many):
    n_step = min(map(len, many))
    together = np.column_stack([one[:n_step] for one in many])
    counted = count_all(together)
    for k, series in enumerate(together.T):
        mine, alone = counted.owner == k, count_all(series[:, None])
        np.testing.assert_array_equal(counted.first[mine], alone.first)
        np.testing.assert_array_equal(counted.count[mine], alone.count)


def test_extremes_see_a_stress_that_relaxes_while_the_strain_is_held():
    strain = np.array([0.0, 1.0, 1.0, 1.0, -1.0, -1.0, 1.0])[:, None]
    stress = np.array([0.0, 300.0, 250.0, 200.0, -320.0, -250.0, 290.0])[:, None]
    counted = count_all(strain)
    lowest, highest = extremes(counted, strain, stress)
    unloading = (counted.first == 3)
    assert highest[unloading] == [300.0] and lowest[unloading] == [-320.0]


def test_a_missing_package_is_named_with_its_pip_line(monkeypatch):
    real = builtins.__import__

    def without(name, *arguments, **options):
        if name == "rainflow":
            raise ImportError("No module named 'rainflow'")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'romlib-mechanics\[life\]'"):
        count_one(STANDARD)
