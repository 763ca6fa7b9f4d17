"""The snapshots file: names of its groups, its version, and the description of a field.

The file is a VTKHDF UnstructuredGrid with Steps, whose parts are the pieces (subdomains) of a static mesh, and a group
/romlib for what VTK has no place for. N is the number of points, M that of cells, over all pieces in order.

====================================  =====================================================================
/VTKHDF  (Version, Type)              attributes of the format
  NumberOfPoints, NumberOfCells,      (n_piece,)
  NumberOfConnectivityIds
  Points, Types, Connectivity,        (N, 3), (M,), ..., (M + n_piece,); connectivity and offsets count within the piece
  Offsets
  PointData/<node field>              (n_step * N, n_comp): step by step, piece by piece
  PointData/<node array>              (N, ...), static; a virtual dataset over the arrays of the pieces below
  CellData/<cell array>               (M, ...), static; as above. Both have the solver's ids too
  Steps (NSteps)                      Values (n_step,): the times; PartOffsets, PointOffsets, CellOffsets,
                                      ConnectivityIdOffsets: zero (the mesh is static); NumberOfParts: n_piece;
                                      PointDataOffsets/<name>: step * N for a field, zero for a static array;
                                      CellDataOffsets/<name>: zero
/romlib                               attributes kind = "snapshots", schema_version, romlib_version, solver, units,
                                      fingerprint, n_shared (nodes in several pieces), n_node (each node once), n_cell,
                                      n_ip (both over all pieces)
  model                               JSON of `romlib.model.Model`: materials, constraints, loads, amplitudes, initial
                                      state, and the omissions (what the deck had that the ROM lacks)
  fields/<name>                       attributes place ("node", "ip"), n_comp, tensor, dtype, original_name
  pieces/<p>                          what `romlib.snapshots.meshes` writes of a mesh, without points and connectivity
                                      (attribute n_ip): node_ids, shared_index, blocks/<k> (cell_type, formulation,
                                      quadrature, temperature_interpolation; cell_ids), tags, arrays
  pieces/<p>/ip_fields/<name>         (n_step, n_ip, n_comp), contiguous: a block of steps is one read
====================================  =====================================================================

Symmetric tensors are plain components in VTK order; NaN at an integration point: its material lacks the field.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import h5py

from romlib.errors import FileFormatError, InputError, SchemaError
from romlib.files import regular_file

KIND = "snapshots"
SCHEMA_VERSION = 1
VTKHDF_VERSION = (2, 0)

VTK_GROUP = "VTKHDF"
ROMLIB_GROUP = "romlib"
DTYPES = ("float32", "float64")
PLACES = ("node", "ip")


@dataclass(frozen=True)
class FieldSpec:
    """A field of the file, one array a step.

    place : "node", or "ip" (integration points). n_comp : number of components; six for a symmetric tensor.
    tensor : whether it is a symmetric tensor, in Kelvin-Mandel form in memory. dtype : "float32" or "float64", as the
    solver stored it. original_name : the solver's name, where it differs.
    """

    place: str
    n_comp: int = 1
    tensor: bool = False
    dtype: str = "float64"
    original_name: str = ""

    @classmethod
    def symmetric(cls, place: str, *, dtype: str = "float64", original_name: str = "") -> FieldSpec:
        """A symmetric tensor field."""
        return cls(place, 6, True, dtype, original_name)

    def validate(self, name: str) -> None:
        """Raise InputError, naming the field, where the description contradicts itself."""
        place = f"field {name!r}"
        if self.place not in PLACES:
            raise InputError("unknown place of a field", place=place, expected=" or ".join(PLACES), found=self.place)
        if self.dtype not in DTYPES:
            raise InputError("a field has an unknown type of numbers", place=place, expected=" or ".join(DTYPES),
                             found=self.dtype)
        if self.n_comp < 1 or (self.tensor and self.n_comp != 6):
            raise InputError("wrong number of components", place=place,
                             expected="6 for a symmetric tensor" if self.tensor else "at least 1", found=self.n_comp)


def piece_path(piece: int) -> str:
    """Group of a piece."""
    return f"{ROMLIB_GROUP}/pieces/{piece}"


def key(name: str) -> str:
    """HDF5 key of a user's name: "/" separates groups and "." means the group itself, so both are encoded."""
    if not name:
        raise InputError("an array, field or tag needs a name", found=repr(name))
    encoded = name.replace("%", "%25").replace("/", "%2F")
    return "%2E" if encoded == "." else encoded


def name_of(encoded: str) -> str:
    """The user's name of an HDF5 key."""
    return encoded.replace("%2E", ".").replace("%2F", "/").replace("%25", "%")


def open_snapshots(path: Path) -> h5py.File:
    """Open a snapshots file for reading.

    Raises
    ------
    InputError : no such file. FileFormatError : not HDF5, truncated, or not a snapshots file.
    SchemaError : written by a newer version of romlib.
    """
    path = regular_file(path, "the snapshots file does not exist")
    if not h5py.is_hdf5(path):
        raise FileFormatError("this is not a snapshots file: it is not HDF5, or its beginning is lost", file=path,
                              expected="a file that `romlib convert` wrote", found=f"{path.stat().st_size} bytes")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError("the HDF5 file is truncated or damaged", file=path, found=str(error),
                              remedy="copy or convert it again") from error
    try:
        _check_schema(file, path)
    except BaseException:
        file.close()
        raise
    return file


def _check_schema(file: h5py.File, path: Path) -> None:
    if ROMLIB_GROUP not in file:
        raise FileFormatError("this HDF5 file was not written by romlib", file=path, place=f"group /{ROMLIB_GROUP}",
                              expected="a file that `romlib convert` wrote", found=", ".join(file) or "an empty file")
    attributes = file[ROMLIB_GROUP].attrs
    kind = attributes.get("kind")
    if kind != KIND:
        raise FileFormatError("this file of romlib is not a snapshots file", file=path,
                              place=f"/{ROMLIB_GROUP}, attribute kind", expected=KIND, found=kind)
    version = attributes.get("schema_version")
    if version is None or int(version) < 1:
        raise FileFormatError("the file does not state its schema version", file=path,
                              place=f"/{ROMLIB_GROUP}, attribute schema_version", expected=f"1 to {SCHEMA_VERSION}",
                              found=version)
    if int(version) > SCHEMA_VERSION:
        raise SchemaError("the snapshots file was written by a newer version of romlib", file=path,
                          place=f"/{ROMLIB_GROUP}, attribute schema_version", expected=f"at most {SCHEMA_VERSION}",
                          found=f"{int(version)} (romlib {attributes.get('romlib_version', 'unknown')})",
                          remedy="upgrade romlib, or convert the solver's files again with this version")
