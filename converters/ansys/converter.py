"""Ansys MAPDL: results .rst, whole or in parts of a distributed solution, and the mesh of a .cdb."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.ansys.cdb import is_cdb, read_cdb
from romlib_converters.ansys.cells import solid_mesh
from romlib_converters.ansys.history import AnsysHistory
from romlib_converters.ansys.nodal import nodal_field
from romlib_converters.ansys.rst import RstFile, is_rst
from romlib_converters.ansys.systems import element_frames
from romlib_converters.common.axes import axes_arrays
from romlib_converters.common.build import mesh_of
from romlib_converters.common.history import convert_history, history_options

from romlib.errors import InputError
from romlib.files import is_file
from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import add_skin
from romlib.snapshots.converter import Progress
from romlib.snapshots.nodal_fields import NodalField
from romlib.words import plural

_OWN = ("deck", "formulation")


class AnsysConverter:
    """Ansys' files as a snapshots file, or as a mesh."""

    name = "ansys"
    suffixes = (".rst", ".rth", ".cdb")
    reads = "results .rst of solids, whole or in parts file0.rst, file1.rst, ...; temperatures .rth; meshes .cdb"
    extra: str | None = None
    reader: str | None = None

    def can_read(self, path: Path) -> bool:
        """Whether a file begins like Ansys' results, or like what CDWRITE writes."""
        path = Path(path)
        if not is_file(path):
            return False
        return is_rst(path) or (path.suffix.lower() == ".cdb" and is_cdb(path))

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file of a .rst; see `romlib.snapshots.converter.Converter`.

        Parameters
        ----------
        source : the .rst, of a distributed solution any part, beside which the others are.
        options : those of `history_options`; formulation = "standard": displacement elements take the place of
            formulations that are not reproduced; deck = FILE: a .cdb whose materials are taken, not those of the .rst.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = history_options(self.name, options, _OWN)
        accepted = options.get("formulation")
        if accepted not in (None, "standard"):
            raise InputError("an option has another value", place="option formulation", expected="standard",
                             found=accepted)
        deck = options.get("deck")
        history = AnsysHistory(_one_file(source), accepted=accepted is not None,
                               deck=None if deck is None else Path(str(deck)))
        convert_history(history, Path(target), pieces=pieces, units=units, options=options, progress=progress)

    def nodal_field(self, source: Path, name: str) -> NodalField:
        """The temperature at nodes, of results that need not be mechanical (.rth); see
        `romlib.snapshots.nodal_fields.FieldReader`.

        Raises
        ------
        InputError : another field, or none. FileFormatError, UnsupportedError : with file and place.
        """
        return nodal_field(Path(source), name)

    def read_mesh(self, source: Path, *, quadrature: dict[str, str] | None = None) -> Mesh:
        """The solids of a .cdb or .rst with their components as tags, in standard formulation.

        Where elements have a coordinate system (ESYS), with its axes as cell arrays element_axis_1, element_axis_2.

        Raises
        ------
        InputError : a rule of another kind of cell. FileFormatError, UnsupportedError : with file and place.
        """
        path = Path(source)
        database = RstFile(path).database if is_file(path) and is_rst(path) else read_cdb(path).database
        mesh = solid_mesh(database, mesh_only=True)
        if database.elements.systems.any():
            frames = element_frames(database, np.arange(len(database.elements)))
            mesh = replace(mesh, cell_arrays={**mesh.cell_arrays, **axes_arrays(database.elements.ids, frames)})
        return add_skin([mesh_of(mesh, quadrature)])[0]


def _one_file(source: Path | list[Path]) -> Path:
    paths = [Path(path) for path in (source if isinstance(source, list) else [source])]
    if len(paths) != 1:
        raise InputError("one Ansys computation is converted at a time", found=plural(len(paths), "path"),
                         expected="one .rst; of a distributed solution any part, beside the others")
    path = paths[0]
    if is_file(path) and path.suffix.lower() == ".cdb" and is_cdb(path):
        raise InputError("a .cdb has a mesh and no results", file=path, expected="a .rst",
                         remedy="name it in a study as [mesh] file, for romlib solve; or convert the .rst of its run")
    return path
