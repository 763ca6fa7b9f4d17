"""The full fields of a ROM, as the solutions of that ROM read them: opened when asked for, with what is used kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from weakref import WeakValueDictionary

import numpy as np

from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.errors import InputError
from romlib.loads.nodal_temperature import positions_of
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.results.cache import Cache
from romlib.results.places import Places
from romlib.results.spots import IpSpots, NodeSpots
from romlib.solution.largest import Groups

MODES = 256 * 2**20  # bytes of modes that are kept
_FEW = 64  # places, whose part of an array is as soon taken as found among what is kept
_SHARE = 8  # one array has a part of this at most; of larger ones, those at the places of probes are kept
Read = Callable[[FieldsFile, np.ndarray | None], np.ndarray]
_held: ContextVar[_Held | None] = ContextVar("_held", default=None)
_sent: WeakValueDictionary[tuple, FieldsReader] = WeakValueDictionary()
_lock = Lock()


class FieldsReader:
    """Modes of a ROM in its fields file, whole pieces or at some places; threads may share it.

    In another process it finds the file by its path, and all solutions of one ROM that arrive there share one reader.

    archive : the data of the ROM. fields_path : where the fields file is looked for. path : of the ROM.
    """

    def __init__(self, archive: Rom, fields_path: Path | None, path: Path | None = None) -> None:
        self.archive, self.fields_path, self.path = archive, fields_path, path
        self.places, self._modes = Places(), Cache(MODES)
        self._n_piece: int | None = None

    def __reduce__(self) -> tuple:
        return _received, (self.archive, self.fields_path, self.path)

    @property
    def has_file(self) -> bool:
        """Whether the fields file is where it is looked for."""
        return self.fields_path is not None and self.fields_path.is_file()

    def open(self) -> FieldsFile:
        """The fields file.

        Raises
        ------
        InputError : it is not beside the ROM file. FileFormatError : it belongs to another ROM.
        """
        if self.fields_path is None or not self.fields_path.is_file():
            raise InputError(
                "the fields file of the ROM is not there", file=self.fields_path,
                remedy="copy the .fields.rom beside the .rom: full fields and full integration need it")
        return FieldsFile(self.fields_path, self.archive)

    @contextmanager
    def session(self) -> Iterator[None]:
        """Inside, the fields file is opened once at most, when something has to be read from it.

        Opening it looks at all of it. It belongs to one thread.
        """
        held = _held.get()
        if held is not None and held.reader is self:
            yield
            return
        held = _Held(self)
        token = _held.set(held)
        try:
            yield
        finally:
            _held.reset(token)
            if held.file is not None:
                held.file.close()

    @contextmanager
    def opened(self) -> Iterator[FieldsFile]:
        """The fields file, that of the session where there is one."""
        with self.session():
            held = _held.get()
            assert held is not None  # the session is open
            if held.file is None:
                held.file = self.open()
            yield held.file

    @property
    def n_piece(self) -> int:
        """Number of pieces."""
        if self._n_piece is None:
            with self.opened() as fields:
                self._n_piece = fields.n_piece
        return self._n_piece

    def mesh(self, piece: int) -> Mesh:
        """A piece of the mesh, read anew at each call."""
        with self.opened() as fields:
            return fields.mesh(piece)

    def n_node(self, piece: int) -> int:
        """Nodes of a piece."""
        with self.opened() as fields:
            return fields.n_node(piece)

    def n_ip(self, piece: int) -> int:
        """Integration points of a piece."""
        with self.opened() as fields:
            return fields.n_ip(piece)

    def points_of(self, node_ids: np.ndarray) -> np.ndarray:
        """Where nodes are, (n, d), by their ids."""
        points = np.empty((len(node_ids), self.archive.dimension))
        with self.opened() as fields:
            for piece in range(fields.n_piece):
                mesh = fields.mesh(piece)
                here = np.flatnonzero(np.isin(node_ids, mesh.node_ids))
                points[here] = mesh.points[positions_of(node_ids[here], mesh.node_ids)]
        return points

    def modes(self, piece: int, cluster: int, spots: NodeSpots | None = None) -> np.ndarray:
        """Displacement modes of a cluster at nodes of a piece (all: None), (n_mode, n, d)."""
        return self._kept(("modes", cluster), piece, spots, lambda file, rows: file.modes(piece, cluster, rows))

    def liftings(self, piece: int, spots: NodeSpots | None = None) -> np.ndarray:
        """Lifting fields at nodes of a piece (all: None), (n_lift, n, d)."""
        return self._kept(("liftings",), piece, spots, lambda file, rows: file.liftings(piece, rows))

    def dual_modes(self, piece: int, name: str, spots: IpSpots | None = None) -> np.ndarray:
        """Modes of a dual field at integration points of a piece (all: None), (n_dual, n, n_comp)."""
        return self._kept(("dual", name), piece, spots, lambda file, rows: file.dual_modes(piece, name, rows))

    def groups(self, spots: IpSpots, stress: np.ndarray) -> Groups:
        """Bounds of the von Mises stress at groups of points, of the modes of the stress there (n_dual, n, 6)."""
        return self._modes.get(("groups", spots.key), lambda: Groups.of(stress), lambda found: found.sizes.nbytes)

    def strain_modes(self, piece: int, cluster: int, spots: IpSpots | None = None) -> np.ndarray:
        """Strains of the displacement modes of a cluster, (n_mode, n, 6)."""
        return self._kept(("strain", cluster), piece, spots, lambda file, rows: _strain(
            file.mesh(piece), file.modes(piece, cluster), rows))

    def strain_liftings(self, piece: int, spots: IpSpots | None = None) -> np.ndarray:
        """Strains of the lifting fields, (n_lift, n, 6)."""
        return self._kept(("strain of liftings",), piece, spots, lambda file, rows: _strain(
            file.mesh(piece), file.liftings(piece), rows))

    def _kept(self, kind: tuple, piece: int, spots: NodeSpots | IpSpots | None, read: Read) -> np.ndarray:
        """The rows of some places are taken from those of the whole piece, which are kept where they are few enough:
        the next place needs no file.
        """
        if spots is None:
            return self._made((kind, piece), None, read)
        rows = spots.nodes if isinstance(spots, NodeSpots) else spots.ips
        if self._size(kind, piece) <= MODES // _SHARE:
            whole = self._made((kind, piece), None, read)
            if len(rows) == whole.shape[1] and np.array_equal(rows, np.arange(len(rows))):
                return whole
            if len(rows) <= _FEW:
                return np.ascontiguousarray(whole[:, rows])
            return self._modes.get((kind, spots.key), lambda: np.ascontiguousarray(whole[:, rows]),
                                   lambda found: found.nbytes)
        return self._made((kind, spots.key), rows, read)

    def _size(self, kind: tuple, piece: int) -> int:
        """Bytes of an array of a whole piece."""
        survey, rom = self.places.survey(self), self.archive
        n_node, n_ip = len(survey.numbering.numbers[piece]), int(survey.n_ips[piece])
        if kind[0] == "dual":
            gappy = rom.gappy[kind[1]]
            return 8 * gappy.n_dual * gappy.n_comp * n_ip
        n_field = len(rom.lifting.names) if "liftings" in kind[0] else rom.clusters[kind[1]].n_mode
        return 8 * n_field * (6 * n_ip if "strain" in kind[0] else rom.dimension * n_node)

    def _made(self, key: tuple, rows: np.ndarray | None, read: Read) -> np.ndarray:
        def made() -> np.ndarray:
            with self.opened() as file:
                found = read(file, rows)
            found.flags.writeable = False  # it is kept, and shared
            return found

        return self._modes.get(key, made, lambda found: found.nbytes)


def _strain(mesh: Mesh, u: np.ndarray, ips: np.ndarray | None) -> np.ndarray:
    operator = StrainOperator(mesh)
    return operator.strain(u) if ips is None else operator.strain_at(u, ips)


@dataclass(eq=False)
class _Held:
    """What is open in a session, in this thread."""

    reader: FieldsReader
    file: FieldsFile | None = None


def _received(archive: Rom, fields_path: Path | None, path: Path | None) -> FieldsReader:
    """The reader of a solution that was sent here; one for all of a ROM, so that there is one copy of its data."""
    made = FieldsReader(archive, fields_path, path)
    if archive.fields is None or path is None:
        return made
    key = path, fields_path, archive.fields, archive.manifest.fingerprint, len(archive.enrichments)
    with _lock:
        return _sent.setdefault(key, made)
