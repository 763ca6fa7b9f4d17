"""[mesh] of a study: the file that `romlib solve` solves on, and what it does not say of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from romlib.errors import UnsupportedError
from romlib.mesh.bad_cells import Treatment
from romlib.mesh.kinematics import KINEMATICS, PLANE_STRAIN, SOLID, kinematics
from romlib.model.base import Description


class MeshFile(Description):
    """[mesh]: what `romlib solve` solves on: a snapshots file, or a mesh that a converter reads.

    converter : that reads it; by default, a snapshots file is taken as it is, a deck is read by the converter of its
    suffix, and meshio reads any other. merge : points within this distance become one; 0 says that points at one place
    are apart. bad_cells : what becomes of cells that no integration is possible on.
    pieces : to cut it into; by default as the file has it, or one for each rank. quadrature : rule by cell type, where
    it is not the element's default. formulation : by cell type, where it is not the standard one. kinematics,
    thickness : of a mesh of two dimensions.
    """

    file: Path = Field(description=(
        "a snapshots file, whose mesh, tags and model are taken, or a mesh: a deck `.inp`, `.msh` of gmsh, `.med`, "
        "`.vtu`, or what else meshio reads. Named sets become tags: physical surfaces and groups of faces, and of "
        "their nodes; physical volumes and groups of cells"))
    converter: str | None = Field(default=None, description=(
        "a converter of `romlib plugins` that reads meshes; by default none for a snapshots file, that of decks for "
        "`.inp`, else meshio"))
    merge: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = Field(default=None, description=(
        "points within this distance (length) become one; 0: points at one place are apart. By default bodies that "
        "touch without sharing nodes are refused"))
    bad_cells: Treatment = Field(default="refuse", description=(
        'what becomes of cells whose Jacobian is not positive at all integration points. `"refuse"`: they are named, '
        'with what is wrong. `"drop"`: they are left out. `"repair"`: nodes of cells that are inside out are put in '
        'order, and mid-side nodes of twisted ones moved to the middle of their edges; what stays bad is refused'))
    pieces: Annotated[int, Field(ge=1)] | None = Field(default=None, description=(
        "to cut the mesh into; by default as the file has it, else one for each rank. `--pieces` takes precedence"))
    quadrature: dict[str, str] = Field(default_factory=dict, description=(
        'integration rule by cell type, where it is not the full one, such as `{ hex20 = "hex_gauss_8" }`'))
    formulation: dict[str, str] = Field(default_factory=dict, description=(
        'element formulation by cell type, where it is not the standard one: `{ hex8 = "B-bar" }` has the mean of the '
        'volumetric strain over the cell, and does not lock where the volume hardly changes (linear cells only)'))
    kinematics: str = Field(default=SOLID, description=(
        'what a mesh of surface cells is: "plane strain", or "axisymmetric" (x is the radius, y the axis of symmetry, '
        'forces are of the whole circumference); by default "solid", or what the elements of a deck say. Plane stress, '
        "generalised plane strain and twist are not supported"))
    thickness: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] = Field(default=1.0, description=(
        "of a body in plane strain, in the unit of length: its forces are of this thickness; by default 1"))

    @field_validator("kinematics")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            return kinematics(name).name
        except UnsupportedError as error:
            remedy = f"; {error.remedy}" if error.remedy else ""
            raise ValueError(f"{error.what}{remedy} (there are {', '.join(KINEMATICS)})") from None

    @model_validator(mode="after")
    def _thickness_of_plane_strain(self) -> MeshFile:
        if self.thickness != 1.0 and self.kinematics != PLANE_STRAIN:
            raise ValueError("a body in plane strain alone has a thickness")
        return self
