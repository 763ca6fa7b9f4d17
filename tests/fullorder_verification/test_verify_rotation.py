"""Hollow cylinder spinning about its axis with its ends held: exact in plane strain."""

from __future__ import annotations

import pytest
from verification_adapter import (
    at_points,
    cylindrical,
    l2_error,
    material,
    orders,
    radial_field,
    radius,
    relative,
    solve,
)
from verification_meshes import QUARTER, quarter_cylinder
from verification_references import RotatingCylinder

from romlib.mesh.operator import StrainOperator
from romlib.model import Centrifugal, Material, Model

A, B, E, NU, DENSITY, SPEED = 50.0, 100.0, 200000.0, 0.3, 7.8e-9, 2000.0
STEEL = {"solid": Material(**material("elastic", young=E, poisson=NU)["solid"].model_dump() | {"density": DENSITY})}
SPIN = {"spin": Centrifugal(center=(0.0, 0.0, 3.0), axis=(0.0, 0.0, 1.0), speed=SPEED)}
MODEL = Model(materials=STEEL, constraints=QUARTER, loads=SPIN, amplitudes={"spin": "t"})


@pytest.mark.parametrize(
    "cell_type, divisions, order", [("hex8", (6, 9), 2), ("hex20", (2, 3), 3), ("tet10", (4, 6), 3)])
def test_spinning_cylinder_converges_at_the_order_of_the_element(cell_type, divisions, order, figures):
    exact, errors = RotatingCylinder(A, B, E, NU, DENSITY, SPEED), []
    for factor in (1, 2):
        n_r, n_arc = divisions
        mesh = quarter_cylinder(cell_type, (factor * n_r, factor * n_arc, 1), A, B, 10.0 / factor)
        history, operator = solve(mesh, MODEL, [0.0, 1.0]), StrainOperator(mesh)
        r = radius(operator.coordinates)
        expected = radial_field(operator.coordinates, exact.displacement(r))
        errors.append((l2_error(operator, at_points(operator, history.displacement[-1]), expected),
                       l2_error(operator, cylindrical(operator, history.stress[-1]), exact.stress(r))))
    figures(orders(errors, order, order - 1, (3e-3, 0.1)))


def test_displacement_grows_with_the_square_of_the_speed(figures):
    mesh = quarter_cylinder("hex8", (3, 4, 1), A, B, 10.0)
    u = solve(mesh, MODEL, [0.0, 0.5, 1.5]).displacement
    figures({"u(3 w) against 9 u(w)": (relative(u[2], 9 * u[1]), 0.0, 1e-10)})
