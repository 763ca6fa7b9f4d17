"""Dual fields (stress, internal variables) at the integration points of a piece, at every training snapshot.

They are read where the files have them, or replayed from the displacement by the law, streaming in time. Replayed
fields go to a scratch file of this rank, so that memory holds a piece and a block of steps, never a history.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from romlib.errors import InputError, LawError
from romlib.fem.piece import Piece
from romlib.fem.replay import dual_fields
from romlib.offline.roles import is_read, is_whole
from romlib.offline.scratch import Scratch
from romlib.offline.training import TrainingSet, blocks
from romlib.snapshots.prepared import PreparedSnapshots


class DualHistory:
    """Dual fields of the training snapshots, piece by piece.

    Parameters
    ----------
    fields : names; "stress" must be among them.
    source : of whole runs: "read", "replay", or "auto" (read where each of them stores every field, else replay).
        Single steps have no history, and are read in any case, as are equilibrated runs, whose stress is not that
        of a law; runs of a ROM are replayed in any case.
    former : the same of a training set that this one only adds files to; what it has replayed is not replayed again.
    """

    def __init__(
        self, training: TrainingSet, fields: list[str], source: str, scratch: Scratch,
        former: DualHistory | None = None,
    ) -> None:
        self.training, self.fields, self.scratch, self._asked = training, fields, scratch, source
        missing = {role: [(run, field) for run in training.runs
                          if ("run" if is_whole(run.role) else run.role) == role for field in fields
                          if field not in run.snapshots.fields]
                   for role in ("run", "record", "elastic", "equilibrated")}
        if source == "read":
            _refuse_missing(missing["run"], 'use stress = "replay", which recomputes it from the displacement by the '
                                            "law")
        _refuse_missing(missing["record"] + missing["elastic"] + missing["equilibrated"],
                        "store it: a single step has no history to recompute it from")
        self.source = "read" if source == "read" or (source == "auto" and not missing["run"]) else "replay"
        self._replayed = np.array([self.source == "replay" if is_whole(run.role) else not is_read(run.role)
                                   for run in training.runs])
        counts = np.diff(training.offsets) * self._replayed
        self._starts = np.concatenate([[0], np.cumsum(counts)])  # of each run in the scratch arrays
        self.n_replayed = int(self._starts[-1])
        self._done: dict[int, int] = {} if former is None else dict(former._done)  # runs by piece

    def extended(self, training: TrainingSet) -> DualHistory:
        """The history of a training set with files added to this one's, in the same scratch files."""
        return DualHistory(training, self.fields, self.source, self.scratch, self)

    def prepare(self, piece: int, operators: Piece) -> None:
        """Replay the runs on a piece, where the fields are not read."""
        done, self._done[piece] = self._done.get(piece, 0), len(self.training.runs)
        for run, replayed in zip(self.training.runs[done:], self._replayed[done:]):
            if not replayed:
                continue
            try:
                for block in replay_run(run, piece, operators, self.fields):
                    for field, values in block.items():
                        self.scratch.append(f"{piece}/{field}", values)
            except LawError as error:  # the law knows cell and time, not the run
                raise LawError(error.what, file=run.snapshots.path, place=error.place, remedy=error.remedy) from error

    def read(self, field: str, piece: int, snapshots: slice) -> np.ndarray:
        """(n, n_ip, n_comp), NaN where no material has the field."""
        start, stop, _ = snapshots.indices(self.training.n_snapshot)
        parts = []
        for run, replayed, a, b, at in zip(self.training.runs, self._replayed, self.training.offsets,
                                           self.training.offsets[1:], self._starts):
            here = slice(max(start, int(a)) - int(a), min(stop, int(b)) - int(a))
            if here.start >= here.stop:
                continue
            if replayed:
                parts.append(self.scratch.read(f"{piece}/{field}", slice(int(at) + here.start, int(at) + here.stop)))
            else:
                parts.append(run.snapshots.read(field, piece, here))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _refuse_missing(missing: list[tuple[PreparedSnapshots, str]], remedy: str) -> None:
    if missing:
        run, field = missing[0]
        raise InputError(
            f"the field {field} is not stored in the snapshots", file=run.snapshots.path, place="[offline] stress",
            expected=field, found=", ".join(run.snapshots.fields), remedy=remedy)


def replay_run(
    run: PreparedSnapshots, piece: int, operators: Piece, fields: list[str]
) -> Iterator[dict[str, np.ndarray]]:
    """Blocks of steps of the dual fields of one run on one piece, recomputed by the law."""
    operators = operators.with_parameters(run.parameters)
    known = dual_fields(operators.points)
    unknown = [field for field in fields if field not in known]
    if unknown:
        raise InputError(f"no material has the field {unknown[0]}", place="[offline] dual_fields",
                         expected=", ".join(known), found=unknown[0])
    replay = operators.replay(run.amplitudes, fields)
    for steps in blocks(run.snapshots.n_step, replay.step_bytes):
        displacement = run.snapshots.read("displacement", piece, steps)
        yield replay.block(run.times[steps], operators.operator.strain(displacement))
