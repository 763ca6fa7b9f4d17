"""Libraries that several test files call: each compiled once a session."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from romlib_plugins.umat import UmatLaw
from typer.testing import CliRunner
from umat_bar import write_bar
from umat_example import J2EVP, compiled, example

from romlib.cli import app


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """What romlib compiles here does not go to the cache of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def j2evp(tmp_path_factory) -> Path:
    """libJ2EVP.so."""
    return example(tmp_path_factory.mktemp("j2evp"), "libJ2EVP.so")


@pytest.fixture(scope="session")
def elastic_library(tmp_path_factory) -> Path:
    """A UMAT without state: linear elasticity with E = 1000, nu = 0.25."""
    return compiled(tmp_path_factory.mktemp("elastic"), "ELASTIC;")


@pytest.fixture(scope="session")
def trained(tmp_path_factory, j2evp) -> Path:
    """A folder with a study that names a path, snapshots with the solver's list of state variables, and a ROM."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "lib").mkdir()
    shutil.copy(j2evp, folder / "lib" / "libJ2EVP.so")
    write_bar(folder, UmatLaw.from_parameters({"library": str(j2evp), **J2EVP}), "lib/libJ2EVP.so", statev=True)
    result = CliRunner().invoke(app, ["offline", str(folder / "study.toml"), "-o", str(folder / "bar.rom"), "--json"])
    assert result.exit_code == 0, result.output
    return folder
