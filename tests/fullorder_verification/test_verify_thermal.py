"""Thermal expansion with a secant coefficient that depends on temperature and a strain-free temperature of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from verification_adapter import relative, solve

from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import ArrayReference, Constraint, Material, Model, ParameterTable, Temperature, ThermalExpansion

T_REF, T_FREE = 20.0, 150.0
ALPHA = ParameterTable(temperature=(0.0, 200.0, 800.0), value=(1.0e-5, 1.2e-5, 1.8e-5))
YOUNG = ParameterTable(temperature=(0.0, 1000.0), value=(200000.0, 100000.0))
HISTORY = ((0.0, 1.0, 2.0, 3.0), (150.0, 500.0, 900.0, 50.0))
FREE_BAR = {"left": Constraint(nodes="xmin", components=("x",)), "front": Constraint(nodes="ymin", components=("y",)),
            "bottom": Constraint(nodes="zmin", components=("z",))}


def expansion(temperature: np.ndarray) -> np.ndarray:
    """alpha(T)(T - T_ref) - alpha(T_0)(T_0 - T_ref), with alpha of the table, constant outside."""
    def secant(t: np.ndarray) -> np.ndarray:
        return np.interp(t, (0.0, 200.0, 800.0), (1.0e-5, 1.2e-5, 1.8e-5)) * (t - T_REF)
    return secant(temperature) - secant(np.asarray(T_FREE))


def bar_model(initial: float, strain_free: float | None, clamped: bool) -> Model:
    thermal = ThermalExpansion(coefficient=ALPHA, reference_temperature=T_REF, strain_free_temperature=strain_free)
    bar = Material(law="elastic", parameters={"young": YOUNG.model_dump(), "poisson": 0.3}, thermal_expansion=thermal)
    right = {"right": Constraint(nodes="xmax", components=("x",))} if clamped else {}
    return Model(materials={"bar": bar}, constraints=FREE_BAR | right, loads={"heat": Temperature(field=1.0)},
                 amplitudes={"heat": {"time": HISTORY[0], "value": HISTORY[1]}}, initial_temperature=initial)


@pytest.mark.parametrize("cell_type", ["hex8", "tet10", "wedge15"])
@pytest.mark.parametrize("initial, strain_free", [(T_FREE, None), (20.0, T_FREE)])
def test_bar_between_walls_is_stressed_by_minus_young_times_its_expansion(cell_type, initial, strain_free, figures):
    """Free sideways, held at both ends: sigma_11 = -E(T) eps_th(T), the strain across (1 + nu) eps_th."""
    mesh = box_mesh(cell_type, (4, 2, 2), (8.0, 2.0, 1.0))
    history = solve(mesh, bar_model(initial, strain_free, clamped=True), HISTORY[0])
    temperature = np.array(HISTORY[1])
    expected = np.zeros(history.stress.shape)
    expected[..., 0] = (-np.interp(temperature, (0, 1000), (2e5, 1e5)) * expansion(temperature))[:, None]
    across = (1.3 * expansion(temperature))[:, None] * mesh.points[:, 1]
    figures({"stress": (relative(history.stress[1:], expected[1:]), 0.0, 1e-10),
             "displacement across": (relative(history.displacement[1:, :, 1], across[1:]), 0.0, 1e-10)})


def test_bar_with_a_free_end_expands_without_stress(figures):
    mesh = box_mesh("hex8", (4, 2, 2), (8.0, 2.0, 1.0))
    history = solve(mesh, bar_model(T_FREE, None, clamped=False), HISTORY[0])
    expected = expansion(np.array(HISTORY[1]))[:, None, None] * mesh.points
    scale = 2e5 * expansion(np.array(900.0))
    figures({"displacement": (relative(history.displacement[1:], expected[1:]), 0.0, 1e-10),
             "stress over E alpha dT": (float(np.abs(history.stress).max() / scale), 0.0, 1e-10)})


@pytest.mark.parametrize("cell_type", ["hex20", "tet10", "wedge15"])
def test_linear_temperature_bends_a_free_block_without_stress(cell_type, figures):
    """T = g . x with a constant alpha: eps_th satisfies compatibility, so that sigma = 0 and
    u = alpha ((g . x) x - g |x|^2 / 2) up to a rigid motion (B. A. Boley, J. H. Weiner, Theory of Thermal Stresses,
    1960): a quadratic field, which quadratic cells with straight edges represent."""
    mesh = box_mesh(cell_type, (2, 2, 2), (2.0, 1.5, 1.0))
    g, alpha, x = np.array([30.0, -50.0, 80.0]), 1.2e-5, mesh.points
    corner = [int(np.flatnonzero(np.all(np.isclose(x, at), axis=1))[0]) for at in ((0, 0, 0), (2, 0, 0), (0, 1.5, 0))]
    mesh = replace(mesh, node_arrays={"field": x @ g}, node_tags={f"c{i}": np.array([n]) for i, n in enumerate(corner)})
    supports = {"c0": Constraint(nodes="c0", components=("x", "y", "z")),
                "c1": Constraint(nodes="c1", components=("y", "z")), "c2": Constraint(nodes="c2", components=("z",))}
    block = Material(law="elastic", parameters={"young": 2e5, "poisson": 0.3},
                     thermal_expansion=ThermalExpansion(coefficient=alpha, reference_temperature=0.0))
    model = Model(materials={"block": block}, constraints=supports, initial_temperature=0.0,
                  loads={"heat": Temperature(field=ArrayReference(array="field"))}, amplitudes={"heat": "t"})
    history = solve(mesh, model, [0.0, 1.0])
    u = alpha * ((x @ g)[:, None] * x - 0.5 * g * (x**2).sum(axis=1)[:, None])
    rigid = history.displacement[-1] - u
    basis = np.concatenate([np.broadcast_to(np.eye(3)[:, None], (3, *x.shape)), np.cross(np.eye(3)[:, None], x[None])])
    basis = basis.reshape(6, -1).T
    left = rigid.ravel() - basis @ np.linalg.lstsq(basis, rigid.ravel(), rcond=None)[0]
    stress = np.abs(history.stress[-1]).max() / (2e5 * alpha * np.abs(x @ g).max())
    figures({"stress over E alpha T": (float(stress), 0.0, 1e-9),
             "displacement, less a rigid motion": (float(np.abs(left).max() / np.abs(u).max()), 0.0, 1e-9)})
    assert StrainOperator(mesh).n_ip == history.stress.shape[1]
