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
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_common"))

import numpy as np
from commands import console, heading
from flow import ROM, Flow
from judge import Judgement, hottest, judge
from pictures import plot_cycles, plot_mesh, plot_p
from tables import CYCLES, MISSION, errors, sizes
from timing import online_time

from romlib.loads.amplitudes import evaluate
from romlib.online.rom import ReducedOrderModel
from romlib.study import Study

LONG = {"mission_hot": "inside", CYCLES: "20 cycles", "beyond": "5 % beyond"}


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

    heading("2. Does romlib recompute what the solver computed?")
    flow.run("romlib check train_hot.vtkhdf --study study.toml")

    heading(f"3. Offline, on {flow.ranks} rank{'s' * (flow.ranks > 1)}")
    flow.run(f"{flow.launcher}romlib offline study.toml -o {ROM}")

    heading("4. Online: a mission that it was not trained on, and twenty of them")
    flow.run(f"romlib online {ROM} --case {MISSION} -o result.vtkhdf")
    rom = flow.rom()
    timings = {case: online_time(rom, case, 9 if case == MISSION else 3) for case in (MISSION, CYCLES)}
    for case, timing in timings.items():
        console.print(f"  {case}: {timing.steps} steps in {1e3 * timing.wall:.1f} ms")

    heading("5. Full order, for comparison")
    full = flow.reference(MISSION)
    references = {MISSION: "inside", **(LONG if arguments.long else {})}
    for case in [case for case in references if case != MISSION]:
        flow.solve(case, ("stress", "p"))
    point = hottest(flow.folder / "mesh.vtkhdf")
    judgements = {case: judge(rom.solve(case), flow.folder / f"{case}.vtkhdf", point) for case in references}

    heading("What came out")
    console.print(sizes(rom, full, timings, flow.ranks))
    console.print()
    console.print(errors(judgements, references))
    console.print("max over time of the L2 norm in space; at the hot spot, on the leading edge: max over time")
    pictures = draw(flow, rom, judgements, point)
    console.print(f"\npictures: {', '.join(str(path) for path in pictures)}", soft_wrap=True)
    took = f"The whole took {time.perf_counter() - start:.0f} s."
    console.print(f"{took} Open {flow.folder / 'result.vtkhdf'} in ParaView.", soft_wrap=True)
    return 0


def take_off(flow: Flow) -> tuple[float, float]:
    """Highest warming and hot spot of the mission, in degrees."""
    amplitudes = Study.read(flow.folder / "study.toml").cases[MISSION].amplitudes
    times = np.linspace(0.0, 1200.0, 121)
    return tuple(float(evaluate(amplitudes[name], times).max()) for name in ("warming", "hot_spot"))  # type: ignore


def draw(flow: Flow, rom: ReducedOrderModel, judgements: Mapping[str, Judgement], point: np.ndarray) -> list[Path]:
    """Pictures that need the results; the paths of all."""
    paths = [flow.folder / name for name in ("mesh.png", "p.png", "cycles.png")]
    plot_p(flow.folder / "result.vtkhdf", flow.folder / f"{MISSION}.vtkhdf", paths[1])
    probe = rom.solve(CYCLES)
    one = judgements.get(CYCLES, judgements[MISSION])
    plot_cycles(probe.times, probe.probe("p", point=point.tolist()).values, (one.times, one.critical.full["p"]),
                float(judgements[MISSION].times[-1]), paths[2])
    return paths


if __name__ == "__main__":
    sys.exit(main())
