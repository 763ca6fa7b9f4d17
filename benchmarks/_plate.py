"""The perforated plate of Kratos: its files converted, ROMs trained on it, and their errors on the amplitude held out.

7497 degrees of freedom, 15360 integration points, J2 plasticity, one cycle of traction in 40 steps. Amplitudes 95 and
120 MPa train, 110 MPa tests.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import romlib
from romlib.fem.piece import Piece
from romlib.offline.report import TrainingReport
from romlib.online.rom import ReducedOrderModel
from romlib.parallel.comm import serial
from romlib.snapshots import Snapshots
from romlib.snapshots.converter import find_converter
from romlib.solution.solution import Solution
from romlib.study import Study

ROOT = Path(__file__).resolve().parent.parent
FILES = ("train_A95", "train_A120", "test_A110")
CASE = "test"
FIELDS = ("displacement", "stress", "p")

STUDY = """[study]
name = "kratos_plate"
units = "mm, N, MPa, s"
[materials.plate]
cells = "all"
law = "mises"
parameters = {{ young = 70000, poisson = 0.2, yield = 243, linear_hardening = 2250 }}
[tags]
symx.nodes = {{ array = "symx" }}
symy.nodes = {{ array = "symy" }}
symz.nodes = {{ array = "symz" }}
loaded.faces = {{ array = "group", value = 2 }}
[constraints]
symx = {{ nodes = "symx", components = ["x"] }}
symy = {{ nodes = "symy", components = ["y"] }}
symz = {{ nodes = "symz", components = ["z"] }}
[loads.traction]
kind = "traction"
faces = "loaded"
direction = [0, 1, 0]
[[training]]
snapshots = "train_A95.vtkhdf"
amplitudes.traction = "95*sin(2*pi*t)"
[[training]]
snapshots = "train_A120.vtkhdf"
amplitudes.traction = "120*sin(2*pi*t)"
[offline]
modes = {modes}
cubature_tolerance = {tolerance}
cubature_training = "{training}"
dual_fields = ["stress", "p"]
control_points = {control}
[cases.test]
times = {{ stop = 1.0, step = 0.025 }}
amplitudes.traction = "110*sin(2*pi*t)"
"""


@dataclass(frozen=True)
class Setting:
    """What a ROM of the plate is trained to. tolerance, training : of the cubature. control : points of control."""

    modes: int
    tolerance: float
    training: str = "snapshots"
    control: int = 0

    @property
    def name(self) -> str:
        watched = f"_{self.control}_control" if self.control else ""
        return f"{self.modes}_modes_{self.training}_{self.tolerance:g}{watched}"


def data_folder() -> Path:
    """The folder of the plate's files; the benchmark ends with a message where it is absent."""
    folder = Path(os.environ.get("ROMLIB_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve() / "kratos_plate"
    missing = [name for name in FILES if not (folder / f"{name}.xdmf").is_file()]
    if missing:
        sys.exit(f"This benchmark needs {', '.join(f'{name}.xdmf' for name in missing)} in {folder}: "
                 "set ROMLIB_TEST_DATA to the folder that has kratos_plate.")
    return folder


def convert(folder: Path) -> None:
    """Write the snapshots files of the plate into `folder`, where they are not there yet."""
    source = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        target = folder / f"{name}.vtkhdf"
        if not target.is_file():
            find_converter("meshio").convert(source / f"{name}.xdmf", target, units="mm, N, MPa, s")


def train(folder: Path, setting: Setting) -> tuple[ReducedOrderModel, TrainingReport]:
    """A ROM as `romlib offline` trains it on one process, without the nonintrusivity check."""
    study = folder / f"{setting.name}.toml"
    study.write_text(STUDY.format(modes=setting.modes, tolerance=setting.tolerance, training=setting.training,
                                  control=setting.control))
    with romlib.train(study, serial(), skip_check=True) as trained:
        report = trained.write(study.with_suffix(".rom"))
    return trained.rom, report


def n_weighted(rom: ReducedOrderModel) -> int:
    """Points of the cubature; those that only serve the reconstruction of stress and p not counted."""
    return int(np.count_nonzero(rom.archive.clusters[0].weights))


class Reference:
    """The full-order solution for the amplitude held out: displacement as stored, stress and p replayed by the law."""

    def __init__(self, folder: Path, rom: ReducedOrderModel) -> None:
        study = Study.read(next(folder.glob("*.toml")))
        with Snapshots(folder / "test_A110.vtkhdf") as snapshots:
            mesh = study.prepare(snapshots).mesh(0)
            piece, displacement = Piece(mesh, rom.archive.model), snapshots.read("displacement", 0)
            fields = piece.replay(rom.archive.model.amplitudes, ["stress", "p"]).block(
                snapshots.times, piece.operator.strain(displacement))
            self.fields = {"displacement": displacement, **fields}

    def errors(self, solution: Solution) -> dict[str, float]:
        """Frobenius error of each field over the steps: sqrt(sum (a - b)^2 / sum b^2)."""
        return {name: _frobenius(solution.field(name), self.fields[name]) for name in FIELDS}

    def projection_error(self, rom: ReducedOrderModel) -> float:
        """Frobenius error of the best approximation of the displacement in the modes: no ROM on them does better."""
        with rom.open_fields() as fields:
            modes = fields.modes(0)
        modes, u = modes.reshape(len(modes), -1).T, self.fields["displacement"]
        flat = u.reshape(len(u), -1).T
        return _frobenius(modes @ np.linalg.lstsq(modes, flat, rcond=None)[0], flat)


def _frobenius(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
