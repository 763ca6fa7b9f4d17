"""Increments of time: one that fails is cut back, and they grow again after success."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import NamedTuple, Protocol

_ROUNDING = 1e-9  # part of an interval below which two times are one


class Failure(Protocol):
    """Why an attempt failed."""

    @property
    def dt_factor(self) -> float:
        """What to multiply the increment with, in (0, 1)."""

    def error(self, time: float, n_cutback: int) -> Exception:
        """The exception where the increment that ends at `time` cannot be shortened, after `n_cutback` cutbacks."""


Attempt = Callable[[float], Failure | None]  # go to a time and commit, or say why that failed
# Told of an interval that was cut: its start and end, the time that is reached, increments and cutbacks so far.
OnCut = Callable[[float, float, float, int, int], None]


class Watch(NamedTuple):
    """Who is told how far a run has come. on_step : after each output time, with its number and that of the last one.

    on_cut : of the steps in between, where one is cut.
    """

    on_step: Callable[[int, int], None]
    on_cut: OnCut


class Increments:
    """How far the next increment goes, over all intervals of a run.

    max_cutbacks : an increment is never shorter than its interval times 0.5**max_cutbacks.
    size : of the next increment, at most; infinite where the last interval was one increment. on_cut : called after
    each attempt of an interval that is not done in one.
    """

    def __init__(self, max_cutbacks: int, size: float = inf, on_cut: OnCut | None = None) -> None:
        self.max_cutbacks, self.size, self._on_cut = max_cutbacks, size, on_cut

    def advance(self, attempt: Attempt, start: float, end: float) -> tuple[int, int]:
        """Go from `start` to `end`, in several increments where one fails; number of increments, and of cutbacks.

        Raises
        ------
        The error of a failure that cannot be shortened further.
        """
        interval, failure, tried = end - start, None, False
        if self.size >= interval:  # nearly always: the whole, and done
            failure, tried = attempt(end), True
            if failure is None:
                self.size = inf
                return 1, 0
        smallest = interval * 0.5**self.max_cutbacks * (1.0 - _ROUNDING)
        step = max(min(self.size, interval), smallest)
        time, n_increment, n_cutback = start, 0, 0
        while True:
            whole = step >= (end - time) * (1.0 - _ROUNDING)
            target = end if whole else time + step
            failure, tried = failure if tried else attempt(target), False
            if failure is None:
                n_increment += 1
                if whole:
                    grown = n_cutback == 0 and step >= interval * (1.0 - _ROUNDING)
                    self.size = inf if grown else 2.0 * step
                    return n_increment, n_cutback
                step, time = 2.0 * step, target
            else:
                n_cutback += 1
                step = (target - time) * failure.dt_factor
                if step < smallest:
                    raise failure.error(target, n_cutback)
            if self._on_cut is not None:
                self._on_cut(start, end, time, n_increment, n_cutback)
