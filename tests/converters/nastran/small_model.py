"""A small Nastran computation of known displacements: hexahedra, a wedge, tetrahedra, and points in other frames."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from op2_writer import CHEXA, CORD2C, CORD2R, CORD2S, CPENTA, CTETRA, GRID, PSOLID, Op2Writer

POINTS = np.array([2.0, 1.0, 0.5]) + np.array([
    [0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1],
    [0, 0, 2], [1, 0, 2], [1, 1, 2], [0, 1, 2], [2, 0.5, 0], [2, 0.5, 1], [0.5, 0.5, 3]])
IDS = 10 * np.arange(len(POINTS)) + 7
HEXES = IDS[[[0, 1, 2, 3, 4, 5, 6, 7], [4, 5, 6, 7, 8, 9, 10, 11]]]
WEDGES = IDS[[[1, 12, 2, 5, 13, 6]]]
TETS = IDS[[[8, 9, 10, 14], [8, 10, 11, 14]]]
# Systems: 1 turned about z and moved, 2 cylindrical in 1, 3 spherical in 2.
SYSTEMS = {1: ("R", 0, [[1.0, 2.0, 0.0], [1.0, 2.0, 1.0], [2.0, 3.0, 0.0]]),
           2: ("C", 1, [[0.5, -3.0, 0.25], [0.5, -3.0, 2.0], [1.5, -3.0, 0.5]]),
           3: ("S", 2, [[1.0, 30.0, 0.5], [1.0, 30.0, 2.5], [2.0, 60.0, 0.5]])}
CD = np.array([0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 2, 3, 0])


def field(points: np.ndarray, time: float) -> np.ndarray:
    """The displacement (n, 3), basic, at a time."""
    x, y, z = points.T
    return 1e-2 * time * np.column_stack([x + 0.5 * y, y * z, -0.3 * z + 0.1 * x * y])


def local_axes(cd: int, point: np.ndarray) -> np.ndarray:
    """Axes (3, 3), in columns, of a system at a point, by its definition: independent of the converter."""
    if cd == 0:
        return np.eye(3)
    origin, axes = _system(cd)
    local = (point - origin) @ axes
    kind = SYSTEMS[cd][0]
    if kind == "R":
        return axes
    around = np.arctan2(local[1], local[0])
    radial = np.array([np.cos(around), np.sin(around), 0.0])
    tangent = np.array([-np.sin(around), np.cos(around), 0.0])
    up = np.array([0.0, 0.0, 1.0])
    if kind == "C":
        return axes @ np.column_stack([radial, tangent, up])
    polar = np.arctan2(np.hypot(local[0], local[1]), local[2])
    outward = np.sin(polar) * radial + np.cos(polar) * up
    down = np.cos(polar) * radial - np.sin(polar) * up
    return axes @ np.column_stack([outward, down, tangent])


def _system(number: int) -> tuple[np.ndarray, np.ndarray]:
    if number == 0:
        return np.zeros(3), np.eye(3)
    _, parent, given = SYSTEMS[number]
    a, b, c = (_place(parent, np.array(point)) for point in given)
    z = (b - a) / np.linalg.norm(b - a)
    y = np.cross(z, c - a)
    y /= np.linalg.norm(y)
    return a, np.column_stack([np.cross(y, z), y, z])


def _place(number: int, given: np.ndarray) -> np.ndarray:
    origin, axes = _system(number)
    kind = SYSTEMS[number][0] if number else "R"
    r, angle, third = given
    if kind == "C":
        given = np.array([r * np.cos(np.radians(angle)), r * np.sin(np.radians(angle)), third])
    if kind == "S":
        polar, around = np.radians(angle), np.radians(third)
        given = r * np.array([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)])
    return origin + axes @ given


def write_small(
    path: Path, times: Sequence[float] = (0.5, 1.0), *, analysis: int = 10, writer: Op2Writer | None = None,
    cd: np.ndarray = CD, geometry: bool = True, integration: tuple[int, int] = (2, 1), table: str = "OUGV1",
    subcases: Sequence[int] | None = None, leave_out: Sequence[int] = (), scalar: bool = False, code: int = 1,
    form: int = 1, heat: int = 0, scale: Sequence[float] | None = None, labels: Sequence[str] = (),
) -> Path:
    """An .op2 of the model. integration : IN and ISOP of its property. leave_out : rows of points without results."""
    writer = writer or Op2Writer()
    if geometry:
        write_geometry(writer, cd, integration)
    records = []
    kept = np.setdiff1d(np.arange(len(IDS)), leave_out)
    for k, time in enumerate(times):
        basic = field(POINTS, time if scale is None else scale[k])
        local = np.array([local_axes(one, point).T @ u for one, point, u in zip(cd, POINTS, basic)])
        values = np.column_stack([local, np.zeros_like(local)])[kept]
        ids, kinds = IDS[kept], np.ones(len(kept), int)
        if scalar:
            ids, kinds = np.append(ids, 9001), np.append(kinds, 2)
            values = np.vstack([values, [5.0, 0, 0, 0, 0, 0]])
        ident = writer.ident(analysis, time, subcase=1 if subcases is None else subcases[k], code=code, form=form,
                             heat=heat, whole=analysis in (1, 2), label=labels[k] if labels else "")
        records += [ident, writer.rows(ids, values, kinds)]
    writer.table(table, records)
    return writer.write(path)


def write_geometry(writer: Op2Writer, cd: np.ndarray, integration: tuple[int, int]) -> None:
    """GEOM1, GEOM2 and EPT of the model."""
    keys = {"R": (CORD2R, 1), "C": (CORD2C, 2), "S": (CORD2S, 3)}
    cards = [writer.card(GRID, [[int(i), 0, *map(float, x), int(c), 0, 0] for i, x, c in zip(IDS, POINTS, cd)])]
    for number, (kind, parent, points) in SYSTEMS.items():
        key, flag = keys[kind]
        cards.append(writer.card(key, [[number, flag, 2, parent, *(float(x) for point in points for x in point)]]))
    writer.table("GEOM1", cards)
    writer.table("GEOM2", [
        writer.card(CHEXA, [[k + 1, 5, *map(int, nodes), *[0] * 12] for k, nodes in enumerate(HEXES)]),
        writer.card(CPENTA, [[101, 5, *map(int, WEDGES[0]), *[0] * 9]]),
        writer.card(CTETRA, [[201 + k, 6, *map(int, nodes), *[0] * 6] for k, nodes in enumerate(TETS)])])
    writer.table("EPT", [writer.card(PSOLID, [[pid, 1, 0, integration[0], 0, integration[1], b"SMEC"]
                                              for pid in (5, 6)])])


def deck_text(cd: np.ndarray = CD, *, sol: int = 106, control: str = "", bulk: str = "", free: bool = True) -> str:
    """The deck of the model. control : of the case, bulk : more cards. free : fields by commas, else large ones."""
    lines = [f"SOL {sol}", "CEND", "TITLE = SMALL", control or "SPC = 1\nLOAD = 2\nNLPARM = 3", "BEGIN BULK"]
    for i, x, c in zip(IDS, POINTS, cd):
        if free:
            lines.append(f"GRID,{i},,{x[0]:.6f},{x[1]:.6f},{x[2]:.6f},{c}")
        else:
            lines += [f"GRID*   {i:16d}{'':16}{x[0]:16.9f}{x[1]:16.9f}", f"*       {x[2]:16.9f}{c:16d}"]
    for number, (kind, parent, points) in SYSTEMS.items():
        a, b, c = (",".join(f"{x:.4f}" for x in point) for point in points)
        lines += [f"CORD2{kind},{number},{parent},{a},{b}", f"+,{c}"]
    for k, nodes in enumerate(HEXES):
        lines += [f"CHEXA,{k + 1},5," + ",".join(map(str, nodes[:6])), "+," + ",".join(map(str, nodes[6:]))]
    lines.append("CPENTA,101,5," + ",".join(map(str, WEDGES[0])))
    lines += [f"CTETRA,{201 + k},6," + ",".join(map(str, nodes)) for k, nodes in enumerate(TETS)]
    lines += ["PSOLID,5,1,,TWO,,FULL", "PSOLID,6,1,,TWO,,FULL", "MAT1,1,200000.,,0.3,7.8-9", "NLPARM,3,2,,AUTO,,,,YES",
              "SPC1,1,123,7,27", "FORCE,2,147,0,10.,0.,0.,-1.", bulk, "ENDDATA"]
    return "\n".join(line for line in lines if line) + "\n"
