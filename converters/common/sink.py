"""The sink of every conversion: the records of a computation, one at a time, into a snapshots file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.snapshots.converter import Progress
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

Values = Iterable[tuple[str, int, np.ndarray]]


def write_snapshots(
    target: Path, pieces: Sequence[Mesh], model: Model, times: np.ndarray, fields: Mapping[str, FieldSpec],
    values: Callable[[int], Values], *, solver: str, files: Sequence[Path], options: Mapping[str, Any],
    progress: Progress | None = None,
) -> None:
    """Write a snapshots file, whole or not at all.

    Parameters
    ----------
    values : of a record, from 0: field, piece, and array (n, n_comp), in any order; called once a record, in order.
    files, options : what the results were read from, and how, for the fingerprint.
    """
    with SnapshotsWriter(Path(target), list(pieces), model, times, dict(fields), solver=solver,
                         fingerprint=fingerprint(files, options)) as writer:
        for record in range(len(times)):
            for name, piece, array in values(record):
                writer.write(name, record, piece, array)
            if progress is not None:
                progress(record + 1, len(times))
