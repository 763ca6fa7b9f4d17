"""The cross-section of the blade, in quadrangles: a cambered aerofoil with three cooling channels and a platform ring.

Everything here is in chords, in the coordinates of the straight section: xi along the camber line from the leading
edge, eta across it, positive towards the pressure side. `blade` bends, twists and stacks it.

         nose     1st channel  rib  2nd channel  rib  3rd channel   trailing part, solid
      eta  ______________________________________________________
         / __________   ____   __________   ____   ______________|----____
        | |   fill   | |core| |   fill   | |core| |   fill      |  core   ----  xi
         \\ ----------   ----   ----------   ----   --------------|____----
           ------------------------------------------------------
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NOSE = 0.15            # the nose is half an ellipse of this length and of the largest half thickness
HALF_THICKNESS = 0.10  # largest, at the end of the nose
HALF_TRAILING = 0.020  # half thickness of the trailing edge
WALL = 0.050
COLUMNS = {  # where each part behind the nose ends, and whether its core is solid
    "first channel": (0.26, False), "first rib": (0.31, True), "second channel": (0.44, False),
    "second rib": (0.485, True), "third channel": (0.62, False), "trailing part": (1.0, True)}
CORNER = np.radians(50.0)  # the four-sided block in the nose has its corners at these angles of the inner ellipse
PLATFORM = (-0.18, 1.12, 0.30)  # xi from, xi to, eta up to: the outline of the platform

WALLS, FILL, RING = 0, 1, 2  # kinds of cells: always there; only where a channel is closed; only in the platform


@dataclass(frozen=True)
class Counts:
    """Numbers of cells: through the wall, across the core (even), around a corner of the nose, along each column."""

    wall: int
    core: int
    corner: int
    columns: tuple[int, ...]
    ring: int

    @classmethod
    def of_size(cls, cell: float) -> Counts:
        """For cells of about this size, in chords, along the profile; walls are finer."""
        ends = [NOSE, *(end for end, _ in COLUMNS.values())]
        return cls(wall=max(1, round(1.6 * WALL / cell)), core=2 * max(1, round(0.75 * HALF_THICKNESS / cell)),
                   corner=max(1, round(0.09 / cell)), ring=max(2, round(0.2 / cell / 2)),
                   columns=tuple(max(1, round(length / cell)) for length in np.diff(ends)))


@dataclass(frozen=True)
class Section:
    """The quadrangles of a section.

    points : (n, 2), xi and eta. quads : (m, 4), counterclockwise. kinds : (m,), WALLS, FILL or RING.
    depth : (n,), 0 on the profile to 1 at the channels and in the core. side : (n,), on the profile 1 (pressure side),
    -1 (suction side), 2 (leading edge, of both), elsewhere 0.
    """

    points: np.ndarray
    quads: np.ndarray
    kinds: np.ndarray
    depth: np.ndarray
    side: np.ndarray


def half_thickness(xi: np.ndarray) -> np.ndarray:
    """Half the thickness of the profile: the ellipse of the nose, then a smooth fall to the trailing edge."""
    q = np.clip((xi - NOSE) / (1.0 - NOSE), 0.0, 1.0)
    fall = 0.5 * (1.0 - 3.0 * q**2 + 2.0 * q**3) + 0.5 * (1.0 - q**2)
    nose = np.sqrt(np.clip(1.0 - ((NOSE - np.minimum(xi, NOSE)) / NOSE) ** 2, 0.0, 1.0))
    return np.where(xi < NOSE, HALF_THICKNESS * nose, HALF_TRAILING + (HALF_THICKNESS - HALF_TRAILING) * fall)


def half_core(xi: np.ndarray) -> np.ndarray:
    """Half the width of channels and ribs behind the nose; in the trailing part the wall is a part of the thickness."""
    last = np.array(COLUMNS["third channel"][0])
    share = 1.0 - WALL / half_thickness(last)
    return np.where(xi <= last, half_thickness(xi) - WALL, share * half_thickness(xi))


def section(counts: Counts) -> Section:
    """The section as one mesh of quadrangles; the points of neighbouring blocks are one."""
    blocks = [*_nose(counts), *_columns(counts)]
    blocks.append((_ring(_profile(counts), counts), np.zeros(counts.ring + 1), RING))
    points, quads, kinds, depth = [], [], [], []
    first = 0
    for grid, depths, kind in blocks:
        number = first + np.arange(grid[..., 0].size).reshape(grid.shape[:2])
        cells = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], axis=-1).reshape(-1, 4)
        points.append(grid.reshape(-1, 2))
        depth.append(np.broadcast_to(depths, grid.shape[:2]).ravel())
        quads.append(cells)
        kinds.append(np.full(len(cells), kind))
        first += number.size
    flat, cells, deep = np.concatenate(points), np.concatenate(quads), np.concatenate(depth)
    _, position, merged = np.unique(np.round(flat, 9) + 0.0, axis=0, return_index=True, return_inverse=True)
    cells = merged.ravel()[cells]
    corners = flat[position][cells]
    diagonals = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
    clockwise = diagonals[0][:, 0] * diagonals[1][:, 1] < diagonals[0][:, 1] * diagonals[1][:, 0]
    cells[clockwise] = cells[clockwise][:, ::-1]
    least = np.full(len(position), np.inf)
    np.minimum.at(least, merged.ravel(), deep)
    return Section(flat[position], cells, np.concatenate(kinds), least, _sides(flat[position], counts))


def _between(a: np.ndarray, b: np.ndarray, n: int) -> np.ndarray:
    """The grid (len(a), n + 1, 2) of straight lines from the points a to the points b, each (k, 2)."""
    share = np.linspace(0.0, 1.0, n + 1)[None, :, None]
    return (1.0 - share) * a[:, None] + share * b[:, None]


def _angles(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Angles of the nose: from one corner to the other, and from that corner to the end of the nose."""
    return np.linspace(-CORNER, CORNER, counts.core + 1), np.linspace(CORNER, np.pi / 2, counts.corner + 1)


def _arc(angles: np.ndarray, wall: float) -> np.ndarray:
    """Points of the ellipse of the nose, `wall` inside the profile."""
    return np.stack([NOSE - (NOSE - wall) * np.cos(angles), (HALF_THICKNESS - wall) * np.sin(angles)], axis=1)


def _mirrored(points: np.ndarray) -> np.ndarray:
    return points * np.array([1.0, -1.0])


def _nose(counts: Counts) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """The wall around the nose, and the block between it and the end of the nose."""
    front, upper = _angles(counts)
    through = np.linspace(0.0, 1.0, counts.wall + 1)
    angles = np.concatenate([-upper[::-1], front[1:-1], upper])
    wall = _between(_arc(angles, 0.0), _arc(angles, WALL), counts.wall)
    left, top = _arc(front, WALL), _arc(upper, WALL)
    inner = HALF_THICKNESS - WALL
    right = np.stack([np.full(counts.core + 1, NOSE), np.linspace(-inner, inner, counts.core + 1)], axis=1)
    return [(wall, through, WALLS), (_transfinite(left, right, _mirrored(top), top), np.ones(1), FILL)]


def _transfinite(left: np.ndarray, right: np.ndarray, bottom: np.ndarray, top: np.ndarray) -> np.ndarray:
    """Coons patch of four sides: left and right (m, 2) upwards, bottom and top (n, 2) to the right; (m, n, 2)."""
    v = np.linspace(0.0, 1.0, len(left))[:, None, None]
    u = np.linspace(0.0, 1.0, len(bottom))[None, :, None]
    corners = (1 - u) * ((1 - v) * bottom[0] + v * top[0]) + u * ((1 - v) * bottom[-1] + v * top[-1])
    return (1 - u) * left[:, None] + u * right[:, None] + (1 - v) * bottom[None] + v * top[None] - corners


def _columns(counts: Counts) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Both walls and the core of every column behind the nose."""
    blocks, start = [], NOSE
    through = np.linspace(0.0, 1.0, counts.wall + 1)
    for n, (end, solid) in zip(counts.columns, COLUMNS.values()):
        xi = np.linspace(start, end, n + 1)
        outer, inner = (np.stack([xi, half(xi)], axis=1) for half in (half_thickness, half_core))
        wall = _between(outer, inner, counts.wall)
        blocks += [(wall, through, WALLS), (_mirrored(wall), through, WALLS),
                   (_between(_mirrored(inner), inner, counts.core), np.ones(1), WALLS if solid else FILL)]
        start = end
    return blocks


def _xi(counts: Counts) -> np.ndarray:
    """xi of the profile's points behind the nose, where it ends included."""
    pieces, start = [np.array([NOSE])], NOSE
    for n, (end, _) in zip(counts.columns, COLUMNS.values()):
        pieces.append(np.linspace(start, end, n + 1)[1:])
        start = end
    return np.concatenate(pieces)


def _profile(counts: Counts) -> dict[str, np.ndarray]:
    """The four sides of the profile, as the platform has them: front (upwards), top (backwards), rear, bottom."""
    front, upper = _angles(counts)
    xi = _xi(counts)
    top = np.concatenate([_arc(upper, 0.0), np.stack([xi, half_thickness(xi)], axis=1)[1:]])
    edge = half_core(np.array(1.0))
    rear = np.concatenate([np.linspace(HALF_TRAILING, edge, counts.wall + 1),
                           np.linspace(edge, -edge, counts.core + 1)[1:-1],
                           np.linspace(-edge, -HALF_TRAILING, counts.wall + 1)])
    rear = np.stack([np.ones(len(rear)), rear], axis=1)
    return {"front": _arc(front, 0.0), "top": top, "rear": rear, "bottom": _mirrored(top)[::-1]}


def _ring(profile: dict[str, np.ndarray], counts: Counts) -> np.ndarray:
    """The platform around the profile, from each side of it to one side of the outline."""
    first, last, up = PLATFORM
    n_front, n_rear = len(profile["front"]), len(profile["rear"])
    top = profile["top"][:, 0]
    along = first + (last - first) * (top - top[0]) / (top[-1] - top[0])
    above = np.stack([along, np.full(len(along), up)], axis=1)
    outline = [np.stack([np.full(n_front, first), np.linspace(-up, up, n_front)], axis=1), above,
               np.stack([np.full(n_rear, last), np.linspace(up, -up, n_rear)], axis=1), _mirrored(above)[::-1]]
    inside = np.concatenate([side[:-1] for side in profile.values()] + [profile["front"][:1]])
    outside = np.concatenate([side[:-1] for side in outline] + [outline[0][:1]])
    return _between(inside, outside, counts.ring)


def _sides(points: np.ndarray, counts: Counts) -> np.ndarray:
    """Which points are on the profile, and on which side of it; the trailing edge's end is on none."""
    xi, eta = points.T
    side = np.zeros(len(points), dtype=np.int64)
    front, upper = _angles(counts)
    nose = _arc(np.concatenate([-upper[::-1], front[1:-1], upper]), 0.0)
    behind = _xi(counts)
    profile = np.concatenate([nose, *(np.stack([behind, sign * half_thickness(behind)], axis=1) for sign in (1, -1))])
    where = {tuple(point) for point in np.round(profile, 9) + 0.0}
    on = np.array([tuple(point) in where for point in np.round(points, 9) + 0.0])
    side[on] = np.sign(eta[on]).astype(np.int64)
    side[on & (np.abs(eta) < 1e-9) & (xi < NOSE)] = 2
    return side
