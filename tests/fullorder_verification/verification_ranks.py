"""Run by test_verify_ranks.py, on any number of ranks: a plastic cylinder in four pieces, displacement to a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from verification_meshes import QUARTER, quarter_cylinder

from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.fullorder.state import StepResult
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import partition
from romlib.model import Centrifugal, Constraint, Load, Material, Model, Pressure, Temperature, ThermalExpansion
from romlib.parallel import Comm, Pieces, world

TIMES = np.linspace(0.0, 1.0, 4)
TOLERANCE = 1e-11  # of Newton's method: what is left of two runs is then their linear algebra


def plastic_cylinder() -> tuple[Mesh, Model]:
    """Every kind of load that crosses pieces: pressure, rotation, heating, and an end that is moved."""
    mesh = quarter_cylinder("hex20", (3, 4, 2), 50.0, 100.0, 20.0)
    law = {"young": 2e5, "poisson": 0.3, "K": 200.0, "n": 5.0, "R0": 150.0, "kinematic": [{"C": 3e4, "D": 200.0}]}
    steel = Material(law="chaboche", parameters=law, density=7.8e-9,
                     thermal_expansion=ThermalExpansion(coefficient=1.2e-5, reference_temperature=20.0))
    constraints = QUARTER | {"top": Constraint(nodes="zmax", components=("z",), kind="prescribed", value=0.02)}
    loads: dict[str, Load] = {"bore": Pressure(faces="xmin"), "heat": Temperature(field=1.0),
             "spin": Centrifugal(center=(0.0, 0.0, 0.0), axis=(0.0, 0.0, 1.0), speed=1500.0)}
    amplitudes: dict[str, Any] = {"bore": "150*sin(pi*t)", "heat": "20 + 100*t", "spin": "t", "top": "t"}
    return mesh, Model(materials={"steel": steel}, constraints=constraints, loads=loads, initial_temperature=20.0,
                       amplitudes=amplitudes)


def run(comm: Comm, options: SolverOptions) -> dict[str, np.ndarray]:
    """Displacement (n_step, n_node, 3), p (n_step, n_cell, points) and reactions on rank 0; nothing elsewhere."""
    mesh, model = plastic_cylinder()
    cut = partition(mesh, 4)
    pieces = Pieces(comm, 4)
    mine = pieces.each(cut.__getitem__)
    steps: list[dict[int, tuple[np.ndarray, np.ndarray]]] = []

    def keep(step: int, time: float, result: StepResult) -> None:
        steps.append({p: (of.displacement, of.variable("p")) for p, of in result.pieces.items()})

    report = solve(mine, model, TIMES, pieces, options=options, on_step=keep)
    gathered = comm.gather({p: np.stack([step[p][0] for step in steps]) for p in mine})
    plastic = comm.gather({p: np.stack([step[p][1] for step in steps])[..., 0] for p in mine})
    if gathered is None or plastic is None:
        return {}
    u = np.zeros((len(TIMES), mesh.n_node, 3))
    p_field = np.zeros((len(TIMES), mesh.n_cell, 27))
    for of_rank in gathered:
        for piece, values in of_rank.items():
            u[:, cut[piece].node_ids - 1] = values
    for of_rank in plastic:
        for piece, values in of_rank.items():
            p_field[:, cut[piece].cell_ids - 1] = values.reshape(len(TIMES), -1, 27)
    return {"displacement": u, "p": p_field, "reaction": report.reactions["top"],
            "iterations": report.iterations, "solver": np.array(report.solver)}


if __name__ == "__main__":
    communicator = world()
    chosen: Any = sys.argv[2]
    found = run(communicator, SolverOptions(linear_solver=chosen, tolerance=TOLERANCE))
    if communicator.rank == 0:
        np.savez(Path(sys.argv[1]), **found)
