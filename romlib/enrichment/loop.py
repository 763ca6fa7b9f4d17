"""A ROM that repairs itself on a case: run, look where the bound is largest, one full-order step there, train again.

Elastic answers to temperature fields and load patterns that are new come first. A full-order step starts from the state
that the ROM's run has at the output time before, and joins the training set. Then the case is run again from its
beginning, because what yields too early is never taken back. Where the stress is wrong rather than p, no time step is
needed: the initial stiffness brings the ROM's run towards equilibrium, and what it finds joins the modes of
displacement and stress.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from romlib.archive.enrichment import Enrichment
from romlib.enrichment.case import SolvedCase
from romlib.enrichment.elastic import answer, new_fields
from romlib.enrichment.equilibrium import write_equilibrated
from romlib.enrichment.journal import Journal, next_number
from romlib.enrichment.step import errors_of_rom, full_order_step, write_step
from romlib.enrichment.versions import Addition, Versions
from romlib.errors import ConvergenceError, InputError, LawError
from romlib.fullorder.options import SolverOptions
from romlib.model import Material
from romlib.online.rom import ReducedOrderModel
from romlib.parallel.comm import Comm
from romlib.solution.solution import Solution
from romlib.states.source import saved_state
from romlib.words import plural

Bounds = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Task:
    """What is wanted.

    name : of the case. digest : of its content. times : (n_step,). solve : a ROM, times of the case, and the record
    that they begin with or None -> the solution. tolerance : for the bounds of all quantities. budget : full-order
    steps on this case, those of earlier calls included. bounds_of : a solution -> its bounds by quantity, each
    (n_step,). materials : see `SolvedCase`. options : of the full-order solver.
    """

    name: str
    digest: str
    times: np.ndarray
    solve: Callable[[ReducedOrderModel, np.ndarray, Path | None], Solution]
    tolerance: float
    budget: int
    bounds_of: Callable[[Solution], Bounds] = lambda solution: solution.error_bound
    materials: Mapping[str, Material] | None = None
    options: SolverOptions | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """The ROM's run of the case. failed : the step that it could not do, or None. bounds : by quantity, (n_step,), not
    a number where one is withheld, infinite from the failed step on. first : the output time that it began with, from
    which on there are bounds.
    """

    solution: Solution
    failed: int | None
    bounds: dict[str, np.ndarray]
    first: int = 0

    @property
    def largest(self) -> dict[str, float]:
        """The largest bound of each quantity, as far as the ROM got; none of one that is withheld."""
        return {name: float(values[np.isfinite(values)].max()) for name, values in self.bounds.items()
                if np.isfinite(values).any() and not np.isnan(values).any()}

    def within(self, tolerance: float) -> bool:
        """Whether all bounds are known, and none passes."""
        return self.failed is None and all((values <= tolerance).all() for values in self.bounds.values())

    def worst(self, done: Sequence[int]) -> int | None:
        """The output time whose bound is largest, the first of equal ones; never the beginning, nor one of `done`."""
        values = np.nanmax(np.nan_to_num(np.stack(list(self.bounds.values())), nan=-np.inf, posinf=np.inf), axis=0)
        values[[0, *done]] = -np.inf
        step = int(values.argmax())
        return step if values[step] > -np.inf else None


@dataclass(eq=False)
class Outcome:
    """rom : the last version. run : its run of the case. within : whether its bounds are. log : of all additions to the
    ROM; mine : their numbers that were made now. n_step : full-order steps on this case, in all calls.
    """

    rom: ReducedOrderModel
    run: Run
    within: bool
    log: list[Enrichment]
    mine: list[int] = field(default_factory=list)
    n_step: int = 0


class Enriching:
    """The loop; its methods are collective.

    say : called with sentences on the progress, on rank 0.
    """

    def __init__(
        self, rom: ReducedOrderModel, task: Task, versions: Versions, journal: Journal, comm: Comm,
        say: Callable[[str], None],
    ) -> None:
        self.rom, self.task, self.versions, self.journal, self.comm = rom, task, versions, journal, comm
        self.say = say if comm.rank == 0 else lambda _: None
        self.log = comm.on_root(journal.finished)
        self._mine: list[int] = []

    def run(self) -> Outcome:
        """Enrich until the bounds are below the tolerance, or the budget is spent."""
        self._catch_up()
        run = self._solve()
        if not self._within(run) and self._answer_new_fields(run):
            run = self._train_and_solve()
        run = self._in_equilibrium(run)
        while not self._within(run):
            done = [entry.step for entry in self._steps()]
            step = self.comm.on_root(partial(run.worst, done))
            if len(done) >= self.task.budget or step is None:
                break
            self._full_order_step(run, step)
            run = self._in_equilibrium(self._train_and_solve())
        self.comm.on_root(lambda: self.journal.forget_equilibrated(self._equilibrated()))
        return Outcome(self.rom, run, self._within(run), self.log, self._mine, len(self._steps()))

    def _within(self, run: Run) -> bool:
        """Rank 0's word: ranks on unlike machines may differ in the last digit, and would part here."""
        return self.comm.on_root(lambda: run.within(self.task.tolerance))

    def _catch_up(self) -> None:
        """Train where the ROM is not the one of the additions that there are.

        A call that was stopped leaves some without a version of the ROM; who removes the folder wants none of them.
        """
        made = self.rom.archive.manifest.inputs
        if {_key(entry) for entry in self.log} != {_key(entry) for entry in self.rom.archive.enrichments}:
            self.say(f"the ROM has {plural(len(self.rom.archive.enrichments), 'addition')}, and its folder "
                     f"{plural(len(self.log), 'record')}: training with these first")
            self._train()
        elif any(path.name not in made for path in self.comm.on_root(self._equilibrated)):
            self.say("the ROM lacks a run that was brought towards equilibrium: training with it first")
            self._train()
        elif not self.comm.on_root(self._has_fields):
            self.say("the fields file beside the ROM is not the one that was written with it: training again")
            self._train()

    def _has_fields(self) -> bool:
        """Whether ROM and fields file belong together: a process that ends between two renames leaves others."""
        try:
            self.rom.open_fields().close()
        except InputError:
            return False
        return True

    def _steps(self) -> list[Enrichment]:
        return [one for one in self.log if one.kind == "step" and one.digest == self.task.digest]

    def _solve(self, first: int = 0) -> Run:
        """Run the case from an output time, as far as the ROM can."""
        task = self.task
        with self.comm.agreement():
            try:
                solution = task.solve(self.rom, task.times[first:], self._record_of(first))
                run = Run(solution, None, dict(task.bounds_of(solution)), first)
            except ConvergenceError as error:
                run = self._beginning(error, first)
            if not run.bounds:
                raise InputError(
                    "the errors of this ROM have no bound, by which to enrich it", file=self.rom.path,
                    found="; ".join(getattr(run.solution.error_bound, "notes", ())) or None,
                    remedy="train it with [offline] calibration = true (which is the default)")
        largest = run.largest
        told = ", ".join(f"{name} {largest[name]:.2e}" if name in largest else f"{name} withheld"
                         for name in run.bounds)
        failed = "" if run.failed is None else f"; the ROM fails at time {task.times[run.failed]:.6g}"
        self.say(f"bounds of {task.name}: {told}{failed}")
        return run

    def _beginning(self, error: ConvergenceError, first: int) -> Run:
        """The run until the step that fails; bounds are infinite from there on."""
        times = self.task.times[first:]
        failed = max(int(np.searchsorted(times, error.time - 1e-9 * (times[1] - times[0]))), 1)
        part = times[:failed] if failed > 1 else np.array([times[0], times[0] + 1e-6 * (times[1] - times[0])])
        solution = self.task.solve(self.rom, part, self._record_of(first))
        bounds = {name: np.concatenate([values[:failed], np.full(len(times) - failed, np.inf)])
                  for name, values in self.task.bounds_of(solution).items()}
        return Run(solution, first + failed, bounds, first)

    def _record_of(self, first: int) -> Path | None:
        """The record of the full-order step to an output time, that a run begins with; None for the beginning."""
        return None if first == 0 else self.journal.record(max(
            one.number for one in self._steps() if one.step == first))

    def _answer_new_fields(self, run: Run) -> bool:
        """Elastic answers to what is new in the case; whether there are any that the ROM lacks."""
        known = {(one.step, one.what) for one in self.log if one.kind == "elastic" and one.digest == self.task.digest}
        with self._case(run) as case:
            wanted = [one for one in new_fields(case) if (one.step, one.name) not in known]
            if not wanted:
                return False
            largest = self._largest_training_stress(run.solution)
            for new in wanted:
                self.say(f"elastic answer to {new.name}, which is new")
                begin = clock.perf_counter()
                entry = self._plan("elastic", new.step, new.name, run, new.load or "")
                model, values = answer(case, new, largest)
                write_step(self.journal.record(entry.number), case, model, float(case.times[new.step]), values,
                           "romlib enrich, elastic")
                self._finish(entry.model_copy(update={"seconds": clock.perf_counter() - begin}))
        return True

    def _largest_training_stress(self, solution: Solution) -> float:
        """L2 norm; zero where the fields file of an older version does not say."""
        with self.comm.agreement(), solution.open_fields() as fields:
            grams = fields.snapshots()
        return 0.0 if grams is None else float(np.sqrt(np.diag(grams.grams["stress"]).max()))

    def _full_order_step(self, run: Run, step: int) -> None:
        time = float(self.task.times[step])
        self.say(f"full-order step to time {time:.6g}")
        entry, begin = self._plan("step", step, "the largest bound" if run.failed is None else "the ROM fails", run), \
            clock.perf_counter()
        with self._case(run) as case:
            values = full_order_step(case, step, self.task.options)
            seconds = clock.perf_counter() - begin
            write_step(self.journal.record(entry.number), case, case.model, time, values, "romlib enrich, one step")
            # At the failed step there is no solution to compare with.
            found = errors_of_rom(case, step, values) if run.failed is None else {}
        self._finish(entry.model_copy(update={"found": found, "seconds": seconds}))
        if found:
            self.say("found there: " + ", ".join(f"{name} {value:.2e}" for name, value in found.items()))

    def _in_equilibrium(self, run: Run) -> Run:
        """The run of a ROM that has learnt from this run, brought towards equilibrium, where that is what it lacks.

        Once for the additions that there are; the run of a case replaces that of the same case before.
        """
        path = self.journal.equilibrated(self.task.digest, max((one.number for one in self.log), default=0))
        if not self.comm.on_root(lambda: self._lacks_equilibrium(run) and not path.exists()):
            return run
        source = self.journal.run()
        self.comm.on_root_for_long(lambda: run.solution.write(source, ["displacement"]))
        try:
            with self._case(run) as case:
                write_equilibrated(path, source, case, self.task.options)
        except LawError as error:  # of every rank alike
            self.say(f"the run is too far from equilibrium for the laws to follow it: {error.what}")
            return run
        finally:
            self.comm.on_root(lambda: source.unlink(missing_ok=True))
        self.say(f"brought towards equilibrium: {plural(len(self.task.times) - 1, 'solve')} with the initial stiffness")
        return self._train_and_solve()

    def _lacks_equilibrium(self, run: Run) -> bool:
        """Whether the bound of the stress or of the displacement passes the tolerance."""
        return run.failed is None and any(
            (run.bounds[name] > self.task.tolerance).any() for name in ("stress", "displacement") if name in run.bounds)

    def _equilibrated(self) -> list[Path]:
        return self.journal.latest_equilibrated(max((one.number for one in self.log), default=0))

    def _case(self, run: Run) -> SolvedCase:
        return SolvedCase(run.solution, self.comm, self.task.times, self.task.materials,
                          saved_state(self._record_of(run.first)))

    def _plan(self, kind: Literal["step", "elastic"], step: int, what: str, run: Run, load: str = "") -> Enrichment:
        entry = Enrichment(
            number=next_number(self.log), kind=kind, case=self.task.name, digest=self.task.digest, step=step,
            time=float(self.task.times[step]), what=what, load=load, before=run.largest)
        return self._written(entry)

    def _finish(self, entry: Enrichment) -> None:
        self.log.append(self._written(entry))
        self._mine.append(entry.number)

    def _written(self, entry: Enrichment) -> Enrichment:
        """The entry of rank 0, which is in the journal."""
        return self.comm.on_root(lambda: self.journal.write(entry))

    def _train(self) -> None:
        additions = [Addition(self.journal.record(one.number), "record" if one.kind == "step" else "elastic")
                     for one in self.log]
        additions += [Addition(path, "equilibrated") for path in self.comm.on_root(self._equilibrated)]
        self.rom = self.versions.make(additions, self.log)
        basis = self.rom.archive.clusters[0]
        self.say(f"trained again: {plural(basis.n_mode, 'mode')}, {plural(basis.n_weighted, 'point')}")

    def _train_and_solve(self) -> Run:
        """A new version, its run, and what the additions have come to, in the journal and in the ROM."""
        self._train()
        run = self._solve()
        self._conclude(run)
        return run

    def _conclude(self, run: Run) -> None:
        """Note what the additions have come to: those that were made since the last time, and the last of all again."""
        basis = self.rom.archive.clusters[0]
        update = {"after": run.largest, "modes": basis.n_mode, "points": basis.n_weighted}
        mine = [k for k, entry in enumerate(self.log) if entry.number in self._mine]
        for k in mine:
            if not self.log[k].modes or k == mine[-1]:
                self.log[k] = self._written(self.log[k].model_copy(update=update))
        if mine:
            self.versions.rewrite(self.rom, self.log)


def _key(entry: Enrichment) -> tuple[int, str, str, int]:
    """What tells additions apart, whatever is noted of them later."""
    return entry.number, entry.kind, entry.digest, entry.step
