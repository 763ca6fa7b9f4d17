"""Whatever romlib writes, opened as what a user works with."""

from __future__ import annotations

from pathlib import Path

from romlib.errors import InputError
from romlib.online.rom import ReducedOrderModel, load
from romlib.results.file import Results
from romlib.storage.opening import kind_of


def open_file(path: str | Path) -> Results | ReducedOrderModel:
    """A snapshots file (.vtkhdf) as `Results`, with fields, probes and pictures as of a solution; a ROM as by `load`.

        results = romlib.open("result.vtkhdf")
        results.von_mises(-1).max(), results.probe("p", tag="hole", reduce="max").values

    A snapshots file stays open until it is closed: `with romlib.open(...) as results`.

    Raises
    ------
    InputError, FileFormatError, SchemaError : no such file, one of another kind, a damaged one, or a newer version.
    """
    kind = kind_of(path)
    if kind == "rom":
        return load(path)
    if kind == "fields":
        raise InputError("this is the fields file of a ROM", file=path, expected="a snapshots file, or a ROM",
                         remedy="open the .rom beside it")
    if kind == "state":
        raise InputError("this is a state, which runs begin with, and no result", file=path,
                         expected="a snapshots file, or a ROM", remedy="give it to solve(start=...)")
    return Results(path)
