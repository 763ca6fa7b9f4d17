"""The mesh that a study solves on: a snapshots file, or a file that an installed converter reads a mesh from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import h5py

from romlib.errors import InputError, StudyError, UnsupportedError
from romlib.files import regular_file
from romlib.mesh.merge import merge_points, refuse_loose_cells
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import partition
from romlib.mesh.skin import SKIN, add_skin
from romlib.mesh.tags import add_tags
from romlib.mesh.validity import check_mesh, check_pieces
from romlib.model import Model, UnitSystem
from romlib.parallel.comm import Comm, share
from romlib.snapshots.converter import MeshReader, find_converter, installed_converters
from romlib.snapshots.reader import Snapshots
from romlib.storage.opening import kind_of
from romlib.study.study import Study

_ANY = "meshio"  # reads what no other converter does
_MERGE = ("make points within a distance one by [mesh] merge = DISTANCE; or say by merge = 0 that they are apart, as "
          "at a crack or between bodies that touch")


class Pieces(Sequence[Mesh]):
    """All pieces, read when they are asked for: from the open snapshots file, or from a list."""

    def __init__(self, study: Study, source: Snapshots | list[Mesh]) -> None:
        self._study, self._source = study, source

    def __len__(self) -> int:
        return self._source.n_piece if isinstance(self._source, Snapshots) else len(self._source)

    def __getitem__(self, piece):  # type: ignore[no-untyped-def]
        if not 0 <= piece < len(self):
            raise IndexError(piece)
        mesh = self._source.mesh(piece) if isinstance(self._source, Snapshots) else self._source[piece]
        return add_tags(mesh, *self._study.tag_set)


class MeshSource:
    """The mesh of a study in pieces, with the study's tags; a context manager. Collective.

    Attributes
    ----------
    path : the file. model : what the file knows of the model: all of it in a snapshots file, else the units.
    n_piece : int. everything : on rank 0 all pieces, None elsewhere. mine : the pieces of this rank.

    Raises
    ------
    StudyError : the study has no [mesh]. InputError, UnsupportedError : the file cannot be read, or not cut that way.
    """

    def __init__(self, study: Study, comm: Comm, n_piece: int | None = None) -> None:
        if study.mesh is None:
            raise StudyError("the study has no mesh", file=study.path, place="[mesh]",
                             remedy='add [mesh] with file = "...": a snapshots file, or a mesh of gmsh or meshio')
        self.path, self._comm, self._open = study.mesh.file, comm, None
        wanted = n_piece or study.mesh.pieces
        with comm.agreement():
            as_it_is = study.mesh.converter is None and is_hdf5(self.path)
            if as_it_is:
                for key in ("merge", "quadrature"):
                    if key in study.mesh.model_fields_set:
                        raise StudyError("the mesh of a snapshots file is taken as it is", file=study.path,
                                         place=f"mesh.{key}", remedy="leave it out, or convert the mesh anew with it")
                self._open = Snapshots(self.path)
                if wanted is None and self._open.n_piece == 1:
                    wanted = comm.size
                as_it_is = wanted is None or wanted == self._open.n_piece
                self.model: Model = self._open.model
        if as_it_is and self._open is not None:
            source = self._open
            with comm.agreement():
                self.everything: Pieces | None = Pieces(study, source)
                self.n_piece = len(self.everything)
                if comm.rank == 0 and self.n_piece > 1:
                    check_pieces(map(source.mesh, range(self.n_piece)), self.path)  # each by itself, and together
                self.mine = {p: self.everything[p] for p in share(self.n_piece, comm)}
        else:
            self._cut(study, wanted or comm.size)
        if comm.rank != 0:
            self.everything = None

    def _cut(self, study: Study, n_piece: int) -> None:
        """Read the whole mesh on rank 0, cut it there, and pass the pieces on."""
        comm = self._comm
        parts = comm.on_root(partial(cut_mesh, study, self._open, n_piece))
        with comm.agreement():
            if self._open is None:
                self.model = Model(units=study.study.units or UnitSystem())
            self.everything = Pieces(study, parts)
            self.n_piece = len(parts)
            self.mine = {p: self.everything[p] for p in share(self.n_piece, comm)}

    def mesh(self, piece: int) -> Mesh:
        """A piece; on rank 0 only."""
        assert self.everything is not None
        return self.everything[piece]

    def __enter__(self) -> MeshSource:
        return self

    def __exit__(self, *error: object) -> None:
        if self._open is not None:
            self._open.close()


def is_hdf5(path: Path) -> bool:
    """Whether a file is HDF5 with what romlib writes; InputError where there is no such file."""
    regular_file(path, "there is no such mesh file", remedy="check [mesh] file in the study")
    if not h5py.is_hdf5(path):
        return False
    return kind_of(path) == "snapshots"


def mesh_reader(study: Study) -> MeshReader:
    """The converter that reads the mesh of a study: the one that it names, else one whose files have this suffix and
    that knows this one by its beginning, else any of this suffix, else meshio.

    Raises
    ------
    UnsupportedError : the one named reads no mesh alone. InputError : none is installed.
    """
    assert study.mesh is not None
    if study.mesh.converter is not None:
        converter = find_converter(study.mesh.converter)
        if not isinstance(converter, MeshReader):
            raise UnsupportedError(f"the converter {study.mesh.converter} cannot read a mesh alone", file=study.path,
                                   place="mesh.converter", remedy="convert the file, and name the snapshots file here")
        return converter
    suffix, of_suffix = study.mesh.file.suffix.lower(), []
    for name in installed_converters():
        try:
            candidate = find_converter(name)
        except InputError:  # it lacks a package: another one may read the file
            continue
        if isinstance(candidate, MeshReader) and suffix in candidate.suffixes:
            if candidate.can_read(study.mesh.file):
                return candidate
            of_suffix.append(candidate)
    reader = of_suffix[0] if of_suffix else find_converter(_ANY)
    assert isinstance(reader, MeshReader)
    return reader


def cut_mesh(study: Study, snapshots: Snapshots | None, n_piece: int) -> list[Mesh]:
    """The mesh of a study in pieces, with its skin."""
    assert study.mesh is not None
    if snapshots is not None:
        if snapshots.n_piece > 1:
            raise InputError("the mesh is cut into pieces already", file=study.mesh.file, found=snapshots.n_piece,
                             expected=n_piece, remedy="leave the number of pieces out, or give that of the file")
        whole = snapshots.mesh(0)
    else:
        file, merge = study.mesh.file, study.mesh.merge
        whole = mesh_reader(study).read_mesh(file, quadrature=dict(study.mesh.quadrature))
        check_mesh(whole, file)
        if merge:
            whole = merge_points(whole, merge)
            check_mesh(whole, file)
        elif merge is None:
            refuse_loose_cells(whole, file, _MERGE)
    parts = partition(whole, n_piece)
    return parts if SKIN in whole.face_tags else add_skin(parts)
