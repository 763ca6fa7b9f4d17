"""What doctor says of this installation, of one without optional packages, and of a broken one."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import sysconfig

import pytest
from rank_scripts import without_launcher
from terminal import as_json, run
from typer.testing import CliRunner

from romlib.cli import app, doctor
from romlib.cli.doctor import BROKEN, MISSING, OK, Finding


@pytest.fixture(scope="module")
def findings():
    return {one.name: one for one in doctor.examine()}


def test_what_romlib_needs_is_there_with_its_version(findings):
    import numpy

    assert findings["numpy"] == Finding("everything", "numpy", OK, numpy.__version__)
    assert "HDF5" in findings["h5py"].detail
    assert findings["laws"].detail == "chaboche, cubic, elastic, mises, orthotropic, umat"
    assert not [one for one in findings.values() if one.state == BROKEN]


@pytest.mark.parametrize("name, module", [("mpi4py", "mpi4py"), ("petsc4py", "petsc4py"), ("pictures", "pyvista")])
def test_what_is_optional_was_tried_where_it_is(findings, name, module):
    state = OK if importlib.util.find_spec(module) else MISSING
    assert findings[name].state == state and (state == OK or "pip install" in findings[name].remedy)


def test_every_extra_of_the_package_has_a_finding(findings):
    extras = {name.removeprefix("extra ") for name in findings if name.startswith("extra ")}
    assert {"converters", "dictionary", "plot", "test"} <= extras


def test_only_what_is_asked_for_may_not_be_missing():
    found = [Finding("solve", "petsc4py", MISSING, ""), Finding("plot", "extra plot", MISSING, ""),
             Finding("mpi", "mpirun", BROKEN, "")]
    assert [one.name for one in doctor.failed(found, [])] == ["mpirun"]
    assert [one.name for one in doctor.failed(found, ["solve"])] == ["petsc4py", "mpirun"]
    assert doctor.areas([*found, Finding("everything", "x", OK, "")]) == ["mpi", "plot", "solve"]


def test_the_exit_status_says_whether_it_is_as_asked(monkeypatch):
    found = [Finding("solve", "petsc4py", MISSING, "not there", "pip install petsc4py"),
             Finding("mpi", "mpi4py", OK, "3.1")]
    monkeypatch.setattr(doctor, "examine", lambda: found)
    shown = run("doctor")
    assert "All that is there works." in shown.stdout and "petsc4py: pip install petsc4py" in shown.stdout
    assert as_json("doctor", "mpi")["failed"] == []
    assert [one["name"] for one in as_json("doctor", "mpi", "solve", code=1)["failed"]] == ["petsc4py"]
    assert "did you mean 'solve'" in run("doctor", "Solve", code=2).stderr


def test_a_package_that_is_broken_is_said_with_what_it_says(tmp_path, monkeypatch):
    (tmp_path / "joblib.py").write_text("raise ImportError('libX.so is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] == "joblib"]:
        monkeypatch.delitem(sys.modules, name)
    (found,) = [one for one in doctor._packages() if one.name == "joblib"]
    assert found.state == BROKEN and "libX.so is missing" in found.detail


@pytest.mark.slow
def test_the_folder_where_doctor_is_called_is_not_searched_for_modules(tmp_path, monkeypatch):
    """A folder of somebody's files may have a numpy.py; what is tried in another process would import it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "romlib.py").write_text("raise SystemExit('found here')")
    (tmp_path / "mpi4py.py").write_text("raise SystemExit('found here')")
    done = subprocess.run([sys.executable, "-P", "-m", "romlib", "doctor"], capture_output=True, text=True, check=False,
                          timeout=200, env=without_launcher())
    assert "found here" not in done.stdout + done.stderr and done.returncode == 0


def test_a_program_that_hangs_or_is_not_there_is_told_of(monkeypatch):
    monkeypatch.setattr(doctor, "_SECONDS", 0.5)
    assert doctor._try([sys.executable, "-c", "import time; time.sleep(60)"]) == (False, "no answer in 0 s")
    assert doctor._try([sys.executable, "-c", "raise ValueError('x y')"]) == (False, "ValueError: x y")
    assert doctor._try([sys.executable, "-c", "print('a'); print('b')"]) == (True, "b")
    assert doctor._try(["/no/such/program"])[0] is False


def test_the_version_has_those_of_what_romlib_runs_on():
    import numba
    import numpy

    lines = run("--version").stdout.splitlines()
    assert lines[0].startswith("romlib 0.")
    for words in (f"numpy {numpy.__version__}", f"numba {numba.__version__}", "Python 3"):
        assert words in lines[1]


@pytest.mark.parametrize("typed, offered", [
    ("romlib off", {"offline"}), ("romlib in", {"init", "info"}), ("romlib init ca", {"case"}),
    ("romlib online x.rom --cas", {"--case", "--case-file"})])
def test_bash_completes_commands_and_options(typed, offered):
    words = typed.split(" ")
    done = subprocess.run([os.path.join(sysconfig.get_path("scripts"), "romlib")], capture_output=True, text=True,
                          check=True, env=os.environ | {"_ROMLIB_COMPLETE": "complete_bash", "COMP_WORDS": typed,
                                                        "COMP_CWORD": str(len(words) - 1)})
    assert set(done.stdout.split()) == offered


def test_the_script_of_the_completion_is_shown_for_bash(monkeypatch):
    monkeypatch.setattr("typer.completion._get_shell_name", lambda: "bash")  # whichever shell, or none, runs the tests
    found = CliRunner().invoke(app, ["--show-completion"], prog_name="romlib")
    assert found.exit_code == 0 and "complete -o default -F _romlib_completion romlib" in found.stdout
    done = subprocess.run(["bash", "-n"], input=found.stdout, text=True, check=False)
    assert done.returncode == 0
