"""Lines about long runs: when they come, and what they say of the time that is left."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.progress import LONGEST, CutInWords, Pace, Remaining, duration
from romlib.stepping.increments import Increments


class Clock:
    """A time that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_after_a_few_seconds_and_then_ever_later_up_to_once_a_minute():
    clock, said = Clock(), []
    pace = Pace(clock=clock)
    for second in range(1, 3600):
        clock.now = 100.0 + second
        if pace.due():
            said.append(second)
    gaps = np.diff(said)
    assert said[0] == 3 and (np.diff(gaps) >= 0).all() and gaps[-1] == LONGEST and len(said) < 70


@pytest.mark.parametrize("rate", [0.25, 1.0, 7.0])
def test_what_goes_on_evenly_is_foretold_exactly(rate):
    clock = Clock()
    remaining = Remaining(clock)
    assert remaining.seconds(1000.0) is None
    for second in range(1, 101):
        clock.now = 100.0 + second
        seconds = remaining.seconds(1000.0 - rate * second)
        if second > 1:
            assert seconds == pytest.approx(1000.0 / rate - second)


def test_a_change_of_speed_is_followed():
    clock = Clock()
    remaining = Remaining(clock)
    for second in range(1, 31):  # one a second, then one in ten seconds
        clock.now = 100.0 + second
        remaining.seconds(100.0 - second)
    for k in range(1, 11):
        clock.now = 130.0 + 10 * k
        left = remaining.seconds(70.0 - k)
    assert left == pytest.approx(600.0)


def test_nothing_is_foretold_where_nothing_becomes_less():
    clock = Clock()
    remaining = Remaining(clock)
    for second in range(200):
        clock.now = 100.0 + second
        assert remaining.in_words(5.0) == ""


@pytest.mark.parametrize("seconds, words", [
    (0.4, "1 s"), (7.2, "8 s"), (41.0, "45 s"), (89.0, "90 s"), (170.0, "3 min"), (5000.0, "84 min"),
    (9000.0, "2.5 h"), (86400.0 * 4, "4 days")])
def test_times_are_said_as_one_says_them(seconds, words):
    assert duration(seconds) == words


def test_a_step_that_is_cut_is_told_of_with_its_part_and_the_time_left():
    """Increments of a tenth at most, each of which takes five seconds."""
    clock, said = Clock(), []
    reached = [0.0]

    class TooLong:
        dt_factor = 0.25

        def error(self, time, n_cutback):
            return ArithmeticError(f"{time} {n_cutback}")

    def attempt(time):
        clock.now += 5.0
        if time - reached[0] > 0.1:
            return TooLong()
        reached[0] = time
        return None

    Increments(10, on_cut=CutInWords(said.append, clock)).advance(attempt, 0.0, 1.0)
    assert reached == [1.0] and 3 < len(said) < 20
    assert said[0] == "the step to t = 1 was cut back twice: 0 increments, 0% of it"
    assert any("% of it, about" in line and "left" in line for line in said[3:])


def test_a_step_that_is_over_soon_is_not_told_of():
    clock, said = Clock(), []
    watch = CutInWords(said.append, clock)
    for k in range(100):
        clock.now += 0.01
        watch(0.0, 1.0, 0.01 * k, k, 3)
    assert said == []
