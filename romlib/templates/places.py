"""Where a mesh is probably held and loaded, guessed from names and shapes of its tags: for people to correct."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from romlib.mesh.kinematics import kinematics, padded
from romlib.mesh.mesh import Mesh
from romlib.mesh.skin import SKIN
from romlib.mesh.summary import FLAT, MeshSummary, TagSummary

_HELD = re.compile(r"sym|mirror|^cut(_|$)|fix|clamp|hold|held|support|encastre|ground|bolt|base|root|foot|bottom|^wall",
                   re.IGNORECASE)
_LOADED = re.compile(r"load|press|force|pull|push|traction|top|tip|rim|inner|hole|bore|wall|end", re.IGNORECASE)
_SYMMETRY = re.compile(r"sym|mirror|^cut(_|$)", re.IGNORECASE)
_NOT_A_PLACE = {SKIN, "surface"}  # every face of the mesh


@dataclass(frozen=True)
class Held:
    """A constraint: its name and node tag, and the components that are zero."""

    name: str
    nodes: str
    components: tuple[str, ...]


@dataclass(frozen=True)
class Plane:
    """A tag that the study has to define: nodes, or faces, on a plane that bounds the mesh. axis : of its normal."""

    name: str
    axis: int
    point: tuple[float, float, float]


@dataclass(frozen=True)
class Places:
    """held : constraints that leave no rigid motion. loaded : the face tag of a load. planes : of tags to define."""

    held: tuple[Held, ...]
    loaded: str
    planes: tuple[Plane, ...]


def guess(mesh: MeshSummary, whole: Mesh | None) -> Places:
    """Constraints by tags that are called like it, else one end of the mesh; a load on a tag that is called like it,
    else on another, else on the other end. whole : of which rigid motions are looked at; None: they are not.
    """
    faces = [tag.name for tag in mesh.tags if tag.kind == "faces" and tag.name not in _NOT_A_PLACE and tag.count]
    nodes = [tag.name for tag in mesh.tags if tag.kind == "nodes" and tag.count]
    held = [_held(mesh, mesh.tag("nodes", name)) for name in nodes if _HELD.search(name)]
    loaded = next((name for name in faces if _LOADED.search(name) and not _HELD.search(name)), None)
    planes, axes = [], tuple(kinematics(mesh.kinematics).axes)
    long = int(np.argmax(mesh.high - mesh.low))
    if not held or (whole is not None and not _is_held(whole, held)):
        flat = [name for name in nodes if len(mesh.flat_along(mesh.tag("nodes", name))) == 1 and name != loaded
                and name not in {one.nodes for one in held}] if not held else []
        if flat and whole is not None and _is_held(whole, [Held(flat[0], flat[0], axes)]):
            held = [Held(flat[0], flat[0], axes)]
        else:
            end = _end(mesh, whole)
            planes.append(end)
            held.append(Held(end.name, end.name, axes))
    loaded = loaded or next((name for name in faces if name not in {one.nodes for one in held}), None)
    if loaded is None:
        high = Plane("loaded_end", long, tuple(mesh.high.tolist()))  # type: ignore[arg-type]
        planes.append(high)
        loaded = high.name
    return Places(tuple(held), loaded, tuple(planes))


def _end(mesh: MeshSummary, whole: Mesh | None) -> Plane:
    """The end of the mesh to hold: that of the longest side, or of the first one where it leaves no rigid motion."""
    dimension = kinematics(mesh.kinematics).dimension
    longest_first = np.argsort((mesh.low - mesh.high)[:dimension])
    ends = [Plane("held_end", int(axis), tuple(corner.tolist())) for axis in longest_first
            for corner in (mesh.low, mesh.high)]  # type: ignore[arg-type]
    if whole is not None:
        for end in ends:
            if _holds(whole, np.abs(whole.points[:, end.axis] - end.point[end.axis])
                      <= FLAT * mesh.diagonal):
                return end
    return ends[0]


def _holds(mesh: Mesh, on: np.ndarray) -> bool:
    """Whether a body is held by these of its nodes, (n_node,) a mask, in all directions: they are not on one line, in
    two dimensions not at one point.
    """
    few = mesh.points[on] - mesh.points[on].mean(axis=0) if on.any() else mesh.points[:0]
    if len(few) < mesh.dimension:
        return False
    extent = np.linalg.svd(few, compute_uv=False)[mesh.dimension - 2]  # along the line, or across it
    return bool(extent > 1e-6 * float(np.ptp(mesh.points, axis=0).max()))


def _held(mesh: MeshSummary, tag: TagSummary) -> Held:
    """Of a plane of symmetry the component along its normal, by its shape, else by the end of its name; else all."""
    axes = kinematics(mesh.kinematics).axes
    if _SYMMETRY.search(tag.name):
        flat = mesh.flat_along(tag)
        if len(flat) == 1:
            return Held(tag.name, tag.name, (axes[flat[0]],))
        if tag.name[-1:].lower() in axes:
            return Held(tag.name, tag.name, (tag.name[-1].lower(),))
    return Held(tag.name, tag.name, tuple(axes))


def _is_held(mesh: Mesh, held: list[Held]) -> bool:
    """Whether no rigid motion of the whole mesh is left, as if it were one body."""
    points = padded(mesh.points)
    centre = points.mean(axis=0)
    radius = float(np.abs(points - centre).max()) or 1.0
    rows = []
    whole = [] if mesh.dimension == 3 else [(np.arange(len(points)), ("z",))]  # which do not leave their plane
    for nodes, components in [*((np.asarray(mesh.node_tags[one.nodes]), one.components) for one in held), *whole]:
        arms = (points[nodes] - centre) / radius
        for axis, name in enumerate("xyz"):
            if name in components:
                unit = np.zeros(3)
                unit[axis] = 1.0
                rows.append(np.hstack([np.broadcast_to(unit, arms.shape), np.cross(arms, unit)]))
    found = np.concatenate(rows) if rows else np.zeros((1, 6))
    values = np.linalg.eigvalsh(found.T @ found)
    return bool(values[0] > 1e-9 * max(values[-1], 1.0))


def materials_of(mesh: MeshSummary, whole: Mesh | None) -> list[str]:
    """Cell tags that share out the mesh, each cell in one of them; "all" where there are none such."""
    if whole is None or not whole.cell_tags:
        return ["all"]
    count = np.zeros(whole.n_cell, dtype=int)
    for cells in whole.cell_tags.values():
        count[np.asarray(cells)] += 1
    names = [name for name, cells in whole.cell_tags.items() if len(cells)]
    return names if len(names) > 1 and (count == 1).all() else ["all"]
