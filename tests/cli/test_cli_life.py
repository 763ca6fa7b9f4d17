"""romlib life at the terminal: tables, JSON, CSV, picture, exit statuses, wrong options."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from bounded_bar import LIFE, write_rom
from terminal import as_json, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A ROM, and results within and outside of its training."""
    folder = tmp_path_factory.mktemp("life")
    write_rom(folder / "bar.rom")
    for case in ("pull", "weak"):
        run("online", folder / "bar.rom", "--case", case, "-o", folder / f"{case}.vtkhdf")
    (folder / "life.toml").write_text(LIFE)
    return folder


def test_a_run_within_its_training_has_a_table_and_status_0(folder, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")  # no heading is cut
    result = run("life", folder / "weak.vtkhdf", "--study", folder / "life.toml", "--spots", "3")
    for words in ("Hot spots, at integration points", "damage", "repetitions", "rainflow of signed_von_mises",
                  "What does damage at hot spot 1", "Bounds of the relative errors"):
        assert words in " ".join(result.stdout.split())
    assert "unchecked" not in result.stderr


def test_a_run_outside_its_training_says_so_and_has_status_1(folder):
    result = run("life", folder / "pull.vtkhdf", "--study", folder / "life.toml", code=1)
    assert "unchecked: pull is outside the training runs from time" in " ".join(result.stderr.split())
    assert "Hot spots" in result.stdout
    assert as_json("life", folder / "pull.vtkhdf", code=1)["unchecked"]


def test_json_csv_and_table_have_the_same_numbers(folder, tmp_path):
    arguments = ("life", folder / "weak.vtkhdf", "--study", folder / "life.toml", "--csv", tmp_path / "spots.csv")
    found = as_json(*arguments)
    rows = list(csv.DictReader((tmp_path / "spots.csv").open()))
    assert len(rows) == len(found["hot_spots"]) > 1
    for row, spot in zip(rows, found["hot_spots"]):
        assert float(row["stress_range (MPa)"]) == spot["stress_range"] and float(row["x (mm)"]) == spot["x"]
        assert float(row["damage"]) == spot["damage"] == pytest.approx(sum(c["damage"] for c in spot["counted"]))
    pandas = pytest.importorskip("pandas")
    np.testing.assert_allclose(pandas.read_csv(tmp_path / "spots.csv")["damage"],
                               [spot["damage"] for spot in found["hot_spots"]], rtol=1e-12)


def test_a_case_of_a_rom_is_solved_and_drawn(folder, tmp_path):
    found = as_json("life", folder / "bar.rom", "--case", "weak", "--plot", tmp_path / "life.png")
    written = as_json("life", folder / "weak.vtkhdf")
    assert [s["cell"] for s in found["hot_spots"]] == [s["cell"] for s in written["hot_spots"]]
    np.testing.assert_allclose([s["strain_range"] for s in found["hot_spots"]],
                               [s["strain_range"] for s in written["hot_spots"]], rtol=1e-6)
    image = matplotlib.image.imread(tmp_path / "life.png")
    assert image.ndim == 3 and (image[..., :3] < 0.8).any(axis=2).sum() > 2000  # something is drawn


def test_options_take_the_place_of_the_table(folder):
    by_period = as_json("life", folder / "weak.vtkhdf", "--counting", "period", "--study", folder / "life.toml")
    assert (by_period["counting"], by_period["measure"]) == ("period", "equivalent")
    component = as_json("life", folder / "weak.vtkhdf", "--measure", "xx", "--by", "stress_range", "--spots", "2")
    assert component["measure"] == "xx" and component["ranked_by"] == "stress_range"
    assert len(component["hot_spots"]) == 2


@pytest.mark.parametrize("options, words", [
    (("--measure", "equivalent"), "measure with a sign"), (("--counting", "rain"), "'rainflow' or 'period'"),
    (("--period", "-1"), "greater than 0"), (("--period", "77"), "does not fit the run"),
    (("--by", "stres_range"), "did you mean 'stress_range'?"), (("--case", "weak"), "has one run"),
    (("--selected-points",), "no selected points")])
def test_wrong_options_are_named(folder, options, words):
    assert words in " ".join(run("life", folder / "weak.vtkhdf", *options, code=2).stderr.split())


def test_outputs_never_replace_inputs_or_each_other(folder, tmp_path):
    before = (folder / "weak.vtkhdf").read_bytes()
    run("life", folder / "weak.vtkhdf", "--csv", folder / "weak.vtkhdf", code=2)
    run("life", folder / "weak.vtkhdf", "--csv", tmp_path / "x.png", "--plot", tmp_path / "x.png", code=2)
    run("life", folder / "weak.vtkhdf", "--csv", tmp_path / "x.csv", "--plot", tmp_path / "x.jpg", code=2)
    assert (folder / "weak.vtkhdf").read_bytes() == before and not list(tmp_path.iterdir())


def test_a_rom_without_case_names_those_it_has(folder):
    message = run("life", folder / "bar.rom", code=2).stderr
    assert "a case is needed" in message and "weak" in message


def test_json_is_json_where_a_life_has_no_end(folder):
    text = run("life", folder / "weak.vtkhdf", "--study", folder / "life.toml", "--json").stdout
    assert "Infinity" not in text and json.loads(text)["hot_spots"]


def test_a_rom_that_is_not_there_is_said_to_be_missing_and_not_to_be_a_result(folder):
    assert "there is no such file" in run("life", folder / "bat.rom", "--case", "weak", code=2).stderr
