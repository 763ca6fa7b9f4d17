"""How a run has used its local bases: switches, the jumps that they made, steps in each, and what users should know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.words import listed, plural

LARGE_JUMP = 0.05  # of the displacement, in the elastic energy: what a local basis lacks of the state that enters it
OFTEN = 0.1  # of the steps in the basis of all snapshots: the run is as slow as without local bases
_SHOWN = 5  # times, in a sentence


@dataclass(frozen=True, eq=False)
class ClusterUse:
    """times, clusters, jumps : (n_step,), see `Solution`. n_cluster : of the ROM. fallback : the one whose basis is
    made of all snapshots, or None.
    """

    times: np.ndarray
    clusters: np.ndarray
    jumps: np.ndarray
    n_cluster: int
    fallback: int | None = None

    @property
    def n_switch(self) -> int:
        """Steps that end in another cluster than the one before."""
        return int(np.count_nonzero(np.diff(self.clusters)))

    @property
    def steps(self) -> list[int]:
        """Steps that each cluster has solved; the beginning is none."""
        return np.bincount(self.clusters[1:], minlength=self.n_cluster).tolist()

    @property
    def largest_jump(self) -> tuple[float, float]:
        """The largest jump, and its time."""
        step = int(np.argmax(self.jumps))
        return float(self.jumps[step]), float(self.times[step])

    def cautions(self, redone: Sequence[tuple[float, int, int]]) -> tuple[str, ...]:
        """What the user should know. redone : time, cluster that failed, and cluster that took the step to it."""
        said, n_step = [], len(self.times) - 1
        if redone:
            found = [f"{time:.6g} (cluster {failed}, taken by {self._name(taken)})" for time, failed, taken in redone]
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            said.append(f"{plural(len(found), 'step')} could not be solved in the local basis that was to be taken: "
                        f"to time {listed(found[:_SHOWN])}{more}")
        if self.fallback is not None and self.steps[self.fallback] > OFTEN * n_step:
            said.append(f"{self.steps[self.fallback]} of {plural(n_step, 'step')} were solved in the basis of all "
                        "snapshots, in which they take longer")
        jump, time = self.largest_jump
        if jump > LARGE_JUMP:
            said.append(f"at time {time:.6g} a local basis lacks {100 * jump:.2g} % of the displacement that it takes "
                        "over, in the elastic energy: the ROM was trained with too few neighbours, modes or snapshots "
                        "there")
        return tuple(said)

    def _name(self, cluster: int) -> str:
        return "the basis of all snapshots" if cluster == self.fallback else f"cluster {cluster}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        jump, time = self.largest_jump
        return {"of_each_time": self.clusters.tolist(), "jumps": self.jumps.tolist(), "switches": self.n_switch,
                "largest_jump": jump, "time_of_largest_jump": time, "steps": self.steps, "fallback": self.fallback}
