"""The same solution on one rank and on two, by a factorisation and by multigrid, in four pieces and in one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rank_scripts import without_launcher
from verification_adapter import relative, solve
from verification_ranks import TIMES, TOLERANCE, plastic_cylinder

from romlib.fullorder.options import SolverOptions
from romlib.launcher import launched_ranks

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def on_ranks(tmp_path_factory):
    """The run of verification_ranks.py on a number of ranks with a linear solver, each once."""
    if launched_ranks() is not None:
        pytest.skip("mpirun cannot be started inside an MPI run")
    if shutil.which("mpirun") is None:
        pytest.skip("no mpirun on this machine")
    folder, made = tmp_path_factory.mktemp("ranks"), {}

    def run(n: int, linear_solver: str) -> dict[str, np.ndarray]:
        key = n, linear_solver
        if key not in made:
            target = folder / f"{linear_solver}_{n}.npz"
            command = ["mpirun", "--oversubscribe", "-n", str(n), sys.executable, str(HERE / "verification_ranks.py"),
                       str(target), linear_solver]
            done = subprocess.run(command, env=without_launcher(), capture_output=True, text=True, timeout=120,
                                  check=False)
            assert done.returncode == 0, done.stderr[-6000:]
            made[key] = dict(np.load(target))
        return made[key]

    return run


def differences(found, expected) -> dict[str, float]:
    return {name: relative(found[name], expected[name]) for name in ("displacement", "p", "reaction")}


def test_one_rank_and_two_give_the_same(on_ranks, figures):
    one, two = on_ranks(1, "direct"), on_ranks(2, "direct")
    assert one["p"].max() > 1e-4, "the case has to be plastic"
    figures({name: (value, 0.0, 1e-10) for name, value in differences(two, one).items()})


def test_four_pieces_give_what_one_gives(on_ranks, figures):
    """The whole mesh in this process knows neither shared nodes nor pieces."""
    cut, whole = on_ranks(1, "direct"), solve(*plastic_cylinder(), TIMES, options=SolverOptions(tolerance=TOLERANCE))
    p = whole.variable("p").reshape(cut["p"].shape)
    figures({"displacement": (relative(cut["displacement"], whole.displacement), 0.0, 1e-10),
             "p": (relative(cut["p"], p), 0.0, 1e-8)})


def test_multigrid_gives_what_the_factorisation_gives(on_ranks, figures):
    """Newton stops at a residual of 1e-11 of the forces, wherever the linear solver has led it."""
    direct, gamg = on_ranks(2, "direct"), on_ranks(2, "gamg")
    assert str(direct["solver"]) == "MUMPS" and str(gamg["solver"]) == "GAMG"
    figures({name: (value, 0.0, 1e-8) for name, value in differences(gamg, direct).items()})


@pytest.mark.parametrize("linear_solver", ["direct", "gamg", "hypre"])
def test_prescribed_displacement_is_held_to_rounding(linear_solver, figures):
    """Also by a Krylov method, which knows its solution to its tolerance only."""
    mesh, model = plastic_cylinder()
    u = solve(mesh, model, TIMES, options=SolverOptions(linear_solver=linear_solver)).displacement
    top, bottom = (np.abs(u[:, mesh.node_tags[side], 2] - value[:, None]).max()
                   for side, value in (("zmax", 0.02 * TIMES), ("zmin", 0.0 * TIMES)))
    figures({"moved end": (top / 0.02, 0.0, 1e-15), "fixed end": (bottom / 0.02, 0.0, 0.0)})
