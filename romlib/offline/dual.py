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
from romlib.offline.scratch import Scratch
from romlib.offline.training import TrainingSet, blocks
from romlib.snapshots.prepared import PreparedSnapshots


class DualHistory:
    """Dual fields of the training snapshots, piece by piece.

    Parameters
    ----------
    fields : names; "stress" must be among them.
    source : "read", "replay", or "auto" (read where every run stores every field, else replay).
    """

    def __init__(self, training: TrainingSet, fields: list[str], source: str, scratch: Scratch) -> None:
        self.training, self.fields, self.scratch = training, fields, scratch
        missing = [(run, field) for run in training.runs for field in fields if field not in run.snapshots.fields]
        if source == "read" and missing:
            run, field = missing[0]
            raise InputError(
                f"the field {field} is not stored in the snapshots", file=run.snapshots.path, place="[offline] stress",
                expected=field, found=", ".join(run.snapshots.fields),
                remedy='use stress = "replay", which recomputes it from the displacement by the law')
        self.source = "read" if source == "read" or (source == "auto" and not missing) else "replay"

    def prepare(self, piece: int, operators: Piece) -> None:
        """Replay the runs on a piece, where the fields are not read."""
        if self.source == "read":
            return
        for run in self.training.runs:
            try:
                for block in replay_run(run, piece, operators, self.fields):
                    for field, values in block.items():
                        self.scratch.append(f"{piece}/{field}", values)
            except LawError as error:  # the law knows cell and time, not the run
                raise LawError(error.what, file=run.snapshots.path, place=error.place, remedy=error.remedy) from error

    def read(self, field: str, piece: int, snapshots: slice) -> np.ndarray:
        """(n, n_ip, n_comp), NaN where no material has the field."""
        if self.source == "read":
            return self.training.read(field, piece, snapshots)
        return self.scratch.read(f"{piece}/{field}", snapshots)

    def add_stress(self, piece: int, stress: np.ndarray) -> None:
        """Stresses (n, n_ip, 6) that train the quadrature besides the snapshots'."""
        self.scratch.append(f"{piece}/extra_stress", stress)

    def n_extra(self, piece: int) -> int:
        """How many stresses were added."""
        return self.scratch.length(f"{piece}/extra_stress")

    def quadrature_stress(self, piece: int, rows: slice) -> np.ndarray:
        """(n, n_ip, 6): the snapshots' stresses, then the added ones."""
        n = self.training.n_snapshot
        start, stop, _ = rows.indices(n + self.n_extra(piece))
        parts = []
        if start < n:
            parts.append(self.read("stress", piece, slice(start, min(stop, n))))
        if stop > n:
            parts.append(self.scratch.read(f"{piece}/extra_stress", slice(max(start - n, 0), stop - n)))
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


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
