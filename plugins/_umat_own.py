"""Which libraries and which of their functions may be called: those of the user, and nothing that they depend on.

The loader finds a name in a library or in any library that it needs, so that `posix_spawn` is "in" every UMAT. What
counts here is the library's own table of symbols, and the address that the loader gives has to lie where that table
says. Libraries of the system are no UMATs, whatever they are called.
"""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Collection
from pathlib import Path

from romlib_plugins._umat_elf import Elf

from romlib.errors import LawError

_SYSTEM_FOLDERS = tuple(Path(folder) for folder in (
    "/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/System",
    "/usr/share"))
# The loader, and the libraries of C, C++, Fortran, OpenMP and Python: under any folder, by file name or own name.
_SYSTEM_NAMES = re.compile(
    r"(ld|ld-.*|ld64|lib(c|m|mvec|pthread|dl|rt|util|resolv|nsl|nss_.*|crypt|anl|thread_db|BrokenLocale|SegFault|"
    r"gcc_s|stdc\+\+|supc\+\+|c\+\+|c\+\+abi|unwind|gfortran|quadmath|gomp|iomp5|omp|atomic|[atluh]+san|"
    r"ifcore|ifport|imf|intlc|irc|svml|flang.*|python[0-9.]*|System|System\.B))([.-].*)?")
_LISTED = 20


class _Where(ctypes.Structure):
    """Dl_info of dladdr."""

    _fields_ = (("file", ctypes.c_char_p), ("base", ctypes.c_void_p), ("symbol", ctypes.c_char_p),
                ("address", ctypes.c_void_p))


def system_folder(path: Path) -> Path | None:
    """The folder of the system that a file is in, links followed; None: it is in none of them."""
    parents = path.resolve().parents
    return next((folder for folder in _SYSTEM_FOLDERS if folder in parents), None)


def refuse_system_library(path: Path, elf: Elf | None) -> None:
    """Make sure that a library is none of the system's; links are followed.

    Raises
    ------
    LawError : it is in one of the system's folders, or has the name of a library of the languages' run time.
    """
    real = path.resolve()
    names = [name for name in (path.name, real.name, None if elf is None else elf.soname) if name]
    folder = system_folder(path)
    named = next((name for name in names if _SYSTEM_NAMES.fullmatch(name)), None)
    if folder is None and named is None:
        return
    raise LawError(
        "this is a library of the system, not of a UMAT", file=path, place="parameters, library",
        expected="a library of your own",
        found=f"a file in {folder}" if folder is not None else f"the name {named}",
        remedy="name the library that was compiled from the UMAT" + (
            "; one of your own belongs into a folder of its own" if folder is not None else ""))


def refuse_loaded_library(path: Path, ours: Collection[Path]) -> None:
    """Make sure that a library which a file names is in this process for nothing else yet.

    ours : those that were loaded as libraries of UMATs. Where the system does not list what is loaded, nothing is
    refused.

    Raises
    ------
    LawError : Python, or a package of it, has loaded this file.
    """
    real = path.resolve()
    if real in ours:
        return
    try:
        lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    except OSError:
        return
    here = real.stat().st_ino
    for name in {parts[5] for parts in (line.split(maxsplit=5) for line in lines)
                 if len(parts) == 6 and parts[4] == str(here)}:
        if os.path.exists(name) and os.path.samefile(name, real):
            raise LawError(
                "a file names a library that this process uses for something else", file=path,
                place="parameters, library", expected="a library of a UMAT",
                remedy="give the material in a study of your own, if this is one")


def own_function(path: Path, handle: ctypes.CDLL, elf: Elf | None, symbol: str) -> int:
    """Address of a function that a loaded library itself defines.

    elf : what its file says; None on a system without ELF, where the loader alone says whose a function is.

    Raises
    ------
    LawError : it defines no such function; lists those that may be meant.
    """
    if elf is not None and symbol not in elf.functions:
        chosen = "is chosen while it is loaded (an indirect function)" if symbol in elf.indirect else None
        raise _no_function(path, elf, symbol, chosen)
    try:
        address = ctypes.cast(getattr(handle, symbol), ctypes.c_void_p).value or 0
    except (AttributeError, ValueError):
        hidden = None if elf is None else "is there for programs that were linked with an old version of it only"
        raise _no_function(path, elf, symbol, hidden) from None
    where = locate(address)
    if where is None or not os.path.samefile(os.fsdecode(where[0]), path):
        raise _no_function(path, elf, symbol, f"in {'no file' if where is None else os.fsdecode(where[0])}")
    if elf is not None and address - where[1] + elf.start not in elf.functions[symbol]:
        raise _no_function(path, elf, symbol, "is at another place than the library's table says")
    return address


def locate(address: int) -> tuple[bytes, int] | None:
    """The file whose memory has this address, and where its first page is; None where it is nobody's."""
    process, found = ctypes.CDLL(None), _Where()
    if not hasattr(process, "dladdr") or not process.dladdr(ctypes.c_void_p(address), ctypes.byref(found)):
        return None
    return (found.file, found.base or 0) if found.file and os.path.exists(found.file) else None


def _no_function(path: Path, elf: Elf | None, symbol: str, found: str | None) -> LawError:
    functions = [] if elf is None else sorted(name for name in elf.functions if not name.startswith("_"))
    likely = [name for name in functions if "umat" in name.lower()] or functions
    listed = ", ".join(likely[:_LISTED]) + (" ..." if len(likely) > _LISTED else "")
    return LawError(
        f"the library has no function '{symbol}' of its own", file=path, place="parameters, symbol",
        expected=f"one of {listed}" if likely else "a function that the library itself defines",
        found=symbol if found is None else f"{symbol} {found}",
        remedy="give the symbol's exact name: Fortran compilers write SUBROUTINE UMAT as umat_; a function of "
               "another library is reached by naming that library")

