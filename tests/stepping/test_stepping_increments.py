"""Increments: cut back by what a failure asks for, grown by two, never shorter than the limit."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import pytest

from romlib.stepping.increments import Increments


@dataclass
class TooLong:
    dt_factor: float = 0.5

    def error(self, time, n_cutback):
        return ArithmeticError(f"at {time} after {n_cutback}")


class Walker:
    """Commits increments that are not longer than `longest`."""

    def __init__(self, longest=inf, dt_factor=0.5):
        self.longest, self.dt_factor, self.times, self.tried = longest, dt_factor, [0.0], []

    def __call__(self, time):
        self.tried.append(time)
        if time - self.times[-1] > self.longest:
            return TooLong(self.dt_factor)
        self.times.append(time)
        return None


def test_an_interval_that_succeeds_is_one_increment_to_its_very_end():
    walker, control = Walker(), Increments(8)
    assert control.advance(walker, 0.0, 0.1) == (1, 0) and control.advance(walker, 0.1, 0.3) == (1, 0)
    assert walker.tried == [0.1, 0.3] and control.size == inf


def test_a_failure_cuts_and_success_doubles():
    walker = Walker(longest=0.3)
    n_increment, n_cutback = Increments(8).advance(walker, 0.0, 1.0)
    assert walker.tried[:3] == [1.0, 0.5, 0.25]  # the third fits; doubled, the next does not
    assert walker.times == [0.0, 0.25, 0.5, 0.75, 1.0] and (n_increment, n_cutback) == (4, len(walker.tried) - 4)


def test_the_cut_is_what_the_failure_asks_for():
    walker = Walker(longest=0.2, dt_factor=0.1)
    Increments(8).advance(walker, 0.0, 1.0)
    assert walker.tried[:2] == [1.0, 0.1]


def test_the_next_interval_begins_with_twice_the_last_increment_after_cuts():
    walker, control = Walker(longest=0.3), Increments(8)
    control.advance(walker, 0.0, 1.0)
    last = walker.times[-1] - walker.times[-2]
    assert control.size >= 2 * last
    control.size, walker.longest = 2 * last, inf
    control.advance(walker, 1.0, 2.0)
    assert walker.times[5] == 1.0 + 2 * last and walker.times[-1] == 2.0
    control.advance(walker, 2.0, 2.4)
    assert control.size == inf


def test_an_increment_below_the_limit_raises_what_the_failure_says():
    walker = Walker(longest=0.0)
    with pytest.raises(ArithmeticError, match=r"at 0\.125 after 4"):
        Increments(3).advance(walker, 0.0, 1.0)
    assert walker.tried == [1.0, 0.5, 0.25, 0.125] and walker.times == [0.0]
    with pytest.raises(ArithmeticError, match=r"at 1\.0 after 1"):
        Increments(0).advance(walker, 0.0, 1.0)
