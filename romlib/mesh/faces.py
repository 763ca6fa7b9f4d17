"""Integration over faces: what a pressure or a traction is integrated with."""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError
from romlib.mesh.elements import element
from romlib.mesh.embedding import extent
from romlib.mesh.mesh import FaceBlock, Mesh
from romlib.mesh.quadrature import rule

# exact for N_a dA, and N_a r dA, with constant or (in tri7, quad9) smoothly varying load, curved faces included
FACE_RULES = {"line2": "line_gauss_2", "line3": "line_gauss_3", "tri3": "tri_3", "tri6": "tri_7",
              "quad4": "quad_gauss_4", "quad8": "quad_gauss_9", "quad9": "quad_gauss_9"}


def face_quadrature(points: np.ndarray, block: FaceBlock) -> tuple[np.ndarray, np.ndarray]:
    """Shape functions and area vectors at the quadrature points of faces.

    Parameters
    ----------
    points : (n_node, dimension), `Mesh.points`.
    block : faces of one type, outward by the right hand.

    Returns
    -------
    shape : (n_q, n_a), N_a at the points.
    area_vectors : (n_face, n_q, dimension), w_q dx/dxi x dx/deta: outward normal times the area that the point stands
        for; of a line w_q (dy/dxi, -dx/dxi), times the length.

    A nodal force is sum_q N_a(q) t(q) |area_vectors[q]| for a traction t, sum_q N_a(q) p(q) area_vectors[q] for a
    normal one. Exact for constant t or p on a face of any shape.
    """
    kind = element(block.face_type)
    quadrature = rule(FACE_RULES[block.face_type])
    gradient = kind.gradient(quadrature.points)  # (n_q, n_a, dimension - 1)
    corners = np.asarray(points, dtype=np.float64)[block.connectivity]  # (n_face, n_a, dimension)
    tangents = np.einsum("fai,qaj->jfqi", corners, gradient)
    normals = (np.cross(tangents[0], tangents[1]) if len(tangents) == 2
               else np.stack([tangents[0, :, :, 1], -tangents[0, :, :, 0]], axis=-1))
    return kind.shape(quadrature.points), normals * quadrature.weights[:, None]


def loaded_faces(mesh: Mesh, block: FaceBlock) -> tuple[np.ndarray, np.ndarray]:
    """`face_quadrature` of faces of a mesh, in two dimensions with its thickness or circumference.

    Raises
    ------
    InputError : faces of another dimension than those of the mesh.
    """
    kind = element(block.face_type)
    if kind.dimension != mesh.dimension - 1:
        raise InputError("faces of another dimension than those of the mesh", place=f"faces of type {block.face_type}",
                         expected=f"faces of dimension {mesh.dimension - 1}", found=f"dimension {kind.dimension}")
    shape, area = face_quadrature(mesh.points, block)
    if mesh.dimension == 2:
        area = area * extent(mesh, mesh.points[block.connectivity, 0] @ shape.T)[:, :, None]
    return shape, area
