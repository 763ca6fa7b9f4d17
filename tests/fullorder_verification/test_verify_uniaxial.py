"""A bar of Chaboche's law pulled and pushed: against the rate equations in one dimension, integrated by scipy."""

from __future__ import annotations

import numpy as np
from verification_adapter import material, solve
from verification_references import uniaxial_chaboche

from romlib.mesh.box import box_mesh
from romlib.model import Constraint, Model

CHABOCHE = {"young": 180000.0, "K": 1000.0, "n": 3.0, "R0": 80.0, "Q": 60.0, "b": 20.0}
TERMS = [(40000.0, 200.0), (8000.0, 30.0)]
CORNERS, STRAINS = np.array([0.0, 1.0, 3.0, 5.0]), np.array([0.0, 0.004, -0.003, 0.004])


def rate(t: float) -> float:
    """d eps / dt of the triangular history."""
    k = np.searchsorted(CORNERS, t) - 1
    return float((STRAINS[k + 1] - STRAINS[k]) / (CORNERS[k + 1] - CORNERS[k]))


def bar_history(steps_per_second: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Times, (stress, p) of the bar (n_step, 2), and the largest departure from a uniform uniaxial state in MPa."""
    mesh = box_mesh("hex8", (2, 1, 1), (10.0, 2.0, 3.0))
    times = np.arange(5 * steps_per_second + 1) / steps_per_second
    law = {key: CHABOCHE[key] for key in ("young", "K", "n", "R0")} | {
        "poisson": 0.3, "isotropic": {"Q": CHABOCHE["Q"], "b": CHABOCHE["b"]},
        "kinematic": [{"C": C, "D": D} for C, D in TERMS]}
    constraints = {
        "left": Constraint(nodes="xmin", components=("x",)), "front": Constraint(nodes="ymin", components=("y",)),
        "bottom": Constraint(nodes="zmin", components=("z",)),
        "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed", value=10.0)}
    model = Model(materials=material("chaboche", **law), constraints=constraints,
                  amplitudes={"pull": {"time": tuple(CORNERS), "value": tuple(STRAINS)}})
    history = solve(mesh, model, times)
    axial = history.stress[..., 0]
    uneven = max(np.abs(history.stress[..., 1:]).max(), np.ptp(axial, axis=1).max())
    return times, np.stack([axial[:, 0], history.variable("p")[:, 0, 0]], axis=1), float(uneven)


def test_cyclic_bar_converges_to_the_rate_equations(figures):
    """Implicit Euler is of first order in time: halving the step halves the error, and Richardson's extrapolation of
    two runs, which removes that order, comes much closer."""
    results = {n: bar_history(n) for n in (40, 80)}
    times = results[40][0]
    reference = uniaxial_chaboche(CHABOCHE, TERMS, rate, times, CORNERS)
    assert np.abs(reference[:, 0]).max() > 300.0 and reference[-1, 1] > 0.005
    scale = np.abs(reference).max(axis=0)
    coarse, fine = results[40][1], results[80][1][::2]
    error = {name: np.abs(found - reference).max(axis=0) / scale
             for name, found in (("coarse", coarse), ("fine", fine), ("extrapolated", 2 * fine - coarse))}
    measured = {}
    for k, name in enumerate(("stress", "p")):
        measured[f"{name}, 80 steps a second"] = (error["fine"][k], 0.0, 0.02)
        measured[f"order in time of {name}"] = (np.log2(error["coarse"][k] / error["fine"][k]), 0.85, 1.15)
        measured[f"{name}, extrapolated"] = (error["extrapolated"][k], 0.0, 2e-3)
    measured["other stresses in the bar over the axial one"] = (results[80][2] / scale[0], 0.0, 1e-7)
    figures(measured)
