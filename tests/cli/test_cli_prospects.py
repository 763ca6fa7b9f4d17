"""The command `clusters`: tables, JSON, a picture, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from travelling_dent import write_study
from typer.testing import CliRunner

from romlib.cli import app
from romlib.offline import online_cost

runner = CliRunner()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_study(tmp_path_factory.mktemp("row"))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online_cost, "_ENOUGH", 1e-4)


def run(*arguments: object, code: int = 0):
    result = runner.invoke(app, ["clusters", *map(str, arguments)])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


def test_the_tables_say_what_each_number_gains_and_what_is_recommended(folder, tmp_path):
    picture = tmp_path / "map.png"
    found = run(folder / "study.toml", "--range", "1,5", "--no-stress", "--tolerance", "1e-2", "--plot", picture)
    for words in ("none: global", "energy, geodesic", "speed-up", "5 clusters by energy, geodesic", "in the middle",
                  "Tolerance: as asked for", "Recommended: [clusters] number =", "the global basis needs"):
        assert words in found.stdout
    assert "held out" not in found.stdout and picture.read_bytes()[:4] == b"\x89PNG"


def test_json_has_clusters_medoids_and_curves(folder):
    found = json.loads(run(folder / "study.toml", "--range", "3,2", "--no-stress", "--json").stdout)
    assert found["recommended"] in (1, 2, 3) and found["picture"] is None and not found["tolerance_stated"]
    assert [row["number"] for row in found["local"][:2]] == [2, 3]
    first = found["local"][0]
    assert len(first["labels"]) == len(found["snapshots"]) == 80 and len(first["medoids"]) == 2
    assert len(first["curve"]) == len(found["global"]["curve"]) and found["cost"]["iteration"][0] >= 0.0


def test_numbers_and_tolerances_that_are_none_are_refused(folder):
    for option, value in (("--range", "2,x"), ("--range", "0,2"), ("--range", ""), ("--tolerance", "0"),
                          ("--tolerance", "2"), ("--tolerance", "nan")):
        said = run(folder / "study.toml", option, value, code=2)
        assert option in said.output and "expected" in said.output


def test_more_clusters_than_snapshots_are_left_out_and_named(folder):
    found = run(folder / "study.toml", "--range", "500", "--no-stress")
    assert "left out: 500 by energy, geodesic" in found.stdout and "number = 1" in found.stdout


def test_the_picture_does_not_replace_a_file_of_the_study(folder):
    said = run(folder / "study.toml", "--plot", folder / "there.vtkhdf", code=2)
    assert "there.vtkhdf" in said.output
