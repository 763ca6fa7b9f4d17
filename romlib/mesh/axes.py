"""Local axes: from two vectors, around the axis of a cylinder, turned about one of them. Rows are unit vectors.

The conventions are those of *ORIENTATION in Abaqus and CalculiX.
"""

from __future__ import annotations

import numpy as np

_PARALLEL = 1e-8  # sine of the angle between vectors that span no plane
_ON_AXIS = 1e-10  # of the distance from the center: nearer to the axis than that there is no radius


def axes_of_vectors(first: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """Right-handed orthonormal axes: 1 along `first`, 3 along first x plane.

    Parameters
    ----------
    first, plane : (..., 3), of any length; `plane` need not be orthogonal to `first`.

    Returns
    -------
    (..., 3, 3), rows are the axes; NaN where the vectors span no plane.
    """
    first, plane = _units(first), _units(plane)
    normal = np.cross(first, plane)
    sine = np.linalg.norm(normal, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        third = normal / np.where(sine > _PARALLEL, sine, np.nan)
    return np.stack(np.broadcast_arrays(first + 0.0 * third, np.cross(third, first), third), axis=-2)


def cylindrical_axes(points: np.ndarray, center: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Axes (n, 3, 3) at points (n, 3): radius, circumference, axis of the cylinder; NaN for a point on the axis.

    center : (3,), a point of the axis. axis : (3,), its direction, of any length.
    """
    third = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    from_center = np.asarray(points, dtype=float) - np.asarray(center, dtype=float)
    radius = from_center - (from_center @ third)[:, None] * third
    length = np.linalg.norm(radius, axis=1)
    away = np.linalg.norm(from_center, axis=1)
    first = radius / np.where(length > _ON_AXIS * away, length, np.nan)[:, None]
    third = np.broadcast_to(third, first.shape) + 0.0 * first
    return np.stack([first, np.cross(third, first), third], axis=1)


def turned(axes: np.ndarray, about: int, degrees: float) -> np.ndarray:
    """Axes (..., 3, 3) turned about their own axis `about` (1, 2 or 3) by an angle, by the right hand."""
    if degrees == 0.0:
        return axes
    k = about - 1
    one, two = (k + 1) % 3, (k + 2) % 3
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    out = np.array(axes, dtype=float)
    out[..., one, :] = cos * axes[..., one, :] + sin * axes[..., two, :]
    out[..., two, :] = cos * axes[..., two, :] - sin * axes[..., one, :]
    return out


def _units(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors (..., 3); NaN for zero. By the largest component first: squares of small ones are zero."""
    vectors = np.asarray(vectors, dtype=float)
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        vectors = vectors / np.where(largest > 0.0, largest, np.nan)
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
