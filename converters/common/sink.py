"""The sink of every conversion: the records of a computation, one at a time, into a snapshots file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import first_at_nodes
from romlib.model import Model
from romlib.snapshots.converter import Progress
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

SUMMED = ("internal_force",)
Values = Iterable[tuple[str, int, np.ndarray]]


def write_snapshots(
    target: Path, pieces: Sequence[Mesh], model: Model, times: np.ndarray, fields: Mapping[str, FieldSpec],
    values: Callable[[int], Values], *, solver: str, files: Sequence[Path], options: Mapping[str, Any],
    progress: Progress | None = None, summed: Collection[str] = SUMMED,
) -> None:
    """Write a snapshots file, whole or not at all.

    Parameters
    ----------
    values : of a record, from 0: field, piece, and array (n, n_comp), in any order; called once a record, in order.
    files, options : what the results were read from, and how, for the fingerprint.
    summed : fields at nodes that add up over the pieces, and of which each piece is given the sum: the first piece that
        has a node gets it, and the others zero. None where pieces are given their own parts.
    """
    first = first_at_nodes(pieces) if summed and len(pieces) > 1 else None
    with SnapshotsWriter(Path(target), list(pieces), model, times, dict(fields), solver=solver,
                         fingerprint=fingerprint(files, options)) as writer:
        for record in range(len(times)):
            for name, piece, array in values(record):
                if first is not None and name in summed:
                    array = array * first[piece][:, None]
                writer.write(name, record, piece, array)
                del array  # before the next record is read
            if progress is not None:
                progress(record + 1, len(times))
