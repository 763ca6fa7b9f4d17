"""What the initial stiffness answers to loads and temperatures at a time: one linear solve, and no step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from romlib.errors import InputError
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.problem import Problem
from romlib.mesh.mesh import Mesh
from romlib.model import Model
from romlib.parallel.pieces import Pieces

_OPTIONS = SolverOptions(linear_tolerance=1e-10)  # there is no further iteration that would make up for it


@dataclass(frozen=True, eq=False)
class ElasticAnswer:
    """Of a piece. displacement : (n_node, k). stress : (n_ip, 6), Kelvin-Mandel, in equilibrium with the loads."""

    displacement: np.ndarray
    stress: np.ndarray


def elastic_answer(
    meshes: Mapping[int, Mesh], model: Model, time: float, pieces: Pieces, options: SolverOptions = _OPTIONS
) -> dict[int, ElasticAnswer]:
    """K_0 u = f(time) + B^T C_0 eps_thermal(time), and sigma = C_0 (eps(u) - eps_thermal). Collective.

    K_0, C_0 : of the virgin state, whatever the law does later. Prescribed displacements are zero.

    Parameters
    ----------
    meshes : of the pieces of this rank, as of `romlib.fullorder.solver.solve`. model : with the amplitudes.

    Raises
    ------
    InputError : the initial stiffness is singular. And what `Problem` raises.
    """
    problem = Problem(meshes, model, model.initial_time, pieces, options, None)
    temperatures = problem.temperatures(time)
    with pieces.comm.agreement():
        tangents = {p: piece.virgin_tangent() for p, piece in problem.pieces.items()}
        held = {p: np.matmul(tangents[p], piece.points.mechanical_strain(
            np.zeros((piece.operator.n_ip, 6)), temperatures[p])[..., None])[..., 0]
            for p, piece in problem.pieces.items()}
        local = problem.gather({p: piece.operator.internal_force(held[p][None])[0]
                                for p, piece in problem.pieces.items()})
    residual = problem.on_free(problem.external(time) - problem.numbering.add(local))
    u = problem.linear_step(tangents, residual)
    if u is None:
        raise InputError("the initial stiffness is singular, or the linear solver did not converge",
                         place=f"time {time:.6g}", remedy="check that the constraints hold the body")
    answers = {}
    for p, piece in problem.pieces.items():
        own = u[problem.numbering.positions[p]]
        strain = piece.operator.strain(own[None])[0]
        answers[p] = ElasticAnswer(own, held[p] + np.matmul(tangents[p], strain[..., None])[..., 0])
    return answers
