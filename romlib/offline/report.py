"""What an offline run did: cost of each stage on each rank, sizes, and the error of each quantity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from romlib.archive.accuracy import Accuracy
from romlib.parallel.comm import Comm
from romlib.parallel.usage import StageTimer, StageUsage

Progress = Callable[[str], None]


@dataclass(frozen=True)
class TrainingReport:
    """stages : cost by stage; details : one sentence a stage, by its name; sizes and errors : by quantity.

    errors are relative; those that begin with "online" are of the finished ROM, run over its own training cases:
    max over time of the L2 norm of the difference, over max over time of the L2 norm. calibration : of the bounds of
    the errors, see `romlib.online.ratios.calibration_rows`. clusters : of several bases, see
    `romlib.offline.summary.cluster_rows`. accuracy : as the manifest has it.
    """

    stages: list[StageUsage]
    details: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    calibration: list[dict[str, Any]] = field(default_factory=list)
    clusters: list[dict[str, Any]] = field(default_factory=list)
    accuracy: Accuracy | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One plain mapping a stage: seconds, and bytes, per rank."""
        return [{"name": s.name, "wall": list(s.wall), "cpu": list(s.cpu), "peak_memory": list(s.peak),
                 "detail": self.details.get(s.name, "")} for s in self.stages]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and the manifest."""
        return {"stages": self.rows, "sizes": dict(self.sizes), "errors": dict(self.errors), "notes": list(self.notes),
                "calibration": [dict(row) for row in self.calibration],
                "clusters": [dict(row) for row in self.clusters],
                "accuracy": None if self.accuracy is None else {**asdict(self.accuracy), "met": self.accuracy.met}}


class Stages(StageTimer):
    """The stages of a run: their cost, a sentence on each, and lines for the user while it goes on.

    progress : called on rank 0 with each line.
    """

    def __init__(self, comm: Comm, progress: Progress | None = None) -> None:
        super().__init__(comm)
        self.details: dict[str, str] = {}
        self.tell: Progress = progress if progress is not None and comm.rank == 0 else lambda _: None

    def say(self, stage: str, detail: str, kept: bool = True) -> None:
        """What a stage has come to. kept : for the report, which has one sentence a stage."""
        if kept:
            self.details[stage] = detail
        self.tell(f"{stage}: {detail}")
