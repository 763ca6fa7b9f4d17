"""Functions of Python return what the commands print."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from pulled_bar import STUDY, write_bar
from terminal import as_json

import romlib
from romlib.errors import InputError, StudyError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The bar: a training file, a ROM, and the file of another load as a reference."""
    folder = tmp_path_factory.mktemp("bar")
    (folder / "study.toml").write_text(STUDY)
    write_bar(folder / "pull.vtkhdf", 2)
    write_bar(folder / "harder.vtkhdf", 1, load=330.0)
    with romlib.train(folder / "study.toml", output=folder / "bar.rom") as trained:
        trained.write()
    return folder


def test_a_check_says_what_the_command_says(folder):
    report = romlib.check(folder / "pull.vtkhdf", folder / "study.toml")
    assert report.passed
    printed = as_json("check", folder / "pull.vtkhdf", "--study", folder / "study.toml")
    assert {k: v for k, v in report.to_dict().items() if "time" not in k} == {
        k: v for k, v in printed.items() if "time" not in k}
    alone = romlib.check(folder / "pull.vtkhdf")  # without materials there is too little to compare
    assert not alone.passed


def test_a_solution_is_compared_without_being_written(folder, tmp_path):
    rom = romlib.load(folder / "bar.rom")
    solution = rom.solve("harder")
    solution.write(tmp_path / "result.vtkhdf")
    found = romlib.compare(solution, folder / "harder.vtkhdf")
    written = romlib.compare(tmp_path / "result.vtkhdf", folder / "harder.vtkhdf")
    with romlib.open(tmp_path / "result.vtkhdf") as results, romlib.open(folder / "harder.vtkhdf") as reference:
        opened = romlib.compare(results, reference)
    assert set(found.fields) == set(written.fields) == set(opened.fields) == {"displacement"}
    for other in (written, opened):
        np.testing.assert_allclose(found.fields["displacement"].over_time, other.fields["displacement"].over_time,
                                   rtol=1e-6, atol=1e-12)
    assert 0.0 < found.fields["displacement"].relative < 0.05
    printed = as_json("compare", tmp_path / "result.vtkhdf", folder / "harder.vtkhdf")
    assert written.to_dict() == printed
    named = romlib.compare(solution, folder / "harder.vtkhdf", fields=["displacement"])
    assert named.fields["displacement"].relative == found.fields["displacement"].relative


def test_a_study_replays_what_the_reference_does_not_store(folder):
    study = folder / "study.toml"
    found = romlib.compare(romlib.load(folder / "bar.rom").solve("pull"), folder / "pull.vtkhdf", study)
    assert set(found.fields) == {"displacement", "stress", "p"} and found.fields["stress"].replayed
    assert found.fields["stress"].relative < 0.01


def test_what_cannot_be_compared_or_solved_is_refused(folder, tmp_path):
    rom = romlib.load(folder / "bar.rom")
    with pytest.raises(InputError, match="compared with a file"):
        romlib.compare(folder / "pull.vtkhdf", rom.solve("pull"))
    with pytest.raises(InputError, match="temperature"):
        romlib.compare(rom.solve("pull"), folder / "pull.vtkhdf", fields=["temperature"])
    with pytest.raises(StudyError, match=r"no case of this name[\s\S]*did you mean 'harder'"):
        romlib.solve(folder / "study.toml", "hardr", tmp_path / "x.vtkhdf")
    with pytest.raises(InputError, match=r"study\.toml"):
        romlib.solve(folder / "study.toml", "harder", folder / "study.toml")
    assert not list(tmp_path.iterdir())


def test_a_rom_says_what_it_is_by_names_that_one_expects(folder):
    rom = romlib.load(folder / "bar.rom")
    assert set(rom.cases) == {"pull", "harder"} and set(rom.loads) == {"traction"} and str(rom.units) == (
        "mm, N, MPa, s, degC")
    assert set(rom.fields) == {"displacement", "stress", "p", "strain", "von_mises"} == set(rom.solve("pull").fields)
    assert rom.fields["stress"].tensor and rom.fields["displacement"].place == "node"
    assert rom.manifest.inputs.keys() == {"pull.vtkhdf"} and rom.errors["online displacement"] < 0.01
    np.testing.assert_array_equal(rom.mesh.node_ids, rom.solve("pull").mesh.node_ids)
    assert rom.mesh is rom.solve("harder").mesh  # one for all solutions
    assert not hasattr(rom, "rom")


def test_a_room_and_a_function_may_have_one_name():
    """Python binds the room when it is imported first, or at last."""
    for before in ("", "import romlib.check, romlib.check.options; ", "from romlib.check import CheckOptions; "):
        script = (f"{before}import inspect, romlib\n"
                  "try: romlib.check('nothing.vtkhdf')\n"
                  "except romlib.RomlibError as error: assert 'nothing.vtkhdf' in str(error)\n"
                  "assert 'study' in inspect.signature(romlib.check).parameters\n"
                  "import romlib.check; from romlib.check import CheckOptions\n"
                  "assert romlib.check.CheckOptions is CheckOptions and callable(romlib.check)\n")
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_every_public_name_is_found_and_documented():
    for name in romlib.__all__:
        found = getattr(romlib, name)
        assert name == "__version__" or found.__doc__
    assert set(dir(romlib)) >= {"open", "train", "check", "compare", "solve", "certify", "load", "plot"}
