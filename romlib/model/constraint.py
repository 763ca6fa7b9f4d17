"""Constraints on displacement."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from romlib.model.base import Description

Component = Literal["x", "y", "z"]


class Constraint(Description):
    """Displacement components of the nodes of a tag are prescribed.

    kind "fixed" : value zero. "prescribed" : `value` times the amplitude of the constraint's name.
    kind "linear" : the components take part in a homogeneous linear relation (inclined symmetry, multi-point, cyclic)
    that the modes carry; `check` leaves them out of the equilibrium of the free degrees of freedom.
    """

    nodes: str
    components: tuple[Component, ...] = Field(min_length=1)
    kind: Literal["fixed", "prescribed", "linear"] = "fixed"
    value: float = 0.0
    description: str = ""
