"""What a displacement of two or of three components makes of the six components of the strain.

Tensors have six components whatever the mesh. The gradient of the shape functions is embedded: in two dimensions it has
a third column, N / r, which makes the hoop strain of the radial displacement; where there is none it is zero.

==============  =====================================  ================================================================
kinematics      coordinates, displacement              strain
==============  =====================================  ================================================================
solid           x, y, z                                all six components
plane strain    x, y; a body of a thickness along z    11, 22, 12; 33, 13 and 23 are zero
axisymmetric    x = r, y = along the axis, which is x  11 = rr, 22 = along the axis, 33 = hoop (u_r / r), 12; 13 and 23
                = 0; integrals run round the axis      are zero: there is no twist
==============  =====================================  ================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError, UnsupportedError
from romlib.tensors import SQRT2
from romlib.words import unknown

SOLID, PLANE_STRAIN, AXISYMMETRIC = "solid", "plane strain", "axisymmetric"
HOOP = 2  # the column of an embedded gradient in two dimensions that has N / r
_H = 1 / SQRT2


@dataclass(frozen=True, eq=False)
class Kinematics:
    """name : in messages, studies and files. dimension : of points and displacements.

    entries : where a strain comes from: row of the Kelvin-Mandel strain, component of the displacement, column of the
        embedded gradient, factor. rigid : the motions without strain among three translations and three rotations.
    """

    name: str
    dimension: int
    entries: tuple[tuple[int, int, int, float], ...]
    rigid: tuple[int, ...]

    @property
    def n_strain(self) -> int:
        """Components of the strain that a displacement can make."""
        return len({row for row, _, _, _ in self.entries})

    @property
    def axes(self) -> str:
        """Letters of the components of the displacement."""
        return "xyz"[:self.dimension]

    @property
    def axisymmetric(self) -> bool:
        """Whether x is the radius, and integrals run round the axis."""
        return self.name == AXISYMMETRIC


_PLANE = ((0, 0, 0, 1.0), (1, 1, 1, 1.0), (3, 0, 1, _H), (3, 1, 0, _H))
KINEMATICS: dict[str, Kinematics] = {one.name: one for one in (
    Kinematics(SOLID, 3, ((0, 0, 0, 1.0), (1, 1, 1, 1.0), (2, 2, 2, 1.0), (3, 0, 1, _H), (3, 1, 0, _H), (4, 0, 2, _H),
                          (4, 2, 0, _H), (5, 1, 2, _H), (5, 2, 1, _H)), (0, 1, 2, 3, 4, 5)),
    Kinematics(PLANE_STRAIN, 2, _PLANE, (0, 1, 5)),
    Kinematics(AXISYMMETRIC, 2, (*_PLANE[:2], (2, 0, HOOP, 1.0), *_PLANE[2:]), (1,)),
)}
# Why what other programs have beside these is not here.
_REFUSED = {
    "plane stress": "its strain across the plane is not a displacement's: it follows from a law whose stress there is "
                    "zero, which no law here is asked for; solve a solid of one layer of cells",
    "generalised plane strain": "its strain across the plane is one more unknown of the whole body; solve a solid of "
                                "one layer of cells whose sides stay plane",
    "axisymmetric with twist": "it has a third component of the displacement, round the axis; solve a sector of the "
                               "solid with cyclic symmetry",
}
_OTHER_WORDS = {
    "generalized plane strain": "generalised plane strain", "twist": "axisymmetric with twist", "3d": SOLID,
    "generalised axisymmetric": "axisymmetric with twist", "generalized axisymmetric": "axisymmetric with twist",
    "axisymmetric twist": "axisymmetric with twist", "axisymmetry": AXISYMMETRIC, "axisymmetric torsion":
    "axisymmetric with twist", "torsion": "axisymmetric with twist",
}


def kinematics(name: str) -> Kinematics:
    """The kinematics of that name.

    Raises
    ------
    UnsupportedError : plane stress, generalised plane strain and twist, with what to do in their place; else the
        names that there are.
    """
    if name in KINEMATICS:
        return KINEMATICS[name]
    meant = _OTHER_WORDS.get(name.strip().lower().replace("_", " ").replace("-", " "), name.strip().lower())
    meant = meant.replace("_", " ").replace("-", " ")
    if meant in _REFUSED:
        why, _, instead = _REFUSED[meant].rpartition("; ")
        raise UnsupportedError(f"{meant} is not supported: {why}", expected=", ".join(KINEMATICS), found=name,
                               remedy=instead)
    raise UnsupportedError("unknown kinematics of a mesh", **unknown(name, KINEMATICS))


def refuse_wrong_thickness(motion: Kinematics, thickness: float) -> None:
    """Refuse a thickness of what has none, and one that is not positive.

    Raises
    ------
    UnsupportedError, InputError : in this order.
    """
    if thickness != 1.0 and motion.name != PLANE_STRAIN:
        raise UnsupportedError("a body in plane strain alone has a thickness", place=f"kinematics {motion.name!r}",
                               expected="thickness 1", found=thickness)
    if not 0.0 < thickness < np.inf:
        raise InputError("the thickness of a body is not positive", expected="a positive number", found=thickness)


def padded(values: np.ndarray) -> np.ndarray:
    """Points or vectors (..., 2 or 3) with three components, the third zero in two dimensions."""
    values = np.asarray(values)
    if values.shape[-1] == 3:
        return values
    return np.concatenate([values, np.zeros((*values.shape[:-1], 1), values.dtype)], axis=-1)
