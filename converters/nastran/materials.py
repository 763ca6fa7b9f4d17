"""Materials of a Nastran deck as laws of romlib: MAT1 alone is `elastic`, with MATS1 `mises`; MAT9 and MAT11 are
`cubic` or `orthotropic` along the axes of their elements; what they cannot say is an omission.

MATS1: stress against total strain in a table whose second row is the yield point, or a slope H of stress against
plastic strain; the solver goes on with the slope of the last two rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from romlib_converters.common.axes import orientation_of
from romlib_converters.nastran.directional import DirectionalMaterial, directional_materials
from romlib_converters.nastran.numbers import given, real, whole

from romlib.model import Material, Omission, ParameterTable, ThermalExpansion
from romlib.words import plural

_FAR = 10.0  # plastic strain up to which a curve is continued
_SAME = 1e-3  # of the strain at yield: rounding of tables
_HARDENING = {1: "linear_hardening", 2: "kinematic"}


def materials_of(
    data: Mapping[str, Any], used: Sequence[int], thermal: bool, file: object,
    frames: Mapping[int, np.ndarray] | None = None,
) -> tuple[dict[str, Material], list[Omission]]:
    """Laws by name, MAT_n on the cell tag MID_n, and what they lack.

    Parameters
    ----------
    data : of a deck, see `romlib_converters.nastran.extract`. used : numbers of the materials of solids. thermal :
        whether the deck gives temperatures; without them nothing expands. frames : of each material the axes (n, 3, 3)
        of its elements, in columns, NaN where they cannot be told; the basic ones unless given.

    Raises
    ------
    FileFormatError : a number that cannot be read.
    """
    plastic = {whole(row[0], file): row for row in data["raw"].get("MATS1", []) if row and row[0]}
    tables = {whole(row[0], file): row for row in data["raw"].get("MATT1", []) if row and row[0]}
    directional = directional_materials(data["raw"], file)
    found: dict[str, Material] = {}
    notes: list[Omission] = []
    for number in used:
        row = data["materials"].get(str(number))
        made: Material | str
        if number in directional and row is None:
            axes = np.eye(3)[None] if frames is None else frames.get(number, np.eye(3)[None])
            made = _directional(directional[number], f"MID_{number}", axes, thermal)
        elif row is None:
            there = ", ".join(data["of_materials"])
            made = "it is no MAT1, MAT9 or MAT11" + (f" ({there} are in the deck)" if there else "")
        else:
            law, why = _law(row, plastic.get(number), tables.get(number), data["tables"], file)
            expansion = ThermalExpansion(coefficient=row[4], reference_temperature=row[5])
            made = str(why) if law is None else Material(
                law=law[0], cells=f"MID_{number}", parameters=law[1], density=row[3] or None,
                thermal_expansion=expansion if thermal and row[4] else None)
        if isinstance(made, str):
            notes.append(Omission(name=f"material_{number}", does_work=True, description=(
                f"material {number} is not read: {made}; state it in the study, on the cell tag MID_{number}, and "
                "accept this omission")))
        else:
            found[f"MAT_{number}"] = made
    return found, notes


def _directional(one: DirectionalMaterial, cells: str, frames: np.ndarray, thermal: bool) -> Material | str:
    """The material, or why it is not made."""
    if isinstance(one.law, str):
        return one.law
    lost = int(np.isnan(frames).any(axis=(1, 2)).sum())
    if lost:
        return (f"the axes of {plural(lost, 'element')} cannot be told, which CORDM of PSOLID says: of its systems the "
                "basic one and rectangular ones are read, and the element's own in rectangular bricks")
    expansion = None
    if thermal and any(one.expansion):
        if any(one.expansion[3:]):
            return "it expands in shear (A4, A5, A6)"
        along = one.expansion[:3]
        coefficient = along[0] if len(set(along)) == 1 else (along[0], along[1], along[2])
        expansion = ThermalExpansion(coefficient=coefficient, reference_temperature=one.reference)
    return Material(law=one.law[0], cells=cells, parameters=one.law[1], density=one.density or None,
                    thermal_expansion=expansion, orientation=orientation_of(frames))


def _law(
    row: list[float], plastic: list[Any] | None, tables: list[Any] | None, curves: Mapping[str, Any], file: object
) -> tuple[tuple[str, dict[str, Any]] | None, str | None]:
    """Name and parameters of the law, or why there is none. row : E, G, nu, density, expansion, reference."""
    young, _, poisson = row[:3]
    if not young > 0.0 or not -1.0 < poisson < 0.5:
        return None, f"E = {young:g} and nu = {poisson:g} are no isotropic solid"
    parameters: dict[str, Any] = {"young": young, "poisson": poisson}
    if tables is not None:
        for place, name in ((1, "young"), (3, "poisson")):
            if given(tables, place):
                curve = curves.get(str(whole(tables[place], file)))
                if curve is None:
                    return None, "MATT1 names a table that is no TABLEM1"
                parameters[name] = ParameterTable(temperature=tuple(curve[0]), value=tuple(curve[1])).model_dump()
        if any(given(tables, place) for place in (2, 4, 5)):
            return None, "G, density or expansion depend on the temperature (MATT1)"
    if plastic is None:
        return ("elastic", parameters), None
    if tables is not None:
        return None, "MATS1 with MATT1"
    return _plastic(parameters, plastic, curves, young, file)


def _plastic(
    parameters: dict[str, Any], row: list[Any], curves: Mapping[str, Any], young: float, file: object
) -> tuple[tuple[str, dict[str, Any]] | None, str | None]:
    kind = str(row[2] or "").upper()
    if kind != "PLASTIC":
        return None, f"MATS1 of the type {kind or 'nothing'}"
    if given(row, 4) and whole(row[4], file) != 1:
        return None, "MATS1 with another yield function than von Mises (YF)"
    if any(given(row, place) for place in range(8, len(row))):
        return None, "MATS1 with fields after LIMIT2"
    hardening = whole(row[5], file) if given(row, 5) else 1
    table = whole(row[1], file) if given(row, 1) else 0
    if table:
        curve = curves.get(str(table))
        if curve is None:
            return None, "MATS1 names a table that is no TABLES1"
        if hardening != 1:
            return None, "MATS1 with a table and kinematic or combined hardening (HR)"
        found = _curve(np.array(curve[0]), np.array(curve[1]), young)
        if found is None:
            return None, "its TABLES1 does not begin with 0, 0 and the yield point on the line of E"
        return ("mises", parameters | {"curve": found}), None
    if hardening not in _HARDENING:
        return None, "MATS1 with combined hardening (HR = 3)"
    if not given(row, 6):
        return None, "MATS1 without a table and without LIMIT1"
    slope = real(row[3], file) if given(row, 3) else 0.0
    return ("mises", parameters | {"yield": real(row[6], file), _HARDENING[hardening]: slope}), None


def _curve(strain: np.ndarray, stress: np.ndarray, young: float) -> dict[str, list[float]] | None:
    """Stress over plastic strain of stress over total strain, which begins with 0, 0 and the yield point."""
    if len(strain) < 2 or strain[0] != 0.0 or stress[0] != 0.0:
        return None
    p, stress = strain[1:] - stress[1:] / young, stress[1:]
    if abs(p[0]) > _SAME * strain[1]:
        return None
    p = np.append(0.0, p[1:])
    if (np.diff(p) <= 0.0).any() or (stress <= 0.0).any():
        return None
    if len(p) > 1:
        slope = (stress[-1] - stress[-2]) / (p[-1] - p[-2])
        if slope > 0.0 and p[-1] < _FAR:
            p, stress = np.append(p, _FAR), np.append(stress, stress[-1] + slope * (_FAR - p[-1]))
    return {"p": p.tolist(), "stress": stress.tolist()}
