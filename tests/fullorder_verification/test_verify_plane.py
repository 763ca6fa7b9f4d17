"""Plane strain and axisymmetry: closed forms, and the solid of a thin sector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from verification_adapter import at_points, l2_error, material, orders, relative, solve
from verification_plane_references import Kirsch
from verification_references import Hill, Lame, RotatingCylinder, SpinningDisc

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.rectangle import rectangle_mesh
from romlib.model import ArrayReference, Centrifugal, Constraint, Material, Model, Pressure

A, B, E, NU, YIELD = 50.0, 100.0, 200000.0, 0.3, 240.0
ENDS = {"below": Constraint(nodes="ymin", components=("y",)), "above": Constraint(nodes="ymax", components=("y",))}
BORE = {"bore": Pressure(faces="xmin")}
# element, rule: cells along the radius (twice as many on the fine mesh), order of displacement, of stress
RATES = {("tri3", None): (12, 2, 1), ("quad4", None): (6, 2, 1), ("tri6", None): (6, 3, 2), ("quad8", None): (4, 3, 2),
         ("quad8", "quad_gauss_4"): (4, 3, 2)}
every_rate = pytest.mark.parametrize(("cell", "rule"), RATES, ids=lambda one: one or "")


def ring(cell: str, rule: str | None, n_r: int, height: float | None = None, n_y: int = 2) -> Mesh:
    """A section of a ring: x is the radius, y along the axis; of square cells, where no height is given."""
    height = n_y * (B - A) / n_r if height is None else height
    return rectangle_mesh(cell, (n_r, n_y), (B - A, height), (A, 0.0), "axisymmetric", quadrature=rule)


def quarter_ring(cell: str, rule: str | None, n_r: int, n_arc: int, outer: float = B) -> Mesh:
    """A quarter of a ring in plane strain; "xmin" is the bore, "ymin" and "ymax" the planes of symmetry."""
    def bent(points: np.ndarray) -> np.ndarray:
        return np.column_stack([points[:, 0] * np.cos(points[:, 1]), points[:, 0] * np.sin(points[:, 1])])

    return rectangle_mesh(cell, (n_r, n_arc), (outer - A, np.pi / 2), (A, 0.0), "plane strain", quadrature=rule,
                          mapped=bent)


SYMMETRY = {"right": Constraint(nodes="ymin", components=("y",)), "up": Constraint(nodes="ymax", components=("x",))}


def ring_errors(cell: str, rule: str | None, model: Model, exact: Lame | RotatingCylinder) -> list[tuple[float, float]]:
    """Errors of displacement and stress of an axisymmetric ring, on a mesh and on one twice as fine."""
    errors = []
    for factor in (1, 2):
        mesh = ring(cell, rule, factor * RATES[cell, rule][0])
        history, operator = solve(mesh, model, [0.0, 1.0]), StrainOperator(mesh)
        r = operator.coordinates[:, 0]
        u = np.column_stack([exact.displacement(r), 0.0 * r])
        errors.append((l2_error(operator, at_points(operator, history.displacement[-1]), u),
                       l2_error(operator, history.stress[-1][:, [0, 2, 1]], exact.stress(r))))
    return errors


@every_rate
def test_an_axisymmetric_cylinder_converges_to_lame_at_the_order_of_the_element(cell, rule, figures):
    exact = Lame(A, B, E, NU, 120.0)
    _, order_u, order_s = RATES[cell, rule]
    model = Model(materials=material("elastic", young=E, poisson=NU), constraints=ENDS, loads=BORE,
                  amplitudes={"bore": "120*t"})
    figures(orders(ring_errors(cell, rule, model, exact), order_u, order_s, (0.005, 0.1)))


@every_rate
def test_a_cylinder_in_plane_strain_converges_to_lame_at_the_order_of_the_element(cell, rule, figures):
    exact = Lame(A, B, E, NU, 120.0)
    n_r, order_u, order_s = RATES[cell, rule]
    model = Model(materials=material("elastic", young=E, poisson=NU), constraints=SYMMETRY, loads=BORE,
                  amplitudes={"bore": "120*t"})
    errors = []
    for factor in (1, 2):
        mesh = quarter_ring(cell, rule, factor * n_r, factor * n_r)
        history, operator = solve(mesh, model, [0.0, 1.0]), StrainOperator(mesh)
        x, r = operator.coordinates, np.linalg.norm(operator.coordinates, axis=1)
        u = x * (exact.displacement(r) / r)[:, None]
        errors.append((l2_error(operator, at_points(operator, history.displacement[-1]), u),
                       l2_error(operator, polar(x, history.stress[-1]), exact.stress(r))))
    figures(orders(errors, order_u, order_s, (0.005, 0.1)))


def polar(points: np.ndarray, stress: np.ndarray) -> np.ndarray:
    """Radial, hoop and axial stress (n, 3) of Kelvin-Mandel stresses (n, 6) at points (n, 2)."""
    c, s = (points / np.linalg.norm(points, axis=1)[:, None]).T
    shear = stress[:, 3] / np.sqrt(2.0)
    radial = c**2 * stress[:, 0] + s**2 * stress[:, 1] + 2 * c * s * shear
    return np.stack([radial, stress[:, 0] + stress[:, 1] - radial, stress[:, 2]], axis=1)


def test_forces_of_a_body_in_plane_strain_are_those_of_its_thickness(figures):
    """The same pressure on a body of five times the thickness: the same displacement, five times the reaction."""
    moved = {**SYMMETRY, "up": Constraint(nodes="ymax", components=("x",), kind="prescribed", value=0.0)}
    model = Model(materials=material("elastic", young=E, poisson=NU), constraints=moved, loads=BORE,
                  amplitudes={"bore": "120*t", "up": "t"})
    mesh = quarter_ring("quad8", None, 3, 3)
    thin, thick = (solve(replace(mesh, thickness=t), model, [0.0, 1.0]) for t in (1.0, 5.0))
    figures({"displacement": (relative(thick.displacement, thin.displacement), 0.0, 1e-11),
             "reaction": (relative(thick.reaction, 5.0 * thin.reaction), 0.0, 1e-10)})


@every_rate
def test_a_plate_with_a_hole_converges_to_kirsch_at_the_order_of_the_element(cell, rule, figures):
    """A quarter of a ring in the infinite body, whose rim moves as the closed form says."""
    exact = Kirsch(A, E, NU, 100.0)
    n_r, order_u, order_s = RATES[cell, rule]
    errors = []
    for factor in (1, 2):
        mesh = quarter_ring(cell, rule, 2 * factor * n_r, 2 * factor * n_r, 3 * A)
        mesh = replace(mesh, node_arrays={"exact": exact.displacement(mesh.points)})
        rim = Constraint(nodes="xmax", components=("x", "y"), kind="prescribed", value=ArrayReference(array="exact"))
        planes = {name: one.model_copy(update={"nodes": f"{one.nodes}_inside"}) for name, one in SYMMETRY.items()}
        mesh = replace(mesh, node_tags={**mesh.node_tags, **{
            f"{tag}_inside": np.setdiff1d(mesh.node_tags[tag], mesh.node_tags["xmax"]) for tag in ("ymin", "ymax")}})
        model = Model(materials=material("elastic", young=E, poisson=NU), constraints={**planes, "rim": rim},
                      amplitudes={"rim": "t"})
        history, operator = solve(mesh, model, [0.0, 1.0]), StrainOperator(mesh)
        found = history.stress[-1][:, :4] / np.array([1.0, 1.0, 1.0, np.sqrt(2.0)])
        errors.append((l2_error(operator, at_points(operator, history.displacement[-1]),
                                exact.displacement(operator.coordinates)),
                       l2_error(operator, found, exact.stress(operator.coordinates))))
    figures(orders(errors, order_u, order_s, (0.005, 0.1)))


def steel(density: float = 7.8e-9) -> dict[str, Material]:
    return {"solid": Material(law="elastic", parameters={"young": E, "poisson": NU}, density=density)}


@every_rate
def test_a_spinning_cylinder_whose_ends_are_held_converges_at_the_order_of_the_element(cell, rule, figures):
    exact = RotatingCylinder(A, B, E, NU, 7.8e-9, 2000.0)
    _, order_u, order_s = RATES[cell, rule]
    spin = Centrifugal(center=(0.0, 7.0, 0.0), axis=(0.0, -1.0, 0.0), speed=2000.0)
    model = Model(materials=steel(), constraints=ENDS, loads={"spin": spin}, amplitudes={"spin": "t"})
    figures(orders(ring_errors(cell, rule, model, exact), order_u, order_s, (0.005, 0.1)))


def test_a_thin_disc_that_spins_freely_is_in_plane_stress(figures):
    """Four hundredths of its radius thick: it differs from the closed form by about the square of that."""
    exact = SpinningDisc(A, B, E, NU, 7.8e-9, 2000.0)
    mesh = rectangle_mesh("quad8", (24, 2), (B - A, 0.02 * B), (A, 0.0), "axisymmetric")
    spin = Centrifugal(center=(0.0, 0.0, 0.0), axis=(0.0, 1.0, 0.0), speed=2000.0)
    model = Model(materials=steel(), constraints={"middle": ENDS["below"]}, loads={"spin": spin},
                  amplitudes={"spin": "t"})
    history, operator = solve(mesh, model, [0.0, 1.0]), StrainOperator(mesh)
    r, stress = operator.coordinates[:, 0], history.stress[-1]
    u = exact.displacement(mesh.points[:, 0])
    figures({"displacement": (relative(history.displacement[-1][:, 0], u), 0.0, 1e-3),
             "stress": (l2_error(operator, stress[:, [0, 2]], exact.stress(r)), 0.0, 1e-3),
             "stress along the axis": (float(np.abs(stress[:, 1]).max() / np.abs(stress[:, 2]).max()), 0.0, 2e-3)})


def test_an_elastoplastic_axisymmetric_cylinder_follows_hill(figures):
    """The front between two cells, where the closed form is smooth in every cell."""
    exact, errors = Hill(A, B, E, YIELD, 75.0), []
    model = Model(materials=material("mises", young=E, poisson=0.499999, **{"yield": YIELD}), constraints=ENDS,
                  loads=BORE, amplitudes={"bore": f"{exact.pressure}*t"})
    for n_r in (4, 8):
        mesh = ring("quad8", "quad_gauss_4", n_r)
        history, operator = solve(mesh, model, [0.0, 1.0]), StrainOperator(mesh)
        r = operator.coordinates[:, 0]
        u = np.column_stack([exact.displacement(r), 0.0 * r])
        errors.append(np.array([
            l2_error(operator, at_points(operator, history.displacement[-1]), u),
            l2_error(operator, history.stress[-1][:, [0, 2, 1]], exact.stress(r)),
            l2_error(operator, history.variable("p")[-1], exact.cumulated_strain(r)[:, None])]))
    order = np.log2(errors[0] / errors[1])
    figures({"displacement, fine mesh": (errors[1][0], 0.0, 1e-4), "stress, fine mesh": (errors[1][1], 0.0, 2e-4),
             "p, fine mesh": (errors[1][2], 0.0, 1e-3), "order of displacement": (order[0], 2.5, 3.6),
             "order of stress": (order[1], 1.8, 3.5), "order of p": (order[2], 1.8, 3.5)})


def sector(angle: float, divisions: tuple[int, int], height: float) -> Mesh:
    """A thin sector of the ring that `ring` is the section of, about z, between two planes through the axis."""
    def bent(points: np.ndarray) -> np.ndarray:
        turn = points[:, 1] * angle
        return np.column_stack([points[:, 0] * np.cos(turn), points[:, 0] * np.sin(turn), points[:, 2]])

    mesh = box_mesh("hex20", (divisions[0], 1, divisions[1]), (B - A, 1.0, height), (A, -0.5, 0.0),
                    quadrature="hex_gauss_8")
    return replace(mesh, points=bent(mesh.points))


def test_an_elastoplastic_axisymmetric_body_is_the_solid_of_a_thin_sector(figures):
    """A ring pressed and bent by its upper end, J2 with hardening: the sector differs by about its angle squared."""
    divisions, height, angle = (6, 4), 60.0, np.radians(0.5)
    law = material("mises", young=E, poisson=NU, **{"yield": YIELD, "linear_hardening": 2000.0})
    amplitudes = {"bore": {"time": (0.0, 1.0, 2.0), "value": (0.0, 60.0, -20.0)},
                  "pull": {"time": (0.0, 1.0, 2.0), "value": (0.0, 0.15, 0.02)}}
    times = np.linspace(0.0, 2.0, 9)
    flat = ring("quad8", "quad_gauss_4", divisions[0], height, divisions[1])
    here = solve(flat, Model(
        materials=law, loads=BORE, amplitudes=amplitudes,
        constraints={"below": Constraint(nodes="ymin", components=("x", "y")),
                     "pull": Constraint(nodes="ymax", components=("y",), kind="prescribed", value=1.0)}), times)
    solid = sector(angle, divisions, height)
    sides = {f"side{k}": Constraint(nodes=tag, normal=(-np.sin(turn), np.cos(turn), 0.0))
             for k, (tag, turn) in enumerate((("ymin", -angle / 2), ("ymax", angle / 2)))}
    there = solve(solid, Model(
        materials=law, loads=BORE, amplitudes=amplitudes,
        constraints={**sides, "below": Constraint(nodes="zmin", components=("x", "y", "z")),
                     "pull": Constraint(nodes="zmax", components=("z",), kind="prescribed", value=1.0)}), times)
    radii = np.hypot(solid.points[:, 0], solid.points[:, 1])
    both = np.column_stack([radii, solid.points[:, 2]])
    nearest = np.argmin(np.linalg.norm(both[:, None] - flat.points[None], axis=2), axis=1)
    close = np.linalg.norm(both - flat.points[nearest], axis=1) < 1e-6 * B
    assert close.sum() >= 2 * flat.n_node
    u = there.displacement[:, close]
    radial = (u[..., :2] * solid.points[close][:, :2]).sum(axis=-1) / radii[close]
    found = np.stack([radial, u[..., 2]], axis=-1)
    p, p_solid = here.variable("p")[-1][:, 0], there.variable("p")[-1][:, 0]
    whole = 2.0 * np.pi / angle
    pull, other = (one.reactions["pull"] for one in (here, there))
    assert p.max() > 1e-3
    figures({"displacement": (relative(found, here.displacement[:, nearest[close]]), 0.0, 1e-4),
             "largest p": (abs(p_solid.max() / p.max() - 1.0), 0.0, 1e-3),
             "axial force of the whole ring": (relative(whole * other, pull), 0.0, 1e-4)})
