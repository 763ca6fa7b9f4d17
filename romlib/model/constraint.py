"""Constraints on displacement."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from romlib.model.base import Description
from romlib.model.load import ArrayReference, Vector

Component = Literal["x", "y", "z"]
ALL: tuple[Component, ...] = ("x", "y", "z")
RELATIONS = ("linear", "plane", "cyclic")  # kinds that are homogeneous linear relations between degrees of freedom
_OF_KIND = {  # the keys that one kind alone has
    "prescribed": ("value",), "plane": ("normal",), "cyclic": ("master", "center", "axis", "angle", "tolerance"),
    "linear": ("content",)}


class Constraint(Description):
    """Displacement components of the nodes of a tag are prescribed, or tied by a homogeneous linear relation.

    kind "fixed" : zero. "prescribed" : `value`, a number or a node array (a scalar, or a vector of which each component
    takes its own), times the amplitude of the constraint's name.
    kind "plane" : u . normal = 0, as on an inclined plane of symmetry, or on a face that slides.
    kind "cyclic" : u of a node is that of the node of the tag `master` which the rotation by `angle` about the axis
    brings to it, turned in the same way: u = R u_master.
    kind "linear" : the components take part in some homogeneous linear relation that the modes carry; the full-order
    solver has none of these. `content` is a hash of the relations, where a converter knows them: they are not in the
    model, and must be the same in all runs.
    `check` leaves the degrees of freedom of relations out of the equilibrium of the free ones. They need nothing in a
    ROM: its modes satisfy them, and what holds them does no work.
    """

    nodes: str = Field(description="Node tag: where.")
    components: tuple[Component, ...] = Field(
        min_length=1, description='Which components of the displacement: "x", "y", "z". Not for "plane" and "cyclic", '
                                  "which tie all three.")
    kind: Literal["fixed", "prescribed", "linear", "plane", "cyclic"] = Field(
        default="fixed", description=(
            '"fixed": zero. "prescribed": `value` times the amplitude of this name. "plane": u . normal = 0 '
            '(an inclined plane of symmetry), which is taken where `normal` is given. "cyclic": u = R u_master (a '
            'sector of a turbine), which is taken where `master` is given. "linear": part of a homogeneous linear '
            "relation of another solver (multi-point, inclined, cyclic) that the modes carry; `romlib solve` does not "
            "solve it."))
    value: float | ArrayReference = Field(default=0.0, description=(
        'Of a prescribed displacement, at amplitude 1, in the unit of length. `{ array = "NAME" }` is a node array: of '
        "one component, or a vector of which each component takes its own."))
    normal: Vector | None = Field(default=None, description='Of a "plane": its normal, of any length.')
    master: str | None = Field(default=None, description=(
        'Of "cyclic": node tag of the other face of the sector, whose nodes the rotation brings to those of `nodes`, '
        "one to one."))
    center: Vector = Field(default=(0.0, 0.0, 0.0), description=(
        'Of "cyclic": a point of the axis, in the unit of length; by default the origin.'))
    axis: Vector | None = Field(default=None, description='Of "cyclic": direction of the axis, of any length.')
    angle: float | None = Field(default=None, description=(
        'Of "cyclic": the angle of the sector in degrees, from `master` to `nodes`, by the right-hand rule about the '
        "axis; 360 / angle is a whole number."))
    tolerance: float | None = Field(default=None, gt=0.0, description=(
        'Of "cyclic": how far from each other matching nodes may be, in the unit of length; by default 1e-6 of the '
        "distance from the axis of the farthest node."))
    description: str = Field(default="", description="For people.")
    content: str = Field(default="", description=(
        "Of a linear relation, set by converters: a hash of the relation's terms, by which runs and cases are "
        "compared."))

    @model_validator(mode="before")
    @classmethod
    def _kind_by_keys(cls, data: Any) -> Any:
        """The kind that the keys say, where none is given; all components of a relation that ties all."""
        if not isinstance(data, dict):
            return data
        if "kind" not in data:
            said = [kind for kind, key in (("plane", "normal"), ("cyclic", "master")) if data.get(key) is not None]
            data = {**data, "kind": said[0]} if len(said) == 1 else data
        if data.get("kind") in ("plane", "cyclic") and "components" not in data:
            data = {**data, "components": ALL}
        return data

    @model_serializer(mode="wrap")
    def _without_keys_of_other_kinds(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """An older romlib, which knows neither planes nor sectors, refuses a file that has their keys."""
        others = {key for kind in ("plane", "cyclic") if kind != self.kind for key in _OF_KIND[kind]}
        return {key: value for key, value in written(self).items() if key not in others}

    @model_validator(mode="after")
    def _keys_of_the_kind(self) -> Constraint:
        if self.kind != "prescribed" and self.value != 0.0:
            raise ValueError(f'a constraint of kind "{self.kind}" has no value; one that moves is of kind "prescribed"')
        for kind, keys in _OF_KIND.items():
            defaults = type(self).model_fields
            wrong = [key for key in keys if getattr(self, key) != defaults[key].default]
            if wrong and kind != self.kind:
                raise ValueError(f'{wrong[0]} belongs to kind "{kind}", and this constraint is of kind "{self.kind}"')
        if self.kind in ("plane", "cyclic") and set(self.components) != set(ALL):
            raise ValueError(f'a constraint of kind "{self.kind}" ties all components: leave components out')
        if self.kind == "plane":
            _refuse_zero("normal", self.normal, self.kind)
        if self.kind == "cyclic":
            _refuse_zero("axis", self.axis, self.kind)
            self._refuse_no_sector()
        return self

    def _refuse_no_sector(self) -> None:
        if not self.master:
            raise ValueError("a cyclic symmetry needs master, the node tag of the other face of the sector")
        if self.master == self.nodes:
            raise ValueError("nodes and master of a cyclic symmetry are two tags, one of each face of the sector")
        if self.angle is None:
            raise ValueError("a cyclic symmetry needs angle, that of the sector in degrees")
        sectors = 360.0 / abs(self.angle) if self.angle else 0.0
        if sectors < 2.0 - 1e-6 or abs(sectors - round(sectors)) > 1e-6 * sectors:
            raise ValueError(f"the angle of a sector is 360 over a whole number of at least 2, found {self.angle:g}")

    @property
    def is_relation(self) -> bool:
        """Whether it is a homogeneous linear relation, and not a value of single components."""
        return self.kind in RELATIONS

    @property
    def relation(self) -> str:
        """What is to be the same where two models have the same relation; "" where that is not known."""
        if self.kind == "plane":
            assert self.normal is not None
            return f"plane {_direction(self.normal, either_way=True)}"
        if self.kind == "cyclic":
            assert self.axis is not None and self.angle is not None
            center = " ".join(f"{x:.6g}" for x in self.center)
            return f"cyclic {_direction(self.axis)} through {center} by {self.angle:.6g}"
        return self.content

    @property
    def tags(self) -> tuple[str, ...]:
        """The node tags that it names."""
        return (self.nodes,) if self.master is None else (self.nodes, self.master)


def _refuse_zero(key: str, vector: Vector | None, kind: str) -> None:
    if vector is None:
        raise ValueError(f'a constraint of kind "{kind}" needs {key}, three numbers')
    if not any(vector):
        raise ValueError(f"{key} must have a direction: it is zero")


def _direction(vector: Vector, either_way: bool = False) -> str:
    size = sum(x * x for x in vector)**0.5
    first = next(x for x in vector if abs(x) > 1e-9 * size)
    sign = -1.0 if either_way and first < 0.0 else 1.0
    return " ".join(f"{round(sign * x / size, 6) + 0.0:.6g}" for x in vector)
