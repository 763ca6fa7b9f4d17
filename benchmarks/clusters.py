"""What a run with several local bases costs, against the same ROM in its global basis alone, and where the time goes.

    python benchmarks/clusters.py [ROM] [--case NAME] [--results benchmarks/results] [--repeats 21]

Solves a case again and again, on one thread, in turn: switching; in the basis of all snapshots alone; switching with
all points of the union in every iteration. By default the ROM and a held-out pass of cases/local_bases, whose run.py
makes it. Writes a table. A minute.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy loads its BLAS: more threads gain nothing here

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import romlib
from romlib.archive.romfile import read_rom
from romlib.errors import InputError
from romlib.online import problem as problem_module
from romlib.online.case import ResolvedCase
from romlib.online.clusters import Clusters
from romlib.online.history import ReducedHistory
from romlib.online.problem import ReducedProblem
from romlib.online.reduced import heated, reduced_problem
from romlib.online.rom import ReducedOrderModel
from romlib.online.run import solve

ROOT = Path(__file__).resolve().parent.parent
N_WARM_UP = 2


@dataclass(frozen=True, eq=False)
class Measured:
    """Medians over the repeats, seconds of a run. history : of one of them."""

    wall: float
    law: float
    linear_algebra: float
    history: ReducedHistory


def problem_of(rom: ReducedOrderModel, case: ResolvedCase, *, apart: bool) -> ReducedProblem:
    """The reduced problem of a case. apart : whether points without weight are integrated once a step."""
    before = problem_module.FEWEST_APART
    try:
        if not apart:
            problem_module.FEWEST_APART = sys.maxsize
        made = reduced_problem(rom.archive, case.model)
        for basis in made.blocks[0].bases:
            _ = basis.parts  # decided now
    finally:
        problem_module.FEWEST_APART = before
    return made if case.temperature is None else heated(made, rom.archive, case.temperature)


def measure(runs: dict[str, Callable[[], ReducedHistory]], n_repeat: int) -> dict[str, Measured]:
    """Each run in turn, so that whatever else the machine does meets all of them."""
    found: dict[str, list[ReducedHistory]] = {name: [] for name in runs}
    for repeat in range(N_WARM_UP + n_repeat):
        for name, run in runs.items():
            history = run()
            if repeat >= N_WARM_UP:
                found[name].append(history)

    def median(histories: list[ReducedHistory], what: str) -> float:
        return float(np.median([getattr(history.timings, what) for history in histories]))
    return {name: Measured(median(all_, "total"), median(all_, "law"), median(all_, "linear_algebra"), all_[0])
            for name, all_ in found.items()}


def choosing(run: Callable[[], ReducedHistory], n_repeat: int) -> float:
    """Seconds a step that the choice of a basis takes: median over some runs."""
    wanted, spent, found = Clusters.wanted, [0.0], []

    def timed(self: Clusters, *arguments: Any) -> int:
        start = time.perf_counter()
        try:
            return wanted(self, *arguments)
        finally:
            spent[0] += time.perf_counter() - start

    Clusters.wanted = timed  # type: ignore[method-assign]
    try:
        for _ in range(n_repeat):
            spent[0] = 0.0
            n_step = len(run().times) - 1
            found.append(spent[0] / n_step)
    finally:
        Clusters.wanted = wanted  # type: ignore[method-assign]
    return float(np.median(found))


def table(
    rom: ReducedOrderModel, name: str, measured: dict[str, Measured], choice: float, n_repeat: int
) -> list[str]:
    """The page of results. choice : see `choosing`."""
    bases, switching = rom.archive.clusters, rom.archive.switching
    assert switching is not None
    first = next(iter(measured.values())).history
    n_step, counts = len(first.times) - 1, np.bincount(first.clusters[1:], minlength=len(bases))
    modes, points = (float(np.average([getattr(b, of) for b in bases], weights=counts)) for of in (
        "n_mode", "n_weighted"))
    alone, n_local = measured["global basis"].wall, len(np.unique(switching.labels))
    lines = [
        "# Time of a run with local bases", "",
        f"Written by `python benchmarks/clusters.py`: case {name} of {rom.path.name if rom.path else 'a ROM'}, "
        f"{n_step} steps, {n_local} local bases on {rom.archive.points.n_point} points, of which a step has "
        f"{modes:.1f} modes and {points:.0f} points on average, the global basis {bases[-1].n_mode} "
        f"and {bases[-1].n_weighted}. "
        f"One thread, median of {n_repeat} runs in turn ({os.cpu_count()} processors, NumPy {np.__version__}).", "",
        "| | ms a step | laws | linear algebra | rest | iterations a step | times faster |",
        "|---|--:|--:|--:|--:|--:|--:|"]
    for title, one in measured.items():
        parts = [one.wall, one.law, one.linear_algebra, one.wall - one.law - one.linear_algebra]
        cells = [title, *(f"{1e3 * value / n_step:.3f}" for value in parts),
                 f"{one.history.iterations.sum() / n_step:.2f}", f"{alone / one.wall:.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    n_switch = int(np.count_nonzero(np.diff(first.clusters)))
    return [*lines, "", f"{n_switch} switches, largest jump {100 * first.jumps.max():.2g} % of the displacement in the "
            f"elastic energy. To choose a basis takes {1e6 * choice:.0f} us a step, "
            f"{100 * choice * n_step / measured['local bases'].wall:.0f} % of the run."]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rom", type=Path, nargs="?", default=Path("out/local_bases/k8.rom"))
    parser.add_argument("--case", default="held_1")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results", help="for the table")
    parser.add_argument("--repeats", type=int, default=21, help="timed runs of each kind")
    arguments = parser.parse_args()
    rom = romlib.load(arguments.rom)
    switching = read_rom(arguments.rom).switching
    if switching is None or switching.fallback is None:
        raise InputError("this ROM has no local bases, or not the global one to compare with", file=arguments.rom)
    case = rom._resolve(arguments.case, None, None, None, None)
    problem, together = problem_of(rom, case, apart=True), problem_of(rom, case, apart=False)
    histories = case.histories()
    measured = measure({
        "local bases": lambda: solve(problem, histories),
        "global basis": lambda: solve(problem, histories, cluster=switching.fallback),
        "local bases, all points of the union in every iteration": lambda: solve(together, histories)},
        arguments.repeats)
    choice = choosing(lambda: solve(problem, histories), arguments.repeats)
    arguments.results.mkdir(parents=True, exist_ok=True)
    path = arguments.results / "clusters.md"
    path.write_text("\n".join(table(rom, arguments.case, measured, choice, arguments.repeats)) + "\n")
    Console(highlight=False, soft_wrap=True).print(path.read_text(), markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
