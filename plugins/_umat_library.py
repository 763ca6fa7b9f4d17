"""Finding and loading the shared library of a UMAT, with an error in words for everything that can be wrong with it."""

from __future__ import annotations

import ctypes
import hashlib
import os
import reprlib
import sys
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from romlib_plugins._umat_elf import SHARED, Elf, read_elf
from romlib_plugins._umat_exit import watch_exits
from romlib_plugins._umat_needed import refuse_working_folder
from romlib_plugins._umat_own import own_function, refuse_loaded_library, refuse_system_library
from romlib_plugins._umat_shim import PROVIDED, load_shim

from romlib.errors import LawError, LawNotCalledError
from romlib.model.library import is_file_name

SEARCH_VARIABLES = ("ROMLIB_LIBRARY_PATH", "LD_LIBRARY_PATH")
_COMPILE = ("compile it as a shared library: gfortran -O2 -shared -fPIC my_umat.f -o libMY.so, "
            "or cc -O2 -shared -fPIC my_umat.c -o libMY.so -lm")
_LISTED = 20


@dataclass(frozen=True)
class LoadedLibrary:
    """A library in this process; `sha256` is that of the file when it was loaded.

    lock : held while one of its functions is called, unless the material says that it is safe in threads: COMMON and
        SAVE belong to the library, whatever law calls it.
    """

    path: Path
    sha256: str
    handle: ctypes.CDLL
    elf: Elf | None
    lock: threading.Lock


_loaded: dict[Path, LoadedLibrary] = {}


def find_library(library: str, of_file: bool = False) -> Path:
    """The file of a library: a path as it is; a bare name in the folders of ROMLIB_LIBRARY_PATH, then LD_LIBRARY_PATH.

    of_file : a file names it, not the user: it is a bare name, and only the absolute folders of ROMLIB_LIBRARY_PATH
        count, which is where a user puts what files may call.

    Raises
    ------
    LawError : it is not there; names the folders that were searched.
    """
    if not is_file_name(library):
        path = Path(library)
        if of_file or not library.isprintable():
            raise LawError("this is no file name of a library", place="parameters, library",
                           found=reprlib.repr(library))
        if os.path.isfile(path):  # Path.is_file raises where a name is too long
            return path.absolute()
        raise LawNotCalledError("the library of the UMAT is not there", file=path, place="parameters, library",
                       remedy="correct the path (in a study it is relative to the study file), or " + _COMPILE)
    variables = SEARCH_VARIABLES[:1] if of_file else SEARCH_VARIABLES
    folders = [Path(folder) for name in variables for folder in os.environ.get(name, "").split(os.pathsep)
               if folder and (not of_file or os.path.isabs(folder))]
    for folder in folders:
        if os.path.isfile(folder / library):
            return (folder / library).absolute()
    which = " or ".join(variables)
    searched = ", ".join(map(str, dict.fromkeys(folders))) or (
        f"no folder: {which} {'is' if of_file else 'are'} not set" + (", or not to absolute paths" if of_file else ""))
    raise LawNotCalledError(
        f"the library of the UMAT, {library}, is on no search path", place="parameters, library",
        expected=f"a file of that name in a folder of {which}", found=searched,
        remedy=f"set {SEARCH_VARIABLES[0]} to the folder that has it; or, in a study, give a path "
               f'(library = "./{library}" is beside the study file)')


def file_hash(path: Path) -> str:
    """SHA-256 of a file, hexadecimal; read anew only when the file was changed or exchanged.

    The time of change counts, which nobody can set, not only that of the content, which copying may keep.

    Raises
    ------
    LawError : it cannot be read.
    """
    try:
        now = path.stat()
        return _hash(path, now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    except OSError as error:
        raise LawNotCalledError("the library of the UMAT cannot be read", file=path, place="parameters, library",
                                found=error.strerror or str(error), remedy="see to it that you may read it") from error


@lru_cache(maxsize=64)
def _hash(path: Path, *identity: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_hash(path: Path, expected: str | None) -> str:
    """The hash of the library.

    Raises
    ------
    LawError : it is not the one that the material states.
    """
    found = file_hash(path)
    if expected is not None and found != expected:
        raise LawNotCalledError(
            "this is another library than the one that the file was made with", file=path,
            place="parameters, sha256", expected=expected, found=found,
            remedy=f"put the folder of that very library first in {SEARCH_VARIABLES[0]}; or make the file anew with "
                   "this one (train again, convert again)")
    return found


def load_library(path: Path, of_file: bool = False, sha256: str | None = None) -> LoadedLibrary:
    """Load a library once a process; utility routines of Abaqus that it lacks come from the shim.

    of_file : a file names it, not the user. sha256 : that it has to have.

    Raises
    ------
    LawError : another hash; no shared library, one for another machine, one of the system, symbols that nobody
        defines, or a file that has changed since this process loaded it, or while it did.
    """
    path = path.resolve()
    digest = check_hash(path, sha256)
    if path in _loaded:
        if _loaded[path].sha256 != digest:
            raise LawError(
                "the library of the UMAT has changed since this process loaded it", file=path,
                remedy="start Python anew: a loaded library cannot be exchanged")
        return _loaded[path]
    elf = _examined(path)
    refuse_system_library(path, elf)
    if of_file:
        refuse_loaded_library(path, _loaded)
        if elf is not None:
            refuse_working_folder(path, elf)
    try:
        handle = _open(path, elf)
    except OSError as error:
        lacking = _unresolved(elf)
        if not lacking or set(lacking) - set(PROVIDED):
            raise _not_loaded(path, lacking, error) from error
        load_shim(path, lacking)
        try:
            handle = _open(path, elf)
        except OSError as second:
            raise _not_loaded(path, [], second) from second
    if file_hash(path) != digest:
        raise LawError("the library of the UMAT changed while it was loaded", file=path,
                       remedy="start Python anew when it is complete")
    watch_exits(handle)
    _loaded[path] = LoadedLibrary(path, digest, handle, elf, threading.Lock())
    return _loaded[path]


def _open(path: Path, elf: Elf | None) -> ctypes.CDLL:
    """Load it so that it uses routines of its own where the shim, loaded for another library, has the same names."""
    own = elf is not None and not set(elf.functions).isdisjoint(PROVIDED)
    return ctypes.CDLL(str(path), mode=ctypes.RTLD_LOCAL | (getattr(os, "RTLD_DEEPBIND", 0) if own else 0))


def symbol_address(library: LoadedLibrary, symbol: str) -> int:
    """Address of a function that the library itself defines.

    Raises
    ------
    LawError : it defines none of this name; lists those that may be meant.
    """
    return own_function(library.path, library.handle, library.elf, symbol)


def _examined(path: Path) -> Elf | None:
    """What the file says of itself, where it is what this machine can load; None on systems without ELF."""
    ours = _own_elf()
    if ours is None:
        return None
    elf = read_elf(path)
    if elf is None:
        with path.open("rb") as file:
            beginning = file.read(24)
        raise LawError("this is not a shared library", file=path, place="parameters, library",
                       expected="an ELF shared library", found=f"a file that begins with {beginning!r}",
                       remedy=_COMPILE)
    if elf.architecture != ours.architecture:
        raise LawError("the library is for another machine", file=path, place="parameters, library",
                       expected=ours.architecture, found=elf.architecture, remedy="compile it on this machine")
    if elf.kind != SHARED:
        raise LawError(
            "this is not a shared library", file=path, place="parameters, library",
            expected="an ELF shared library", found="an object file" if elf.kind == 1 else "a program",
            remedy="link it: cc -shared my_umat.o -o libMY.so" if elf.kind == 1 else _COMPILE)
    if not elf.sections:  # then what it defines and needs is not known
        raise LawError("the library does not say where its table of symbols is", file=path,
                       place="headers of sections", found="none",
                       remedy="link it anew, and leave them in it (strip does, sstrip does not)")
    return elf


@cache
def _own_elf() -> Elf | None:
    return read_elf(Path(os.path.realpath(sys.executable)))


def _unresolved(elf: Elf | None) -> list[str]:
    """Symbols that neither this process nor a library that the file names defines."""
    if elf is None:
        return []
    scopes = [ctypes.CDLL(None)]
    for name in elf.needed:
        try:
            scopes.append(ctypes.CDLL(name))
        except OSError:
            continue  # the loader's own message names it
    return [symbol for symbol in elf.undefined if not any(hasattr(scope, symbol) for scope in scopes)]


def _not_loaded(path: Path, lacking: list[str], error: OSError) -> LawError:
    strange = [symbol for symbol in lacking if symbol not in PROVIDED]
    if strange:
        return LawError(
            f"the library of the UMAT lacks {', '.join(strange[:_LISTED])}", file=path,
            place="undefined symbols", expected="symbols that a library it is linked with defines",
            found=str(error), remedy="link it with the library or source that defines them")
    return LawError("the library of the UMAT cannot be loaded", file=path, found=str(error),
                    remedy="ldd says which libraries it needs and whether they are found")
