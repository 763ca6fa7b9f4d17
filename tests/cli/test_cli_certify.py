"""The command `certify`, on a bar whose solution is known: in equilibrium under its load, and not under another."""

from __future__ import annotations

import json

import pytest
from pulled_bar import STUDY, TIMES, write_bar
from typer.testing import CliRunner

from romlib.cli import app
from romlib.snapshots.reader import Snapshots

pytest.importorskip("petsc4py")
runner = CliRunner()


def run(*arguments: object, code: int = 0):
    result = runner.invoke(app, ["certify", *map(str, arguments)])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


@pytest.fixture
def folder(tmp_path):
    """The bar under 300 MPa, the study that says so, and one that says 310 MPa."""
    write_bar(tmp_path / "pull.vtkhdf", 2)
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "other.toml").write_text(STUDY.replace('"300*t"', '"310*t"'))
    return tmp_path


def test_a_solution_is_within_any_tolerance_and_the_table_says_what_was_done(folder):
    found = run(folder / "pull.vtkhdf", "--study", folder / "study.toml", "--tolerance", "1e-8")
    for words in ("Certificate of", "displacement", "stress", "Largest residual", "peak memory", "MUMPS"):
        assert words in found.stdout
    assert "note" not in found.stdout


def test_beyond_a_tolerance_the_status_is_1_and_the_quantity_and_the_time_are_named(folder):
    """10 MPa are missing, and the whole bar yields at 243 MPa: there are no bounds from there on."""
    arguments = [folder / "pull.vtkhdf", "--study", folder / "other.toml", "--tolerance", "0.2"]
    found = run(*arguments, "--json", code=1)
    data = json.loads(found.stdout)
    assert len(data["beyond"]) == 2 and all(line in found.stderr for line in data["beyond"])
    assert "displacement is withheld at t = 0.9" in data["beyond"][0]
    assert data["estimates"]["displacement"]["bound"] is None and data["flow"][-1] > 1.0
    assert data["residual"]["relative"][-1] > 0.01 and len(data["residual"]["cells"][-1]) >= 1
    sooner = json.loads(run(*arguments[:4], "0.01", "--json", code=1).stdout)["beyond"]
    assert sooner[0] == "the bound of the error of displacement is 0.0159 at t = 0.8, withheld at the end"
    table = run(*arguments, code=1).stdout
    assert "withheld" in table and "limit load" in table
    run(*arguments[:3])  # without a tolerance it is for the reader to judge


def test_the_fields_are_written(folder):
    run(folder / "pull.vtkhdf", "--study", folder / "other.toml", "-o", folder / "errors.vtkhdf")
    with Snapshots(folder / "errors.vtkhdf") as file:
        assert {"residual", "displacement_error", "stress_error"} < set(file.fields)
        assert file.n_piece == 2 and file.n_step == len(TIMES)


def test_a_file_without_materials_is_refused_with_the_way_out(folder):
    found = run(folder / "pull.vtkhdf", code=2)
    assert "no materials" in found.stderr and "--study" in found.stderr
    assert run(folder / "pull.vtkhdf", "--study", folder / "study.toml", "-o", folder / "pull.vtkhdf",
               code=2).stderr.count("replace an input") == 1
