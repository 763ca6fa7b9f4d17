"""Cost of the offline stage at 1 and 2 ranks, and the bound on its memory.

    python benchmarks/offline.py [--folder out/benchmark_offline]

A model of 300,000 degrees of freedom in 12 pieces, 41 snapshots, is reduced by `romlib offline` at each number of
ranks; then a model twice as large in twice as many pieces of the same size. What a rank holds is the process itself,
the arrays of one piece and a block of snapshots, and not the model: the peak has to stay where it was. The run fails
when it grows by more than a quarter, or beyond 2 GiB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fine_plate import TIMES, Size, coarse_history, write_snapshots, write_study
from rich.console import Console
from rich.table import Table

from romlib.archive.romfile import read_rom
from romlib.model import Model

SIZES = {"plate": Size(60, 82, 9, 12), "double": Size(120, 82, 9, 24)}
LIMIT = 2 * 2**30
GROWTH = 1.25
MIB = 2**20


@dataclass(frozen=True)
class Run:
    """One offline run: its model, its ranks, and what the manifest of the ROM says about its stages."""

    name: str
    n_rank: int
    wall: float
    stages: list[dict[str, Any]]
    n_point: int

    @property
    def peak(self) -> int:
        return max(max(stage["peak_memory"]) for stage in self.stages)


def offline(folder: Path, name: str, n_rank: int) -> Run:
    """Run `romlib offline` on n ranks."""
    rom = folder / f"{name}_{n_rank}.rom"
    environment = {**os.environ, "OMP_NUM_THREADS": "1",
                   "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    command = ["mpirun", "--oversubscribe", "-n", str(n_rank), str(Path(sys.executable).with_name("romlib")),
               "offline", str(folder / f"{name}.toml"), "-o", str(rom)]
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    wall = time.perf_counter() - start
    archive = read_rom(rom)
    return Run(name, n_rank, wall, archive.manifest.stages, len(archive.points.numbers))


def show(run: Run, console: Console) -> None:
    """Wall, CPU and peak memory of each rank and stage."""
    size = SIZES[run.name]
    ranks = range(run.n_rank)
    console.print(f"\n{size.n_dof:,} dofs, {size.n_piece} pieces, {run.n_rank} rank{'s' * (run.n_rank > 1)}: "
                  f"{run.wall:.1f} s in all, {run.n_point} points selected")
    table = Table(box=None, header_style="bold")
    table.add_column("stage")
    for rank in ranks:
        for quantity in ("wall s", "CPU s", "peak MiB"):
            table.add_column(f"{quantity}\nrank {rank}", justify="right")
    for stage in run.stages:
        cells = []
        for rank in ranks:
            peak = stage["peak_memory"][rank] / MIB
            cells += [f"{stage['wall'][rank]:.2f}", f"{stage['cpu'][rank]:.2f}", f"{peak:.0f}"]
        table.add_row(stage["name"], *cells)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/benchmark_offline"), help="for files of about 0.6 GB")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(width=120)
    history = None
    for name, size in SIZES.items():
        study = write_study(folder, name)
        if history is None:
            history = coarse_history(study)
        write_snapshots(folder / f"{name}.vtkhdf", history, size, Model(units=study.study.units))
    runs = []
    for name, n_rank in (("plate", 1), ("plate", 2), ("double", 1), ("double", 2)):
        runs.append(offline(folder, name, n_rank))
        show(runs[-1], console)
    return verdict(runs, console)


def verdict(runs: list[Run], console: Console) -> int:
    """Compare the peak of the two models at each number of ranks, and with the limit."""
    small, large = SIZES["plate"], SIZES["double"]
    n_ip = small.n_ip // small.n_piece
    stress = n_ip * 6 * 8 * len(TIMES) / MIB
    console.print(f"a piece of either model: {n_ip:,} integration points, {stress:.0f} MiB of stress over its "
                  f"snapshots; the models: {stress * small.n_piece:,.0f} and {stress * large.n_piece:,.0f} MiB")
    good = True
    for n_rank in (1, 2):
        before, after = (next(r for r in runs if (r.name, r.n_rank) == (name, n_rank)).peak for name in SIZES)
        bounded = after <= min(LIMIT, GROWTH * before)
        good &= bounded
        console.print(f"{n_rank} rank{'s' * (n_rank > 1)}: peak per rank {before / MIB:.0f} MiB, with the double model "
                      f"{after / MIB:.0f} MiB ({after / before - 1:+.0%}): {'bounded' if bounded else 'NOT BOUNDED'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
