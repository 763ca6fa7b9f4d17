"""When bounds of errors are withheld: a number that nothing stands behind is taken away, and why is said.

The functions set bounds (n_step,) by quantity to NaN, from the time on where their reason holds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from romlib.archive.rom import Rom
from romlib.words import listed

# Beyond these a structure may be beyond its limit load, where a small misfit of the stress is a large displacement.
WITHHELD = {"stress": 0.05, "p": 0.2}
USELESS = 1.0  # a bound of the stress beyond which nothing is known of where it flows, and of internal variables


def never_acted(rom: Rom, outside: Mapping[str, float]) -> dict[str, float]:
    """The loads that act in a case and never did in training, with the time from which on.

    Temperatures apart, whose new fields the laws feel themselves, and loads that an elastic answer made known.
    outside : what leaves the training runs' range, and when.
    """
    answered = {one.load for one in rom.enrichments if one.kind == "elastic"}
    return {name: since for name, since in outside.items() if rom.manifest.trained.get(name) == (0.0, 0.0)
            and name not in rom.temperature.terms and name not in answered}


def withhold_all(times: np.ndarray, values: dict[str, np.ndarray], never: Mapping[str, float]) -> list[str]:
    """Take all bounds away from where a load acts that never did in training; why. never : of `never_acted`."""
    if not never:
        return []
    since = min(never.values())
    for name, value in values.items():
        values[name] = np.where(times >= since, np.nan, value)
    return [f"all bounds are withheld from time {since:.6g} on: {listed(list(never))} never acted in training, so that "
            "the ROM does not answer it, and the misfit may vanish"]


def withhold_displacement(
    times: np.ndarray, values: dict[str, np.ndarray], already: bool
) -> tuple[np.ndarray, list[str]]:
    """Take the bound of the displacement away from where that of another quantity was too large; where, and why.

    already : before the first time.
    """
    over = {name: values[name] > limit for name, limit in WITHHELD.items() if name in values}
    beyond = already | np.logical_or.accumulate(np.logical_or.reduce([*over.values(), np.zeros(len(times), bool)]))
    if "displacement" not in values or not beyond.any():
        return beyond, []
    values["displacement"] = np.where(beyond, np.nan, values["displacement"])
    why = listed([f"that of {name} is above {WITHHELD[name]:g}" for name, here in over.items() if here.any()])
    return beyond, [
        f"the bound of the displacement is withheld from time {times[np.argmax(beyond)]:.6g} on: "
        f"{why or 'it was in the part of the run before'}, and beyond a limit load a small error of the stress is a "
        "large one of the displacement"]


def withhold_variables(
    times: np.ndarray, values: dict[str, np.ndarray], already: bool
) -> tuple[np.ndarray, list[str]]:
    """Take the bounds of internal variables away from where that of the stress was useless; where, and why."""
    stress = values.get("stress", np.zeros(len(times)))
    unknown = already | np.logical_or.accumulate(stress > USELESS)
    names = [name for name in values if name not in ("stress", "displacement")]
    if not names or not unknown.any():
        return unknown, []
    for name in names:
        values[name] = np.where(unknown, np.nan, values[name])
    return unknown, [
        f"the bound of {listed(names)} is withheld from time {times[np.argmax(unknown)]:.6g} on: that of the stress "
        "has passed 100 %, and where the structure flows is not known"]
