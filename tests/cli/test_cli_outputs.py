"""No command writes over what it reads: not by the name, not through a link, and nothing is done before."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from pulled_bar import STUDY, write_bar
from typer.testing import CliRunner

import romlib
from romlib.cli import app
from romlib.errors import InputError

DECK = """*NODE, NSET=ALL
1, 0., 0., 0.
2, 1., 0., 0.
3, 0., 1., 0.
4, 0., 0., 1.
*ELEMENT, TYPE=C3D4, ELSET=E
1, 1, 2, 3, 4
*INCLUDE, INPUT=steel.inp
*SOLID SECTION, ELSET=E, MATERIAL=STEEL
*BOUNDARY
1, 1, 3
*STEP
*STATIC, DIRECT
0.5, 1.
*CLOAD
4, 3, 1.
*NODE FILE
U
*END STEP
"""
STEEL = "*MATERIAL, NAME=STEEL\n*ELASTIC\n200000., 0.3\n"
SERIES = """<?xml version="1.0"?><VTKFile type="Collection"><Collection>
<DataSet timestep="0" file="a0.vtu"/><DataSet timestep="1" file="a1.vtu"/></Collection></VTKFile>
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of everything."""
    meshio = pytest.importorskip("meshio")
    folder = tmp_path_factory.mktemp("made")
    write_bar(folder / "pull.vtkhdf")
    write_bar(folder / "other.vtkhdf", load=330.0)
    (folder / "table.csv").write_text("0, 0\n1, 300\n")
    (folder / "study.toml").write_text(STUDY.replace('"300*t"', '{ csv = "table.csv" }')
                                       + '[mesh]\nfile = "other.vtkhdf"\n')
    (folder / "case.toml").write_text(
        'times = { stop = 1.0, step = 0.5 }\namplitudes.traction = { csv = "table.csv" }\n')
    (folder / "job.inp").write_text(DECK)
    (folder / "steel.inp").write_text(STEEL)
    (folder / "job.frd").write_text("results")
    points = [[0.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]
    for k in range(2):
        mesh = meshio.Mesh(points, [("tetra", [[0, 1, 2, 3]])], point_data={"displacement": [[0.0, 0, 0.1 * k]] * 4})
        mesh.write(folder / f"a{k}.vtu")
    (folder / "a.pvd").write_text(SERIES)
    done = CliRunner().invoke(app, ["offline", str(folder / "study.toml"), "-o", str(folder / "bar.rom")])
    assert done.exit_code == 0, done.output
    return folder


COMMANDS = [
    *(("online bar.rom --case-file case.toml -o", name)
      for name in ("bar.rom", "bar.fields.rom", "case.toml", "table.csv")),
    *(("offline study.toml -o", name) for name in ("study.toml", "pull.vtkhdf", "table.csv", "other.vtkhdf")),
    *(("solve study.toml --case-file case.toml -o", name)
      for name in ("study.toml", "other.vtkhdf", "table.csv", "case.toml")),
    ("plot pull.vtkhdf --field displacement -o", "pull.vtkhdf"),
    *(("compare pull.vtkhdf other.vtkhdf --study study.toml --plot", name)
      for name in ("pull.vtkhdf", "other.vtkhdf", "study.toml", "table.csv")),
    *(("convert calculix job.inp -o", name) for name in ("job.inp", "job.frd")),
    *(("convert calculix job.inp --case -o", name) for name in ("job.inp", "steel.inp", "job.frd")),
    *(("convert meshio a.pvd -o", name) for name in ("a.pvd", "a0.vtu", "a1.vtu")),
    *(("external calculix job.inp --command true --result {stem}.frd -o", name) for name in ("job.inp", "job.frd")),
]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("by", ["name", "link", "hard link"])
@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_an_input_is_not_an_output(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, name: str, by: str
) -> None:
    if (name, by) == ("job.frd", "hard link") and "convert" in command:
        return  # it lies beside the deck, but these commands do not read it, and its other name keeps its content
    folder = shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(folder)
    output = name
    if by != "name":
        output = f"by_link{Path(name).suffix}"
        Path(output).symlink_to(name) if by == "link" else os.link(name, output)
    before = contents(folder)
    done = CliRunner().invoke(app, [*command.split(), output])
    text = done.stderr.replace("\n", "")
    assert done.exit_code == 2, done.output
    assert "would replace" in text and output in text and "Traceback" not in text
    if by == "name" or "file of the computation" not in text:
        assert text.count(name) >= 1
    assert contents(folder) == before


def test_the_fields_file_beside_a_rom_is_an_output_too(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "here")
    (folder / "x.fields.rom").symlink_to("pull.vtkhdf")
    before = contents(folder)
    done = CliRunner().invoke(app, ["offline", str(folder / "study.toml"), "-o", str(folder / "x.rom")])
    assert done.exit_code == 2 and "x.fields.rom" in done.stderr and "pull.vtkhdf" in done.stderr
    assert contents(folder) == before


@pytest.mark.parametrize("command", ["online bar.rom --case harder -o", "plot pull.vtkhdf --field displacement -o",
                                     "compare pull.vtkhdf other.vtkhdf --plot", "offline study.toml -o",
                                     "convert calculix job.inp --case -o", "solve study.toml --case harder -o"])
@pytest.mark.parametrize("output", ["/dev/null", ".", "no/x", "pipe"])
def test_only_files_are_written(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, output: str
) -> None:
    folder = shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(folder)
    if output == "pipe":
        os.mkfifo("pipe")
    done = CliRunner().invoke(app, [*command.split(), output])
    assert done.exit_code == 2 and "Traceback" not in done.stderr, done.output
    assert "output file" in done.stderr
    assert {path.name for path in folder.iterdir()} - {"pipe"} == {path.name for path in made.iterdir()}


def test_a_command_may_be_repeated_over_its_own_output(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "here")
    for _ in range(2):
        for words in (["convert", "calculix", folder / "job.inp", "--case", "-o", folder / "job.toml"],
                      ["convert", "meshio", folder / "a.pvd", "-o", folder / "a.vtkhdf"],
                      ["online", folder / "bar.rom", "--case", "pull", "-o", folder / "bar.vtkhdf"]):
            done = CliRunner().invoke(app, [str(word) for word in words])
            assert done.exit_code == 0, done.output


def test_a_solution_is_not_written_over_its_rom(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "here")
    before = contents(folder)
    solution = romlib.load(folder / "bar.rom").solve("pull")
    for name in ("bar.rom", "bar.fields.rom"):
        with pytest.raises(InputError, match=f"would replace an input[^$]*{name}"):
            solution.write(folder / name)
    assert contents(folder) == before


def test_the_room_that_an_output_needs_is_said(made: Path, tmp_path: Path) -> None:
    words = ["online", made / "bar.rom", "--case", "pull", "-o", tmp_path / "x.vtkhdf"]
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert re.search(r"disk: about .* of output; .* free", done.stderr)
