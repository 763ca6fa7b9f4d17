"""Tags that a file lacks, defined by an array of the file or by geometry. Resolved by `romlib.mesh.tags`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from romlib.model.base import Description
from romlib.model.load import Vector


class Plane(Description):
    """Points within `tolerance` (a length) of the plane through `point` with normal `normal`."""

    point: Vector = Field(description="a point of the plane (length)")
    normal: Vector = Field(description="its normal, of any length")
    tolerance: Annotated[float, Field(gt=0)] | None = Field(default=None, description=(
        "how far from the plane still counts (length); by default 1e-6 of the diagonal of the mesh"))


class Box(Description):
    """Points inside an axis-aligned box, faces included."""

    min: Vector = Field(description="lower corner (length)")
    max: Vector = Field(description="upper corner (length)")


class _Tag(Description):
    array: str | None = Field(default=None, description="where this array of the nodes, faces or cells equals `value`")
    value: int | float = Field(default=1, description="value of the array")
    plane: Plane | None = Field(default=None, description="nodes on a plane; faces of the skin with all nodes on it")
    box: Box | None = Field(default=None, description=(
        "nodes inside an axis-aligned box; faces of the skin, or cells, with all nodes inside"))

    @model_validator(mode="after")
    def _one_definition(self) -> _Tag:
        given = [name for name in ("array", "plane", "box") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"a tag is defined by exactly one of array, plane, box; found {given or 'none'}")
        return self


class NodeTag(_Tag):
    """Nodes where the node array equals `value`, or on a plane, or in a box."""


class FaceTag(_Tag):
    """Faces whose array equals `value`, or skin faces with all nodes on a plane, or in a box."""


class CellTag(_Tag):
    """Cells whose array equals `value`, or with all nodes on a plane (never for solids), or in a box."""
