"""Memory is bounded by the arrays written and the blocks of steps read, whatever the number of steps in the file."""

from __future__ import annotations

import tracemalloc

import numpy as np
from snapshots_example import MODEL, mixed_mesh  # type: ignore[import-not-found]

from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter

N_STEP = 2000


def peak_of(work):
    """Largest memory that numpy and Python took meanwhile, bytes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_steps(tmp_path):
    mesh = mixed_mesh()
    arrays = {"stress": np.ones((68, 6)), "displacement": np.ones((mesh.n_node, 3))}
    fields = {"stress": FieldSpec.symmetric("ip"), "displacement": FieldSpec("node", 3)}
    whole = N_STEP * sum(array.nbytes for array in arrays.values())

    def write():
        for step in range(N_STEP):
            for name, array in arrays.items():
                writer.write(name, step, 0, array)

    with SnapshotsWriter(tmp_path / "a.vtkhdf", [mesh], MODEL, np.arange(N_STEP), fields) as writer:
        assert peak_of(write) < whole / 20
    assert (tmp_path / "a.vtkhdf").stat().st_size > whole
    with Snapshots(tmp_path / "a.vtkhdf") as snapshots:
        assert peak_of(lambda: snapshots.read("stress", 0, slice(1000, 1010))) < whole / 20
        assert peak_of(lambda: snapshots.read("displacement", 0, slice(1000, 1010))) < whole / 20
