"""What a load says in three components, on a mesh of two: the third is zero, or the load is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.mesh import Mesh
from romlib.model import Centrifugal

_ZERO = 1e-12  # of the length of a vector: what rounding leaves of a component


def in_plane(vectors: np.ndarray | Sequence[float], mesh: Mesh, place: str) -> np.ndarray:
    """Vectors (..., 3), or (..., dimension) already, as the mesh has them: (..., dimension).

    Raises
    ------
    InputError : a third component in two dimensions that is not zero.
    """
    vectors = np.asarray(vectors, dtype=float)
    n = mesh.dimension
    across = vectors[..., n:]
    if across.size and (np.abs(across) > _ZERO * np.linalg.norm(vectors, axis=-1, keepdims=True)).any():
        raise InputError(f"a component across the plane of a mesh with kinematics {mesh.kinematics!r}", place=place,
                         expected="zero as the third component: displacements have two, x and y",
                         found=float(across.ravel()[np.argmax(np.abs(across))]),
                         remedy="set it to zero; what acts across the plane needs a solid")
    return vectors[..., :n]


def refuse_other_rotations(load: Centrifugal, mesh: Mesh, place: str) -> None:
    """Refuse a rotation that does not keep the body plane, or axisymmetric.

    Raises
    ------
    UnsupportedError : in plane strain, an axis that is not along z; of an axisymmetric body, one that is not x = 0.
    """
    if mesh.dimension == 3:
        return
    axis, center = np.array(load.axis), np.array(load.center)
    along = 1 if mesh.motion.axisymmetric else 2
    size = float(np.linalg.norm(axis))
    wrong = np.abs(np.delete(axis, along)).max() > _ZERO * size
    if mesh.motion.axisymmetric:
        wrong |= bool(np.abs(center[[0, 2]]).max() > _ZERO * float(np.abs(mesh.points[:, 0]).max(initial=1.0)))
        expected = "the axis of the body: axis = [0, 1, 0] through center = [0, y, 0]"
    else:
        expected = "an axis across the plane: axis = [0, 0, 1]"
    if wrong:
        raise UnsupportedError(
            f"a rotation that a mesh with kinematics {mesh.kinematics!r} cannot have", place=place, expected=expected,
            found=f"axis {_words(load.axis)} through {_words(load.center)}",
            remedy="correct the axis, or solve a solid")


def _words(vector: Iterable[float]) -> str:
    return "(" + ", ".join(f"{value:g}" for value in vector) + ")"
