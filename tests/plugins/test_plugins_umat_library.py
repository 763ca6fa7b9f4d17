"""Finding and loading a library: where it is looked for, and what is said of one that cannot be used."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from romlib_plugins import _umat_library
from romlib_plugins._umat_elf import read_elf
from romlib_plugins._umat_library import check_hash, file_hash, find_library, load_library, symbol_address
from romlib_plugins.umat import UmatLaw
from umat_example import compiled, increment, needs

from romlib.errors import LawError


@pytest.fixture
def folders(tmp_path, monkeypatch, elastic_library):
    """Two folders with a library of the same name, on the two search paths."""
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        shutil.copy(elastic_library, tmp_path / name / "libX.so")
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", f"{tmp_path / 'empty'}{os.pathsep}{tmp_path / 'ours'}")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "theirs"))
    return tmp_path


def test_a_bare_name_is_looked_up_on_our_path_then_on_the_loaders(folders, monkeypatch):
    assert find_library("libX.so") == folders / "ours" / "libX.so"
    monkeypatch.delenv("ROMLIB_LIBRARY_PATH")
    assert find_library("libX.so") == folders / "theirs" / "libX.so"


def test_a_name_in_a_file_is_looked_up_on_our_path_alone(folders, monkeypatch):
    """Neither the loader's path nor a folder that is relative to wherever the user happens to be."""
    assert find_library("libX.so", of_file=True) == folders / "ours" / "libX.so"
    monkeypatch.chdir(folders)
    for value in (None, "ours", f".{os.pathsep}./ours"):
        monkeypatch.setenv("ROMLIB_LIBRARY_PATH", value) if value else monkeypatch.delenv("ROMLIB_LIBRARY_PATH")
        with pytest.raises(LawError, match="on no search path") as error:
            find_library("libX.so", of_file=True)
        assert "LD_LIBRARY_PATH" not in str(error.value)
    for path in (folders / "ours" / "libX.so", "ours/libX.so", "libX.so\0", "lib\nX.so", ""):
        with pytest.raises(LawError, match="no file name"):
            find_library(str(path), of_file=True)


def test_a_bare_name_is_never_taken_from_the_working_directory(folders, monkeypatch):
    monkeypatch.chdir(folders / "ours")
    monkeypatch.setenv("ROMLIB_LIBRARY_PATH", os.pathsep)  # an empty entry is no folder
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    with pytest.raises(LawError, match="on no search path") as error:
        find_library("libX.so")
    assert "ROMLIB_LIBRARY_PATH" in str(error.value) and "LD_LIBRARY_PATH are not set" in str(error.value)
    assert find_library("./libX.so") == folders / "ours" / "libX.so"


def test_a_missing_library_names_the_folders_that_were_searched(folders):
    with pytest.raises(LawError) as error:
        find_library("libY.so")
    assert all(str(folders / name) in str(error.value) for name in ("empty", "ours", "theirs"))
    with pytest.raises(LawError, match="is not there") as error:
        find_library(str(folders / "libY.so"))
    assert "gfortran -O2 -shared" in str(error.value)


def test_a_missing_symbol_lists_candidates(tmp_path):
    library = load_library(compiled(tmp_path, "ELASTIC;", symbol="my_umat_", before="void helper(void) {}\n"))
    with pytest.raises(LawError) as error:
        symbol_address(library, "umat_")
    assert "one of my_umat_\n" in str(error.value) and "helper" not in str(error.value)
    other = load_library(compiled(tmp_path, "ELASTIC;", symbol="LAW", name="libL.so", before="void helper(void) {}\n"))
    with pytest.raises(LawError, match="one of LAW, helper"):
        symbol_address(other, "umat_")
    assert symbol_address(other, "LAW") == ctypes.cast(other.handle.LAW, ctypes.c_void_p).value


def test_a_file_that_is_no_shared_library_is_named_for_what_it_is(tmp_path, elastic_library):
    fortran = tmp_path / "umat.f"
    fortran.write_text("      SUBROUTINE UMAT(STRESS, STATEV)\n      END\n")
    with pytest.raises(LawError, match="not a shared library") as error:
        load_library(fortran)
    assert "SUBROUTINE" in str(error.value) and "gfortran" in str(error.value)
    subprocess.run([needs("cc"), "-c", str(elastic_library) + ".c", "-o", str(tmp_path / "umat.o")], check=True)
    with pytest.raises(LawError, match="an object file"):
        load_library(tmp_path / "umat.o")
    cut = tmp_path / "libCUT.so"
    cut.write_bytes(elastic_library.read_bytes()[:3000])
    with pytest.raises(LawError, match="not a shared library"):
        load_library(cut)


def test_a_library_for_another_machine_is_refused(tmp_path, elastic_library):
    data = bytearray(elastic_library.read_bytes())
    data[18:20] = (183 if data[18] != 183 else 62).to_bytes(2, "little")
    other = tmp_path / "libOTHER.so"
    other.write_bytes(data)
    ours = read_elf(elastic_library)
    with pytest.raises(LawError, match="for another machine") as error:
        load_library(other)
    assert ours is not None and f"expected: {ours.architecture}" in str(error.value)
    assert "ARM 64" in str(error.value) or "x86-64" in str(error.value)


def test_symbols_that_nobody_defines_are_named(tmp_path):
    library = compiled(tmp_path, "ELASTIC; dgesv_(); my_table_(); sin(1.0);",
                       before="void dgesv_(void); void my_table_(void);\n")
    with pytest.raises(LawError, match="lacks dgesv_, my_table_"):
        load_library(library)


def test_a_library_that_it_needs_and_is_missing_is_named(tmp_path):
    (tmp_path / "libtable.c").write_text("int table(void) { return 1; }")
    table = tmp_path / "libtable.so"
    subprocess.run([needs("cc"), "-shared", "-fPIC", str(tmp_path / "libtable.c"), "-o", str(table)], check=True)
    source = compiled(tmp_path, "ELASTIC;").with_suffix(".so.c")
    subprocess.run([needs("cc"), "-shared", "-fPIC", str(source), "-o", str(tmp_path / "libN.so"), "-Wl,--no-as-needed",
                    str(table), "-lm"], check=True)
    table.unlink()
    with pytest.raises(LawError, match=r"cannot be loaded(.*\n)*.*libtable\.so"):
        load_library(tmp_path / "libN.so")


def test_another_hash_is_another_library(elastic_library):
    assert check_hash(elastic_library, file_hash(elastic_library)) == file_hash(elastic_library)
    with pytest.raises(LawError, match="another library than the one") as error:
        check_hash(elastic_library, "0" * 64)
    assert file_hash(elastic_library) in str(error.value)


def test_a_library_that_changed_since_it_was_loaded_is_refused(tmp_path):
    library = compiled(tmp_path, "ELASTIC;")
    load_library(library)
    library.unlink()  # the loaded one stays mapped
    compiled(tmp_path, "ELASTIC; stress[0] *= 2.0;")
    with pytest.raises(LawError, match="has changed since this process loaded it"):
        load_library(library)


def test_a_library_that_changes_while_it_is_loaded_is_noticed(tmp_path, monkeypatch):
    library = compiled(tmp_path, "ELASTIC;")
    digest = file_hash(library)

    def exchanging(path, elf, load=_umat_library._open):
        library.unlink()
        compiled(tmp_path, "ELASTIC; stress[0] *= 2.0;")
        return load(path, elf)

    monkeypatch.setattr(_umat_library, "_open", exchanging)
    with pytest.raises(LawError, match="changed while it was loaded"):
        load_library(library, sha256=digest)


def test_the_hash_is_compared_by_the_one_who_loads(tmp_path):
    """Whoever compared it before may have seen another file."""
    library = compiled(tmp_path, "ELASTIC;", before=f"""#include <stdio.h>
__attribute__((constructor)) static void loaded(void) {{ fclose(fopen("{tmp_path / 'ran'}", "w")); }}
""")
    with pytest.raises(LawError, match="another library than the one"):
        load_library(library, sha256="0" * 64)
    assert not (tmp_path / "ran").exists()


def test_a_file_of_the_same_size_and_time_is_another_one(tmp_path):
    """The time of the content can be kept while a file is written; the time of change cannot."""
    library = tmp_path / "libX.so"
    library.write_bytes(b"one")
    before, stamp = file_hash(library), library.stat()
    library.write_bytes(b"two")
    os.utime(library, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert file_hash(library) != before


def test_a_library_that_cannot_be_read_or_has_no_possible_name_is_an_error_in_words(tmp_path):
    with pytest.raises(LawError, match="cannot be read"):
        file_hash(tmp_path / "libGONE.so")
    for name in ("x" * 300, str(tmp_path / ("x" * 300)), "x/" * 3000):
        with pytest.raises(LawError, match="is not there"):
            find_library(name)
        with pytest.raises(LawError, match="no file name") as error:
            find_library(name, of_file=True)
        assert len(str(error.value)) < 500


def test_what_an_elf_file_says_of_itself(elastic_library):
    elf = read_elf(elastic_library)
    assert elf is not None and "umat_" in elf.functions and elf.bits == 64 and elf.kind == 3
    python = read_elf(type(elastic_library)(os.path.realpath(sys.executable)))
    assert python is not None and python.architecture == elf.architecture


def test_libraries_with_the_same_names_inside_do_not_get_into_each_other(tmp_path):
    laws = []
    for k in (1, 2):
        path = compiled(tmp_path, "for (int a = 0; a < 6; a++) stress[a] = modulus_();", name=f"lib{k}.so",
                        before=f"double modulus_(void) {{ return {k}.0; }}\n")
        laws.append(UmatLaw.from_parameters({"library": str(path)}))
    for k in (2, 1):
        found = laws[k - 1].integrate(increment(np.zeros((2, 6))), np.zeros((2, 0))).stress
        assert (found[:, :3] == k).all()


def test_a_library_keeps_its_own_routines_where_another_one_needs_ours(tmp_path):
    """The shim is loaded for all; a library that defines SINV itself calls its own."""
    declared = "void sinv_(double *, double *, double *, int *, int *);\n"
    body = "double p, q; sinv_(stress, &p, &q, ndi, nshr); for (int a = 0; a < 6; a++) stress[a] = q;"
    own = declared + "void sinv_(double *s, double *p, double *q, int *n, int *m) { *p = *q = 42.0; }\n"
    needy = UmatLaw.from_parameters({"library": str(compiled(tmp_path, body, name="libA.so", before=declared))})
    other = UmatLaw.from_parameters({"library": str(compiled(tmp_path, body, name="libB.so", before=own))})
    zero = increment(np.zeros((1, 6)))
    assert (needy.integrate(zero, np.zeros((1, 0))).stress == 0.0).all()
    assert (other.integrate(zero, np.zeros((1, 0))).stress[:, :3] == 42.0).all()
