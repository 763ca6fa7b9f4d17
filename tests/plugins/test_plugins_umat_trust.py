"""What a file may make of a UMAT: the library that it was made with, recognised before anything is called."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from romlib_plugins.umat import UmatLaw
from typer.testing import CliRunner
from umat_bar import MESH, steel
from umat_example import J2EVP, compiled

from romlib.archive.romfile import read_rom, write_rom
from romlib.cli import app
from romlib.errors import LawError
from romlib.laws.guarded import guarded_materials
from romlib.laws.registry import build_law
from romlib.model import Material, Model
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

# A UMAT, a function beside it that leaves a trace, and a constructor that leaves one when the library is loaded.
BESIDE = """#include <stdio.h>
#include <stdlib.h>
static void trace(const char *name) {
    const char *folder = getenv("TRACES"); char path[4096];
    if (folder) { snprintf(path, sizeof path, "%s/%s", folder, name); fclose(fopen(path, "w")); } }
void beside_(void) { trace("called"); }
__attribute__((constructor)) static void loaded(void) { trace("loaded"); }
"""
BODY = "ELASTIC; beside_();"


def run(*arguments: object, code: int = 0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


@pytest.fixture
def traces(tmp_path, monkeypatch):
    """A folder in which the library leaves what was done with it; the library is on the user's path."""
    (tmp_path / "traces").mkdir()
    (tmp_path / "mine").mkdir()
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(tmp_path / "mine"))
    return tmp_path / "traces"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, dict]:
    """A library with its parameters in a file."""
    path = compiled(tmp_path_factory.mktemp("made"), BODY, name="libMINE.so", before=BESIDE)
    return path, UmatLaw.from_parameters({"library": str(path), "guarded": True}).portable_parameters()


@pytest.fixture
def library(made, traces, monkeypatch) -> tuple[Path, dict]:
    """The same on the user's path, where no process has loaded it yet."""
    shutil.copy(made[0], traces.parent / "mine")
    monkeypatch.setenv("TRACES", str(traces))
    return made


def snapshots(path: Path, parameters: dict) -> Path:
    """A file whose only material has these parameters."""
    model = Model(materials={"steel": Material(law="umat", parameters=parameters)})
    with SnapshotsWriter(path, [MESH], model, [0.0, 1.0], {"displacement": FieldSpec("node", 3)}) as writer:
        for step in range(2):
            writer.write("displacement", step, 0, 1e-4 * step * MESH.points)
    return path


def replay_of(checked) -> str:
    """What a check says of the law."""
    return next(item["status"] for item in json.loads(checked.stdout)["items"] if item["name"] == "replay")


def material_of(path: Path) -> Material:
    with Snapshots(path) as file:
        return file.model.materials["steel"]


def test_a_file_with_hash_and_proof_is_used_and_checked(library, traces, tmp_path):
    path = snapshots(tmp_path / "x.vtkhdf", library[1])
    assert build_law(material_of(path)).name == "umat"
    assert {entry.name for entry in traces.iterdir()} == {"loaded", "called"}
    assert replay_of(run("check", path, "--json", code=1)) == "pass"  # no load holds this displacement


@pytest.mark.parametrize("lacking", [("sha256",), ("proof",), ("sha256", "proof")])
def test_without_hash_or_proof_nothing_is_loaded(library, traces, tmp_path, lacking):
    path = snapshots(tmp_path / "x.vtkhdf", {k: v for k, v in library[1].items() if k not in lacking})
    with pytest.raises(LawError, match="without what romlib recognises it by") as error:
        build_law(material_of(path))
    assert all(word in str(error.value) for word in (*lacking, "x.vtkhdf", "study of your own"))
    for options in ((), ("--no-guard",)):
        assert "study of your own" in run("check", path, *options, "--json", code=1).stdout
    assert not list(traces.iterdir())


@pytest.mark.parametrize(("changed", "path_is_set", "words"), [
    ({"sha256": None}, True, "without what romlib recognises it by"), ({"sha256": "0" * 64}, True, "another library"),
    ({}, False, "on no search path")])
def test_a_law_that_was_not_called_leaves_the_check_undecided(
        library, traces, tmp_path, monkeypatch, changed, path_is_set, words):
    """Nothing disagrees, so nothing says that romlib does not reproduce the computation; and the reason stands once."""
    if not path_is_set:
        monkeypatch.delenv("ROMLIB_LIBRARY_PATH")
        monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    path = snapshots(tmp_path / "x.vtkhdf", {**library[1], **changed})
    found = json.loads(run("check", path, "--json", code=1).stdout)
    assert found["verdict"] == "undecided" and not [i for i in found["items"] if i["status"] == "fail"]
    assert words in found["undecided"][0] and "no law was called" in found["undecided"][0]
    text = " ".join(run("check", path, code=1).stdout.split())
    assert "The check is undecided" in text and text.count(" to do: ") == 1


def test_info_shows_what_a_study_has_to_state_of_a_material(library, tmp_path):
    """The remedy for a file whose library is not recognised: everything but the histories, which are the file's own."""
    path = snapshots(tmp_path / "x.vtkhdf", {**library[1], "props": [1.5, 2.5], "depvar": 7})
    text = run("info", path).stdout
    for words in ('library = "libMINE.so"', "props = [1.5, 2.5]", "depvar = 7", 'cells = "all"'):
        assert words in text
    assert "proof" not in text
    stated = json.loads(run("info", path, "--json").stdout)["model"]["parameters"]["steel"]
    assert stated["parameters"]["props"] == [1.5, 2.5] and "proof" not in stated["parameters"]


def test_another_hash_is_seen_before_the_library_is_loaded(library, traces, tmp_path):
    path = snapshots(tmp_path / "x.vtkhdf", {**library[1], "sha256": "0" * 64})
    with pytest.raises(LawError, match="another library"):
        build_law(material_of(path))
    run("check", path, code=1)
    assert not list(traces.iterdir())


@pytest.mark.parametrize("symbol", ["posix_spawn", "loaded"])
def test_a_function_that_is_not_the_librarys_is_never_called(library, traces, tmp_path, symbol):
    """The attack: PROPS and initial state are the arguments, libc has the function."""
    path = snapshots(tmp_path / "x.vtkhdf", {**library[1], "symbol": symbol, "depvar": 2,
                                             "initial_state": [1.0, 2.0]})
    with pytest.raises(LawError, match=f"has no function '{symbol}' of its own"):
        build_law(material_of(path))
    for options in ((), ("--no-guard",)):
        run("check", path, *options, code=1)
    assert not (traces / "called").exists()


def test_a_proof_that_does_not_fit_is_refused(library, tmp_path):
    proof = library[1]["proof"]
    wrong = [{**proof[0], "stress": (2.0 * np.array(proof[0]["stress"])).tolist()}]
    with pytest.raises(LawError, match="computes other stresses"):
        build_law(material_of(snapshots(tmp_path / "x.vtkhdf", {**library[1], "proof": wrong})))


def test_a_file_cannot_say_that_its_code_is_called_without_guard(library, tmp_path):
    stated = material_of(snapshots(tmp_path / "x.vtkhdf", {**library[1], "guarded": False}))
    assert guarded_materials({"steel": stated})["steel"].parameters["guarded"] is True


def test_the_rom_is_held_to_the_same(trained, tmp_path, monkeypatch):
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(trained / "lib"))
    rom = read_rom(trained / "bar.rom")
    run("online", trained / "bar.rom", "--case", "bar", "-o", tmp_path / "x.vtkhdf")
    for changed, words in (({"symbol": "posix_spawn"}, "no function 'posix_spawn'"), ({"proof": []}, "recognises it"),
                           ({"sha256": None}, "recognises it"), ({"library": "libc.so.6"}, "on no search path")):
        parameters = {**rom.model.materials["steel"].parameters, **changed}
        steel_ = Material(law="umat", parameters=parameters)
        write_rom(tmp_path / "x.rom", replace(rom, model=rom.model.model_copy(update={"materials": {"steel": steel_}})))
        assert words in run("online", tmp_path / "x.rom", "--case", "bar", "-o", tmp_path / "y.vtkhdf", code=2).stderr
        assert not (tmp_path / "y.vtkhdf").exists()


def test_the_loaders_path_finds_nothing_for_a_file(trained, tmp_path, monkeypatch):
    monkeypatch.delenv("ROMLIB_LIBRARY_PATH", raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", str(trained / "lib"))
    result = run("online", trained / "bar.rom", "--case", "bar", "-o", tmp_path / "x.vtkhdf", code=2)
    assert "on no search path" in result.stderr and "LD_LIBRARY_PATH" not in result.stderr


def test_a_study_puts_its_own_material_over_that_of_a_file(library, tmp_path):
    """Then what the file states is not used, and need not be recognised."""
    path = snapshots(tmp_path / "x.vtkhdf", {"library": "libMINE.so"})
    study = tmp_path / "study.toml"
    study.write_text('[study]\nname = "x"\n[materials.steel]\nlaw = "umat"\n[materials.steel.parameters]\n'
                     f'library = "{library[0]}"\n')
    assert replay_of(run("check", path, "--study", study, "--json", code=1)) == "pass"


def test_whose_material_it_is_survives_copies_and_pickling_and_is_no_part_of_it(tmp_path):
    own = steel("libJ2EVP.so")
    theirs = material_of(snapshots(tmp_path / "x.vtkhdf", own.parameters))
    assert own.file is None and theirs.file == str(tmp_path / "x.vtkhdf") and own == theirs
    for copy in (theirs.model_copy(update={"density": 1.0}), pickle.loads(pickle.dumps(theirs)),
                 theirs.model_copy(deep=True), Model(materials={"steel": theirs}).materials["steel"]):
        assert copy.file == theirs.file
    assert "file" not in theirs.model_dump() and own != steel("libOTHER.so")


def test_a_law_of_another_package_that_cannot_recognise_its_library_gets_none_from_a_file(tmp_path, monkeypatch):
    class Plain:
        @classmethod
        def from_parameters(cls, parameters):
            return cls()

    monkeypatch.setattr("romlib.laws.registry.law_class", lambda name: Plain)
    own = Material(law="plain", parameters={"library": "libX.so"})
    assert isinstance(build_law(own), Plain)
    with pytest.raises(LawError, match="no way to recognise"):
        build_law(own.of_file("x.rom"))
    assert isinstance(build_law(Material(law="plain").of_file("x.rom")), Plain)


# --- sizes ------------------------------------------------------------------------------------------------------------


HISTORY = {"time": [1.0, 2.0], "strain": [[0.0] * 6] * 2, "stress": [[0.0] * 6] * 2}


@pytest.mark.parametrize("changed, word", [
    ({"threads": 2**20}, "threads"), ({"depvar": 2**40}, "depvar"), ({"depvar": 10**400}, "depvar"),
    ({"props": [0.0] * 20_000}, "props"), ({"props": [float("nan")]}, "props"), ({"props": [10**400]}, "props"),
    ({"initial_state": [0.0] * 20_000}, "initial_state"), ({"initial_state": [float("inf")]}, "initial_state"),
    ({"initial_state": []}, "initial_state"), ({"name": "x" * 200}, "name"), ({"name": 3}, "name"),
    ({"symbol": "a\0b"}, "symbol"), ({"symbol": ""}, "symbol"), ({"symbol": "umat_\n"}, "symbol"),
    ({"symbol": "x" * 300}, "symbol"), ({"library": "x\0y"}, "library"), ({"library": ""}, "library"),
    ({"variables": {"p": 8}}, "variables.p"), ({"variables": {"p": -1}}, "variables.p"),
    ({"variables": {"p": 2**70}}, "variables.p"), ({"variables": {"p": []}}, "variables.p"),
    ({"variables": {"p": [1] * 20_000}}, "variables.p"), ({"tensors": {"p": "strain"}}, "tensors.p"),
    ({"sha256": "0"}, "sha256"), ({"sha256": "Z" * 64}, "sha256"),
    ({"proof": [HISTORY] * 100}, "proof"),
    ({"proof": [{**HISTORY, "time": [1.0, 2.0, 3.0]}]}, "proof"),  # more times than strains
    ({"proof": [{**HISTORY, "strain": [[0.0] * 6] * 3}]}, "proof"),
    ({"proof": [{**HISTORY, "stress": [[0.0] * 6]}]}, "proof"),
    ({"proof": [{**HISTORY, "strain": [[0.0] * 5] * 2}]}, "proof"),
    ({"proof": [{**HISTORY, "strain": []}]}, "proof"),
    ({"proof": [{"time": [], "strain": [], "stress": []}]}, "proof"),
    ({"proof": [{**HISTORY, "time": [2.0, 1.0]}]}, "proof"), ({"proof": [{**HISTORY, "time": [-1.0, 1.0]}]}, "proof"),
    ({"proof": [{**HISTORY, "time": [1.0, float("nan")]}]}, "proof"),
    ({"proof": [{**HISTORY, "temperature": [1.0, 2.0]}]}, "proof"),
    ({"proof": [{**HISTORY, "temperature": []}]}, "proof"),
    ({"proof": [{"time": list(range(1, 2001)), "strain": [[0.0] * 6] * 2000, "stress": [[0.0] * 6] * 2000}]}, "proof"),
])
def test_sizes_and_shapes_are_refused_before_anything_is_made_of_them(j2evp, changed, word):
    with pytest.raises(LawError) as error:
        UmatLaw.from_parameters({"library": str(j2evp), **J2EVP, **changed})
    assert word in str(error.value) and len(str(error.value)) < 10_000
