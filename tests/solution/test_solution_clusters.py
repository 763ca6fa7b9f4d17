"""What is said of the use of local bases: counts, and what users should know."""

from __future__ import annotations

import numpy as np

from romlib.solution.clusters import ClusterUse

TIMES = np.linspace(0.0, 1.0, 11)
CLUSTERS = np.array([0, 0, 0, 1, 1, 0, 2, 2, 1, 1, 1])
JUMPS = np.where(np.diff(CLUSTERS, prepend=0) != 0, [0, 0, 0, 1e-3, 0, 2e-2, 3e-3, 0, 4e-3, 0, 0], 0.0)


def test_switches_jumps_and_steps_are_counted() -> None:
    use = ClusterUse(TIMES, CLUSTERS, JUMPS, 4, fallback=3)
    assert use.n_switch == 4 and use.steps == [3, 5, 2, 0] and sum(use.steps) == 10
    assert use.largest_jump == (2e-2, TIMES[5]) and use.cautions([]) == ()
    plain = use.to_dict()
    assert plain["of_each_time"] == CLUSTERS.tolist() and plain["steps"] == use.steps and plain["fallback"] == 3
    assert plain["switches"] == 4 and plain["time_of_largest_jump"] == 0.5


def test_what_users_should_know_is_said() -> None:
    use = ClusterUse(TIMES, CLUSTERS, 10.0 * JUMPS, 3, fallback=2)
    redone = [(0.1 * k, 0, 2) for k in range(1, 8)]
    steps, often, jump = use.cautions(redone)
    assert "7 steps could not be solved" in steps and "0.1 (cluster 0, taken by the basis of all snapshots)" in steps
    assert "and 2 more" in steps
    assert "2 of 10 steps were solved in the basis of all snapshots" in often
    assert "at time 0.5 a local basis lacks 20 % of the displacement" in jump
    assert len(ClusterUse(TIMES, CLUSTERS, JUMPS, 3).cautions([(0.1, 0, 1)])) == 1
