"""Bounds of errors at the terminal: tables, JSON, tolerances and their exit statuses, pictures."""

from __future__ import annotations

from pathlib import Path

import pytest
from bounded_bar import INDICATOR, write_rom
from terminal import as_json, run


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A ROM with an indicator, one without, one that could not be calibrated; a result and a reference."""
    folder = tmp_path_factory.mktemp("bounds")
    write_rom(folder / "bar.rom")
    write_rom(folder / "old.rom", None)
    alone = {"factors": {}, "pairs": (), "source": "one run alone"}
    write_rom(folder / "alone.rom", INDICATOR.model_copy(update=alone))
    write_rom(folder / "stress.rom", INDICATOR.model_copy(update={"factors": {"stress": 0.3}}))
    run("online", folder / "bar.rom", "--case", "pull", "-o", folder / "result.vtkhdf")
    run("online", folder / "bar.rom", "--case", "weak", "-o", folder / "weak.vtkhdf")
    return folder


def test_online_prints_the_bounds_and_json_has_them_over_time(folder):
    summary = as_json("online", folder / "bar.rom", "--case", "pull")
    bounds = summary["error_bounds"]
    assert set(bounds["quantities"]) == {"displacement", "stress", "p"}
    assert len(bounds["quantities"]["p"]["bound"]) == len(summary["times"]) == len(bounds["temperature_is_new"])
    assert bounds["quantities"]["displacement"]["bound"][-1] is None  # that of p is above 20 %
    assert list(bounds["outside_training"]) == ["pull"] and summary["tolerances"] == {} and summary["passed"] == []
    table = run("online", folder / "bar.rom", "--case", "pull").stdout
    assert "Bounds of the relative errors" in table and "withheld from time" in table and "limit load" in table


def test_a_bound_above_the_tolerance_exits_with_1_and_names_quantity_time_and_cause(folder, tmp_path):
    result = run("online", folder / "bar.rom", "--case", "pull", "--tolerance", "0.1", "-o", tmp_path / "x.vtkhdf",
                 code=1)
    said = " ".join(result.stderr.split())
    assert "the bound of the error of p is" in said and "above the tolerance 0.1" in said
    assert "outside the training runs: pull (from time" in said
    assert "the error of displacement has no bound from time" in said
    assert "Bounds of the relative errors" in result.stdout and (tmp_path / "x.vtkhdf").is_file()
    passed = as_json("online", folder / "bar.rom", "--case", "pull", "--tolerance", "0.1", code=1)["passed"]
    assert {one["quantity"] for one in passed} == {"displacement", "p"}


def test_the_cause_may_be_neither_temperature_nor_load(folder):
    result = run("online", folder / "bar.rom", "--case", "weak", "--tolerance", "1e-9", code=1)
    assert "neither is the temperature field new, nor a load outside" in result.stderr
    within = run("online", folder / "bar.rom", "--case", "weak", "--tolerance", "0.5")
    assert "error:" not in within.stderr


def test_a_tolerance_by_quantity_goes_before_that_of_all(folder):
    arguments = ("online", folder / "bar.rom", "--case", "weak", "--tolerance")
    passed = as_json(*arguments, "0.5", "--tolerance", "stress=1e-6", code=1)
    assert [one["quantity"] for one in passed["passed"]] == ["stress"]
    assert passed["tolerances"] == {"displacement": 0.5, "stress": 1e-6, "p": 0.5}
    assert as_json(*arguments, "p=0.5")["tolerances"] == {"p": 0.5}


@pytest.mark.parametrize(("rom", "words"), [
    ("old.rom", "no error indicator"), ("alone.rom", "one run alone"), ("stress.rom", "error of displacement")])
def test_a_rom_without_bounds_refuses_a_tolerance_and_says_what_to_do(folder, rom, words):
    result = run("online", folder / rom, "--case", "weak", "--tolerance", "0.1", code=2)
    assert words in result.stderr and "train" in result.stderr
    run("online", folder / "stress.rom", "--case", "weak", "--tolerance", "stress=0.5")


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "p=", "p=x", "=0.1=", "q=0.1"])
def test_a_tolerance_that_is_none_is_refused(folder, value):
    run("online", folder / "bar.rom", "--case", "weak", "--tolerance", value, code=2)
    twice = run("online", folder / "bar.rom", "--case", "weak", "--tolerance", "1", "--tolerance", "2", code=2)
    assert "two numbers of all" in twice.stderr


def test_a_rom_without_bounds_says_so_in_each_run(folder):
    assert "no bound: this ROM has no error indicator" in run("online", folder / "old.rom", "--case", "weak").stdout


def test_compare_prints_the_bound_beside_the_error(folder):
    errors = as_json("compare", folder / "weak.vtkhdf", folder / "result.vtkhdf")["fields"]
    bound = errors["stress"]["error_bound"]
    assert bound["above_bound_from"] == pytest.approx(0.1)  # it is another case: no bound holds
    assert len(bound["bound"]) == len(bound["error_so_far"]) == 21
    same = run("compare", folder / "result.vtkhdf", folder / "result.vtkhdf").stdout
    assert "never" in same and "A says: the bound of the displacement is withheld" in same
    assert "from time 0.1" in run("compare", folder / "weak.vtkhdf", folder / "result.vtkhdf").stdout


def test_errors_are_drawn_with_and_without_a_reference(folder, tmp_path):
    pytest.importorskip("matplotlib")
    drawn = as_json("plot", folder / "result.vtkhdf", "--errors", "-o", tmp_path / "a.png")
    assert set(drawn["quantities"]) == {"displacement", "stress", "p"} and drawn["against"] is None
    run("plot", folder / "result.vtkhdf", "--errors", "--against", folder / "weak.vtkhdf", "-o", tmp_path / "b.png")
    assert (tmp_path / "b.png").stat().st_size > (tmp_path / "a.png").stat().st_size > 10_000


def test_a_picture_is_of_a_field_or_of_errors(folder, tmp_path):
    for wrong in ((), ("--field", "p", "--errors"), ("--errors", folder / "weak.vtkhdf")):
        run("plot", folder / "result.vtkhdf", "-o", tmp_path / "a.png", *wrong, code=2)
    run("online", folder / "old.rom", "--case", "weak", "-o", tmp_path / "old.vtkhdf")
    refused = run("plot", tmp_path / "old.vtkhdf", "--errors", "-o", tmp_path / "a.png", code=2)
    assert "no error indicator" in refused.stderr


def test_info_shows_the_calibration_of_a_rom_and_the_bounds_of_a_result(folder):
    rows = {row["quantity"]: row for row in as_json("info", folder / "bar.rom")["calibration"]["quantities"]}
    assert rows["stress"]["factor"] == 0.3 and rows["p"]["pairs"] == 2
    assert rows["stress"]["ratio_max"] == pytest.approx(0.1 / (0.1 + 2e-4))
    assert rows["p"]["ratio_median"] == pytest.approx(0.2 / (0.05 + 2e-3))
    assert "Calibration of the error bounds" in run("info", folder / "bar.rom").stdout
    assert "one run alone" in run("info", folder / "alone.rom").stdout
    assert as_json("info", folder / "result.vtkhdf")["error_bounds"]["quantities"]["p"]["largest"] > 0.2
    assert "Bounds of the relative errors" in run("info", folder / "result.vtkhdf").stdout
