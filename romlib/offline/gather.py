"""What a training begins with: runs that agree, their Gram matrices, and the files that are open for as long."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.clusters.partition import refuse_more_than
from romlib.errors import InputError, UnsupportedError
from romlib.laws.portable import portable_model
from romlib.laws.symbols import refuse_missing, refuse_unused
from romlib.loads.forces import force_names
from romlib.model import Case, Model, TrainedModel
from romlib.offline.agreement import agree
from romlib.offline.collect import Collection, collect
from romlib.offline.dictionary import refuse_what_cannot_be_learnt
from romlib.offline.displacement import prescribed_names
from romlib.offline.dual import DualHistory
from romlib.offline.options import OfflineOptions
from romlib.offline.outputs import check_rom_output
from romlib.offline.report import Progress, Stages
from romlib.offline.room import Room
from romlib.offline.scratch import Scratch
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm
from romlib.parallel.pieces import Pieces
from romlib.snapshots.prepared import PreparedSnapshots


class OpenFiles:
    """Snapshots and scratch files, which stay open until this is closed, or until nobody has it any more."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self._finalizer = weakref.finalize(self, stack.close)

    @property
    def alive(self) -> bool:
        """Whether they are open."""
        return self._finalizer.alive

    def close(self) -> None:
        """Remove the scratch files and close the snapshots."""
        self._finalizer()


@dataclass(frozen=True, eq=False)
class Gathered:
    """What ROMs of a training set are made from.

    trained : what all files were computed with. portable : the model as files have it. accept : omissions that the user
    accepts. output : the ROM that is to be written, where that is known. inputs : files that it may not replace.
    """

    collection: Collection
    trained: TrainedModel
    portable: Model
    accept: tuple[str, ...]
    output: Path | None
    inputs: tuple[str | Path, ...]
    files: OpenFiles

    def extended(self, more: Sequence[PreparedSnapshots]) -> Gathered:
        """The same with files added: only what they add is replayed and summed up. Collective.

        more : open; closing them is for whoever opened them. This one is not used any more.

        Raises
        ------
        InputError : they are not of the model and mesh of the training. UnsupportedError : as `gather`.
        """
        collection = self.collection
        with collection.pieces.comm.agreement():
            training = TrainingSet([*collection.training.given, *more])
        refuse_omissions(training, self.accept)
        trained = agree(training, collection.pieces, self.accept)
        return Gathered(collection.extended(training), trained, _portable(training, collection.pieces.comm),
                        self.accept, self.output, (*self.inputs, *(run.path for run in more)), self.files)


def gather(
    training: TrainingSet, options: OfflineOptions, comm: Comm, *, output: str | Path | None = None,
    cases: Mapping[str, Case] | None = None, accept: tuple[str, ...] = (), progress: Progress | None = None,
    scratch_folder: str | Path | None = None, inputs: Iterable[str | Path] = (), files: ExitStack | None = None,
) -> Gathered:
    """The first part of `romlib.offline.train.train`, which says what the parameters are. Collective."""
    path = None if output is None else Path(output)
    taken = (*(run.snapshots.path for run in training.runs), *inputs)
    with ExitStack() as stack:
        if files is not None:
            stack.enter_context(files)
        if path is not None:
            comm.on_root(lambda: check_rom_output(path, taken))
        refuse_omissions(training, accept)
        refuse_parameters(training, cases or {})
        refuse_what_cannot_be_learnt([run.role for run in training.runs if run.role != "validation"],
                                     options.clusters)
        if options.clusters.choose == "state" and options.clusters.number != "auto":
            refuse_more_than(options.clusters.number, training.n_snapshot, "training snapshot")
        pieces, stages = Pieces(comm, training.n_piece), Stages(comm, progress)
        trained = agree(training, pieces, accept)
        refuse_untrained_loads(training)
        portable = _portable(training, comm)  # when loads have their names, before all else
        with comm.agreement():
            place = scratch_folder or (path or training.runs[0].snapshots.path).resolve().parent
            scratch = stack.enter_context(Scratch(Path(place)))
            history = DualHistory(training, list(dict.fromkeys(["stress", *options.dual_fields])), options.stress,
                                  scratch)
            room = Room(training, history, options, pieces, scratch, path and path.resolve())
        room.claim(*room.least_and_most(), stages.tell)
        collection = collect(training, options, history, room, pieces, stages,
                             energy=options.clusters.number != 1 or options.pod_norm == "energy")
        return Gathered(collection, trained, portable, accept, path, taken, OpenFiles(stack.pop_all()))


def _portable(training: TrainingSet, comm: Comm) -> Model:
    portable = comm.on_root(lambda: portable_model(training.model))
    return portable.model_copy(update={"parameters": training.common_parameters})


def refuse_omissions(training: TrainingSet, accept: tuple[str, ...]) -> None:
    """UnsupportedError where a deck has something that does virtual work and that is not accepted."""
    for run in training.runs:
        for omission in run.snapshots.model.omissions:
            if omission.does_work and omission.name not in accept:
                raise UnsupportedError(
                    f"the deck has something that does virtual work and that the ROM lacks: {omission.name}",
                    file=run.snapshots.path, found=omission.description,
                    remedy=f'remove it from the solver\'s model, or accept it: [study] accept = ["{omission.name}"]')


def refuse_untrained_loads(training: TrainingSet) -> None:
    """InputError where a load acts in a validation run that acts in no training run: no ROM of these answers to it."""
    names = [*force_names(training.model), *prescribed_names(training.model)]
    acts, trains = training.amplitudes(names) != 0.0, training.trains > 0.0
    never = ~acts[trains].any(axis=0)
    for span in training.validation_spans():
        for name in np.array(names)[never & acts[span.rows].any(axis=0)]:
            raise InputError(
                "a load acts in a validation run that acts in no training run", file=span.run.path,
                place=f"load {str(name)!r}", expected="loads of the training runs",
                remedy="train with a run in which it acts, or validate with a run without it")


def refuse_parameters(training: TrainingSet, cases: Mapping[str, Case]) -> None:
    """Each run and each case has a value for every parameter, and none that no material names."""
    materials = training.model.materials
    for run in training.runs:
        refuse_missing(run.parameters, materials, f"parameters of the training run {run.name!r}")
    for name, case in cases.items():
        refuse_unused(case.parameters, materials, f"[cases.{name}.parameters]")
        refuse_missing({**training.common_parameters, **case.parameters}, materials, f"[cases.{name}.parameters]")
