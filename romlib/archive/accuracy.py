"""How accurate a ROM was asked to be, how accurate it is, and how its tolerances were chosen: part of the manifest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pydantic import ConfigDict

How = Literal["trained", "left out", "validation"]


@dataclass(frozen=True)
class RunErrors:
    """Errors over one run, by quantity: max_t ||a - b||_L2 / max_t ||b||_L2, or over 5 % of the largest in training.

    how : the ROM was "trained" with the run; a ROM of all other runs was run over it, "left out"; or it is a
    "validation" run. outside : in words, what of a run that was left out does not lie between the others. failure : why
    it could not be solved.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    run: str
    how: How
    errors: dict[str, float] = field(default_factory=dict)
    outside: list[str] = field(default_factory=list)
    failure: str = ""


@dataclass(frozen=True)
class Attempt:
    """One step of the choice of tolerances: with these, modes, points and the largest errors, by quantity.

    trained : over the training runs. left_out : of ROMs of all runs but one, over that one where it lies between the
    others; none where the training runs alone were not good enough. failed : why there are none.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    tolerances: dict[str, float]
    modes: int = 0
    points: int = 0
    trained: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, float] = field(default_factory=dict)
    failed: str = ""


@dataclass(frozen=True)
class Accuracy:
    """asked : by quantity; empty where tolerances were given and no accuracy. by_default : nobody asked for it.

    runs : see `RunErrors`. attempts : those of the choice of tolerances, in order; none where they were given.
    not_met : a sentence on each error above what was asked for, and what would help. notes : how this was judged.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    asked: dict[str, float] = field(default_factory=dict)
    by_default: bool = True
    runs: list[RunErrors] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    not_met: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether all errors that count are within what was asked for."""
        return not self.not_met

    def largest(self, how: How, outside: bool = False) -> dict[str, float]:
        """By quantity, the largest error of the runs of a kind. outside : of those not between the others."""
        found: dict[str, float] = {}
        for run in self.runs:
            if run.how == how and bool(run.outside) == outside:
                for name, error in run.errors.items():
                    found[name] = max(error, found.get(name, 0.0))
        return found
