"""Converter of Exodus II files: meshes, sets, and displacement histories."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from romlib_converters.common.build import mesh_of
from romlib_converters.common.history import convert_history, history_options
from romlib_converters.common.parts import in_natural_order
from romlib_converters.common.plane import with_thickness
from romlib_converters.exodus.content import ExodusContent, is_exodus
from romlib_converters.exodus.history import ExodusHistory
from romlib_converters.exodus.mesh import solid_blocks, solver_mesh
from romlib_converters.exodus.netcdf import open_netcdf
from romlib_converters.exodus.nodal import nodal_field

from romlib.errors import FileFormatError, InputError
from romlib.files import instead_of, kind_of, shown
from romlib.mesh.kinematics import PLANE_STRAIN, SOLID
from romlib.mesh.mesh import Mesh
from romlib.snapshots.converter import Progress
from romlib.snapshots.nodal_fields import NodalField
from romlib.words import plural, shortlist

_OPTIONS = ("displacement", "internal_force", "temperature", "point_order", "kinematics", "thickness",
            "solver")
_PART = re.compile(r"(?P<base>.+)\.(?P<total>\d+)\.(?P<number>\d+)")
_SUFFIXES = (".exo", ".e", ".ex2", ".g", ".exoii", ".gen")


class ExodusConverter:
    """Exodus II files (.exo, .e, .ex2, .g), one, or the part files NAME.exo.N.0 ... of a computation in parallel.

    Blocks of solids become the mesh, with a cell tag a block; sets of nodes, elements and sides become tags. Ids are
    those of the file's maps.

    Options
    -------
    displacement : the three variables at nodes, or what their names begin with, where they are not called DISPL_X,
    disp_x, U_X or the like. internal_force : likewise, to carry along. temperature : a variable at nodes.
    point_order : how the program numbers the points of its elements ("gauss", "gauss_reversed", "nodes", or numbers),
    so that stress at points is compared. kinematics : "plane strain" or "axisymmetric", of a file in two dimensions;
    thickness : of a body in plane strain, one by default. solver : its name, for the record. And those of
    `romlib_converters.common.history.history_options`.
    """

    name = "exodus"
    suffixes = _SUFFIXES
    reads = "Exodus II results and meshes (.exo, .e, .ex2, .g), whole or in part files: displacement, sets, variables"
    extra: str | None = None
    reader: str | None = None

    def can_read(self, path: Path) -> bool:
        """Whether the file is NetCDF with the dimensions of an Exodus file, or a folder of such part files."""
        path = Path(path)
        if path.is_dir():
            return any(_PART.fullmatch(one.name) and is_exodus(one) for one in sorted(path.iterdir())[:100])
        return kind_of(path) == "file" and is_exodus(path)

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file; see `romlib.snapshots.converter.Converter`.

        Parameters
        ----------
        source : the file, one of the part files, a folder of them, or a list of them.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = history_options(self.name, options, _OPTIONS)
        files = part_files(source)
        with _opened(files) as contents:
            history = ExodusHistory(contents, files, options)
            convert_history(history, target, pieces=pieces, units=units, options=without_rules(options),
                            progress=progress)

    def read_mesh(
        self, source: Path, *, quadrature: dict[str, str] | None = None, kinematics: str = SOLID,
        thickness: float = 1.0,
    ) -> Mesh:
        """The mesh with its sets as tags; see `romlib.snapshots.converter.MeshReader`."""
        with _opened([Path(source)]) as contents:
            content = contents[0]
            found = solid_blocks(content, quadrature or {}, None)
            stated = None if kinematics == SOLID else kinematics
            return mesh_of(with_thickness(solver_mesh(content, *found, stated), None if stated is None or (
                stated != PLANE_STRAIN and thickness == 1.0) else thickness))

    def nodal_field(self, source: Path, name: str) -> NodalField:
        """A scalar at nodes, of results that need not be mechanical; see `romlib.snapshots.nodal_fields.FieldReader`.

        Raises
        ------
        InputError : there is none of this name. FileFormatError, UnsupportedError : with file and place.
        """
        return nodal_field(Path(source), name)


def without_rules(options: dict[str, Any]) -> dict[str, Any]:
    """The options for what is common: the rules are in the elements already, with the order of their points."""
    return {"rules" if name == "quadrature" else name: value for name, value in options.items()}


@contextmanager
def _opened(files: list[Path]) -> Iterator[list[ExodusContent]]:
    with ExitStack() as stack:
        yield [ExodusContent(stack.enter_context(open_netcdf(file))) for file in files]


def part_files(source: Path | list[Path]) -> list[Path]:
    """The file, or all part files of a computation of which one, some or the folder is named.

    Raises
    ------
    InputError : nothing there, or a folder without part files. FileFormatError : a part is missing.
    """
    paths = [Path(path) for path in (source if isinstance(source, list) else [source])]
    if not paths:
        raise InputError("no file to convert")
    for path in paths:
        found = kind_of(path)
        if found not in ("file", "a folder"):
            raise InputError("there is no such Exodus file", file=shown(path), found=found, remedy=instead_of(path))
    if len(paths) == 1 and paths[0].is_dir():
        parts = in_natural_order([one for one in paths[0].iterdir() if _PART.fullmatch(one.name) and is_exodus(one)])
        computations = {(m["base"], m["total"]) for one in parts if (m := _PART.fullmatch(one.name))}
        if len(computations) != 1:
            raise InputError("the folder must have the part files of one computation", file=paths[0],
                             expected="NAME.exo.4.0 ... NAME.exo.4.3", found=", ".join(
                                 f"{base}.{total}.*" for base, total in sorted(computations)) or "none",
                             remedy="name the file itself, or one of its parts")
        paths = parts[:1]
    match = _PART.fullmatch(paths[0].name)
    if match is None:
        if len(paths) > 1:
            raise InputError("one Exodus file is converted at a time, or the part files of one computation",
                             file=paths[0], expected="names such as NAME.exo.4.0", found=plural(len(paths), "path"))
        return paths
    parts = _all_parts(paths[0], match["base"], match["total"])
    strange = [path for path in paths if path.resolve() not in [part.resolve() for part in parts]]
    if strange:
        raise InputError("the files named are not parts of one computation", file=paths[0], found=strange[0].name,
                         expected=f"{match['base']}.{match['total']}.*")
    return parts


def _all_parts(first: Path, base: str, total: str) -> list[Path]:
    """Parts 0 to total - 1, which have numbers of one width; FileFormatError where one is missing."""
    found = {int(m["number"]): one for one in first.parent.iterdir()
             if (m := _PART.fullmatch(one.name)) and (m["base"], m["total"]) == (base, total)}
    missing = sorted(set(range(int(total))) - set(found))
    if missing or len(found) != int(total):
        raise FileFormatError("the part files of this computation are not complete", file=first,
                              expected=f"{plural(int(total), 'file')} {base}.{total}.*", found=(
                                  f"{plural(len(found), 'file')}; {shortlist('part', missing)} missing"),
                              remedy="put all part files of the one computation beside each other")
    return [found[number] for number in sorted(found)]
