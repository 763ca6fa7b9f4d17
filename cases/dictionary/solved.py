"""Mesh, study, temperature files and full-order runs of the case; what is there already is taken."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

sys.path.extend(str(Path(__file__).resolve().parents[1] / name) for name in ("_common", "turbine_blade"))

import numpy as np
from blade import blade, hot_spot, write_mesh
from commands import console
from hot_spots import KNOTS, Spot, every_spot, spots

from romlib.model import Case, TemperatureFile, Times
from romlib.parallel.comm import serial
from romlib.snapshots import FieldSpec, Snapshots, SnapshotsWriter
from romlib.study import Study
from romlib.study.solve import run_solve

HERE = Path(__file__).resolve().parent
PIECES = 2
DOFS = 6_000
FIELDS = ("stress", "p")


# How the ROMs are trained; the one with a dictionary has the clusters besides.
OFFLINE = """[offline]
pod_norm = "energy"
pod_tolerance = 3e-4
cubature_tolerance = 1e-3
dual_fields = ["stress", "p"]
dual_tolerance = 2e-3
"""
CLUSTERS = """[clusters]
number = 6
choose = "input"
"""


def prepare(folder: Path, name: str, offline: str, dofs: int = DOFS) -> None:
    """Mesh and study in the folder: the blade of cases/turbine_blade with the 60 training runs.

    name : of the study. offline : the sections of it that say how it is trained.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "mesh.vtkhdf").is_file():
        write_mesh(folder / "mesh.vtkhdf", blade(dofs), PIECES)
    text, _, _ = (HERE.parent / "turbine_blade" / "study.toml").read_text().partition("# Three short cycles")
    before, _, rest = text.partition("# Temperature = warming")  # of that case; here each run has a file of its own
    head = before + rest[rest.index("[initial]"):]
    runs = "".join(f'[[training]]\nsnapshots = "{one.name}.vtkhdf"\nname = "{one.name}"\n' for one in spots("train"))
    (folder / name).write_text(f"{head}{runs}\n{offline}")


def case_of(one: Spot, folder: Path, dofs: int = DOFS) -> Case:
    """The case of a hot spot, whose temperature is in a file, as from a thermal analysis."""
    path = folder / f"{one.name}.temperature.vtkhdf"
    if not path.is_file():
        _write_temperature(path, folder / "mesh.vtkhdf", one, dofs)
    described = {name: {"time": KNOTS.tolist(), "value": one.tables[name].tolist()} for name in ("rotation", "gas")}
    return Case(times=Times(values=tuple(one.times.tolist())), amplitudes=described,  # type: ignore[arg-type]
                temperature=TemperatureFile(file=path))


def _write_temperature(path: Path, mesh_file: Path, one: Spot, dofs: int) -> None:
    spot = hot_spot(dofs, one.height, one.span, one.chord, one.xi)  # at the nodes 1, 2, ... of the whole
    with Snapshots(mesh_file) as file:
        pieces, model = [file.mesh(piece) for piece in range(file.n_piece)], file.model
    with SnapshotsWriter(path, pieces, model, KNOTS, {"temperature": FieldSpec("node")},
                         solver="cases/dictionary") as writer:
        for piece, mesh in enumerate(pieces):
            values = one.tables["warming"][:, None] + np.outer(one.tables["hot_spot"], spot[mesh.node_ids - 1])
            for step, value in enumerate(values):
                writer.write("temperature", step, piece, value[:, None])


def solve_all(folder: Path, spread: float, dofs: int = DOFS) -> dict[str, float]:
    """Full order of every case, one after the other in this process; core seconds of each."""
    log = folder / "seconds.json"
    seconds: dict[str, float] = json.loads(log.read_text()) if log.is_file() else {}
    study = Study.read(folder / "study.toml")
    for one in every_spot(spread):
        if (folder / f"{one.name}.vtkhdf").is_file():
            continue
        case, used = case_of(one, folder, dofs), time.process_time()
        run_solve(study, case, folder / f"{one.name}.vtkhdf", serial(), fields=FIELDS)
        seconds[one.name] = time.process_time() - used
        log.write_text(json.dumps(seconds, indent=1))
        console.print(f"  {one.name}, {one.family}: {seconds[one.name]:.1f} core s", markup=False)
    return seconds
