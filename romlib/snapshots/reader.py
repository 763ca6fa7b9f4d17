"""Lazy reading of a snapshots file: by field, piece and steps."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np
from pydantic import ValidationError

from romlib.errors import FileFormatError, InputError
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.model.library import model_of_file
from romlib.snapshots import vtkhdf
from romlib.snapshots.meshes import dataset_count, read_array, read_details
from romlib.snapshots.schema import ROMLIB_GROUP, VTK_GROUP, FieldSpec, key, name_of, open_snapshots, piece_path
from romlib.tensors import mandel_from_vtk

ALL = slice(None)


class Snapshots:
    """A snapshots file, open for reading; a context manager. Nothing but sizes and descriptions is read at the opening.

    path : the file. times : (n_step,). n_piece, n_step. model, solver, fingerprint : as written. fields : descriptions
    by name. n_shared : nodes that several pieces have. n_node_total, n_cell_total, n_ip_total : of the whole model,
    every node once.

    Raises
    ------
    InputError : no such file. FileFormatError : not HDF5, truncated, not a snapshots file, or a part is missing.
    SchemaError : written by a newer version of romlib.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = open_snapshots(self.path)
        try:
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    def _read_header(self) -> None:
        self.times: np.ndarray = read_array(self._file, f"{VTK_GROUP}/Steps/Values").astype(float)
        self._layout = vtkhdf.Layout.read(self._file)
        attributes = self._file[ROMLIB_GROUP].attrs
        try:
            self.solver, self.fingerprint = str(attributes["solver"]), str(attributes["fingerprint"])
            self.schema_version = int(attributes["schema_version"])
            self.romlib_version = str(attributes["romlib_version"])
            self.n_shared, self.n_node_total = int(attributes["n_shared"]), int(attributes["n_node"])
            self.n_cell_total, self.n_ip_total = int(attributes["n_cell"]), int(attributes["n_ip"])
            self.fields: dict[str, FieldSpec] = {
                name_of(name): _field_spec(entry.attrs)
                for name, entry in self._file[ROMLIB_GROUP].get("fields", {}).items()}
        except KeyError as error:
            raise FileFormatError("a part of the file is missing", file=self.path, place=f"/{ROMLIB_GROUP}",
                                  found=str(error)) from error
        self._check_sizes()
        self.model = self._read_model()

    def _check_sizes(self) -> None:
        """Every array that `read` will look into has the shape that the header promises."""
        if dataset_count(self._file, f"{ROMLIB_GROUP}/pieces") != self.n_piece:
            raise FileFormatError("the file contradicts itself", file=self.path, place=f"/{ROMLIB_GROUP}/pieces",
                                  expected=f"{self.n_piece} pieces",
                                  found=dataset_count(self._file, f"{ROMLIB_GROUP}/pieces"))
        for name, spec in self.fields.items():
            expected: dict[str, tuple[int, ...]] = {}
            if spec.place == "node":
                rows = self.n_step * self._layout.n_point
                expected[f"{VTK_GROUP}/PointData/{key(name)}"] = (rows,) if spec.n_comp == 1 else (rows, spec.n_comp)
            else:
                for piece in range(self.n_piece):
                    path = f"{piece_path(piece)}/ip_fields/{key(name)}"
                    expected[path] = self.n_step, self.n_ip(piece), spec.n_comp
            for path, shape in expected.items():
                item = self._file.get(path)
                found = item.shape if isinstance(item, h5py.Dataset) else "nothing"
                if found != shape:
                    raise FileFormatError("a field is missing or has the wrong size", file=self.path, place=f"/{path}",
                                          expected=shape, found=found)

    def _read_model(self) -> Model:
        text = read_array(self._file[ROMLIB_GROUP], "model")
        try:
            model = Model.model_validate_json(bytes(text))
        except ValidationError as error:
            raise FileFormatError("the model in the file cannot be read", file=self.path,
                                  place=f"/{ROMLIB_GROUP}/model", found=str(error)) from error
        return model_of_file(model, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

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
        group = self._file.get(piece_path(self._checked_piece(piece)))
        if group is None or "n_ip" not in group.attrs:
            raise FileFormatError("a part of the file is missing", file=self.path, place=f"/{piece_path(piece)}",
                                  expected="attribute n_ip")
        return int(group.attrs["n_ip"])

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh; read anew at each call. `shared_index` is always filled."""
        group = self._file[piece_path(self._checked_piece(piece))]
        blocks = [(str(group[f"blocks/{k}"].attrs["cell_type"]), len(read_array(group, f"blocks/{k}/cell_ids")))
                  for k in range(dataset_count(group, "blocks"))]
        mesh = read_details(group, *vtkhdf.read_piece(self._file, self._layout, piece, blocks))
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
                             expected=", ".join(self.fields) or "no field", found=field)
        self._checked_piece(piece)
        if isinstance(steps, slice):
            return self._read_block(field, spec, piece, self._range(steps))
        step = range(self.n_step)[self._checked_step(int(steps))]
        return self._read_block(field, spec, piece, range(step, step + 1))[0]

    def _read_block(self, field: str, spec: FieldSpec, piece: int, steps: range) -> np.ndarray:
        last = steps.stop - 1
        try:
            if spec.place == "node":
                values = vtkhdf.read_node_field(self._file, self._layout, field, piece, steps)
            else:
                values = self._file[f"{piece_path(piece)}/ip_fields/{key(field)}"][steps.start:steps.stop]
        except OSError as error:
            raise FileFormatError("a field cannot be read: the file is damaged", file=self.path, found=str(error),
                                  place=f"field {field!r}, piece {piece}, steps {steps.start} to {last}") from error
        return mandel_from_vtk(values) if spec.tensor else values.astype(float, copy=False)

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
        return (f"Snapshots({str(self.path)!r}: {self.n_step} steps, {self.n_piece} pieces, "
                f"fields {', '.join(self.fields)})")


def _field_spec(attributes: h5py.AttributeManager) -> FieldSpec:
    return FieldSpec(str(attributes["place"]), int(attributes["n_comp"]), bool(attributes["tensor"]),
                     str(attributes["dtype"]), str(attributes["original_name"]))
