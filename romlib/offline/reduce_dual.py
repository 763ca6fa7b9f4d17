"""Bases of the dual fields: POD on their Gram matrices, the modes of each piece, and points that tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from romlib.offline.collect import Collection
from romlib.offline.gappy import interpolation_points
from romlib.offline.pod import Pod, pod
from romlib.offline.roles import purpose_of
from romlib.offline.rows import Rows
from romlib.offline.scratch import Scratch
from romlib.offline.selection import Candidates
from romlib.offline.training import combine


@dataclass(frozen=True)
class DualField:
    """POD of one dual field.

    rows : the snapshots that it is made of. coordinates : (n_snapshot, n_dual) of all snapshots. norms : (n_snapshot,)
    in L2. volume : of the region that has the field.
    """

    name: str
    n_comp: int
    decomposition: Pod
    rows: Rows
    coordinates: np.ndarray
    norms: np.ndarray
    volume: float


@dataclass(frozen=True, eq=False)
class DualBases:
    """The bases of all dual fields, their modes in the scratch files of the rank that has the piece.

    candidates : by field and piece of this rank, the Q-DEIM candidates: points and modes there (n, n_dual n_comp).
    """

    fields: list[DualField]
    candidates: dict[str, dict[int, Candidates]]
    scratch: Scratch
    number: int

    def modes(self, piece: int, field: str) -> np.ndarray:
        """(n_dual, n_ip, n_comp) on a piece of this rank, NaN where no material has the field."""
        return self.scratch.read(f"{self.number}/{piece}/modes/{field}", slice(None))


def reduce_fields(collection: Collection, rows: Rows) -> list[DualField]:
    """POD of each dual field that the ROM gives; one that is zero in all snapshots is an InputError."""
    dual, options, training = collection.dual, collection.options, collection.training
    stored = {name: spec.n_comp for name, spec in training.runs[0].snapshots.fields.items()}
    widths = training.piece(collection.pieces.mine[0]).points.variables() | {"stress": 6} | stored
    fields = []
    for name in options.dual_fields:
        gram, own = dual.grams[name], training.rows_for(purpose_of(name), rows)
        decomposition = pod(own.gram(gram), tolerance=options.dual_tolerance, field=name)
        fields.append(DualField(
            name, widths.get(name, 1), decomposition, own, gram @ own.spread(decomposition.combination),
            np.sqrt(np.maximum(np.diag(gram), 0.0)), dual.volumes[name]))
    return fields


def project_fields(collection: Collection, fields: list[DualField], number: int) -> DualBases:
    """The modes of the dual fields on each piece, kept in the scratch file of the rank. Collective."""
    history = collection.history

    def of_piece(piece: int) -> dict[str, Candidates]:
        operator, candidates = collection.training.piece(piece).operator, {}
        for field in fields:
            combination = field.rows.spread(field.decomposition.combination)
            modes = combine(partial(history.read, field.name, piece), combination, operator.n_ip * field.n_comp * 8)
            history.scratch.append(f"{number}/{piece}/modes/{field.name}", modes)
            there = np.flatnonzero(np.isfinite(modes[0, :, 0]))
            ips = there[interpolation_points(modes[:, there])]
            at = modes[:, ips].transpose(1, 0, 2).reshape(len(ips), len(modes) * field.n_comp)
            candidates[field.name] = Candidates(ips, at)
        return candidates

    own = collection.pieces.each(of_piece)
    return DualBases(fields, {field.name: {piece: one[field.name] for piece, one in own.items()} for field in fields},
                     history.scratch, number)
