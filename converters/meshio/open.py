"""Which reader a time series has: an XDMF file, or VTU files by a PVD file, a pattern or a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from romlib_converters.meshio.series import Series
from romlib_converters.meshio.vtu import VtuSeries, pvd_series
from romlib_converters.meshio.xdmf import XdmfSeries

from romlib.errors import InputError
from romlib.files import regular_file


@contextmanager
def open_series(source: Path | Sequence[Path], merging: bool = False) -> Iterator[Series]:
    """The series of an .xdmf file, a .pvd file, a pattern such as "out_*.vtu", or VTU files in the order of time.

    merging : whether points at one place are made one, so that a mesh may come in several parts.

    Raises
    ------
    InputError : nothing there, or another kind of file.
    """
    paths = [Path(source)] if isinstance(source, (str, Path)) else [Path(path) for path in source]
    if len(paths) == 1 and not paths[0].exists() and re.search(r"[*?\[]", paths[0].name):
        paths = sorted(paths[0].parent.glob(paths[0].name), key=_natural)
        if not paths:
            raise InputError("no file has a name of this pattern", file=Path(str(source)), remedy="check the pattern")
    if not paths:
        raise InputError("no file to convert")
    for path in paths:
        regular_file(path, "the file to convert does not exist")
    suffixes = {path.suffix.lower() for path in paths}

    def vtu() -> Series:
        return VtuSeries([[path] for path in paths], [None] * len(paths), paths[0], merging)

    opener: dict[str, Callable[[], Series]] = {
        ".xdmf": lambda: XdmfSeries(paths[0]), ".xmf": lambda: XdmfSeries(paths[0]),
        ".pvd": lambda: pvd_series(paths[0], merging), ".vtu": vtu, ".pvtu": vtu}
    kind = suffixes.pop()
    if suffixes or kind not in opener or (len(paths) > 1 and kind not in (".vtu", ".pvtu")):
        raise InputError("meshio's converter reads one XDMF time series, one PVD file, or VTU files", file=paths[0],
                         found=", ".join(path.name for path in paths[:5]) + (", ..." if len(paths) > 5 else ""))
    series = opener[kind]()
    try:
        yield series
    finally:
        series.close()


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sorting key with numbers by value: out_2 before out_10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)]
