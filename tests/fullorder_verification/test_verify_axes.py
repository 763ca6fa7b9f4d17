"""Materials with axes: closed forms of crystals and of a wound cylinder, and what a rotation of everything does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from verification_adapter import at_points, cylindrical, l2_error, orders, radial_field, radius, relative, solve
from verification_meshes import QUARTER, quarter_cylinder
from verification_references import OrthotropicCylinder

from romlib.mesh.axes import axes_of_vectors
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Constraint, Material, Model, Orientation, Pressure, Temperature, ThermalExpansion, Traction
from romlib.tensors import rotate

NICKEL = {"C11": 246.5e3, "C12": 147.3e3, "C44": 124.7e3}
WOUND = {"C11": 12e3, "C22": 90e3, "C33": 20e3, "C12": 5e3, "C13": 4e3, "C23": 6e3, "C44": 4e3, "C55": 3e3, "C66": 5e3}


@pytest.mark.parametrize(("direction", "anisotropy"), [((0, 0, 1), 0.0), ((0, 1, 1), 0.25), ((1, 1, 1), 1.0 / 3.0)],
                         ids=["001", "011", "111"])
@pytest.mark.parametrize("cell_type", ["hex8", "tet10"])
def test_a_bar_of_a_cubic_crystal_has_the_modulus_of_its_direction(cell_type, direction, anisotropy, figures):
    """1 / E = S11 - 2 (S11 - S12 - S44 / 2) J (J. F. Nye, Physical Properties of Crystals, 1957, VIII.6)."""
    c11, c12, c44 = NICKEL.values()
    s11, s12 = (c11 + c12) / ((c11 - c12) * (c11 + 2 * c12)), -c12 / ((c11 - c12) * (c11 + 2 * c12))
    young = 1.0 / (s11 - 2.0 * (s11 - s12 - 0.5 / c44) * anisotropy)
    test = axes_of_vectors(np.array(direction, dtype=float), np.array([1.0, 0.3, 0.1]))
    crystal = Material(law="cubic", parameters=NICKEL, orientation=Orientation(first=test[:, 0], plane=test[:, 1]))
    mesh = box_mesh(cell_type, (3, 2, 2), (3.0, 1.0, 1.0))
    corners = {name: np.flatnonzero(np.all(mesh.points == place, axis=1)) for name, place in (
        ("o", (0, 0, 0)), ("y", (0, 1, 0)), ("z", (0, 0, 1)))}
    mesh = replace(mesh, node_tags={**mesh.node_tags, **corners})
    held = {"o": ("x", "y", "z"), "y": ("x", "z"), "z": ("x",)}
    model = Model(
        materials={"crystal": crystal},
        constraints={name: Constraint(nodes=name, components=axes) for name, axes in held.items()},
        loads={"right": Traction(faces="xmax", direction=(1, 0, 0)),
               "left": Traction(faces="xmin", direction=(-1, 0, 0))},
        amplitudes={"right": "100*t", "left": "100*t"})
    history = solve(mesh, model, [0.0, 1.0])
    strain = StrainOperator(mesh).strain(history.displacement[-1:])[0]
    uniaxial = np.zeros((len(strain), 6))
    uniaxial[:, 0] = 100.0
    figures({"modulus": (relative(100.0 / strain[:, 0], np.full(len(strain), young)), 0.0, 1e-10),
             "stress": (relative(history.stress[-1], uniaxial), 0.0, 1e-10)})


@pytest.mark.parametrize(("cell_type", "divisions", "order_u", "order_s"), [
    ("hex8", (6, 9), 2, 1), ("hex20", (4, 6), 3, 2)])
def test_a_wound_cylinder_converges_to_lekhnitskii(cell_type, divisions, order_u, order_s, figures):
    exact = OrthotropicCylinder(50.0, 100.0, WOUND, 120.0)
    wound = Material(law="orthotropic", parameters=WOUND, orientation=Orientation(center=(0, 0, 5), axis=(0, 0, 2)))
    model = Model(materials={"wound": wound}, constraints=QUARTER, loads={"bore": Pressure(faces="xmin")},
                  amplitudes={"bore": "120*t"})
    errors = []
    for factor in (1, 2):
        n_r, n_arc = (factor * n for n in divisions)
        mesh = quarter_cylinder(cell_type, (n_r, n_arc, 1), 50.0, 100.0, 10.0 / factor)
        history, operator = solve(mesh, model, [0.0, 1.0]), StrainOperator(mesh)
        r = radius(operator.coordinates)
        errors.append((
            l2_error(operator, at_points(operator, history.displacement[-1]),
                     radial_field(operator.coordinates, exact.displacement(r))),
            l2_error(operator, cylindrical(operator, history.stress[-1]), exact.stress(r))))
    figures(orders(errors, order_u, order_s, (0.01, 0.1)))


def heated_bar(turn):
    """A clamped bar of a crystal and of steel, heated and pulled, with all of it turned by a rotation."""
    mesh = box_mesh("hex8", (4, 1, 2), (4.0, 1.0, 1.0))
    x = mesh.points[mesh.blocks[0].connectivity].mean(axis=1)[:, 0]
    mesh = replace(mesh, points=mesh.points @ turn.T, cell_tags={
        "crystal": np.flatnonzero(x > 2), "steel": np.flatnonzero(x < 2)})
    first, plane, pull = (tuple(turn @ vector) for vector in ([1.0, 2.0, 0.5], [0.0, 1.0, -1.0], [1.0, 0.3, 0.1]))
    crystal = Material(
        law="cubic", cells="crystal", parameters=NICKEL, orientation=Orientation(first=first, plane=plane),
        thermal_expansion=ThermalExpansion(coefficient=(1e-5, 2e-5, -1e-5), reference_temperature=0.0))
    steel = Material(law="mises", cells="steel", parameters={
        "young": 2e5, "poisson": 0.3, "yield": 100.0, "linear_hardening": 2e4, "kinematic": 1e4})
    return mesh, Model(
        materials={"crystal": crystal, "steel": steel},
        constraints={"clamp": Constraint(nodes="xmin", components=("x", "y", "z"))},
        loads={"pull": Traction(faces="xmax", direction=pull), "heat": Temperature(field=1.0)},
        amplitudes={"pull": "90*sin(2*pi*t)", "heat": "200*t"}, initial_temperature=0.0)


TIMES = np.linspace(0.0, 0.5, 4)


@pytest.fixture(scope="module")
def straight():
    return solve(*heated_bar(np.eye(3)), TIMES)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_a_rotation_of_mesh_axes_and_loads_rotates_the_solution(seed, straight):
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    found = solve(*heated_bar(turn), TIMES)
    p = straight.variable("p")
    assert np.nanmax(p) > 1e-4, "the case has to be plastic"
    assert relative(found.displacement, straight.displacement @ turn.T) < 1e-7  # Newton's tolerance
    assert relative(found.stress, rotate(straight.stress, turn)) < 1e-7
    plastic, there = straight.variable("plastic_strain"), np.isfinite(p[0, :, 0])
    assert relative(found.variable("plastic_strain")[:, there], rotate(plastic[:, there], turn)) < 1e-6
