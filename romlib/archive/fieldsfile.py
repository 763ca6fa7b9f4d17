"""The file x.fields.rom: the full fields of a ROM, piece by piece, for reconstruction and full integration."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from romlib.archive.hdf5 import FIELDS_OF_SOLIDS, FIELDS_SCHEMA, recognise, write_head, write_json
from romlib.archive.rom import FieldsReference, PieceFields, Rom, SnapshotGrams
from romlib.archive.tables import FIELDS
from romlib.errors import FileFormatError, InputError
from romlib.mesh.mesh import Mesh
from romlib.snapshots.meshes import read_mesh, write_mesh
from romlib.storage.checksums import crcs_of_rows, rows_per_block
from romlib.storage.contents import Contents
from romlib.storage.files import open_contents
from romlib.storage.manifest import seal
from romlib.storage.opening import damage
from romlib.words import plural, shortlist, unknown

PAIR = "copy the .rom and .fields.rom files of the same offline run together"


class FieldsWriter:
    """Writes a fields file one piece at a time, into an open HDF5 file; see `romlib.archive.pair`.

    Parameters
    ----------
    file : empty, open for writing. path : of the finished file, for messages.
    fingerprint : that of the ROM whose fields these are.
    n_piece : how many pieces will be written.
    singular_values : by field ("displacement", with its number for each further cluster, and the dual fields), of the
        modes, largest first.
    snapshots : inner products of the snapshots that the ROM was trained with; None: not kept.
    """

    def __init__(
        self, file: h5py.File, path: Path, fingerprint: str, n_piece: int, singular_values: Mapping[str, np.ndarray],
        snapshots: SnapshotGrams | None = None,
    ) -> None:
        self._file, self._path, self._n_piece = file, path, n_piece
        self._id = secrets.token_hex(16)
        self._written: set[int] = set()
        self._shape: tuple | None = None
        self._checksums: dict[str, np.ndarray] = {}
        write_head(file, "fields", FIELDS_OF_SOLIDS, fingerprint)
        file.attrs["id"], file.attrs["n_piece"] = self._id, n_piece
        write_json(file, "singular_value_names", list(singular_values))
        for k, values in enumerate(singular_values.values()):
            file[f"singular_values/{k}"] = values
        if snapshots is not None:
            _write_grams(file.create_group("snapshots"), snapshots)

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
            if array.shape[1:] != (mesh.n_node, mesh.dimension):
                raise InputError(f"the {name} do not fit the mesh", place=place,
                                 expected=f"(n, {mesh.n_node}, {mesh.dimension})", found=array.shape)
        shape = (tuple(len(m) for m in modes), len(liftings), [(n, len(d), d.shape[-1]) for n, d in dual_modes.items()])
        self._shape = self._shape or shape
        if shape != self._shape:
            raise InputError("the pieces differ in their modes, liftings or dual fields", place=place,
                             expected=self._shape, found=shape)
        group = self._file.create_group(f"pieces/{piece}")
        if mesh.dimension == 2:
            self._file.attrs["schema"] = FIELDS_SCHEMA
        write_mesh(group.create_group("mesh"), mesh)
        for k, array in enumerate(modes):
            self._write_rows(group, f"modes/{k}", array)
        self._write_rows(group, "liftings", liftings)
        write_json(group, "dual_names", list(dual_modes))
        for k, array in enumerate(dual_modes.values()):
            self._write_rows(group, f"dual_modes/{k}", array)
        self._written.add(piece)

    def _write_rows(self, group: h5py.Group, name: str, array: np.ndarray) -> None:
        array = np.asarray(array, dtype=float)
        group[name] = array
        self._checksums[f"{group.name}/{name}"] = crcs_of_rows(array)

    def finish(self) -> FieldsReference:
        """Write the checksums; return what the ROM has to say of this file.

        Raises
        ------
        InputError : a piece was never written. FileFormatError : contents that a reader would refuse.
        """
        missing = sorted(set(range(self._n_piece)) - self._written)
        if missing:
            raise InputError("the fields file is not complete", file=self._path,
                             expected=plural(self._n_piece, "piece"),
                             found=f"{shortlist('piece', missing)} never written")
        digest = seal(self._file, Contents(self._file, FIELDS, self._path), self._checksums)
        return FieldsReference(self._id, digest)


def _write_grams(group: h5py.Group, snapshots: SnapshotGrams) -> None:
    write_json(group, "run_names", list(snapshots.run_names))
    for name in ("runs", "times", "weights"):
        group[name] = getattr(snapshots, name)
    write_json(group, "gram_names", list(snapshots.grams))
    for k, values in enumerate(snapshots.grams.values()):
        group[f"grams/{k}"] = values


class FieldsFile:
    """Reads a fields file, lazily by piece; a context manager. What is read is compared with its checksum.

    fingerprint : of the ROM it belongs to. n_piece. singular_values : by field. checksums : whether the file has any.

    Parameters
    ----------
    rom : the ROM that it has to belong to; None: any.

    Raises
    ------
    FileFormatError : the file is damaged, or belongs to another ROM.
    """

    def __init__(self, path: str | Path, rom: Rom | None = None) -> None:
        self.path = Path(path)
        self._rom = rom
        self._known: set[int] = set()
        self._contents = open_contents(path, FIELDS, "romlib offline", recognise("fields"))
        try:
            self._read_header()
            if rom is not None:
                self._check_rom(rom)
        except BaseException:
            self.close()
            raise

    def _read_header(self) -> None:
        contents = self._contents
        contents.read_all("", keep=True)
        self.fingerprint = str(contents.attribute("/", "fingerprint"))
        self.n_piece = int(contents.attribute("/", "n_piece"))
        self.checksums = contents.manifest is not None
        names = contents.json("/singular_value_names", list)
        self.singular_values = {name: contents.array(f"/singular_values/{k}") for k, name in enumerate(names)}

    def _check_rom(self, rom: Rom) -> None:
        """Whether this is the file that was written with the ROM, and not only one of the same study."""
        manifest = self._contents.manifest
        if rom.fields is None or manifest is None:
            right = rom.fields is None and manifest is None and self.fingerprint == rom.manifest.fingerprint
            expected, found = f"fingerprint {rom.manifest.fingerprint}", f"fingerprint {self.fingerprint}"
            if (rom.fields is None) != (manifest is None):
                expected, found = ("a file of the ROM's version" if rom.fields is None else f"id {rom.fields.id}",
                                   "another version" if manifest is not None else "no id (an older version)")
        else:
            here = FieldsReference(str(self._contents.attribute("/", "id")), manifest.digest)
            right = here == rom.fields
            expected, found = f"id {rom.fields.id}", f"id {here.id}"
            if here.id == rom.fields.id:
                expected, found = f"checksum {rom.fields.digest}", f"checksum {here.digest}"
        if not right:
            raise FileFormatError("the fields file belongs to another ROM", file=self.path, expected=expected,
                                  found=found, remedy=PAIR)
        self._contents.bind("n_cluster", len(rom.clusters), "/pieces")
        for k, basis in enumerate(rom.clusters):
            self._contents.bind("n_mode", basis.n_mode, f"/pieces, modes {k}", k=k)
        self._contents.bind("n_lift", len(rom.lifting.names), "/pieces, liftings")
        if rom.points.n_point and int(rom.points.pieces.max()) >= self.n_piece:
            raise self._other_rom("/pieces", f"more than {plural(rom.points.pieces.max(), 'piece')}", self.n_piece)

    def _other_rom(self, place: str, expected: object, found: object) -> FileFormatError:
        return FileFormatError("the fields file does not fit the ROM", file=self.path, place=place, expected=expected,
                               found=found, remedy=PAIR)

    def mesh(self, piece: int) -> Mesh:
        """The mesh of a piece, with its tags and skin."""
        return read_mesh(self._contents, f"{self._unit(piece)}/mesh")

    def n_node(self, piece: int) -> int:
        """Number of nodes of a piece."""
        return int(self._contents.shape(f"{self._unit(piece)}/liftings")[1])

    def n_ip(self, piece: int) -> int:
        """Number of integration points of a piece."""
        self._unit(piece)
        return int(self._contents.symbol("n_ip", p=piece) or 0)

    def modes(self, piece: int, cluster: int = 0, nodes: np.ndarray | None = None) -> np.ndarray:
        """Displacement modes of a cluster, (n_mode, n_node, dimension), or only those at `nodes` (n,), positions."""
        return self._read_rows(f"{self._unit(piece)}/modes/{cluster}", nodes)

    def liftings(self, piece: int, nodes: np.ndarray | None = None) -> np.ndarray:
        """Lifting fields, (n_lift, n_node, dimension), or only at `nodes` (n,)."""
        return self._read_rows(f"{self._unit(piece)}/liftings", nodes)

    def dual_names(self, piece: int = 0) -> list[str]:
        """Names of the dual fields."""
        return self._contents.json(f"{self._unit(piece)}/dual_names", list)

    def dual_modes(self, piece: int, field: str, ips: np.ndarray | None = None) -> np.ndarray:
        """Modes of a dual field, (n_dual, n_ip, n_comp), Kelvin-Mandel, or only at `ips` (n,), positions.

        NaN where no material has the field.
        """
        names = self.dual_names(piece)
        if field not in names:
            raise InputError(f"the ROM has no modes of {field!r}", file=self.path,
                             **unknown(field, names, "name the field in offline.dual_fields of the study"))
        path = f"{self._unit(piece)}/dual_modes/{names.index(field)}"
        if self._rom is not None and field in self._rom.gappy:
            gappy, (n_dual, _, n_comp) = self._rom.gappy[field], self._contents.shape(path)
            if (n_dual, n_comp) != (gappy.n_dual, gappy.n_comp):
                raise self._other_rom(path, (gappy.n_dual, gappy.n_comp), (n_dual, n_comp))
        return self._read_rows(path, ips)

    def piece(self, piece: int) -> PieceFields:
        """Everything of one piece."""
        n_cluster = self._contents.count(f"{self._unit(piece)}/modes")
        return PieceFields(self.mesh(piece), [self.modes(piece, k) for k in range(n_cluster)], self.liftings(piece),
                           {name: self.dual_modes(piece, name) for name in self.dual_names(piece)})

    def snapshots(self) -> SnapshotGrams | None:
        """Inner products of the training snapshots; None in a file of an older version, or of a ROM without them."""
        contents = self._contents
        if not contents.has("/snapshots/runs"):
            return None
        grams = {name: contents.array(f"/snapshots/grams/{k}")
                 for k, name in enumerate(contents.json("/snapshots/gram_names", list))}
        runs, times, weights = (contents.array(f"/snapshots/{name}") for name in ("runs", "times", "weights"))
        return SnapshotGrams(tuple(contents.json("/snapshots/run_names", list)), runs, times, weights, grams)

    def close(self) -> None:
        """Close the file."""
        self._contents.close()

    def __enter__(self) -> FieldsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unit(self, piece: int) -> str:
        """The group of a piece, which is checked at its first use."""
        if not 0 <= piece < self.n_piece:
            raise InputError(f"there is no piece {piece}", file=self.path, expected=f"0 to {self.n_piece - 1}")
        unit = f"/pieces/{piece}"
        if piece not in self._known:
            self._contents.check_unit(unit)
            if self._rom is not None:
                ips = self._rom.points.ips[self._rom.points.pieces == piece]
                n_ip = self._contents.symbol("n_ip", p=piece) or 0
                if ips.size and int(ips.max()) >= n_ip:
                    raise self._other_rom(f"{unit}/mesh", f"more than {plural(ips.max(), 'integration point')}", n_ip)
            self._known.add(piece)
        return unit

    def _read_rows(self, path: str, rows: np.ndarray | None) -> np.ndarray:
        """(n, n_row, n_comp), or only these rows of the second axis, in any order.

        Rows are stored with a checksum for some dozens together: those are read, and the others are not.
        """
        dataset = self._contents.dataset(path)
        step = rows_per_block(dataset.shape)
        with damage(self.path, path):
            if rows is None or dataset.size == 0:
                values = dataset[()]
                for k in range(-(-dataset.shape[1] // step)):
                    self._contents.check_block(path, k, values[:, k * step:(k + 1) * step])
            else:
                needed = np.unique(np.asarray(rows, dtype=np.int64) // step)
                values = self._read_blocks(dataset, path, needed, step)
        self._contents.check_values(path, values)
        values = np.asarray(values, dtype=float)
        if rows is None:
            return values
        if dataset.size == 0:
            return values[:, rows]
        first = np.searchsorted(needed, np.asarray(rows, dtype=np.int64) // step) * step
        return values[:, first + np.asarray(rows, dtype=np.int64) % step]

    def _read_blocks(self, dataset: h5py.Dataset, path: str, needed: np.ndarray, step: int) -> np.ndarray:
        """The blocks of rows of these numbers, side by side: (n, len(needed) * step, n_comp)."""
        values = np.zeros((dataset.shape[0], len(needed) * step, dataset.shape[2]), dtype=dataset.dtype)
        for position, k in enumerate(needed):
            block = dataset[:, k * step:(k + 1) * step]
            self._contents.check_block(path, int(k), block)
            values[:, position * step:position * step + block.shape[1]] = block
        return values
