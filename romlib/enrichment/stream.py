"""Enrichment as a run goes on, without running again: where a bound passes, a full-order step takes the ROM's place.

The run goes on from the full-order state with a ROM that has learnt it. What was before stays as it was: this is enough
for the stress, whose error is that of its time; what yielded too early or too late stays so, which a run from the
beginning (`romlib.enrichment.loop`) puts right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from romlib.enrichment.case import SolvedCase
from romlib.enrichment.loop import Enriching, Run
from romlib.errors import ConvergenceError
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.writer import SnapshotsWriter
from romlib.words import listed, plural


@dataclass(frozen=True)
class Part:
    """Output times `first` to `stop` (not included) of a case, at records `record` and after of a file."""

    path: Path
    first: int
    stop: int
    record: int = 0


@dataclass(frozen=True, eq=False)
class Streamed:
    """within : whether no bound passes its tolerance at any time that the ROM solved. steps : output times that were
    solved at full order now. bounds : by quantity, (n_step,); at a full-order step that of the part that it begins.
    """

    within: bool
    steps: tuple[int, ...]
    bounds: Mapping[str, np.ndarray]


class Streaming(Enriching):
    """The run of a case, part by part; its methods are collective."""

    def stream(self, output: Path, *, nodal: bool = True) -> Streamed:
        """Go through the case once, and write the result as a snapshots file.

        nodal : as of `Solution.write`.

        Raises
        ------
        What `Enriching.run` does; ConvergenceError : the ROM fails, and the budget is spent.
        """
        task, n = self.task, len(self.task.times)
        self._catch_up()
        whole = self._solve()
        if not self._within(whole) and self._answer_new_fields(whole):
            self._train()
        first, steps = 0, list[int]()
        parts: list[Part] = []
        bounds: dict[str, np.ndarray] = {name: np.zeros(n) for name in whole.bounds}
        while first < n - 1:
            run = self._solve(first)
            self._conclude(run)
            passing = self.comm.on_root(partial(self._first_passing, run))
            for name, values in run.bounds.items():
                bounds[name][first:] = values
            if passing is None or (len(self._steps()) >= task.budget and run.failed is None):
                break
            if len(self._steps()) >= task.budget:
                raise ConvergenceError(
                    f"the ROM fails, and the budget of {plural(task.budget, 'full-order step')} is spent",
                    time=float(task.times[passing]))
            parts += self._write_part(first, passing, len(parts))
            self._full_order_step(run, passing)
            self._train()
            parts.append(Part(self.journal.record(self.log[-1].number), passing, passing + 1))
            first, steps = passing, [*steps, passing]
        if first < n - 1:
            parts += self._write_part(first, n, len(parts))
        else:  # the last time was solved at full order, by a ROM that is there no more
            run = self._solve()
        within = all((values <= task.tolerance).all() for values in bounds.values())
        streamed = Streamed(within, tuple(steps), bounds)
        self._join(parts, run, output, streamed, nodal)
        return streamed

    def _first_passing(self, run: Run) -> int | None:
        """The first output time after that of the start whose bound passes, is withheld, or that the ROM fails at."""
        over = np.zeros(len(self.task.times) - run.first, dtype=bool)
        for values in run.bounds.values():
            over |= ~(values <= self.task.tolerance)
        over[0] = False
        return run.first + int(over.argmax()) if over.any() else None

    def _write_part(self, first: int, stop: int, number: int) -> list[Part]:
        """What the ROM gives between two full-order steps, as a file; the times of the steps are theirs."""
        begin = 0 if first == 0 else 1  # the time of a full-order step is in its own record
        if stop - first <= begin:
            return []
        path = self.journal.folder / f"part-{number:04d}.vtkhdf"
        times = self.task.times[first:stop]
        if len(times) == 1:
            times = np.array([times[0], times[0] + 1e-6 * (self.task.times[first + 1] - times[0])])
        with self.comm.agreement():
            solution = self.task.solve(self.rom, times, self._record_of(first))
        self.comm.on_root_for_long(lambda: solution.write(path, nodal=False))
        return [Part(path, first + begin, stop, begin)]

    def _join(self, parts: list[Part], run: Run, output: Path, streamed: Streamed, nodal: bool) -> None:
        """One file of all parts, in order; the parts are removed."""
        with self._case(run) as case:
            self.comm.on_root_for_long(lambda: _joined(parts, case, output, streamed, nodal))
        for part in parts:
            if part.path.name.startswith("part-"):
                self.comm.on_root(lambda part=part: part.path.unlink(missing_ok=True))  # type: ignore[misc]


def _joined(parts: list[Part], case: SolvedCase, output: Path, streamed: Streamed, nodal: bool) -> None:
    assert case.everything is not None  # on rank 0
    names = ["displacement", *case.solution.rom.gappy]
    steps = listed([f"{case.times[step]:.6g}" for step in streamed.steps]) if streamed.steps else "none"
    bounds = ErrorBounds(
        dict(streamed.bounds), (
            f"the run was enriched as it went on; solved at full order: times {steps}. The bound of each part is of "
            "that part: the error of what was before is not in it",),
        np.zeros(len(case.times), dtype=bool), case.times)
    with Snapshots(parts[0].path) as one:
        specs = {name: one.fields[name] for name in names}
    with SnapshotsWriter(output, case.everything, case.model, case.times, specs, bounds=bounds,
                         solver="romlib online, enriched as it went on", nodal=nodal) as writer:
        for part in parts:
            with Snapshots(part.path) as file:
                for step in range(part.first, part.stop):
                    for piece in range(file.n_piece):
                        for name in names:
                            writer.write(name, step, piece, file.read(name, piece, part.record + step - part.first))

