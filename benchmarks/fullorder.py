"""Cost of the full-order solver: time of assembly, laws and linear solves, and memory, against the size of the mesh.

    python benchmarks/fullorder.py                      # 4 sizes up to 100,000 degrees of freedom, two ranks, minutes
    python benchmarks/fullorder.py --sizes 32 --linear-solver direct --ranks 1

A cube of n x n x n cells of Norton-Chaboche's law (two kinematic terms), clamped at one side, pulled and pushed at the
other one under a pressure, 20 steps; most of it yields. Times are those of rank 0. "evaluations": laws and internal
forces; each Newton correction assembles a matrix too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from romlib.fullorder.options import SolverOptions
from romlib.fullorder.solver import solve
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import partition
from romlib.model import Constraint, Material, Model, Pressure
from romlib.parallel.comm import world
from romlib.parallel.pieces import Pieces

N_STEP = 20
RESULTS = Path(__file__).resolve().parent / "results" / "fullorder.md"
COLUMNS = ("cells", "dofs", "solver", "evaluations", "set-ups", "law s", "assembly s", "solve s", "total s",
           "kdof/s assembly", "kdof/s solve", "peak of a rank MiB", "KiB/dof")


def cube_model() -> Model:
    law = {"young": 2e5, "poisson": 0.3, "K": 300.0, "n": 5.0, "R0": 100.0,
           "kinematic": [{"C": 50e3, "D": 300.0}, {"C": 5e3, "D": 30.0}]}
    return Model(
        materials={"alloy": Material(law="chaboche", parameters=law)},
        constraints={"clamp": Constraint(nodes="xmin", components=("x", "y", "z")),
                     "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed", value=1.0)},
        loads={"push": Pressure(faces="ymax")}, amplitudes={"pull": "0.003*sin(pi*t)", "push": "20*t"})


def measure(cell_type: str, n: int, linear_solver: str) -> None:
    """One run on all ranks of this process's world; rank 0 prints a line of JSON."""
    comm = world()
    parts = comm.on_root(lambda: partition(box_mesh(cell_type, (n, n, n)), comm.size))
    pieces = Pieces(comm, comm.size)
    mine = pieces.each(parts.__getitem__)
    del parts
    options = SolverOptions(linear_solver=linear_solver)  # type: ignore[arg-type]
    report = solve(mine, cube_model(), np.linspace(0.0, 1.5, N_STEP + 1), pieces, options=options)
    if comm.rank == 0:
        seconds, evaluations = report.seconds, int(report.iterations.sum())
        work, peak = report.n_dof * evaluations / 1e3, max(report.peak_memory)
        print(json.dumps([
            report.n_cell, report.n_dof, report.solver, evaluations, report.n_setup,
            *(round(seconds[stage], 1) for stage in ("law", "assembly", "solve", "total")),
            round(work / seconds["assembly"]), round(work / seconds["solve"]), peak // 2**20,
            round(sum(report.peak_memory) / 1024 / report.n_dof, 1)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 24, 32], help="cells along an edge")
    parser.add_argument("--cell-type", default="hex8")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--linear-solver", nargs="+", default=["direct", "gamg"])
    parser.add_argument("--measure", nargs=3, metavar=("CELL_TYPE", "N", "SOLVER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        cell_type, n, linear_solver = options.measure
        measure(cell_type, int(n), linear_solver)
        return
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1",
                   "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    heading = f"{options.cell_type}, {N_STEP} steps, {options.ranks} ranks"
    lines = [f"| {' | '.join(COLUMNS)} |", "|" + "--:|" * len(COLUMNS)]
    print(f"{heading}\n\n" + "\n".join(lines))
    for n in options.sizes:
        for linear_solver in options.linear_solver:
            done = subprocess.run(
                ["mpirun", "--oversubscribe", "-n", str(options.ranks), sys.executable, __file__, "--measure",
                 options.cell_type, str(n), linear_solver],
                env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            lines.append("| " + " | ".join(map(str, json.loads(done.stdout.splitlines()[-1]))) + " |")
            print(lines[-1], flush=True)
    RESULTS.write_text("# Cost of the full-order solver\n\nWritten by `python benchmarks/fullorder.py`: one run of "
                       f"{heading}. Times are those of rank 0.\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
