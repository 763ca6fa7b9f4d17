"""Loads: a spatial pattern each, multiplied by the scalar amplitude of the load's name."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from romlib.model.base import Description

Vector = tuple[float, float, float]


class ArrayReference(Description):
    """Values taken from an array of the snapshots file: a node array, or an array of the load's face tag."""

    array: str


class Traction(Description):
    """Force per unit of undeformed area: amplitude x value x direction, on the faces of a tag."""

    kind: Literal["traction"] = "traction"
    faces: str
    direction: Vector
    value: float | ArrayReference = 1.0


class Pressure(Description):
    """Force per unit of undeformed area: -amplitude x value x outward normal: a positive pressure pushes."""

    kind: Literal["pressure"] = "pressure"
    faces: str
    value: float | ArrayReference = 1.0


class NodalForce(Description):
    """Force amplitude x direction on each node of a tag; `direction` may be a node array (n_node, 3), one a node."""

    kind: Literal["nodal_force"] = "nodal_force"
    nodes: str
    direction: Vector | ArrayReference


class BodyForce(Description):
    """amplitude x direction: a force per unit volume, or an acceleration (times the density) with per = "mass"."""

    kind: Literal["body_force"] = "body_force"
    cells: str = "all"
    direction: Vector
    per: Literal["volume", "mass"] = "volume"


class Centrifugal(Description):
    """density x (amplitude x speed)^2 x distance from the axis, outwards; speed in rad per unit of time."""

    kind: Literal["centrifugal"] = "centrifugal"
    cells: str = "all"
    center: Vector
    axis: Vector
    speed: float = 1.0


class Temperature(Description):
    """One term of the temperature: T(x, t) = sum over the temperature loads of amplitude(t) x field(x)."""

    kind: Literal["temperature"] = "temperature"
    field: float | ArrayReference


Load = Annotated[
    Traction | Pressure | NodalForce | BodyForce | Centrifugal | Temperature, Field(discriminator="kind")]
