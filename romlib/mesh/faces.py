"""Integration over faces: what a pressure or a traction is integrated with."""

from __future__ import annotations

import numpy as np

from romlib.mesh.elements import element
from romlib.mesh.mesh import FaceBlock
from romlib.mesh.quadrature import rule

# exact for N_a dA with constant or (in tri7, quad9) smoothly varying load, curved faces included
FACE_RULES = {"tri3": "tri_3", "tri6": "tri_7", "quad4": "quad_gauss_4", "quad8": "quad_gauss_9",
              "quad9": "quad_gauss_9"}


def face_quadrature(points: np.ndarray, block: FaceBlock) -> tuple[np.ndarray, np.ndarray]:
    """Shape functions and area vectors at the quadrature points of faces.

    Parameters
    ----------
    points : (n_node, 3), `Mesh.points`.
    block : faces of one type, outward by the right hand.

    Returns
    -------
    shape : (n_q, n_a), N_a at the points.
    area_vectors : (n_face, n_q, 3), w_q dx/dxi x dx/deta: outward normal times the area that the point stands for.

    A nodal force is sum_q N_a(q) t(q) |area_vectors[q]| for a traction t, sum_q N_a(q) p(q) area_vectors[q] for a
    normal one. Exact for constant t or p on a face of any shape.
    """
    kind = element(block.face_type)
    quadrature = rule(FACE_RULES[block.face_type])
    gradient = kind.gradient(quadrature.points)  # (n_q, n_a, 2)
    corners = np.asarray(points, dtype=np.float64)[block.connectivity]  # (n_face, n_a, 3)
    tangents = np.einsum("fai,qaj->jfqi", corners, gradient)
    return kind.shape(quadrature.points), np.cross(tangents[0], tangents[1]) * quadrature.weights[:, None]
