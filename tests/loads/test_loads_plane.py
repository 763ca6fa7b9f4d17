"""Loads of plane and axisymmetric bodies: their resultants in closed form, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from romlib.errors import InputError, UnsupportedError
from romlib.loads.constraints import constrained_dofs, prescribed_displacement
from romlib.loads.forces import unit_force
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import (
    ArrayReference,
    BodyForce,
    Centrifugal,
    Constraint,
    Material,
    NodalForce,
    Pressure,
    Traction,
)

STEEL = {"steel": Material(law="elastic", parameters={"young": 1.0, "poisson": 0.0}, density=2.0)}
every_cell = pytest.mark.parametrize("cell", ["tri3", "tri6", "quad4", "quad8"])
RULES = {"tri3": "tri_3", "tri6": "tri_6"}  # exact for the radius times what acts


def body(cell: str = "quad8", kinematics: str = "axisymmetric", **how) -> Mesh:
    """2 <= x <= 5, 0 <= y <= 4."""
    return rectangle_mesh(cell, (3, 2), (3.0, 4.0), (2.0, 0.0), kinematics, quadrature=RULES.get(cell), **how)


def total(load, mesh: Mesh) -> np.ndarray:
    return unit_force(load, mesh, STEEL, StrainOperator(mesh), name="x").sum(axis=0)


@every_cell
def test_forces_on_edges_are_of_the_whole_circumference(cell):
    mesh, circle, ring = body(cell), 2.0 * np.pi * 5.0 * 4.0, np.pi * (25.0 - 4.0)
    np.testing.assert_allclose(total(Pressure(faces="xmax", value=3.0), mesh), [-3.0 * circle, 0.0], atol=1e-11)
    np.testing.assert_allclose(total(Pressure(faces="ymax"), mesh), [0.0, -ring], atol=1e-11)
    np.testing.assert_allclose(total(Pressure(faces="ymin"), mesh), [0.0, ring], atol=1e-11)
    traction = Traction(faces="ymin", direction=(1.0, 2.0, 0.0))
    np.testing.assert_allclose(total(traction, mesh), [ring, 2.0 * ring], rtol=1e-13)


@every_cell
def test_forces_in_plane_strain_are_of_the_thickness(cell):
    mesh = body(cell, "plane strain", thickness=0.5)
    np.testing.assert_allclose(total(Pressure(faces="xmin", value=3.0), mesh), [3.0 * 4.0 * 0.5, 0.0], atol=1e-13)
    gravity = BodyForce(direction=(1.0, -2.0, 0.0), per="mass")
    np.testing.assert_allclose(total(gravity, mesh), [12.0, -24.0], rtol=1e-13)


@every_cell
def test_forces_in_the_volume_are_of_the_whole_ring(cell):
    mesh, volume = body(cell), np.pi * (25.0 - 4.0) * 4.0
    np.testing.assert_allclose(total(BodyForce(direction=(0.0, -9.0, 0.0), per="mass"), mesh), [0.0, -18.0 * volume],
                               atol=1e-9)
    np.testing.assert_allclose(total(BodyForce(direction=(1.0, 0.0, 0.0)), mesh), [volume, 0.0], atol=1e-10)
    spin = Centrifugal(center=(0.0, 3.0, 0.0), axis=(0.0, -2.0, 0.0), speed=10.0)
    expected = 2.0 * 100.0 * 2.0 * np.pi * 4.0 * (125.0 - 8.0) / 3.0
    np.testing.assert_allclose(total(spin, mesh), [expected, 0.0], rtol=1e-12, atol=1e-6)


def test_a_rotation_in_plane_strain_is_about_an_axis_across_the_plane():
    mesh = body("quad8", "plane strain")
    force = total(Centrifugal(center=(1.0, 2.0, 7.0), axis=(0.0, 0.0, 3.0), speed=10.0), mesh)
    np.testing.assert_allclose(force, [2.0 * 100.0 * 12.0 * 2.5, 0.0], rtol=1e-12, atol=1e-9)


def test_a_force_on_a_node_is_that_of_its_circle_and_arrays_may_have_two_or_three_components():
    mesh = body()
    load = NodalForce(nodes="ymax", direction=(1.0, 2.0, 0.0))
    np.testing.assert_allclose(total(load, mesh), np.array([1.0, 2.0]) * len(mesh.node_tags["ymax"]))
    values = np.random.default_rng(0).normal(size=(mesh.n_node, 3)) * [1.0, 1.0, 0.0]
    by_array = NodalForce(nodes="ymax", direction=ArrayReference(array="f"))
    found = [total(by_array, replace(mesh, node_arrays={"f": array})) for array in (values, values[:, :2])]
    np.testing.assert_array_equal(found[0], found[1])
    moved = Constraint(nodes="ymax", components=("x", "y"), kind="prescribed", value=ArrayReference(array="f"))
    np.testing.assert_array_equal(
        prescribed_displacement("c", moved, replace(mesh, node_arrays={"f": values})),
        values[mesh.node_tags["ymax"], :2])


@pytest.mark.parametrize(("load", "kinematics", "error", "words"), [
    (Traction(faces="xmax", direction=(0.0, 0.0, 1.0)), "plane strain", InputError, "across the plane"),
    (NodalForce(nodes="xmax", direction=(0.0, 1.0, 1e-6)), "axisymmetric", InputError, "across the plane"),
    (NodalForce(nodes="xmax", direction=ArrayReference(array="f")), "plane strain", InputError, "across the plane"),
    (BodyForce(direction=(0.0, 0.0, 1.0)), "axisymmetric", InputError, "across the plane"),
    (BodyForce(direction=(9.81, 0.0, 0.0), per="mass"), "axisymmetric", UnsupportedError, "not axisymmetric"),
    (Centrifugal(center=(0.0, 0.0, 0.0), axis=(0.0, 0.0, 1.0)), "axisymmetric", UnsupportedError, "axis of the body"),
    (Centrifugal(center=(1.0, 0.0, 0.0), axis=(0.0, 1.0, 0.0)), "axisymmetric", UnsupportedError, "axis of the body"),
    (Centrifugal(center=(0.0, 0.0, 0.0), axis=(0.0, 1.0, 0.0)), "plane strain", UnsupportedError, "across the plane"),
])
def test_what_does_not_keep_the_body_plane_is_refused_by_name(load, kinematics, error, words):
    mesh = body("quad8", kinematics)
    mesh = replace(mesh, node_arrays={"f": np.ones((mesh.n_node, 3))})
    with pytest.raises(error) as found:
        total(load, mesh)
    assert words in str(found.value) and "'x'" in str(found.value)


@pytest.mark.parametrize(("constraint", "words"), [
    (Constraint(nodes="xmin", components=("x", "z")), "no displacement z"),
    (Constraint(nodes="xmin", normal=(1.0, 0.0, 1.0)), "across the plane"),
    (Constraint(nodes="xmin", master="xmax", axis=(0.0, 0.0, 1.0), angle=30.0), "cyclic symmetry"),
])
def test_constraints_across_the_plane_are_refused(constraint, words):
    with pytest.raises((InputError, UnsupportedError), match=words):
        constrained_dofs("c", constraint, body())


def test_an_inclined_plane_has_two_components():
    nodes, axes = constrained_dofs("c", Constraint(nodes="xmin", normal=(1.0, 1.0, 0.0)), body())
    assert axes.tolist() == [0, 1] and len(nodes) == 5
