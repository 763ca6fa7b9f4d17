"""LS-DYNA: the state database d3plot, with d3plot01, d3plot02, ..."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from romlib_converters.common.build import mesh_of
from romlib_converters.common.history import convert_history, history_options
from romlib_converters.lsdyna.control import Control, layout_of
from romlib_converters.lsdyna.family import HEAD_BYTES, Words, files_of, first_of, is_database
from romlib_converters.lsdyna.geometry import Geometry, read_geometry
from romlib_converters.lsdyna.history import LsdynaHistory
from romlib_converters.lsdyna.states import States

from romlib.errors import FileFormatError, InputError
from romlib.files import instead_of, kind_of, shown
from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import add_skin
from romlib.snapshots.converter import Progress
from romlib.words import plural

_NAME = "d3plot"


class LsdynaConverter:
    """LS-DYNA's states as a snapshots file. Options: those of every converter, see
    `romlib_converters.common.history.history_options`."""

    name = "lsdyna"
    suffixes = (".d3plot",)
    reads = "states of solids (d3plot, d3plot01, ...): displacement, stress and plastic strain at integration points"
    extra = None
    reader = None

    def can_read(self, path: Path) -> bool:
        """Whether a file begins with the control block of a d3plot, or a folder has a d3plot."""
        path = Path(path)
        if path.is_dir():
            path = path / _NAME
        return path.is_file() and is_database(path)

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file of a computation; see `romlib.snapshots.converter.Converter`.

        Parameters
        ----------
        source : the d3plot, whose numbered files lie beside it; one of these, or the folder.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = history_options(self.name, options)
        convert_history(_history(source), Path(target), pieces=pieces, units=units, options=options, progress=progress)

    def read_mesh(self, source: Path, *, quadrature: dict[str, str] | None = None) -> Mesh:
        """The solids, with parts (PART_n) as cell tags.

        Raises
        ------
        InputError : a rule of another kind of cell. FileFormatError, UnsupportedError : with file and place.
        """
        return add_skin([mesh_of(_history(source).mesh, quadrature)])[0]


def _history(source: Path | list[Path]) -> LsdynaHistory:
    """The history of a database. The geometry is let go here: the mesh is checked next."""
    files, words, control, geometry = _opened(_first(source))
    return LsdynaHistory(files, control, geometry, States(files, words, control, geometry))


def _first(source: Path | list[Path]) -> Path:
    """The first file of the database."""
    paths = [Path(path) for path in (source if isinstance(source, list) else [source])]
    firsts = {first_of(path / _NAME if path.is_dir() else path) for path in paths}
    if len(firsts) != 1:
        raise InputError("one database is converted at a time", found=plural(len(paths), "path"), expected="a d3plot")
    path = firsts.pop()
    if kind_of(path) != "file":
        raise InputError("no such file", file=shown(path), found=kind_of(path), expected="a d3plot",
                         remedy=instead_of(path))
    return path


def _opened(path: Path) -> tuple[list[Path], Words, Control, Geometry]:
    with open(path, "rb") as stream:
        head = stream.read(HEAD_BYTES)
    layout = layout_of(head)
    if layout is None:
        raise FileFormatError("the file is no database of LS-DYNA", file=path,
                              expected="a d3plot: a control block of 64 words", found=head[:12].hex(" ") or "nothing",
                              remedy="give the file d3plot that the run wrote, not the keyword file or the d3dump")
    control = Control(head, layout, path)
    words = Words(path, layout)
    return files_of(path), words, control, read_geometry(words, control)
