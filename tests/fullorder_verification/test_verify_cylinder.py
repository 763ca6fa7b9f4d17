"""Thick cylinder under internal pressure in plane strain: elastic, elastoplastic, in steady creep."""

from __future__ import annotations

import numpy as np
import pytest
from verification_adapter import at_points, cylindrical, l2_error, material, radial_field, radius, relative, solve
from verification_meshes import QUARTER, quarter_cylinder
from verification_references import Hill, Lame, NortonCylinder

from romlib.mesh.operator import StrainOperator
from romlib.model import Model, Pressure

A, B, HEIGHT, E = 50.0, 100.0, 10.0, 200000.0
BORE = {"bore": Pressure(faces="xmin")}
# Element: divisions along the radius and the arc, twice as fine each; theory: order of displacement, of stress, in L2.
RATES = {"tet4": ((8, 12), 2, 1), "hex8": ((6, 9), 2, 1), "wedge6": ((8, 12), 2, 1),
         "tet10": ((4, 6), 3, 2), "hex20": ((2, 3), 3, 2), "wedge15": ((4, 6), 3, 2)}


@pytest.mark.parametrize("cell_type", RATES)
def test_elastic_cylinder_converges_to_lame_at_the_order_of_the_element(cell_type, figures):
    exact = Lame(A, B, E, 0.3, 120.0)
    (n_r, n_arc), order_u, order_s = RATES[cell_type]
    model = Model(materials=material("elastic", young=E, poisson=0.3), constraints=QUARTER, loads=BORE,
                  amplitudes={"bore": "120*t"})
    errors = []
    for factor in (1, 2):
        mesh = quarter_cylinder(cell_type, (factor * n_r, factor * n_arc, 1), A, B, HEIGHT / factor)
        history, operator = solve(mesh, model, [0.0, 1.0]), StrainOperator(mesh)
        r = radius(operator.coordinates)
        errors.append((
            l2_error(operator, at_points(operator, history.displacement[-1]),
                     radial_field(operator.coordinates, exact.displacement(r))),
            l2_error(operator, cylindrical(operator, history.stress[-1]), exact.stress(r))))
    (coarse_u, coarse_s), (fine_u, fine_s) = errors
    figures({"displacement, fine mesh": (fine_u, 0.0, 0.005), "stress, fine mesh": (fine_s, 0.0, 0.1),
             "order of displacement": (np.log2(coarse_u / fine_u), order_u - 0.2, 4.5),
             "order of stress": (np.log2(coarse_s / fine_s), order_s - 0.2, 3.5)})


def plastic_cylinder(n_r: int, poisson: float, levels: np.ndarray):
    """History at increasing pressures: hexahedra of 20 nodes with 8 points, which do not lock at constant volume."""
    mesh = quarter_cylinder("hex20", (n_r, 4, 1), A, B, HEIGHT, "hex_gauss_8")
    plastic = material("mises", young=E, poisson=poisson, linear_hardening=1e-5 * E, **{"yield": YIELD})
    times = np.arange(len(levels) + 1.0)
    amplitude = {"time": tuple(times), "value": (0.0, *levels)}
    model = Model(materials=plastic, constraints=QUARTER, loads=BORE, amplitudes={"bore": amplitude})
    return mesh, solve(mesh, model, times)


YIELD = 240.0
FRONTS = np.array([55.0, 65.0, 75.0, 85.0])
LEVELS = np.array([Hill(A, B, E, YIELD, c).pressure for c in FRONTS])


def test_hill_solution_is_inverted_by_its_own_pressure():
    assert Hill.under(LEVELS[1], A, B, E, YIELD).front == pytest.approx(FRONTS[1], rel=1e-10)


def test_elastoplastic_cylinder_follows_hill(figures):
    """Theory of the limits. Compressibility: bulk strain over shear strain is of the order of 1 - 2 nu = 2e-3 times
    p / k; hardening adds at most H p / Y = 1e-5 E x 3e-3 / Y = 2e-5; the front lies inside a cell, where p has a kink,
    which costs second order in h / r = 1/16: 4e-3 of the strain there, times the share of that cell in the radius.
    """
    mesh, history = plastic_cylinder(16, 0.499, LEVELS)
    operator = StrainOperator(mesh)
    r, measured = radius(operator.coordinates), {}
    outer, inner = mesh.node_tags["xmax"], mesh.node_tags["xmin"]
    for k, front in enumerate(FRONTS, start=1):
        exact = Hill(A, B, E, YIELD, front)
        u = np.linalg.norm(history.displacement[k], axis=1)
        measured[f"front at {front:g}, bore displacement"] = (relative(u[inner], exact.displacement(A)), 0.0, 5e-3)
        measured[f"front at {front:g}, outer displacement"] = (relative(u[outer], exact.displacement(B)), 0.0, 5e-3)
        stress = cylindrical(operator, history.stress[k])
        measured[f"front at {front:g}, stress"] = (l2_error(operator, stress, exact.stress(r)), 0.0, 5e-3)
        p = history.variable("p")[k]
        expected = exact.cumulated_strain(r)[:, None]
        measured[f"front at {front:g}, p"] = (l2_error(operator, p, expected), 0.0, 2e-2)
    figures(measured)


def test_elastoplastic_error_is_that_of_compressibility(figures):
    """The distance to Hill's incompressible solution falls with 1 - 2 nu: it is the reference's, not the solver's."""
    exact = Hill(A, B, E, YIELD, FRONTS[1])
    errors = []
    for poisson in (0.48, 0.49):
        mesh, history = plastic_cylinder(16, poisson, LEVELS[:2])
        u = np.linalg.norm(history.displacement[-1], axis=1)[mesh.node_tags["xmax"]]
        errors.append(relative(u, exact.displacement(B)))
    figures({"ratio of the errors at 1 - 2 nu = 0.04 and 0.02": (errors[0] / errors[1], 1.7, 2.3)})


@pytest.mark.parametrize("n", [3.0, 6.0])
def test_creeping_cylinder_reaches_the_steady_state_of_norton(n, figures):
    """Times grow to many times sigma / (E eps'), the time in which stresses redistribute."""
    exact = NortonCylinder(A, B, 300.0, n, 100.0)
    mesh = quarter_cylinder("hex20", (8, 4, 1), A, B, HEIGHT, "hex_gauss_8")
    creep = material("chaboche", young=E, poisson=0.3, K=300.0, n=n, R0=0.0)
    redistribution = 100.0 / (E * float(exact.displacement_rate(np.array([B]))[0]) / B)
    times = np.concatenate([[0.0, 1e-9], np.geomspace(1e-4, 30.0, 36), [31.0]]) * redistribution
    model = Model(materials=creep, constraints=QUARTER, loads=BORE,
                  amplitudes={"bore": {"time": (0.0, times[1]), "value": (0.0, 100.0)}})
    history, operator = solve(mesh, model, times), StrainOperator(mesh)
    rate = (history.displacement[-1] - history.displacement[-2]) / (times[-1] - times[-2])
    r_node, r_ip = radius(mesh.points), radius(operator.coordinates)
    stress = [cylindrical(operator, history.stress[k]) for k in (1, -2, -1)]
    elastic = Lame(A, B, E, 0.3, 100.0)
    figures({"displacement rate": (relative(rate, radial_field(mesh.points, exact.displacement_rate(r_node))), 0, 2e-3),
             "stress": (l2_error(operator, stress[2], exact.stress(r_ip)), 0.0, 3e-3),
             "change of stress over the last step": (relative(stress[2], stress[1]), 0.0, 1e-6),
             "stress at first, against Lame": (l2_error(operator, stress[0], elastic.stress(r_ip)), 0.0, 3e-3)})
    assert l2_error(operator, exact.stress(r_ip), elastic.stress(r_ip)) > 0.1, "the two states are too close to tell"
