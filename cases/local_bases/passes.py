"""The passes of the hot spot: three that train, three held out, drawn by a rule and a seed before any was solved.

    python cases/local_bases/passes.py        # lists them

Trained are both tracks, one of them in both directions, 560 to 640 degrees, a pull of 20 to 60 MPa, 110 steps. Held out
are one pass over either track and one over both, one after the other; degrees, pull and number of steps are drawn
within (of the number of steps: around) what was trained. Rule and seed were written down before any was solved, at full
order or reduced; the README names what owes something to them all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SEED = 20261126
COLD, WARM = 20.0, 350.0  # degC: before and after, and of the strip away from the spot
BEGIN, END = 3.0, 57.0  # mm along the strip, between which the spot travels
TRACKS = {"a": 3.0, "b": 7.0}  # mm across the strip
WIDTH = 1.8  # mm, of the spot
PLACES = 46  # instants of a leg, as a thermal analysis has them; the temperature is linear between


@dataclass(frozen=True)
class Leg:
    """The spot goes once along a track. start, stop : parts of the duration. degrees : above the rest of the strip."""

    track: str
    start: float
    stop: float
    degrees: float
    back: bool = False

    @property
    def instants(self) -> np.ndarray:
        """Parts of the duration (PLACES + 2,): one before the spot is there, at its places, one when it is gone."""
        step = (self.stop - self.start) / (PLACES - 1)
        return self.start + step * np.arange(-1, PLACES + 1)

    def spot(self, points: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Degrees (n, n_point) of the spot alone at some of the instants (n,) or outside of them."""
        ends = [END, BEGIN] if self.back else [BEGIN, END]
        along = np.interp(part, [self.start, self.stop], ends)
        there = (part > self.instants[0]) & (part < self.instants[-1])
        square = (points[:, 0] - along[:, None]) ** 2 + (points[:, 1] - TRACKS[self.track]) ** 2
        return self.degrees * there[:, None] * np.exp(-square / WIDTH**2)


@dataclass(frozen=True)
class Pass:
    """A case. duration : s, in so many equal steps. pull : MPa on the end of the strip."""

    name: str
    legs: tuple[Leg, ...]
    pull: float
    steps: int = 110
    duration: float = 1000.0

    @property
    def times(self) -> np.ndarray:
        """(n_step,)"""
        return np.linspace(0.0, self.duration, self.steps + 1)

    @property
    def traction(self) -> dict[str, list[float]]:
        """The table of its amplitude: pulled at the beginning, let go at the end."""
        knots = self.duration * np.array([0.0, 0.05, 0.95, 1.0])
        return {"time": knots.tolist(), "value": [0.0, self.pull, self.pull, 0.0]}

    @property
    def instants(self) -> np.ndarray:
        """Times (n_instant,) at which the temperature is given."""
        return self.duration * self._parts()

    def temperature(self, points: np.ndarray) -> np.ndarray:
        """(n_instant, n), degC at points (n, 3) of the strip, the same through its thickness."""
        part = self._parts()
        warm = np.interp(part, [0.0, 0.05, 0.95, 1.0], [COLD, WARM, WARM, COLD])
        return warm[:, None] + sum(leg.spot(points, part) for leg in self.legs)

    def _parts(self) -> np.ndarray:
        return np.unique(np.concatenate([[0.0, 0.05, 0.95, 1.0], *(leg.instants for leg in self.legs)]))


TRAINING = (
    Pass("train_1", (Leg("a", 0.08, 0.92, 640.0),), 40.0),
    Pass("train_2", (Leg("b", 0.08, 0.92, 560.0),), 60.0),
    Pass("train_3", (Leg("a", 0.08, 0.92, 560.0, back=True),), 20.0))


def held_out(seed: int = SEED) -> tuple[Pass, ...]:
    """One pass over track a, one over b, one over b and then a."""
    draw = np.random.default_rng(seed)

    def degrees() -> float:
        return float(np.round(draw.uniform(560.0, 640.0)))

    def pull() -> float:
        return float(np.round(draw.uniform(20.0, 60.0)))

    def steps() -> int:
        return int(draw.integers(95, 121))

    return (
        Pass("held_1", (Leg("a", 0.08, 0.92, degrees()),), pull(), steps()),
        Pass("held_2", (Leg("b", 0.08, 0.92, degrees()),), pull(), steps()),
        Pass("held_3", (Leg("b", 0.08, 0.48, degrees()), Leg("a", 0.52, 0.92, degrees())), pull(), 2 * steps(), 2000.0))


def passes(seed: int = SEED) -> Mapping[str, Pass]:
    """All of them, by name."""
    return {one.name: one for one in (*TRAINING, *held_out(seed))}


if __name__ == "__main__":
    for one in passes().values():
        legs = ", then ".join(f"track {leg.track} {'back' if leg.back else 'forth'} at {leg.degrees:.0f} degrees"
                              for leg in one.legs)
        print(f"{one.name}: {legs}; pulled by {one.pull:.0f} MPa; {one.steps} steps in {one.duration:.0f} s")
