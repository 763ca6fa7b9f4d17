"""The snapshots of a training set and their Gram matrices, from which every basis of any of them is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from romlib.archive.rom import SnapshotGrams
from romlib.errors import InputError
from romlib.offline.dual import DualHistory
from romlib.offline.options import OfflineOptions
from romlib.offline.report import Stages
from romlib.offline.room import Room
from romlib.offline.training import TrainingSet, bordered, gram, grams
from romlib.parallel.pieces import Pieces

if TYPE_CHECKING:
    from romlib.offline.accuracy import Choice


@dataclass(frozen=True)
class DualGrams:
    """Sums over the whole model that bases of dual fields and cubatures need.

    grams : by field, (n_snapshot, n_snapshot). volumes : by field, of the region that has it. volume : of the model,
    sum of the solver's weights. n_ip : its integration points.
    """

    grams: dict[str, np.ndarray]
    volumes: dict[str, float]
    volume: float
    n_ip: int


@dataclass(eq=False)
class Collection:
    """What reductions of a training set are made from; see `collect`.

    displacement : Gram matrix (n_snapshot, n_snapshot) in L2. former : of the training set without the files that were
    added last, whose sums are known. in_energy : what `energy` is, where it is known already. choice : how tolerances
    were chosen, which `options` has then.
    """

    training: TrainingSet
    options: OfflineOptions
    pieces: Pieces
    history: DualHistory
    room: Room
    stages: Stages
    displacement: np.ndarray
    former: DualGrams | None = None
    _n_reduction: int = 0
    in_energy: np.ndarray | None = None
    choice: Choice | None = None

    @property
    def energy(self) -> np.ndarray:
        """Gram matrix (n_snapshot, n_snapshot) of the displacement in the elastic energy of the virgin state.

        The integral of eps(u) : C_0 : eps(v), by the solver's points with their positive weights. Made in the pass of
        the one in L2 where `collect` was asked for it, else in one of its own. Collective at its first use.
        """
        if self.in_energy is None:
            with self.stages.stage("Gram matrices"):
                self.in_energy = displacement_grams(self.training, self.pieces, ("energy",))["energy"]
        return self.in_energy

    @property
    def pod_norm(self) -> np.ndarray | None:
        """The Gram matrix in which displacement modes are the best ones; None: that in L2. Collective as `energy`."""
        return self.energy if self.options.pod_norm == "energy" else None

    @cached_property
    def dual(self) -> DualGrams:
        """Of the dual fields, which are replayed first where the files do not have them. Collective at its first use.

        Not before: what the displacement alone makes impossible is found before the long replay.
        """
        training, history, stages, former = self.training, self.history, self.stages, self.former
        n_known = 0 if former is None else len(former.grams["stress"])
        with stages.stage("stress"):
            self.pieces.each(lambda piece: history.prepare(piece, training.piece(piece)))
            stages.say("stress", {"read": "read from the snapshots", "replay": "replayed by the law"}[history.source])
        with stages.stage("Gram matrices"):
            rows = self.pieces.sums(partial(_dual_grams_of_piece, training, history, n_known))
            volume, n_ip, *volumes = rows.pop("sizes")
            total = {field: bordered(None if former is None else former.grams[field], added)
                     for field, added in rows.items()}
            stages.say("Gram matrices", f"of displacement, {', '.join(history.fields)}; volume {volume:.6g}")
        return DualGrams(total, dict(zip(history.fields, volumes)), float(volume), int(n_ip))

    def extended(self, training: TrainingSet) -> Collection:
        """The collection of a training set that has files besides this one's: only their rows are computed. Collective.

        It shares the scratch files of this one, which is not used any more.
        """
        known = self.dual  # replayed before its history is carried over
        self.history.scratch.forget(lambda name: name.count("/") > 1)  # of reductions: replayed fields are PIECE/FIELD
        history = self.history.extended(training)
        room = self.room.of(training, history)
        products = ("displacement",) if self.in_energy is None else ("displacement", "energy")
        with self.stages.stage("Gram matrices"):
            rows = displacement_grams(training, self.pieces, products, len(self.displacement))
        energy = None if self.in_energy is None else bordered(self.in_energy, rows["energy"])
        return Collection(training, self.options, self.pieces, history, room, self.stages,
                          bordered(self.displacement, rows["displacement"]), known, self._n_reduction, energy,
                          self.choice)

    def next_number(self) -> int:
        """A number of its own for each reduction, the same on every rank, for its arrays on disk."""
        self._n_reduction += 1
        return self._n_reduction

    def grams(self, weights: np.ndarray) -> SnapshotGrams:
        """The matrices as a fields file keeps them. weights : (n_cluster, n_snapshot), of each cluster's rows."""
        training = self.training
        return SnapshotGrams(
            tuple(run.name for run in training.runs), training.run_of, training.times, weights,
            {"displacement": self.displacement, **self.dual.grams})


def collect(
    training: TrainingSet, options: OfflineOptions, history: DualHistory, room: Room, pieces: Pieces, stages: Stages,
    energy: bool = False,
) -> Collection:
    """Gram matrices of all snapshots, each computed once, whatever is reduced from them later. Collective.

    energy : also the one of the displacement in the elastic energy, in the same pass.
    """
    products = ("displacement", "energy") if energy else ("displacement",)
    with stages.stage("Gram matrices"):
        found = displacement_grams(training, pieces, products)
    return Collection(training, options, pieces, history, room, stages, found["displacement"],
                      in_energy=found.get("energy"))


def displacement_grams(
    training: TrainingSet, pieces: Pieces, products: tuple[str, ...], n_known: int = 0
) -> dict[str, np.ndarray]:
    """Rows (n_snapshot - n_known, n_snapshot) of Gram matrices of the displacement, by name, in one pass. Collective.

    products : "displacement" is the inner product in L2, "energy" that of the elastic energy.
    """
    return pieces.sums(partial(_grams_of_piece, training, n_known, products))


def _grams_of_piece(
    training: TrainingSet, n_known: int, products: tuple[str, ...], piece: int
) -> dict[str, np.ndarray]:
    """Rows (n_snapshot - n_known, n_snapshot) of Gram matrices of the displacement: in L2, in the elastic energy."""
    operators = training.piece(piece)
    weighs = {"displacement": operators.apply_mass, "energy": operators.apply_virgin_stiffness}
    mesh = operators.mesh
    bytes_each = 24 * mesh.n_node if "energy" not in products else max(24 * mesh.n_node, 96 * operators.operator.n_ip)
    results = grams(partial(training.read, "displacement", piece), {name: weighs[name] for name in products},
                    training.n_snapshot, bytes_each, n_known)
    bad = n_known + np.flatnonzero(~np.isfinite(np.diag(results[products[0]], n_known)))
    if len(bad):
        run = int(np.searchsorted(training.offsets, bad[0], side="right")) - 1
        raise InputError("a displacement snapshot has a value that is not finite",
                         file=training.runs[run].snapshots.path,
                         place=f"piece {piece}, step {bad[0] - training.offsets[run]}",
                         remedy="repair the solver's file and convert it again")
    return results


def _dual_grams_of_piece(
    training: TrainingSet, history: DualHistory, n_known: int, piece: int
) -> dict[str, np.ndarray]:
    """Rows (n_snapshot - n_known, n_snapshot) by dual field.

    And under "sizes" the volume, the number of points, and the volume of each field's region.
    """
    operator, volumes, result = training.piece(piece).operator, [], {}
    positive = operator.positive_weights[None, :, None]
    for field in history.fields:
        first = history.read(field, piece, slice(0, 1))[0]
        there = np.isfinite(first[:, 0])
        volumes.append(float(operator.positive_weights[there].sum()))
        result[field] = gram(partial(_read_where, history, field, piece, there), lambda f: f * positive,
                             training.n_snapshot, first.size * 8, n_known)
    return {**result, "sizes": np.array([operator.weights.sum(), operator.n_ip, *volumes])}


def _read_where(history: DualHistory, field: str, piece: int, there: np.ndarray, rows: slice) -> np.ndarray:
    """A dual field with zeros instead of NaN where no material has it."""
    values = history.read(field, piece, rows)
    return values if there.all() else np.where(there[None, :, None], values, 0.0)
