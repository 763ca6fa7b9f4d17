"""Case scripts where there is no MPI, and romlib as pip alone installs it, with the newest NumPy."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from case_scripts import scripts_of

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = """
import sys
sys.path[:0] = [CASE]
import plate
plate.quarter_plate.__defaults__ = (4, 7, 1)
from pathlib import Path
from generate import generate
from romlib.study import Study
generate(Study.read("study.toml"), "held_out", Path("."))
"""


@pytest.fixture
def commands():
    with scripts_of("_common", "commands") as scripts:
        yield scripts.commands


@pytest.mark.parametrize("lacking", ["mpi4py", "mpirun"])
def test_scripts_run_on_one_rank_where_mpi_is_missing_and_say_so(commands, monkeypatch, tmp_path, capsys, lacking):
    there, which = importlib.util.find_spec, shutil.which
    monkeypatch.setattr(importlib.util, "find_spec",
                        lambda name: (None if name == lacking else object()) if name == "mpi4py" else there(name))
    monkeypatch.setattr(shutil, "which", lambda name, path=None: (
        (None if name == lacking else "/usr/bin/mpirun") if name == "mpirun" else which(name, path=path)))
    found = commands.Commands(tmp_path, 4)
    assert found.ranks == 1 and found.launcher == ""
    assert f"{lacking} is not installed: one rank instead of 4" in capsys.readouterr().out
    assert commands.Commands(tmp_path, 1).launcher == "" and "instead" not in capsys.readouterr().out


def test_scripts_run_on_the_ranks_that_are_asked_for_where_mpi_is_there(commands, monkeypatch, tmp_path):
    monkeypatch.setattr(commands, "_which", lambda name: "/usr/bin/mpirun")
    if importlib.util.find_spec("mpi4py") is None:
        pytest.skip("no mpi4py")
    assert commands.Commands(tmp_path, 3).launcher == "mpirun --oversubscribe -n 3 "


@pytest.mark.slow
def test_pip_alone_gives_a_serial_offline_and_the_online_stage_on_numpy_2(tmp_path):
    """A fresh environment without the system's packages: no MPI, no PETSc, whatever NumPy is the newest."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("PYTHON", "OMPI_COMM", "PMI", "VIRTUAL_ENV"))} | {"OMP_NUM_THREADS": "1"}
    base = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(list(map(str, words)), cwd=tmp_path, env=environment, capture_output=True, text=True,
                              check=False, timeout=1200)

    made = run(base, "-m", "venv", "env")
    if made.returncode != 0:
        pytest.skip(f"no virtual environment can be made here: {made.stderr or made.stdout}")
    python = tmp_path / "env" / "bin" / "python"
    source = shutil.copytree(ROOT, tmp_path / "source", symlinks=True, ignore=shutil.ignore_patterns(
        ".venv", ".git", "out", "build", "*.egg-info", "__pycache__", ".mypy_cache", ".hypothesis"))
    installed = run(python, "-m", "pip", "install", "--quiet", f"{source}[converters]")
    if installed.returncode != 0:
        pytest.skip(f"pip cannot install here: {installed.stderr[-300:]}")
    shutil.copy(ROOT / "cases" / "plate_demo" / "study.toml", tmp_path)
    romlib = tmp_path / "env" / "bin" / "romlib"
    version = run(python, "-c", "import numpy; print(numpy.__version__)").stdout
    assert int(version.split(".")[0]) >= 2
    case = f"CASE = {str(ROOT / 'cases' / 'plate_demo')!r}\n"
    for words in ((python, "-c", case + SMALL), (romlib, "check", "train_140.vtkhdf", "--study", "study.toml"),
                  (romlib, "offline", "study.toml", "-o", "plate.rom"),
                  (romlib, "online", "plate.rom", "--case", "held_out", "-o", "result.vtkhdf")):
        done = run(*words)
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    errors = json.loads(run(romlib, "compare", "result.vtkhdf", "reference.vtkhdf", "--json").stdout)["fields"]
    assert errors["stress"]["relative_l2"] < 1e-2
    lacking = json.loads(run(romlib, "doctor", "--json").stdout)
    assert lacking["failed"] == [] and run(romlib, "doctor", "mpi").returncode == 1
