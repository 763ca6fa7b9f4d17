"""Formats are listed with their readers, and files known by their content, those of other packages too."""

from __future__ import annotations

import json
import os
import sys

import h5py
import numpy as np
import pytest
from synthetic_formats import GOOD, install_package
from typer.testing import CliRunner

import romlib
from romlib.cli import app
from romlib.errors import FileFormatError, InputError
from romlib.snapshots import Snapshots
from romlib.snapshots.converter import find_converter
from romlib.snapshots.formats import installed_formats, missing_reader, recognised


@pytest.fixture
def install(tmp_path, monkeypatch):
    """See `synthetic_formats.install_package`."""
    def package(entry_points, code):
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "somebody_module", raising=False)
        install_package(tmp_path, entry_points, code)

    return package


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "job.mine"
    path.write_text("MINE 1\n")
    return path


def test_each_format_of_this_package_says_what_it_reads_and_with_what():
    found = {one.name: one for one in installed_formats()}
    assert {"calculix", "meshio", "zset"} <= set(found)
    for one in found.values():
        assert one.reads and one.suffixes and one.package.startswith("romlib-mechanics"), one
    assert found["meshio"].reader == "meshio" and found["zset"].reader == "" and found["zset"].ready


def test_a_missing_reader_is_named_with_the_line_that_installs_it(install):
    install("mine = somebody_module:Mine\n", GOOD + '    reader, extra = "json, no-such-reader", None\n')
    found = next(one for one in installed_formats() if one.name == "mine")
    assert not found.ready and found.state == "needs no-such-reader: pip install no-such-reader"
    converter = find_converter("mine")
    converter.extra = "mine"
    assert missing_reader(converter) == "needs no-such-reader: pip install 'romlib-mechanics[mine]'"


def test_a_converter_that_cannot_be_imported_is_listed_and_stops_no_other(install, mine):
    install("mine = somebody_module:Mine\nbroken = somebody_else:Broken\n", GOOD)
    found = {one.name: one.state for one in installed_formats()}
    assert "somebody_else" in found["broken"] and found["mine"] == "ready"
    assert recognised(mine).name == "mine"


def test_a_file_that_one_converter_knows_is_its_own(install, mine):
    install("mine = somebody_module:Mine\n", GOOD)
    assert recognised(mine).name == "mine" and recognised([mine, mine]).name == "mine"
    target = mine.with_suffix(".vtkhdf")
    assert romlib.convert(mine, target, units="m, N, Pa, s, K", options={"scale": 3.0}) == "mine"
    with Snapshots(target) as found:
        assert np.array_equal(found.read("displacement", 0)[0], 3.0 * found.mesh(0).points)
        assert str(found.model.units) == "m, N, Pa, s, K"


def test_a_file_that_nobody_knows_is_refused_with_all_that_were_asked(install, tmp_path):
    install(THREE, OTHER)
    path = tmp_path / "job.strange"
    path.write_bytes(b"\x7fELF")
    with pytest.raises(InputError, match="no installed converter") as caught:
        recognised(path)
    words = str(caught.value)
    assert all(part in words for part in ("job.strange", "calculix (.frd, .inp)", "mine (.mine)", "ELF", "--list",
                                          "angry (cannot tell: ValueError: what is this?)"))
    (tmp_path / "empty").touch()
    with pytest.raises(InputError, match="an empty file"):
        recognised(tmp_path / "empty")
    with pytest.raises(InputError, match="a folder with files"):
        recognised(tmp_path)
    (tmp_path / "job.frd").write_bytes(b"\x7fELF")  # of a suffix that one converter has
    with pytest.raises(InputError, match=r"name the format \(romlib convert calculix \.\.\.\)"):
        recognised(tmp_path / "job.frd")
    with pytest.raises(InputError, match="no such file or folder"):
        recognised(tmp_path / "absent")


@pytest.mark.parametrize("name", ["auto", "ansys", "nastran", "meshio"])
def test_an_empty_file_is_said_to_be_empty_whatever_its_format(tmp_path, name):
    (tmp_path / "job.rst").touch()
    with pytest.raises(FileFormatError, match="the file is empty"):
        romlib.convert(tmp_path / "job.rst", tmp_path / "job.vtkhdf", name)


@pytest.mark.parametrize(("name", "known"), [("job.part", "job.op2"), ("plot03", "plot"), ("other.part", "")])
def test_a_file_that_goes_with_a_known_one_leads_to_it(tmp_path, name, known):
    (tmp_path / name).write_bytes(b"\x7fELF")
    (tmp_path / (known or "job.op2")).write_bytes(np.array([4, 3, 4, 12, 1, 1, 2026, 12], "<i4").tobytes())
    with pytest.raises(InputError, match="no installed converter") as caught:
        recognised(tmp_path / name)
    assert (f"name {known}, which lies beside it" in str(caught.value)) is bool(known)


@pytest.mark.parametrize("name", ["a.rst", "a.inp", "a"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="this is a pipe"):
        recognised(tmp_path / name)
    with pytest.raises(InputError, match="folder"):  # what is in it is looked at
        recognised(tmp_path)


def test_an_hdf5_file_that_is_cut_short_is_said_to_be(tmp_path):
    with h5py.File(tmp_path / "job.rmed", "w") as file:
        file["values"] = np.zeros(1000)
    whole = (tmp_path / "job.rmed").read_bytes()
    (tmp_path / "job.rmed").write_bytes(whole[:len(whole) // 2])
    with pytest.raises(FileFormatError, match="damaged, or cut short") as caught:
        recognised(tmp_path / "job.rmed")
    assert "truncated" in caught.value.found


def test_a_mesh_without_results_is_called_a_mesh(tmp_path):
    meshio = pytest.importorskip("meshio")
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)
    square = meshio.Mesh(corners, [("quad", [[0, 1, 2, 3]])])
    square.write(tmp_path / "plate.msh", "gmsh22", binary=False)
    (tmp_path / "cube.geof").write_text(
        "***geometry\n**node\n4 3\n1 0 0 0\n2 1 0 0\n3 0 1 0\n4 0 0 1\n**element\n1\n1 c3d4 1 2 3 4\n***return\n")
    (tmp_path / "draft.geo").write_text("Point(1) = {0, 0, 0};\n")  # geometry of gmsh: no mesh yet
    for name in ("plate.msh", "cube.geof"):
        with pytest.raises(InputError, match="has a mesh, and no results") as caught:
            recognised(tmp_path / name)
        assert f"romlib init study {tmp_path / name}" in caught.value.remedy
    with pytest.raises(InputError, match="no installed converter"):
        recognised(tmp_path / "draft.geo")


OTHER = GOOD + """
class Other(Mine):
    name, suffixes = "other", (".other",)
    def can_read(self, path):
        return path.suffix == ".other"
class Angry(Mine):
    name = "angry"
    def can_read(self, path):
        raise ValueError("what is this?")
"""
THREE = "".join(f"{name.lower()} = somebody_module:{name}\n" for name in ("Mine", "Other", "Angry"))


def test_files_of_several_formats_are_named_with_what_each_is(install, mine, tmp_path):
    install(THREE, OTHER)
    strange, other = tmp_path / "a.strange", tmp_path / "b.other"
    strange.touch()
    other.touch()
    with pytest.raises(InputError, match="the files are not all of one format") as caught:
        recognised([strange, mine, other])
    assert caught.value.found == "a.strange (unknown), job.mine (mine), b.other (other)"
    assert caught.value.file == mine and "convert each by itself" in caught.value.remedy
    with pytest.raises(InputError, match="no installed converter"):
        recognised([strange, strange])


def test_a_folder_that_nobody_takes_is_refused_with_the_files_in_it_that_are_known(install, mine, tmp_path):
    install(THREE, OTHER)
    folder = tmp_path / "results"
    (folder / "more").mkdir(parents=True)
    (folder / "more" / "c.other").touch()
    with pytest.raises(InputError, match="the folder has no files") as caught:
        recognised(folder)
    assert caught.value.file == folder
    (folder / "a.strange").touch()
    with pytest.raises(InputError, match="no installed converter"):
        recognised(folder)
    (folder / "b.other").touch()
    (folder / "job.mine").write_bytes(mine.read_bytes())
    with pytest.raises(InputError, match="no converter takes this folder as one computation") as caught:
        recognised(folder)
    assert caught.value.found == "b.other (other), job.mine (mine)"
    assert caught.value.remedy == f"name a file: romlib convert other {folder / 'b.other'} ..."


def test_a_file_that_several_know_asks_for_a_name(install, mine):
    install("mine = somebody_module:Mine\nother = somebody_module:Other\n",
            GOOD + '\nclass Other(Mine):\n    name = "other"\n')
    with pytest.raises(InputError, match="may be of several formats") as caught:
        recognised(mine)
    assert caught.value.found == "mine, other" and "romlib convert mine" in caught.value.remedy


def run(*arguments, code=0):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.stdout if "--json" in arguments else done.output


def test_the_command_lists_formats_as_a_table_and_as_json(install):
    install("mine = somebody_module:Mine\n", GOOD + '    reader, extra = "no-such-reader", None\n')
    words = run("convert", "--list")
    assert "meshio" in words and "pip install" in words and "auto" in words
    rows = {row["name"]: row for row in json.loads(run("convert", "--list", "--json"))}
    assert not rows["mine"]["ready"]
    assert rows["zset"]["ready"] and rows["zset"]["suffixes"] == [".inp", ".ut", ".geof", ".geo"]


def test_the_command_recognises_a_file_and_says_as_what(install, mine):
    install("mine = somebody_module:Mine\n", GOOD)
    target = mine.with_suffix(".vtkhdf")
    assert "Recognised as mine" in run("convert", "auto", mine, "-o", target) and target.is_file()
    assert json.loads(run("convert", "auto", mine, "-o", target, "--json"))["format"] == "mine"


@pytest.mark.parametrize("arguments, missing", [
    ((), "FORMAT"), (("auto",), "SOURCE"), (("auto", "job.mine"), "--output")])
def test_the_command_says_what_is_missing(arguments, missing):
    words = run("convert", *arguments, code=2)
    assert f"Invalid value for {missing}" in words and "missing" in words
