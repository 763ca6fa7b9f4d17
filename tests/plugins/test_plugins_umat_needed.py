"""A file's library takes no other library from the folder in which romlib is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from romlib_plugins._umat_library import load_library
from umat_example import compiled, needs

from romlib.errors import LawError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ELF")
HELPER = """#include <stdio.h>
__attribute__((constructor)) static void loaded(void) { fclose(fopen("RAN", "w")); }
"""


@pytest.fixture
def strangers(tmp_path, monkeypatch) -> Path:
    """The working folder, with a library in it that leaves a trace when it is loaded."""
    folder = tmp_path / "strangers"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def helper(folder: Path, name: str, *options: str) -> Path:
    """A library without a name of its own, unless an option gives it one: users of it then name it by its path."""
    (folder / "helper.c").write_text(HELPER)
    subprocess.run([needs("cc"), "-shared", "-fPIC", str(folder / "helper.c"), "-o", str(folder / name), *options],
                   check=True)
    return folder / name


def linked(folder: Path, name: str, *options: object) -> Path:
    """A UMAT that is linked with other libraries, whether it uses them or not."""
    source = compiled(folder, "ELASTIC;", name="libPLAIN.so").with_suffix(".so.c")
    subprocess.run([needs("cc"), "-shared", "-fPIC", str(source), "-o", str(folder / name), "-Wl,--no-as-needed",
                    *map(str, options), "-lm"], check=True)
    return folder / name


@pytest.mark.parametrize("options, found", [
    ([], "./libh.so"), (["-Wl,-rpath,."], "'.'"), (["-Wl,-rpath,/nowhere:"], "''"), (["-Wl,-rpath,lib"], "'lib'"),
    (["-Wl,-rpath,.", "-Wl,--disable-new-dtags"], "'.'"), (["-Wl,-f,./libh.so"], "./libh.so")])
def test_a_relative_path_is_refused_before_anything_runs(tmp_path, strangers, options, found):
    own_name = ["-Wl,-soname,libh.so"] if any("rpath" in option for option in options) else []
    helper(strangers, "libh.so", *own_name)
    library = linked(tmp_path, "libX.so", *options, "./libh.so")
    with pytest.raises(LawError, match="from the folder in which romlib is started") as error:
        load_library(library, of_file=True)
    assert found in str(error.value) and "$ORIGIN" in str(error.value)
    assert not (strangers / "RAN").exists()


@pytest.mark.parametrize("way", ["$ORIGIN", "${ORIGIN}", "absolute", "LD_LIBRARY_PATH"])
def test_the_libraries_of_a_library_are_held_to_the_same(tmp_path, strangers, monkeypatch, way):
    helper(strangers, "libh.so")
    beside = linked(tmp_path, "libBESIDE.so", "./libh.so", "-Wl,-soname,libBESIDE.so")
    if way == "LD_LIBRARY_PATH":
        monkeypatch.setenv(way, str(tmp_path))
    options = [] if way == "LD_LIBRARY_PATH" else [f"-Wl,-rpath,{tmp_path if way == 'absolute' else way}"]
    library = linked(tmp_path, "libX.so", beside, *options)
    with pytest.raises(LawError, match="from the folder in which romlib is started") as error:
        load_library(library, of_file=True)
    assert "libBESIDE.so" in str(error.value) and "./libh.so" in str(error.value)
    assert not (strangers / "RAN").exists()


def test_libraries_beside_it_are_found(tmp_path, strangers):
    beside = helper(tmp_path, "libBESIDE.so", "-Wl,-soname,libBESIDE.so")
    library = linked(tmp_path, "libX.so", beside, "-Wl,-rpath,$ORIGIN")
    assert load_library(library, of_file=True).path == library
    assert (strangers / "RAN").exists()


def test_the_user_may_start_romlib_where_the_other_library_is(tmp_path, monkeypatch):
    """A study is the user's own; the loader does what the library says."""
    monkeypatch.chdir(tmp_path)
    helper(tmp_path, "libh.so")
    load_library(linked(tmp_path, "libX.so", "./libh.so"))
    assert os.path.exists("RAN")
