"""Small snapshots files that the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from snapshots_example import FIELDS, MODEL, TIMES, mixed_mesh, random_fields  # type: ignore[import-not-found]

from romlib.mesh.partition import partition
from romlib.snapshots import SnapshotsWriter


@pytest.fixture(scope="session")
def write_example() -> Callable[..., dict]:
    """Write an example of n pieces at a path, in the order of writes that a seed shuffles; give what was written."""

    def write(path: Path, n_piece: int = 1, seed: int = 0) -> dict:
        pieces = partition(mixed_mesh(), n_piece) if n_piece > 1 else [mixed_mesh()]
        n_ip = [sum(b.n_cell * (8 if b.quadrature == "hex_gauss_8" else 1) for b in mesh.blocks) for mesh in pieces]
        values = random_fields(pieces, n_ip)
        writes = [(name, step, piece) for name in FIELDS for step in range(len(TIMES)) for piece in range(n_piece)]
        np.random.default_rng(seed).shuffle(writes)
        with SnapshotsWriter(path, pieces, MODEL, TIMES, FIELDS, solver="Solver 3", fingerprint="abc") as writer:
            for name, step, piece in writes:
                writer.write(str(name), int(step), int(piece), values[str(name)][int(piece)][int(step)])
        return {"path": path, "pieces": pieces, "values": values, "n_ip": n_ip}

    return write


@pytest.fixture(params=[1, 3])
def example(request: pytest.FixtureRequest, tmp_path: Path, write_example: Callable[..., dict]) -> dict:
    """A file of one or three pieces and what was written into it."""
    return write_example(tmp_path / "example.vtkhdf", request.param, seed=5)
