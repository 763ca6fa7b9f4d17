"""The whole flow on a small plate: snapshots, check, offline on two ranks, online on a case not trained, comparison.

    python cases/plate_demo/run.py [--folder out/plate_demo] [--ranks 2]

Every line that begins with $ is a command that can be typed as it stands. The files stay in the folder.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_common"))

import numpy as np
from commands import Commands, console, heading
from generate import FIELDS, generate
from rich.table import Table
from timing import Online, online_time

import romlib
from romlib.study import Study

HERE = Path(__file__).resolve().parent
CASE = "held_out"
N_REPEAT = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/plate_demo"), help="for the files of the demo")
    parser.add_argument("--ranks", type=int, default=2, help="MPI ranks of the offline stage; 1 without MPI")
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "study.toml", folder)
    commands, start = Commands(folder, arguments.ranks), time.perf_counter()

    heading("1. The solver's part: three training runs, and one that the ROM will not see")
    seconds = generate(Study.read(folder / "study.toml"), CASE, folder)
    for path, value in seconds.items():
        console.print(f"  {path}  ({value:.1f} s)")
    commands.run("romlib info train_140.vtkhdf")

    heading("2. Does romlib recompute what the solver computed?")
    commands.run("romlib check train_140.vtkhdf --study study.toml")

    heading(f"3. Offline, on {commands.ranks} rank{'s' * (commands.ranks > 1)}")
    commands.run(f"{commands.launcher}romlib offline study.toml -o plate.rom")

    heading("4. Online, on the case that it was not trained on")
    commands.run(f"romlib online plate.rom --case {CASE} -o result.vtkhdf")
    timing = online_time(romlib.load(folder / "plate.rom"), CASE, N_REPEAT)

    heading("5. Against the full-order solution")
    commands.run("romlib compare result.vtkhdf reference.vtkhdf --plot errors.png")
    errors = json.loads(commands.run("romlib compare result.vtkhdf reference.vtkhdf --json", quiet=True))
    commands.run("romlib plot result.vtkhdf --field p -o p.png")
    commands.run("romlib plot result.vtkhdf --field stress --time 0.25 -o stress.png")

    heading("What came out")
    console.print(summary(folder, seconds[folder / "reference.vtkhdf"], timing, errors))
    pictures = ", ".join(str(folder / name) for name in ("p.png", "stress.png", "errors.png"))
    console.print(f"\npictures: {pictures}", soft_wrap=True)
    console.print(f"The whole demo took {time.perf_counter() - start:.0f} s. result.vtkhdf opens in ParaView.")
    return 0


def summary(folder: Path, full_order: float, online: Online, errors: dict[str, Any]) -> Table:
    """The figures of the demo, full order beside reduced order."""
    rom = romlib.load(folder / "plate.rom").archive
    basis = rom.clusters[0]
    n_point = int(np.count_nonzero(basis.weights))
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("")
    table.add_column("full order", justify="right")
    table.add_column("reduced", justify="right")
    table.add_row("unknowns (degrees of freedom, modes)", f"{3 * rom.manifest.n_node}", f"{basis.n_mode}")
    table.add_row("integration points", f"{rom.manifest.n_ip}", f"{n_point}")
    table.add_row(f"time of {online.steps} steps", f"{full_order:.2f} s", f"{1e3 * online.wall:.1f} ms")
    table.add_row("speed-up", "", f"{full_order / online.wall:,.0f}")
    table.add_row("Newton iterations", "", f"{online.iterations}")
    offline = sum(max(stage["wall"]) for stage in rom.manifest.stages)
    table.add_row("offline, once", "", f"{offline:.1f} s")
    for name in FIELDS:
        table.add_row(f"error of {name}, max over time in L2", "", f"{errors['fields'][name]['relative_l2']:.1e}")
    return table


if __name__ == "__main__":
    sys.exit(main())
