"""The file x.fields.rom: the full fields of a ROM, piece by piece, for reconstruction and full integration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np

from romlib.archive.hdf5 import PartialFile, contents_of, open_file, read_array, read_json, write_json
from romlib.archive.rom import PieceFields
from romlib.errors import FileFormatError, InputError
from romlib.mesh.mesh import Mesh
from romlib.snapshots.meshes import read_mesh, write_mesh


class FieldsWriter:
    """Writes a fields file one piece at a time; a context manager, atomic.

    Parameters
    ----------
    fingerprint : that of the ROM whose fields these are.
    n_piece : how many pieces will be written.
    singular_values : by field ("displacement" and the dual fields), of all snapshots' modes, largest first.
    """

    def __init__(
        self, path: str | Path, fingerprint: str, n_piece: int, singular_values: Mapping[str, np.ndarray]
    ) -> None:
        self._partial = PartialFile(path, "fields", fingerprint)
        self._n_piece = n_piece
        self._written: set[int] = set()
        self._shape: tuple | None = None
        file = self._partial.file
        file.attrs["n_piece"] = n_piece
        write_json(file, "singular_value_names", list(singular_values))
        for k, values in enumerate(singular_values.values()):
            file[f"singular_values/{k}"] = values

    def write_piece(
        self, piece: int, mesh: Mesh, modes: Sequence[np.ndarray], liftings: np.ndarray,
        dual_modes: Mapping[str, np.ndarray],
    ) -> None:
        """Write one piece; what the arrays are is said in `PieceFields`.

        Raises
        ------
        InputError : a piece out of range or written before, or arrays that fit neither its mesh nor the other pieces.
        """
        place = f"piece {piece}"
        if not 0 <= piece < self._n_piece or piece in self._written:
            raise InputError("a piece is out of range or written twice", place=place,
                             expected=f"each of 0 to {self._n_piece - 1} once")
        for name, array in [*((f"modes of cluster {k}", m) for k, m in enumerate(modes)), ("liftings", liftings)]:
            if array.shape[1:] != (mesh.n_node, 3):
                raise InputError(f"the {name} do not fit the mesh", place=place,
                                 expected=f"(n, {mesh.n_node}, 3)", found=array.shape)
        shape = (tuple(len(m) for m in modes), len(liftings), {n: (len(d), d.shape[-1]) for n, d in dual_modes.items()})
        self._shape = self._shape or shape
        if shape != self._shape:
            raise InputError("the pieces differ in their modes, liftings or dual fields", place=place,
                             expected=self._shape, found=shape)
        group = self._partial.file.create_group(f"pieces/{piece}")
        write_mesh(group.create_group("mesh"), mesh)
        for k, array in enumerate(modes):
            group[f"modes/{k}"] = array
        group["liftings"] = liftings
        write_json(group, "dual_names", list(dual_modes))
        for k, array in enumerate(dual_modes.values()):
            group[f"dual_modes/{k}"] = array
        self._partial.check()
        self._written.add(piece)

    def __enter__(self) -> FieldsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._partial.__exit__(kind, error, trace)
            return
        with self._partial:
            missing = sorted(set(range(self._n_piece)) - self._written)
            if missing:
                raise InputError("the fields file is not complete", file=self._partial.path,
                                 expected=f"{self._n_piece} pieces", found=f"pieces {missing[:10]} never written")


class FieldsFile:
    """Reads a fields file, lazily by piece; a context manager.

    fingerprint : of the ROM it belongs to. n_piece. singular_values : by field.

    Raises
    ------
    FileFormatError : the file is damaged, or belongs to another ROM than `fingerprint` says.
    """

    def __init__(self, path: str | Path, fingerprint: str | None = None) -> None:
        self.path = Path(path)
        self._file = open_file(path, "fields")
        try:
            with contents_of(path):
                self._read_header()
            if fingerprint is not None and fingerprint != self.fingerprint:
                raise FileFormatError("the fields file belongs to another ROM", file=self.path,
                                      expected=f"fingerprint {fingerprint}", found=f"fingerprint {self.fingerprint}",
                                      remedy="copy the .rom and .fields.rom files of the same offline run together")
        except BaseException:
            self._file.close()
            raise

    def _read_header(self) -> None:
        self.fingerprint = str(self._file.attrs["fingerprint"])
        self.n_piece = int(self._file.attrs["n_piece"])
        self.singular_values = {
            name: read_array(self._file, f"singular_values/{k}")
            for k, name in enumerate(read_json(self._file, "singular_value_names"))}

    def mesh(self, piece: int) -> Mesh:
        """The mesh of a piece, with its tags and skin."""
        with contents_of(self.path):
            return read_mesh(self._group(piece)["mesh"])

    def modes(self, piece: int, cluster: int = 0, nodes: np.ndarray | None = None) -> np.ndarray:
        """Displacement modes of a cluster, (n_mode, n_node, 3), or only those at `nodes` (n,), positions."""
        with contents_of(self.path):
            return _read_rows(self._group(piece)[f"modes/{cluster}"], nodes)

    def liftings(self, piece: int, nodes: np.ndarray | None = None) -> np.ndarray:
        """Lifting fields, (n_lift, n_node, 3), or only at `nodes` (n,)."""
        with contents_of(self.path):
            return _read_rows(self._group(piece)["liftings"], nodes)

    def dual_names(self, piece: int = 0) -> list[str]:
        """Names of the dual fields."""
        with contents_of(self.path):
            return read_json(self._group(piece), "dual_names")

    def dual_modes(self, piece: int, field: str, ips: np.ndarray | None = None) -> np.ndarray:
        """Modes of a dual field, (n_dual, n_ip, n_comp), Kelvin-Mandel, or only at `ips` (n,), positions.

        NaN where no material has the field.
        """
        names = self.dual_names(piece)
        if field not in names:
            raise InputError(f"the ROM has no modes of {field!r}", file=self.path, expected=f"one of {names}",
                             remedy="name the field in offline.dual_fields of the study")
        with contents_of(self.path):
            return _read_rows(self._group(piece)[f"dual_modes/{names.index(field)}"], ips)

    def piece(self, piece: int) -> PieceFields:
        """Everything of one piece."""
        n_cluster = len(self._group(piece)["modes"])
        return PieceFields(self.mesh(piece), [self.modes(piece, k) for k in range(n_cluster)], self.liftings(piece),
                           {name: self.dual_modes(piece, name) for name in self.dual_names(piece)})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> FieldsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _group(self, piece: int) -> h5py.Group:
        if not 0 <= piece < self.n_piece:
            raise InputError(f"there is no piece {piece}", file=self.path, expected=f"0 to {self.n_piece - 1}")
        return self._file[f"pieces/{piece}"]


def _read_rows(dataset: h5py.Dataset, rows: np.ndarray | None) -> np.ndarray:
    """(n, n_row, n_comp), or only these rows of the second axis, in any order, read without the others."""
    if rows is None:
        return np.asarray(dataset[()], dtype=float)
    if 0 in dataset.shape:  # h5py takes no selection of nothing: a ROM without liftings has none to choose from
        return np.asarray(dataset[()], dtype=float)[:, rows]
    unique, inverse = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
    return np.asarray(dataset[:, unique], dtype=float)[:, inverse]
