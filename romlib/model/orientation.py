"""Material axes: by two vectors, by cell arrays, or around the axis of a cylinder."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from romlib.model.base import Description
from romlib.model.load import ArrayReference, Vector

_PARALLEL = 1e-8  # sine of the angle between vectors that span no plane


class Orientation(Description):
    """Axes 1, 2, 3 of a material: what its law calls 11, 12, ... Right-handed, of unit length, orthogonal.

    Two ways: `first` and `plane` (axis 1, and a vector that with it spans the plane of axes 1 and 2; it need not be
    orthogonal: axis 3 is first x plane, axis 2 is axis 3 x axis 1), or `center` and `axis` of a cylinder (axis 1 is the
    radius through the point, 2 the circumference, 3 the axis), evaluated at each integration point. `turn` then turns
    the axes about one of them.
    """

    first: Vector | ArrayReference | None = Field(default=None, description=(
        "axis 1: a vector, of any length, or a cell array with three components"))
    plane: Vector | ArrayReference | None = Field(default=None, description=(
        "a vector in the plane of axes 1 and 2, on the side of axis 2; it need not be orthogonal to `first`. A vector "
        "or a cell array with three components"))
    center: Vector | None = Field(default=None, description=(
        "of cylindrical axes, in place of `first` and `plane`: a point of the axis of the cylinder (length)"))
    axis: Vector | None = Field(default=None, description=(
        "direction of the axis of the cylinder: axis 1 is the radius, 2 the circumference, 3 this axis"))
    turn: float = Field(default=0.0, description=(
        "angle (degrees) by which the axes are turned, by the right hand, about the one that `about` names"))
    about: Literal[1, 2, 3] = Field(default=3, description="the axis that `turn` turns the others about")

    @model_validator(mode="after")
    def _one_way(self) -> Orientation:
        rectangular, cylindrical = (self.first, self.plane), (self.center, self.axis)
        given = [all(one is not None for one in pair) for pair in (rectangular, cylindrical)]
        some = [any(one is not None for one in pair) for pair in (rectangular, cylindrical)]
        if some != given or sum(given) != 1:
            raise ValueError("material axes need first and plane, or else center and axis")
        if isinstance(self.first, ArrayReference) != isinstance(self.plane, ArrayReference):
            raise ValueError("first and plane must both be vectors, or both cell arrays")
        if isinstance(self.first, tuple) and isinstance(self.plane, tuple):
            self._refuse_no_plane(np.array(self.first), np.array(self.plane))
        if self.axis is not None and not np.linalg.norm(self.axis) > 0.0:
            raise ValueError("the axis of cylindrical material axes has no direction")
        return self

    @staticmethod
    def _refuse_no_plane(first: np.ndarray, plane: np.ndarray) -> None:
        for name, vector in (("first", first), ("plane", plane)):
            if not np.linalg.norm(vector) > 0.0:
                raise ValueError(f"the vector {name} of material axes has no direction")
        area = np.linalg.norm(np.cross(first, plane))
        if not area > _PARALLEL * np.linalg.norm(first) * np.linalg.norm(plane):
            raise ValueError("first and plane of material axes are parallel, so that they span no plane")

    @property
    def arrays(self) -> tuple[str, ...]:
        """The cell arrays that it names."""
        return tuple(one.array for one in (self.first, self.plane) if isinstance(one, ArrayReference))
