"""Write a mesh of gmsh as mesh.inp for CalculiX: nodes, C3D10, a node set and a surface for each physical surface.

usage: python deck.py bracket.msh       (gmsh's own .inp has the triangles of the surfaces as elements of their own)
"""

from __future__ import annotations

import sys
from pathlib import Path

import meshio
import numpy as np

FACES = ((0, 1, 2), (0, 3, 1), (1, 3, 2), (2, 3, 0))  # S1 to S4 of a tetrahedron, in the order of CalculiX


def lines(values: np.ndarray) -> str:
    """Numbers separated by commas, eight in a line, as *NSET has them."""
    rows = (", ".join(map(str, values[first:first + 8])) for first in range(0, len(values), 8))
    return ",\n".join(rows)


def surface(solids: np.ndarray, triangles: np.ndarray) -> list[str]:
    """The faces of solids that triangles lie on: lines `element, face`."""
    wanted = {tuple(corners) for corners in np.sort(triangles[:, :3], axis=1)}
    found = []
    for number, corners in enumerate(FACES, 1):
        faces = np.sort(solids[:, corners], axis=1)
        found += [f"{element + 1}, S{number}" for element, face in enumerate(faces) if tuple(face) in wanted]
    return found


def main() -> None:
    """Read the mesh that is named, write mesh.inp beside it."""
    path = Path(sys.argv[1])
    mesh = meshio.read(path)
    solids = mesh.get_cells_type("tetra10")
    used, solids = np.unique(solids, return_inverse=True)  # without the centres of arcs
    solids = solids.reshape(-1, 10)
    number = np.zeros(len(mesh.points), dtype=int)
    number[used] = np.arange(len(used))
    parts = ["*NODE, NSET=NALL"]
    parts += [f"{n}, {x:.12g}, {y:.12g}, {z:.12g}" for n, (x, y, z) in enumerate(mesh.points[used], 1)]
    parts += ["*ELEMENT, TYPE=C3D10, ELSET=EALL"]
    parts += [f"{e}, {', '.join(map(str, nodes + 1))}" for e, nodes in enumerate(solids, 1)]
    physical = mesh.get_cell_data("gmsh:physical", "triangle6")
    for name, (tag, dimension) in mesh.field_data.items():
        if dimension == 2:
            triangles = number[mesh.get_cells_type("triangle6")[physical == tag]]
            parts += [f"*NSET, NSET={name}", lines(np.unique(triangles) + 1)]
            parts += [f"*SURFACE, NAME={name}, TYPE=ELEMENT", *surface(solids, triangles)]
    path.with_name("mesh.inp").write_text("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
