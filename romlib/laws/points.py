"""Material points: all integration points of a piece, or the selected points of a ROM, each with its law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from romlib.errors import InputError
from romlib.laws.law import NO_POINTS, Increment, Law
from romlib.laws.registry import build_law
from romlib.laws.thermal import Expansion
from romlib.model.load import ArrayReference
from romlib.model.material import Material, ThermalExpansion
from romlib.model.model import Model
from romlib.words import unknown


class _Operator(Protocol):
    """What `from_mesh` needs of a strain operator."""

    @property
    def cell(self) -> np.ndarray: ...

    @property
    def cell_ids(self) -> np.ndarray: ...

    @property
    def point_numbers(self) -> np.ndarray: ...

    @property
    def coordinates(self) -> np.ndarray: ...

    def interpolate(self, values: np.ndarray) -> np.ndarray: ...


class _Mesh(Protocol):
    """What `from_mesh` needs of a mesh."""

    @property
    def cell_tags(self) -> dict[str, np.ndarray]: ...

    @property
    def node_arrays(self) -> dict[str, np.ndarray]: ...

    @property
    def n_cell(self) -> int: ...

    @property
    def n_node(self) -> int: ...

    @property
    def cell_ids(self) -> np.ndarray: ...


@dataclass(slots=True)
class PointsResult:
    """Like `LawResult`, over all points; `states` is one array a material, in the order of `material_names`."""

    stress: np.ndarray
    tangent: np.ndarray | None
    states: list[np.ndarray]
    failed_points: np.ndarray = field(default_factory=lambda: NO_POINTS)
    dt_factor: float = 1.0
    message: str = ""

    @property
    def ok(self) -> bool:
        """True when every point was integrated."""
        return len(self.failed_points) == 0


@dataclass(frozen=True)
class MaterialGroup:
    """The points of one material; `selection` picks them from arrays over all points (a slice where adjacent)."""

    name: str
    law: Law
    selection: slice | np.ndarray
    n_ip: int
    cells: np.ndarray
    points: np.ndarray
    coordinates: np.ndarray
    orientation: np.ndarray | None
    thermal_expansion: ThermalExpansion | None
    expansion: Expansion | None

    def mechanical_strain(self, strain: np.ndarray, temperature: np.ndarray | None) -> np.ndarray:
        """Total strain (n_ip, 6) of the group less its thermal strain; without temperature there is none."""
        if self.thermal_expansion is None or temperature is None:
            return strain
        if self.expansion is None:
            raise InputError(
                f"the material '{self.name}' expands with temperature, and the temperature at which it is free of "
                "strain is not known", place=f"materials.{self.name}.thermal_expansion",
                remedy="give thermal_expansion.strain_free_temperature, or the initial temperature of the model")
        return self.expansion.mechanical(strain, temperature)


class MaterialPoints:
    """Integration points with their laws, thermal expansion and states; data in, data out, no state of its own.

    material_names : all materials of the model in order; `groups` is parallel to it (a group may have no points).
    material_index : (n_ip,), position in `material_names`.
    strain_free_temperature : (n_ip,), T_0 before a material's own value replaces it, or None.
    """

    def __init__(
        self, materials: Mapping[str, Material], laws: Sequence[Law], material_index: np.ndarray, cells: np.ndarray,
        points: np.ndarray, coordinates: np.ndarray, strain_free_temperature: np.ndarray | None,
        orientation: np.ndarray | None,
    ) -> None:
        self.materials, self.laws = dict(materials), tuple(laws)
        self.material_names = tuple(self.materials)
        self.material_index = np.asarray(material_index, dtype=np.int64)
        self.cells, self.points = np.asarray(cells), np.asarray(points)
        self.coordinates = np.ascontiguousarray(coordinates, dtype=float)
        self.orientation = orientation
        self.strain_free_temperature = strain_free_temperature
        self.n_ip = len(self.material_index)
        self._refuse_points_without_material()
        self.groups = tuple(self._group(m) for m in range(len(self.material_names)))
        full = [m for m, group in enumerate(self.groups) if group.n_ip]
        self._only = full[0] if len(full) == 1 else None

    @classmethod
    def from_arrays(
        cls, materials: Mapping[str, Material], material_index: np.ndarray, cells: np.ndarray, points: np.ndarray,
        coordinates: np.ndarray, strain_free_temperature: np.ndarray | None = None,
        orientation: np.ndarray | None = None,
    ) -> MaterialPoints:
        """Points given by arrays.

        Parameters
        ----------
        material_index : (n,), position in `materials`. cells, points : (n,), ids and point numbers for messages.
        coordinates : (n, 3). orientation : (n, 3, 3) or None.
        strain_free_temperature : (n,) or None; a material's own strain-free temperature goes before it.

        Raises
        ------
        LawError : a law is unknown or its parameters are wrong.
        InputError : points without material, naming their cells.
        """
        laws = [build_law(material) for material in materials.values()]
        return cls(materials, laws, material_index, cells, points, coordinates, strain_free_temperature, orientation)

    @classmethod
    def from_mesh(
        cls, model: Model, mesh: _Mesh, operator: _Operator, initial_temperature: np.ndarray | None = None,
    ) -> MaterialPoints:
        """All integration points of a piece.

        Parameters
        ----------
        initial_temperature : (n_node,), the strain-free temperature at the nodes, such as
            `romlib.loads.temperature.initial_temperature` gives it; without it, that of the model, where it has one.

        Raises
        ------
        InputError : a tag is missing, or cells have no material or more than one.
        """
        cell_material = _material_of_cells(model.materials, mesh)
        if initial_temperature is None:
            initial_temperature = _initial_temperature_of(model, mesh)
        free = None
        if initial_temperature is not None:
            free = operator.interpolate(np.asarray(initial_temperature, dtype=float))
        return cls.from_arrays(
            model.materials, cell_material[operator.cell], operator.cell_ids, operator.point_numbers,
            operator.coordinates, free)

    def _refuse_points_without_material(self) -> None:
        bad = (self.material_index < 0) | (self.material_index >= len(self.material_names))
        if bad.any():
            raise _cells_error("some cells have no material", np.unique(self.cells[bad]))

    def _group(self, m: int) -> MaterialGroup:
        ips = np.flatnonzero(self.material_index == m)
        first, last = (int(ips[0]), int(ips[-1]) + 1) if len(ips) else (0, 0)
        selection = slice(first, last) if last - first == len(ips) else ips
        name = self.material_names[m]
        thermal = self.materials[name].thermal_expansion
        expansion = None
        if thermal is not None:
            free = thermal.strain_free_temperature
            if free is not None:
                expansion = Expansion(thermal, free)
            elif self.strain_free_temperature is not None:
                expansion = Expansion(thermal, self.strain_free_temperature[selection])
        return MaterialGroup(
            name, self.laws[m], selection, len(ips), self.cells[selection], self.points[selection],
            self.coordinates[selection], None if self.orientation is None else self.orientation[selection],
            thermal, expansion)

    def subset(self, indices: np.ndarray) -> MaterialPoints:
        """The points at these positions, in this order, with the same materials and laws."""
        indices = np.asarray(indices)
        free, orientation = self.strain_free_temperature, self.orientation
        return MaterialPoints(
            self.materials, self.laws, self.material_index[indices], self.cells[indices], self.points[indices],
            self.coordinates[indices], None if free is None else free[indices],
            None if orientation is None else orientation[indices])

    def initial_state(self) -> list[np.ndarray]:
        """State of the virgin material: (points of the material, n_state) for each material."""
        return [group.law.initial_state(group.n_ip) for group in self.groups]

    def mechanical_strain(self, strain: np.ndarray, temperature: np.ndarray | None) -> np.ndarray:
        """Total strain (n_ip, 6) less the thermal strain at `temperature` (n_ip,)."""
        if self._only is not None:
            return self.groups[self._only].mechanical_strain(strain, temperature)
        out = np.empty((self.n_ip, 6))
        for group in self.groups:
            if group.n_ip:
                pick = group.selection
                out[pick] = group.mechanical_strain(strain[pick], _at(temperature, pick))
        return out

    def integrate(
        self, strain0: np.ndarray, strain1: np.ndarray, stress0: np.ndarray, states: Sequence[np.ndarray],
        temperature0: np.ndarray | None, temperature1: np.ndarray | None, time: float, dt: float, tangent: bool = True,
    ) -> PointsResult:
        """Stress, tangent and states at the end of an increment; inputs are not modified.

        Parameters
        ----------
        strain0, strain1, stress0 : (n_ip, 6), total strains at both ends and stress at the start.
        states : one array a material, as `initial_state` or an earlier result gives them.
        temperature0, temperature1 : (n_ip,) or None (then there is no thermal strain).
        time, dt : time at the start, length of the increment.
        """
        if self._only is not None:
            group = self.groups[self._only]
            result = group.law.integrate(Increment(
                group.mechanical_strain(strain0, temperature0), group.mechanical_strain(strain1, temperature1), stress0,
                temperature0, temperature1, time, dt, group.cells, group.points, group.coordinates, group.orientation,
            ), states[self._only], tangent)
            new = list(states)
            new[self._only] = result.state
            return PointsResult(
                result.stress, result.tangent, new, result.failed_points, result.dt_factor, result.message)
        return self._integrate_groups(strain0, strain1, stress0, states, temperature0, temperature1, time, dt, tangent)

    def _integrate_groups(
        self, strain0: np.ndarray, strain1: np.ndarray, stress0: np.ndarray, states: Sequence[np.ndarray],
        temperature0: np.ndarray | None, temperature1: np.ndarray | None, time: float, dt: float, tangent: bool,
    ) -> PointsResult:
        """`integrate` for several materials: each law on its own points."""
        out = PointsResult(
            np.empty((self.n_ip, 6)), np.empty((self.n_ip, 6, 6)) if tangent else None, list(states))
        failed: list[np.ndarray] = []
        for m, group in enumerate(self.groups):
            if group.n_ip == 0:
                continue
            pick = group.selection
            t0, t1 = _at(temperature0, pick), _at(temperature1, pick)
            result = group.law.integrate(Increment(
                group.mechanical_strain(strain0[pick], t0), group.mechanical_strain(strain1[pick], t1), stress0[pick],
                t0, t1, time, dt, group.cells, group.points, group.coordinates, group.orientation), states[m], tangent)
            out.stress[pick], out.states[m] = result.stress, result.state
            if out.tangent is not None:
                out.tangent[pick] = result.tangent
            if not result.ok:
                failed.append(self._positions(group)[result.failed_points])
                out.dt_factor = min(out.dt_factor, result.dt_factor)
                out.message = "; ".join(filter(None, (out.message, f"{group.name}: {result.message}")))
        if failed:
            out.failed_points = np.sort(np.concatenate(failed))
        return out

    def _positions(self, group: MaterialGroup) -> np.ndarray:
        return np.arange(self.n_ip)[group.selection]

    def variables(self) -> dict[str, int]:
        """State variables of the laws of all materials, with their numbers of components."""
        out: dict[str, int] = {}
        for group in self.groups:
            for name, columns in group.law.state_variables.items():
                width = columns.stop - columns.start
                if out.setdefault(name, width) != width:
                    raise InputError(
                        f"the state variable '{name}' has different numbers of components in different laws",
                        place=f"material {group.name}", expected=out[name], found=width)
        return out

    def tensor_variables(self) -> set[str]:
        """Those of `variables` that are symmetric tensors (Kelvin-Mandel)."""
        return {name for group in self.groups for name in group.law.tensor_variables}

    def mask(self, name: str) -> np.ndarray:
        """(n_ip,) bool: the points whose law has this state variable."""
        has = np.array([name in group.law.state_variables for group in self.groups], dtype=bool)
        return has[self.material_index]

    def variable(self, states: Sequence[np.ndarray], name: str) -> np.ndarray:
        """A state variable at all points, (n_ip, n_comp); NaN where the material lacks it.

        Raises
        ------
        InputError : no law here has a variable of this name.
        """
        known = self.variables()
        if name not in known:
            raise InputError(
                f"no law here has a state variable '{name}'", **unknown(name, known))
        out = np.full((self.n_ip, known[name]), np.nan)
        for group, state in zip(self.groups, states):
            if name in group.law.state_variables:
                out[group.selection] = state[:, group.law.state_variables[name]]
        return out


def _at(values: np.ndarray | None, selection: slice | np.ndarray) -> np.ndarray | None:
    return None if values is None else values[selection]


def _cells_error(what: str, cells: np.ndarray) -> InputError:
    shown = ", ".join(str(cell) for cell in cells[:10]) + (f" and {len(cells) - 10} more" if len(cells) > 10 else "")
    return InputError(
        what, place=f"cells {shown}", remedy="give each cell exactly one material (key `cells` of the materials)")


def _material_of_cells(materials: Mapping[str, Material], mesh: _Mesh) -> np.ndarray:
    """Position in `materials` for each cell, -1 where there is none."""
    out = np.full(mesh.n_cell, -1, dtype=np.int64)
    for m, (name, material) in enumerate(materials.items()):
        if material.cells in mesh.cell_tags:
            cells = np.asarray(mesh.cell_tags[material.cells])
        elif material.cells == "all":
            cells = np.arange(mesh.n_cell)
        else:
            raise InputError(
                f"the material '{name}' is on cells that the mesh does not know", place=f"materials.{name}.cells",
                **unknown(material.cells, ["all", *mesh.cell_tags]))
        twice = cells[(out[cells] >= 0)]
        if len(twice):
            other = list(materials)[out[twice[0]]]
            raise _cells_error(f"some cells have two materials, '{other}' and '{name}'", mesh.cell_ids[twice])
        out[cells] = m
    return out


def _initial_temperature_of(model: Model, mesh: _Mesh) -> np.ndarray | None:
    initial = model.initial_temperature
    if isinstance(initial, ArrayReference):
        if initial.array not in mesh.node_arrays:
            raise InputError(
                "the initial temperature is a node array that the mesh lacks", place="initial_temperature",
                **unknown(initial.array, mesh.node_arrays))
        return mesh.node_arrays[initial.array]
    return None if initial is None else np.full(mesh.n_node, float(initial))
