"""Decks that differ in the size of their load, by stock CalculiX: two train a model that predicts a third."""

from __future__ import annotations

import json

from romlib_converters.calculix import CalculixConverter
from test_calculix_ccx import FOOT, block, solved, step
from test_calculix_ccx import pytestmark as needs_ccx
from typer.testing import CliRunner

from romlib.cli import app

pytestmark = needs_ccx
PLASTIC = ("*MATERIAL,NAME=M\n*ELASTIC\n200000.,0.3\n*PLASTIC\n200.,0.\n600.,0.2\n*SOLID SECTION,ELSET=EALL,"
           "MATERIAL=M\n")
STUDY = """
[study]
name = "sizes"
[[training]]
name = "low"
snapshots = "low/job.vtkhdf"
[[training]]
name = "high"
snapshots = "high/job.vtkhdf"
[offline]
pod_tolerance = 1e-5
cubature_tolerance = 1e-5
dual_fields = ["stress", "p"]
"""


def run(*words):
    done = CliRunner().invoke(app, [str(word) for word in words], prog_name="romlib")
    assert done.exit_code == 0, done.output
    return done.stdout


def test_two_pressures_train_a_model_that_predicts_a_third(tmp_path, monkeypatch):
    """Loaded, unloaded, pushed the other way; material, constraints and loads are the decks' own."""
    monkeypatch.chdir(tmp_path)
    for name, size in (("low", 100.0), ("high", 140.0), ("middle", 120.0)):
        steps = [step(f"*DSLOAD\nSIDE,P,{value}\n", times="0.1,1.") for value in (size, 0.0, -0.8 * size)]
        text = block("C3D8") + "*SURFACE,NAME=SIDE\nEALL,S4\n" + PLASTIC + FOOT + "".join(steps)
        (tmp_path / name).mkdir()
        with solved(tmp_path / name, text) as snapshots:
            assert list(snapshots.model.amplitudes) == ["pressure_SIDE"]
    (tmp_path / "study.toml").write_text(STUDY)
    case = CalculixConverter().read_case(tmp_path / "middle" / "job.inp")
    assert case.amplitudes["pressure_SIDE"].value == (0.0, 120.0, 0.0, -96.0)
    run("convert", "calculix", "middle/job.inp", "--case", "-o", "middle.toml")
    run("offline", "study.toml", "-o", "model.rom")
    run("online", "model.rom", "--case-file", "middle.toml", "-o", "result.vtkhdf")
    report = run("compare", "result.vtkhdf", "middle/job.vtkhdf", "--study", "study.toml", "--json")
    fields = json.loads(report)["fields"]
    assert fields["displacement"]["relative_l2"] <= 1e-3
    assert fields["stress"]["relative_l2"] <= 1e-2 and fields["p"]["relative_l2"] <= 1e-2
