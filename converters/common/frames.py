"""Vectors and tensors from the frames of nodes and elements to the global one.

A frame at a point is a matrix (3, 3) whose columns are its axes, in global components: global = frame @ local.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from romlib.errors import FileFormatError, InputError
from romlib.words import plural

KINDS = ("cartesian", "cylindrical", "spherical")
_ON_AXIS = 1e-10  # of the largest distance from the origin: nearer to its axis a cylinder has no radius
_ORTHOGONAL = 1e-6  # files have axes in single precision
_LOWER, _UPPER = (0, 1, 2, 0, 1, 0), (0, 1, 2, 1, 2, 2)  # xx, yy, zz, xy, yz, xz


def frames_at(kind: str, origin: np.ndarray, axes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Frames (n, 3, 3) at points (n, 3) of a coordinate system.

    Parameters
    ----------
    kind : "cartesian": the axes of the system everywhere. "cylindrical": radius, circumference, axis, around its third
        axis. "spherical": radius, azimuth around the third axis from the first towards the second, and elevation from
        the plane of the first two towards the third (as Ansys has it; Nastran's polar angle grows away from the third
        axis, so that it needs columns 0, -2, 1).
    origin : (3,). axes : (3, 3), in columns.

    Returns
    -------
    frames, NaN at points on the axis of a cylindrical or spherical system, where there is no direction around it.

    Raises
    ------
    InputError : unknown kind. FileFormatError : axes that are not orthogonal, unit and right-handed.
    """
    if kind not in KINDS:
        raise InputError("unknown kind of coordinate system", expected=", ".join(KINDS), found=kind)
    axes = np.asarray(axes, dtype=float)
    if not np.allclose(axes.T @ axes, np.eye(3), rtol=0.0, atol=_ORTHOGONAL) or np.linalg.det(axes) < 0.0:
        raise FileFormatError("the axes of a coordinate system are not orthogonal unit vectors, right-handed",
                              found=axes.tolist())
    axes = _orthonormal(axes)
    if kind == "cartesian":
        return np.broadcast_to(axes, (len(points), 3, 3))
    local = (points - origin) @ axes
    flat = np.linalg.norm(local[:, :2], axis=1)
    flat[flat <= _ON_AXIS * np.abs(local).max(initial=0.0)] = np.nan
    radial = np.column_stack([local[:, :2] / flat[:, None], np.zeros(len(local))])
    around = np.column_stack([-radial[:, 1], radial[:, 0], np.zeros(len(local))])
    third = np.broadcast_to([0.0, 0.0, 1.0], radial.shape)
    if kind == "spherical":
        size = np.linalg.norm(local, axis=1)
        sine, cosine = (local[:, 2] / size)[:, None], (flat / size)[:, None]
        radial, third = cosine * radial + sine * third, cosine * third - sine * radial
    return axes @ np.stack([radial, around, third], axis=2)


def frames_by_angles(angles: np.ndarray, sequence: str) -> np.ndarray:
    """Frames (n, 3, 3) from angles (n, 3) in degrees, about the axes of `sequence`, each as turned by those before.

    "zxy" is Ansys's for rotated nodes (THXY, THYZ, THZX) and element coordinate systems.
    """
    frames = np.broadcast_to(np.eye(3), (len(angles), 3, 3))
    for axis, angle in zip(sequence, np.radians(np.asarray(angles, dtype=float)).T, strict=True):
        one = np.zeros((len(angle), 3, 3))
        k = "xyz".index(axis)
        i, j = (k + 1) % 3, (k + 2) % 3
        one[:, k, k] = 1.0
        one[:, i, i] = one[:, j, j] = np.cos(angle)
        one[:, i, j], one[:, j, i] = -np.sin(angle), np.sin(angle)
        frames = frames @ one
    return frames


def global_vectors(values: np.ndarray, frames: np.ndarray, ids: np.ndarray, file: Path) -> np.ndarray:
    """Vectors (n, 3) given in frames (n, 3, 3), in global components. ids : (n,), of the nodes, for messages.

    Raises
    ------
    FileFormatError : a vector that is not zero where there is no frame, on the axis of a cylinder.
    """
    lost = np.isnan(frames).any(axis=(1, 2))
    wrong = np.flatnonzero(lost & values.any(axis=1))
    if len(wrong):
        raise FileFormatError("a node is on the axis of its cylindrical or spherical system, where that has no "
                              "direction", file=file, place=f"node {ids[wrong[0]]}", found=plural(len(wrong), "node"),
                              remedy="write the results in the global system, or give these nodes a Cartesian one")
    turned = np.einsum("nij,nj->ni", frames, values)
    turned[lost] = 0.0
    return turned


def global_tensors(values: np.ndarray, frames: np.ndarray) -> np.ndarray:
    """Plain components xx, yy, zz, xy, yz, xz (n, ..., 6) of tensors in frames (n, 3, 3), as those of the global one.

    NaN where there is no frame. Engineering shear has to be halved before.
    """
    full = np.empty((*values.shape[:-1], 3, 3))
    full[..., _LOWER, _UPPER] = values
    full[..., _UPPER, _LOWER] = values
    turned = np.einsum("nij,n...jk,nlk->n...il", frames, full, frames)
    return turned[..., _LOWER, _UPPER]


def _orthonormal(axes: np.ndarray) -> np.ndarray:
    """The rotation nearest to axes that have digits lost."""
    u, _, v = np.linalg.svd(axes)
    rotation: np.ndarray = u @ v
    return rotation
