"""A UMAT in files: a ROM and a snapshots file name the library and recognise it, wherever the user keeps it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from romlib_plugins import _umat_proof
from romlib_plugins.umat import UmatLaw
from typer.testing import CliRunner
from umat_bar import MESH, STUDY, TIMES, steel, uniaxial, write_bar
from umat_example import J2EVP, compiled

import romlib
from romlib.archive.romfile import read_rom, write_rom
from romlib.cli import app
from romlib.errors import FileFormatError, LawError
from romlib.laws.portable import portable_model
from romlib.laws.registry import build_law
from romlib.model import Model
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.study import Study

runner = CliRunner()


def run(*arguments: object, code: int = 0):
    result = runner.invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, f"{result.output}\n{result.exception!r}"
    return result


@pytest.fixture
def no_path(monkeypatch):
    monkeypatch.delenv("ROMLIB_LIBRARY_PATH", raising=False)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    return monkeypatch


def test_the_rom_says_which_library_and_not_where(trained):
    parameters = read_rom(trained / "bar.rom").model.materials["steel"].parameters
    assert parameters["library"] == "libJ2EVP.so" and len(parameters["sha256"]) == 64
    assert parameters["props"] == J2EVP["props"] and parameters["depvar"] == 7 and "guarded" not in parameters
    assert len(parameters["proof"]) == 4 and sum("temperature" in proof for proof in parameters["proof"]) == 1
    assert str(trained) not in json.dumps(parameters)


def test_a_rom_is_solved_where_the_library_is_found(trained, tmp_path, no_path, j2evp):
    shutil.copy(trained / "bar.rom", tmp_path)
    with pytest.raises(LawError, match=r"libJ2EVP\.so, is on no search path"):
        romlib.load(tmp_path / "bar.rom").solve("bar")
    (tmp_path / "mine").mkdir()
    shutil.copy(j2evp, tmp_path / "mine" / "libJ2EVP.so")
    no_path.setenv("ROMLIB_LIBRARY_PATH", str(tmp_path / "mine"))
    p = romlib.load(tmp_path / "bar.rom").solve("bar").at_points("p")[:, 0, 0]
    expected = uniaxial(UmatLaw.from_parameters({"library": str(j2evp), **J2EVP}))[2][:, 0]
    np.testing.assert_allclose(p, expected, atol=1e-6 * expected.max())


def test_another_library_of_that_name_is_refused(trained, tmp_path, no_path):
    (tmp_path / "mine").mkdir()
    compiled(tmp_path / "mine", "ELASTIC;", symbol="J2EVP", name="libJ2EVP.so")
    no_path.setenv("ROMLIB_LIBRARY_PATH", str(tmp_path / "mine"))
    with pytest.raises(LawError, match="another library than the one that the file was made with"):
        romlib.load(trained / "bar.rom").solve("bar")


def test_a_library_that_computes_something_else_is_refused(tmp_path, monkeypatch):
    """The same file, whose result depends on something outside: here a variable of the environment."""
    body = 'ELASTIC; if (getenv("FACTOR")) for (int a = 0; a < 6; a++) stress[a] *= atof(getenv("FACTOR"));'
    library = compiled(tmp_path, body, name="libENV.so")
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(tmp_path))
    stored = UmatLaw.from_parameters({"library": str(library)}).portable_parameters()
    UmatLaw.from_parameters(stored)
    monkeypatch.setenv("FACTOR", "1.000000001")
    UmatLaw.from_parameters(stored)  # within the tolerance, as another processor may be
    monkeypatch.setenv("FACTOR", "1.001")
    with pytest.raises(LawError, match="computes other stresses than when the file was made") as error:
        UmatLaw.from_parameters(stored)
    assert "proof 1" in str(error.value)
    guarded = UmatLaw.guarded_parameters({**stored, "proof": []})
    assert UmatLaw.from_parameters(guarded).portable_parameters()["sha256"] == stored["sha256"]


def test_histories_at_which_the_umat_crashes_are_left_out(tmp_path):
    """It ends the process where it is warm, and refuses large strains."""
    body = "ELASTIC; if (*temp + *dtemp > 0.0) exit(1); if (fabs(stran[0] + dstran[0]) > 1e-3) *pnewdt = 0.1;"
    law = UmatLaw.from_parameters({"library": str(compiled(tmp_path, body))})
    proofs = law.portable_parameters()["proof"]
    assert len(proofs) == 2 and all("temperature" not in proof for proof in proofs)
    assert max(np.abs(np.array(proof["strain"])[:, 0]).max() for proof in proofs) < 1e-3


def test_the_proof_visits_plasticity_and_a_reversal(trained):
    stored = read_rom(trained / "bar.rom").model.materials["steel"].parameters
    ratio = [np.linalg.norm(proof["stress"][1]) / np.linalg.norm(proof["strain"][1]) for proof in stored["proof"][:3]]
    assert ratio[2] < 0.8 * ratio[0]
    assert min(_umat_proof._STEPS) < 0 < max(_umat_proof._STEPS)


# --- a file must not say where code is --------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/tmp/libEVIL.so", "lib/libEVIL.so", "../libEVIL.so", r"C:\libEVIL.so", "..", 3])
def test_a_path_in_a_snapshots_file_is_refused(tmp_path, path, monkeypatch):
    model = Model(materials={"steel": steel(path)})
    with pytest.raises(FileFormatError, match="must not say where code is loaded from"):
        SnapshotsWriter(tmp_path / "x.vtkhdf", [MESH], model, TIMES, {"displacement": FieldSpec("node", 3)})
    monkeypatch.setattr("romlib.snapshots.writer.refuse_library_paths", lambda *_: None)  # a writer with bad intentions
    with SnapshotsWriter(tmp_path / "x.vtkhdf", [MESH], model, [0.0], {"displacement": FieldSpec("node", 3)}) as writer:
        writer.write("displacement", 0, 0, np.zeros((MESH.n_node, 3)))
    with pytest.raises(FileFormatError) as error:
        Snapshots(tmp_path / "x.vtkhdf")
    assert "materials.steel.parameters.library" in str(error.value) and "x.vtkhdf" in str(error.value)


def test_a_path_in_a_rom_is_refused(trained, tmp_path, monkeypatch):
    rom = read_rom(trained / "bar.rom")
    rom.model.materials["steel"].parameters["library"] = str(trained / "lib" / "libJ2EVP.so")
    with pytest.raises(FileFormatError, match="must not say where"):
        write_rom(tmp_path / "x.rom", rom)
    monkeypatch.setattr("romlib.archive.romfile.refuse_library_paths", lambda *_: None)
    write_rom(tmp_path / "x.rom", rom)
    monkeypatch.undo()
    with pytest.raises(FileFormatError) as error:
        romlib.load(tmp_path / "x.rom")
    assert "x.rom" in str(error.value) and "a file name" in str(error.value)


def test_paths_of_a_study_are_relative_to_the_study(trained, tmp_path, monkeypatch, no_path):
    monkeypatch.chdir(tmp_path)
    study = Study.read(trained / "study.toml")
    assert study.materials["steel"].parameters["library"] == str(trained / "lib" / "libJ2EVP.so")
    (trained / "bare.toml").write_text(STUDY % ("libJ2EVP.so", [0.0, 1.0], [0.0, 1.0]))
    bare = Study.read(trained / "bare.toml").materials["steel"]
    assert bare.parameters["library"] == "libJ2EVP.so"
    with pytest.raises(LawError, match="no search path"):
        build_law(bare)
    no_path.setenv("LD_LIBRARY_PATH", str(trained / "lib"))
    assert build_law(bare).path == trained / "lib" / "libJ2EVP.so"


def test_a_model_in_a_file_is_completed_by_what_the_file_needs(j2evp, tmp_path, monkeypatch):
    """What `romlib solve` writes: portable, and read where the library is on the path."""
    model = portable_model(Model(materials={"steel": steel(str(j2evp))}))
    law = UmatLaw.from_parameters({"library": str(j2evp), **J2EVP})
    write_bar(tmp_path, law, "libJ2EVP.so", model=model)
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", str(j2evp.parent))
    with Snapshots(tmp_path / "bar.vtkhdf") as file:
        stored = file.model.materials["steel"]
    assert build_law(stored).portable_parameters() == stored.parameters


def test_a_full_order_run_leaves_a_file_that_needs_no_study(trained, tmp_path, no_path, j2evp):
    """`romlib solve` with a study that names a path; the check of its file finds the library on the search path."""
    pytest.importorskip("petsc4py")
    study = (trained / "study.toml").read_text().replace("lib/libJ2EVP.so", str(j2evp))
    study = study[:study.index("[[training]]")] + """
[mesh]
file = "bar.vtkhdf"
[cases.pull]
times = { stop = 1.0, step = 0.1 }
amplitudes.pull = "260*sin(2*pi*t)"
"""
    shutil.copy(trained / "bar.vtkhdf", tmp_path)
    (tmp_path / "study.toml").write_text(study.replace("variables = { p = 1, plastic_strain = [2, 3, 4, 5, 6, 7] }",
                                                       "variables = { p = 1 }"))
    run("solve", tmp_path / "study.toml", "--case", "pull", "-o", tmp_path / "pull.vtkhdf", "--fields",
        "stress,p,statev")
    with Snapshots(tmp_path / "pull.vtkhdf") as file:
        assert file.model.materials["steel"].parameters["library"] == "libJ2EVP.so"
        assert file.fields["statev"].n_comp == 6  # what p leaves of the list
    no_path.setenv("ROMLIB_LIBRARY_PATH", str(j2evp.parent))
    found = items(tmp_path / "pull.vtkhdf")
    for name in ("stress", "state p", "state statev", "equilibrium"):
        assert found[name]["status"] == "pass" and found[name]["value"] < 1e-8, name


# --- check ------------------------------------------------------------------------------------------------------------


def items(*arguments: object, code: int = 0) -> dict:
    report = json.loads(run("check", *arguments, "--json", code=code).stdout)
    return {item["name"]: item for item in report["items"]}


@pytest.mark.parametrize("options", [(), ("--no-guard",)])
def test_the_check_compares_the_solvers_own_list_of_state_variables(trained, options):
    found = items(trained / "bar.vtkhdf", "--study", trained / "study.toml", *options)
    for name in ("state p", "state plastic_strain", "equilibrium"):
        assert found[name]["status"] == "pass" and found[name]["value"] < 1e-10
    assert "state statev" not in found


def test_without_names_the_list_is_compared_as_it_is(trained):
    unnamed = trained / "unnamed.toml"
    unnamed.write_text((trained / "study.toml").read_text().replace(
        "variables = { p = 1, plastic_strain = [2, 3, 4, 5, 6, 7] }", "").replace('"stress", "p"', '"stress"'))
    found = items(trained / "bar.vtkhdf", "--study", unnamed)
    assert found["state statev"]["status"] == "pass" and found["state statev"]["value"] < 1e-10


def test_a_wrong_parameter_and_a_wrong_depvar_are_seen_in_the_state(trained):
    wrong = trained / "wrong.toml"
    wrong.write_text((trained / "study.toml").read_text().replace("150, 100, 50", "151, 100, 50"))
    found = items(trained / "bar.vtkhdf", "--study", wrong, code=1)
    assert found["state p"]["status"] == "fail" and 1e-4 < found["state p"]["value"] < 0.1
    wrong.write_text((trained / "study.toml").read_text().replace("depvar = 7", "depvar = 8"))
    found = items(trained / "bar.vtkhdf", "--study", wrong, code=1)
    assert "8 state variables, the stored field 7" in found["state statev"]["detail"]


def test_a_crash_in_the_check_is_a_finding(trained, tmp_path):
    compiled(tmp_path, "ELASTIC; if (time[1] > 0.35 && *npt == 6) exit(0);", symbol="J2EVP", name="libJ2EVP.so")
    shutil.copy(trained / "bar.vtkhdf", tmp_path)
    (tmp_path / "study.toml").write_text((trained / "study.toml").read_text().replace("lib/libJ2EVP.so",
                                                                                     "./libJ2EVP.so"))
    found = items(tmp_path / "bar.vtkhdf", "--study", tmp_path / "study.toml", code=1)
    assert found["replay"]["status"] == "fail"
    for word in ("exit status 0", "integration point 6", "increment from time 0.4"):
        assert word in found["replay"]["detail"]
    result = run("offline", tmp_path / "study.toml", "-o", tmp_path / "x.rom", code=1)
    assert "exit status 0" in result.stderr and not (tmp_path / "x.rom").exists()


def test_a_umat_that_fails_without_strain_is_named_before_it_spoils_the_training(trained, tmp_path):
    body = "double most = 0; for (int a = 0; a < 6; a++) most = fmax(most, fabs(dstran[a])); ELASTIC; " \
           "for (int a = 0; a < 6; a++) stress[a] *= most / most;"
    compiled(tmp_path, body, symbol="J2EVP", name="libJ2EVP.so")
    shutil.copy(trained / "bar.vtkhdf", tmp_path)
    study = (trained / "study.toml").read_text().replace("lib/libJ2EVP.so", "./libJ2EVP.so")
    (tmp_path / "study.toml").write_text(study.replace('"stress", "p"', '"stress"'))
    result = run("offline", tmp_path / "study.toml", "-o", tmp_path / "x.rom", "--skip-check", code=2)
    assert "fails in an increment without strain" in result.stderr and "integration point 1" in result.stderr


def test_what_a_umat_prints_stays_out_of_json(tmp_path):
    """A library's own stdout is the process's, not Python's: it goes to stderr where JSON is asked for."""
    library = compiled(tmp_path, 'ELASTIC; printf("called\\n"); fflush(stdout);')
    model = portable_model(Model.model_validate({
        "materials": {"steel": {"law": "umat", "parameters": {"library": str(library)}}}}))
    with SnapshotsWriter(tmp_path / "bar.vtkhdf", [MESH], model, [0.0, 1.0], {
            "displacement": FieldSpec("node", 3)}) as writer:
        for step in range(2):
            writer.write("displacement", step, 0, 1e-4 * step * MESH.points)
    done = subprocess.run(
        [sys.executable, "-m", "romlib", "check", "bar.vtkhdf", "--no-guard", "--json"], cwd=tmp_path, text=True,
        env={**os.environ, "ROMLIB_LIBRARY_PATH": str(tmp_path)}, capture_output=True, check=False)
    items = {item["name"]: item for item in json.loads(done.stdout)["items"]}
    assert items["replay"]["status"] == "pass"
    assert "called" in done.stderr
