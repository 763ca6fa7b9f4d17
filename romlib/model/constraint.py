"""Constraints on displacement."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from romlib.model.base import Description
from romlib.model.load import ArrayReference

Component = Literal["x", "y", "z"]


class Constraint(Description):
    """Displacement components of the nodes of a tag are prescribed.

    kind "fixed" : zero. "prescribed" : `value`, a number or a node array (a scalar, or a vector of which each component
    takes its own), times the amplitude of the constraint's name.
    kind "linear" : the components take part in a homogeneous linear relation (inclined symmetry, multi-point, cyclic)
    that the modes carry; `check` leaves them out of the equilibrium of the free degrees of freedom. `content` is a hash
    of the relations, where a converter knows them: they are not in the model, and must be the same in all runs.
    """

    nodes: str = Field(description="node tag that is constrained")
    components: tuple[Component, ...] = Field(min_length=1, description="which components of the displacement")
    kind: Literal["fixed", "prescribed", "linear"] = Field(default="fixed", description=(
        "\"fixed\": zero. \"prescribed\": `value` times the amplitude of the constraint's name. \"linear\": part of "
        "a homogeneous linear relation (inclined symmetry, multi-point, cyclic) that the modes carry; the check "
        "leaves these components out"))
    value: float | ArrayReference = Field(default=0.0, description=(
        'of a prescribed displacement (length), at amplitude 1. `{ array = "NAME" }` is a node array: of one '
        'component, or a vector of which each component takes its own (a face that turns, a profile)'))
    description: str = Field(default="", description="for people")
    content: str = Field(default="", description=(
        "of a linear relation, set by converters: a hash of the relation's terms, by which runs and cases are "
        "compared"))

    @model_validator(mode="after")
    def _value_is_used(self) -> Constraint:
        if self.kind != "prescribed" and self.value != 0.0:
            raise ValueError(f'a constraint of kind "{self.kind}" has no value; one that moves is of kind "prescribed"')
        return self
