"""The mesh that a study solves on: a snapshots file, or a file that an installed converter reads a mesh from."""

from __future__ import annotations

from functools import partial
from inspect import signature
from pathlib import Path
from typing import Any

import h5py

from romlib.errors import InputError, StudyError, UnsupportedError
from romlib.files import regular_file
from romlib.mesh.bad_cells import well_shaped
from romlib.mesh.kinematics import SOLID
from romlib.mesh.lazy import LazyMeshes
from romlib.mesh.mean_dilatation import with_formulations
from romlib.mesh.merge import merge_points, refuse_loose_cells
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import partition
from romlib.mesh.skin import SKIN, add_skin
from romlib.mesh.tags import add_tags
from romlib.mesh.validity import check_mesh, check_pieces
from romlib.model import Model, UnitSystem
from romlib.parallel.comm import Comm
from romlib.parallel.pieces import Pieces
from romlib.snapshots.converter import MeshReader, find_converter, usable_converters
from romlib.snapshots.reader import Snapshots
from romlib.storage.opening import kind_of
from romlib.study.study import Study

_ANY = "meshio"  # reads what no other converter does
_ALWAYS = {".msh", ".med", ".rmed"}  # known as meshes also where meshio is not installed, which then is said
_MERGE = ("make points within a distance one by [mesh] merge = DISTANCE; or say by merge = 0 that they are apart, as "
          "at a crack or between bodies that touch")


class MeshSource:
    """The mesh of a study in pieces, with the study's tags; a context manager. Collective.

    Attributes
    ----------
    path : the file. model : what the file knows of the model: all of it in a snapshots file, else the units.
    pieces : which rank has which. everything : on rank 0 the meshes of all, None elsewhere. mine : those of this rank.

    Raises
    ------
    StudyError : the study has no [mesh]. InputError, UnsupportedError : the file cannot be read, or not cut that way.
    """

    def __init__(self, study: Study, comm: Comm, n_piece: int | None = None) -> None:
        if study.mesh is None:
            raise StudyError("the study has no mesh", file=study.path, place="[mesh]",
                             remedy='add [mesh] with file = "...": a snapshots file, or a mesh of gmsh or meshio')
        self.path, self._open = study.mesh.file, None
        wanted = n_piece or study.mesh.pieces
        with comm.agreement():
            as_it_is = study.mesh.converter is None and is_hdf5(self.path)
            if as_it_is:
                for key in ("merge", "quadrature", "formulation", "kinematics", "thickness", "bad_cells"):
                    if key in study.mesh.model_fields_set:
                        raise StudyError("the mesh of a snapshots file is taken as it is", file=study.path,
                                         place=f"mesh.{key}", remedy="leave it out, or convert the mesh anew with it")
                self._open = Snapshots(self.path)
                if wanted is None and self._open.n_piece == 1:
                    wanted = comm.size
                as_it_is = wanted is None or wanted == self._open.n_piece
                self.model: Model = self._open.model
        if as_it_is and self._open is not None:
            n_found, read = self._open.n_piece, self._open.mesh
            with comm.agreement():
                if comm.rank == 0 and n_found > 1:
                    check_pieces(LazyMeshes(n_found, read), self.path)  # each by itself, and together
        else:  # the whole mesh is read on rank 0 and cut there
            parts = comm.on_root(partial(cut_mesh, study, self._open, wanted or comm.size))
            n_found, read = len(parts), lambda piece: parts[piece]
            if self._open is None:
                self.model = Model(units=study.study.units or UnitSystem())
        everything = LazyMeshes(n_found, lambda piece: add_tags(read(piece), *study.tag_set))
        self.pieces = Pieces(comm, n_found)
        self.mine = self.pieces.each(everything.__getitem__)
        self.everything = everything if comm.rank == 0 else None

    @property
    def n_piece(self) -> int:
        """Number of pieces over all ranks."""
        return self.pieces.n

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
    """The converter that reads the mesh of a study: the one that it names, else `reader_of` its file.

    Raises
    ------
    UnsupportedError : the one named reads no mesh alone. InputError : none is installed.
    """
    assert study.mesh is not None
    if study.mesh.converter is None:
        return reader_of(study.mesh.file)
    converter = find_converter(study.mesh.converter)
    if not isinstance(converter, MeshReader):
        raise UnsupportedError(f"the converter {study.mesh.converter} cannot read a mesh alone", file=study.path,
                               place="mesh.converter", remedy="convert the file, and name the snapshots file here")
    return converter


def reader_of(file: Path) -> MeshReader:
    """The converter that reads a mesh: one whose files have this suffix and that knows this one by its beginning, else
    any of this suffix, else meshio.

    Raises
    ------
    InputError : none is installed.
    """
    suffix, of_suffix = file.suffix.lower(), []
    for candidate in usable_converters():
        if isinstance(candidate, MeshReader) and suffix in candidate.suffixes:
            if candidate.can_read(file):
                return candidate
            of_suffix.append(candidate)
    reader = of_suffix[0] if of_suffix else find_converter(_ANY)
    assert isinstance(reader, MeshReader)
    return reader


def mesh_suffixes() -> set[str]:
    """Of files that are taken for meshes, or decks: those of the converters, and of what meshio reads."""
    known = _ALWAYS | {suffix for one in usable_converters() for suffix in one.suffixes}
    try:
        import meshio
    except ImportError:
        return known
    return known | set(meshio.extension_to_filetypes)


def _read(study: Study) -> Mesh:
    """The whole mesh; UnsupportedError where it is of two dimensions and its reader knows solids alone."""
    assert study.mesh is not None
    reader, wanted = mesh_reader(study), study.mesh
    plane: dict[str, Any] = {}
    if wanted.kinematics != SOLID:
        plane = {"kinematics": wanted.kinematics, "thickness": wanted.thickness}
        if "kinematics" not in signature(reader.read_mesh).parameters:
            raise UnsupportedError(f"the converter {getattr(reader, 'name', '')} reads no mesh of two dimensions",
                                   file=wanted.file, place="mesh.kinematics", found=wanted.kinematics,
                                   remedy='give the mesh in a file that meshio reads, and [mesh] converter = "meshio"')
    return reader.read_mesh(wanted.file, quadrature=dict(wanted.quadrature), **plane)


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
        whole = _read(study)
        whole = with_formulations(whole, study.mesh.formulation, "mesh.formulation")
        check_mesh(whole, file)
        if merge:
            whole = merge_points(whole, merge)
            check_mesh(whole, file)
        elif merge is None:
            refuse_loose_cells(whole, file, _MERGE)
        whole = well_shaped(whole, study.mesh.bad_cells, file)
    parts = partition(whole, n_piece)
    return parts if SKIN in whole.face_tags else add_skin(parts)
