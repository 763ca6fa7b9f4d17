"""Strain histories with the stresses that a UMAT gave for them: how a file recognises the law it was made with.

The hash of a library says that its file is the same; what it computes also depends on libraries that it calls, on
files that it reads, and on the processor. The histories are short, of several sizes, with a reversal, one with a
changing temperature. Those at which the UMAT fails, or crashes, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from romlib.errors import LawError
from romlib.laws.law import Increment, Law
from romlib.model.base import Description
from romlib.words import plural

LONGEST = 1000  # times of a history
MOST_PROPS = 10_000
TOLERANCE = 1e-8  # relative to the largest stress of a history
_SIZES = (1e-4, 1e-3, 4e-3)
_SMALLER = (1e-2, 1e-4)
_STEPS = (0.5, 1.0, 0.2, -0.8)
_DIRECTIONS = ((0.9, -0.3, -0.2, 0.4, -0.3, 0.2), (-0.4, 0.8, -0.3, -0.2, 0.5, 0.3), (0.3, 0.2, -0.7, 0.3, 0.2, -0.6))
_TEMPERATURES = (20.0, 60.0, 100.0, 50.0, 120.0)


Six = tuple[float, float, float, float, float, float]
Rows = Annotated[tuple[Six, ...], Field(min_length=1, max_length=LONGEST)]


class Proof(Description):
    """One history of one point: Kelvin-Mandel, from the virgin state at time 0.

    time : (n,), ends of the increments. strain : (n, 6). stress : (n, 6).
    temperature : (n + 1,), the initial one first; none where the law got none. props : PROPS that it was made with;
    none in files of older versions, where they are the material's.
    """

    time: Annotated[tuple[float, ...], Field(min_length=1, max_length=LONGEST)] = Field(
        description="ends of the increments")
    strain: Rows = Field(description="strain there, six Kelvin-Mandel components each")
    stress: Rows = Field(description="stress there, likewise")
    temperature: Annotated[tuple[float, ...], Field(max_length=LONGEST + 1)] | None = Field(
        default=None, description="the initial one first; by default none")
    props: Annotated[tuple[float, ...], Field(max_length=MOST_PROPS)] | None = Field(
        default=None, description="PROPS that it was made with; by default the material's")

    @model_validator(mode="after")
    def _is_one_history(self) -> Proof:
        n = len(self.time)
        if (len(self.strain), len(self.stress)) != (n, n):
            raise ValueError(f"a history has as many strains and stresses as times, found {plural(n, 'time')}, "
                             f"{len(self.strain)} strains and {len(self.stress)} stresses")
        if self.temperature is not None and len(self.temperature) != n + 1:
            raise ValueError(f"a history has one temperature more than times, found {plural(n, 'time')} and "
                             f"{len(self.temperature)} temperatures")
        if any(b <= a for a, b in pairwise((0.0, *self.time))):
            raise ValueError("the times of a history must increase from 0")
        return self


def record(make: Callable[[], Law], shear: int = 3) -> tuple[Proof, ...]:
    """The histories with the stresses of a law, which `make` makes anew after a crash.

    Where the law fails at all of them, smaller ones are tried; none is left where it fails at these too. shear : how
    many shear components the law has, 3, or 1 (12).
    """
    law = make()
    proofs: list[Proof] = []
    for factor in (1.0, *_SMALLER):
        cases = [(factor * size, direction, None) for size, direction in zip(_SIZES, _DIRECTIONS)]
        for size, direction, temperature in [*cases, (factor * _SIZES[1], _DIRECTIONS[0], _TEMPERATURES)]:
            strain = size * np.outer(_STEPS, direction)
            strain[:, 3 + shear:] = 0.0
            time = np.arange(1.0, len(_STEPS) + 1.0)
            try:
                stress = _stresses(law, time, strain, temperature)
            except LawError:
                law = make()
                continue
            if stress is not None:
                proofs.append(Proof.model_validate({
                    "time": time.tolist(), "strain": strain.tolist(), "stress": stress.tolist(),
                    "temperature": temperature}))
        if proofs:
            break
    return tuple(proofs)


def verify(law: Law, proofs: Sequence[Proof], library: Path) -> None:
    """Replay histories.

    Raises
    ------
    LawError : a stress differs from the stored one by more than TOLERANCE of the largest, or the law fails.
    """
    for number, proof in enumerate(proofs, 1):
        expected = np.array(proof.stress)
        found = _stresses(law, np.array(proof.time), np.array(proof.strain), proof.temperature)
        difference = np.inf if found is None else np.abs(found - expected).max()
        if not difference <= TOLERANCE * np.abs(expected).max():
            raise LawError(
                "the library computes other stresses than when the file was made", file=library,
                place=f"parameters, proof {number}",
                expected=f"the stored stresses to {TOLERANCE:g} of {np.abs(expected).max():.6g}",
                found="a failed increment" if found is None else f"a difference of {difference:.3g}",
                remedy="its file is the same: look at the libraries that it calls (ldd), at files that it reads, "
                       "and at settings of its own; or make the file anew here")


def _stresses(
    law: Law, time: np.ndarray, strain: np.ndarray, temperature: Sequence[float] | None
) -> np.ndarray | None:
    """(n, 6), or None where an increment fails."""
    one, state, start = np.ones(1, dtype=np.int64), law.initial_state(1), 0.0
    previous, stress, stresses = np.zeros((1, 6)), np.zeros((1, 6)), []
    for k, end in enumerate(time):
        t0, t1 = (None if temperature is None else np.array([temperature[k + step]]) for step in (0, 1))
        result = law.integrate(Increment(previous, strain[k:k + 1], stress, t0, t1, start, float(end) - start, one, one,
                                         np.zeros((1, 3))), state, tangent=False)
        if not result.ok:
            return None
        previous, stress, state, start = strain[k:k + 1], result.stress, result.state, float(end)
        stresses.append(stress[0])
    return np.array(stresses)
