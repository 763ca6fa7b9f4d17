"""CalculiX runs whose temperature fields are no multiples of each other: they train one ROM that solves a third."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import romlib
from romlib.cli import app
from romlib.mesh.box import box_mesh
from romlib.report.compare import compare
from romlib.snapshots.reader import Snapshots
from romlib.study import read_case_file

ccx = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")
HEAD = """*MATERIAL,NAME=STEEL
*ELASTIC
200000.,0.3,20.
160000.,0.3,600.
*EXPANSION,ZERO=20.
1.2E-5
*PLASTIC
250.,0.,20.
300.,0.01,20.
120.,0.,600.
170.,0.01,600.
*SOLID SECTION,ELSET=EALL,MATERIAL=STEEL
*INITIAL CONDITIONS,TYPE=TEMPERATURE
NALL,20.
*BOUNDARY
XMIN,1
XMAX,1
YMIN,2
ZMIN,3
"""
# Peak, place and width of the hot spot of the first step, and of the second one.
FIELDS = {"one": ((520.0, 2.3, 1.4), (200.0, 2.7, 1.4)), "two": ((440.0, 2.9, 1.8), (180.0, 3.3, 1.8)),
          "three": ((480.0, 2.6, 1.6), (190.0, 3.0, 1.6)), "half": ((260.0, 2.3, 1.4), (100.0, 2.7, 1.4))}


def deck(folder: Path, name: str) -> Path:
    """A bar between two walls; its hot spot grows and moves."""
    mesh = box_mesh("hex8", (12, 4, 2), (6.0, 2.0, 0.5))
    lines = ["*NODE,NSET=NALL", *(f"{k + 1},{x!r},{y!r},{z!r}" for k, (x, y, z) in enumerate(mesh.points.tolist())),
             "*ELEMENT,TYPE=C3D8,ELSET=EALL",
             *(f"{k},{','.join(map(str, nodes + 1))}" for k, nodes in enumerate(mesh.blocks[0].connectivity, 1))]
    for tag in ("xmin", "xmax", "ymin", "zmin"):
        lines += [f"*NSET,NSET={tag.upper()}", *(f"{n + 1}," for n in mesh.node_tags[tag])]
    text = "\n".join(lines) + "\n" + HEAD
    x, y = mesh.points[:, 0], mesh.points[:, 1]
    for peak, place, width in FIELDS[name]:
        field = 20.0 + peak * np.exp(-((x - place) ** 2 + 0.3 * y**2) / width**2)
        text += "*STEP,INC=100\n*STATIC,DIRECT\n0.1,1.\n*TEMPERATURE\n" + "".join(
            f"{k + 1},{value:.10f}\n" for k, value in enumerate(field))
        text += "*NODE FILE\nU,NT\n*END STEP\n"
    (folder / f"{name}.inp").write_text(text)
    return folder / f"{name}.inp"


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three runs of ccx, and the ROM of two of them."""
    folder = tmp_path_factory.mktemp("bar")
    for name in ("one", "two", "three"):
        path = deck(folder, name)
        subprocess.run(["ccx", name], cwd=folder, check=True, capture_output=True, timeout=300)
        call("convert", "calculix", path, "-o", path.with_suffix(".vtkhdf"))
    (folder / "study.toml").write_text(
        '[study]\nname = "bar"\n[[training]]\nsnapshots = "one.vtkhdf"\n[[training]]\nsnapshots = "two.vtkhdf"\n'
        '[offline]\ndual_fields = ["stress", "p"]\npod_tolerance = 1e-4\ncubature_tolerance = 1e-3\n')
    call("offline", folder / "study.toml", "-o", folder / "bar.rom")
    return folder


@ccx
def test_two_runs_train_a_rom_that_solves_the_field_of_a_third_deck(folder):
    call("convert", "calculix", folder / "three.inp", "--case", "-o", folder / "three.toml")
    told = call("online", folder / "bar.rom", "--case-file", folder / "three.toml", "-o", folder / "r.vtkhdf")
    assert "are taken from three.temperature.vtkhdf" in told
    with Snapshots(folder / "r.vtkhdf") as one, Snapshots(folder / "three.vtkhdf") as other:
        found = {name: one.relative for name, one in compare(one, other, fields=["displacement", "stress", "p"]
                                                             ).fields.items()}
    assert found["displacement"] < 0.03 and found["stress"] < 0.08 and found["p"] < 0.1, found


@ccx
def test_the_temperature_that_ccx_wrote_is_that_of_the_case(folder):
    call("convert", "calculix", folder / "three.inp", "--case", "-o", folder / "three.toml")
    rom, case = romlib.load(folder / "bar.rom"), read_case_file(folder / "three.toml")
    found = rom.solve(case, temperature=folder / "three.frd")
    expected = rom.solve(case).coordinates
    np.testing.assert_allclose(found.coordinates[2:], expected[2:], atol=2e-3 * np.abs(expected).max())
    assert any("is held before its first time 0.1" in note for note in found.notes)


@ccx
def test_a_deck_with_the_fields_of_a_run_in_another_size_is_known_by_its_amplitudes(folder):
    call("convert", "calculix", deck(folder, "half"), "--case", "-o", folder / "half.toml")
    told = call("online", folder / "bar.rom", "--case-file", folder / "half.toml")
    assert "are taken from" not in told and "extrapolates" not in told


def test_a_field_is_one_pattern_whose_amplitude_has_its_size(tmp_path):
    from romlib_converters.calculix import CalculixConverter

    models = {name: CalculixConverter().read_deck(deck(tmp_path, name)) for name in ("one", "half")}
    for name, scale in (("one", 1.0), ("half", 0.5)):
        model, mesh = models[name].model, models[name].mesh
        assert set(model.loads) == {"temperature_uniform", "temperature_1", "temperature_2"}
        assert model.amplitudes["temperature_uniform"].value == (20.0,) * len(
            model.amplitudes["temperature_uniform"].value)
        first, second = (mesh.node_arrays[f"temperature_{k}"] for k in (1, 2))
        assert first.max() == second.max() == 1.0
        assert model.amplitudes["temperature_1"].value == pytest.approx((0.0, scale * 520.0, 0.0), rel=0.03)
        assert max(model.amplitudes["temperature_2"].value) == pytest.approx(scale * 200.0, rel=0.03)
