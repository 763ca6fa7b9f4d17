"""Where a ROM comes from, what was asked for and what was achieved: stored with it, read by whoever judges it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import ConfigDict

from romlib.archive.accuracy import Accuracy


@dataclass(frozen=True)
class Pace:
    """How coarse and how long the training runs were, over all of them.

    step : the longest step of time, in the unit of time. length : of the longest run. changes : by load or prescribed
    constraint, the largest change of its amplitude in one step.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    step: float = 0.0
    length: float = 0.0
    changes: dict[str, float] = field(default_factory=dict)


@dataclass(eq=False)
class Manifest:
    """Where a ROM comes from, what was asked for and what was achieved.

    fingerprint : of the study and its inputs; two runs of the same study have the same one.
    study : the text of the study file. romlib_version : the version that wrote it. units : as printed by reports.
    inputs : fingerprint of each training file, by its name (never a path).
    tolerances : what was asked for, by name ("pod", "cubature", "stress", ...).
    errors : what was achieved, by quantity; relative. "online ..." is over the training runs, "left out ..." and
        "validation ..." over runs that the ROM was not trained with.
    accuracy : what was asked for, the errors over each run, and how tolerances were chosen; None in older files.
    accepted : sentences on errors beyond the limits of the study, which whoever trained the ROM accepted.
    volume : of the full model. n_node, n_cell, n_ip : counts of the full model, every node once.
    trained : lowest and highest amplitude of each load and prescribed constraint over the training cases, whose
        times begin with the initial one.
    trained_parameters : lowest and highest value of each parameter over the training runs.
    pace : of the training runs; None in ROMs of older versions.
    stages : one row a stage of the offline run (name, wall and CPU time, memory, ...), plain JSON values.
    checks : of the training runs, by name: verdict, and one row a measurement, plain JSON values; empty where they were
        not checked, and in older files.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # when it is read from a file

    fingerprint: str
    study: str = ""
    romlib_version: str = ""
    units: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    tolerances: dict[str, float] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    accepted: list[str] = field(default_factory=list)
    volume: float = 0.0
    n_node: int = 0
    n_cell: int = 0
    n_ip: int = 0
    trained: dict[str, tuple[float, float]] = field(default_factory=dict)
    trained_parameters: dict[str, tuple[float, float]] = field(default_factory=dict)
    pace: Pace | None = None
    stages: list[dict[str, Any]] = field(default_factory=list)
    accuracy: Accuracy | None = None
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
