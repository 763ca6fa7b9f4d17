"""A plate that CalculiX solves with a UMAT: training runs, reduced model, and a history that it was not trained on.

    python cases/calculix_plate/run.py [--folder out/calculix_plate] [--ranks 2] [--ccx PROGRAM]

Every line that begins with $ is a command that can be typed as it stands, in the folder, where the files stay. The
first run builds CalculiX with user materials from Debian's source package into out/calculix, which takes minutes.
Where it cannot be built, results that were computed elsewhere are taken, if ROMLIB_TEST_DATA names them.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the online run on one core, as CalculiX

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_common"))

import numpy as np
from calculix import NotBuilt, Shipped, compile_umat, environment, fallback_message, find_calculix, study_text
from commands import Commands, console, heading
from curves import Curve, relative
from deck import HELD_OUT, HISTORIES, TRAINING, write_deck
from drawings import plot_force, plot_mesh, plot_p
from geometry import quarter_plate
from rich.table import Table
from timing import Online, online_time

import romlib
from romlib.online.rom import ReducedOrderModel
from romlib.snapshots import Snapshots
from romlib.study import Study, read_case_file

ROM = "plate.rom"
FIELDS = ("displacement", "stress", "p")


@dataclass(frozen=True)
class Source:
    """Where the results come from. training, held_out : names of decks. program : name of CalculiX. shipped : the
    files to take instead of running it.
    """

    training: tuple[str, ...]
    held_out: str
    program: str = ""
    shipped: Shipped | None = None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path("out/calculix_plate"), help="for the files")
    parser.add_argument("--ranks", type=int, default=2, help="MPI ranks of the offline stage; 1 without MPI")
    parser.add_argument("--ccx", type=Path, help="a CalculiX with user materials; by default one is built")
    arguments = parser.parse_args()
    folder, start = arguments.folder, time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)

    heading("1. CalculiX with user materials, and a UMAT")
    source, program = prepare(folder, arguments.ccx)
    variables = environment(folder, program)
    os.environ.update(variables)  # for the law in this process
    commands = Commands(folder, arguments.ranks, variables)
    for name, value in variables.items():
        commands.show(f"export {name}={value.split(os.pathsep)[0]}:${name}")

    heading("2. Training runs")
    for name in source.training:
        solve(commands, source, name)

    heading("3. Does romlib recompute what CalculiX computed?")
    commands.run(f"romlib check {source.training[0]}.vtkhdf --study study.toml")

    heading(f"4. Offline, on {commands.ranks} rank{'s' * (commands.ranks > 1)}")
    commands.run(f"{commands.launcher}romlib offline study.toml -o {ROM}")

    heading("5. Online, a history that it was not trained on: times and displacement from a deck")
    held_out = source.held_out
    if source.shipped is None:
        write_deck(folder / f"{held_out}.inp", quarter_plate(), HISTORIES[held_out], print_points=True)
    commands.run(f"romlib convert calculix {held_out}.inp --case -o {held_out}.toml")
    commands.run(f"romlib online {ROM} --case-file {held_out}.toml -o result.vtkhdf")
    rom, case = romlib.load(folder / ROM), read_case_file(folder / f"{held_out}.toml")
    online = online_time(rom, case)

    heading("6. CalculiX on the same history, for comparison")
    seconds = solve(commands, source, held_out)
    compared = f"romlib compare result.vtkhdf {held_out}.vtkhdf --study study.toml --fields {','.join(FIELDS)}"
    commands.run(f"romlib check {held_out}.vtkhdf --study study.toml")
    commands.run(f"{compared} --plot errors.png")
    errors = json.loads(commands.run(f"{compared} --json", quiet=True))

    heading("What came out")
    with Snapshots(folder / f"{held_out}.vtkhdf") as file:
        curve = Curve.of(rom, case, file)
    console.print(summary(rom, seconds, online, errors, curve))
    pictures = draw(folder, source, curve)
    console.print(f"\npictures: {', '.join(str(path) for path in pictures)}", soft_wrap=True)
    took = f"The whole took {time.perf_counter() - start:.0f} s."
    console.print(f"{took} Open {folder / 'result.vtkhdf'} in ParaView.", soft_wrap=True)
    return 0


def prepare(folder: Path, ccx: Path | None) -> tuple[Source, Path | None]:
    """UMAT, study, and the program; or the files to take instead, with the reason."""
    try:
        compile_umat(folder)
    except NotBuilt as reason:
        sys.exit(str(reason))
    try:
        program: Path | None = find_calculix(ccx, Path("out/calculix"))
        source = Source(TRAINING, HELD_OUT, program.name)
    except NotBuilt as reason:
        shipped = Shipped.find()
        message = fallback_message(str(reason), shipped)
        if shipped is None:
            sys.exit(message)
        console.print(message, style="yellow", markup=False)
        program, source = None, Source(("plate_train",), "plate_test", shipped=shipped)
        shipped.copy((*source.training, source.held_out), folder)
    (folder / "study.toml").write_text(study_text(source.training))
    return source, program


def solve(commands: Commands, source: Source, name: str) -> float | None:
    """A history by CalculiX, converted; its seconds, None where the results were there already.

    A training run is cut, so that ranks can share it; the other one is whole, because CalculiX's internal forces are
    sums over all cells of a node, which cannot be shared out between pieces.
    """
    pieces = f" --pieces {commands.ranks}" if name in source.training else ""
    if source.shipped is not None:
        commands.run(f"romlib convert calculix {name}.inp -o {name}.vtkhdf{pieces}")
        return None
    write_deck(commands.folder / f"{name}.inp", quarter_plate(), HISTORIES[name], print_points=name == HELD_OUT)
    line = (f'romlib external calculix {name}.inp -o {name}.vtkhdf --command "{source.program} {{stem}}" '
            f'--result "{{stem}}.frd" --failure "\\*ERROR"{pieces}')
    commands.show(line)
    done: dict[str, Any] = json.loads(commands.run(f"{line} --json", quiet=True))
    console.print(f"  {done['seconds']:.1f} s, log in {Path(done['log']).name}", markup=False)
    return float(done["seconds"])


def summary(
    rom: ReducedOrderModel, seconds: float | None, online: Online, errors: dict[str, Any], curve: Curve
) -> Table:
    """CalculiX beside the reduced model."""
    manifest, basis = rom.archive.manifest, rom.archive.clusters[0]
    n_point = int(np.count_nonzero(basis.weights))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "CalculiX", "reduced"):
        table.add_column(name, justify="right" if name else "left")
    table.add_row("unknowns (degrees of freedom, modes)", f"{3 * manifest.n_node:,}", f"{basis.n_mode}")
    table.add_row("integration points", f"{manifest.n_ip:,}", f"{n_point} ({100 * n_point / manifest.n_ip:.1f} %)")
    table.add_row(f"time of {online.steps} increments", "computed elsewhere" if seconds is None else f"{seconds:.1f} s",
                  f"{1e3 * online.wall:.1f} ms")
    if seconds is not None:
        table.add_row("speed-up", "", f"{seconds / online.wall:,.0f}")
    table.add_row("offline, once", "", f"{sum(max(stage['wall']) for stage in manifest.stages):.1f} s")
    for name in FIELDS:
        table.add_row(f"error of {name}, max over time in L2", "", f"{errors['fields'][name]['relative_l2']:.1e}")
    force = relative(curve.reduced, curve.reference)
    table.add_row("error of the force on the edge, max over time", "", f"{force:.1e}")
    return table


def draw(folder: Path, source: Source, curve: Curve) -> list[Path]:
    """Pictures of the result; their paths."""
    paths = [folder / name for name in ("mesh.png", "p.png", "force.png")]
    study = Study.read(folder / "study.toml")
    plot_mesh(folder / "result.vtkhdf", paths[0])
    plot_p(folder / "result.vtkhdf", folder / f"{source.held_out}.vtkhdf", study, paths[1])
    plot_force(curve.stretch, curve.reduced, curve.reference, paths[2])
    return paths


if __name__ == "__main__":
    sys.exit(main())
