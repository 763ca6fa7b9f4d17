"""A sector with cyclic symmetry, or between planes of symmetry, from a study to a ROM and back."""

from __future__ import annotations

import numpy as np
import pytest
from sector_example import SECTORS, ring

import romlib
from romlib.certificate import certify
from romlib.check import check
from romlib.errors import StudyError
from romlib.model import Model
from romlib.parallel.comm import serial
from romlib.report.compare import compare
from romlib.snapshots import Snapshots, SnapshotsWriter
from romlib.snapshots.schema import FieldSpec
from romlib.study import Study
from romlib.study.solve import run_solve

pytest.importorskip("petsc4py")
pytest.importorskip("pymetis")
STUDY = """
[study]
name = "sector"
[mesh]
file = "sector.vtkhdf"
[materials.steel]
law = "mises"
density = 8e-9
parameters = {{ young = 2e5, poisson = 0.3, yield = 200.0, linear_hardening = 5000.0 }}
[constraints.bottom]
nodes = "bottom"
components = ["z"]
{sides}
[loads.spin]
kind = "centrifugal"
center = [0, 0, 0]
axis = [0, 0, 1]
speed = 1000.0
[loads.push]
kind = "pressure"
faces = "top"
[[training]]
snapshots = "slow.vtkhdf"
[[training]]
snapshots = "fast.vtkhdf"
[offline]
pod_tolerance = 1e-6
cubature_tolerance = 1e-5
dual_fields = ["stress", "p"]
[cases.slow]
times = {{ stop = 1.0, step = 0.1 }}
amplitudes = {{ spin = "{speed}*sin(pi*t)", push = "60*t" }}
[cases.fast]
times = {{ stop = 1.0, step = 0.1 }}
amplitudes = {{ spin = "1.1*{speed}*sin(pi*t)", push = "90*t" }}
[cases.between]
times = {{ stop = 1.0, step = 0.1 }}
amplitudes = {{ spin = "1.05*{speed}*sin(pi*t)", push = "75*t" }}
"""
CYCLIC = f"""
[constraints.bore]
nodes = "inner"
components = ["x", "y"]
[constraints.sides]
nodes = "end"
master = "begin"
axis = [0, 0, 1]
angle = {360 / SECTORS}
"""
PLANES = f"""
[constraints.near]
nodes = "begin"
components = ["y"]
[constraints.far]
nodes = "end"
normal = [{-np.sin(2 * np.pi / SECTORS)}, {np.cos(2 * np.pi / SECTORS)}, 0]
"""


def written(folder, sides, speed):
    (folder / "study.toml").write_text(STUDY.format(sides=sides, speed=speed))
    if not (folder / "sector.vtkhdf").exists():
        mesh = ring(1)
        fields = {"displacement": FieldSpec("node", 3)}
        with SnapshotsWriter(folder / "sector.vtkhdf", [mesh], Model(), [0.0], fields) as writer:
            writer.write("displacement", 0, 0, np.zeros((mesh.n_node, 3)))
    return Study.read(folder / "study.toml")


@pytest.mark.parametrize(("sides", "speed", "pieces"), [(CYCLIC, 9.5, 2), (PLANES, 5.6, 1)], ids=["cyclic", "planes"])
def test_a_rom_of_a_sector_has_the_relations_in_its_modes(tmp_path, sides, speed, pieces):
    study = written(tmp_path, sides, speed)
    for case in study.cases:
        run_solve(study, case, tmp_path / f"{case}.vtkhdf", serial(), pieces=pieces)
    with Snapshots(tmp_path / "slow.vtkhdf") as file:
        report = check(file)
        assert report.passed, report.rows()
        assert report["equilibrium"].value < 1e-6
        proof = certify(file)
        assert np.nanmax(proof.residual) < 1e-6 * np.nanmax(proof.force)
    with romlib.train(study, serial()) as trained:
        trained.write(tmp_path / "sector.rom")
    rom = romlib.load(tmp_path / "sector.rom")
    for case, limits in (("slow", (1e-4, 1e-3)), ("between", (2e-3, 2e-2))):
        rom.solve(case).write(tmp_path / "rom.vtkhdf")
        with Snapshots(tmp_path / "rom.vtkhdf") as found, Snapshots(tmp_path / f"{case}.vtkhdf") as expected:
            errors = compare(found, expected).fields
        assert errors["displacement"].relative < limits[0]
        assert errors["stress"].relative < limits[1]


def test_a_master_tag_that_does_not_exist_is_named(tmp_path):
    study = written(tmp_path, CYCLIC.replace('"begin"', '"begn"'), 1.0)
    with pytest.raises(StudyError, match=r"constraints\.sides\.master") as error:
        run_solve(study, "slow", tmp_path / "x.vtkhdf", serial())
    assert "begin" in str(error.value)


def test_runs_with_other_planes_are_runs_of_other_models(tmp_path):
    study = written(tmp_path, PLANES, 5.6)
    run_solve(study, "slow", tmp_path / "slow.vtkhdf", serial())
    other = written(tmp_path, PLANES.replace("normal = [", "normal = [0.01, 0.01, 0.0]\n# ["), 5.6)
    run_solve(other, "fast", tmp_path / "fast.vtkhdf", serial())
    bare = tmp_path / "bare.toml"
    bare.write_text('[study]\nname = "a"\n[[training]]\nsnapshots = "slow.vtkhdf"\n'
                    '[[training]]\nsnapshots = "fast.vtkhdf"\n')
    with pytest.raises(romlib.RomlibError, match="linear relations constraint 'far'"):
        romlib.train(Study.read(bare), serial(), skip_check=True).__enter__()
