"""Which reader a time series has: an XDMF file, or VTU files by a PVD file, a pattern or a list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from romlib_converters.common.parts import in_natural_order
from romlib_converters.meshio.legacy import read_legacy
from romlib_converters.meshio.msh_views import MshSeries
from romlib_converters.meshio.series import Series
from romlib_converters.meshio.vtkhdf import VtkhdfSeries
from romlib_converters.meshio.vtu import VtuSeries, pvd_series
from romlib_converters.meshio.xdmf import XdmfSeries

from romlib.errors import InputError
from romlib.files import regular_file

_ONE_A_RECORD = (".vtu", ".pvtu", ".vtk", ".msh")
_SUFFIXES_IN_ORDER = ((".pvd",), (".xdmf", ".xmf"), (".vtkhdf",), (".pvtu",), (".vtu",), (".vtk",), (".msh",))
_SUFFIXES = tuple(suffix for kinds in _SUFFIXES_IN_ORDER for suffix in kinds)


@contextmanager
def open_series(source: Path | Sequence[Path], merging: bool = False) -> Iterator[Series]:
    """The series of an .xdmf, .pvd or .vtkhdf file, of a folder, of a pattern such as "out_*.vtu", or of files VTU, VTK
    or MSH in the order of time.

    merging : whether points at one place are made one, so that a mesh may come in several parts.

    Raises
    ------
    InputError : nothing there, or another kind of file.
    """
    paths = [Path(source)] if isinstance(source, (str, Path)) else [Path(path) for path in source]
    if len(paths) == 1 and paths[0].is_dir():
        paths = series_in(paths[0])
    if len(paths) == 1 and not paths[0].exists() and re.search(r"[*?\[]", paths[0].name):
        paths = in_natural_order(list(paths[0].parent.glob(paths[0].name)))
        if not paths:
            raise InputError("no file has a name of this pattern", file=Path(str(source)), remedy="check the pattern")
    if not paths:
        raise InputError("no file to convert")
    for path in paths:
        regular_file(path, "the file to convert does not exist")
    suffixes = {path.suffix.lower() for path in paths}

    def vtu() -> Series:
        return VtuSeries([[path] for path in paths], [None] * len(paths), paths[0], merging)

    def legacy() -> Series:
        return VtuSeries([[path] for path in paths], [None] * len(paths), paths[0], merging, read_legacy)

    opener: dict[str, Callable[[], Series]] = {
        ".xdmf": lambda: XdmfSeries(paths[0]), ".xmf": lambda: XdmfSeries(paths[0]),
        ".pvd": lambda: pvd_series(paths[0], merging), ".vtu": vtu, ".pvtu": vtu, ".vtk": legacy,
        ".vtkhdf": lambda: VtkhdfSeries(paths[0], merging), ".hdf": lambda: VtkhdfSeries(paths[0], merging),
        ".msh": lambda: MshSeries(paths)}
    kind = suffixes.pop()
    if suffixes or kind not in opener or (len(paths) > 1 and kind not in _ONE_A_RECORD):
        raise InputError("one time series is read: an XDMF, PVD or VTKHDF file, or files VTU, VTK or MSH",
                         file=paths[0],
                         found=", ".join(path.name for path in paths[:5]) + (", ..." if len(paths) > 5 else ""))
    series = opener[kind]()
    try:
        yield series
    finally:
        series.close()


def series_in(folder: Path) -> list[Path]:
    """The files of the only series in a folder, in natural order: a .pvd or .xdmf file, else files that are numbered.

    Raises
    ------
    InputError : no series, or several.
    """
    found: dict[str, list[Path]] = {}
    for path in folder.iterdir():
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            stem = re.sub(r"[_.-]?\d+$", "", path.stem) if path.suffix.lower() in _ONE_A_RECORD else path.stem
            found.setdefault(f"{stem}*{path.suffix.lower()}", []).append(path)
    for kinds in _SUFFIXES_IN_ORDER:  # the parts of a PVD or PVTU file lie beside it
        series = {name: paths for name, paths in found.items() if paths[0].suffix.lower() in kinds}
        if len(series) == 1:
            return in_natural_order(next(iter(series.values())))
        if series:
            raise InputError("the folder has several series", file=folder, found=", ".join(sorted(series)),
                             expected="one", remedy="name the files, or a pattern such as 'out_*.vtu'")
    raise InputError("the folder has no time series", file=folder, expected=", ".join(_SUFFIXES),
                     found=", ".join(sorted(path.name for path in folder.iterdir())[:5]) or "nothing")
