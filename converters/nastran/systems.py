"""Nastran's coordinate systems: where grid points are in the basic system, and the frame in which they move.

A system is defined in another one (CORD2R, CORD2C, CORD2S: three points) or by three grid points (CORD1R, CORD1C,
CORD1S), which may be given in a third one: they are resolved from the basic system on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from romlib_converters.common.frames import frames_at

from romlib.errors import FileFormatError

KINDS = {1: "cartesian", 2: "cylindrical", 3: "spherical"}
_SPHERICAL = (0, 2, 1)  # of radius, azimuth, elevation: radius, polar angle (against the elevation), azimuth


@dataclass(frozen=True)
class SystemCard:
    """A coordinate system as it is defined. kind : 1 rectangular, 2 cylindrical, 3 spherical.

    points : (3, 3) coordinates, in the system `reference`, of its origin, of a point on its third axis, and of one in
    the plane of the first and the third. grids : three grid points in their place, or none.
    """

    number: int
    kind: int
    reference: int = 0
    points: tuple[tuple[float, ...], ...] = ()
    grids: tuple[int, ...] = ()


class Systems:
    """Resolved systems of a model. cards : by number. grids : (n,) sorted ids; cp : (n,); given : (n, 3), in cp."""

    def __init__(self, cards: Mapping[int, SystemCard], grids: np.ndarray, cp: np.ndarray, given: np.ndarray,
                 file: Path) -> None:
        self._cards, self._grids, self._cp, self._given, self._file = cards, grids, cp, given, file
        self._found: dict[int, tuple[np.ndarray, np.ndarray]] = {0: (np.zeros(3), np.eye(3))}
        self._open: list[int] = []

    def axes(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Origin (3,) and axes (3, 3), in columns, in the basic system.

        Raises
        ------
        FileFormatError : an unknown system, one that is defined by itself, or three points on a line.
        """
        if number not in self._found:
            if number not in self._cards:
                raise self._wrong("a coordinate system is not defined", number,
                                  ", ".join(map(str, self._cards)) or "none")
            if number in self._open:
                raise self._wrong("coordinate systems are defined by each other", number, None)
            self._open.append(number)
            self._found[number] = self._resolve(self._cards[number])
            self._open.pop()
        return self._found[number]

    def positions(self, cp: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Coordinates (n, 3) in the basic system of points given in systems cp (n,)."""
        points = np.array(given, dtype=float)
        for number in np.unique(cp[cp != 0]).tolist():
            mine = cp == number
            origin, axes = self.axes(number)
            points[mine] = origin + cartesian(self._cards[number].kind, points[mine]) @ axes.T
        return points

    def frames(self, cd: np.ndarray, points: np.ndarray) -> np.ndarray:
        """Frames (n, 3, 3) of displacement at points (n, 3), basic, whose systems are cd (n,).

        On the axis of a cylindrical or spherical system its rectangular one holds, as the solver has it.
        """
        found = np.empty((len(points), 3, 3))
        for number in np.unique(cd).tolist():
            mine = cd == number
            origin, axes = self.axes(max(number, 0))
            kind = KINDS[self._cards[number].kind] if number > 0 else "cartesian"
            frames = np.array(frames_at(kind, origin, axes, points[mine]))
            if kind == "spherical":
                frames = frames[:, :, _SPHERICAL] * (1.0, -1.0, 1.0)
            lost = np.isnan(frames).any(axis=(1, 2))
            frames[lost] = axes
            found[mine] = frames
        return found

    def _resolve(self, card: SystemCard) -> tuple[np.ndarray, np.ndarray]:
        if card.grids:
            rows = np.searchsorted(self._grids, card.grids)
            rows[rows == len(self._grids)] = 0
            if not np.array_equal(self._grids[rows], card.grids):
                raise self._wrong("a coordinate system is defined by a grid point that does not exist", card.number,
                                  ", ".join(map(str, card.grids)))
            a, b, c = self.positions(self._cp[rows], self._given[rows])
        else:
            a, b, c = self.positions(np.full(3, card.reference), np.array(card.points, dtype=float))
        third = b - a
        second = np.cross(third, c - a)
        sizes = np.linalg.norm(third), np.linalg.norm(second)
        if not min(sizes) > 0.0 or not np.isfinite(sizes).all():
            raise self._wrong("the three points of a coordinate system are on a line", card.number,
                              np.array([a, b, c]).tolist())
        third, second = third / sizes[0], second / sizes[1]
        return a, np.column_stack([np.cross(second, third), second, third])

    def _wrong(self, what: str, number: int, found: object) -> FileFormatError:
        return FileFormatError(what, file=self._file, place=f"coordinate system {number}", found=found)


def cartesian(kind: int, given: np.ndarray) -> np.ndarray:
    """Rectangular coordinates (n, 3) of a system of points given in its own ones, angles in degrees."""
    if kind == 1:
        return given
    first = np.radians(given[:, 1])
    if kind == 2:
        return np.column_stack([given[:, 0] * np.cos(first), given[:, 0] * np.sin(first), given[:, 2]])
    flat, around = given[:, 0] * np.sin(first), np.radians(given[:, 2])
    return np.column_stack([flat * np.cos(around), flat * np.sin(around), given[:, 0] * np.cos(first)])
