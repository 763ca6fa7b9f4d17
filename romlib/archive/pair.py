"""Writing the two files of a ROM, so that no mixture of two runs is ever there: both appear, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from romlib.archive.fieldsfile import FieldsWriter
from romlib.archive.rom import FieldsReference, Rom, SnapshotGrams
from romlib.archive.romfile import fields_path, fill_rom
from romlib.snapshots.atomic import atomic_targets
from romlib.snapshots.hdf5_output import Hdf5Output


class PairWriter:
    """Writes x.fields.rom piece by piece and then x.rom; a context manager.

    The fields file has an id drawn at random, and the ROM has this id and the checksum of the fields file. `finish`
    renames both, the ROM last: between the two renames the old ROM refuses the new fields. Without `finish`, nothing of
    what was written is left.

    Parameters
    ----------
    path : of the ROM. fingerprint, n_piece, singular_values, snapshots : see `FieldsWriter`.
    needed : bytes of the fields file, about; for the message when the disk is full.

    Raises
    ------
    InputError : the folder does not exist, or a target cannot be replaced.
    """

    def __init__(
        self, path: str | Path, fingerprint: str, n_piece: int, singular_values: Mapping[str, np.ndarray],
        snapshots: SnapshotGrams | None = None, needed: float | None = None,
    ) -> None:
        self.path, self._needed = Path(path), needed
        self._begin = fingerprint, n_piece, singular_values, snapshots

    def __enter__(self) -> PairWriter:
        with ExitStack() as stack:
            self._fields, self._rom = stack.enter_context(atomic_targets(fields_path(self.path), self.path))
            self._output = stack.enter_context(Hdf5Output(self._fields, fields_path(self.path), self._needed))
            self.fields = FieldsWriter(self._output.file, fields_path(self.path), *self._begin)
            self._stack = stack.pop_all()
        return self

    def write_piece(self, *arguments: Any) -> None:
        """`FieldsWriter.write_piece`; a full disk is found out about here, as a DiskFullError."""
        self.fields.write_piece(*arguments)
        self._output.check()

    def finish(self, rom: Rom) -> FieldsReference:
        """Complete the fields file, write the ROM, and give both their names; how the ROM knows its fields file.

        Raises
        ------
        InputError : a piece was never written. FileFormatError : contents that a reader would refuse. DiskFullError.
        """
        with self._stack:
            reference = self.fields.finish()
            self._output.flush()
            with Hdf5Output(self._rom, self.path) as output:
                fill_rom(output.file, self.path, replace(rom, fields=reference))
        return reference

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:  # not finished, or finished and empty by now
            error = _UnfinishedError()
        self._stack.__exit__(type(error), error, error.__traceback__)


class _UnfinishedError(Exception):
    """Tells the targets to forget what was written."""
