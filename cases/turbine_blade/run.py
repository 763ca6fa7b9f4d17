"""A cooled turbine blade: train on three short cycles, solve missions and twenty cycles, compare with full order.

    python cases/turbine_blade/run.py [--folder out/turbine_blade] [--ranks 2] [--dofs 20000] [--long]

Every line that begins with $ is a command that can be typed as it stands, in the folder, where the files stay.
--long solves the other held-out missions and all twenty cycles at full order too, to compare with.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the online run on one core, like a rank of the others

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_common"))

import numpy as np
from commands import console, heading
from flow import Flow
from pictures import plot_mesh, plot_p
from stages import Outcome, draw_cycles, solve_and_judge
from tables import MISSION

from romlib.loads.amplitudes import evaluate
from romlib.study import Study


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/turbine_blade"), help="for the files")
    parser.add_argument("--ranks", type=int, default=2, help="MPI ranks, but for the online stage; 1 without MPI")
    parser.add_argument("--dofs", type=int, default=20_000, help="degrees of freedom wanted, 4,000 to 1,000,000")
    parser.add_argument("--element", choices=("hex8", "hex20"), default="hex8")
    parser.add_argument("--long", action="store_true", help="more missions and all cycles at full order")
    arguments = parser.parse_args()
    flow, start = Flow(arguments.folder, arguments.ranks), time.perf_counter()

    heading("1. The mesh, and three training cycles at full order")
    flow.prepare(arguments.dofs, arguments.element)
    plot_mesh(flow.folder / "mesh.vtkhdf", take_off(flow), flow.folder / "mesh.png")
    flow.train()

    outcome = solve_and_judge(flow, arguments.long)
    pictures = draw(flow, outcome)
    console.print(f"\npictures: {', '.join(str(path) for path in pictures)}", soft_wrap=True)
    took = f"The whole took {time.perf_counter() - start:.0f} s."
    console.print(f"{took} Open {flow.folder / 'result.vtkhdf'} in ParaView.", soft_wrap=True)
    return 0


def take_off(flow: Flow) -> tuple[float, float]:
    """Highest warming and hot spot of the mission, in degrees."""
    amplitudes = Study.read(flow.folder / "study.toml").cases[MISSION].amplitudes
    times = np.linspace(0.0, 1200.0, 121)
    return tuple(float(evaluate(amplitudes[name], times).max()) for name in ("warming", "hot_spot"))  # type: ignore


def draw(flow: Flow, outcome: Outcome) -> list[Path]:
    """Pictures that need the results; the paths of all."""
    paths = [flow.folder / name for name in ("mesh.png", "p.png", "cycles.png")]
    plot_p(flow.folder / "result.vtkhdf", flow.folder / f"{MISSION}.vtkhdf", paths[1])
    draw_cycles(outcome, paths[2])
    return paths


if __name__ == "__main__":
    sys.exit(main())
