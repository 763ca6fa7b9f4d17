"""The state of integration points at one time, wherever it comes from, and the part of it that other points need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from romlib.errors import InputError
from romlib.identity.compare import unlike
from romlib.identity.contents import material_content
from romlib.laws.points import MaterialGroup, MaterialPoints
from romlib.mesh.ids import IdIndex
from romlib.model import Material
from romlib.snapshots.error_bounds import BoundsSoFar

_SAME_PLACE = 1e-6  # of the size of the body: coordinates of the same point, also from single precision
_SAME_AXES = 1e-6  # of components of unit vectors
_REMEDY = "start from a state of the same mesh: another one cannot be carried over"


@dataclass(eq=False)
class NodeState:
    """ids : (n_node,). displacement : (n_node, d). increment : (n_node, d), the last one, or None."""

    ids: np.ndarray
    displacement: np.ndarray
    increment: np.ndarray | None = None


class Block(Protocol):
    """Integration points of a piece, or those that a ROM selected; arrays as in `StateBlock`."""

    cells: np.ndarray
    numbers: np.ndarray
    coordinates: np.ndarray
    strain: np.ndarray
    stress: np.ndarray
    temperature: np.ndarray | None
    origin: np.ndarray | None
    strain_free: np.ndarray | None
    nodes: NodeState | None
    orientation: np.ndarray | None

    def state_of(self, group: MaterialGroup, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """State (len(rows), n_state) of the law of a material at these points, which are those of the group at places.
        """


@dataclass(eq=False)
class StateBlock:
    """Points with the states of their laws as arrays.

    cells, numbers : (n_point,), ids of the cells and numbers of the points in them. coordinates : (n_point, 3).
    material_index : (n_point,), position in `material_names`. strain, stress : (n_point, 6), Kelvin-Mandel.
    states : one (points of the material, n_state) a material. temperature, origin, strain_free : (n_point,) or None;
    now, at the time of the virgin state, and free of strain. nodes : of the same piece, where they are known.
    orientation : (n_point, 3, 3), the material axes along which laws have their states; None without, or not known.
    """

    piece: int
    cells: np.ndarray
    numbers: np.ndarray
    coordinates: np.ndarray
    material_index: np.ndarray
    material_names: tuple[str, ...]
    strain: np.ndarray
    stress: np.ndarray
    states: list[np.ndarray]
    temperature: np.ndarray | None = None
    origin: np.ndarray | None = None
    strain_free: np.ndarray | None = None
    nodes: NodeState | None = None
    orientation: np.ndarray | None = None

    def state_of(self, group: MaterialGroup, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """State of the law of a material at these points.

        Raises
        ------
        InputError : the points have another material, or their law another number of internal variables.
        """
        m = self.material_names.index(group.name) if group.name in self.material_names else -1
        other = self.material_index[rows] != m
        if other.any():
            row = rows[np.flatnonzero(other)[0]]
            raise InputError(
                "the state has another material", place=f"cell {self.cells[row]}", expected=group.name,
                found=self.material_names[self.material_index[row]], remedy=_REMEDY)
        if self.states[m].shape[1] != group.law.n_state:
            raise InputError("the state has other internal variables than the law", place=f"material '{group.name}'",
                             expected=f"{group.law.n_state} numbers a point", found=self.states[m].shape[1])
        place = np.cumsum(self.material_index == m) - 1
        return self.states[m][place[rows]]


@dataclass(eq=False)
class SavedState:
    """A state that a run may begin with.

    time, initial_time : of the state, and of the virgin state where its history began. what : in words, for messages,
    such as the name of a file. materials : law and parameters by name, as `romlib.identity.contents.material_content`
    gives them; None where the source does not say. blocks : may be read one at a time.
    rom : the ROM of the run, None of a full-order one. run : arrays by which the run goes on as if it had not stopped.
    reference_force, increment : see `romlib.online.run_state.RunState`. names : of the loads that the arrays of `run`
    follow. bounds : what the bounds of the errors of a ROM's run go on from.
    """

    time: float
    initial_time: float
    what: str
    materials: Mapping[str, Any] | None
    blocks: Iterable[Block]
    rom: str | None = None
    run: dict[str, np.ndarray] = field(default_factory=dict)
    reference_force: float = 0.0
    increment: float = np.inf
    names: tuple[str, ...] = ()
    bounds: BoundsSoFar | None = None


def refuse_other_materials(saved: SavedState, materials: Mapping[str, Material]) -> None:
    """InputError where a law or a parameter of the state's materials is another one in the run."""
    for name, content in (saved.materials or {}).items():
        if name not in materials:
            raise InputError("the state has a material that the run lacks", file=saved.what, place=f"materials.{name}",
                             expected=", ".join(materials), found=name)
        differences = unlike(material_content(materials[name]), content, False)
        for key, here, there in differences[:1]:
            raise InputError("the state comes from another material", file=saved.what, expected=here, found=there,
                             place=f"materials.{name}, {key}", remedy="start from a run with the same materials")


@dataclass(eq=False)
class PointValues:
    """What `select` finds; arrays as in `StateBlock`."""

    strain: np.ndarray
    stress: np.ndarray
    states: list[np.ndarray]
    temperature: np.ndarray | None
    origin: np.ndarray | None


def select(saved: SavedState, points: MaterialPoints) -> PointValues:
    """The state at given points, by cell id and number of the point.

    Raises
    ------
    InputError : a point that the state does not have, or has elsewhere, with another material or law, or free of strain
        at another temperature.
    """
    n_ip = points.n_ip
    out = PointValues(np.empty((n_ip, 6)), np.empty((n_ip, 6)),
                      [np.empty((group.n_ip, group.law.n_state)) for group in points.groups], None, None)
    found = np.zeros(n_ip, dtype=bool)
    for block in saved.blocks:
        rows = _rows(block, points.cells, points.numbers)
        here = np.flatnonzero((rows >= 0) & ~found)
        if not len(here):
            continue
        _refuse_elsewhere(saved, block, points, rows[here], here)
        found[here] = True
        out.strain[here], out.stress[here] = block.strain[rows[here]], block.stress[rows[here]]
        for name in ("temperature", "origin"):
            values = getattr(block, name)
            if values is not None:
                if getattr(out, name) is None:
                    setattr(out, name, np.full(n_ip, np.nan))
                getattr(out, name)[here] = values[rows[here]]
        for m, group in enumerate(points.groups):
            mine = np.flatnonzero(points.material_index == m)
            there = (rows[mine] >= 0) & np.isin(mine, here)
            if there.any():
                out.states[m][there] = block.state_of(group, rows[mine][there], np.flatnonzero(there))
    if not found.all():
        k = int(np.flatnonzero(~found)[0])
        raise InputError(
            f"the state lacks {int((~found).sum())} of {n_ip} integration points", file=saved.what,
            place=f"cell {points.cells[k]}, integration point {points.numbers[k]}", remedy=_REMEDY)
    return out


def _rows(block: Block, cells: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Row of the block for each point, -1 where it has none."""
    index = IdIndex(np.unique(block.cells))
    stride = int(max(np.max(block.numbers, initial=0), np.max(numbers, initial=0))) + 1
    cell = index.find(cells)  # among those of the block
    keys = index.find(block.cells) * stride + block.numbers
    return IdIndex(keys).find(np.where(cell < 0, -1, cell * stride + numbers))


def _refuse_elsewhere(
    saved: SavedState, block: Block, points: MaterialPoints, rows: np.ndarray, here: np.ndarray
) -> None:
    size = float(np.ptp(points.coordinates, axis=0).max()) or 1.0
    away = np.abs(block.coordinates[rows] - points.coordinates[here]).max(axis=1)
    k = int(np.argmax(away))
    if away[k] > _SAME_PLACE * size:
        raise InputError(
            "a point of the state is elsewhere in this mesh", file=saved.what,
            place=f"cell {points.cells[here[k]]}, integration point {points.numbers[here[k]]}",
            expected=points.coordinates[here[k]], found=block.coordinates[rows[k]], remedy=_REMEDY)
    if block.orientation is not None and points.orientation is not None:
        turned = np.abs(block.orientation[rows] - points.orientation[here]).max(axis=(1, 2))
        k = int(np.argmax(turned))
        if turned[k] > _SAME_AXES:
            raise InputError(
                "a point of the state has other material axes", file=saved.what,
                place=f"cell {points.cells[here[k]]}, integration point {points.numbers[here[k]]}",
                expected=points.orientation[here[k]].tolist(), found=block.orientation[rows[k]].tolist(),
                remedy="start from a run with the same orientation of its materials")
    mine = points.strain_free_temperature
    if block.strain_free is None or mine is None:
        return
    apart = np.abs(block.strain_free[rows] - mine[here])
    k = int(np.argmax(apart))
    if apart[k] > 1e-6 * max(1.0, abs(mine[here[k]])):
        raise InputError(
            "the body of the state is free of strain at another temperature", file=saved.what,
            place=f"cell {points.cells[here[k]]}, integration point {points.numbers[here[k]]}",
            expected=mine[here[k]], found=block.strain_free[rows[k]],
            remedy="state the same initial_temperature for both runs")


def select_nodes(saved: SavedState, ids: np.ndarray, dimension: int = 3) -> tuple[np.ndarray, np.ndarray | None]:
    """Displacement (n, dimension) of nodes by id, and their last increment where the state has it.

    Raises
    ------
    InputError : a node that the state does not have; a state of selected points, which has none; one of another mesh.
    """
    displacement, increment = np.zeros((len(ids), dimension)), np.zeros((len(ids), dimension))
    found, whole = np.zeros(len(ids), dtype=bool), True
    for block in saved.blocks:
        if block.nodes is None:
            raise InputError("the state has no displacement of the nodes", file=saved.what, found="a state of a ROM",
                             remedy="start from a state or a snapshots file of a full-order run")
        if block.nodes.displacement.shape[1] != dimension:
            raise InputError("the state is of a mesh of another dimension", file=saved.what, expected=dimension,
                             found=block.nodes.displacement.shape[1], remedy=_REMEDY)
        place = IdIndex(block.nodes.ids).find(ids)
        there = place >= 0
        displacement[there] = block.nodes.displacement[place[there]]
        if block.nodes.increment is None:
            whole = False
        else:
            increment[there] = block.nodes.increment[place[there]]
        found |= there
    if not found.all():
        raise InputError(f"the state lacks {int((~found).sum())} of {len(ids)} nodes", file=saved.what,
                         place=f"node {ids[np.flatnonzero(~found)[0]]}", remedy=_REMEDY)
    return displacement, increment if whole else None
