"""When to say again how far a long run has come, and how long the rest of it will take."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil

FIRST = 3.0  # seconds before the first line
LONGEST = 60.0  # seconds between two lines of a run that takes hours
_GROWTH = 1.5
_MOST_SAMPLES = 64
_WORTH_SAYING = 2.0  # seconds


class Pace:
    """Lines now and then: the first after a few seconds, the next ones ever later, so that a log stays readable.

    first, longest : seconds before the first line, and between two lines at most. clock : gives the time in seconds.
    """

    def __init__(self, first: float = FIRST, longest: float = LONGEST,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._longest, self._wait = clock, longest, first
        self._last = clock()

    def due(self) -> bool:
        """Whether it is time for another line; where it is, that line counts as said."""
        now = self._clock()
        if now - self._last < self._wait:
            return False
        self._last, self._wait = now, min(self._wait * _GROWTH, self._longest)
        return True


class Remaining:
    """How long what is left takes, from how fast it became less over the second half of the time until now.

    What is left may have any measure that goes down to zero about evenly: steps, or the logarithm of an error over its
    tolerance. The second half, because the beginning (loading, few points) has another speed than the end.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin = clock()
        self._samples: list[tuple[float, float]] = []

    def seconds(self, left: float) -> float | None:
        """Seconds until nothing is left; None as long as nothing is known of it."""
        now = self._clock()
        self._samples.append((now, left))
        if len(self._samples) > _MOST_SAMPLES:
            del self._samples[1::2]
        middle = self._begin + 0.5 * (now - self._begin)
        then, more = next((one for one in self._samples if one[0] >= middle), self._samples[-1])
        if then == self._samples[-1][0] and len(self._samples) > 1:  # a long pause: the sample before it
            then, more = self._samples[-2]
        if now <= then or more <= left:
            return None
        return (now - then) * max(left, 0.0) / (more - left)

    def in_words(self, left: float) -> str:
        """Such as "about 40 s left"; nothing where it is unknown, or a moment."""
        seconds = self.seconds(left)
        return "" if seconds is None or seconds < _WORTH_SAYING else f"about {duration(seconds)} left"


def duration(seconds: float) -> str:
    """A time that is roughly known, in a readable unit: "8 s", "40 s", "3 min", "2.5 h", "4 days"."""
    if seconds < 90:
        return f"{ceil(seconds) if seconds < 20 else 5 * ceil(seconds / 5)} s"
    if seconds < 90 * 60:
        return f"{ceil(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.0f} days"


class CutInWords:
    """Lines about a step that is cut back, while it goes on.

    say : prints one. Short ones are over before there is anything to say.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._end: float | None = None
        self._pace, self._remaining = Pace(clock=clock), Remaining(clock)

    def __call__(self, start: float, end: float, reached: float, increments: int, cutbacks: int) -> None:
        """What `romlib.stepping.increments.Increments` calls after each attempt of a step that it has cut."""
        if end != self._end:
            self._end, self._pace, self._remaining = end, Pace(clock=self._clock), Remaining(self._clock)
        left = (end - reached) / (end - start)
        rest = self._remaining.in_words(left)
        if self._pace.due():
            self._say(f"the step to t = {end:.6g} was cut back {_times(cutbacks)}: {increments} "
                      f"{'increment' if increments == 1 else 'increments'}, {1 - left:.0%} of it"
                      f"{', ' + rest if rest else ''}")


def _times(n: int) -> str:
    return {1: "once", 2: "twice"}.get(n, f"{n} times")
