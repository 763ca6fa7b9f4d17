"""The scalar that stands for a field in a picture: a component, the size of a vector, the von Mises stress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from romlib.errors import InputError
from romlib.model import Model
from romlib.snapshots.schema import FieldSpec
from romlib.tensors import VTK_NAMES, von_mises, vtk_from_mandel
from romlib.words import unknown

AXES = ("x", "y", "z")
_STRESS, _MISES = "stress", "von_mises"


class Described(Protocol):
    """What has fields: a snapshots file, or a result. path : for messages."""

    @property
    def path(self) -> Path | None:
        """The file."""

    @property
    def fields(self) -> Mapping[str, FieldSpec]:
        """By name."""

    @property
    def model(self) -> Model:
        """With its units."""


@dataclass(frozen=True)
class Scalar:
    """A scalar made of a field. component : of the field, or "" for what stands for it as a whole.

    label : for a title, such as "von Mises stress". unit : "" where the field has none. signed : may be negative.
    """

    field: str
    spec: FieldSpec
    component: str
    label: str
    unit: str
    signed: bool

    @classmethod
    def named(cls, snapshots: Described, name: str) -> Scalar:
        """The scalar of a field ("p", "stress", "displacement") or of one component of it ("stress.xx").

        A vector as a whole is its length, a stress the von Mises stress, another tensor its norm. "von_mises" is that
        of the stress where there is one.

        Raises
        ------
        InputError : unknown field or component, with those that exist.
        """
        field, dot, component = (name, "", "") if name in snapshots.fields else name.rpartition(".")
        if field not in snapshots.fields:
            field, component = (name, "") if not dot else (field, component)
            raise InputError("the file has no such field", file=snapshots.path, place="field",
                             **unknown(field, snapshots.fields))
        stress = snapshots.fields.get(_STRESS)
        if field == _MISES and stress is not None and stress.tensor:  # at nodes it is that of their stress
            field, component = _STRESS, _MISES
        spec = snapshots.fields[field]
        allowed = _components(field, spec)
        if component and component not in allowed:
            raise InputError(f"the field {field} has no such component", file=snapshots.path, place="field",
                             **unknown(component, allowed, "leave the component out"))
        unit = snapshots.model.units.of(field)
        if spec.tensor and not component:
            component = allowed[-1]
        labels = {"von_mises": f"von Mises {field}", "norm": f"norm of {field}"}
        label = labels.get(component, f"{field} {component}".strip() if component else field)
        return cls(field, spec, component, label, unit, component in (*VTK_NAMES, *AXES))

    def values(self, field: np.ndarray) -> np.ndarray:
        """(..., n) of the field's values (..., n, n_comp), tensors in Kelvin-Mandel form."""
        if self.spec.tensor:
            if self.component == "von_mises":
                return von_mises(field)
            if self.component == "norm":
                return np.linalg.norm(field, axis=-1)
            return vtk_from_mandel(field)[..., VTK_NAMES.index(self.component)]
        if self.component:
            return field[..., _components(self.field, self.spec).index(self.component)]
        return field[..., 0] if self.spec.n_comp == 1 else np.linalg.norm(field, axis=-1)

    @property
    def steepness(self) -> float:
        """The most by which the scalar changes for a change of the field's norm: a component and the norm by as much,
        the von Mises stress by sqrt(3/2), since it is that times the norm of the deviator.
        """
        return 1.5**0.5 if self.component == "von_mises" else 1.0

    @property
    def title(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def components_of(field: str, spec: FieldSpec) -> tuple[str, ...]:
    """Names of the components of a field's values as others read them: a tensor's are plain, in VTK's order.

    None for a scalar.
    """
    return VTK_NAMES if spec.tensor else _components(field, spec)


def vector_axes(spec: FieldSpec) -> tuple[str, ...]:
    """The components of a vector, x, y and z, or x and y at the nodes of a mesh of two dimensions; none of others."""
    if spec.tensor or (spec.n_comp != 3 and (spec.n_comp, spec.place) != (2, "node")):
        return ()
    return AXES[:spec.n_comp]


def plain(values: np.ndarray, spec: FieldSpec) -> np.ndarray:
    """Values (..., n_comp) in memory as others read them: a tensor from Kelvin-Mandel to plain components (VTK)."""
    return vtk_from_mandel(values) if spec.tensor else values


def _components(field: str, spec: FieldSpec) -> tuple[str, ...]:
    """Names that may follow the dot; for a tensor the last one is the default."""
    if spec.tensor:
        return (*VTK_NAMES, "norm", *(("von_mises",) if "stress" in field else ()))
    if vector_axes(spec):
        return vector_axes(spec)
    return () if spec.n_comp == 1 else tuple(str(k) for k in range(spec.n_comp))
