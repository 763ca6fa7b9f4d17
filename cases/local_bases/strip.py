"""The strip 60 x 10 x 1 mm: its mesh, the temperature of each pass, and the study that has them, in a folder.

    python cases/local_bases/strip.py out/local_bases        # and the full-order runs
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from passes import Pass, passes

from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import partition
from romlib.model import Model, UnitSystem
from romlib.parallel.comm import serial
from romlib.snapshots import FieldSpec, SnapshotsWriter
from romlib.study import Study
from romlib.study.solve import run_solve

SIZE = (60.0, 10.0, 1.0)  # mm
CELLS = (100, 12, 1)
PIECES = 4
FIELDS = ("stress", "p")
SOLVER = "cases/local_bases/strip.py"


def strip(cells: tuple[int, int, int] = CELLS) -> Mesh:
    """Eight-node hexahedra, with the edge that is held across as a node tag."""
    mesh = box_mesh("hex8", cells, SIZE)
    edge = np.flatnonzero((mesh.points[:, 0] == 0.0) & (mesh.points[:, 1] == 0.0))
    return replace(mesh, node_tags={**mesh.node_tags, "edge": edge})


def prepare(folder: Path, chosen: Iterable[Pass], mesh: Mesh | None = None, pieces: int = PIECES) -> Study:
    """Mesh, temperatures and study in a folder; what is there already with the same content stays."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = list(chosen)
    parts = partition(strip() if mesh is None else mesh, pieces)
    if not (folder / "mesh.vtkhdf").is_file():
        with SnapshotsWriter(folder / "mesh.vtkhdf", parts, Model(units=UnitSystem()), [0.0], {}, solver=SOLVER):
            pass
    for one in chosen:
        if not (folder / f"{one.name}.temperature.vtkhdf").is_file():
            _write_temperature(folder / f"{one.name}.temperature.vtkhdf", parts, one)
    text = (Path(__file__).resolve().parent / "study.toml").read_text()
    (folder / "study.toml").write_text(text + "".join(map(_case, chosen)))
    return Study.read(folder / "study.toml")


def solve(folder: Path, names: Iterable[str], said: Callable[[str], None] = print) -> None:
    """Full-order runs of these passes; those that are there already are taken."""
    study = Study.read(folder / "study.toml")
    for name in names:
        if not (folder / f"{name}.vtkhdf").is_file():
            used = time.process_time()
            run_solve(study, name, folder / f"{name}.vtkhdf", serial(), fields=FIELDS)
            said(f"  {name}: {time.process_time() - used:.0f} core seconds at full order")


def _case(one: Pass) -> str:
    return (f"\n[cases.{one.name}]\n"
            f"times = {{ stop = {one.duration}, step = {one.duration / one.steps!r} }}\n"
            f"temperature = \"{one.name}.temperature.vtkhdf\"\n"
            f"amplitudes.traction = {{ time = {one.traction['time']}, value = {one.traction['value']} }}\n")


def _write_temperature(path: Path, parts: list[Mesh], one: Pass) -> None:
    fields = {"temperature": FieldSpec("node")}
    with SnapshotsWriter(path, parts, Model(units=UnitSystem()), one.instants, fields, solver=SOLVER) as writer:
        for piece, mesh in enumerate(parts):
            for step, values in enumerate(one.temperature(mesh.points)):
                writer.write("temperature", step, piece, values[:, None])


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), passes().values())
    solve(Path(sys.argv[1]), passes())
