"""Residual and estimated errors as fields of a snapshots file, written block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np

import romlib
from romlib.certificate.balance import Block
from romlib.certificate.certify import DISPLACEMENT, OnBlock, compared_fields
from romlib.laws.portable import portable_model
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.comm import Comm
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.outputs import check_output
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter


class _Meshes(Sequence[Mesh]):
    """The pieces of a file, each read when it is asked for."""

    def __init__(self, prepared: PreparedSnapshots) -> None:
        self._prepared = prepared

    def __len__(self) -> int:
        return self._prepared.snapshots.n_piece

    def __getitem__(self, piece):  # type: ignore[no-untyped-def, override]
        if not 0 <= piece < len(self):
            raise IndexError(piece)
        return self._prepared.mesh(piece)


def error_fields(prepared: PreparedSnapshots, model: Model, passes: int) -> dict[str, FieldSpec]:
    """Descriptions of what is written: the displacement of the file, the residual, and an error a quantity."""
    stored, vector = prepared.snapshots.fields, FieldSpec("node", prepared.snapshots.dimension)
    specs = {DISPLACEMENT: vector, "residual": vector, "displacement_error": vector,
             "stress_error": FieldSpec.symmetric("ip")}
    for name in compared_fields(prepared.snapshots, model, passes):
        if name in stored:
            specs[f"{name}_error"] = FieldSpec("ip", stored[name].n_comp, stored[name].tensor)
    return specs


@contextmanager
def error_file(path: Path, prepared: PreparedSnapshots, model: Model, passes: int, comm: Comm) -> Iterator[OnBlock]:
    """A function that writes each block that `certify` gives; the file appears at the end. Collective.

    Rank 0 writes, one field of one piece at a step. model : that is certified.

    Raises
    ------
    InputError : the file would replace one that is read. DiskFullError : there is no room for it.
    """
    snapshots = prepared.snapshots
    with ExitStack() as stack:
        writer: SnapshotsWriter | None = None
        with comm.agreement():
            specs = error_fields(prepared, model, passes)
            if comm.rank == 0:
                inputs = [snapshots.path, *prepared.files]
                check_output(path, inputs)
                writer = stack.enter_context(SnapshotsWriter(
                    path, _Meshes(prepared), portable_model(prepared.model), snapshots.times, specs,
                    solver=f"romlib {romlib.__version__} certify", fingerprint=fingerprint(inputs)))

        def consume(field: str, step: int, piece: int, values: np.ndarray) -> None:
            assert writer is not None
            writer.write(field, step, piece, values)

        def write(steps: slice, fields: dict[str, Block]) -> None:
            for k, step in enumerate(range(steps.start, steps.stop)):
                for name in specs:
                    produce = partial(_values, fields, name, k) if name in fields else partial(
                        snapshots.read, DISPLACEMENT, steps=step)
                    comm.stream_pieces(fields["residual"], produce, partial(consume, name, step))

        yield write
        with comm.agreement():
            stack.close()  # the file appears here: where that fails, every rank has to know


def _values(fields: dict[str, Block], name: str, k: int, piece: int) -> np.ndarray:
    return fields[name][piece][k]
