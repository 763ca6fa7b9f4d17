"""The blade under hot spots where training never had one: the ROM before and after it is enriched.

    python cases/adaptive/moved.py [--folder out/adaptive] [--tolerances 0.05 0.01] [--budget 6] [--only moved_up]

For each of the three moved hot spots: `romlib enrich` from the ROM of run.py's study, to one tolerance and from there
to the next, with the full-order steps that it takes, core seconds, and the true errors of displacement, stress and p
after each step. 13 minutes of one core; a second start goes on where the first was.
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
    parser.add_argument("--tolerances", type=float, nargs="+", default=[0.05, 0.01],
                        help="for the bounds of all quantities, the largest first")
    parser.add_argument("--only", help="one of the missions")
    parser.add_argument("--budget", type=int, default=6, help="full-order steps a mission")
    parser.add_argument("--dofs", type=int, default=6_000, help="degrees of freedom, as of run.py")
    arguments = parser.parse_args()
    missions = [one for one in moved() if arguments.only in (None, one.name)]
    body, folder = the_blade(arguments.dofs, missions), arguments.folder / "blade"
    solve_training(body, folder, 100)
    if not (folder / ROM).is_file():
        Commands(folder, 1).run(f"romlib offline study.toml -o {ROM}")
    held = body.held(folder)
    solve_held(folder, held)
    largest = largest_in_training(folder / f"{name}.vtkhdf" for name in body.trained)
    table = Table("mission", "full-order steps", "u", "stress", "p", "largest of all times: u, stress, p",
                  "bounds: u, stress, p", "core s", box=None, title="True errors at the end, before and after",
                  title_justify="left")
    for one in held:
        enrich(one, folder, largest, arguments.tolerances, arguments.budget, table)
    console.print(table)
    return 0


def enrich(
    one: Held, folder: Path, largest: Mapping[str, float], tolerances: list[float], budget: int, table: Table
) -> None:
    """Enrich a copy of the ROM step by step, to one tolerance after the other, and judge it after each."""
    heading(one.name)
    for suffix in (".rom", ".fields.rom"):
        if not (folder / f"{one.name}{suffix}").is_file():
            shutil.copy(folder / f"x{suffix}", folder / f"{one.name}{suffix}")
    study, rom = Study.read(folder / "study.toml"), folder / f"{one.name}.rom"
    _row(one, folder, rom, largest, "0", 0.0, table)
    used, steps = 0.0, 0
    for tolerance in sorted(tolerances, reverse=True):
        console.print(f"  to {tolerance:g}")
        within = False
        while not within and steps <= budget:
            began = time.process_time()
            try:
                outcome = run_enrich(study, rom, one.case, serial(), tolerance=tolerance, budget=steps, name=one.name,
                                     accept_errors=True, progress=lambda line: console.print(f"  {line}", markup=False))
            except RomlibError as error:
                console.print(f"  {error}", markup=False)
                return
            used, within = used + time.process_time() - began, outcome.within
            said = f"{outcome.n_step}, within {tolerance:g}" if within else f"{outcome.n_step}"
            _row(one, folder, rom, largest, said, used, table)
            steps = max(steps, outcome.n_step) + (0 if within else 1)
    plot_enrichment(romlib.load(rom).archive.enrichments, folder / f"{one.name}.png")


def _row(
    one: Held, folder: Path, rom: Path, largest: Mapping[str, float], steps: str, seconds: float, table: Table
) -> None:
    judged, failures = judge(romlib.load(rom), [one], folder, dict(largest))
    if failures:
        table.add_row(one.name, steps, "the ROM fails", "", "", "", "", f"{seconds:.0f}")
        return
    errors, bounds = judged[0].errors, judged[0].bounds
    table.add_row(one.name, steps, *(f"{100 * errors[name][-1]:.2g} %" for name in QUANTITIES),
                  ", ".join(f"{100 * errors[name].max():.2g} %" for name in QUANTITIES),
                  ", ".join(f"{100 * bounds[name][-1]:.2g} %" for name in QUANTITIES), f"{seconds:.0f}")


if __name__ == "__main__":
    sys.exit(main())
