"""The mesh of the case from a .cdb: millimetres, the tags that loads and supports need, and two shapes of temperature.

    python cases/real_blade/mesh.py turbine_blade.cdb mesh.vtkhdf [--pieces 4]

The file has inches. y is the span, the engine's axis runs along z through the origin; the gas flows along +z.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from romlib_converters.ansys.converter import AnsysConverter

from romlib.errors import InputError
from romlib.mesh.mesh import FaceBlock, FaceSet, Mesh
from romlib.mesh.partition import partition
from romlib.mesh.skin import SKIN
from romlib.model import Model
from romlib.model.units import UnitSystem
from romlib.snapshots import SnapshotsWriter

INCH = 25.4
COMPONENTS = ("FIRTREE1", "FIRTREE2", "FIRTREE3", "FIRTREE4", "PRESSURE_SURF")
# In the section the chord runs from the leading edge to the trailing edge; places in mm, (x, z).
LEADING, TRAILING = INCH * np.array([0.30, -0.54]), INCH * np.array([-0.53, 0.52])
FLANKS, PLATFORM = INCH * 4.95, INCH * 5.30       # y: above the fir tree, where the metal begins to be warm; all warm
AEROFOIL = INCH * 5.55                            # y above the fillet at the platform
HOT_HEIGHT, HOT_SPAN, HOT_CHORD = 152.4, 9.0, 9.0  # the hot spot: y of its centre, widths along y and in the section


def real_blade(file: Path) -> Mesh:
    """The mesh of the .cdb in mm.

    Node tags: those of the file, root_end (held along the axis), hottest. Face tags: skin, pressure_side (the concave
    side of the aerofoil; the component PRESSURE_SURF is all that the gas washes, both sides, tip and platform). Node
    arrays: warm, 0 in the fir tree and 1 from the platform on; hot_spot, 1 at its centre on the leading edge.

    Raises
    ------
    InputError : the file lacks a component. FileFormatError, UnsupportedError : from the converter.
    """
    mesh = AnsysConverter().read_mesh(file)
    lacking = [name for name in COMPONENTS if name not in mesh.node_tags]
    if lacking:
        raise InputError("this is another blade: node components are missing", file=file,
                         expected=", ".join(COMPONENTS), found=f"none of the name {', '.join(lacking)}")
    mesh = replace(mesh, points=INCH * mesh.points)
    x, y, z = mesh.points.T
    held = np.concatenate([mesh.node_tags[name] for name in COMPONENTS[:4]])
    end = np.flatnonzero((y < FLANKS) & (z < z[y < FLANKS].min() + 1e-3))
    away = np.linalg.norm(np.stack([x, z], axis=1) - LEADING, axis=1)
    hot = np.exp(-((y - HOT_HEIGHT) / HOT_SPAN) ** 2 - (away / HOT_CHORD) ** 2)
    s = np.clip((y - FLANKS) / (PLATFORM - FLANKS), 0.0, 1.0)
    hot /= hot.max()
    tags = {**mesh.node_tags, "root_end": np.setdiff1d(end, held), "hottest": np.array([np.argmax(hot)])}
    return replace(mesh, node_tags=tags, face_tags={**mesh.face_tags, "pressure_side": _pressure_side(mesh)},
                   node_arrays={**mesh.node_arrays, "warm": s * s * (3.0 - 2.0 * s), "hot_spot": hot})


def _pressure_side(mesh: Mesh) -> FaceSet:
    """Faces of PRESSURE_SURF on the aerofoil that look to the concave side of the chord."""
    washed = np.zeros(mesh.n_node, dtype=bool)
    washed[mesh.node_tags["PRESSURE_SURF"]] = True
    chord = TRAILING - LEADING
    convex = np.array([chord[1], 0.0, -chord[0]]) / np.linalg.norm(chord)  # from the chord to the suction side
    blocks = []
    for block in mesh.face_tags[SKIN].blocks:
        p = mesh.points[block.connectivity]
        n = np.cross(p[:, 2] - p[:, 0], p[:, -1] - p[:, 1] if p.shape[1] == 4 else p[:, 1] - p[:, 0])
        n *= (1.0 if p.shape[1] == 4 else -1.0)
        n /= np.linalg.norm(n, axis=1)[:, None]
        chosen = washed[block.connectivity].all(axis=1) & (p[:, :, 1].min(axis=1) > AEROFOIL)
        chosen &= (n @ convex < 0.0) & (np.abs(n[:, 1]) < 0.7)
        blocks.append(FaceBlock(block.face_type, block.connectivity[chosen]))
    return FaceSet(tuple(block for block in blocks if len(block.connectivity)))


def write_mesh(path: Path, mesh: Mesh, n_piece: int) -> None:
    """The mesh in a file that romlib and ParaView read: a snapshots file with one time and no fields but the arrays."""
    with SnapshotsWriter(path, partition(mesh, n_piece), Model(units=UnitSystem()), [0.0], {},
                         solver="cases/real_blade/mesh.py"):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cdb", type=Path, help="turbine_blade.cdb")
    parser.add_argument("file", type=Path, help="the mesh file to write, *.vtkhdf")
    parser.add_argument("--pieces", type=int, default=4, help="subdomains, at least as many as ranks")
    arguments = parser.parse_args()
    mesh = real_blade(arguments.cdb)
    write_mesh(arguments.file, mesh, arguments.pieces)
    print(f"{arguments.file}: {3 * mesh.n_node} degrees of freedom, {mesh.n_cell} cells, {arguments.pieces} pieces")


if __name__ == "__main__":
    main()
