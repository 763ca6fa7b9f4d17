"""What a run costs: wall time, CPU time and peak memory, per stage and rank."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from romlib.parallel.comm import Comm


def peak_memory() -> int:
    """Largest resident memory of this process since it started, in bytes; 0 where the system does not say."""
    # On Linux ru_maxrss also counts the parent before the exec: a rank would answer for the process that started it.
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        try:
            import resource  # not on Windows
        except ImportError:
            return 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


@dataclass(frozen=True)
class StageUsage:
    """One stage, one value a rank, in rank order.

    wall, cpu : seconds; CPU time is that of the process, all its threads.
    peak : bytes; the largest resident memory from the start of the process to the end of the stage.
    """

    name: str
    wall: tuple[float, ...]
    cpu: tuple[float, ...]
    peak: tuple[int, ...]

    @property
    def wall_max(self) -> float:
        """Wall time of the slowest rank."""
        return max(self.wall)

    @property
    def cpu_max(self) -> float:
        """CPU time of the busiest rank."""
        return max(self.cpu)

    @property
    def peak_max(self) -> int:
        """Peak memory of the largest rank."""
        return max(self.peak)


class StageTimer:
    """Measures named stages of a run, one after another::

        timer = StageTimer(comm)
        with timer.stage("POD"):
            ...
        for row in timer.rows():
            ...
    """

    def __init__(self, comm: Comm) -> None:
        self._comm = comm
        self._own: dict[str, tuple[float, float, int]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is inside; a name used again adds its times. A stage that fails is not recorded."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        before = self._own.get(name, (0.0, 0.0, 0))
        self._own[name] = (before[0] + wall, before[1] + cpu, peak_memory())

    def rows(self) -> list[StageUsage]:
        """The stages in their order on rank 0, with the figures of every rank. Collective.

        A stage that a rank did not have counts as zero there.
        """
        own = self._comm.allgather(self._own)
        names = list(dict.fromkeys(name for stages in own for name in stages))
        nothing = (0.0, 0.0, 0)
        columns = {name: list(zip(*(stages.get(name, nothing) for stages in own))) for name in names}
        return [StageUsage(name, *columns[name]) for name in names]
