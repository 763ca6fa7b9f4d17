"""Ansys' material properties as romlib's materials: elasticity, expansion, density, hardening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from romlib_converters.ansys.cells import material_tag
from romlib_converters.ansys.directional import (
    ELASTIC,
    EXPANSION,
    Property,
    UnreadError,
    elastic_law,
    expansion_coefficients,
    is_directional,
    plain,
    stiffness_law,
)
from romlib_converters.common.axes import orientation_of

from romlib.model import Omission, Orientation
from romlib.model.material import Material, ThermalExpansion
from romlib.words import listed, plural

_OTHER_EXPANSION = ("CTEX", "CTEY", "CTEZ", "THSX", "THSY", "THSZ")


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
    """What the files say of a material. properties : by Ansys' labels. hardening : tables of plasticity. matrix : the
    constants of TB,ANEL by number from 1, and flexibility, whether they are those of the inverse. others : what else
    there is, in words, that no law is made of."""

    number: int
    properties: dict[str, Property] = field(default_factory=dict)
    hardening: list[Hardening] = field(default_factory=list)
    matrix: Mapping[int, float] | None = None
    flexibility: bool = False
    others: list[str] = field(default_factory=list)


def read_materials(
    materials: Sequence[AnsysMaterial], used: Sequence[int], reference_temperature: float,
    frames: Mapping[int, np.ndarray] | None = None,
) -> tuple[dict[str, Material], list[Omission]]:
    """The materials of elements, and what is left to the study.

    Parameters
    ----------
    used : numbers of the materials of solid elements. reference_temperature : TREF, where REFT is not given.
    frames : of each material the axes (n, 3, 3) of its elements, in columns, NaN where they cannot be told; the global
        ones unless given.
    """
    known = {material.number: material for material in materials}
    found: dict[str, Material] = {}
    notes = []
    for number in used:
        axes = np.eye(3)[None] if frames is None else frames[number]
        try:
            if number not in known:
                raise UnreadError("the file has no properties of it")
            found[material_tag(number)] = _material(known[number], reference_temperature, axes)
        except UnreadError as error:
            notes.append(Omission(name=f"law_{material_tag(number)}", does_work=True, description=(
                f"material {number} is left to the study: {error}")))
    return found, notes


def _material(material: AnsysMaterial, reference_temperature: float, frames: np.ndarray) -> Material:
    """The law of a material; UnreadError says why there is none."""
    given = material.properties
    other = [label for label in _OTHER_EXPANSION if label in given]
    if other:
        raise UnreadError(f"{listed(other)}: other kinds of expansion are not read")
    if material.others:
        raise UnreadError(listed(material.others))
    if any(np.any(np.diff(one.temperatures) <= 0) for one in given.values() if len(one.values) > 1):
        raise UnreadError("its temperatures do not increase")
    directional = material.matrix is not None or is_directional(given)
    law, parameters = _directional(material) if directional else _isotropic(material)
    coefficient = expansion_coefficients({label: given[label] for label in EXPANSION if label in given})
    expansion = None
    if coefficient is not None:
        reference = given["REFT"].values[0] if "REFT" in given else reference_temperature
        expansion = ThermalExpansion(coefficient=coefficient, reference_temperature=reference,
                                     strain_free_temperature=reference)
    density = given["DENS"].parameter() if "DENS" in given else None
    return Material(law=law, cells=material_tag(material.number), parameters=parameters,
                    density=density if isinstance(density, float) else None, thermal_expansion=expansion,
                    orientation=_orientation(frames) if directional or isinstance(coefficient, tuple) else None)


def _orientation(frames: np.ndarray) -> Orientation | None:
    lost = int(np.isnan(frames).any(axis=(1, 2)).sum())
    if lost:
        raise UnreadError(f"it has directions, and the axes of {plural(lost, 'element')} cannot be told (ESYS, or "
                          "KEYOPT of the element type)")
    return orientation_of(frames)


def _directional(material: AnsysMaterial) -> tuple[str, dict[str, Any]]:
    if material.hardening:
        raise UnreadError(f"{listed(one.place for one in material.hardening)}: plasticity of an orthotropic material")
    if material.matrix is None:
        return elastic_law(material.properties)
    both = [label for label in ELASTIC if label in material.properties]
    if both:
        raise UnreadError(f"it has TB,ANEL and also {listed(both)}")
    return stiffness_law(material.matrix, flexibility=material.flexibility)


def _isotropic(material: AnsysMaterial) -> tuple[str, dict[str, Any]]:
    given = material.properties
    if "EX" not in given or not ("NUXY" in given or "PRXY" in given):
        raise UnreadError(f"it has no EX and NUXY ({listed(given, 'no property')})")
    young, poisson = given["EX"], given["NUXY" if "NUXY" in given else "PRXY"]
    if min(young.values) <= 0.0 or not all(-1.0 < value < 0.5 for value in poisson.values):
        raise UnreadError(f"EX {young.values[0]:g} and NUXY {poisson.values[0]:g} are no elastic constants")
    parameters = {"young": plain(young.parameter()), "poisson": plain(poisson.parameter())}
    if not material.hardening:
        return "elastic", parameters
    if len(material.hardening) > 1:
        raise UnreadError(f"{listed(one.place for one in material.hardening)}: one hardening is read")
    one, = material.hardening
    if one.kind in ("BISO", "BKIN") and not isinstance(young.parameter(), float):
        raise UnreadError(f"{one.place} with EX that depends on temperature")
    hardening = one.parameters(young.values[0])
    if hardening is None:
        raise UnreadError(
            f"{one.place} with constants {listed(one.constants.values())}, points {listed(one.points)}")
    return "mises", parameters | hardening
