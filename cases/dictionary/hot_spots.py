"""The temperature fields of the case: a hot spot of one of six families on the blade, or anywhere, drawn by a rule.

    python cases/dictionary/hot_spots.py        # lists them

Rule and seeds were written down before any case was solved, at full order or reduced. The spread of a family was 1
then, and was made 0.4 after twelve cases had been looked at: ten training runs cannot cover the p of a hot spot that
moves by 10 mm (the README has figures of both). No part of the training is told the families; they only make the fields
differ by more than their size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COUNTS = {"train": 60, "test": 40, "anywhere": 20}
SEEDS = {"train": 20261201, "test": 20261202, "anywhere": 20261203}
SPREAD = 0.4
STEP = 80.0                                # s; twelve steps of a short mission
KNOTS = np.array([0.0, 240.0, 400.0, 480.0, 720.0, 960.0])  # start, take-off, climb, cruise, stop
COLD, WARM = 20.0, 480.0                   # degrees
# Of the middle of the hot spot: z in mm, and place on the chord (0 the leading edge, 1 the trailing edge).
FAMILIES = {
    "tip, leading edge": (69.0, 0.0), "middle, leading edge": (54.0, 0.0), "low, leading edge": (37.0, 0.0),
    "middle of the chord": (58.0, 0.45), "trailing edge": (58.0, 0.95), "low, trailing edge": (38.0, 0.95)}


@dataclass(frozen=True)
class Spot:
    """One case. height (mm) and xi of its middle, span (mm) and chord its widths: see `blade.hot_spot`. degrees : over
    the rest at take-off. speed : of the rotation at take-off, relative.
    """

    name: str
    family: str
    height: float
    xi: float
    span: float
    chord: float
    degrees: float
    speed: float

    @property
    def tables(self) -> dict[str, np.ndarray]:
        """Values of the amplitudes at the knots."""
        cycle = {"rotation": (0.0, self.speed, 0.93), "gas": (0.0, 1.0, 0.8), "warming": (COLD, WARM, 0.9375),
                 "hot_spot": (0.0, self.degrees, 0.9)}
        return {name: np.array([low, high, high, part * high, part * high, low])
                for name, (low, high, part) in cycle.items()}

    @property
    def times(self) -> np.ndarray:
        """Output times (n_step,)."""
        return STEP * np.arange(round(KNOTS[-1] / STEP) + 1)


def spots(kind: str, spread: float = SPREAD) -> list[Spot]:
    """All cases of a kind: "train" (as many of each family), "test" (families drawn like the rest), or "anywhere".

    The last are of no family: the middle of the hot spot is drawn evenly over the blade.

    spread : of a family; 1: the middle by 5 mm and a tenth of the chord, the widths by 3 mm and 0.075 of the chord.
    """
    rng, names = np.random.default_rng(SEEDS[kind]), list(FAMILIES)
    chosen = []
    for number in range(COUNTS[kind]):
        if kind == "anywhere":
            family, height, xi = kind, rng.uniform(34.0, 72.0), rng.uniform(0.0, 1.0)
        else:
            family = names[number % len(names)] if kind == "train" else names[rng.integers(len(names))]
            middle = FAMILIES[family]
            height = middle[0] + spread * rng.uniform(-5.0, 5.0)
            xi = middle[1] + spread * rng.uniform(-0.1, 0.1)
        wide = 1.0 if kind == "anywhere" else spread
        chosen.append(Spot(
            f"{kind}_{number:02d}", family, height, xi, 12.0 + wide * rng.uniform(-3.0, 3.0),
            0.275 + wide * rng.uniform(-0.075, 0.075), rng.uniform(530.0, 590.0), rng.uniform(0.95, 1.05)))
    return chosen


def every_spot(spread: float = SPREAD) -> list[Spot]:
    """All cases, kind after kind."""
    return [one for kind in COUNTS for one in spots(kind, spread)]


def main() -> None:
    for one in every_spot():
        print(f"{one.name}  {one.family:22s} z {one.height:5.1f} mm  xi {one.xi:5.2f}  widths {one.span:4.1f} mm, "
              f"{one.chord:.2f}  {one.degrees:.0f} degrees  speed {one.speed:.3f}")


if __name__ == "__main__":
    main()
