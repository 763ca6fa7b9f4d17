"""A greedy search over the candidates of a study: what its steps are, with files, ranks, solver and ROM."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import romlib
from romlib.archive.romfile import fields_path, read_rom
from romlib.errors import ConvergenceError, InputError, RomlibError, StudyError
from romlib.greedy.bounds import Bounds
from romlib.greedy.candidates import candidates_of, file_stem, settings_of
from romlib.greedy.extended import extended
from romlib.greedy.full_order import BuiltIn, FullOrder, OwnSolver, clear
from romlib.greedy.journal import Journal, Record, held, mark_of
from romlib.greedy.online import bounds_of as bounds_of_rom
from romlib.greedy.search import Choose, Outcome, search, worst
from romlib.model import Case
from romlib.offline.outputs import check_rom_output
from romlib.online.rom import ReducedOrderModel
from romlib.parallel.comm import Comm
from romlib.report.compare import FieldComparison, compare
from romlib.snapshots.error_bounds import FLOOR
from romlib.snapshots.leftovers import discard, remember, temporary_path
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.space import DiskFullError
from romlib.study.checking import check_file
from romlib.study.greedy import Greedy
from romlib.study.inputs import files_of
from romlib.study.pipeline import provenance_of
from romlib.study.pipeline import train as train_study
from romlib.study.runs import training_set
from romlib.study.study import Study

BoundsOf = Callable[[ReducedOrderModel, Case], Bounds]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class GreedyReport:
    """How a search ended, and what became of each candidate. rom : the file; folder : that of the runs."""

    rom: Path
    folder: Path
    settings: Greedy
    outcome: Outcome
    records: Mapping[str, Record]

    @property
    def reached(self) -> bool:
        """Whether the bounds of all candidates are below the tolerance."""
        return self.outcome.end == "reached"


def folder_of(output: Path) -> Path:
    """The folder of the search for a ROM: x.rom -> x.greedy."""
    return output.with_name(f"{output.stem if output.suffix == '.rom' else output.name}.greedy")


def run_greedy(
    study: Study, output: str | Path, comm: Comm, *, folder: str | Path | None = None, retry: bool = False,
    accept_errors: bool = False, scratch: str | Path | None = None, progress: Tell | None = None,
    bounds_of: BoundsOf = bounds_of_rom, choose: Choose = worst,
) -> GreedyReport:
    """Train a ROM whose error bounds are below a tolerance over all candidates of [greedy]. Collective.

    The candidate with the largest bound is run at full order, checked, added to the training runs, and the ROM trained
    anew, until all bounds are below the tolerance, or the budget of runs is spent. `output` is a whole ROM from the
    first training on. Killed and begun again, the search goes on where it was: see `romlib.greedy.journal`.

    Parameters
    ----------
    folder : of journal and runs; x.greedy beside x.rom by default. retry : try the candidates that failed once more.
    accept_errors, scratch : of each training, see `romlib.study.pipeline.train`. progress : called on rank 0 with
    sentences. bounds_of : the bounds of a ROM over a case. choose : the next candidate, see
    `romlib.greedy.search.search`.

    Raises
    ------
    StudyError : no [greedy], no candidates; what the study says of them or of the solver cannot be. InputError : the
    folder is of another search, or another search is at work in it; a candidate that no ROM of the study can solve.
    DiskFullError. And what the first training, without candidates, raises.
    """
    output, tell = Path(output), progress if progress is not None and comm.rank == 0 else lambda _: None
    place = (folder_of(output) if folder is None else Path(folder)).absolute()
    with comm.agreement():
        settings, cases = settings_of(study), candidates_of(study)
        if not study.offline.calibration:
            raise StudyError("a greedy search needs error bounds, and the study wants none", file=study.path,
                             place="offline.calibration", expected="true", found="false", remedy="leave it out")
        full_order: FullOrder = (BuiltIn(study, cases, comm, tell) if settings.solver is None
                                 else OwnSolver(study, settings.solver, cases, comm))
    with ExitStack() as stack:
        def begin() -> Journal:
            check_rom_output(output, [] if study.path is None else files_of(study.path))
            _make(place)
            stack.enter_context(held(place))
            journal = Journal.read(place, {name: mark_of(case.model_dump(mode="json")) for name, case in cases.items()})
            for name in journal.of("failed") if retry else []:
                journal.try_again(name, keep=settings.solver is not None)
                _target(place, name, journal.records[name]).unlink(missing_ok=True)  # it is converted again
            journal.write()
            return journal

        journal = comm.on_root(begin)
        steps = StudySteps(study, cases, journal, output, comm, full_order, bounds_of, tell, accept_errors, scratch)
        outcome = search(journal, steps, settings.tolerance, settings.budget, tell, choose)
    return GreedyReport(output, place, settings, outcome, journal.records)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError("the folder of the greedy search cannot be made", file=folder, found=error.strerror,
                         remedy="name another folder: --folder") from error


def _target(folder: Path, name: str, record: Record) -> Path:
    """The snapshots file of a candidate's run."""
    return folder / file_stem(name) / str(record.attempt) / f"{file_stem(name)}.vtkhdf"


class StudySteps:
    """The steps of a search over a study: see `romlib.greedy.search.Steps`."""

    def __init__(
        self, study: Study, cases: Mapping[str, Case], journal: Journal, output: Path, comm: Comm,
        full_order: FullOrder, bounds_of: BoundsOf, tell: Tell, accept_errors: bool, scratch: str | Path | None,
    ) -> None:
        self._study, self._cases, self._journal, self._output, self._comm = study, cases, journal, output, comm
        self._full_order, self._bounds_of, self._tell = full_order, bounds_of, tell
        self._accept_errors, self._scratch = accept_errors, scratch
        self._tolerance = settings_of(study).tolerance
        self._has_rom = False

    def _target(self, name: str, record: Record) -> Path:
        return _target(self._journal.folder, name, record)

    def _folder(self, name: str, record: Record) -> Path:
        return self._target(name, record).parent

    def _with(self, names: Sequence[str]) -> Study:
        return extended(self._study, self._cases,
                        {name: self._target(name, self._journal.records[name]) for name in names})

    def bounds(self) -> dict[str, Bounds]:
        """Each rank solves some of the candidates. Those that train the ROM have their run to be compared with."""
        if not self._has_rom:
            return {name: Bounds(reason="there is no ROM yet") for name in self._cases}
        found: dict[str, Bounds] = {}
        with self._comm.agreement():
            rom = romlib.load(self._output)
            for name in list(self._cases)[self._comm.rank::self._comm.size]:
                found[name] = self._bounds(rom, name)
        together = {name: one for part in self._comm.allgather(found) for name, one in part.items()}
        trained = self._journal.of("trained")
        for name in trained:
            if not together[name].excess(self._tolerance) <= 1.0:
                together[name] = together[name].measured(self.error(name, trained))
        return {name: together[name] for name in self._cases}

    def _bounds(self, rom: ReducedOrderModel, name: str) -> Bounds:
        try:
            return self._bounds_of(rom, self._cases[name])
        except InputError as error:
            raise StudyError(
                f"the candidate {name!r} cannot be solved with a ROM of this study", file=self._study.path,
                place="greedy", found="\n    ".join(str(error).splitlines()),
                remedy="correct the case, or leave it out of the candidates") from error

    def begin_anew(self, name: str, record: Record) -> bool:
        """Where a kill has left a run unfinished, whose solver is not at work: what is left of it is removed."""
        folder, target = self._folder(name, record), self._target(name, record)

        def look() -> bool:
            if record.status != "chosen" or not folder.exists():
                return False
            if self._full_order.is_current(name, folder) and (
                    target.is_file() or self._full_order.is_solved(folder) or self._full_order.is_begun(folder)):
                return False
            clear(folder)
            return True

        return self._comm.on_root(look)

    def is_solved(self, name: str, record: Record) -> bool:
        """Whether the user's solver has ended well."""
        return self._comm.on_root(lambda: self._full_order.is_solved(self._folder(name, record)))

    def solve(self, name: str, record: Record) -> float | None:
        """Run a candidate in a folder of its own, unless its file is there."""
        folder, target = self._folder(name, record), self._target(name, record)

        def begin() -> tuple[bool, int | None]:
            if not folder.exists() or not self._full_order.is_current(name, folder):
                clear(folder)
            return target.is_file(), self._pieces()

        done, pieces = self._comm.on_root(begin)
        if done:
            return record.seconds
        self._tell(f"{name}: running it at full order in {folder}")
        return self._full_order.solve(name, folder, target, pieces)

    def _pieces(self) -> int | None:
        """Into how many pieces the training runs are cut, where there are as many as ranks; else each rank has one."""
        first = next(iter(self._with(self._journal.of("trained")).training), None)
        if first is None:
            return None
        with Snapshots(first.snapshots) as snapshots:
            return snapshots.n_piece if snapshots.n_piece >= self._comm.size else None

    def check(self, name: str, names: Sequence[str]) -> None:
        """The nonintrusivity check, unless the study goes without."""
        if self._study.offline.skip_check:
            return
        target = self._target(name, self._journal.records[name])
        check_file(target, self._with(names), self._comm).raise_if_failed()
        self._tell(f"{name}: its run passes the check")

    def error(self, name: str, names: Sequence[str]) -> dict[str, float | None]:
        """What `romlib compare` says of the present ROM against the run, where there is a ROM and it converges."""
        if not self._has_rom:
            return {}
        study, target = self._with(names), self._target(name, self._journal.records[name])

        def measure() -> dict[str, float | None] | str:
            try:
                return _error(romlib.load(self._output), self._cases[name], study, target)
            except ConvergenceError:
                return {}
            except DiskFullError:
                raise
            except RomlibError as error:
                return str(error)

        found = self._comm.on_root_for_long(measure)
        if isinstance(found, str):
            self._tell(f"{name}: the error of the ROM was not measured: {found}")
            return {}
        return found

    def is_trained(self, names: Sequence[str]) -> bool:
        """Whether the ROM in the file is of exactly these runs and this study, [greedy] apart."""
        study = self._with(names)
        return bool(study.training) and self._comm.on_root(lambda: _is_of(self._output, study))

    def train(self, names: Sequence[str]) -> None:
        """Train and write the ROM; the former one stays until the new one is whole."""
        study = self._with(names)
        if not study.training:
            return
        if not self.is_trained(names):
            own = [run.name for run in self._study.training] if self._journal.checked else []
            with train_study(study, self._comm, output=self._output, accept_errors=self._accept_errors,
                             scratch=self._scratch, progress=self._tell, checked=[*own, *names]) as trained:
                trained.write()
        self._journal.checked = self._has_rom = True

    def save(self) -> None:
        """Write the journal."""
        self._comm.on_root(self._journal.write)


def _is_of(output: Path, study: Study) -> bool:
    if not output.is_file() or not fields_path(output).is_file():
        return False
    try:
        manifest = read_rom(output).manifest
        with ExitStack() as files:
            wanted = provenance_of(study, training_set(study, files, 1).runs)
    except RomlibError:
        return False
    return manifest.romlib_version == wanted.version and manifest.inputs == dict(wanted.inputs) and _without_greedy(
        manifest.study) == _without_greedy(wanted.study)


def _without_greedy(text: str) -> Any:
    """What a study says of a ROM: tolerance, budget and solver of a search may change without training anew."""
    try:
        return {key: value for key, value in tomllib.loads(text).items() if key != "greedy"}
    except tomllib.TOMLDecodeError:
        return text


def _error(rom: ReducedOrderModel, case: Case, study: Study, target: Path) -> dict[str, float | None]:
    solution = rom.solve(case)
    written = temporary_path(target.parent, "of_the_rom")
    remember(written)
    try:
        solution.write(written, nodal=False)
        with Snapshots(written) as candidate, Snapshots(target) as reference:
            fields = compare(candidate, study.prepare(reference)).fields
    finally:
        discard(written)
    norms = {} if rom.archive.indicator is None else rom.archive.indicator.norms
    return {name: _relative(field, FLOOR * norms.get(name, 0.0)) for name, field in fields.items()}


def _relative(field: FieldComparison, floor: float) -> float | None:
    """The error of a field as the bounds have it; None where it is relative to nothing."""
    scale = max(field.scale, floor)
    return float(field.difference.max()) / scale if scale > 0.0 else None
