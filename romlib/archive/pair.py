"""Writing the two files of a ROM, so that no mixture of two runs is ever there: both appear, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np

from romlib.archive.fieldsfile import FieldsWriter
from romlib.archive.rom import Rom
from romlib.archive.romfile import fields_path, fill_rom
from romlib.snapshots.atomic import atomic_targets
from romlib.storage.texts import LIBVER


class PairWriter:
    """Writes x.fields.rom piece by piece and then x.rom; a context manager.

    The fields file has an id drawn at random, and the ROM has this id and the checksum of the fields file. `finish`
    renames both, the ROM last: between the two renames the old ROM refuses the new fields. Without `finish`, nothing of
    what was written is left.

    Parameters
    ----------
    path : of the ROM. fingerprint, n_piece, singular_values : see `FieldsWriter`.

    Raises
    ------
    InputError : the folder does not exist, or a target cannot be replaced.
    """

    def __init__(
        self, path: str | Path, fingerprint: str, n_piece: int, singular_values: Mapping[str, np.ndarray]
    ) -> None:
        self.path = Path(path)
        self._begin = fingerprint, n_piece, singular_values

    def __enter__(self) -> PairWriter:
        with ExitStack() as stack:
            fields, self._rom = stack.enter_context(atomic_targets(fields_path(self.path), self.path))
            self._file = h5py.File(fields, "w", libver=LIBVER)
            stack.callback(self._file.close)
            self.fields = FieldsWriter(self._file, fields_path(self.path), *self._begin)
            self._stack = stack.pop_all()
        return self

    def finish(self, rom: Rom) -> None:
        """Complete the fields file, write the ROM, and give both their names.

        Raises
        ------
        InputError : a piece was never written. FileFormatError : contents that a reader would refuse.
        """
        with self._stack:
            reference = self.fields.finish()
            with h5py.File(self._rom, "w", libver=LIBVER) as file:
                fill_rom(file, self.path, replace(rom, fields=reference))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:  # not finished, or finished and empty by now
            error = _UnfinishedError()
        self._stack.__exit__(type(error), error, error.__traceback__)


class _UnfinishedError(Exception):
    """Tells the targets to forget what was written."""
