"""Streaming, atomic writing of a snapshots file: one field, step and piece at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import h5py
import numpy as np

import romlib
from romlib.errors import FileFormatError, InputError
from romlib.identity.contents import identity_of
from romlib.mesh.kinematics import padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.validity import check_pieces
from romlib.model import Identity, Model
from romlib.model.library import refuse_library_paths
from romlib.snapshots import vtkhdf
from romlib.snapshots.atomic import atomic_target
from romlib.snapshots.error_bounds import ErrorBounds, write_bounds
from romlib.snapshots.estimate import SnapshotsSize, n_ip_of
from romlib.snapshots.hdf5_output import Hdf5Output
from romlib.snapshots.meshes import write_details
from romlib.snapshots.outputs import refuse_inputs
from romlib.snapshots.schema import (
    CLUSTERS,
    KIND,
    OF_SOLIDS,
    ROMLIB_GROUP,
    SCHEMA_VERSION,
    VTK_GROUP,
    WITHOUT_SHOWN,
    FieldSpec,
    key,
    piece_path,
)
from romlib.snapshots.shown import create_shown, nodal_data_wanted, shown_arrays, write_shown
from romlib.snapshots.space import require
from romlib.snapshots.tables import SNAPSHOTS
from romlib.storage.checksums import crc_of
from romlib.storage.contents import Contents
from romlib.storage.manifest import seal
from romlib.tensors import vtk_from_mandel
from romlib.words import plural, readable, unknown


class SnapshotsWriter:
    """Write a snapshots file; to be used in a `with` statement.

    The file appears under its name when the statement ends without an error and every step of every field was written;
    otherwise nothing is left. Writes may come in any order; each goes to the file at once, so that memory is bounded by
    one piece. `pieces` may be a lazy sequence: it is run through six times or more, one piece at a time.

    Parameters
    ----------
    path : the file; its folder exists.
    pieces : the subdomains, with `shared_index` filled where there are several.
    model : as the deck had it. times : (n_step,), increasing. fields : descriptions by name.
    solver : name and version. case : its name, kept in a file that has values at nodes and of cells.
    fingerprint : of the inputs (`romlib.snapshots.fingerprint`); none of them may be `path`.
    identity : of mesh and model, where it is known; else it is computed. bounds : of the errors, at the same times.
    clusters : (n_step,), numbers of the local bases that solved the steps, where there are several.
    nodal : whether VTK is shown the fields at integration points as values at nodes and of cells
        (`romlib.snapshots.shown`), made at the exit; None: as `nodal_data` says.

    In the `with` statement, `needed` says how many bytes the file will have, about.

    Raises
    ------
    InputError : the arguments contradict each other. DiskFullError : there is no room for the file, which is found out
        before anything is written, or the disk fills up meanwhile. FileFormatError : a mesh that
        `romlib.mesh.validity` refuses; at exit, a step of a field was never written.
    """

    def __init__(
        self, path: Path, pieces: Sequence[Mesh], model: Model, times: Sequence[float] | np.ndarray,
        fields: Mapping[str, FieldSpec], *, solver: str = "", fingerprint: str = "", identity: Identity | None = None,
        bounds: ErrorBounds | None = None, clusters: np.ndarray | None = None, nodal: bool | None = None,
        case: str = "",
    ) -> None:
        self._case = readable(case)
        self._identity, self._bounds, self._clusters = identity, bounds, clusters
        self.path, self.model, self.solver, self.fingerprint = Path(path), model, readable(solver), str(fingerprint)
        self.times = _checked_times(times, self.path)
        self.fields = dict(fields)
        self._shown = shown_arrays(self.fields) if (nodal_data_wanted() if nodal is None else nodal) else ()
        if bounds is not None and not np.array_equal(bounds.times, self.times):
            raise InputError("the error bounds are of other times", file=self.path)
        if clusters is not None and np.shape(clusters) != self.times.shape:
            raise InputError("the clusters are of other times", file=self.path)
        refuse_inputs(self.path, getattr(fingerprint, "files", ()))
        for name, spec in self.fields.items():
            spec.validate(name)
        refuse_library_paths(model, self.path)
        if not len(pieces):
            raise InputError("a snapshots file needs at least one piece", file=self.path)
        self._pieces: Sequence[Mesh] = pieces
        self._dimension = pieces[0].dimension
        self._written = {name: np.zeros((len(self.times), len(pieces)), dtype=bool) for name in self.fields}
        self._checksums: dict[str, np.ndarray] = {}  # CRC-32 by array, of each block that is read alone
        self._stack = contextlib.ExitStack()
        self._output: Hdf5Output | None = None
        self.needed: float | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._temporary = stack.enter_context(atomic_target(self.path))
            check_pieces(self._pieces, self.path)
            with self._storing():
                self._output = stack.enter_context(Hdf5Output(self._temporary, self.path))
                self._create()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._check_complete()
            with self._storing():
                assert self._output is not None
                file = self._open_file()
                if self._shown:
                    self._checksums |= write_shown(file, self._layout, self._pieces, self.model, self.fields,
                                                   len(self.times), self._output.check)
                seal(file, Contents(file, SNAPSHOTS, self.path), self._checksums)
                self._output.flush()  # HDF5 writes much of the file now

    def write(self, field: str, step: int, piece: int, array: np.ndarray) -> None:
        """Write a field of one piece at one step.

        Parameters
        ----------
        array : (n, n_comp), n the nodes or integration points of the piece; (n,) where n_comp is 1. Symmetric tensors
            in Kelvin-Mandel form. NaN at an integration point: its material lacks the field.

        Raises
        ------
        InputError : unknown field, step or piece, or a wrong shape.
        FileFormatError : a value that is not finite; it names the time, the piece and the node.
        """
        spec, place = self._specification(field, step, piece)
        values = np.asarray(array)
        shape = self._size(spec, piece), spec.n_comp
        if values.shape != shape and (values.shape != shape[:1] or spec.n_comp != 1):
            raise InputError("an array has the wrong shape", file=self.path, place=place, expected=shape,
                             found=values.shape)
        values = values.reshape(shape)
        self._check_finite(spec, piece, values, place)
        if spec.tensor:
            values = vtk_from_mandel(values)
        if spec.stored_components(self._dimension) > spec.n_comp:
            values = padded(values)
        values = values.astype(spec.dtype, copy=False)
        file = self._open_file()
        with self._storing():
            if spec.place == "node":
                vtkhdf.write_node_field(file, self._layout, field, step, piece, values)
                self._checksums[vtkhdf.node_field_path(field)][step, piece] = crc_of(values)
            else:
                path = f"/{piece_path(piece)}/ip_fields/{key(field)}"
                file[path][step] = values
                self._checksums[path][step] = crc_of(values)
        self._written[field][step, piece] = True

    def _create(self) -> None:
        file, n_step = self._open_file(), len(self.times)
        size = SnapshotsSize(self.fields, n_step, self._shown, self._dimension)
        self._layout = vtkhdf.Layout.of_meshes(size.counting(self._pieces))
        self.needed = size.n_bytes
        assert self._output is not None
        self._output.needed = self.needed
        require(self.path, self.needed, folder=self._temporary.parent)
        vtkhdf.create_grid(file, self._layout, self.times)
        group = file.create_group(ROMLIB_GROUP)
        group.create_dataset("model", data=self.model.model_dump_json())
        for name, spec in self.fields.items():
            entry = group.create_group(f"fields/{key(name)}")
            entry.attrs.update({"place": spec.place, "n_comp": spec.n_comp, "tensor": spec.tensor,
                                "dtype": spec.dtype, "original_name": readable(spec.original_name)})
            if spec.place == "node":
                vtkhdf.create_node_field(file, self._layout, name, spec, n_step, self._dimension)
                self._checksums[vtkhdf.node_field_path(name)] = np.zeros((n_step, len(self._pieces)), dtype=np.uint32)
        n_inside, n_shared, self._n_ip = 0, 0, np.zeros(len(self._pieces), dtype=np.int64)
        for p, mesh in enumerate(self._pieces):
            shared = self._shared_index(p, mesh)
            for name, checksum in vtkhdf.write_piece(file, self._layout, p, mesh).items():
                path = f"/{VTK_GROUP}/{name}"
                self._checksums.setdefault(path, np.zeros(len(self._pieces), dtype=np.uint32))[p] = checksum
            self._n_ip[p] = self._write_details(p, mesh)
            n_inside += int((shared < 0).sum())
            n_shared = max(n_shared, int(shared.max(initial=-1)) + 1)
        group.create_dataset("identity", data=self._identified().model_dump_json())
        if self._bounds is not None:
            write_bounds(file, self._bounds)
        if self._clusters is not None:
            vtkhdf.write_step_numbers(file, CLUSTERS, self._clusters)
        if self._shown:
            create_shown(file, self._layout, self.fields, n_step)
        vtkhdf.show_static_arrays(file, self._layout, n_step, map(key, self.fields))
        new = bool(self._shown) or any(one.kind in ("plane", "cyclic") for one in self.model.constraints.values())
        group.attrs.update({
            "kind": KIND,
            "schema_version": SCHEMA_VERSION if self._dimension == 2 else OF_SOLIDS if new else WITHOUT_SHOWN,
            "romlib_version": getattr(romlib, "__version__", ""),
            "solver": self.solver, "units": str(self.model.units), "fingerprint": self.fingerprint,
            "n_shared": n_shared, "n_node": n_inside + n_shared, "n_cell": int(self._layout.cells[-1]),
            "n_ip": int(self._n_ip.sum())})
        if self._case and self._shown:  # an older romlib, which reads files without these, would refuse the attribute
            group.attrs["case"] = self._case

    def _identified(self) -> Identity:
        return identity_of(self._pieces, self.model) if self._identity is None else self._identity

    def _write_details(self, piece: int, mesh: Mesh) -> int:
        """Write what VTK has no place for; return the number of integration points."""
        group = self._open_file().create_group(piece_path(piece))
        write_details(group, mesh)
        n_ip = n_ip_of(mesh)
        group.attrs["n_ip"] = n_ip
        fields = group.create_group("ip_fields")
        for name, spec in self.fields.items():
            if spec.place == "ip":
                fields.create_dataset(key(name), (len(self.times), n_ip, spec.n_comp), dtype=spec.dtype)
                self._checksums[f"{fields.name}/{key(name)}"] = np.zeros(len(self.times), dtype=np.uint32)
        return n_ip

    def _shared_index(self, piece: int, mesh: Mesh) -> np.ndarray:
        if mesh.shared_index is not None:
            return mesh.shared_index
        if len(self._pieces) > 1:
            raise InputError("the nodes that pieces share are not numbered", file=self.path, place=f"piece {piece}",
                             remedy="call romlib.mesh.partition.number_shared_nodes on the pieces first")
        return np.full(mesh.n_node, -1)

    def _specification(self, field: str, step: int, piece: int) -> tuple[FieldSpec, str]:
        spec = self.fields.get(field)
        if spec is None:
            raise InputError("the field was not declared", file=self.path, place=f"field {field!r}",
                             **unknown(field, self.fields))
        if not (0 <= step < len(self.times) and 0 <= piece < len(self._pieces)):
            raise InputError("no such step or piece", file=self.path, place=f"field {field!r}", found=(step, piece),
                             expected=f"a step below {len(self.times)}, a piece below {len(self._pieces)}")
        return spec, f"field {field!r}, step {step} (time {self.times[step]:.6g}), piece {piece}"

    def _size(self, spec: FieldSpec, piece: int) -> int:
        if spec.place == "ip":
            return int(self._n_ip[piece])
        return int(np.diff(self._layout.points)[piece])

    def _check_finite(self, spec: FieldSpec, piece: int, values: np.ndarray, place: str) -> None:
        wrong = ~np.isfinite(values) if spec.place == "node" else np.isinf(values)
        if not wrong.any():
            return
        row = int(np.flatnonzero(wrong.any(axis=1))[0])
        if spec.place == "node":
            where = f"node {self._open_file()[piece_path(piece)]['node_ids'][row]}"
        else:
            where = f"integration point {row} of the piece"
        raise FileFormatError("a value is not a finite number", file=self.path, place=f"{place}, {where}",
                              expected="finite numbers", found=values[row][wrong[row]][0])

    def _check_complete(self) -> None:
        for name, written in self._written.items():
            if not written.all():
                step, piece = (int(k) for k in np.argwhere(~written)[0])
                raise FileFormatError(
                    "a step of a field was never written; the file is not kept", file=self.path,
                    place=f"field {name!r}, step {step} (time {self.times[step]:.6g}), piece {piece}",
                    expected=plural(written.size, "array"), found=f"{int(written.sum())}")

    @contextlib.contextmanager
    def _storing(self) -> Iterator[None]:
        """What is written inside; HDF5's own errors come as an OSError or a RuntimeError."""
        try:
            yield
            if self._output is not None:
                self._output.check()
        except (OSError, RuntimeError) as error:
            if self._output is not None:
                self._output.check()
            raise InputError("the snapshots file cannot be written", file=self.path, found=str(error),
                             remedy="check that the disk has room and the folder can be written to") from error

    def _open_file(self) -> h5py.File:
        if self._output is None or not self._output.file:
            raise InputError("the snapshots file is not open for writing", file=self.path,
                             remedy="write inside the `with SnapshotsWriter(...)` statement")
        return self._output.file


def _checked_times(times: Sequence[float] | np.ndarray, path: Path) -> np.ndarray:
    times = np.array(times, dtype=float)
    if times.ndim != 1 or not len(times):
        raise InputError("a snapshots file needs a list of times", file=path, found=f"shape {times.shape}")
    if not np.isfinite(times).all():
        raise InputError("a time is not a finite number", file=path,
                         place=f"step {int(np.flatnonzero(~np.isfinite(times))[0])}")
    falls = np.flatnonzero(np.diff(times) <= 0)
    if len(falls):
        k = int(falls[0])
        raise InputError("the times must increase", file=path, place=f"step {k + 1}",
                         expected=f"more than {times[k]:.6g}", found=f"{times[k + 1]:.6g}")
    return times
