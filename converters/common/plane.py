"""Which plane model a file in two dimensions is of, where it does not say so: the user does."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from pathlib import Path

from romlib_converters.common.solver_mesh import SolverMesh

from romlib.errors import InputError, UnsupportedError
from romlib.mesh.kinematics import KINEMATICS, PLANE_STRAIN, SOLID, kinematics

_PLANE = tuple(name for name, one in KINEMATICS.items() if one.dimension == 2)


def stated_kinematics(dimension: int, given: object, file: Path, option: str = "kinematics") -> str:
    """The kinematics of a mesh. dimension : of the file's coordinates. given : what the user says, None for nothing.

    Raises
    ------
    InputError : nothing said of a mesh in two dimensions, or what does not fit the dimension. UnsupportedError : plane
    stress and other models that romlib does not reproduce, or a mesh in one dimension.
    """
    if dimension not in (2, 3):
        raise UnsupportedError("the mesh has one dimension", file=file, expected="a solid, or a plane model")
    if given is None and dimension == 3:
        return SOLID
    known = (SOLID,) if dimension == 3 else _PLANE
    if given is not None and given not in known:
        try:
            kinematics(str(given))  # says why another model is not reproduced
        except UnsupportedError as error:
            raise UnsupportedError(error.what, file=file, place=f"option {option}", expected=error.expected,
                                   found=error.found, remedy=error.remedy) from error
    if given not in known:
        raise InputError(
            "the file is in two dimensions, and does not say of which model" if dimension == 2 else
            "the file is in three dimensions", file=file, place=f"option {option}", expected=" or ".join(known),
            found="nothing" if given is None else given,
            remedy=f"say it: --option {option}=\"plane strain\"" if dimension == 2 else None)
    return str(given)


def with_thickness(mesh: SolverMesh, given: object) -> SolverMesh:
    """The mesh of a body in plane strain with the thickness that the user states, None for nothing said (then one).

    Raises
    ------
    InputError : no positive number, or a mesh that has no thickness.
    """
    if given is None:
        return mesh
    try:
        thickness = float(str(given))
    except ValueError:
        thickness = 0.0
    if mesh.kinematics != PLANE_STRAIN or not (isfinite(thickness) and thickness > 0.0):
        raise InputError("a thickness is that of a body in plane strain", file=mesh.file, place="option thickness",
                         expected="a positive number" if mesh.kinematics == PLANE_STRAIN else "none",
                         found=f"{given}, {mesh.kinematics}")
    return replace(mesh, thickness=thickness)
