"""Ansys' material properties as romlib's materials: elasticity, expansion, density, hardening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from romlib_converters.ansys.cells import material_tag

from romlib.model import Omission
from romlib.model.material import Material, ParameterTable, ThermalExpansion
from romlib.words import listed

_MECHANICAL = ("EX", "NUXY", "PRXY", "ALPX", "DENS", "REFT")  # what is read
_DIRECTIONS = ("EY", "EZ", "NUYZ", "NUXZ", "GXY", "GYZ", "GXZ", "PRYZ", "PRXZ", "ALPY", "ALPZ", "CTEX", "CTEY", "CTEZ",
               "THSX", "THSY", "THSZ")
_ALIKE = 1e-12


@dataclass(frozen=True)
class Property:
    """A property against temperature. temperatures, values : (n,); one value holds at all temperatures."""

    temperatures: tuple[float, ...]
    values: tuple[float, ...]

    def parameter(self) -> float | ParameterTable:
        """A number, or a table."""
        if len(self.values) == 1 or np.ptp(self.values) == 0.0:
            return self.values[0]
        return ParameterTable(temperature=self.temperatures, value=self.values)


@dataclass(frozen=True)
class Hardening:
    """A table of plasticity at one temperature. kind : BISO, BKIN, MISO or NLISO. constants : by number from 1.
    points : of MISO, plastic strain and stress. place : in words."""

    kind: str
    constants: Mapping[int, float]
    points: tuple[tuple[float, float], ...] = ()
    place: str = ""

    def parameters(self, young: float) -> dict[str, Any] | None:
        """Those of the law mises; None where the table makes no sense."""
        first, second, third, fourth = (self.constants.get(k, 0.0) for k in (1, 2, 3, 4))
        if self.kind in ("BISO", "BKIN"):
            if not (first > 0.0 and 0.0 <= second < young):
                return None
            slope = young * second / (young - second)  # the tangent is that of total strain, romlib's of plastic strain
            return {"yield": first, "linear_hardening" if self.kind == "BISO" else "kinematic": slope}
        if self.kind == "NLISO":  # k + R0 p + Rinf (1 - exp(-b p))
            if not (first > 0.0 and second >= 0.0 and fourth >= 0.0):
                return None
            return {"yield": first, "linear_hardening": second, "voce": {"Q": third, "b": fourth}}
        p, stress = zip(*self.points, strict=True) if self.points else ((), ())
        if not p or p[0] != 0.0 or min(stress) <= 0.0 or any(b <= a for a, b in pairwise(p)):
            return None
        return {"curve": {"p": p, "stress": stress}}


@dataclass
class AnsysMaterial:
    """What the files say of a material. properties : by Ansys' labels. hardening : tables of plasticity. others : what
    else there is, in words, that no law is made of."""

    number: int
    properties: dict[str, Property] = field(default_factory=dict)
    hardening: list[Hardening] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def read_materials(
    materials: Sequence[AnsysMaterial], used: Sequence[int], reference_temperature: float
) -> tuple[dict[str, Material], list[Omission]]:
    """The materials of elements, and what is left to the study.

    Parameters
    ----------
    used : numbers of the materials of solid elements. reference_temperature : TREF, where REFT is not given.
    """
    known = {material.number: material for material in materials}
    found: dict[str, Material] = {}
    notes = []
    for number in used:
        material = known.get(number)
        why = "the file has no properties of it" if material is None else _unread(material)
        if why is not None or material is None:
            notes.append(Omission(name=f"law_{material_tag(number)}", does_work=True, description=(
                f"material {number} is left to the study: {why}")))
            continue
        found[material_tag(number)] = _material(material, reference_temperature)
    return found, notes


def _unread(material: AnsysMaterial) -> str | None:
    """Why no law is made of a material; None where one is."""
    given = material.properties
    strange = [label for label in _DIRECTIONS if label in given and not _repeats(given, label)]
    if "EX" not in given or not ("NUXY" in given or "PRXY" in given):
        return f"it has no EX and NUXY ({listed(given, 'no property')})"
    if strange:
        return f"{listed(strange)}: properties that differ by direction, or another kind of expansion, are not read"
    if material.others:
        return listed(material.others)
    if any(np.any(np.diff(one.temperatures) <= 0) for one in given.values() if len(one.values) > 1):
        return "its temperatures do not increase"
    poisson = given["NUXY" if "NUXY" in given else "PRXY"]
    if min(given["EX"].values) <= 0.0 or not all(-1.0 < value < 0.5 for value in poisson.values):
        return f"EX {given['EX'].values[0]:g} and NUXY {poisson.values[0]:g} are no elastic constants"
    if len(material.hardening) > 1:
        return f"{listed(one.place for one in material.hardening)}: one hardening is read"
    for one in material.hardening:
        if one.kind in ("BISO", "BKIN") and not isinstance(given["EX"].parameter(), float):
            return f"{one.place} with EX that depends on temperature"
        if one.parameters(given["EX"].values[0]) is None:
            return f"{one.place} with constants {listed(one.constants.values())}, points {listed(one.points)}"
    return None


def _repeats(given: Mapping[str, Property], label: str) -> bool:
    """Whether a property of another direction says what the first one does."""
    first = {"EY": "EX", "EZ": "EX", "NUYZ": "NUXY", "NUXZ": "NUXY", "PRYZ": "PRXY", "PRXZ": "PRXY", "ALPY": "ALPX",
             "ALPZ": "ALPX"}.get(label)
    if first is None or first not in given:
        return False
    return given[first] == given[label]


def _material(material: AnsysMaterial, reference_temperature: float) -> Material:
    given = material.properties
    young = given["EX"].parameter()
    poisson = given["NUXY" if "NUXY" in given else "PRXY"].parameter()
    parameters = {"young": _plain(young), "poisson": _plain(poisson)}
    law = "elastic"
    for one in material.hardening:
        law = "mises"
        parameters |= one.parameters(given["EX"].values[0]) or {}
    expansion = None
    if "ALPX" in given and any(given["ALPX"].values):
        reference = given["REFT"].values[0] if "REFT" in given else reference_temperature
        expansion = ThermalExpansion(coefficient=given["ALPX"].parameter(), reference_temperature=reference,
                                     strain_free_temperature=reference)
    density = given["DENS"].parameter() if "DENS" in given else None
    return Material(law=law, cells=material_tag(material.number), parameters=parameters,
                    density=density if isinstance(density, float) else None, thermal_expansion=expansion)


def _plain(parameter: float | ParameterTable) -> object:
    return parameter if isinstance(parameter, float) else parameter.model_dump()
