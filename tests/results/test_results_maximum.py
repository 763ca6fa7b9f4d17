"""The largest value over places and times: that of all values, where and when it is."""

from __future__ import annotations

import numpy as np
import pytest

import romlib
from romlib.errors import InputError


@pytest.fixture
def both(solution, tmp_path):
    """A solution of a ROM, and the file that it writes."""
    solution.write(tmp_path / "result.vtkhdf")
    with romlib.open(tmp_path / "result.vtkhdf") as results:
        yield solution, results


@pytest.mark.parametrize("name", ["stress.von_mises", "stress", "stress.xx", "p", "displacement", "displacement.x"])
@pytest.mark.parametrize("tag", ["all", "xmax"])
def test_it_is_the_largest_of_a_probe_at_each_time(both, name, tag):
    for results in both:
        found, probe = results.maximum(name, tag), results.probe(name, tag=tag, reduce="max")
        assert found.value == pytest.approx(probe.values.max(), rel=1e-10)
        assert found.time == results.times[found.step]
        assert found.value == pytest.approx(probe.values[found.step], rel=1e-10)
        there = results.probe(name, node=found.id) if found.number is None else results.probe(
            name, point=found.coordinates)
        values = there.values if there.values.ndim == 1 else np.linalg.norm(there.values, axis=1)
        if name != "stress":  # whose probe has all components
            assert values[found.step] == pytest.approx(found.value, rel=1e-6)


def test_what_is_shown_says_value_unit_time_and_place(both):
    found = both[0].maximum("stress")
    assert "MPa at time" in repr(found) and f"cell {found.id}, point {found.number}" in found.where


def test_a_field_or_tag_that_is_not_there_is_named(both):
    for results in both:
        with pytest.raises(InputError, match="field"):
            results.maximum("strss")
        with pytest.raises(InputError, match="xmxa"):
            results.maximum("p", tag="xmxa")
