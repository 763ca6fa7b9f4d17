"""The offline stage in order: collect the snapshots, reduce them to a basis, assemble a ROM, verify it, write it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from romlib.archive.rom import Rom
from romlib.archive.romfile import fields_path
from romlib.errors import InputError
from romlib.model import Case
from romlib.offline.accuracy import Choice, choose, finer
from romlib.offline.assemble import Provenance, assemble
from romlib.offline.bases import Bases, reduce_to_bases
from romlib.offline.calibrate import calibrate, in_words
from romlib.offline.collect import Collection
from romlib.offline.dictionary import learn_dictionary
from romlib.offline.gather import Gathered, gather
from romlib.offline.judge import errors_of, judge
from romlib.offline.judge import in_words as accuracy_in_words
from romlib.offline.options import OfflineOptions
from romlib.offline.outputs import check_rom_output
from romlib.offline.report import Progress, TrainingReport
from romlib.offline.rows import Rows
from romlib.offline.summary import cluster_rows, notes, sizes
from romlib.offline.training import TrainingSet
from romlib.offline.verify import Verified, beyond_limits, refuse_errors, verify
from romlib.offline.write import write_fields
from romlib.online.ratios import calibration_rows
from romlib.online.rom import ReducedOrderModel
from romlib.parallel.comm import Comm

MOST_BUILDS = 3  # of the ROM, where the first misses the accuracy over its training runs


class Trained:
    """A ROM in memory, with what it was made from; a context manager, which removes the scratch files.

    rom : the same on every rank; it solves cases at the selected points at once, and gives full fields once written.
    report : cost, sizes, errors. bases : its basis, or bases; reduction : that of all snapshots. gathered : what it was
    made from. collection : the snapshots of that, from which `romlib.offline.reduce` makes other bases.
    """

    def __init__(self, rom: Rom, report: TrainingReport, gathered: Gathered, bases: Bases) -> None:
        self.rom, self.report, self.gathered, self.bases = ReducedOrderModel(rom), report, gathered, bases
        self.collection, self.reduction = gathered.collection, bases.whole

    def write(self, output: str | Path | None = None) -> TrainingReport:
        """Write x.rom and x.fields.rom, both or none; the report then has the cost of that too. Collective.

        output : by default the one that the training was begun with.

        Raises
        ------
        InputError : no output is named, it cannot be written, or it would replace a training file. DiskFullError.
        """
        gathered = self.gathered
        path = gathered.output if output is None else Path(output)
        if path is None or not gathered.files.alive:
            raise InputError("the ROM cannot be written", found="no name" if path is None else "it was closed before",
                             remedy='trained.write("x.rom"), before the end of its `with`')
        collection, comm, rom = self.collection, self.collection.pieces.comm, self.rom.archive
        comm.on_root(lambda: check_rom_output(path, gathered.inputs))
        with ExitStack() as files:
            with collection.stages.stage("archive"), comm.agreement():
                pair = write_fields(path, collection, self.bases.reductions, rom.manifest.fingerprint, files)
            self.report = replace(self.report, stages=collection.stages.rows())
            rom.manifest.stages = self.report.rows
            finished = replace(rom, model=gathered.portable)
            reference = comm.on_root(lambda: pair.finish(finished))  # type: ignore[union-attr]
        self.rom = ReducedOrderModel(replace(rom, fields=reference), fields_path(path), path)
        return self.report

    def close(self) -> None:
        """Remove the scratch files and close the snapshots; the ROM in memory stays."""
        self.gathered.files.close()

    def __enter__(self) -> Trained:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def train(
    training: TrainingSet, options: OfflineOptions, comm: Comm, *, output: str | Path | None = None,
    cases: Mapping[str, Case] | None = None, provenance: Provenance | None = None, accept: tuple[str, ...] = (),
    accept_errors: bool = False, progress: Progress | None = None, scratch_folder: str | Path | None = None,
    inputs: Iterable[str | Path] = (), files: ExitStack | None = None,
) -> Trained:
    """Build a ROM from training snapshots, and run it over its own training cases.

    Collective: every rank calls it, with snapshots that it opened itself. Pieces are shared out over the ranks; on one
    file, any number of ranks gives the same selected points, and results that agree to rounding.

    Parameters
    ----------
    output : where it will be written, if that is known: looked at before any work, and the room on its disk too.
    cases : to store with the ROM, besides the training runs themselves, which are always there by their names.
    accept : names of the omissions of the deck that the user accepts although they do virtual work.
    accept_errors : take the ROM although its verification is beyond the limits; its manifest says so.
    progress : called on rank 0 with one line a stage. scratch_folder : where the scratch files go; by default the
        folder of `output`, else of the first training file. How much they take is estimated, said, and refused where
        the disk has less.
    inputs : files that the ROM may not replace, besides the snapshots. files : what is to be closed with the ROM, such
        as the snapshots.

    Raises
    ------
    VerificationError : the ROM does not reproduce its own training cases within `options.error_limits`.
    UnsupportedError : the deck has something that does virtual work and that the ROM lacks.
    InputError : more ranks than pieces, runs of different models or meshes, zero or non-finite fields, unknown names;
        an output that cannot be written. DiskFullError : there is not enough room for scratch files or output.
    """
    gathered = gather(training, options, comm, output=output, cases=cases, accept=accept, progress=progress,
                      scratch_folder=scratch_folder, inputs=inputs, files=files)
    with ExitStack() as stack:
        stack.callback(gathered.files.close)
        trained = build(gathered, cases, provenance, accept_errors)
        stack.pop_all()
    return trained


def build(
    gathered: Gathered, cases: Mapping[str, Case] | None = None, provenance: Provenance | None = None,
    accept_errors: bool = False, rows: np.ndarray | None = None,
) -> Trained:
    """The ROM of the snapshots that were gathered, verified. Collective; parameters and errors as of `train`.

    rows : mask of the snapshots that count; by default all.
    """
    collection = gathered.collection
    options, stages, training = collection.options, collection.stages, collection.training
    mask = training.trains if rows is None else rows * training.trains
    choice = choose(collection, Rows(mask)) or collection.choice
    bases, rom, verified = _best(gathered, mask, cases, provenance, choice)
    beyond = _beyond(collection, rom, verified, accept_errors)
    if options.calibration:
        with stages.stage("calibration"):
            rom.indicator = calibrate(collection, bases.whole, rom)
            stages.say("calibration", in_words(rom.indicator))
    accuracy = judge(training, Rows(mask), collection.options, verified, rom.indicator, choice)
    rom.manifest.accuracy = accuracy
    rom.manifest.errors |= errors_of(accuracy)
    stages.tell(f"accuracy: {accuracy_in_words(accuracy)}")
    report = TrainingReport(stages.rows(), stages.details, sizes(collection, bases, rom),
                            rom.manifest.errors, notes(collection, bases, rom, beyond),
                            calibration_rows(rom.indicator), cluster_rows(bases, rom), accuracy)
    return Trained(rom, report, gathered, bases)


def _best(
    gathered: Gathered, mask: np.ndarray, cases: Mapping[str, Case] | None, provenance: Provenance | None,
    choice: Choice | None,
) -> tuple[Bases, Rom, Verified]:
    """The ROM, verified; made again with finer tolerances where it misses what that of the sample did not.

    The best of them, and no more than `MOST_BUILDS`. The collection then has its options.
    """
    collection, made = gathered.collection, []
    for attempt in range(MOST_BUILDS):
        built = _build(gathered, mask, cases, provenance)
        worst = max((error / asked for run in built[2].runs if run.how == "trained"
                     for name, asked in collection.options.asked.items() for error in (run.errors[name],)),
                    default=0.0 if not built[2].failure else np.inf)
        made.append((worst, collection.options, built))
        if worst <= 1.0 or choice is None or not choice.trained or attempt + 1 == MOST_BUILDS:
            break
        collection.options = finer(collection.options)
        collection.stages.tell(f"accuracy: {worst:.2g} times what was asked for over the training runs; once more, "
                               f"with tolerances of {collection.options.cubature_tolerance:.1e}")
    _, collection.options, built = min(made, key=lambda one: one[0])
    return built


def _build(
    gathered: Gathered, mask: np.ndarray, cases: Mapping[str, Case] | None, provenance: Provenance | None
) -> tuple[Bases, Rom, Verified]:
    collection = gathered.collection
    bases = reduce_to_bases(collection, mask)
    rom = replace(assemble(collection, bases.reductions, cases, provenance), trained=gathered.trained)
    if collection.options.clusters.number != 1 and collection.options.clusters.choose == "input":
        rom.dictionary = learn_dictionary(collection, bases, rom)
    else:
        rom.switching = bases.switching
    with collection.stages.stage("verification"):
        verified = collection.pieces.comm.on_root(lambda: verify(collection.training, rom, bases.reductions))
    return bases, rom, verified


def _beyond(collection: Collection, rom: Rom, verified: Verified, accept_errors: bool) -> list[str]:
    """What of the errors over the training cases is beyond the limits, where that is accepted."""
    errors = rom.manifest.errors | verified.errors
    beyond = beyond_limits(errors, verified.failure, collection.options)
    if beyond and not accept_errors:
        refuse_errors(beyond, errors, verified.failure, collection.options)
    rom.manifest.errors, rom.manifest.accepted = errors, beyond
    collection.stages.say("verification", "the ROM over its own training cases")
    return beyond
