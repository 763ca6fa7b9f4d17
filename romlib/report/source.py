"""What is drawn: a snapshots file, a solution, or a file whose values are put in the order of another one's pieces."""

from __future__ import annotations

from typing import cast

import numpy as np

from romlib.errors import InputError
from romlib.mesh.mesh import Mesh
from romlib.report.matching import TIME_TOLERANCE, Matching, Overlap
from romlib.results.source import StepSource
from romlib.snapshots.reader import Snapshots

ALL = slice(None)


def name_of(source: StepSource) -> str:
    """In a few words, for titles: of a file its name."""
    return str(getattr(source, "title", "")) or (source.path.name if source.path is not None else "")


class AlignedSource:
    """A candidate in the pieces and in the order of a reference on the same mesh, so that the two can be subtracted.

    Raises
    ------
    InputError : they are not on the same mesh (by `mesh` and `read`).
    """

    def __init__(self, candidate: StepSource, reference: StepSource) -> None:
        self.candidate, self.reference = candidate, reference
        self.path, self.title = candidate.path, name_of(candidate)
        self.model, self.units, self.fields = candidate.model, candidate.units, candidate.fields
        self.times, self.n_step, self.n_piece = candidate.times, candidate.n_step, reference.n_piece
        self._matching = Matching(cast(Snapshots, candidate))
        self._overlaps: dict[int, list[Overlap]] = {}
        self._counts: dict[int, dict[str, int]] = {}

    def mesh(self, piece: int) -> Mesh:
        """The reference's piece, found in the candidate."""
        mesh = self.reference.mesh(piece)
        if piece not in self._overlaps:
            self._overlaps[piece] = self._matching.overlaps(mesh, self.reference.path)
            self._counts[piece] = {"node": mesh.n_node, "ip": int(mesh.points_of_cells.sum())}
        return mesh

    def read(self, field: str, piece: int, steps: slice | int = ALL) -> np.ndarray:
        """As `StepSource.read`, at the reference's nodes and integration points."""
        if piece not in self._overlaps:
            self.mesh(piece)
        place = self.fields[field].place
        rows = np.arange(self.n_step)[steps if isinstance(steps, slice) else [steps]]
        values = self._matching.read(field, place, self._overlaps[piece], rows, self._counts[piece][place])
        return values if isinstance(steps, slice) else values[0]


def step_of_time(source: StepSource, time: float) -> int:
    """The step at a time of another file.

    Raises
    ------
    InputError : there is none; the nearest is named.
    """
    times = np.asarray(source.times)
    nearest = int(np.argmin(np.abs(times - time)))
    if abs(times[nearest] - time) > TIME_TOLERANCE * max(float(np.abs(times).max()), abs(time)):
        raise InputError("the reference has no step at this time", file=source.path, found=f"{time:.6g}",
                         expected=f"one of its times; the nearest is {times[nearest]:.6g}",
                         remedy="draw a time that both files have")
    return nearest
