"""Lazy reading of a snapshots file: by field, piece and steps."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np

from romlib.errors import FileFormatError, InputError
from romlib.mesh.mesh import Mesh
from romlib.mesh.validity import check_mesh
from romlib.model import Identity, Model, UnitSystem
from romlib.model.library import model_of_file
from romlib.snapshots import vtkhdf
from romlib.snapshots.error_bounds import ErrorBounds, read_bounds
from romlib.snapshots.meshes import read_details
from romlib.snapshots.schema import CLUSTERS, KIND, ROMLIB_GROUP, VTK_GROUP, FieldSpec, key, name_of, piece_path
from romlib.snapshots.shown import shown_arrays
from romlib.snapshots.tables import SNAPSHOTS
from romlib.storage.files import open_contents
from romlib.storage.headers import RawFile
from romlib.storage.opening import child, damage, integer_attribute, text_attribute
from romlib.storage.values import check_finite
from romlib.tensors import mandel_from_vtk
from romlib.words import plural, unknown

ALL = slice(None)


class Snapshots:
    """A snapshots file, open for reading; a context manager. Nothing but sizes and descriptions is read at the opening.

    What is read is checked first, and compared with its checksum: see `romlib.storage`.

    path : the file. times : (n_step,). n_piece, n_step. model, solver, fingerprint : as written. fields : descriptions
    by name. dimension : of points, displacements, forces. n_shared : nodes that several pieces have. n_node_total,
    n_cell_total, n_ip_total : of the whole model, every node once. error_bounds : of a result of a ROM; else None.
    clusters : (n_step,), numbers of the local bases that solved the steps; None where there was one basis.
    case : its name, "" where it is not known.

    Raises
    ------
    InputError : no such file. FileFormatError : not HDF5, truncated, not a snapshots file, or a part is missing.
    SchemaError : written by a newer version of romlib.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._contents = open_contents(self.path, SNAPSHOTS, "romlib convert", _recognise)
        try:
            self._read_header()
        except BaseException:
            self.close()
            raise

    def _read_header(self) -> None:
        contents, group = self._contents, f"/{ROMLIB_GROUP}"
        contents.read_all("", keep=True)
        self.times: np.ndarray = contents.array(f"/{VTK_GROUP}/Steps/Values").astype(float)
        self._layout = vtkhdf.Layout.read(contents)
        self.solver, self.fingerprint, self.romlib_version = (
            str(contents.attribute(group, name)) for name in ("solver", "fingerprint", "romlib_version"))
        self.schema_version, self.n_shared, self.n_node_total, self.n_cell_total, self.n_ip_total = (
            int(contents.attribute(group, name)) for name in ("schema_version", "n_shared", "n_node", "n_cell", "n_ip"))
        self.case = str(contents.attributes(group).get("case", ""))
        self.dimension = int(contents.attribute(f"/{piece_path(0)}", "dimension")) if self._layout.n_piece else 3
        fields = f"{group}/fields"
        self.fields: dict[str, FieldSpec] = {
            name_of(name): self._field_spec(f"{fields}/{name}", name)
            for name in (contents.names(fields) if contents.has(fields) else ())}
        self._check_sizes()
        self.model = self._read_model()
        self.error_bounds: ErrorBounds | None = read_bounds(contents, self.times)
        self.clusters: np.ndarray | None = vtkhdf.read_step_numbers(contents, CLUSTERS)

    def _field_spec(self, path: str, name: str) -> FieldSpec:
        get = self._contents.attribute
        spec = FieldSpec(str(get(path, "place")), int(get(path, "n_comp")), bool(get(path, "tensor")),
                         str(get(path, "dtype")), str(get(path, "original_name")))
        try:
            spec.validate(name_of(name))
        except InputError as error:
            raise FileFormatError(error.what, file=self.path, place=path, expected=error.expected,
                                  found=error.found) from None
        return spec

    def _check_sizes(self) -> None:
        """Every array that `read` will look into has the shape and the numbers that the header promises."""
        contents = self._contents
        for piece in range(self.n_piece):
            contents.check_unit(f"/{piece_path(piece)}")
        totals = {"n_cell": (self.n_cell_total, int(self._layout.cells[-1])),
                  "n_ip": (self.n_ip_total, sum(self.n_ip(p) for p in range(self.n_piece)))}
        most = self._layout.n_point
        if not max(self.n_shared, most - self.n_shared * (self.n_piece - 1)) <= self.n_node_total <= most:
            raise FileFormatError("the file contradicts itself", file=self.path, place=f"/{ROMLIB_GROUP}",
                                  expected=f"n_node of at most {most}, with n_shared = {self.n_shared}",
                                  found=self.n_node_total)
        for name, (stated, counted) in totals.items():
            if stated != counted:
                raise FileFormatError("the file contradicts itself", file=self.path,
                                      place=f"/{ROMLIB_GROUP}, attribute {name}", expected=counted, found=stated)
        for name, spec in self.fields.items():
            for path, shape in self._places_of(name, spec):
                found = (contents.shape(path), contents.dtype(path).name) if contents.has(path) else "nothing"
                if found != (shape, spec.dtype) or contents.is_view(path):
                    raise FileFormatError("a field is missing or has the wrong size or numbers", file=self.path,
                                          place=path, expected=f"{shape}, {spec.dtype}", found=found)
        self._check_views()

    def _places_of(self, name: str, spec: FieldSpec) -> list[tuple[str, tuple[int, ...]]]:
        """Where a field is, with the shape of each array."""
        if spec.place == "node":
            rows, n_comp = self.n_step * self._layout.n_point, spec.stored_components(self.dimension)
            return [(vtkhdf.node_field_path(name), (rows,) if n_comp == 1 else (rows, n_comp))]
        return [(f"/{piece_path(piece)}/ip_fields/{key(name)}", (self.n_step, self.n_ip(piece), spec.n_comp))
                for piece in range(self.n_piece)]

    def _check_views(self) -> None:
        """What VTK is shown besides the node fields is made of fields, or a view of the pieces' arrays; none is left.

        The values at nodes and of cells are not read by romlib, which makes them anew where it wants them.
        """
        nodes = {vtkhdf.node_field_path(name) for name, spec in self.fields.items() if spec.place == "node"}
        others = {key(name) for name, spec in self.fields.items() if spec.place == "ip"}
        shown = {array.path: array.shape(self.n_step, self._layout) for array in shown_arrays(self.fields)}
        for group in (f"/{VTK_GROUP}/PointData", f"/{VTK_GROUP}/CellData"):
            for path in (f"{group}/{name}" for name in self._contents.names(group)):
                if path in nodes or self._contents.is_view(path):
                    continue
                if path not in shown:
                    raise self._stray(path)
                if self._contents.shape(path) != shown[path]:
                    raise FileFormatError("an array that VTK is shown has the wrong size", file=self.path, place=path,
                                          expected=shown[path], found=self._contents.shape(path))
        for piece in range(self.n_piece):
            group = f"/{piece_path(piece)}/ip_fields"
            for name in self._contents.names(group) if self._contents.has(group) else ():
                if name not in others:
                    raise self._stray(f"{group}/{name}")

    def _stray(self, path: str) -> FileFormatError:
        return FileFormatError("the file has an array that its list of fields does not name", file=self.path,
                               place=path, expected=", ".join(self.fields) or "no field")

    def _read_model(self) -> Model:
        place = f"/{ROMLIB_GROUP}/model"
        text = self._contents.text(place)
        try:
            model = Model.model_validate_json(text)
        except (ValueError, RecursionError) as error:
            raise FileFormatError("the model in the file cannot be read", file=self.path, place=place,
                                  found=str(error)) from error
        return model_of_file(model, self.path)

    @cached_property
    def identity(self) -> Identity | None:
        """The model and mesh by their content, before any study; None in a file that does not have it."""
        place = f"/{ROMLIB_GROUP}/identity"
        if not self._contents.has(place):
            return None
        try:
            return Identity.model_validate_json(self._contents.text(place))
        except (ValueError, RecursionError) as error:
            raise FileFormatError("the identity of the model cannot be read", file=self.path, place=place,
                                  found=str(error)) from error

    @property
    def units(self) -> UnitSystem:
        """Of all numbers."""
        return self.model.units

    @property
    def checksums(self) -> bool:
        """Whether what is read is compared with checksums; files of older versions have none."""
        return self._contents.manifest is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._contents.close()

    @property
    def n_piece(self) -> int:
        """Number of pieces."""
        return self._layout.n_piece

    @property
    def n_step(self) -> int:
        """Number of records, the initial one included where the file has it."""
        return len(self.times)

    def n_node(self, piece: int) -> int:
        """Number of nodes of a piece."""
        rows = self._layout.piece_points(self._checked_piece(piece))
        return rows.stop - rows.start

    def n_cell(self, piece: int) -> int:
        """Number of cells of a piece."""
        return int(np.diff(self._layout.cells)[self._checked_piece(piece)])

    def n_ip(self, piece: int) -> int:
        """Number of integration points of a piece."""
        return int(self._contents.attribute(f"/{piece_path(self._checked_piece(piece))}", "n_ip"))

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh; read anew at each call. `shared_index` is always filled."""
        contents, group = self._contents, f"/{piece_path(self._checked_piece(piece))}"
        blocks = [(str(contents.attribute(f"{group}/blocks/{k}", "cell_type")),
                   contents.shape(f"{group}/blocks/{k}/cell_ids")[0]) for k in range(contents.count(f"{group}/blocks"))]
        points, connectivity = vtkhdf.read_piece(contents, self._layout, piece, blocks)
        mesh = read_details(contents, group, self._in_plane(points, "points"), connectivity)
        check_mesh(mesh, self.path)
        if mesh.shared_index is None:
            return Mesh(**{**mesh.__dict__, "shared_index": np.full(mesh.n_node, -1)})
        return mesh

    def read(self, field: str, piece: int, steps: slice | int = ALL) -> np.ndarray:
        """A field of one piece.

        Parameters
        ----------
        steps : a slice of the steps, without stride; or one step.

        Returns
        -------
        (n_step, n, n_comp) float64, n the nodes or integration points of the piece; (n, n_comp) for one step. Symmetric
        tensors in Kelvin-Mandel form; NaN at integration points whose material lacks the field.

        Raises
        ------
        InputError : unknown field, piece or step.
        """
        spec = self.fields.get(field)
        if spec is None:
            raise InputError("the file has no such field", file=self.path, place=f"field {field!r}",
                             **unknown(field, self.fields))
        self._checked_piece(piece)
        if isinstance(steps, slice):
            return self._read_block(field, spec, piece, self._range(steps))
        step = range(self.n_step)[self._checked_step(int(steps))]
        return self._read_block(field, spec, piece, range(step, step + 1))[0]

    def _read_block(self, field: str, spec: FieldSpec, piece: int, steps: range) -> np.ndarray:
        contents, node = self._contents, spec.place == "node"
        path = vtkhdf.node_field_path(field) if node else f"/{piece_path(piece)}/ip_fields/{key(field)}"
        place = f"field {field!r}, piece {piece}, steps {steps.start} to {steps.stop - 1}"
        with damage(self.path, place):
            if node:
                values = vtkhdf.read_node_field(contents, self._layout, field, piece, steps)
            else:
                values = contents.dataset(path)[steps.start:steps.stop]
        for step, block in zip(steps, values):
            contents.check_block(path, (step, piece) if node else step, block)
        check_finite(values, place, self.path, nan=not node)
        if spec.stored_components(self.dimension) > spec.n_comp:
            values = self._in_plane(values, place)
        return mandel_from_vtk(values) if spec.tensor else values.astype(float, copy=False)

    def _in_plane(self, values: np.ndarray, place: str) -> np.ndarray:
        """Points or vectors (..., 3) as the mesh has them (..., dimension): what is left out has to be zero."""
        if values[..., self.dimension:].any():
            raise FileFormatError("a mesh of two dimensions has a third component that is not zero", file=self.path,
                                  place=place, expected="zero: VTK alone is shown three components")
        return np.ascontiguousarray(values[..., :self.dimension])

    def _range(self, steps: slice) -> range:
        selected = range(self.n_step)[steps]
        if selected.step != 1:
            raise InputError("steps are read in consecutive blocks", file=self.path, found=steps,
                             remedy="read the whole block and take every k-th record of it")
        return selected

    def _checked_step(self, step: int) -> int:
        if not -self.n_step <= step < self.n_step:
            raise InputError("no such step", file=self.path, expected=f"a step below {self.n_step}", found=step)
        return step

    def _checked_piece(self, piece: int) -> int:
        if not 0 <= piece < self.n_piece:
            raise InputError("no such piece", file=self.path, expected=f"a piece below {self.n_piece}", found=piece)
        return piece

    def __repr__(self) -> str:
        return (f"Snapshots({str(self.path)!r}: {plural(self.n_step, 'step')}, {plural(self.n_piece, 'piece')}, "
                f"fields {', '.join(self.fields)})")


def _recognise(file: h5py.File, raw: RawFile, path: Path) -> int | None:
    """The schema version of a snapshots file; FileFormatError where it is another file."""
    group = child(file.id, ROMLIB_GROUP)
    if group is None:
        raise FileFormatError("this HDF5 file was not written by romlib", file=path, place=f"group /{ROMLIB_GROUP}",
                              expected="a file that `romlib convert` wrote", found=", ".join(file) or "an empty file")
    kind = text_attribute(group, "kind", raw)
    if kind != KIND:
        raise FileFormatError("this file of romlib is not a snapshots file", file=path,
                              place=f"/{ROMLIB_GROUP}, attribute kind", expected=KIND, found=kind or None)
    return integer_attribute(group, "schema_version")
