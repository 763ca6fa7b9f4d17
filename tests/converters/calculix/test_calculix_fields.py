"""CalculiX runs whose temperature fields are no multiples of each other: they train one ROM that solves a third."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import romlib
from romlib.cli import app
from romlib.report.compare import compare
from romlib.snapshots.reader import Snapshots
from romlib.study import read_case_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "study"))
from thermal_plate import ANGLES, BOUNDS, field, plate

ccx = pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)")
HEAD = """*MATERIAL,NAME=PLATE
*ELASTIC
70000.,0.2,20.
55000.,0.2,400.
*EXPANSION,ZERO=20.
2.3E-5
*PLASTIC
243.,0.,20.
468.,0.1,20.
120.,0.,400.
345.,0.1,400.
*SOLID SECTION,ELSET=EALL,MATERIAL=PLATE
*INITIAL CONDITIONS,TYPE=TEMPERATURE
NALL,20.
*BOUNDARY
SYMX,1
SYMY,2
SYMZ,3
TOP,2
"""


def deck(folder: Path, name: str, size: float = 1.0, angle: str = "") -> Path:
    """The plate with the spot of a name, or of this angle; its rise over 20 degrees times a size."""
    mesh = plate()
    lines = ["*NODE,NSET=NALL", *(f"{k + 1},{x!r},{y!r},{z!r}" for k, (x, y, z) in enumerate(mesh.points.tolist())),
             "*ELEMENT,TYPE=C3D8,ELSET=EALL",
             *(f"{k},{','.join(map(str, nodes + 1))}" for k, nodes in enumerate(mesh.blocks[0].connectivity, 1))]
    for tag, nodes in mesh.node_tags.items():
        lines += [f"*NSET,NSET={tag}", *(f"{n + 1}," for n in nodes)]
    text = "\n".join(lines) + "\n" + HEAD
    for values in 20.0 + size * (field(mesh.points, ANGLES[angle or name])[1:] - 20.0):
        text += "*STEP,INC=100\n*STATIC,DIRECT\n0.1,0.5\n*TEMPERATURE\n" + "".join(
            f"{k + 1},{value:.12f}\n" for k, value in enumerate(values))
        text += "*NODE OUTPUT,DOUBLE\nU,NT\n*END STEP\n"
    (folder / f"{name}.inp").write_text(text)
    return folder / f"{name}.inp"


def call(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three runs of ccx, and the ROM of two of them."""
    folder = tmp_path_factory.mktemp("plate")
    for name in ("one", "two", "three"):
        path = deck(folder, name)
        subprocess.run(["ccx", name], cwd=folder, check=True, capture_output=True, timeout=300)
        call("convert", "calculix", path, "-o", path.with_suffix(".vtkhdf"))
    (folder / "study.toml").write_text(
        '[study]\nname = "plate"\n[[training]]\nsnapshots = "one.vtkhdf"\n[[training]]\nsnapshots = "two.vtkhdf"\n'
        '[offline]\ndual_fields = ["stress", "p"]\npod_tolerance = 1e-4\ncubature_tolerance = 1e-4\n')
    call("offline", folder / "study.toml", "-o", folder / "plate.rom")
    return folder


@ccx
def test_two_runs_train_a_rom_that_solves_the_field_of_a_third_deck(folder):
    call("convert", "calculix", folder / "three.inp", "--case", "-o", folder / "three.toml")
    told = call("online", folder / "plate.rom", "--case-file", folder / "three.toml", "-o", folder / "r.vtkhdf")
    assert "are taken from three.temperature.vtkhdf" in told
    with Snapshots(folder / "r.vtkhdf") as one, Snapshots(folder / "three.vtkhdf") as other:
        found = {name: one.relative for name, one in compare(one, other, fields=list(BOUNDS)).fields.items()}
    assert all(found[name] < bound for name, bound in BOUNDS.items()), found


@ccx
def test_the_temperature_that_ccx_wrote_is_that_of_the_case(folder):
    call("convert", "calculix", folder / "three.inp", "--case", "-o", folder / "three.toml")
    rom, case = romlib.load(folder / "plate.rom"), read_case_file(folder / "three.toml")
    found = rom.solve(case, temperature=folder / "three.frd")
    expected = rom.solve(case).coordinates
    np.testing.assert_allclose(found.coordinates[2:], expected[2:], atol=2e-3 * np.abs(expected).max())
    assert any("is held before its first time 0.1" in note for note in found.notes)


@ccx
def test_a_deck_with_the_fields_of_a_run_in_another_size_is_known_by_its_amplitudes(folder):
    call("convert", "calculix", deck(folder, "half", 0.5, "one"), "--case", "-o", folder / "half.toml")
    told = call("online", folder / "plate.rom", "--case-file", folder / "half.toml")
    assert "are taken from" not in told and "extrapolates" not in told


def test_a_field_is_one_pattern_whose_amplitude_has_its_size(tmp_path):
    from romlib_converters.calculix import CalculixConverter

    one = CalculixConverter().read_deck(deck(tmp_path, "one"))
    half = CalculixConverter().read_deck(deck(tmp_path, "half", 0.5, "one"))
    spots = {f"temperature_{k}" for k in (1, 2, 3)}  # of other widths; the last step has none
    for model, mesh, size in ((one.model, one.mesh, 1.0), (half.model, half.mesh, 0.5)):
        assert set(model.loads) == {"temperature_uniform", *spots}
        assert set(model.amplitudes["temperature_uniform"].value) == {20.0}
        for name, rise in zip(sorted(spots), field(mesh.points, ANGLES["one"])[1:4].max(axis=1) - 20.0):
            assert mesh.node_arrays[name].max() == 1.0
            assert max(model.amplitudes[name].value) == pytest.approx(size * rise)
