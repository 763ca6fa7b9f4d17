"""What an offline run did: cost of each stage on each rank, sizes, and the error of each quantity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from romlib.parallel.usage import StageUsage


@dataclass(frozen=True)
class TrainingReport:
    """stages : cost by stage; details : one sentence a stage, by its name; sizes and errors : by quantity.

    errors are relative; those that begin with "online" are of the finished ROM, run over its own training cases:
    max over time of the L2 norm of the difference, over max over time of the L2 norm.
    """

    stages: list[StageUsage]
    details: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and the manifest."""
        return {"stages": stage_rows(self.stages, self.details), "sizes": dict(self.sizes),
                "errors": dict(self.errors), "notes": list(self.notes)}


def stage_rows(stages: list[StageUsage], details: dict[str, str]) -> list[dict[str, Any]]:
    """One plain mapping a stage: seconds, and bytes, per rank."""
    return [{"name": s.name, "wall": list(s.wall), "cpu": list(s.cpu), "peak_memory": list(s.peak),
             "detail": details.get(s.name, "")} for s in stages]
