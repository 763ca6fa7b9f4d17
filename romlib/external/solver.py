"""A user's own solver: run its command on a deck, check what it leaves, convert that into a snapshots file.

For one deck (the command `romlib external`), and for those of the candidates of a greedy search: the same
`ExternalSolver` runs any number of decks, each in its own folder.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from romlib.errors import InputError, RomlibError, SolverError
from romlib.external.environment import solver_environment
from romlib.external.log import first_match, last_lines
from romlib.external.process import Ended, run_process
from romlib.external.recorded import Recorded, read_record, recorded, wait_for_end
from romlib.external.results import Mark, faults, marks
from romlib.external.template import arguments, fill, values_for
from romlib.files import regular_file
from romlib.parallel.comm import Comm, serial
from romlib.snapshots.converter import Converter, Progress, find_converter
from romlib.snapshots.outputs import check_output, is_snapshots, refuse_files_of, refuse_inputs
from romlib.snapshots.space import DiskFullError


@dataclass(frozen=True)
class ExternalSolver:
    """How a solver is started, what it leaves, and what reads that.

    Texts may have the placeholders of `romlib.external.template.MEANING`: {deck}, {stem}, {folder}.

    Parameters
    ----------
    command : program and arguments, as a list, or as a text that is split at blanks and quotes. No shell sees it: for
        pipes and the like name one, ["bash", "-c", "..."]. A relative path to a program begins in the run's folder.
        The command has to stay until the solver is done (Abaqus: with `interactive`).
    converter : a converter by its name, as in `romlib convert NAME`.
    results : the files that a run has to write, relative to its folder; at least one.
    source : what the converter reads; the deck by default.
    failure : regular expression that means failure where a line of the log has it, such as r"\\*ERROR" of CalculiX.
    timeout : seconds of wall time after which the solver is ended with all its children; None sets no limit.
    environment : variables for the solver besides those of this process; values may have placeholders.
    pieces, units, options : of the converter; see `romlib.snapshots.converter.Converter`.

    Raises
    ------
    InputError : a command or list of results that is empty, an expression that cannot be read, an unknown placeholder,
        a time limit that is not positive.
    """

    command: str | Sequence[str]
    converter: str
    results: Sequence[str]
    source: str = "{deck}"
    failure: str | None = None
    timeout: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    pieces: int | None = None
    units: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if isinstance(self.results, str) or not self.results:
            raise InputError("the files that the solver has to write are not stated", place="results",
                             expected='a list of at least one, such as ["{stem}.frd"]', found=self.results)
        if self.timeout is not None and not self.timeout > 0:
            raise InputError("the time limit of the solver is not positive", place="timeout", expected="seconds > 0",
                             found=self.timeout)
        try:
            re.compile(self.failure or "")
        except re.error as error:
            raise InputError("the expression for failure cannot be read", place=f"failure: {self.failure}",
                             expected="a regular expression", found=str(error),
                             remedy=r"write a backslash before characters such as * that are meant as such") from error
        self._filled(Path("deck"), Path("folder"))

    def result_files(self, deck: Path, folder: Path | None = None) -> tuple[Path, ...]:
        """The files that a run on this deck has to write. folder : that the solver runs in; the deck's by default."""
        return self._filled(deck, deck.parent if folder is None else folder).results

    def _filled(self, deck: Path, folder: Path) -> _Order:
        values = values_for(deck, folder)
        return _Order(
            tuple(fill(part, values, "command") for part in arguments(self.command)), folder,
            tuple(folder / fill(name, values, "results") for name in self.results),
            folder / fill(self.source, values, "source"),
            {name: fill(text, values, f"environment {name}") for name, text in self.environment.items()})


@dataclass(frozen=True)
class ExternalRun:
    """What a run gave. seconds : of the solver, wall time, without conversion. files : the results, absolute."""

    command: tuple[str, ...]
    seconds: float
    log: Path
    files: tuple[Path, ...]
    snapshots: Path


@dataclass(frozen=True)
class _Order:
    """A command for one deck: placeholders filled in, paths absolute."""

    command: tuple[str, ...]
    folder: Path
    results: tuple[Path, ...]
    source: Path
    environment: dict[str, str]


def run(
    solver: ExternalSolver, deck: str | Path, target: str | Path, comm: Comm | None = None, *,
    folder: str | Path | None = None, log: str | Path | None = None, progress: Progress | None = None,
    record: Path | None = None, on_solved: Callable[[float], None] | None = None,
) -> ExternalRun:
    """Run the solver on a deck and convert its results. Collective: rank 0 does it while the others sleep.

    Parameters
    ----------
    target : the snapshots file; written whole or not at all, an older one stays when the run fails.
    folder : that the solver runs in; the deck's by default. log : file for the solver's stdout and stderr;
        STEM.solver.log by default, relative to the folder. It stays, also after a failure.
    progress : of the conversion: called with the number of steps done and their total.
    record : a file for how the solver ended, also where this process is killed before it: see `take_up`.
    on_solved : called on rank 0 with the seconds of the solver, once its results are there and good; what remains then
        is `convert_results`.

    Raises
    ------
    InputError : before anything has run: deck, folder, program or converter are not there; `target` or the log would
        replace the deck, a result or another file of the solver. DiskFullError : there is no room for `target`.
    SolverError : the solver could not be started, ran too long, failed, left no new results, or the converter refused
        them. The message has the command, the path of the log, and its last lines.
    On every rank.
    """
    def on_rank_0() -> ExternalRun:
        deck_path = regular_file(deck, "there is no such deck", remedy="give the input file of the solver").resolve()
        place = deck_path.parent if folder is None else Path(folder).resolve()
        if not place.is_dir():
            raise InputError("the folder for the solver does not exist", file=place, remedy="create it first")
        order = solver._filled(deck_path, place)
        log_path = place / (f"{deck_path.stem}.solver.log" if log is None else log)
        check_output(target, [deck_path, log_path, order.source, *order.results])
        refuse_files_of(deck_path, target, is_snapshots)
        refuse_inputs(log_path, [deck_path, order.source])
        return _Run(solver, order, log_path, Path(target).resolve()).all(progress, record, on_solved)

    return (serial() if comm is None else comm).on_root_for_long(on_rank_0)


def take_up(
    solver: ExternalSolver, deck: str | Path, target: str | Path, record: Path, comm: Comm | None = None, *,
    progress: Progress | None = None, on_solved: Callable[[float], None] | None = None,
) -> ExternalRun | None:
    """What `run` does, for a solver that was started by a process that was killed: in the deck's folder, which was
    empty before. None where the record tells of no solver that has ended or is still at work. Collective.

    It is waited for; otherwise arguments and errors are those of `run`.
    """
    def on_rank_0() -> ExternalRun | None:
        found = read_record(record)
        if found.running is None and found.ended is None:
            return None
        one = _existing(solver, Path(deck).resolve(), target)
        ended = wait_for_end(record, solver.timeout).ended
        return None if ended is None else one.rest(ended, dict.fromkeys(one.order.results), progress, on_solved)

    return (serial() if comm is None else comm).on_root_for_long(on_rank_0)


def convert_results(
    solver: ExternalSolver, deck: str | Path, target: str | Path, comm: Comm | None = None, *,
    progress: Progress | None = None,
) -> None:
    """Convert what a run of the solver on this deck, in its folder, has left: the last part of `run`. Collective.

    Arguments as in `run`.

    Raises
    ------
    InputError, SolverError : there is no converter of this name, or it refuses the results. On every rank.
    """
    def on_rank_0() -> None:
        _existing(solver, Path(deck).resolve(), target).convert(find_converter(solver.converter), progress)

    (serial() if comm is None else comm).on_root_for_long(on_rank_0)


def _existing(solver: ExternalSolver, deck: Path, target: str | Path) -> _Run:
    """A run that was begun in the folder of its deck."""
    order, log = solver._filled(deck, deck.parent), deck.parent / f"{deck.stem}.solver.log"
    check_output(target, [deck, log, order.source, *order.results])
    return _Run(solver, order, log, Path(target).resolve())


class _Run:
    """One run on rank 0."""

    def __init__(self, solver: ExternalSolver, order: _Order, log: Path, target: Path) -> None:
        self.solver, self.order, self.log, self.target = solver, order, log, target

    def all(
        self, progress: Progress | None, record: Path | None, on_solved: Callable[[float], None] | None
    ) -> ExternalRun:
        # What can be wrong without the solver is found out before the hours that it may take.
        find_converter(self.solver.converter)
        environment = solver_environment(self.order.folder, self.order.environment)
        self._find_program(environment)
        before = marks(self.order.results)
        return self.rest(self._solve(environment, record), before, progress, on_solved)

    def rest(
        self, ended: Ended, before: Mapping[Path, Mark | None], progress: Progress | None,
        on_solved: Callable[[float], None] | None,
    ) -> ExternalRun:
        """What there is to do when the solver has ended. before : marks of the results, taken when it began."""
        self._judge(ended)
        self._inspect(faults(before))
        if on_solved is not None:
            on_solved(ended.seconds)
        self.convert(find_converter(self.solver.converter), progress)
        return ExternalRun(self.order.command, ended.seconds, self.log, self.order.results, self.target)

    def _find_program(self, environment: Mapping[str, str]) -> None:
        program = self.order.command[0]
        named = os.sep in program
        found = shutil.which(str(self.order.folder / program) if named else program, path=environment.get("PATH"))
        if found is None:
            raise InputError(
                "the solver's program is not there, or may not be executed", place=self._command(), found=program,
                expected=f"a program, relative to {self.order.folder}" if named else "a program on the PATH",
                remedy="install it, write its whole path, or correct the command")

    def _solve(self, environment: Mapping[str, str], record: Path | None) -> Ended:
        command = self.order.command if record is None else recorded(self.order.command, record)
        try:
            ended = run_process(command, self.order.folder, environment, self.log, self.solver.timeout)
        except OSError as error:
            raise self._not_started(str(error)) from error
        found = Recorded() if record is None else read_record(record)
        if found.error:
            raise self._not_started(found.error)
        if record is not None and found == Recorded() and not ended.timed_out:
            raise self._not_started(f"{record} cannot be written; {last_lines(self.log)}")
        return ended if found.ended is None else replace(found.ended, timed_out=ended.timed_out)

    def _not_started(self, why: str) -> SolverError:
        return SolverError("the solver could not be started", file=self.log, place=self._command(), found=why,
                           remedy="try the command by hand in its folder")

    def _judge(self, ended: Ended) -> None:
        """Time, failure pattern, exit status: in the order in which one explains the other."""
        if ended.timed_out:
            self._fail("the solver was ended, as it took too long", f"{self.solver.timeout:g} s at most",
                       f"no end after {self.solver.timeout:g} s",
                       "look at the log; give it more time, or a smaller problem")
        line = None if self.solver.failure is None else first_match(self.log, re.compile(self.solver.failure))
        if line is not None:
            self._fail("the solver reports a failure", f"no line with {self.solver.failure}", line,
                       "correct the deck as the log says")
        if ended.status < 0:
            name = signal.strsignal(-ended.status) or "unknown"
            self._fail("the solver was killed", "exit status 0", f"signal {-ended.status} ({name})",
                       "look at the log, and at the memory that it needed")
        if ended.status:
            self._fail("the solver failed", "exit status 0", f"exit status {ended.status}",
                       "correct the deck as the log says")

    def _inspect(self, wrong: Mapping[Path, str]) -> None:
        if wrong:
            self._fail("the solver has not written its results", "new files that are not empty",
                       "; ".join(f"{path}: {fault}" for path, fault in wrong.items()),
                       "look at the log; a command that returns before the solver is done has to wait (Abaqus: "
                       "interactive); correct the names of the results")

    def convert(self, converter: Converter, progress: Progress | None) -> None:
        """Read the results of the solver, and write the snapshots file."""
        before = marks([self.target])
        try:
            converter.convert(self.order.source, self.target, pieces=self.solver.pieces, units=self.solver.units,
                              options=dict(self.solver.options), progress=progress)
        except DiskFullError:
            raise
        except (RomlibError, OSError) as error:
            raise SolverError(
                "the results of the solver cannot be converted", file=self.order.source, place=self._command(),
                found="\n    ".join(f"{error}".splitlines()),
                remedy=f"see the message of the converter {self.solver.converter}, and the log {self.log}") from error
        wrong = faults(before)
        if wrong:
            raise SolverError(f"the converter {self.solver.converter} has not written its file", file=self.target,
                              found=wrong[self.target], remedy="report it to the author of the converter")

    def _fail(self, what: str, expected: str, found: str, remedy: str) -> NoReturn:
        raise SolverError(what, file=self.log, place=self._command(), expected=expected,
                          found=f"{found}; {last_lines(self.log)}", remedy=remedy)

    def _command(self) -> str:
        return f"{' '.join(self.order.command)}, in {self.order.folder}"
