"""Wall time of the online run, and where it goes.

    python benchmarks/online.py [--folder out/benchmark_plate] [--results benchmarks/results] [--repeats 101]

Trains two ROMs of the perforated plate, runs each on the amplitude held out until everything is compiled and loaded,
and then times it again and again, on one thread. Writes a table. A minute.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy loads its BLAS: more threads gain nothing here

import argparse
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from _plate import CASE, ROOT, Reference, Setting, convert, n_weighted, train
from rich.console import Console

from romlib.online.rom import ReducedOrderModel
from romlib.solution.solution import Solution

SETTINGS = (Setting(9, 5e-5), Setting(19, 2e-5))
CONTROL = 100  # control points of the second ROM of each setting
N_WARM_UP = 3


@dataclass(frozen=True)
class Peer:
    """Kratos RomApplication 10.4.4 on the same files, another day, on a 2-core machine, one thread."""

    seconds: float
    n_point: int
    error: float


PEERS = {9: Peer(0.84, 1064, 3.2e-4), 19: Peer(2.3, 2880, 1.4e-4)}
PEER_ITERATIONS = 126


@dataclass(frozen=True)
class Run:
    """The run of median wall time, and the shortest. Seconds; rest : all but the laws and the linear algebra.

    bounds, shortest_bounds : of the errors, after the run: median, and shortest.
    """

    wall: float
    shortest: float
    law: float
    linear_algebra: float
    bounds: float
    shortest_bounds: float
    solution: Solution

    @property
    def rest(self) -> float:
        return self.wall - self.law - self.linear_algebra


def measure(rom: ReducedOrderModel, n_repeat: int, *, hyper_reduction: bool) -> Run:
    """Solve again and again: from the name of the case to the solution, with stress and state at the points."""
    runs, bounds = [], []
    for repeat in range(N_WARM_UP + n_repeat):
        start = time.perf_counter()
        solution = rom.solve(CASE, hyper_reduction=hyper_reduction)
        if repeat >= N_WARM_UP:
            runs.append((time.perf_counter() - start, solution))
            start = time.perf_counter()
            assert solution.error_bound
            bounds.append(time.perf_counter() - start)
    runs.sort(key=lambda run: run[0])
    wall, solution = runs[len(runs) // 2]
    timings = solution.timings
    return Run(wall, runs[0][0], timings.law, timings.linear_algebra, float(np.median(bounds)),
               min(bounds), solution)


def row(name: str, run: Run, n_point: int, reference: Reference, peer: Peer | None) -> str:
    """A line of the table."""
    errors = reference.errors(run.solution)
    parts = [name, f"{n_point}", f"{1e3 * run.wall:.1f}", f"{1e3 * run.shortest:.1f}", f"{1e3 * run.law:.1f}",
             f"{1e3 * run.linear_algebra:.1f}", f"{1e3 * run.rest:.1f}",
             f"{1e3 * run.bounds:.2f} ({100 * run.bounds / run.wall:.1f} %)",
             f"{1e3 * run.shortest_bounds:.2f} ({100 * run.shortest_bounds / run.shortest:.1f} %)",
             f"{int(run.solution.iterations.sum())}",
             f"{errors['displacement']:.1e}", f"{peer.seconds / run.wall:.0f}" if peer else ""]
    return f"| {' | '.join(parts)} |"


def peer_row(modes: int) -> str:
    """What the peer needs with as many modes."""
    peer = PEERS[modes]
    iterations = PEER_ITERATIONS if modes == 9 else ""
    return (f"| {modes} modes, peer | {peer.n_point} | {1e3 * peer.seconds:.0f} | | | | | | | {iterations} | "
            f"{peer.error:.1e} | 1 |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/benchmark_plate"), help="for snapshots and ROMs")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results", help="for the table")
    parser.add_argument("--repeats", type=int, default=101, help="timed runs of each ROM")
    arguments = parser.parse_args()
    convert(arguments.folder)
    lines, reference = [], None
    for setting in SETTINGS:
        rom, _ = train(arguments.folder, setting)
        reference = reference or Reference(arguments.folder, rom)
        name, peer = f"{setting.modes} modes", PEERS[setting.modes]
        watched, _ = train(arguments.folder, replace(setting, control=CONTROL))
        lines += [
            row(f"{name}, hyper-reduced", measure(rom, arguments.repeats, hyper_reduction=True), n_weighted(rom),
                reference, peer),
            row(f"{name}, hyper-reduced, {CONTROL} control points", measure(
                watched, arguments.repeats, hyper_reduction=True), n_weighted(watched), reference, None),
            row(f"{name}, full integration", measure(rom, max(3, arguments.repeats // 20), hyper_reduction=False),
                rom.archive.manifest.n_ip, reference, None),
            peer_row(setting.modes)]
    arguments.results.mkdir(parents=True, exist_ok=True)
    path = arguments.results / "online.md"
    path.write_text("\n".join([*header(arguments.repeats), *lines]) + "\n")
    Console(highlight=False, soft_wrap=True).print(path.read_text(), markup=False)
    return 0


def header(n_repeat: int) -> list[str]:
    """What the table shows."""
    return [
        "# Wall time of the online run", "",
        f"Written by `python benchmarks/online.py`: perforated plate, 40 steps of the amplitude held out, Newton "
        f"tolerance 1e-8, one thread, median of {n_repeat} runs after {N_WARM_UP} to warm up ({os.cpu_count()} "
        f"processors, NumPy {np.__version__}). The peer, Kratos RomApplication, was measured on another run of a "
        "2-core machine: only the order of the ratio counts. It stops at a relative correction of the displacement "
        "of 1e-6.", "",
        "| | integration points | wall, ms | shortest | laws | linear algebra | rest | bounds of the errors | "
        "shortest | Newton iterations | error of u | times faster than the peer |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]


if __name__ == "__main__":
    sys.exit(main())
