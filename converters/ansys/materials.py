"""Ansys' material properties as romlib's materials: elasticity, expansion, density, bilinear isotropic hardening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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


@dataclass
class AnsysMaterial:
    """What the files say of a material. properties : by Ansys' labels. bilinear : yield stress and tangent modulus of
    TB,BISO. others : what else there is, in words, that no law is made of."""

    number: int
    properties: dict[str, Property] = field(default_factory=dict)
    bilinear: tuple[float, float] | None = None
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
    if material.bilinear is not None:
        stress, tangent = material.bilinear
        if len(given["EX"].values) > 1:
            return "TB,BISO with EX that depends on temperature"
        if not (stress > 0.0 and 0.0 <= tangent < given["EX"].values[0]):
            return f"TB,BISO with yield stress {stress:g} and tangent modulus {tangent:g}"
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
    if material.bilinear is not None:
        stress, tangent = material.bilinear
        assert isinstance(young, float)
        law = "mises"  # the tangent is that of total strain, romlib's that of plastic strain
        parameters |= {"yield": stress, "linear_hardening": young * tangent / (young - tangent)}
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
