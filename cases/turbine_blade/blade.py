"""The mesh of a cooled turbine blade, in hexahedra: root, platform, bent and twisted aerofoil with a closed tip.

    python cases/turbine_blade/blade.py mesh.vtkhdf --dofs 20000 [--element hex20] [--pieces 4]

One number, the degrees of freedom wanted, decides the size of all cells. Lengths in mm; z is the span, the engine's
axis runs along x at z = -RADIUS. The section is in `section`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from section import COLUMNS, FILL, RING, WALLS, Counts, Section, section

from romlib.errors import InputError
from romlib.mesh.mesh import CellBlock, FaceBlock, FaceSet, Mesh
from romlib.mesh.partition import partition
from romlib.mesh.skin import SKIN, add_skin
from romlib.model import Model
from romlib.model.units import UnitSystem
from romlib.snapshots import SnapshotsWriter

RADIUS = 250.0                             # of the root's lower end, from the engine's axis
CHORD = 30.0                               # at the platform
ROOT, PLATFORM, CAP, TIP = 14.0, 18.0, 78.0, 80.0  # z where the platform begins, ends, where the tip is closed, ends
TURNING, TURNING_TIP = np.radians(50.0), np.radians(35.0)
TWIST, TAPER = np.radians(-18.0), 0.8      # of the tip section, relative to the one at the platform
ROOT_THICKNESS = 1.5                       # of the root, relative to the aerofoil
PIVOT, SPREAD = 0.457, 0.069               # mean and variance of xi over the section: centroids lie on one radius
HOT_HEIGHT, HOT_SPAN, HOT_CHORD = 55.0, 13.0, 0.32  # the hot spot: z of its centre, widths along z (mm) and xi
RULES = {"hex8": "hex_gauss_8", "hex20": "hex_gauss_8"}  # hex20 with reduced integration, as for thin walls in practice


def blade(dofs: int = 20_000, element_type: str = "hex8") -> Mesh:
    """The mesh with about this many degrees of freedom, tags and arrays.

    Node tags: root, root_x, root_y, leading_edge, tip, hottest. Face tags: skin, pressure_side, suction_side, tip,
    channels. Node array: hot_spot, 1 at its centre on the leading edge, falling along span and chord, and through the
    wall towards the cooled channels.

    Parameters
    ----------
    dofs : from 4,000. element_type : "hex8", or "hex20" with eight integration points a cell.

    Raises
    ------
    InputError : another element, or too few degrees of freedom for one cell everywhere.
    """
    if element_type not in RULES:
        raise InputError("the blade has no such element", expected=" or ".join(RULES), found=element_type)
    flat = _chosen(dofs, element_type)
    return _tagged(flat, *_extruded(flat, element_type), element_type)


def hot_spot(dofs: int, height: float = HOT_HEIGHT, span: float = HOT_SPAN, chord: float = HOT_CHORD, xi: float = 0.0,
             *, element_type: str = "hex8") -> np.ndarray:
    """A hot spot like the one of the mesh, elsewhere or of another size, at the nodes of `blade(dofs)`, (n_node,).

    height : z of its centre, mm. span : its width along z, mm. chord : its width along the chord. xi : its place on the
    chord, 0 at the leading edge, 1 at the trailing edge.
    """
    flat = _chosen(dofs, element_type)
    _, straight, ends = _extruded(flat, element_type)
    return _spot(straight, flat.section.depth[ends].mean(axis=1), height, span, chord, xi)


@dataclass(frozen=True)
class _Flat:
    """The blade before it is bent: a section, repeated at the levels z (n_level,)."""

    section: Section
    levels: np.ndarray

    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """Present cells: quadrangle and layer of each."""
        middle = 0.5 * (self.levels[1:] + self.levels[:-1])
        kind = self.section.kinds[:, None]
        there = (kind == WALLS) | ((kind == FILL) & (middle > CAP))
        there |= (kind == RING) & (middle > ROOT) & (middle < PLATFORM)
        quad, layer = np.nonzero(there)
        order = np.lexsort((quad, layer))
        return quad[order], layer[order]

    def n_dof(self, element_type: str) -> int:
        """Degrees of freedom, counted on the linear hexahedra (and their edges, for hex20)."""
        corners = self.corners()
        n_node = len(np.unique(corners))
        if element_type == "hex20":
            n_node += len(_edges(corners)[0])
        return 3 * n_node

    def corners(self) -> np.ndarray:
        """(n_cell, 8), VTK order: level x points of the section + point of the section."""
        quad, layer = self.cells()
        lower = self.section.quads[quad] + layer[:, None] * len(self.section.points)
        return np.hstack([lower, lower + len(self.section.points)])


def _chosen(dofs: int, element_type: str) -> _Flat:
    """The blade of about the wanted size."""
    flat = min(_candidates(dofs, element_type), key=lambda flat: abs(flat.n_dof(element_type) - dofs))
    if not 0.7 * dofs < flat.n_dof(element_type) < 1.4 * dofs:
        raise InputError("no blade has about so many degrees of freedom", expected="4,000 or more", found=dofs)
    return flat


def _candidates(dofs: int, element_type: str) -> list[_Flat]:
    """Blades of about the wanted size: the size of cells is bisected, and what was tried is returned."""
    low, high = 0.1, 6.0  # mm
    tried = []
    for _ in range(14):
        cell = np.sqrt(low * high)
        tried.append(_flat(cell))
        low, high = (cell, high) if tried[-1].n_dof(element_type) > dofs else (low, cell)
    return tried


def _flat(cell: float) -> _Flat:
    """The straight blade in cells of about this size (mm); along the span, where fields are smooth, 1.5 times that."""
    heights = [0.0, ROOT, PLATFORM, CAP, TIP]
    sizes = [1.5 * cell, cell, 1.5 * cell, 0.7 * cell]
    pieces = [np.linspace(a, b, max(2, round((b - a) / size)) + 1)[1:] if b < TIP else
              np.linspace(a, b, max(1, round((b - a) / size)) + 1)[1:]
              for a, b, size in zip(heights[:-1], heights[1:], sizes)]
    return _Flat(section(Counts.of_size(cell / CHORD)), np.concatenate([[0.0], *pieces]))


def _extruded(flat: _Flat, element_type: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Connectivity, and for each node xi, eta, z (n_node, 3) before bending and the corner grid's nodes it is between.

    A midside node is between the two corners in the straight blade; bending then puts it on the curve.
    """
    corners = flat.corners()
    used, connectivity = np.unique(corners, return_inverse=True)
    connectivity = connectivity.reshape(corners.shape)
    ends = np.stack([used, used], axis=1)
    if element_type == "hex20":
        edges, of_cell = _edges(connectivity)
        connectivity = np.hstack([connectivity, len(used) + of_cell])
        ends = np.concatenate([ends, used[edges]])
    n = len(flat.section.points)
    straight = np.hstack([flat.section.points[ends % n].mean(axis=1), flat.levels[ends // n].mean(axis=1)[:, None]])
    return connectivity, straight, ends % n


def _edges(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The edges of hexahedra: (n_edge, 2) nodes, and (n_cell, 12) numbers of edges in the order of VTK's hex20."""
    pairs = np.array([(0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7)])
    all_edges = np.sort(corners[:, pairs], axis=2).reshape(-1, 2)
    n = int(corners.max()) + 1
    keys, number = np.unique(all_edges[:, 0] * n + all_edges[:, 1], return_inverse=True)
    return np.stack([keys // n, keys % n], axis=1), number.reshape(-1, 12)


def bend(straight: np.ndarray) -> np.ndarray:
    """Points (n, 3) in mm of xi, eta (chords) and z (mm): camber along a circle, thick root, taper and twist.

    The camber grows from none at the root's end to that of the platform, and falls towards the tip.
    """
    xi, eta, z = straight.T
    up = _smooth(z / PLATFORM)
    span = np.clip((z - PLATFORM) / (TIP - PLATFORM), 0.0, 1.0)
    curvature = np.maximum(up * (TURNING + (TURNING_TIP - TURNING) * span), 1e-10)
    thickness = ROOT_THICKNESS + (1.0 - ROOT_THICKNESS) * _smooth((z - ROOT) / ROOT)
    angle, radius = curvature * (xi - PIVOT), 1.0 - curvature * thickness * eta
    x = radius * np.sin(angle) / curvature
    y = thickness * eta * np.cos(angle) + 2.0 * np.sin(angle / 2.0) ** 2 / curvature - curvature * SPREAD / 2.0
    scale, turn = CHORD * (1.0 + (TAPER - 1.0) * span), TWIST * span
    return np.stack([scale * (np.cos(turn) * x - np.sin(turn) * y), scale * (np.sin(turn) * x + np.cos(turn) * y), z],
                    axis=1)


def _smooth(s: np.ndarray) -> np.ndarray:
    s = np.clip(s, 0.0, 1.0)
    return s * s * (3.0 - 2.0 * s)


def _tagged(flat: _Flat, connectivity: np.ndarray, straight: np.ndarray, ends: np.ndarray, element_type: str) -> Mesh:
    """The bent mesh with tags and arrays."""
    xi, eta, z = straight.T
    block = CellBlock(element_type, connectivity, np.arange(1, len(connectivity) + 1), RULES[element_type])
    mesh = Mesh(bend(straight), (block,), np.arange(1, len(straight) + 1))
    (mesh,) = add_skin([mesh])
    side, depth = flat.section.side[ends], flat.section.depth[ends].mean(axis=1)
    aerofoil = z >= PLATFORM - 1e-9
    pressure, suction = (np.all((side == sign) | (side == 2), axis=1) & aerofoil for sign in (1, -1))
    leading = np.all(side == 2, axis=1) & aerofoil
    root, tip = z == 0.0, np.abs(z - TIP) < 1e-9
    # The root's end is held along the span; in its plane one line holds x and one holds y, so that it may expand.
    lines = {"root_x": root & (np.abs(xi - COLUMNS["first rib"][0]) < 1e-9), "root_y": root & (np.abs(eta) < 1e-9)}
    hot = _spot(straight, depth, HOT_HEIGHT, HOT_SPAN, HOT_CHORD, 0.0)
    hottest = np.zeros(len(z), dtype=bool)
    hottest[np.argmax(np.where(leading, hot, 0.0))] = True
    node_masks = {"root": root, **lines, "tip": tip, "leading_edge": leading, "hottest": hottest}
    face_masks: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "pressure_side": lambda faces: pressure[faces].all(axis=1),
        "suction_side": lambda faces: suction[faces].all(axis=1),
        "tip": lambda faces: tip[faces].all(axis=1),
        "channels": lambda faces: (depth[faces] == 1.0).all(axis=1) & ~root[faces].all(axis=1)
        & ~tip[faces].all(axis=1)}
    return replace(mesh, node_tags={name: np.flatnonzero(mask) for name, mask in node_masks.items()},
                   face_tags={**mesh.face_tags, **{name: _faces_where(mesh.face_tags[SKIN], mask)
                                                   for name, mask in face_masks.items()}},
                   node_arrays={"hot_spot": hot})


def _spot(straight: np.ndarray, depth: np.ndarray, height: float, span: float, chord: float, at: float) -> np.ndarray:
    """1 in its centre, falling along span and chord, and by half through the wall."""
    xi, _, z = straight.T
    return np.exp(-((z - height) / span) ** 2 - ((xi - at) / chord) ** 2) * (1.0 - 0.5 * depth)


def _faces_where(skin: FaceSet, mask: Callable[[np.ndarray], np.ndarray]) -> FaceSet:
    """The faces of the skin whose nodes are all where the mask says."""
    return FaceSet(tuple(FaceBlock(b.face_type, b.connectivity[mask(b.connectivity)]) for b in skin.blocks))


def write_mesh(path: Path, mesh: Mesh, n_piece: int) -> None:
    """The mesh in a file that romlib and ParaView read: a snapshots file with one time and no fields but the arrays."""
    pieces = partition(mesh, n_piece)
    model = Model(units=UnitSystem())  # mm, N, MPa, s, degC
    with SnapshotsWriter(path, pieces, model, [0.0], {}, solver="cases/turbine_blade/blade.py"):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the mesh file to write, *.vtkhdf")
    parser.add_argument("--dofs", type=int, default=20_000, help="degrees of freedom wanted")
    parser.add_argument("--element", choices=RULES, default="hex8")
    parser.add_argument("--pieces", type=int, default=4, help="subdomains, at least as many as ranks")
    arguments = parser.parse_args()
    mesh = blade(arguments.dofs, arguments.element)
    write_mesh(arguments.file, mesh, arguments.pieces)
    print(f"{arguments.file}: {3 * mesh.n_node} degrees of freedom, {mesh.n_cell} cells, {arguments.pieces} pieces")


if __name__ == "__main__":
    main()
