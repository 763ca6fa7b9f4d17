"""`romlib.convert`: the command as a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from romlib.files import file_or_folder
from romlib.snapshots.formats import AUTO, converter_for
from romlib.snapshots.outputs import check_output, is_snapshots, refuse_files_of
from romlib.snapshots.shown import nodal_data


def convert(
    source: str | Path | Sequence[str | Path], target: str | Path, format: str = AUTO, *, pieces: int | None = None,
    units: str | None = None, options: Mapping[str, Any] | None = None, nodal: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> str:
    """Convert the files of a solver into a snapshots file, as `romlib convert` does.

        romlib.convert("plate.rst", "plate.vtkhdf", units="mm, N, MPa, s")
        results = romlib.open("plate.vtkhdf")

    Parameters
    ----------
    source : file, folder or files of the solver. target : the snapshots file (.vtkhdf), written whole or not at all.
    format : name of a converter (`romlib convert --list`); "auto" recognises it by the content of the files.
    pieces : number of subdomains to cut the mesh into; None keeps the solver's. units : the unit system of the files,
        such as "mm, N, MPa, s, degC"; nothing is ever converted. options : of the converter.
    nodal : add values at nodes and of cells, for ParaView to show. progress : called with steps done and their total.

    Returns
    -------
    name of the converter.

    Raises
    ------
    InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
    """
    given = [source] if isinstance(source, (str, Path)) else list(source)
    paths, output = [file_or_folder(Path(path)) for path in given], Path(target)
    check_output(output, paths)
    converter = converter_for(format, paths)
    for path in paths:
        refuse_files_of(path, output, is_snapshots)
    with nodal_data(nodal):
        converter.convert(paths[0] if len(paths) == 1 else paths, output, pieces=pieces, units=units,
                          options=dict(options) if options else None, progress=progress)
    return converter.name
