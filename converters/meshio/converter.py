"""Converter of displacement histories in XDMF time series and VTU files, and of meshes in whatever meshio reads.

Such files have no materials, loads, sets or integration points: the study states the first, and tags come from node
arrays (`nodes = { array = "symx" }`) and from the arrays of the surface cells (`faces = { array = "group" }`).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from romlib_converters.common.build import check_shapes
from romlib_converters.common.elements import check_rule_option
from romlib_converters.common.sink import Values, write_snapshots
from romlib_converters.common.times import initial_time
from romlib_converters.meshio.groups import with_mesh_tags
from romlib_converters.meshio.legacy import MAGIC
from romlib_converters.meshio.mesh import build_grid, with_static_arrays
from romlib_converters.meshio.msh_views import MshSeries
from romlib_converters.meshio.nodal import nodal_field
from romlib_converters.meshio.open import open_series, series_in
from romlib_converters.meshio.survey import NODE_FIELDS, Survey, field_values, survey_series
from romlib_converters.meshio.tags import read_mesh, with_sets
from romlib_converters.meshio.vtkhdf import is_vtkhdf

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.kinematics import SOLID, kinematics
from romlib.mesh.mean_dilatation import with_formulations
from romlib.mesh.merge import refuse_loose_cells
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import partition
from romlib.mesh.skin import add_skin
from romlib.model import Model, Omission
from romlib.snapshots.converter import Progress, checked_options, read_units
from romlib.snapshots.nodal_fields import NodalField
from romlib.words import plural

_OPTIONS = (*NODE_FIELDS, "quadrature", "formulation", "kinematics", "thickness", "times", "initial_time", "solver",
            "merge")
_MERGE = ("make points within a distance one by the option merge=DISTANCE; or say by merge=0 that they are apart, "
          "as at a crack or between bodies that touch")
_BEGINNINGS = {".xdmf": b"<Xdmf", ".xmf": b"<Xdmf", ".pvd": b"<VTKFile", ".vtu": b"<VTKFile", ".pvtu": b"<VTKFile",
               ".vtk": MAGIC}
_HDF = (".vtkhdf", ".hdf")


class MeshioConverter:
    """XDMF and VTKHDF time series; VTU, PVTU, legacy VTK or MSH files given by a .pvd file, a folder, a pattern, or a
    list in the order of time.

    Solid cells (tetrahedra, hexahedra, wedges and pyramids of first and second order) become the mesh; surface cells
    the face tag "surface", outward, with the cell arrays as arrays of the tag. Node and cell arrays that do not change
    in time are kept; those that change are left out, and listed among the omissions. Ids of nodes and cells are
    positions in the file, from 0.

    Options
    -------
    displacement : the node array, or a list of its three components; by default "displacement", "U" or "DISP" in any
    case, or the only array of vectors whose name says that it is one. merge : points within this
    distance are one, for files written cell by cell or part by part; 0 says that points at one place are apart.
    internal_force, temperature : node arrays to carry along. quadrature : {cell type: rule}, where the solver did not
    use full integration, such as {"hex20": "hex_gauss_8"}; formulation : likewise, such as {"hex8": "B-bar"}.
    kinematics : "plane strain" or "axisymmetric", of files whose surface cells are the mesh; thickness : of the former.
    times : of the records, where the files have none or others. initial_time : when the structure was at rest, before
    the first record. solver : name and version, for the record.
    """

    name = "meshio"
    suffixes = (*_BEGINNINGS, ".vtkhdf")
    reads = "displacement histories in XDMF, PVD, VTU, PVTU, VTK, VTKHDF and MSH files; meshes in whatever meshio reads"
    reader, extra = "meshio", "converters"

    def can_read(self, path: Path) -> bool:
        """Whether the file is XML of one of these kinds, a legacy or an HDF file of VTK's, an MSH file with views at
        nodes, or a folder with one series of such files.
        """
        path = Path(path)
        if path.is_dir():
            try:
                return self.can_read(series_in(path)[0])
            except (InputError, OSError):
                return False
        if not path.is_file():
            return False
        if path.suffix.lower() in _HDF:
            return is_vtkhdf(path)
        beginning = _BEGINNINGS.get(path.suffix.lower())
        with open(path, "rb") as stream:
            if path.suffix.lower() == ".msh":
                return stream.read(11) == b"$MeshFormat" and b"$NodeData" in stream.read()
            return beginning is not None and beginning in stream.read(1024)

    def nodal_field(self, source: Path, name: str) -> NodalField:
        """A scalar at nodes, of results that need not be mechanical; see `romlib.snapshots.nodal_fields.FieldReader`.

        Raises
        ------
        InputError : there is none of this name. FileFormatError, UnsupportedError : with file and place.
        """
        return nodal_field(Path(source), name)

    def read_mesh(
        self, source: Path, *, quadrature: dict[str, str] | None = None, kinematics: str = SOLID,
        thickness: float = 1.0,
    ) -> Mesh:
        """The mesh of any file that meshio reads (.msh of gmsh, .vtu, .inp, ...), with its sets as tags."""
        return read_mesh(source, quadrature or {}, kinematics, thickness)

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file; see `romlib.snapshots.converter.Converter`. Every record is read twice.

        Raises
        ------
        InputError : a wrong option, or the displacement cannot be told from other arrays.
        FileFormatError : files that are missing, damaged or contradictory; values that are not finite.
        UnsupportedError : an element that romlib lacks, a mesh that changes, surface cells that are no face.
        """
        options = checked_options(self.name, options, _OPTIONS)
        check_rule_option(options)
        check_rule_option(options, "formulation", "B-bar")
        unit_system, merge = read_units(units), _number(options, "merge")
        with open_series(source, merge is not None and merge > 0.0) as series:
            total = 2 * series.n_step

            def report(done: int) -> None:
                if progress is not None:
                    progress(done, total)

            points, cells = series.mesh()
            grid = build_grid(points, cells, options.get("quadrature", {}), series.file, merge,
                              *_motion(options))
            if merge is None:
                refuse_loose_cells(grid.mesh, series.file, _MERGE)
            names = {name: _arrays(options, name, grid.mesh.dimension) for name in NODE_FIELDS if name in options}
            survey = survey_series(series, grid, names, _times(options), report)
            mesh, lost = with_mesh_tags(grid, with_static_arrays(grid, survey.node, survey.cell), series)
            if isinstance(series, MshSeries):
                mesh = with_sets(grid, mesh, series.raw, series.file)
            mesh = with_formulations(mesh, options.get("formulation", {}), "option formulation")
            check_shapes(mesh, series.file)
            model = Model(units=unit_system, omissions=grid.omissions + _left_out(survey) + lost,
                          initial_time=initial_time(float(survey.times[0]), survey.at_rest, options, series.file))
            parts = add_skin(partition(mesh, pieces or 1))

            def values(step: int) -> Values:
                data = series.read(step)
                for name, spec in survey.fields.items():
                    for piece, part in enumerate(parts):  # the ids of its nodes are positions in the file
                        yield name, piece, field_values(data, name, spec, survey.sources[name], part.node_ids, series)

            write_snapshots(target, parts, model, survey.times, survey.fields, values, files=series.inputs,
                            solver=str(options.get("solver", "not stated")), options=options,
                            progress=lambda done, _: report(series.n_step + done))


def _left_out(survey: Survey) -> tuple[Omission, ...]:
    skipped = (Omission(name="records_without_displacement", does_work=False, description=(
        f"{plural(survey.skipped, 'record')} of other arrays left out")),) if survey.skipped else ()
    return skipped + tuple(
        Omission(name=f"{place} {name}", description="changes in time; not carried along", does_work=False)
        for place, name in survey.varying)


def _motion(options: Mapping[str, Any]) -> tuple[str, float]:
    """Kinematics and thickness."""
    thickness = _number(options, "thickness")
    try:
        return kinematics(str(options.get("kinematics", SOLID))).name, 1.0 if thickness is None else thickness
    except UnsupportedError as error:
        raise UnsupportedError(error.what, place="option kinematics", expected=error.expected, found=error.found,
                               remedy=error.remedy) from error


def _arrays(options: Mapping[str, Any], name: str, dimension: int) -> tuple[str, ...]:
    """The array of the file, or its components: "u", ["ux", "uy", "uz"], or the text "[ux,uy,uz]"."""
    given, n = options[name], min(NODE_FIELDS[name], dimension) if NODE_FIELDS[name] > 1 else 1
    if isinstance(given, str) and given.startswith("[") and given.endswith("]"):
        given = [word.strip() for word in given[1:-1].split(",")]
    if isinstance(given, str):
        return given,
    if not isinstance(given, (list, tuple)) or len(given) != n or not all(isinstance(word, str) for word in given):
        raise InputError("a node array is named, or each of its components", place=f"option {name}", found=given,
                         expected=f"a name, or {n} of them" if n > 1 else "a name")
    return tuple(given)


def _times(options: Mapping[str, Any]) -> list[float] | None:
    if "times" not in options:
        return None
    try:
        return [float(time) for time in options["times"]]
    except (TypeError, ValueError) as error:
        raise InputError("times are a list of numbers", place="option times", found=options["times"]) from error


def _number(options: Mapping[str, Any], name: str) -> float | None:
    if name not in options:
        return None
    try:
        value = float(options[name])
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError("a number is needed", place=f"option {name}", found=options[name]) from error
    if isinstance(options[name], bool) or not isfinite(value) or (name == "merge" and value < 0.0):
        raise InputError("a finite number is needed", place=f"option {name}", found=options[name])
    return value
