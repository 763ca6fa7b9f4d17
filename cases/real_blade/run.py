"""A real blade from an Ansys deck: train on four short cycles, solve missions, compare with full order.

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
from flow import Flow
from mesh import real_blade, write_mesh
from stages import draw_cycles, solve_and_judge
from tables import MISSION
from views import plot_mesh, plot_p

HERE = Path(__file__).resolve().parent


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

    heading("1. The mesh from the deck, and the training cycles at full order")
    flow.folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "study.toml", flow.folder)
    write_mesh(flow.folder / "mesh.vtkhdf", real_blade(cdb), max(4, flow.ranks))
    plot_mesh(flow.folder / "mesh.vtkhdf", flow.folder / "mesh.png")
    flow.train()

    outcome = solve_and_judge(flow, arguments.long, {"mission_drawn": "inside"})
    plot_p(flow.folder / "result.vtkhdf", flow.folder / f"{MISSION}.vtkhdf", outcome.point, flow.folder / "p.png")
    draw_cycles(outcome, flow.folder / "cycles.png")
    took = f"The whole took {time.perf_counter() - start:.0f} s."
    console.print(f"\n{took} Pictures and files are in {flow.folder}: open result.vtkhdf in ParaView.", soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
