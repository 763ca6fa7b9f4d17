"""Writes small Zset computations, from what Zset's manual and files say and without romlib's own tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

DECK = """****calcul
 ***mesh
  **file small.geof
 ***resolution newton
  **cycles 1
   *time 1.
   *increment 2
 ***bc
  **impose_nodal_dof
   fixed U1 0.0   % a comment
 ***material
  *file steel
****return
"""
STEEL = """***behavior linear_elastic
 **elasticity isotropic
  young 200000. poisson 0.3
 **coefficient
  masvol 8.e-9
***return
"""
RINGS = {  # reference coordinates in Zset's node order: corners and midsides alternate around each layer
    "tri": [(0, 0), (0.5, 0), (1, 0), (0.5, 0.5), (0, 1), (0, 0.5)],
    "quad": [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0)],
}


def reference_nodes(kind: str) -> np.ndarray:
    """Reference coordinates of the nodes, in Zset's order."""
    if kind in ("c3d4", "c3d10"):
        z0, z1, z2, z9 = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
        if kind == "c3d4":
            return np.array([z0, z1, z2, z9])
        middle = [(a + b) / 2 for a, b in ((z0, z1), (z1, z2), (z2, z0), (z0, z9), (z1, z9), (z2, z9))]
        return np.array([z0, z1, z2, *middle, z9])
    ring = np.array(RINGS["tri" if kind in ("c3d6", "c3d15") else "quad"])
    corners = ring[::2]
    if kind in ("c3d6", "c3d8"):
        layers = [(corners, -1.0), (corners, 1.0)]
    else:
        layers = [(ring, -1.0), (corners, 0.0), (ring, 1.0)]
    return np.concatenate([np.column_stack([flat, np.full(len(flat), z)]) for flat, z in layers])


def reference_points(kind: str) -> np.ndarray:
    """Reference coordinates of the integration points, in Zset's order."""
    if kind == "c3d4":
        a = (5 - np.sqrt(5)) / 20
        return np.array([(a, a, a), (1 - 3 * a, a, a), (a, 1 - 3 * a, a), (a, a, 1 - 3 * a)])
    if kind == "c3d10":
        return np.array([(1, 1, 1), (3, 1, 1), (1, 3, 1), (1, 1, 3), (1.5, 1.5, 1.5)]) / 6
    if kind in ("c3d6", "c3d15"):
        a, b = 0.44594849091596488632, 0.09157621350977074346
        near = [(1 / 6, 1 / 6), (2 / 3, 1 / 6), (1 / 6, 2 / 3)]
        six = [(a, a), (1 - 2 * a, a), (a, 1 - 2 * a), (b, b), (1 - 2 * b, b), (b, 1 - 2 * b)]
        flat, heights = (near, [-1 / np.sqrt(3), 1 / np.sqrt(3)]) if kind == "c3d6" else (six, [-0.6**0.5, 0, 0.6**0.5])
        return np.array([(*point, z) for z in heights for point in flat])
    g = [-1 / np.sqrt(3), 1 / np.sqrt(3)] if kind == "c3d8" else [-0.6**0.5, 0.0, 0.6**0.5]
    return np.array([(x, y, z) for z in g for y in g for x in g])


def displacement(x: np.ndarray) -> np.ndarray:
    """A quadratic field: exact on affine quadratic elements."""
    x, y, z = x.T
    return 1e-3 * np.column_stack([x * y + z, y * z - 2 * x * x + y, x * z + y * y - z * z])


def strain(x: np.ndarray) -> np.ndarray:
    """Its strain, in Zset's order 11 22 33 12 23 31."""
    x, y, z = x.T
    return 1e-3 * np.column_stack([y, z + 1, x - 2 * z, (x - 4 * x) / 2, (y + 2 * y) / 2, (1 + z) / 2])


@dataclass
class SmallComputation:
    """One element of a kind in `folder`, two records, ids in no order; what a test wants to be wrong it overwrites."""

    folder: Path
    kind: str = "c3d10"
    deck: str = DECK
    files: dict[str, str] = field(default_factory=lambda: {"steel": STEEL})
    point_order: list[int] | None = None
    times: tuple[float, ...] = (0.0, 1.0)

    def __post_init__(self) -> None:
        frame = np.array([[2.0, 0.1, 0.2], [0.0, 1.5, 0.3], [0.1, 0.0, 1.2]])
        nodes = reference_nodes(self.kind) @ frame
        points = reference_points(self.kind) @ frame
        if self.point_order is not None:
            points = points[self.point_order]
        self.ids = 100 + 7 * ((np.arange(len(nodes)) * 3 + 1) % len(nodes))
        if len(np.unique(self.ids)) < len(nodes):
            self.ids = 100 + 7 * np.arange(len(nodes))[::-1]
        self.strain = strain(points)
        self.displacement = displacement(nodes)
        self.write("small.geof", self.geof(nodes))
        self.write("small.inp", self.deck)
        for name, text in self.files.items():
            self.write(name, text)
        components = ["11", "22", "33", "12", "23", "31"]
        self.write("small.ut", "\n".join([
            "**meshfile small.geof", "**node U1 U2 U3", "**integ " + " ".join(f"eto{c}" for c in components),
            "**element", *(f"{k + 1} 1 1 {k} {t:.15e}" for k, t in enumerate(self.times))]) + "\n")
        factors = np.array(self.times)[:, None, None]
        (factors * self.displacement.T).astype(">f4").tofile(self.folder / "small.node")
        (factors * self.strain.T).astype(">f4").tofile(self.folder / "small.integ")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def geof(self, nodes: np.ndarray) -> str:
        rows = [f"{i} {x:.17e} {y:.17e} {z:.17e}" for i, (x, y, z) in zip(self.ids, nodes)]
        element = f"42 {self.kind} " + " ".join(map(str, self.ids))
        return "\n".join(["***geometry", "**node", f"{len(nodes)} 3", *rows, "**element", "1", element, "***group",
                          f"**nset fixed {self.ids[0]}", "**elset solid 42", "**liset edge", "***return", ""]
                         ).replace("fixed ", "fixed\n ").replace("solid ", "solid\n ")
