"""How many full-order runs does a ROM need over twelve candidates? Chosen by its bounds, and one at a time.

    python cases/adaptive/greedy.py [--folder out/greedy] [--shuffles 2] [--seed 20261129]

The beam of beam.toml is trained with two runs. Candidates are four pulls times three bendings. Until the bounds over
all twelve are below 2 % of the stress and 10 % of the accumulated plastic strain, runs are added: the one of the
largest bound (as `romlib greedy` does), one after the other in the order of the grid, and in shuffled orders. Every
order has a folder of its own; a second start goes on where the first was.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import random
import shutil
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "_common"))

import numpy as np
from commands import console, heading

from romlib.cli.commands_greedy import show
from romlib.greedy.run import GreedyReport, run_greedy
from romlib.greedy.search import Choose, worst
from romlib.mesh.box import box_mesh
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Model
from romlib.parallel.comm import serial
from romlib.snapshots import SnapshotsWriter
from romlib.study import Study
from romlib.study.solve import run_solve


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/greedy"), help="for the files")
    parser.add_argument("--shuffles", type=int, default=2, help="shuffled orders besides that of the grid")
    parser.add_argument("--seed", type=int, default=20261129, help="of the shuffled orders")
    arguments = parser.parse_args()
    study = prepare(arguments.folder)
    orders: dict[str, Choose] = {"largest bound": worst, "order of the grid": lambda left, bounds, tolerance: left[0]}
    for number in range(arguments.shuffles):
        orders[f"shuffled {number + 1}"] = shuffled(f"{arguments.seed} {number}")
    found = {}
    for name, choose in orders.items():
        heading(name)
        start = time.process_time()
        report = run_greedy(study, arguments.folder / f"{name.replace(' ', '_')}.rom", serial(), choose=choose,
                            progress=tell)
        show(report)
        found[name] = f"{in_words(report)}; {time.process_time() - start:.0f} core s"
    heading("Runs at full order until all bounds are below the tolerance")
    for name, words in found.items():
        console.print(f"  {name}: {words}", markup=False)
    return 0


def prepare(folder: Path) -> Study:
    """Mesh, study and training runs; those that are there are taken."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).resolve().parent / "beam.toml", folder)
    parts = list(number_shared_nodes(partition(box_mesh("hex8", (6, 2, 2), (6.0, 1.0, 1.0)), 2)))
    if not (folder / "mesh.vtkhdf").is_file():
        with SnapshotsWriter(folder / "mesh.vtkhdf", parts, Model(), np.array([0.0]), {}):
            pass
    study = Study.read(folder / "beam.toml")
    for run in study.training:
        if not run.snapshots.is_file():
            run_solve(study, run.name, run.snapshots, serial())
    return study


def shuffled(seed: str) -> Choose:
    """An order that is the same at every start."""
    return lambda left, bounds, tolerance: min(left, key=lambda name: random.Random(f"{seed} {name}").random())


def tell(sentence: str) -> None:
    """The progress of the search itself, without that of trainings."""
    if "candidate" in sentence:
        console.print(f"  {sentence}", markup=False, soft_wrap=True)


def in_words(report: GreedyReport) -> str:
    """How many candidates were run, and how the search ended."""
    return f"{sum(one.runs for one in report.records.values())} of {len(report.records)} ({report.outcome.end})"


if __name__ == "__main__":
    raise SystemExit(main())
