"""Types of cells of MED: their shapes, and the order of their nodes.

MED numbers the nodes of a volume so that its first face is seen from inside; Code_Aster and Salome write cells so.
They are VTK's cells seen in a mirror, with mid-side nodes in VTK's order of edges. Some writers keep VTK's orientation.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from romlib_converters.med.columns import all_inside_out, first_unknown

# romlib's name, and meshio's, of each type of MED.
SOLIDS: Mapping[str, str] = {"TE4": "tet4", "T10": "tet10", "HE8": "hex8", "H20": "hex20", "H27": "hex27",
                             "PE6": "wedge6", "P15": "wedge15", "PY5": "pyramid5", "P13": "pyramid13"}
SURFACES: Mapping[str, str] = {"TR3": "tri3", "TR6": "tri6", "QU4": "quad4", "QU8": "quad8"}
MESHIO: Mapping[str, str] = {
    "PO1": "vertex", "SE2": "line", "SE3": "line3", "TR3": "triangle", "TR6": "triangle6", "QU4": "quad",
    "QU8": "quad8", "TE4": "tetra", "T10": "tetra10", "HE8": "hexahedron", "H20": "hexahedron20",
    "H27": "hexahedron27", "PY5": "pyramid", "P13": "pyramid13", "PE6": "wedge", "P15": "wedge15"}
DIMENSIONS: Mapping[str, int] = {"PO1": 0, "SE2": 1, "SE3": 1, "SE4": 1, "TR3": 2, "TR6": 2, "TR7": 2, "QU4": 2,
                                 "QU8": 2, "QU9": 2, "POG": 2, "PG2": 2}  # others are volumes
# MED's node at each place of VTK's order, where MED's orientation is kept, and where it is VTK's (if they differ).
_MIRRORED: Mapping[str, tuple[int, ...]] = {
    "TE4": (0, 2, 1, 3), "T10": (0, 2, 1, 3, 6, 5, 4, 7, 9, 8),
    "HE8": (0, 3, 2, 1, 4, 7, 6, 5),
    "H20": (0, 3, 2, 1, 4, 7, 6, 5, 11, 10, 9, 8, 15, 14, 13, 12, 16, 19, 18, 17),
    "H27": (0, 3, 2, 1, 4, 7, 6, 5, 11, 10, 9, 8, 15, 14, 13, 12, 16, 19, 18, 17, 21, 23, 24, 22, 20, 25, 26),
    "PE6": (0, 2, 1, 3, 5, 4), "P15": (0, 2, 1, 3, 5, 4, 8, 7, 6, 11, 10, 9, 12, 14, 13),
    "PY5": (0, 3, 2, 1, 4), "P13": (0, 3, 2, 1, 4, 8, 7, 6, 5, 9, 12, 11, 10)}
_TURNED: Mapping[str, tuple[int, ...]] = {"TR3": (0, 2, 1), "TR6": (0, 2, 1, 5, 4, 3), "QU4": (0, 3, 2, 1),
                                          "QU8": (0, 3, 2, 1, 7, 6, 5, 4)}
_UPRIGHT: Mapping[str, tuple[int, ...]] = {"H27": (*range(20), 24, 22, 21, 23, 20, 25, 26)}
_EDGES = {"TE": (1, 2, 3), "T1": (1, 2, 3), "HE": (1, 3, 4), "H2": (1, 3, 4), "PE": (1, 2, 3), "P15": (1, 2, 3),
          "PY": (1, 3, 4), "P13": (1, 3, 4), "TR": (1, 2), "QU": (1, 3)}


def node_order(kind: str, nodes: np.ndarray, points: np.ndarray) -> tuple[int, ...] | None:
    """MED's node at each place of VTK's order, for cells of one type; None where they are the same.

    Where all cells of a type are inside out, they are in MED's own orientation; in two dimensions, clockwise.

    Parameters
    ----------
    nodes : (n, k), positions, which may not exist. points : (n_node, dimension).
    """
    turned = _MIRRORED if points.shape[1] == 3 else _TURNED
    edges = _EDGES.get(kind) or _EDGES.get(kind[:2])
    if edges is None or kind not in turned or points.shape[1] != len(edges) or nodes.shape[1] != len(turned[kind]):
        return None
    if not len(nodes) or first_unknown(nodes, len(points)) >= 0:
        return None  # refused by its place in the mesh
    return turned[kind] if all_inside_out(nodes, edges, points) else _UPRIGHT.get(kind)
