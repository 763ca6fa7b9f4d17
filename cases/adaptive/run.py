"""Do the bounds of a ROM cover its errors on cases that it was not trained on? A blade and a plate, judged.

    python cases/adaptive/run.py [--folder out/adaptive] [--ranks 2] [--dofs 6000] [--body blade|plate|both] [--seed N]
                                     [--control-points 100]

Trains both ROMs, solves the held-out cases (missions.py, pulls.py) at full order and reduced, and prints how often the
bounds held, what they were worth as alarms, and the same for the literature's indicator. Full-order runs that are in
the folder already are not repeated.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from pathlib import Path

from bodies import Body, the_blade, the_plate
from commands import Commands, console, heading
from judgement import Judged, judge, largest_in_training
from missions import missions
from pictures import plot_all, plot_over_time
from pulls import pulls
from references import solve_held, solve_training
from rival import rival
from tables import alarm_table, by_group, coverage_table, missed_in_words

import romlib

ROM = "x.rom"
SHOWN = {"inside_0": "inside of the training", "out_8": "5 to 10 % out"}  # drawn over time


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/adaptive"), help="for the files")
    parser.add_argument("--ranks", type=int, default=2, help="MPI ranks of the offline stage; 1 without MPI")
    parser.add_argument("--dofs", type=int, default=6_000, help="degrees of freedom of the blade, from 4,000")
    parser.add_argument("--seed", type=int, help="draw other held-out cases by the same rules")
    parser.add_argument("--control-points", type=int, default=100, help="of the study; 0: none")
    parser.add_argument("--body", choices=("blade", "plate", "both"), default="both")
    arguments = parser.parse_args()
    start = time.perf_counter()
    flights, loadings = (None, None) if arguments.seed is None else (missions(arguments.seed), pulls(arguments.seed))
    bodies = [body for body in (the_blade(arguments.dofs, flights), the_plate(chosen=loadings))
              if arguments.body in (body.name, "both")]
    everything = {body.name: judge_body(body, arguments.folder / body.name, arguments.ranks, arguments.control_points)
                  for body in bodies}

    pictures = [arguments.folder / "all.png"]
    plot_all(everything, pictures[0])
    if "blade" in everything:
        named = {one.name: one for one in everything["blade"] if one.name in SHOWN}
        if named:
            pictures.append(arguments.folder / "over_time.png")
            plot_over_time({SHOWN[name]: one for name, one in named.items()}, pictures[1])
    console.print(f"\npictures: {', '.join(map(str, pictures))}", soft_wrap=True)
    console.print(f"The whole took {time.perf_counter() - start:.0f} s.")
    return 0


def judge_body(body: Body, folder: Path, ranks: int, control_points: int = 100) -> list[Judged]:
    """Train, solve, judge and print one body."""
    commands = Commands(folder, ranks)
    heading(f"The {body.name}: training runs at full order, and the ROM with its calibration")
    solve_training(body, folder, control_points)
    commands.run(f"{commands.launcher}romlib offline study.toml -o {ROM}")
    heading(f"The {body.name}: held-out cases at full order")
    held = body.held(folder)
    unsolved = solve_held(folder, held)
    heading(f"The {body.name}: the bounds")
    rom = romlib.load(folder / ROM)
    largest = largest_in_training(folder / f"{name}.vtkhdf" for name in body.trained)
    judged, failures = judge(rom, held, folder, largest)
    for name, why in {**unsolved, **failures}.items():
        console.print(f"  {name} is left out: {why}", markup=False)
    show(judged, "bounds of romlib")
    if rom.archive.indicator is not None and rom.archive.indicator.pairs:
        show(rival(rom.archive.indicator.pairs, judged), "unweighted misfit and Gaussian process")
    return judged


def show(judged: list[Judged], what: str) -> None:
    """Both tables."""
    console.print(coverage_table(by_group(judged), f"{what}: coverage"))
    console.print()
    console.print(alarm_table(judged, f"{what}: alarms, all groups"))
    console.print(f"{missed_in_words(judged)}\n")


if __name__ == "__main__":
    sys.exit(main())
