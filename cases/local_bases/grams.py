"""Inner products of all snapshots of the case, training and held-out, and the errors of bases of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.clusters.dissimilarity import norms
from romlib.clusters.gain import Fields, projection_errors
from romlib.offline.gather import gather
from romlib.offline.options import OfflineOptions
from romlib.parallel.comm import serial
from romlib.study import Study
from romlib.study.runs import training_set
from romlib.study.study import Training


@dataclass(frozen=True, eq=False)
class Grams:
    """matrices : "displacement" (L2), "energy", "stress", each (n, n) over the snapshots of the runs in order.
    runs, times : (n,). trained : (n,), whether a snapshot is of a training run.
    """

    matrices: dict[str, np.ndarray]
    runs: np.ndarray
    times: np.ndarray
    trained: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """(n,), norms in the elastic energy; zero of an initial state."""
        return norms(self.matrices["energy"])

    @property
    def strained(self) -> np.ndarray:
        """(n,), snapshots that have an energy."""
        return self.sizes > 0.0

    def of_training(self) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Matrices, runs and times of the training snapshots, which come first."""
        n = int(self.trained.sum())
        return {name: one[:n, :n] for name, one in self.matrices.items()}, self.runs[:n], self.times[:n]

    def nearest(self) -> np.ndarray:
        """(n,), the training snapshot that each is nearest to in the energy angle; for a training snapshot, itself."""
        there = np.flatnonzero(self.trained & self.strained)
        cosines = np.abs(self.matrices["energy"][:, there]) / self.sizes[there]
        nearest = there[np.argmax(cosines, axis=1)]
        return np.where(self.trained, np.arange(len(self.runs)), nearest)

    def projection_errors(self, members: np.ndarray, of: np.ndarray, n_most: int) -> np.ndarray:
        """(n_most + 1, n_of), relative energy error of the projection of snapshots onto 0, 1, ... POD modes of members.

        members, of : numbers of snapshots. Where the members have no more modes, the last error stays.
        """
        energy = self.matrices["energy"]
        found = projection_errors(Fields(energy, energy, self.sizes), members, of)
        return found[np.minimum(np.arange(n_most + 1), len(found) - 1)]


def grams_of(folder: Path, training: Sequence[str], held: Sequence[str]) -> Grams:
    """Of these runs in a folder, by romlib's own sums, one pass over the pieces."""
    study = Study.read(folder / "study.toml")
    named = tuple(Training(snapshots=folder / f"{name}.vtkhdf", name=name) for name in (*training, *held))
    declared = study.model_copy(update={"training": named})
    with ExitStack() as stack:
        runs = training_set(declared, stack, 1)
        gathered = gather(runs, OfflineOptions(dual_fields=("stress",)), serial(), scratch_folder=folder,
                          files=stack.pop_all())
        collection = gathered.collection
        matrices = {"displacement": collection.displacement, "energy": collection.energy,
                    "stress": collection.dual.grams["stress"]}
        times, numbers = collection.training.times, collection.training.run_of
        gathered.files.close()
    return Grams(matrices, numbers, times, numbers < len(training))
