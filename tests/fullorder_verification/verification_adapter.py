"""The solver as these tests call it, measures of error, and constraints that prescribe a field node by node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pytest

from romlib.fullorder.arrays import solve_to_arrays
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Constraint, Material, Model
from romlib.model.constraint import Component
from romlib.tensors import matrix_from_mandel

pytest.importorskip("petsc4py", reason="the full-order solver needs petsc4py")


class History(Protocol):
    """displacement : (n_step, n_node, 3). stress : (n_step, n_ip, 6), Kelvin-Mandel; the initial state first."""

    displacement: np.ndarray
    stress: np.ndarray

    def variable(self, name: str) -> np.ndarray:
        """A state variable, (n_step, n_ip, n_comp)."""


def solve(mesh: Mesh, model: Model, times: Iterable[float], **options: Any) -> History:
    """The history on a whole mesh, in this process."""
    return solve_to_arrays(mesh, model, np.asarray(times, dtype=float), **options)


def material(law: str, **parameters: Any) -> dict[str, Material]:
    """One material everywhere."""
    return {"solid": Material(law=law, parameters=parameters)}


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference over the largest expected value."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def l2_error(operator: StrainOperator, found: np.ndarray, expected: np.ndarray) -> float:
    """Relative error in L2 of fields (n_ip, n) by the mesh's own quadrature."""
    weights = operator.positive_weights[:, None]
    return float(np.sqrt((weights * (found - expected) ** 2).sum() / (weights * expected**2).sum()))


def at_points(operator: StrainOperator, field: np.ndarray) -> np.ndarray:
    """A nodal vector (n_node, 3) at the integration points, (n_ip, 3)."""
    return operator.interpolate(field.T).T


def with_nodes_apart(mesh: Mesh, nodes: np.ndarray) -> Mesh:
    """The mesh with a node tag "n<position>" for each of these nodes."""
    return replace(mesh, node_tags={**mesh.node_tags, **{f"n{i}": np.array([i]) for i in nodes}})


def prescribed_field(nodes: np.ndarray, u: np.ndarray, amplitude: str) -> dict[str, Any]:
    """Constraints and amplitudes of a model: u (n, 3) at nodes (n,) that `with_nodes_apart` has tagged."""
    axes: tuple[Component, ...] = ("x", "y", "z")
    constraints = {
        f"{axis}{i}": Constraint(nodes=f"n{i}", components=(axis,), kind="prescribed", value=float(value))
        for i, row in zip(nodes, u) for axis, value in zip(axes, row)}
    return {"constraints": constraints, "amplitudes": dict.fromkeys(constraints, amplitude)}


def cylindrical(operator: StrainOperator, stress: np.ndarray) -> np.ndarray:
    """Radial, hoop and axial stress (n_ip, 3) about z, of Kelvin-Mandel stresses (n_ip, 6)."""
    x, y = operator.coordinates[:, 0], operator.coordinates[:, 1]
    r = np.hypot(x, y)
    radial = np.stack([x / r, y / r, 0.0 * r], axis=1)
    hoop = np.stack([-y / r, x / r, 0.0 * r], axis=1)
    tensor = matrix_from_mandel(stress)
    return np.stack([np.einsum("ni,nij,nj->n", radial, tensor, radial),
                     np.einsum("ni,nij,nj->n", hoop, tensor, hoop), tensor[:, 2, 2]], axis=1)


def radial_field(points: np.ndarray, u_r: np.ndarray) -> np.ndarray:
    """The vector field (n, 3) of a radial displacement (n,) at points (n, 3)."""
    r = np.hypot(points[:, 0], points[:, 1])
    return np.stack([points[:, 0], points[:, 1], 0.0 * r], axis=1) * (u_r / r)[:, None]


def radius(points: np.ndarray) -> np.ndarray:
    """Distance from the z axis."""
    return np.hypot(points[:, 0], points[:, 1])


def orders(errors: Sequence[tuple[float, float]], order_u: float, order_s: float, limits: tuple[float, float]
           ) -> dict[str, tuple[float, float, float]]:
    """Figures of a mesh and of one twice as fine: value, lower and upper bound.

    errors : of displacement and of stress on either. order_u, order_s : of the element. limits : on the fine mesh.
    """
    (coarse_u, coarse_s), (fine_u, fine_s) = errors
    return {"displacement, fine mesh": (fine_u, 0.0, limits[0]), "stress, fine mesh": (fine_s, 0.0, limits[1]),
            "order of displacement": (float(np.log2(coarse_u / fine_u)), order_u - 0.2, 4.5),
            "order of stress": (float(np.log2(coarse_s / fine_s)), order_s - 0.2, 3.5)}
