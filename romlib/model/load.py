"""Loads: a spatial pattern each, multiplied by the scalar amplitude of the load's name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from romlib.model.base import Description

Vector = tuple[float, float, float]


class ArrayReference(Description):
    """Values taken from an array of the snapshots file: a node array, an array of the load's face tag, or a cell array
    of material axes."""

    array: str = Field(description="name of an array of the snapshots file")


class Traction(Description):
    """Force per unit of undeformed area: amplitude x value x direction, on the faces of a tag."""

    kind: Literal["traction"] = "traction"
    faces: str = Field(description="face tag that is loaded")
    direction: Vector = Field(description="direction of the force in x, y, z; not normalised")
    value: float | ArrayReference = Field(default=1.0, description="force per undeformed area (stress) at amplitude 1")


class Pressure(Description):
    """Force per unit of undeformed area: -amplitude x value x outward normal: a positive pressure pushes."""

    kind: Literal["pressure"] = "pressure"
    faces: str = Field(description="face tag that is loaded")
    value: float | ArrayReference = Field(default=1.0, description=(
        "pressure (stress) at amplitude 1; an array of the face tag or of the nodes gives it a profile"))


class NodalForce(Description):
    """Force amplitude x direction on each node of a tag; `direction` may be a node array (n_node, 3), one a node."""

    kind: Literal["nodal_force"] = "nodal_force"
    nodes: str = Field(description="node tag that is loaded")
    direction: Vector | ArrayReference = Field(description=(
        "force (force) on each node at amplitude 1; a node array gives each node its own"))


class BodyForce(Description):
    """amplitude x direction: a force per unit volume, or an acceleration (times the density) with per = "mass"."""

    kind: Literal["body_force"] = "body_force"
    cells: str = Field(default="all", description="cell tag that is loaded")
    direction: Vector = Field(description="force per volume, or acceleration, at amplitude 1")
    per: Literal["volume", "mass"] = Field(default="volume", description=(
        '"volume": force per volume. "mass": acceleration, times the density'))


class Centrifugal(Description):
    """density x (amplitude x speed)^2 x distance from the axis, outwards; speed in rad per unit of time."""

    kind: Literal["centrifugal"] = "centrifugal"
    cells: str = Field(default="all", description="cell tag that turns")
    center: Vector = Field(description="a point of the axis (length)")
    axis: Vector = Field(description="direction of the axis")
    speed: float = Field(default=1.0, description=(
        "radians per unit of time at amplitude 1; the amplitude multiplies the speed, not the force"))


class Temperature(Description):
    """One term of the temperature: T(x, t) = sum over the temperature loads of amplitude(t) x field(x)."""

    kind: Literal["temperature"] = "temperature"
    field: float | ArrayReference = Field(description="temperature at amplitude 1; a node array gives it a profile")


Load = Annotated[
    Traction | Pressure | NodalForce | BodyForce | Centrifugal | Temperature, Field(discriminator="kind")]
