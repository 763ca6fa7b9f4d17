"""Commands on a ROM with several local bases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pulled_bar import STUDY, write_bar
from terminal import as_json, run

CLUSTERS = '\n[clusters]\nnumber = 2\ndissimilarity = "displacement"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clusters")
    write_bar(folder / "pull.vtkhdf", 2)
    (folder / "study.toml").write_text(STUDY + CLUSTERS)
    trained = run("offline", folder / "study.toml", "-o", folder / "bar.rom", "--json")
    (folder / "training.json").write_text(trained.stdout)
    return folder


def test_training_and_the_rom_tell_of_every_basis(folder: Path) -> None:
    rows = json.loads((folder / "training.json").read_text())["clusters"]
    assert [row["kind"] for row in rows] == ["local", "local", "global"]
    assert all(row["points"] >= 1 and row["modes"] >= 1 for row in rows) and rows[0]["run"] == "pull"
    told = as_json("info", folder / "bar.rom")
    assert told["switching"]["local_bases"] == 2 and told["switching"]["global_basis"] == 2
    assert [row["modes"] for row in told["clusters"]] == [row["modes"] for row in rows]
    text = run("info", folder / "bar.rom").stdout
    assert "2 local bases" in text and "global one to fall back on" in text and "in the middle" in text


def test_enriching_local_bases_is_refused_before_any_work(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    refused = run("enrich", folder / "study.toml", folder / "bar.rom", "--case", "harder", code=2).stderr
    assert "several local bases cannot be enriched" in refused and "[clusters]" in refused
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_choice_by_input_that_cannot_be_learnt_is_refused_before_the_check(folder: Path) -> None:
    (folder / "input.toml").write_text(STUDY + '\n[clusters]\nnumber = 2\nchoose = "input"\n')
    refused = run("offline", folder / "input.toml", "-o", folder / "input.rom", code=2).stderr
    assert "several training runs" in refused and "1 training run" in refused and "check of" not in refused


def test_prospects_are_told_whatever_number_of_clusters_the_study_has(folder: Path) -> None:
    (folder / "many.toml").write_text(STUDY + "\n[clusters]\nnumber = 99\n")
    assert "Recommended: [clusters] number = 1" in run("clusters", folder / "many.toml", "--range", "1,2").stdout
