"""The report of a ROM that was trained: its check and its errors are those that offline measured."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest
from pulled_bar import STUDY, write_bar

import romlib
from romlib.archive.romfile import read_rom


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    write_bar(folder / "pull.vtkhdf", 2)
    (folder / "study.toml").write_text(STUDY + LIFE)
    with romlib.train(folder / "study.toml") as trained:
        trained.write(folder / "bar.rom")
    return folder


LIFE = """
[life.materials.bar]
kind = "coffin_manson"
fatigue_ductility_coefficient = 0.4
fatigue_ductility_exponent = -0.6
"""


def cells(page: str) -> list[list[str]]:
    """The rows of all tables, as text."""
    return [[unescape(re.sub("<[^>]*>", "", cell)) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)]
            for row in re.findall(r"<tr>(.*?)</tr>", page)]


def test_a_rom_keeps_the_check_of_its_training_runs(folder):
    checks = read_rom(folder / "bar.rom").manifest.checks
    report = romlib.check(folder / "pull.vtkhdf", folder / "study.toml")
    assert list(checks) == ["pull"] and checks["pull"]["verdict"] == report.verdict
    stored = {item["name"]: (item["status"], item["value"], item["tolerance"]) for item in checks["pull"]["items"]}
    assert stored == {item.name: (item.status, item.value, item.tolerance) for item in report.items}


def test_without_the_check_a_rom_says_nothing_of_it(folder):
    with romlib.train(folder / "study.toml", skip_check=True) as trained:
        trained.write(folder / "unchecked.rom")
    assert read_rom(folder / "unchecked.rom").manifest.checks == {}
    assert "does not say how its training runs were checked" in romlib.report(
        folder / "unchecked.rom", folder / "unchecked.html").read_text()


def test_the_page_has_the_check_the_errors_and_the_life_of_the_study(folder):
    page = romlib.report(folder / "bar.rom", folder / "bar.html").read_text(encoding="utf-8")
    rows, manifest = cells(page), read_rom(folder / "bar.rom").manifest
    assert any(row[:2] == ["equilibrium", "pass"] for row in rows)
    for name, value in manifest.errors.items():
        if not name.startswith(("left out", "validation")):
            assert [name, f"{value:.4g}"] in rows
    said = unescape(re.sub("<[^>]*>", " ", page))
    assert "No run was held out" in said  # there is one training run
    assert "pull: reproduced" in said and "Hot spots by damage" in said
    assert ">Case harder</h2>" in page and ">Case pull</h2>" not in page  # the training run is not the one to look at


def test_a_run_that_only_judges_is_not_said_to_have_trained(folder):
    write_bar(folder / "held.vtkhdf", 1, load=310.0)
    study = folder / "judged.toml"
    study.write_text(STUDY + '[[validation]]\nsnapshots = "held.vtkhdf"\namplitudes.traction = "310*t"\n')
    with romlib.train(study) as trained:
        trained.write(folder / "judged.rom")
    rows = cells(romlib.report(folder / "judged.rom", folder / "judged.html").read_text(encoding="utf-8"))
    assert [row[:2] for row in rows if row[0] in ("pull.vtkhdf", "held.vtkhdf")] == [
        ["pull.vtkhdf", "training"], ["held.vtkhdf", "validation only"]]


def test_the_fatigue_curves_of_its_study_go_with_a_rom(folder):
    """A snapshots file has none: they are those of the study that is given."""
    found = romlib.life(folder / "bar.rom", case="harder")
    assert found.by == "damage" and found.table.materials["bar"].kind == "coffin_manson"
    assert romlib.life(folder / "pull.vtkhdf").by == "strain_range"


def test_a_fatigue_curve_that_cannot_be_used_is_a_sentence_on_the_page(folder, tmp_path):
    (tmp_path / "life.toml").write_text('[study]\nname = "x"\n' + LIFE.replace("materials.bar", "materials.rod"))
    page = romlib.report(folder / "pull.vtkhdf", tmp_path / "page.html", study=tmp_path / "life.toml").read_text()
    assert "The life was not found: there is no such material" in page and "</html>" in page
