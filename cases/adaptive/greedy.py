"""How many full-order runs does a ROM need over twelve candidate missions? Chosen by its bounds, and one at a time.

    python cases/adaptive/greedy.py [--folder out/greedy] [--dofs 6000] [--shuffles 1] [--seed 20261129]

The ROM is trained with the three training cycles of the blade. Candidates are the mission of the study with the speed
0.95 to 1.15 times and the hot spot 0.9 to 1.1 times as large. Until the bounds over all twelve are below 2 % of the
stress and 10 % of the accumulated plastic strain, runs are added: the one of the largest bound (as `romlib greedy`
does), one after the other in the order of the grid, and in shuffled orders. Every order has a folder of its own; a
second start goes on where the first was.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import random
import time
from pathlib import Path

from bodies import the_blade
from commands import console, heading
from references import solve_training

from romlib.cli.commands_greedy import show
from romlib.greedy.run import GreedyReport, run_greedy
from romlib.greedy.search import Choose, worst
from romlib.parallel.comm import serial
from romlib.study import Study

GREEDY = """
[greedy]
candidates = []
grid = { case = "mission", factors = { rotation = [0.95, 1.05, 1.10, 1.15], hot_spot = [0.90, 1.00, 1.10] } }
tolerance = { stress = 0.02, p = 0.10 }
budget = 12
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/greedy"), help="for the files")
    parser.add_argument("--dofs", type=int, default=6_000, help="degrees of freedom of the blade, from 4,000")
    parser.add_argument("--shuffles", type=int, default=1, help="shuffled orders besides that of the grid")
    parser.add_argument("--seed", type=int, default=20261129, help="of the shuffled orders")
    arguments = parser.parse_args()
    solve_training(the_blade(arguments.dofs), arguments.folder, 0)
    file = arguments.folder / "greedy.toml"
    file.write_text((arguments.folder / "study.toml").read_text() + GREEDY)
    study, rng = Study.read(file), random.Random(arguments.seed)
    orders: dict[str, Choose] = {"largest bound": worst, "order of the grid": lambda left, bounds, tolerance: left[0]}
    for number in range(arguments.shuffles):
        orders[f"shuffled {number + 1}"] = shuffled(rng.random())
    for name, choose in orders.items():
        heading(name)
        start = time.process_time()
        report = run_greedy(study, arguments.folder / f"{name.replace(' ', '_')}.rom", serial(), choose=choose,
                            progress=tell)
        show(report)
        console.print(f"{name}: {in_words(report)}; {time.process_time() - start:.0f} core s here", markup=False)
    return 0


def shuffled(seed: float) -> Choose:
    """An order that is the same at every start."""
    return lambda left, bounds, tolerance: min(left, key=lambda name: random.Random(f"{seed} {name}").random())


def tell(sentence: str) -> None:
    """The progress of the search itself, without that of trainings."""
    if "candidate" in sentence or ": solved" in sentence:
        console.print(f"  {sentence}", markup=False, soft_wrap=True)


def in_words(report: GreedyReport) -> str:
    """Runs of the solver, and the largest error that a run found of the ROM that it was chosen by."""
    runs = [one for one in report.records.values() if one.order]
    return f"{len(runs)} of {len(report.records)} candidates run at full order, {report.outcome.end}"


if __name__ == "__main__":
    raise SystemExit(main())
