"""Material points: all integration points of a piece, or the selected points of a ROM, each with its law."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from romlib.errors import InputError, LawError
from romlib.laws.law import NO_POINTS, Increment, Law, LawResult
from romlib.laws.registry import build_law
from romlib.laws.rotation import along_axes, from_axes, tangent_from_axes
from romlib.laws.state import PointState
from romlib.laws.thermal import Expansion
from romlib.model.material import Material, ThermalExpansion
from romlib.words import unknown


@dataclass(eq=False, slots=True)
class PointsResult:
    """Like `LawResult`, over all points; `state` is the one at the end of the increment."""

    state: PointState
    tangent: np.ndarray | None
    failed_points: np.ndarray = field(default_factory=lambda: NO_POINTS)
    dt_factor: float = 1.0
    message: str = ""

    @property
    def ok(self) -> bool:
        """True when every point was integrated."""
        return len(self.failed_points) == 0

    def worst(self, before: PointState) -> tuple[int, float]:
        """The point to name where there is no equilibrium, and how bad it is: one that failed (infinite), else the one
        whose stress changed most since `before`."""
        if len(self.failed_points):
            return int(self.failed_points[0]), np.inf
        change = np.linalg.norm(self.state.stress - before.stress, axis=1)
        change = np.where(np.isfinite(change), change, np.finfo(float).max)
        return int(np.argmax(change)), float(change.max())


@dataclass(frozen=True)
class MaterialGroup:
    """The points of one material; `selection` picks them from arrays over all points (a slice where adjacent).

    orientation : (n_ip, 3, 3), rows are the axes along which the law has its strain, stress and state; None where these
    are of the global frame, as they always are for a law that is isotropic.
    """

    name: str
    law: Law
    selection: slice | np.ndarray
    n_ip: int
    cells: np.ndarray
    numbers: np.ndarray
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

    def integrate(
        self, strain0: np.ndarray, strain: np.ndarray, stress0: np.ndarray, temperature0: np.ndarray | None,
        temperature: np.ndarray | None, time0: float, time: float, state0: np.ndarray, tangent: bool,
    ) -> LawResult:
        """The law on the points of the group, from their values at the start (0) to total strain at the end.

        Strain, stress and tangent are of the global frame, the state is the law's own, along the material axes.
        """
        strain0, strain = self.mechanical_strain(strain0, temperature0), self.mechanical_strain(strain, temperature)
        axes = self.orientation
        if axes is not None:
            strain0, strain, stress0 = (along_axes(one, axes) for one in (strain0, strain, stress0))
        result = self.law.integrate(Increment(
            strain0, strain, stress0, temperature0, temperature, time0, time - time0, self.cells, self.numbers,
            self.coordinates, axes), state0, tangent)
        if axes is not None:
            result.stress = from_axes(result.stress, axes)
            if result.tangent is not None:
                result.tangent = tangent_from_axes(result.tangent, axes)
        return result

    def in_global_frame(self, name: str, values: np.ndarray) -> np.ndarray:
        """Values (..., n_ip, n_comp) of a state variable as results have them: a tensor in the global frame.

        What the law does not declare a tensor, such as a UMAT's list of STATEV, stays as the law has it.
        """
        turns = self.orientation is not None and name in self.law.tensor_variables
        return from_axes(values, self.orientation) if turns else values  # type: ignore[arg-type]

    def as_in_state(self, name: str, values: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The inverse of `in_global_frame` at some points of the group: values (n, n_comp), rows (n,) of the group."""
        turns = self.orientation is not None and name in self.law.tensor_variables
        return along_axes(values, self.orientation[rows]) if turns else values  # type: ignore[index]


class MaterialPoints:
    """Integration points with their laws and thermal expansion; data in, data out, no state of its own.

    cells, numbers : (n_ip,), id of the cell, and number of the point in its cell, from 1.
    material_names : all materials of the model in order; `groups` is parallel to it (a group may have no points).
    material_index : (n_ip,), position in `material_names`.
    strain_free_temperature : (n_ip,), T_0 before a material's own value replaces it, or None.
    orientation : (n_ip, 3, 3), rows are the material axes (those of the coordinates for materials without), or None.
    """

    def __init__(
        self, materials: Mapping[str, Material], laws: Sequence[Law], material_index: np.ndarray, cells: np.ndarray,
        numbers: np.ndarray, coordinates: np.ndarray, strain_free_temperature: np.ndarray | None,
        orientation: np.ndarray | None,
    ) -> None:
        self.materials, self.laws = dict(materials), tuple(laws)
        self.material_names = tuple(self.materials)
        self.material_index = np.asarray(material_index, dtype=np.int64)
        self.cells, self.numbers = np.asarray(cells), np.asarray(numbers)
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
        cls, materials: Mapping[str, Material], material_index: np.ndarray, cells: np.ndarray, numbers: np.ndarray,
        coordinates: np.ndarray, strain_free_temperature: np.ndarray | None = None,
        orientation: np.ndarray | None = None,
    ) -> MaterialPoints:
        """Points given by arrays.

        Parameters
        ----------
        material_index : (n,), position in `materials`. cells, numbers : (n,), cell ids and point numbers for messages.
        coordinates : (n, 3). orientation : (n, 3, 3) or None.
        strain_free_temperature : (n,) or None; a material's own strain-free temperature takes precedence over it.

        Raises
        ------
        LawError : a law is unknown or its parameters are wrong.
        InputError : points without material, naming their cells.
        """
        laws = [build_law(material) for material in materials.values()]
        return cls(materials, laws, material_index, cells, numbers, coordinates, strain_free_temperature, orientation)

    def with_materials(self, materials: Mapping[str, Material]) -> MaterialPoints:
        """The same points with other parameters of their materials; raises what `from_arrays` does."""
        return self if materials == self.materials else self.from_arrays(
            materials, self.material_index, self.cells, self.numbers, self.coordinates, self.strain_free_temperature,
            self.orientation)

    def subset(self, rows: slice | np.ndarray) -> MaterialPoints:
        """Some of the points, with the same laws. rows : (n,), positions that increase, or a slice."""
        return MaterialPoints(
            self.materials, self.laws, self.material_index[rows], self.cells[rows], self.numbers[rows],
            self.coordinates[rows], _at(self.strain_free_temperature, rows), _at(self.orientation, rows))

    def _refuse_points_without_material(self) -> None:
        bad = (self.material_index < 0) | (self.material_index >= len(self.material_names))
        if bad.any():
            raise cells_error("some cells have no material", np.unique(self.cells[bad]))

    def _group(self, m: int) -> MaterialGroup:
        ips = np.flatnonzero(self.material_index == m)
        first, last = (int(ips[0]), int(ips[-1]) + 1) if len(ips) else (0, 0)
        selection = slice(first, last) if last - first == len(ips) else ips
        name = self.material_names[m]
        thermal, expansion = self.materials[name].thermal_expansion, None
        axes = None
        if self.materials[name].orientation is not None and len(ips):
            if self.orientation is None:
                raise InputError(f"the axes of the material '{name}' at its points are not known",
                                 place=f"materials.{name}.orientation", expected="axes (n_ip, 3, 3)", found="none")
            axes = np.ascontiguousarray(self.orientation[selection], dtype=float)
        if thermal is not None:
            free = thermal.strain_free_temperature
            if free is not None:
                expansion = Expansion(thermal, free, axes)
            elif self.strain_free_temperature is not None:
                expansion = Expansion(thermal, self.strain_free_temperature[selection], axes)
        return MaterialGroup(
            name, self.laws[m], selection, len(ips), self.cells[selection], self.numbers[selection],
            self.coordinates[selection], None if self.laws[m].isotropic else axes, thermal, expansion)

    def virgin(self, time: float, temperature: np.ndarray | None = None) -> PointState:
        """The undeformed, stress-free state at `temperature` (n_ip,)."""
        return PointState(time, np.zeros((self.n_ip, 6)), np.zeros((self.n_ip, 6)),
                          [group.law.initial_state(group.n_ip) for group in self.groups], temperature)

    def virgin_tangent(self, time: float, temperature: np.ndarray | None = None) -> np.ndarray:
        """Tangent (n_ip, 6, 6) of an increment without mechanical strain, from the virgin state at `temperature`.

        Raises
        ------
        LawError : a law fails there, as a UMAT that divides by the strain increment does.
        """
        start = self.virgin(time, temperature)
        start.strain = -self.mechanical_strain(start.strain, temperature)  # the thermal strain
        result = self.integrate(start, time + 1.0, start.strain, temperature)
        if not result.ok:
            worst = int(result.failed_points[0])
            raise LawError(
                f"a law fails in an increment without strain: {result.message}",
                place=f"cell {self.cells[worst]}, integration point {self.numbers[worst]}",
                expected="no stress, and the elastic tangent", remedy="correct the law, or its parameters")
        assert result.tangent is not None
        return result.tangent

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
        self, start: PointState, time: float, strain: np.ndarray, temperature: np.ndarray | None, tangent: bool = True
    ) -> PointsResult:
        """State and tangent at the end of an increment; inputs are not modified.

        Parameters
        ----------
        start : the state that it begins with. time : of its end. strain : (n_ip, 6), total, at its end.
        temperature : (n_ip,) at its end, or None (then there is no thermal strain).
        """
        only = self._only
        if only is not None:
            result = self.groups[only].integrate(start.strain, strain, start.stress, start.temperature, temperature,
                                                 start.time, time, start.states[only], tangent)
            states = list(start.states)
            states[only] = result.state
            return PointsResult(PointState(time, strain, result.stress, states, temperature),
                                result.tangent, result.failed_points, result.dt_factor, result.message)
        end = PointState(time, strain, np.empty((self.n_ip, 6)), list(start.states), temperature)
        out = PointsResult(end, np.empty((self.n_ip, 6, 6)) if tangent else None)
        failed: list[np.ndarray] = []
        for m, group in enumerate(self.groups):
            if group.n_ip == 0:
                continue
            pick = group.selection
            result = group.integrate(
                start.strain[pick], strain[pick], start.stress[pick], _at(start.temperature, pick),
                _at(temperature, pick), start.time, time, start.states[m], tangent)
            end.stress[pick], end.states[m] = result.stress, result.state
            if out.tangent is not None:
                out.tangent[pick] = result.tangent
            if not result.ok:
                failed.append(np.arange(self.n_ip)[pick][result.failed_points])
                out.dt_factor = min(out.dt_factor, result.dt_factor)
                out.message = "; ".join(filter(None, (out.message, f"{group.name}: {result.message}")))
        if failed:
            out.failed_points = np.sort(np.concatenate(failed))
        return out

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
        """A state variable at all points, (n_ip, n_comp), tensors in the global frame; NaN where the material lacks it.

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
                out[group.selection] = group.in_global_frame(name, state[:, group.law.state_variables[name]])
        return out


def _at(values: np.ndarray | None, selection: slice | np.ndarray) -> np.ndarray | None:
    return None if values is None else values[selection]


def cells_error(what: str, cells: np.ndarray) -> InputError:
    """The error of cells (n,), by id, whose material is not what it must be."""
    shown = ", ".join(str(cell) for cell in cells[:10]) + (f" and {len(cells) - 10} more" if len(cells) > 10 else "")
    return InputError(
        what, place=f"cells {shown}", remedy="give each cell exactly one material (key `cells` of the materials)")
