"""The blade under hot spots where training never had one: the ROM before and after it is enriched.

    python cases/adaptive/moved.py [--folder out/adaptive] [--tolerance 0.05] [--budget 4]

For each of the three moved hot spots: `romlib enrich` from the ROM of run.py's study, with the full-order steps that it
takes, what they cost beside one full-order run, and the true errors of displacement, stress and p after each step.
Minutes of one core; a second start goes on where the first was.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "_common"))

from bodies import Held, the_blade
from commands import Commands, console, heading
from judgement import QUANTITIES, judge, largest_in_training
from missions import moved
from references import solve_held, solve_training
from rich.table import Table

import romlib
from romlib.errors import RomlibError
from romlib.parallel.comm import serial
from romlib.report.plot_enrichment import plot_enrichment
from romlib.study import Study
from romlib.study.enrich import run_enrich

ROM = "x.rom"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/adaptive"), help="for the files, as of run.py")
    parser.add_argument("--tolerance", type=float, default=0.05, help="for the bounds of all quantities")
    parser.add_argument("--budget", type=int, default=4, help="full-order steps a mission")
    parser.add_argument("--dofs", type=int, default=6_000, help="degrees of freedom, as of run.py")
    arguments = parser.parse_args()
    body, folder = the_blade(arguments.dofs, moved()), arguments.folder / "blade"
    solve_training(body, folder, 100)
    if not (folder / ROM).is_file():
        Commands(folder, 1).run(f"romlib offline study.toml -o {ROM}")
    held = body.held(folder)
    solve_held(folder, held)
    largest = largest_in_training(folder / f"{name}.vtkhdf" for name in body.trained)
    table = Table("mission", "full-order steps", "u", "stress", "p", "bounds: u, stress, p", "core s", box=None,
                  title="True errors at the end, before and after", title_justify="left")
    for one in held:
        enrich(one, folder, largest, arguments.tolerance, arguments.budget, table)
    console.print(table)
    return 0


def enrich(
    one: Held, folder: Path, largest: Mapping[str, float], tolerance: float, budget: int, table: Table
) -> None:
    """Enrich a copy of the ROM step by step, and judge it after each."""
    heading(f"{one.name}: {tolerance:g}")
    name = f"{one.name}_{tolerance:g}"
    for suffix in (".rom", ".fields.rom"):
        if not (folder / f"{name}{suffix}").is_file():
            shutil.copy(folder / f"x{suffix}", folder / f"{name}{suffix}")
    study, rom = Study.read(folder / "study.toml"), folder / f"{name}.rom"
    _row(one, folder, rom, largest, 0, 0.0, table)
    used = time.process_time()
    for steps in range(budget + 1):
        try:
            outcome = run_enrich(study, rom, one.case, serial(), tolerance=tolerance, budget=steps, name=one.name,
                                 accept_errors=True, progress=lambda line: console.print(f"  {line}", markup=False))
        except RomlibError as error:
            console.print(f"  {error}", markup=False)
            break
        _row(one, folder, rom, largest, outcome.n_step, time.process_time() - used, table)
        if outcome.within:
            break
    plot_enrichment(romlib.load(rom).rom.enrichments, folder / f"{name}.png")


def _row(
    one: Held, folder: Path, rom: Path, largest: Mapping[str, float], steps: int, seconds: float, table: Table
) -> None:
    judged, failures = judge(romlib.load(rom), [one], folder, dict(largest))
    if failures:
        table.add_row(one.name, str(steps), "the ROM fails", "", "", "", f"{seconds:.0f}")
        return
    errors, bounds = judged[0].errors, judged[0].bounds
    table.add_row(one.name, str(steps), *(f"{100 * errors[name][-1]:.2g} %" for name in QUANTITIES),
                  ", ".join(f"{100 * bounds[name][-1]:.2g} %" for name in QUANTITIES), f"{seconds:.0f}")


if __name__ == "__main__":
    sys.exit(main())
