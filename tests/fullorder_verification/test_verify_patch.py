"""Patch tests: with a linear displacement on the boundary, distorted cells of any kind carry a constant strain.

The rules are exact for B on these cells: all with straight edges, and the richer ones with curved edges too (the usual
four-point rule of a tet10 and the nine-point rule of a wedge15 are not, and their patch tests fail there as they must).
"""

from __future__ import annotations

import numpy as np
import pytest
from verification_adapter import material, prescribed_field, relative, solve, with_nodes_apart
from verification_meshes import boundary_nodes, distorted_box

from romlib.mesh.elements import ELEMENTS
from romlib.model import Model
from romlib.tensors import mandel_from_matrix

E, NU = 200000.0, 0.3
YIELD, HARDENING = 100.0, 3000.0
GRADIENT = 1e-3 * np.array([[1.0, 0.4, -0.2], [0.3, -0.7, 0.5], [-0.1, 0.6, 0.9]])
STRAIN = mandel_from_matrix(0.5 * (GRADIENT + GRADIENT.T))
CASES = [("tet4", None, False), ("tet10", None, False), ("tet10", "tet_15", True), ("hex8", None, False),
         ("hex20", None, False), ("hex20", None, True), ("hex20", "hex_gauss_8", False), ("wedge6", None, False),
         ("wedge15", None, False), ("wedge15", "wedge_18", True), ("hex27", None, True), ("pyramid5", None, False),
         ("pyramid5", "pyramid_8", False), ("pyramid13", None, False)]


def hooke(strain: np.ndarray) -> np.ndarray:
    """sigma = E / (1 + nu) (eps + nu / (1 - 2 nu) tr(eps) I)."""
    volume = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) * strain[:3].sum()
    return E / (1 + NU) * (strain + NU / (1 - 2 * NU) * volume)


def radial_return(strain: np.ndarray) -> tuple[np.ndarray, float]:
    """Stress and p on a straight strain path with linear isotropic hardening: dp = (J - Y) / (3 G + H)."""
    trial, shear = hooke(strain), E / (2 * (1 + NU))
    deviator = trial - np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]) * trial[:3].mean()
    equivalent = np.sqrt(1.5) * np.linalg.norm(deviator)
    p = (equivalent - YIELD) / (3 * shear + HARDENING)
    return trial - 3 * shear * p / equivalent * deviator, p


def label(case: tuple[str, str | None, bool]) -> str:
    return f"{case[0]}-{case[1] or 'usual rule'}-{'curved' if case[2] else 'straight'}"


@pytest.fixture(params=CASES, ids=label)
def patch(request):
    """Distorted mesh, its inner nodes, and what a model needs to prescribe the linear field on the boundary."""
    mesh = distorted_box(*request.param)
    outside = boundary_nodes(mesh)
    inner = np.setdiff1d(np.arange(mesh.n_node), outside)
    assert len(inner) >= 8
    field = mesh.points @ GRADIENT.T
    return with_nodes_apart(mesh, outside), field, prescribed_field(outside, field[outside], "t")


def test_every_solid_element_is_patch_tested():
    assert {case[0] for case in CASES} == {name for name, kind in ELEMENTS.items() if kind.dimension == 3}


def test_elastic_patch_has_the_exact_constant_stress(patch, figures):
    mesh, field, boundary = patch
    history = solve(mesh, Model(materials=material("elastic", young=E, poisson=NU), **boundary), [0.0, 1.0])
    figures({"displacement": (relative(history.displacement[-1], field), 0.0, 1e-11),
             "stress": (relative(history.stress[-1], hooke(STRAIN)), 0.0, 1e-11)})


def test_plastic_patch_has_the_stress_of_the_radial_return(patch, figures):
    mesh, field, boundary = patch
    stress, p = radial_return(STRAIN)
    assert p > 1e-4
    plastic = material("mises", young=E, poisson=NU, linear_hardening=HARDENING, **{"yield": YIELD})
    history = solve(mesh, Model(materials=plastic, **boundary), [0.0, 0.5, 1.0])
    figures({"displacement": (relative(history.displacement[-1], field), 0.0, 1e-8),
             "stress": (relative(history.stress[-1], stress), 0.0, 1e-8),
             "p": (relative(history.variable("p")[-1], np.array(p)), 0.0, 1e-8)})
