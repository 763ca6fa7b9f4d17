"""The missions that the bounds of the blade are judged by: drawn by a rule and a seed, used to choose nothing.

    python cases/adaptive/missions.py        # lists them

Trained are speed 0.95 to 1.05, a hot spot of 530 to 590 degrees over the rest, a cruise of 240 to 720 s, one field of
the hot spot. Rule and seed were written down before any of these missions was solved, at full order or reduced. One
that the full order cannot solve is counted and left out; none is drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

SEED = 20261126
STEP = 40.0  # s, as in training
COUNTS = {"inside": 14, "5 to 10 % out": 14, "far out": 14, "other profiles": 14, "new shapes": 18}
NAMES = dict(zip(COUNTS, ("inside", "out", "far", "profile", "shape")))
COLD, SPEED, HOT, WARM, CRUISE = 20.0, (0.95, 1.05), (530.0, 590.0), 480.0, (240.0, 720.0)


@dataclass(frozen=True)
class Spot:
    """A hot spot. part : of the degrees of the hot spot. For the others see `blade.hot_spot`."""

    part: float
    height: float = 55.0
    span: float = 13.0
    chord: float = 0.32
    xi: float = 0.0


TRAINED = Spot(1.0)


@dataclass(frozen=True)
class Mission:
    """tables : times and values of rotation, gas, warming, hot_spot. spots : whose sum is the field of the hot spot.
    slope : what warming makes warmer than cold is 1 + slope times as much at the tip, 1 - slope at the root's end.
    """

    name: str
    group: str
    tables: dict[str, tuple[np.ndarray, np.ndarray]]
    spots: tuple[Spot, ...] = (TRAINED,)
    slope: float = 0.0

    @property
    def new_shape(self) -> bool:
        """Whether its temperature is no combination of the trained fields."""
        return self.spots != (TRAINED,) or self.slope != 0.0

    @property
    def times(self) -> np.ndarray:
        """Output times (n_step,)."""
        end = max(time[-1] for time, _ in self.tables.values())
        return STEP * np.arange(int(np.floor(end / STEP + 1e-9)) + 1)


@dataclass(frozen=True)
class Flight:
    """What a mission of start (240 s), take-off, climb (120 s each), cruise and stop (240 s) is made of.

    speed, hot, warm, gas : at take-off. cruise : seconds. at_cruise : speed, hot spot, warming and gas there, relative
    to take-off.
    """

    speed: float = 1.0
    hot: float = 560.0
    warm: float = WARM
    gas: float = 1.0
    cruise: float = 480.0
    at_cruise: tuple[float, float, float, float] = field(default=(0.93, 0.9, 0.9375, 0.8))

    def tables(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Tables of the four amplitudes."""
        times = np.cumsum([0.0, 240.0, 120.0, 120.0, self.cruise, 240.0])
        ends = {"rotation": (0.0, self.speed), "hot_spot": (0.0, self.hot), "warming": (COLD, self.warm),
                "gas": (0.0, self.gas)}
        return {name: (times, np.array([low, high, high, part * high, part * high, low]))
                for (name, (low, high)), part in zip(ends.items(), self.at_cruise)}


def missions(seed: int = SEED) -> list[Mission]:
    """All held-out missions of the blade, group after group; each group has a generator of its own.

    Those of another seed have it in their names.
    """
    draw = {"inside": _inside, "5 to 10 % out": _out, "far out": _far, "other profiles": _profile,
            "new shapes": _shape}
    result = []
    for number, (group, count) in enumerate(COUNTS.items()):
        rng, more = np.random.default_rng([seed, number]), "" if seed == SEED else f"_{seed}"
        result += [replace(draw[group](rng, k), name=f"{NAMES[group]}_{k}{more}", group=group) for k in range(count)]
    return result


def moved() -> list[Mission]:
    """The hot spot in three other places, in the middle of the trained range otherwise: what enrichment is shown on."""
    places = {"moved_up": Spot(1.0, height=67.0, span=11.0), "moved_down": Spot(1.0, height=44.0, span=15.0),
              "moved_back": Spot(1.0, height=58.0, xi=0.55)}
    return [Mission(name, "moved", Flight().tables(), (spot,)) for name, spot in places.items()]


def _flight(rng: np.random.Generator) -> Flight:
    """Inside of the trained range."""
    low, high = CRUISE
    return Flight(rng.uniform(*SPEED), rng.uniform(*HOT), cruise=low + STEP * rng.integers(0, (high - low) / STEP + 1))


def _inside(rng: np.random.Generator, _: int) -> Mission:
    return Mission("", "", _flight(rng).tables())


def _beyond(rng: np.random.Generator, flight: Flight, count: int, by: tuple[float, float], up: float) -> Flight:
    """As many of its numbers beyond the trained range by a part between two limits, upwards with that probability."""
    limits = {"speed": SPEED, "hot": HOT, "warm": (WARM, WARM), "gas": (1.0, 1.0)}
    for name in rng.choice([*limits, "cruise", "at_cruise"], count, replace=False):
        part = rng.uniform(*by) * (1.0 if rng.random() < up else -1.0)
        if name == "cruise":
            flight = replace(flight, cruise=STEP * round(CRUISE[1] * (1.0 + 4.0 * abs(part)) / STEP))
        elif name == "at_cruise":
            flight = replace(flight, at_cruise=tuple(one * (1.0 + part) for one in flight.at_cruise))
        else:
            flight = replace(flight, **{str(name): limits[name][int(part > 0)] * (1.0 + part)})
    return flight


def _out(rng: np.random.Generator, _: int) -> Mission:
    return Mission("", "", _beyond(rng, _flight(rng), int(rng.integers(1, 4)), (0.05, 0.10), 2 / 3).tables())


def _far(rng: np.random.Generator, number: int) -> Mission:
    """Ten flights with two to four numbers 15 to 25 % out; then four series of two to four different flights."""
    if number < 10:
        return Mission("", "", _beyond(rng, _flight(rng), int(rng.integers(2, 5)), (0.15, 0.25), 2 / 3).tables())
    flights = [_beyond(rng, _flight(rng), 1, (0.05, 0.15), 2 / 3) for _ in range(rng.integers(2, 5))]
    return Mission("", "", _series([flight.tables() for flight in flights]))


def _series(parts: list[dict[str, tuple[np.ndarray, np.ndarray]]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Tables one after the other: each begins with the values that the one before ends with."""
    result = {}
    for name in parts[0]:
        begin, times, values = 0.0, [np.zeros(1)], [parts[0][name][1][:1]]
        for part in parts:
            time, value = part[name]
            times.append(begin + time[1:])
            values.append(value[1:])
            begin += time[-1]
        result[name] = np.concatenate(times), np.concatenate(values)
    return result


def _profile(rng: np.random.Generator, number: int) -> Mission:
    """Four independent amplitudes, linear between five to nine knots: anywhere, or (every other one) near the top."""
    total = STEP * rng.integers(30, 41)
    low = {"rotation": 0.3, "hot_spot": 100.0, "warming": 200.0, "gas": 0.3}
    if number % 2:
        low = {"rotation": 0.7, "hot_spot": 430.0, "warming": 400.0, "gas": 0.3}
    high = {"rotation": SPEED[1], "hot_spot": HOT[1], "warming": WARM, "gas": 1.0}
    count, tables = int(rng.integers(5, 10)), {}
    for name, most in high.items():
        # Knots at least two steps apart: the steps of a draw are sorted, and spread by two more each.
        inner = np.sort(rng.integers(0, int(total / STEP) - 2 * count - 3, count)) + 2 * np.arange(1, count + 1)
        start = COLD if name == "warming" else 0.0
        tables[name] = (np.concatenate([[0.0], STEP * inner, [total]]),
                        np.concatenate([[start], rng.uniform(low[name], most, count), [start]]))
    return Mission("", "", tables)


def _shape(rng: np.random.Generator, number: int) -> Mission:
    """Temperature fields that training has not seen: moved, mixed, hardly there, or a warming that varies along z."""
    def anywhere(part: float) -> Spot:
        return Spot(part, rng.uniform(36.0, 72.0), rng.uniform(9.0, 20.0), rng.uniform(0.22, 0.45), rng.uniform())

    kinds: list[Callable[[], tuple[tuple[Spot, ...], float]]] = [
        lambda: ((anywhere(1.0),), 0.0),
        lambda: ((Spot(rng.uniform(0.5, 0.95)), anywhere(rng.uniform(0.1, 0.5))), 0.0),
        lambda: ((TRAINED, anywhere(rng.uniform(0.02, 0.1))), 0.0),
        lambda: ((TRAINED,), rng.uniform(-0.1, 0.1))]
    spots, slope = kinds[(0, 0, 1, 1, 2, 3)[number % 6]]()
    return Mission("", "", _flight(rng).tables(), spots, slope)


def main() -> None:
    for mission in [*missions(), *moved()]:
        top = {name: f"{values.max():.4g}" for name, (_, values) in mission.tables.items()}
        new = f"  spots {mission.spots} slope {mission.slope:.3f}" if mission.new_shape else ""
        print(f"{mission.name:12s} {mission.group:15s} {len(mission.times):4d} times  {top}{new}")


if __name__ == "__main__":
    main()
