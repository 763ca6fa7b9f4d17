"""The command probe: values over time, of files and of ROMs, as tables, files and pictures."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from sheared_box import write_box
from terminal import as_json, run

import romlib


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("probes")
    write_box(folder, 2)
    romlib.load(folder / "box.rom").solve("box").write(folder / "box.vtkhdf")
    return folder


def table(path: Path) -> dict[str, np.ndarray]:
    with path.open() as lines:
        head, *rows = list(csv.reader(lines))
    return dict(zip(head, np.array(rows, dtype=float).T))


@pytest.mark.parametrize("file, case", [("box.vtkhdf", ()), ("box.rom", ("--case", "box"))])
def test_values_of_several_fields_and_places_are_written_and_drawn(folder, tmp_path, file, case):
    result = run("probe", folder / file, *case, "--field", "p", "--field", "stress.xx", "--point", "1.1,0.4,0.3",
                 "--node", "5", "--tag", "xmax", "--csv", tmp_path / "a.csv", "--plot", tmp_path / "a.png",
                 "--reaction", "stretch")
    found, solution = table(tmp_path / "a.csv"), romlib.load(folder / "box.rom").solve("box")
    np.testing.assert_allclose(found["time (s)"], solution.times)
    for name, unit in (("p", ""), ("stress.xx", " (MPa)")):
        for label, expected in (
                (f"{name} at point (1.1, 0.4, 0.3)", solution.probe(name, point=(1.1, 0.4, 0.3))),
                (f"{name} at node 5", solution.probe(name, node=5)),
                *((f"{word}_{name} at tag xmax", solution.probe(name, tag="xmax", reduce=kind)) for word, kind in (
                    ("largest", "max"), ("smallest", "min"), ("mean", "mean")))):
            np.testing.assert_allclose(found[label + unit], expected.values, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["reaction_of_stretch.x at stretch (N)"],
                               solution.reaction("stretch").values[:, 0], rtol=1e-9, atol=1e-9)
    assert (tmp_path / "a.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    said = " ".join(result.stdout.split())
    assert "a.csv" in said and "largest_p" in said and "of 'xmax'" in said
    assert "reaction of constraint 'stretch'" in said


def test_fields_may_be_separated_by_commas_and_a_place_is_said_as_people_read_it(folder):
    together = as_json("probe", folder / "box.vtkhdf", "--field", "p,stress.xx", "--point", "1.1,0.4,0.3")["probes"]
    apart = as_json("probe", folder / "box.vtkhdf", "--fields", "p", "--field", "stress.xx", "--point",
                    "1.1,0.4,0.3")["probes"]
    assert together == apart and len(together) == 2
    x, y, z = romlib.open(folder / "box.vtkhdf").probe("p", point=(1.1, 0.4, 0.3)).coordinates[0]
    assert together[0]["where"].endswith(f"({x:.6g}, {y:.6g}, {z:.6g})")


def test_few_values_are_shown_where_they_go_to_no_file(folder):
    said = run("probe", folder / "box.vtkhdf", "--field", "displacement.x", "--node", "5").stdout
    assert "Values over time" in said and "displacement.x (mm)" in said
    largest = run("probe", folder / "box.vtkhdf", "--field", "von_mises", "--tag", "all", "--reduce", "max").stdout
    assert "largest_von_mises (MPa)" in largest and "cell" in largest and "smallest_von" not in largest


def test_json_has_all_values_and_nothing_else_is_printed(folder):
    found = as_json("probe", folder / "box.rom", "--case", "box", "--field", "stress", "--node", "5")
    one = found["probes"][0]
    assert list(one["columns"]) == [f"stress.{name}" for name in ("xx", "yy", "zz", "xy", "yz", "xz")]
    expected = romlib.load(folder / "box.rom").solve("box").probe("stress", node=5)
    np.testing.assert_allclose(one["columns"]["stress.xy"], expected.plain_values[:, 3], rtol=1e-12, atol=1e-12)
    assert found["times"] == expected.times.tolist() and one["unit"] == "MPa" and found["case"] == "box"


def test_a_rom_alone_is_probed_at_its_points(folder, tmp_path):
    shutil.copy(folder / "box.rom", tmp_path / "box.rom")
    said = " ".join(run("probe", tmp_path / "box.rom", "--case", "box", "--field", "p", "--point",
                        "1,0.5,0.5").stdout.split())
    assert "the nearest of the" in said and "its fields file is not there" in said
    failed = run("probe", tmp_path / "box.rom", "--case", "box", "--field", "p", "--tag", "all", code=2).stderr
    assert "box.fields.rom" in failed and "--point" not in failed.split("expected")[0]


@pytest.mark.parametrize("arguments, said", [
    (("box.vtkhdf", "--field", "p"), "--point, --node or --tag"),
    (("box.vtkhdf", "--node", "5"), "--field"),
    (("box.vtkhdf",), "--reaction"),
    (("box.vtkhdf", "--field", "p", "--point", "1,2"), "three finite coordinates"),
    (("box.vtkhdf", "--field", "p", "--point", "1,2,x"), "X,Y,Z"),
    (("box.vtkhdf", "--field", "p", "--node", "5", "--reduce", "max"), "belongs to --tag"),
    (("box.vtkhdf", "--field", "p", "--tag", "all", "--reduce", "most"), "largest, smallest or mean"),
    (("box.vtkhdf", "--field", "p", "--tag", "xmaxx"), "did you mean 'xmax'"),
    (("box.vtkhdf", "--field", "q", "--node", "5"), "no such field"),
    (("box.vtkhdf", "--field", "p", "--node", "99999"), "no node 99999"),
    (("box.vtkhdf", "--case", "box", "--field", "p", "--node", "5"), "no ROM"),
    (("box.vtkhdf", "--reaction", "strech"), "did you mean 'stretch'"),
    (("box.rom", "--field", "p", "--node", "5"), "--case"),
    (("box.rom", "--case", "Box", "--field", "p", "--node", "5"), "did you mean 'box'"),
    (("box.fields.rom", "--field", "p", "--node", "5"), "fields file of a ROM"),
    (("box.vtkhdf", "--field", "p", "--node", "5", "--csv", "box.vtkhdf"), "box.vtkhdf"),
    (("box.vtkhdf", "--field", "p", "--node", "5", "--csv", "a", "--plot", "a"), "a"),
    (("box.vtkhdf", "--field", "p", "--node", "5", "--csv", "a.csv", "--plot", "a.jpg"), "ends in .png")])
def test_what_cannot_be_probed_is_refused_by_its_cause(folder, monkeypatch, arguments, said):
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    assert said in " ".join(run("probe", *arguments, code=2).stderr.replace("│", " ").split())
    assert sorted(folder.iterdir()) == before
