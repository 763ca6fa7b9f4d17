"""Wall time of probes of a ROM's solutions, beside that of the solution.

    python benchmarks/probes.py [--rom out/turbine_blade/blade.rom] [--case mission] [--repeats 5]

Loads the ROM anew for each repeat, so that nothing is kept of the one before; then probes places where nothing was
probed before, the same again, and tags, as a user does. Prints a table of medians. The ROM is that of
`cases/turbine_blade` (`make demo`), or any other. Seconds.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy loads its BLAS

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

import romlib

FIELDS = ("displacement", "strain", "p", "von_mises")


def measured(path: Path, case: str, times: dict[str, list[float]]) -> None:
    """One repeat: a ROM that is loaded anew."""
    def took(what: str, call: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        found = call()
        times[what].append(1e3 * (time.perf_counter() - start))
        return found

    rom = romlib.load(path)
    rom.solve(case)  # the first one has more to make
    solution = took("a solution", lambda: rom.solve(case))
    first, *others = solution.rom.points.coordinates[:: max(1, len(solution.rom.points.coordinates) // 6)][:6] + 0.05
    for name in FIELDS:
        took(f"{name} at the first point", lambda name=name: solution.probe(name, point=first))
    for point in others:
        for name in FIELDS:
            took("any field at another point", lambda name=name, point=point: solution.probe(name, point=point))
    other = rom.solve(case)
    for point in (first, *others):
        for name in FIELDS:
            took("a field at a point of before, of another solution",
                 lambda name=name, point=point: other.probe(name, point=point))
    took("p at all points of a tag", lambda: solution.probe("p", tag="all"))
    if hasattr(solution, "source"):  # this script also measures versions that do not have this
        took("largest von Mises stress of the body over time", lambda: solution.probe(
            "von_mises", tag="all", reduce="max"))
        took("the same of another solution", lambda: other.probe("von_mises", tag="all", reduce="max"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rom", type=Path, default=Path("out/turbine_blade/blade.rom"))
    parser.add_argument("--case", help="by default the first one of the ROM")
    parser.add_argument("--repeats", type=int, default=5, help="times that the ROM is loaded anew")
    arguments = parser.parse_args()
    rom, times = romlib.load(arguments.rom), defaultdict[str, list[float]](list)
    archive = getattr(rom, "archive", None) or rom.rom
    for _ in range(arguments.repeats):
        measured(arguments.rom, arguments.case or next(iter(archive.cases)), times)
    print_ = Console(highlight=False, soft_wrap=True).print
    print_(f"{arguments.rom}: {archive.manifest.n_ip} integration points, {archive.manifest.n_node} nodes; "
           f"{os.cpu_count()} processors, NumPy {np.__version__}; medians, and the shortest\n", markup=False)
    print_("| ms | median | shortest |\n|---|--:|--:|", markup=False)
    for what, found in times.items():
        print_(f"| {what} | {np.median(found):.2f} | {min(found):.2f} |", markup=False)


if __name__ == "__main__":
    main()
