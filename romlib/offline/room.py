"""How much disk a training will take, said before it begins and again once the numbers of modes are known.

Scratch files and the fields file grow with snapshots times nodes and points: a model of millions of degrees of freedom
takes tens of gigabytes, and a disk that fills up after hours is found out about here.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from romlib.laws.points import MaterialPoints
from romlib.laws.symbols import evaluated_model
from romlib.offline.displacement import prescribed_names
from romlib.offline.dual import DualHistory
from romlib.offline.options import OfflineOptions
from romlib.offline.scratch import Scratch
from romlib.offline.sketch import LARGE
from romlib.offline.training import TrainingSet
from romlib.parallel.pieces import Pieces
from romlib.snapshots.estimate import mesh_bytes
from romlib.snapshots.space import DiskFullError, free_bytes, free_in_words, in_words

_ITERATES = 4  # law evaluations of a step that are taken into account where each iterate trains the cubature
_ROM_BYTES = 100_000  # of the ROM itself, and of what HDF5 has of its own: it matters where a model is small


@dataclass(frozen=True)
class Need:
    """Bytes of the pieces of a rank: scratch files, and the rank's part of the output."""

    scratch: float
    output: float


@dataclass(frozen=True)
class Modes:
    """Numbers of modes: of the displacement with the liftings, of the cubature's stress, of each dual field."""

    displacement: int
    stress: int
    dual: Mapping[str, int]


class Room:
    """Estimates for the pieces of this rank, and their comparison with the disks.

    Parameters
    ----------
    scratch : of this rank; its folder and its place stand for the disk. output : the ROM to be
        written; None where that is not known yet.

    output_bytes : what the last `claim` said of the output of all ranks.
    """

    def __init__(
        self, training: TrainingSet, history: DualHistory, options: OfflineOptions, pieces: Pieces,
        scratch: Scratch, output: Path | None,
    ) -> None:
        self._training, self._history, self._options, self._output = training, history, options, output
        self._scratch, self._pieces, self.output_bytes = scratch, pieces, 0.0
        first = training.runs[0].snapshots
        self._n_ip = sum(first.n_ip(piece) for piece in pieces.mine)
        self._n_dof = first.dimension * sum(first.n_node(piece) for piece in pieces.mine)
        self._mesh = sum(mesh_bytes(first.mesh(piece)) for piece in pieces.mine)
        none = np.empty(0, dtype=np.int64)
        materials = evaluated_model(training.model).materials
        points = MaterialPoints.from_arrays(materials, none, none, none, np.empty((0, 3)))
        stored = {name: spec.n_comp for name, spec in first.fields.items() if spec.place == "ip"}
        self._widths = stored | points.variables() | {"stress": 6}

    def of(self, training: TrainingSet, history: DualHistory) -> Room:
        """The same for a training set that has more files."""
        return Room(training, history, self._options, self._pieces, self._scratch, self._output)

    def need(self, modes: Modes) -> Need:
        """What the training takes with these numbers of modes; all zero gives what it takes in any case."""
        training, n_ip, fields = self._training, self._n_ip, self._history.fields
        row = sum(self._widths.get(field, 0) for field in fields)
        n_dual = sum(n * self._widths.get(field, 0) for field, n in modes.dual.items())
        integrands = modes.stress * modes.displacement
        scratch = 8.0 * n_ip * (self._history.n_replayed * row + 6 * self._n_extra() + 6 * modes.stress + n_dual)
        once = 8.0 * (1 + len(fields)) * training.n_snapshot**2 + _ROM_BYTES if self._pieces.comm.rank == 0 else 0.0
        grams = 8.0 * len(self._pieces.mine) * integrands**2 if integrands <= LARGE else 0.0
        return Need(scratch + grams,
                    8.0 * (self._n_dof * modes.displacement + n_ip * n_dual) + self._mesh + once)

    def least_and_most(self) -> tuple[Need, Need]:
        """Before there are any modes: without them, and with as many as there are snapshots."""
        n, options = self._training.n_snapshot, self._options
        n_lift = len(prescribed_names(self._training.model))
        most = Modes(min(n, options.modes or n) + n_lift, n, dict.fromkeys(options.dual_fields, n))
        return self.need(Modes(0, 0, {})), self.need(most)

    def claim(self, least: Need, most: Need, say: Callable[[str], None]) -> None:
        """Say on rank 0 what is needed, and refuse where a disk has not the least of it. Collective.

        Raises
        ------
        DiskFullError : on every rank.
        """
        self._scratch.needed, comm = most.scratch, self._pieces.comm
        folder = None if self._output is None else self._output.parent
        output = comm.on_root(lambda: None if folder is None else _disk(folder))  # which other hosts need not see
        ranks = comm.allgather((_disk(self._scratch.folder), least, most, self._scratch.size()))
        mine = [entry for entry in ranks if entry[0] == _disk(self._scratch.folder)]
        needed = sum(entry[1].scratch - entry[3] for entry in mine)
        if mine[0][0] == output:
            needed += sum(entry[1].output for entry in ranks)
        with comm.agreement():
            _refuse(self._scratch.folder.parent, needed)
            if comm.rank == 0 and folder is not None and output != _disk(self._scratch.folder):
                _refuse(folder, sum(entry[1].output for entry in ranks))
        self.output_bytes = sum(entry[2].output for entry in ranks)
        if comm.rank == 0:
            scratches, outputs = ([sum(getattr(entry[k], kind) for entry in ranks) for k in (1, 2)]
                                  for kind in ("scratch", "output"))
            free = free_in_words(free_bytes(self._scratch.folder.parent))
            open_ = ", by the number of modes" if _range(*scratches)[:5] != "about" else ""
            say(f"disk: {_range(*scratches)} of scratch, {_range(*outputs)} of output{open_}{free}")

    def _n_extra(self) -> int:
        """Stresses that a full-integration ROM adds to the training set of the cubature."""
        if self._options.cubature_training == "snapshots":
            return 0
        per_step = _ITERATES if self._options.cubature_training == "iterates" else 1
        return per_step * self._training.n_snapshot


def _refuse(folder: Path, needed: float) -> None:
    free = free_bytes(folder)
    if free is not None and needed > free:
        raise DiskFullError(
            "there is not enough room on the disk for the training", file=folder,
            expected=f"room for at least {in_words(needed)}", found=f"{in_words(free)} free",
            remedy="free some room, write to another disk (-o), or put the scratch files on one (--scratch FOLDER)")


def _range(least: float, most: float) -> str:
    same = most < 1.1 * least
    return f"about {in_words(most)}" if same else f"{in_words(least)} to {in_words(most)}"


def _disk(folder: Path) -> tuple[str, int]:
    """The same for two folders on one disk, as far as a host can tell."""
    return socket.gethostname(), os.stat(folder.resolve()).st_dev
