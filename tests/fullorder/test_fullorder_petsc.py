"""PETSc takes options from the user alone: never from files that lie where romlib is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("petsc4py")

SCRIPT = "from romlib.fullorder.petsc import load; print(sorted(load().Options().getAll()))"


@pytest.fixture
def with_files(tmp_path) -> Path:
    """A working folder and a home with files of options, each of which names a library to load."""
    for folder, name in (("here", ".petscrc"), ("here", "petscrc"), ("home", ".petscrc")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).write_text(f"-romlib_from_{folder}_{name.strip('.')} 1\n-dll_prepend /tmp/libX.so\n")
    return tmp_path


def options(folder: Path, **environment: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=folder / "here", capture_output=True, text=True,
                          env={**os.environ, "HOME": str(folder / "home"), **environment}, check=True)
    return done.stdout


def test_files_of_options_are_not_read(with_files):
    found = options(with_files)
    assert "from_" not in found and "dll_prepend" not in found


def test_the_environment_counts(with_files):
    found = options(with_files, PETSC_OPTIONS="-romlib_mine 1")
    assert "romlib_mine" in found and "from_" not in found


def test_petsc_would_read_them(with_files):
    """What the test above compares with: without the option they are read, so that it could fail."""
    script = 'import petsc4py; petsc4py.init(["x"]); from petsc4py import PETSc; print(PETSc.Options().getAll())'
    for file in with_files.rglob("*petscrc"):
        file.write_text(file.read_text().replace("-dll_prepend /tmp/libX.so\n", ""))
    done = subprocess.run([sys.executable, "-c", script], cwd=with_files / "here", capture_output=True, text=True,
                          env={**os.environ, "HOME": str(with_files / "home")}, check=True)
    assert "from_here_petscrc" in done.stdout or "from_home_petscrc" in done.stdout
