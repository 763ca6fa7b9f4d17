"""Where the eye is: parallel projection, so that a place in the model is a place in the picture by arithmetic alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

_MARGIN = 1.06  # of the half height or width that the body needs


@dataclass(frozen=True)
class Look:
    """Where the eye is: in this direction from the centre. up : by default the longer direction of y and z.
    focus, radius : of a part to look at closely; without them all of the mesh is seen.
    """

    direction: tuple[float, float, float]
    up: tuple[float, float, float] | None = None
    focus: tuple[float, float, float] | None = None
    radius: float | None = None


@dataclass(frozen=True, eq=False)
class Camera:
    """A parallel camera. focus : (3,), in the middle of the picture. axes : (3, 3), unit vectors to the right, up, and
    towards the eye. scale : half of the height of the picture, in the model's unit of length. depth : of the body.
    """

    focus: np.ndarray
    axes: np.ndarray
    scale: float
    depth: float

    def pixels(self, points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Places (n, 2) of points (n, 3) in a picture of `size` (width, height): from the left, from the top."""
        width, height = size
        right_up = (np.asarray(points, dtype=float) - self.focus) @ self.axes[:2].T * (0.5 * height / self.scale)
        return np.stack([0.5 * width + right_up[:, 0], 0.5 * height - right_up[:, 1]], axis=1)


def camera(points: np.ndarray, look: Look, aspect: float) -> Camera:
    """A camera that sees all points (n, 3), or what the look has in focus. aspect : width over height."""
    axes = _axes(look, points)
    along = points @ axes.T
    low, high = along.min(axis=0), along.max(axis=0)
    half = 0.5 * (high - low)
    if look.focus is None:
        focus, scale = 0.5 * (low + high) @ axes, max(half[1], half[0] / aspect)
    else:
        focus, scale = np.asarray(look.focus, dtype=float), look.radius or max(half[1], half[0] / aspect)
    size = float(np.linalg.norm(half)) or 1.0
    return Camera(focus, axes, _MARGIN * float(scale) or size, size)


def usual_look(points: np.ndarray) -> Look:
    """Along a diagonal that shows the large faces of the body most; the longest direction of y and z is up."""
    extent = np.ptp(points, axis=0)
    extent = np.maximum(extent, 1e-12 * max(float(extent.max()), 1e-300))
    x, y, z = (float(c) for c in 1.0 / np.sqrt(extent))
    return Look((x, y, z), (0.0, 1.0, 0.0) if extent[1] > 1.05 * extent[2] else (0.0, 0.0, 1.0))


def look_at(points: np.ndarray, triangles: np.ndarray, place: np.ndarray | None) -> Look:
    """The usual look, from another of the eight octants where a place (3,) would be hidden from it.

    triangles : (n, 3), positions in `points`, of the surface.
    """
    usual = usual_look(points)
    if place is None:
        return usual
    for x, y, z in product((1.0, -1.0), repeat=3):
        direction = np.array(usual.direction) * (x, y, z)
        if not hidden(points, triangles, place, direction):
            return Look((direction[0], direction[1], direction[2]), usual.up)
    return usual


def hidden(points: np.ndarray, triangles: np.ndarray, place: np.ndarray, direction: np.ndarray) -> bool:
    """Whether a triangle is between a place and an eye far away in a direction (Moeller and Trumbore 1997)."""
    eye = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    a, b, c = (points[triangles[:, k]] for k in range(3))
    edge_1, edge_2, start = b - a, c - a, np.asarray(place, dtype=float) - a
    across = np.cross(eye, edge_2)
    determinant = np.einsum("ni,ni->n", edge_1, across)
    size = float(np.linalg.norm(np.ptp(points, axis=0)))
    flat = np.abs(determinant) <= 1e-12 * size**2
    inverse = 1.0 / np.where(flat, 1.0, determinant)
    u = np.einsum("ni,ni->n", start, across) * inverse
    cross = np.cross(start, edge_1)
    v, distance = (cross @ eye) * inverse, np.einsum("ni,ni->n", edge_2, cross) * inverse
    return bool(np.any(~flat & (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 1e-3 * size)))


def _axes(look: Look, points: np.ndarray) -> np.ndarray:
    direction = np.asarray(look.direction, dtype=float) / np.linalg.norm(look.direction)
    up = np.asarray(look.up or usual_look(points).up, dtype=float)
    if np.linalg.norm(np.cross(up, direction)) < 1e-6 * np.linalg.norm(up):  # along the direction itself
        up = np.roll(up, 1)
    right = np.cross(up, direction)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(direction, right), direction])
