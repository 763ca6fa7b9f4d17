"""A hot spot travels along a strip: one basis for all of it, or one for each part of the way?

    python cases/local_bases/run.py [--folder out/local_bases] [--ranks 2] [--clusters 8]

Solves training and held-out passes at full order, compares dissimilarities, asks `romlib clusters` what to expect,
trains ROMs with one basis and with several, and judges both on the held-out passes. Full-order runs that are in the
folder already are not repeated.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "_common"))

import duals
from commands import Commands, console, heading
from comparison import BEST, SHOWN, clusters_of, curves, large_table, table_of_counts
from grams import grams_of
from passes import TRAINING, held_out, passes
from pictures import plot_comparison, plot_over_time, plot_strip
from rich.console import Console
from roms import GLOBAL, costs, judge_all, table, variants
from strip import prepare, solve

import romlib

tables = Console(width=180, highlight=False)  # wider than the 80 columns of a file or a pipe


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/local_bases"), help="for the files")
    parser.add_argument("--ranks", type=int, default=2, help="MPI ranks of the offline stage; 1 without MPI")
    parser.add_argument("--clusters", type=int, nargs="+", default=[SHOWN], help="numbers of clusters to train")
    parser.add_argument("--bounds", action="store_true", help="calibrate the ROMs, which takes minutes for each")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    commands, start = Commands(folder, arguments.ranks), time.perf_counter()
    training, held = [one.name for one in TRAINING], [one.name for one in held_out()]

    heading("1. Full order: three passes that train, three that are held out")
    prepare(folder, passes().values())
    solve(folder, [*training, *held], console.print)

    heading("2. What bases of clusters leave of the snapshots")
    grams = grams_of(folder, training, held)
    found = curves(grams, SHOWN)
    tables.print(large_table(found, SHOWN))
    tables.print(table_of_counts(grams))

    heading("3. What romlib expects, before any local basis is trained")
    commands.run("romlib clusters study.toml --plot clusters.png")

    heading("4. The ROMs")
    studies = variants(folder / "study.toml", arguments.clusters, bounds=arguments.bounds)
    for name in studies:
        commands.run(f"{commands.launcher}romlib offline {name}.toml -o {name}.rom")

    heading("5. The held-out passes")
    roms = {name: romlib.load(folder / f"{name}.rom") for name in studies}
    judged, histories = judge_all(roms, held, folder)
    tables.print(table(judged, costs(roms, held), GLOBAL))

    heading("6. Bases of p and stress: one for all clusters, or one each")
    local = next(name for name in roms if name != GLOBAL)
    clusters = clusters_of(grams, BEST, arguments.clusters[0], ends=True)
    tables.print(duals.table(folder, roms[local].rom, grams, clusters, held))

    plot_strip(folder, passes()[held[-1]], (0.2, 0.35, 0.7), folder / "strip.png")
    plot_comparison(found, folder / "comparison.png")
    plot_over_time(histories[held[-1]], local, folder / "over_time.png")
    console.print(f"\npictures in {folder}: strip.png, comparison.png, clusters.png, over_time.png", soft_wrap=True)
    console.print(f"The whole took {time.perf_counter() - start:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
