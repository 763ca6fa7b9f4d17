"""From a study, its ROM and a case to a ROM that was enriched on the case."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import romlib
from romlib.enrichment.journal import Journal, folder_of
from romlib.enrichment.loop import Enriching, Outcome, Task
from romlib.enrichment.stream import Streamed, Streaming
from romlib.enrichment.versions import Versions
from romlib.errors import InputError, RomlibError, StudyError, UnsupportedError
from romlib.fullorder.options import SolverOptions
from romlib.model import Case
from romlib.offline.assemble import Provenance
from romlib.offline.gather import Gathered, gather
from romlib.offline.training import TrainingSet
from romlib.online.rom import ReducedOrderModel, load
from romlib.parallel.comm import Comm
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.study.checking import check_training
from romlib.study.inputs import files_of
from romlib.study.pipeline import portable_cases
from romlib.study.runs import training_set
from romlib.study.solve import case_of
from romlib.study.study import Study

Say = Callable[[str], None]
Loop = TypeVar("Loop", bound=Enriching)


def run_enrich(
    study: Study, rom: Path, case: str | Case, comm: Comm, *, tolerance: float, budget: int, name: str = "",
    accept_errors: bool = False, scratch: Path | None = None, options: SolverOptions | None = None,
    progress: Say = lambda _: None,
) -> Outcome:
    """Enrich a ROM on a case until the bounds of its errors are below a tolerance, by runs of the whole. Collective.

    The ROM is replaced by versions that have more; its records are in the folder x.enrichment beside x.rom.

    Parameters
    ----------
    rom : the file. case : of the study, by name, or one of its own. tolerance, budget : see `Task`. name : of the case,
        for the log. accept_errors, scratch : as of `romlib.study.pipeline.train`. options : of the full-order solver.

    Raises
    ------
    StudyError : an unknown case. InputError : no such ROM; a ROM without bounds; tolerance or budget out of range; a
    record that does not belong to the study. And what training and the full-order solver raise.
    """
    with _enriching(Enriching, study, rom, case, comm, tolerance, budget, name, accept_errors, scratch, options,
                    progress) as enriching:
        return enriching.run()


def run_stream(
    study: Study, rom: Path, case: str | Case, output: Path, comm: Comm, *, tolerance: float, budget: int,
    name: str = "", accept_errors: bool = False, scratch: Path | None = None, options: SolverOptions | None = None,
    progress: Say = lambda _: None, nodal: bool = True,
) -> Streamed:
    """Solve a case with a ROM that is enriched where a bound passes, without running again. Collective.

    Parameters and errors as of `run_enrich`. output : the snapshots file of the result. nodal : as of `Solution.write`.
    """
    with _enriching(Streaming, study, rom, case, comm, tolerance, budget, name, accept_errors, scratch, options,
                    progress) as enriching:
        return enriching.stream(output, nodal=nodal)


@contextmanager
def _enriching(
    kind: type[Loop], study: Study, rom: Path, case: str | Case, comm: Comm, tolerance: float, budget: int, name: str,
    accept_errors: bool, scratch: Path | None, options: SolverOptions | None, progress: Say,
) -> Iterator[Loop]:
    with comm.agreement():
        if not tolerance > 0.0 or budget < 0:
            raise InputError("a tolerance is above zero, and a budget is not negative", place="--tolerance, --budget",
                             found=f"{tolerance:g}, {budget}")
        chosen, known = case_of(study, case), load(rom)
        n_piece = _pieces_of(known, comm.size)
        if not study.training:
            raise StudyError("the study has no training run", file=study.path, place="[[training]]",
                             remedy="give the study that the ROM was trained with")
        refuse_clusters(study, known)
        journal = Journal(folder_of(rom))
    check_training(study, comm, progress, names_only=True)
    comm.on_root(journal.create)
    with ExitStack() as stack:
        with comm.agreement():
            first = training_set(study, stack, n_piece, validation=True)
        task = Task(
            name or (case if isinstance(case, str) else "the case"), _digest(chosen), chosen.times.instants(),
            lambda model, times, start: model.solve(chosen, times=times, start=start), tolerance, budget,
            materials=first.model.materials, options=options)

        def begin(more: Callable[[PreparedSnapshots], Sequence[PreparedSnapshots]]) -> Gathered:
            with ExitStack() as files:
                with comm.agreement():
                    runs = training_set(study, files, n_piece, validation=True).given
                    training = TrainingSet([*runs, *more(runs[0])])
                inputs = [] if study.path is None else files_of(study.path)
                return gather(training, study.training_options, comm, output=rom, accept=study.study.accept,
                              progress=progress, scratch_folder=scratch, inputs=inputs, files=files.pop_all())

        provenance = Provenance(study.text, romlib.__version__, {
            **{run.path.name: run.snapshots.fingerprint for run in first.runs},
            **{file.name: str(fingerprint([file])) for run in first.runs for file in run.files}})
        versions = stack.enter_context(Versions(
            rom, begin, comm, cases=portable_cases(study, first.runs), provenance=provenance,
            accept_errors=accept_errors))
        yield kind(known, task, versions, journal, comm, progress)


def refuse_clusters(study: Study, rom: ReducedOrderModel) -> None:
    """UnsupportedError for local bases: what is added to a training has no cluster before it is trained anew."""
    n = len(rom.archive.clusters)
    if n > 1 or study.clusters.number != 1:
        raise UnsupportedError(
            "a ROM with several local bases cannot be enriched", file=study.path, place="[clusters] number",
            expected="one global basis", found=f"{n} bases" if n > 1 else f"number = {study.clusters.number}",
            remedy="enrich a ROM of a study without [clusters]; or solve the case at full order (romlib solve), and "
                   "add it as a training run")


def _pieces_of(rom: ReducedOrderModel, n_rank: int) -> int:
    """As the ROM was trained, and its records are cut; one a rank where its fields file is to be made anew."""
    try:
        with rom.open_fields() as fields:
            return fields.n_piece
    except RomlibError:
        return n_rank


def _digest(case: Case) -> str:
    """Of a case by its content: records of a case that was changed since are not counted as steps of it."""
    digest = hashlib.sha256(case.model_dump_json(exclude={"description"}).encode())
    if case.temperature is not None:
        digest.update(str(fingerprint([case.temperature.file])).encode())
    return digest.hexdigest()[:32]
