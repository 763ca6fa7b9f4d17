"""Packages to begin with: they install, romlib finds them, and their own tests pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib

import pytest
from terminal import run

from romlib.errors import InputError
from romlib.templates.package import package_files, write_package

KINDS = ("law", "converter")


def python(*words: object, path: object, folder: object) -> str:
    """What a fresh interpreter prints, with a folder of packages on its path."""
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True, check=False, cwd=folder,
                          env=os.environ | {"PYTHONPATH": str(path)})
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_passes_its_own_test(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    run("init", kind, "soft_steel")
    folder = tmp_path / "romlib_soft_steel"
    assert (folder / "romlib_soft_steel" / f"{kind}.py").is_file()
    said = python("-m", "pytest", "-q", "-p", "no:cacheprovider", folder, path=folder, folder=tmp_path)
    assert " passed" in said and "failed" not in said


@pytest.mark.slow
def test_packages_install_and_are_found(tmp_path):
    pytest.importorskip("setuptools", reason="pip builds with setuptools, and there is no network")
    for kind in KINDS:
        write_package(tmp_path / kind, package_files(kind, f"my_{kind}"))
        python("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", tmp_path / "site",
               tmp_path / kind, path="", folder=tmp_path)
    found = json.loads(python("-m", "romlib", "plugins", "--json", path=tmp_path / "site", folder=tmp_path))
    states = {row["name"]: row["state"] for rows in found.values() for row in rows}
    assert states["my_law"] == states["my_converter"] == "ready"


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_is_filled_in(kind):
    texts = package_files(kind, "abc_d")
    assert not [path for path, text in texts.items() if "$" in text]
    points = tomllib.loads(texts["pyproject.toml"])["project"]["entry-points"][f"romlib.{kind}s"]
    assert points == {"abc_d": f"romlib_abc_d.{kind}:AbcD{kind.capitalize()}"}
    for path, text in texts.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
            assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("name", ["", "Upper", "1st", "a-b", "../x", "class", "x" * 41, "é"])
def test_a_name_that_no_package_can_have_is_refused(name):
    with pytest.raises(InputError, match="cannot be the name"):
        package_files("law", name)


def test_a_folder_that_cannot_be_made_is_named_and_nothing_is_left(tmp_path):
    with pytest.raises(InputError, match="absent"):
        write_package(tmp_path / "absent" / "x", package_files("law", "abc"))
    (tmp_path / "there").write_text("")
    with pytest.raises(InputError, match="is there already"):
        write_package(tmp_path / "there", package_files("law", "abc"))
    assert [path.name for path in tmp_path.iterdir()] == ["there"]
