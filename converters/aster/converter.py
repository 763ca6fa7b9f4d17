"""Converter of Code_Aster's results in MED files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from romlib_converters.aster.history import AsterHistory
from romlib_converters.aster.nodal import nodal_field
from romlib_converters.common.history import convert_history, history_options
from romlib_converters.med.file import is_med, open_med

from romlib.errors import InputError
from romlib.files import instead_of, kind_of, shown
from romlib.snapshots.converter import Progress
from romlib.snapshots.nodal_fields import NodalField
from romlib.words import plural

_OPTIONS = ("result", "displacement", "internal_force", "temperature", "stress", "strain", "plastic_strain",
            "state_variables", "p", "kinematics", "thickness")


class AsterConverter:
    """MED files (.rmed, .med) that IMPR_RESU (FORMAT='MED') writes, of MED 3 and 4.

    DEPL, TEMP and FORC_NODA at nodes, SIEF_ELGA, EPSI_ELGA, EPSP_ELGA and VARI_ELGA at Gauss points, which are matched
    with romlib's rules by the coordinates that the file has. Groups become tags: of nodes and lines node tags, of
    volumes cell tags, of surfaces face tags. A command file (.comm) is never executed: the study has the model. A mesh
    without results is read by the converter meshio.

    Options
    -------
    result : the name of a result, where the file has several. displacement, internal_force, temperature, stress,
    strain, plastic_strain, state_variables : names of fields, where they are not Code_Aster's. p : the internal
    variable that is the cumulated plastic strain, such as V1. kinematics : "plane strain" or "axisymmetric", of a
    mesh in two dimensions; thickness : of a body in plane strain, one by default. And those of
    `romlib_converters.common.history.history_options`.
    """

    name = "aster"
    suffixes = (".rmed", ".med")
    reads = "Code_Aster's results in MED files: displacement, fields at Gauss points, groups"
    extra: str | None = None
    reader: str | None = None

    def can_read(self, path: Path) -> bool:
        """Whether the file is HDF5 with a mesh of MED."""
        return kind_of(Path(path)) == "file" and is_med(Path(path))

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file; see `romlib.snapshots.converter.Converter`.

        Raises
        ------
        InputError, FileFormatError, UnsupportedError : with file and place; nothing is left at `target`.
        """
        options = history_options(self.name, options, _OPTIONS)
        file = _one_file(source)
        rules = {"rules" if name == "quadrature" else name: value for name, value in options.items()}
        with open_med(file) as content:  # the rules are in the elements already, with the order of their points
            convert_history(AsterHistory(content, file, options), target, pieces=pieces, units=units, options=rules,
                            progress=progress)

    def nodal_field(self, source: Path, name: str) -> NodalField:
        """A scalar at nodes, of results that need not be mechanical; see `romlib.snapshots.nodal_fields.FieldReader`.

        Raises
        ------
        InputError : there is none of this name. FileFormatError, UnsupportedError : with file and place.
        """
        return nodal_field(Path(source), name)


def _one_file(source: Path | list[Path]) -> Path:
    paths = [Path(path) for path in (source if isinstance(source, list) else [source])]
    if len(paths) != 1:
        raise InputError("one MED file is converted at a time", found=plural(len(paths), "path"), expected="one file")
    found = kind_of(paths[0])
    if found != "file":
        raise InputError("there is no such MED file", file=shown(paths[0]), found=found, remedy=instead_of(paths[0]))
    if paths[0].suffix.lower() == ".comm":
        raise InputError("a command file of Code_Aster is not executed", file=paths[0], expected="a MED file, .rmed",
                         remedy="run it with IMPR_RESU (FORMAT='MED'), and name the file that it writes; materials and "
                                "loads stand in the study")
    return paths[0]
