"""What `romlib certify` costs beside a full-order run, on the turbine blade at several sizes, on one core.

    python benchmarks/certify.py [--sizes 5900 22000]

The file that is certified is that of the full-order run: the cost does not depend on how wrong a file is. Seconds are
those of the processor, which other work on the machine changes little.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cases" / "_common"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "cases" / "turbine_blade"))

from flow import Flow

from romlib.parallel.comm import serial
from romlib.study import Study
from romlib.study.certifying import certify
from romlib.study.solve import run_solve

MISSION, FIELDS = "mission", ("stress", "p")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[5_900, 22_000], help="degrees of freedom wanted")
    arguments = parser.parse_args()
    print("| degrees of freedom | full order, s | Newton iterations | 1 pass, s | 2 passes, s | of full order |")
    print("|--:|--:|--:|--:|--:|--:|")
    for dofs in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(row(Path(folder), dofs), flush=True)
    return 0


def row(folder: Path, dofs: int) -> str:
    """Solve the mission, and certify it in one pass and in two; each twice, the second time with all code loaded."""
    found = Flow(folder, 1).prepare(dofs)
    study, output = Study.read(folder / "study.toml"), folder / f"{MISSION}.vtkhdf"
    full, iterations = [], 0
    for _ in range(2):
        clock = time.process_time()
        iterations = int(run_solve(study, MISSION, output, serial(), fields=FIELDS).iterations.sum())
        full.append(time.process_time() - clock)
    cost = {}
    for passes in (1, 2):
        seconds = []
        for _ in range(2):
            clock = time.process_time()
            certify(output, study, serial(), passes=passes)
            seconds.append(time.process_time() - clock)
        cost[passes] = min(seconds)
    parts = " and ".join(f"{100.0 * cost[passes] / min(full):.0f} %" for passes in cost)
    return f"| {found} | {min(full):.2f} | {iterations} | {cost[1]:.2f} | {cost[2]:.2f} | {parts} |"


if __name__ == "__main__":
    raise SystemExit(main())
