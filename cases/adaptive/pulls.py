"""The loadings that the bounds of the plate are judged by: drawn by a rule and a seed, as the missions of the blade.

    python cases/adaptive/pulls.py        # lists them

Trained are one cycle a sin(2 pi t) of the traction with a = 100, 120 and 140 MPa.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

SEED = 20261127
STEP = 0.025  # as in training
COUNTS = {"inside": 10, "5 to 10 % out": 8, "far out": 14, "other profiles": 10}
NAMES = dict(zip(COUNTS, ("inside", "out", "far", "profile")))
TRAINED = (100.0, 120.0, 140.0)


@dataclass(frozen=True)
class Pull:
    """traction : a formula of t, or a table of times and values, MPa. end : of the time."""

    name: str
    group: str
    traction: str | tuple[np.ndarray, np.ndarray]
    end: float = 1.0

    @property
    def times(self) -> np.ndarray:
        """Output times (n_step,)."""
        return STEP * np.arange(round(self.end / STEP) + 1)


def pulls(seed: int = SEED) -> list[Pull]:
    """All held-out loadings of the plate, group after group; each group has a generator of its own.

    Those of another seed have it in their names.
    """
    draw = {"inside": _inside, "5 to 10 % out": _out, "far out": _far, "other profiles": _profile}
    result = []
    for number, (group, count) in enumerate(COUNTS.items()):
        rng, more = np.random.default_rng([seed, number]), "" if seed == SEED else f"_{seed}"
        result += [replace(draw[group](rng, k), name=f"{NAMES[group]}_{k}{more}", group=group) for k in range(count)]
    return result


def _cycle(amplitude: float) -> Pull:
    return Pull("", "", f"{amplitude:.4f}*sin(2*pi*t)")


def _inside(rng: np.random.Generator, _: int) -> Pull:
    return _cycle(rng.uniform(TRAINED[0], TRAINED[-1]))


def _out(rng: np.random.Generator, number: int) -> Pull:
    """Six above, two below."""
    part = rng.uniform(0.05, 0.10)
    return _cycle(TRAINED[-1] * (1.0 + part) if number < 6 else TRAINED[0] * (1.0 - part))


def _far(rng: np.random.Generator, number: int) -> Pull:
    """Three cycles 15 to 50 % below, five 15 to 30 % above, six random histories as much above."""
    if number < 3:
        return _cycle(TRAINED[0] * (1.0 - rng.uniform(0.15, 0.50)))
    most = TRAINED[-1] * (1.0 + rng.uniform(0.15, 0.30))
    return _cycle(most) if number < 8 else _random(rng, most)


def _profile(rng: np.random.Generator, number: int) -> Pull:
    """Eight random histories and two cycles about a mean, inside of the trained range."""
    if number < 8:
        return _random(rng, TRAINED[-1])
    mean = rng.uniform(10.0, 60.0)
    return Pull("", "", f"{mean:.4f} + {TRAINED[-1] - mean:.4f}*sin(2*pi*t)", 3.0)


def _random(rng: np.random.Generator, most: float) -> Pull:
    """Linear between knots a quarter apart, within +- most, whose largest is most."""
    values = rng.uniform(-1.0, 1.0, 8)
    values *= most / np.abs(values).max()
    return Pull("", "", (0.25 * np.arange(9), np.concatenate([[0.0], values])), 2.0)


def main() -> None:
    for pull in pulls():
        shown = pull.traction if isinstance(pull.traction, str) else np.round(pull.traction[1], 1).tolist()
        print(f"{pull.name:10s} {pull.group:15s} {len(pull.times):4d} times  {shown}")


if __name__ == "__main__":
    main()
