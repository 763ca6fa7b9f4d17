"""`--start` and `--write-state` of `solve` and `online`: two halves are the whole; files are not replaced."""

from __future__ import annotations

import errno
import json
import os

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from typer.testing import CliRunner

from romlib.cli import app
from romlib.mesh.box import box_mesh
from romlib.model import Case, Constraint, Material, Model, Traction
from romlib.snapshots import Snapshots, SnapshotsWriter

BAR = box_mesh("hex8", (2, 1, 1), (2.0, 1.0, 1.0))
MODEL = Model(
    materials={"steel": Material(law="mises", parameters={
        "young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3})},
    constraints={name: Constraint(nodes=f"{name}min", components=(name,)) for name in "xyz"},
    loads={"pull": Traction(faces="xmax", direction=(1, 0, 0))})
STUDY = """
[study]
name = "bar"
[mesh]
file = "bar.vtkhdf"
[materials.steel]
law = "mises"
parameters = { young = 2e5, poisson = 0.3, yield = 200, linear_hardening = 4000 }
[constraints]
x = { nodes = "xmin", components = ["x"] }
y = { nodes = "ymin", components = ["y"] }
z = { nodes = "zmin", components = ["z"] }
[loads.pull]
kind = "traction"
faces = "xmax"
direction = [1, 0, 0]
[cases.whole]
times = [0, 0.25, 0.5, 0.75, 1.0]
amplitudes.pull = "260*sin(4*t)"
[cases.first]
times = [0, 0.25, 0.5]
amplitudes.pull = "260*sin(4*t)"
[cases.second]
times = [0.5, 0.75, 1.0]
amplitudes.pull = "260*sin(4*t)"
"""


def run(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.stdout if "--json" in arguments else done.output


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with SnapshotsWriter(tmp_path / "bar.vtkhdf", [BAR], Model(), [0.0], {}):
        pass
    (tmp_path / "study.toml").write_text(STUDY)
    cases = {name: Case(times=times, amplitudes={"pull": "260*sin(4*t)"}) for name, times in (
        ("whole", [0, 0.25, 0.5, 0.75, 1]), ("first", [0, 0.25, 0.5]), ("second", [0.5, 0.75, 1]))}
    write_both(tmp_path / "bar.rom", *hand_made_rom(
        [BAR], MODEL, (affine(0), affine(1), affine(2)), cases=cases, dual={"stress": (6, True), "p": (1, False)}))
    return tmp_path


def read(path, field="displacement"):
    with Snapshots(path) as file:
        return file.read(field, 0)


def test_a_rom_goes_on_where_it_stopped(folder):
    run("online", "bar.rom", "--case", "whole", "-o", "whole.vtkhdf")
    run("online", "bar.rom", "--case", "first", "--write-state", "half.state")
    run("online", "bar.rom", "--case", "second", "--start", "half.state", "-o", "second.vtkhdf")
    for field in ("displacement", "stress", "p"):
        of = read("whole.vtkhdf", field)
        np.testing.assert_allclose(read("second.vtkhdf", field), of[2:], rtol=0, atol=1e-12 * np.abs(of).max())
    said = json.loads(run("online", "bar.rom", "--case", "second", "--start", "half.state", "--json"))
    assert any("half.state" in note for note in said["notes"])
    assert "began with a state" in run("check", "second.vtkhdf", code=2)
    found = json.loads(run("info", "half.state", "--json"))
    assert (found["kind"], found["time"], found["integration_points"]) == ("state", 0.5, 16)
    assert "half.state" in run("info", "half.state")


def test_the_full_order_solver_goes_on_from_both_kinds_of_files(folder):
    pytest.importorskip("petsc4py")
    fields = "--fields", "stress,p,plastic_strain"
    run("solve", "study.toml", "--case", "whole", "-o", "whole.vtkhdf", *fields)
    run("solve", "study.toml", "--case", "first", "-o", "first.vtkhdf", "--write-state", "half.state", *fields)
    of = read("whole.vtkhdf", "p")
    for start, more in (("half.state", []), ("first.vtkhdf", []), ("whole.vtkhdf", ["--start-time", "0.5"])):
        run("solve", "study.toml", "--case", "second", "-o", "second.vtkhdf", "--start", start, *more, *fields)
        np.testing.assert_allclose(read("second.vtkhdf", "p"), of[2:], rtol=0, atol=1e-7 * of.max())
        with Snapshots("second.vtkhdf") as file:
            assert start in next(one.description for one in file.model.omissions if one.name == "start_state")
        run("online", "bar.rom", "--case", "second", "--start", start, *more, "-o", "online.vtkhdf")
        np.testing.assert_allclose(read("online.vtkhdf", "p"), of[2:], rtol=0, atol=1e-6 * of.max())


@pytest.mark.parametrize("full", ["new.state", "new.vtkhdf"])
@pytest.mark.parametrize("words", [("solve", "study.toml"), ("online", "bar.rom")])
def test_a_disk_that_fills_up_leaves_result_and_state_as_they_were(folder, monkeypatch, words, full):
    if words[0] == "solve":
        pytest.importorskip("petsc4py")
    for name in ("new.state", "new.vtkhdf"):
        (folder / name).write_text("old")
    before, write = sorted(folder.iterdir()), os.pwrite

    def pwrite(descriptor, data, at):
        if f".{full}." in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data, at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    said = run(*words, "--case", "first", "-o", "new.vtkhdf", "--write-state", "new.state", code=2)
    assert "the disk is full" in said and f"file: {full}" in said and ".part" not in said
    assert sorted(folder.iterdir()) == before
    assert {(folder / name).read_text() for name in ("new.state", "new.vtkhdf")} == {"old"}


def test_a_start_that_cannot_be_ends_with_its_cause(folder):
    run("online", "bar.rom", "--case", "first", "--write-state", "half.state")
    said = run("online", "bar.rom", "--case", "whole", "--start", "half.state", code=2)
    assert "does not begin at the time of the state" in said and "0.5" in said
    assert "needs it" in run("online", "bar.rom", "--case", "second", "--start-time", "0.5", code=2)
    run("online", "bar.rom", "--case", "second", "--start", "half.state", "--write-state", "half.state", code=2)
    run("online", "bar.rom", "--case", "second", "-o", "x.vtkhdf", "--write-state", "x.vtkhdf", code=2)
    run("online", "bar.rom", "--case", "second", "--start", "study.toml", code=2)
    assert "displacement of the nodes" in run(
        "solve", "study.toml", "--case", "second", "-o", "x.vtkhdf", "--start", "half.state", code=2)
    assert not (folder / "x.vtkhdf").exists()
