"""The snapshots file: names of its groups, its version, and the description of a field.

The file is a VTKHDF UnstructuredGrid with Steps, whose parts are the pieces (subdomains) of a static mesh, and a group
/romlib for what VTK has no place for. N is the number of points, M that of cells, over all pieces in order.

====================================  =====================================================================
/VTKHDF  (Version, Type)              attributes of the format
  NumberOfPoints, NumberOfCells,      (n_piece,)
  NumberOfConnectivityIds
  Points, Types, Connectivity,        (N, 3), (M,), ..., (M + n_piece,); connectivity and offsets count within the piece
  Offsets
  PointData/<node field>              (n_step * N, n_comp): step by step, piece by piece; in two dimensions points and
                                      vectors have a third component, zero, which VTK expects
  PointData/<node array>              (N, ...), static; a virtual dataset over the arrays of the pieces below
  CellData/<cell array>               (M, ...), static; as above. Both have the solver's ids too
  PointData, CellData/<ip field>      (n_step * N or M, n_comp) in some files, see `romlib.snapshots.shown`
  Steps (NSteps)                      Values (n_step,): the times; PartOffsets, PointOffsets, CellOffsets,
                                      ConnectivityIdOffsets: zero (the mesh is static); NumberOfParts: n_piece;
                                      PointDataOffsets/<name>: step * N for a field, zero for a static array;
                                      CellDataOffsets/<name>: step * M, zero likewise
/romlib                               attributes kind = "snapshots", schema_version, romlib_version, solver, units,
                                      fingerprint, case (where known), n_shared (nodes in several pieces), n_node (each
                                      node once), n_cell, n_ip (both over all pieces)
  model                               JSON of `romlib.model.Model`: materials, constraints, loads, amplitudes, initial
                                      state, and the omissions (what the deck had that the ROM lacks)
  fields/<name>                       attributes place ("node", "ip"), n_comp (in memory), tensor, dtype, original_name
  pieces/<p>                          what `romlib.snapshots.meshes` writes of a mesh, without points and connectivity
                                      (attributes n_ip, dimension; in two dimensions kinematics,
                                      thickness): node_ids, shared_index, blocks/<k> (cell_type, formulation,
                                      quadrature, temperature_interpolation; cell_ids), tags, arrays
  pieces/<p>/ip_fields/<name>         (n_step, n_ip, n_comp), contiguous: a block of steps is one read
  identity                            JSON: what the contents were made from, where it is known
  error_bounds                        of a ROM's result, see `romlib.snapshots.error_bounds.ErrorBounds`: about (JSON),
                                      temperature_is_new (n_step,), values/<quantity> (n_step,)
  checksums                           of everything else, see `romlib.storage.checksums`: of a field for each step of a
                                      piece, of Points, Types, Connectivity and Offsets for each piece
====================================  =====================================================================

Symmetric tensors are plain components in VTK order; NaN at an integration point: its material lacks the field.
"""

from __future__ import annotations

from dataclasses import dataclass

from romlib.errors import InputError

KIND = "snapshots"
SCHEMA_VERSION = 4
OF_SOLIDS = 3  # of a file whose mesh has three dimensions: an older romlib reads it
WITHOUT_SHOWN = 2  # of a file without values at nodes and of cells, planes and sectors: an older romlib reads it
VTKHDF_VERSION = (2, 0)

VTK_GROUP = "VTKHDF"
ROMLIB_GROUP = "romlib"
CLUSTERS = "cluster"  # field data: the local basis of each step
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

    def stored_components(self, dimension: int) -> int:
        """Components in the file: a vector at the nodes of a mesh of two dimensions has a third one there, zero."""
        return 3 if self.place == "node" and self.n_comp == dimension == 2 else self.n_comp

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
