"""Only a function that the user's own library defines may be called, whatever a name can be made to mean."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from romlib_plugins._umat_elf import read_elf
from romlib_plugins._umat_library import load_library, symbol_address
from romlib_plugins._umat_own import locate, own_function
from umat_example import compiled, link, needs

from romlib.errors import LawError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ELF and /proc")


@pytest.fixture(autouse=True)
def _compiler():
    needs("cc")


def refused(library: Path, symbol: str) -> str:
    """The message with which a symbol is refused."""
    with pytest.raises(LawError, match="has no function") as error:
        symbol_address(load_library(library), symbol)
    return str(error.value)


@pytest.mark.parametrize("symbol", ["posix_spawn", "system", "execve", "sin", "malloc", "abort", "_exit", "dlopen"])
def test_a_function_that_the_library_only_uses_is_refused(tmp_path, symbol):
    """The loader finds all of them "in" the library, through the libraries that it needs."""
    library = compiled(tmp_path, "ELASTIC; stress[0] += 1e-9 * sin(stran[0]);")
    assert hasattr(ctypes.CDLL(str(library)), symbol)
    assert "one of umat_" in refused(library, symbol)


@pytest.mark.parametrize("declared, symbol, word", [
    ("int data_ = 3;", "data_", ""),
    ("const char code_[] = {0xc3};", "code_", ""),
    ("__thread int local_;", "local_", ""),
    ("static void hidden_(void) {} void *keep = hidden_;", "hidden_", ""),
    ('__attribute__((visibility("hidden"))) void inner_(void) {}', "inner_", ""),
    ("void other_(void); void *taken = other_;", "other_", ""),
    ('__asm__(".globl fixed_\\n.type fixed_, @function\\n.set fixed_, 0x1234");', "fixed_", ""),
    ("static void one(void) {} static void *pick(void) { return one; }\n"
     'void chosen_(void) __attribute__((ifunc("pick")));', "chosen_", "indirect"),
])
def test_what_is_no_function_of_the_library_is_refused(tmp_path, declared, symbol, word):
    if symbol == "other_":  # undefined here, defined by a library that it needs
        (tmp_path / "other.c").write_text("void other_(void) {}")
        link(tmp_path / "other.c", tmp_path / "libother.so")
        source = compiled(tmp_path, "ELASTIC;", name="libO.so", before=declared + "\n").with_suffix(".so.c")
        subprocess.run([needs("cc"), "-shared", "-fPIC", str(source), "-o", str(tmp_path / "libO.so"),
                        str(tmp_path / "libother.so"), "-lm"], check=True)
        library = tmp_path / "libO.so"
    else:
        library = compiled(tmp_path, "ELASTIC;", before=declared + "\n")
    assert word in refused(library, symbol)


def test_functions_weak_protected_or_under_two_names_are_the_librarys_own(tmp_path):
    before = """__attribute__((weak)) void weak_(void) {}
__attribute__((visibility("protected"))) void shielded_(void) {}
void twin_(void) __attribute__((alias("weak_")));
"""
    library = load_library(compiled(tmp_path, "ELASTIC;", before=before))
    for symbol in ("umat_", "weak_", "shielded_", "twin_"):
        address = symbol_address(library, symbol)
        where = locate(address)
        assert where is not None and os.path.samefile(os.fsdecode(where[0]), library.path)


def test_a_function_that_is_not_where_the_table_says_is_not_called(tmp_path):
    """The loader's answer is compared with the file: another library's function, and another place."""
    library, other = (load_library(compiled(tmp_path, "ELASTIC;", name=name)) for name in ("libA.so", "libB.so"))
    with pytest.raises(LawError, match=r"umat_ in .*libB\.so"):
        own_function(library.path, other.handle, library.elf, "umat_")
    with pytest.raises(LawError, match="at another place than the library's table says"):
        own_function(library.path, library.handle, replace(library.elf, functions={"umat_": (0x10,)}), "umat_")


def test_the_systems_libraries_are_no_umats_under_any_name(tmp_path):
    libc = next(Path(line.split()[-1]) for line in Path("/proc/self/maps").read_text().splitlines()
                if "/libc.so" in line or "/libc-" in line)
    named, copied = tmp_path / "libMINE.so", tmp_path / "libCOPY.so"
    named.symlink_to(libc)
    shutil.copy(libc, copied)
    for library in (libc, named, copied):
        with pytest.raises(LawError, match="library of the system"):
            load_library(library)
    for name in ("libm.so", "libgfortran.so.5", "libstdc++.so.6", "ld-linux-x86-64.so.2", "libpython3.11.so.1.0"):
        with pytest.raises(LawError, match="library of the system"):
            load_library(compiled(tmp_path, "ELASTIC;", name=name))
    load_library(compiled(tmp_path, "ELASTIC;", name="libmine.so"))  # begins like libm
    load_library(compiled(tmp_path, "ELASTIC;", name="libCHABOCHE.so"))


def test_a_file_cannot_name_what_the_process_uses_for_something_else(tmp_path):
    library = compiled(tmp_path, "ELASTIC;")
    used = ctypes.CDLL(str(library))
    assert used is not None
    with pytest.raises(LawError, match="uses for something else"):
        load_library(library, of_file=True)
    load_library(library)  # the user may
    load_library(library, of_file=True)  # and now it is the library of a UMAT


def test_an_elf_file_without_a_table_is_refused_before_it_is_loaded(tmp_path):
    library = compiled(tmp_path, "ELASTIC;")
    data = bytearray(library.read_bytes())
    data[40:48], data[58:64] = bytes(8), bytes(6)  # no section headers
    bare = tmp_path / "libBARE.so"
    bare.write_bytes(data)
    elf = read_elf(bare)
    assert elf is not None and not elf.functions
    with pytest.raises(LawError, match="does not say where its table of symbols is"):
        load_library(bare)


def versioned(folder: Path, old: str) -> Path:
    """A library with umat_ under two versions, or under an old one only."""
    source = compiled(folder, "ELASTIC;", symbol="new_").with_suffix(".so.c")
    source.write_text(source.read_text() + f'void old_(void) {{}}\n__asm__(".symver old_,umat_@V1");\n{old}')
    (folder / "versions").write_text("V1 { global: umat_; };\nV2 { global: new_; } V1;\n")
    target = folder / "libVERSIONS.so"
    subprocess.run([needs("cc"), "-shared", "-fPIC", str(source), "-o", str(target), "-lm",
                    f"-Wl,--version-script={folder / 'versions'}"], check=True)
    return target


def test_of_a_function_in_several_versions_the_default_one_is_called(tmp_path):
    library = load_library(versioned(tmp_path, '__asm__(".symver new_,umat_@@V2");\n'))
    assert symbol_address(library, "umat_") == symbol_address(library, "new_")


def test_a_function_that_is_there_in_an_old_version_only_is_refused(tmp_path):
    assert "with an old version of it only" in refused(versioned(tmp_path, ""), "umat_")


@pytest.mark.parametrize("place", range(16, 64, 2))
def test_numbers_of_the_header_beyond_all_sizes_are_refused(tmp_path, place):
    """Places and counts of headers, one after the other."""
    data = bytearray(compiled(tmp_path, "ELASTIC;").read_bytes())
    for size in (2, 8):
        data[place:place + size] = b"\xff" * size
        (tmp_path / "libX.so").write_bytes(data)
        read_elf(tmp_path / "libX.so")


def test_damaged_elf_files_are_read_or_refused_but_never_crash(tmp_path):
    whole = compiled(tmp_path, "ELASTIC;").read_bytes()
    target, random = tmp_path / "libX.so", np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(int(random.integers(1, 20))):
            data[int(random.integers(0, len(data)))] = int(random.integers(0, 256))
        target.write_bytes(data[:int(random.integers(0, len(data) + 1))] if random.random() < 0.3 else data)
        elf = read_elf(target)
        assert elf is None or elf.bits in (32, 64)
