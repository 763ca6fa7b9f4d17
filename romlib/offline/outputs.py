"""The two files of a ROM as outputs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from romlib.archive.romfile import fields_path
from romlib.errors import InputError
from romlib.snapshots.outputs import check_output


def check_rom_output(output: str | Path, inputs: Iterable[str | Path]) -> None:
    """Before any work: x.rom and x.fields.rom can be written, and neither is an input.

    Raises
    ------
    InputError : names what is wrong, or both files; the name is that of a fields file.
    """
    output, inputs = Path(output), list(inputs)
    if output.name.endswith(".fields.rom"):
        raise InputError("the name is that of a fields file", file=output, expected="NAME.rom",
                         remedy="leave .fields out: the fields file gets its name from the ROM")
    check_output(output, inputs)
    check_output(fields_path(output), inputs)
