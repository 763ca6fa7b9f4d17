"""A real blade from an Ansys deck: train on three short cycles, solve missions, compare with full order.

    python cases/real_blade/run.py [turbine_blade.cdb] [--folder out/real_blade] [--ranks 2] [--long]

The deck is no part of romlib: without a path it is taken from the folder ROMLIB_TEST_DATA, as ansys/turbine_blade.cdb.
Every line that begins with $ is a command that can be typed as it stands, in the folder, where the files stay.
--long solves the other held-out missions and all twenty cycles at full order too, to compare with.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the online run on one core, like a rank of the others

import argparse
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "turbine_blade"))
sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "_common"))

from commands import console, heading
from flow import ROM, Flow
from judge import hottest, judge
from mesh import real_blade, write_mesh
from pictures import plot_cycles
from tables import CYCLES, MISSION, errors, sizes
from timing import online_time
from views import plot_mesh, plot_p

HERE = Path(__file__).resolve().parent
LONG = {"mission_hot": "inside", CYCLES: "20 cycles", "beyond": "5 % beyond"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cdb", type=Path, nargs="?", help="turbine_blade.cdb")
    parser.add_argument("--folder", type=Path, default=Path("out/real_blade"), help="for the files")
    parser.add_argument("--ranks", type=int, default=2, help="MPI ranks, but for the online stage; 1 without MPI")
    parser.add_argument("--long", action="store_true", help="more missions and all cycles at full order")
    arguments = parser.parse_args()
    cdb = arguments.cdb or Path(os.environ.get("ROMLIB_TEST_DATA", ".")) / "ansys" / "turbine_blade.cdb"
    if not cdb.is_file():
        parser.error(f"there is no file {cdb}: give the path of turbine_blade.cdb; the README says where it is from")
    flow, start = Flow(arguments.folder, arguments.ranks), time.perf_counter()

    heading("1. The mesh from the deck, and three training cycles at full order")
    flow.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "study.toml", flow.folder)
    write_mesh(flow.folder / "mesh.vtkhdf", real_blade(cdb), max(4, flow.ranks))
    plot_mesh(flow.folder / "mesh.vtkhdf", flow.folder / "mesh.png")
    flow.train()

    heading("2. Does romlib recompute what the solver computed?")
    flow.run("romlib check train_hot.vtkhdf --study study.toml")

    heading(f"3. Offline, on {flow.ranks} rank{'s' * (flow.ranks > 1)}")
    flow.run(f"{flow.launcher}romlib offline study.toml -o {ROM}")

    heading("4. Online: a mission that it was not trained on, and twenty of them")
    flow.run(f"romlib online {ROM} --case {MISSION} -o result.vtkhdf")
    rom = flow.rom()
    timings = {case: online_time(rom, case, 9 if case == MISSION else 3) for case in (MISSION, CYCLES)}

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
    plot_p(flow.folder / "result.vtkhdf", flow.folder / f"{MISSION}.vtkhdf", point, flow.folder / "p.png")
    one, probe = judgements.get(CYCLES, judgements[MISSION]), rom.solve(CYCLES)
    plot_cycles(probe.times, probe.probe("p", point=point.tolist()).values, (one.times, one.critical.full["p"]),
                float(judgements[MISSION].times[-1]), flow.folder / "cycles.png")
    took = f"The whole took {time.perf_counter() - start:.0f} s."
    console.print(f"\n{took} Pictures and files are in {flow.folder}: open result.vtkhdf in ParaView.", soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
