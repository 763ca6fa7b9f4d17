"""The utility routines of Abaqus (XIT, SINV, ROTSIG, ...) for UMATs that were written against them.

Compiled when a library first needs them, into a folder of the user's cache that is named after what is compiled, so
that it is made once and an old one is never taken for a new one.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from romlib.errors import LawError

SOURCE = Path(__file__).parent / "sources" / "abaqus_utilities.c"
PROVIDED = (
    "xit_", "xplb_exit_", "getoutdir_", "getjobname_", "getnumcpus_", "getrank_", "getnumthreads_", "get_thread_id_",
    "mutexinit_", "mutexlock_", "mutexunlock_", "stdb_abqerr_", "sinv_", "sprinc_", "sprind_", "rotsig_",
)
EXIT_STATUS = 86  # of a process that the material ended by XIT: see the source
_FLAGS = ("-O2", "-std=gnu11", "-shared", "-fPIC", "-pthread")


def load_shim(wanted_by: Path, symbols: Sequence[str]) -> None:
    """Make the routines known to the loader, for this process; compile them where that was not done yet.

    wanted_by, symbols : for the message where there is no compiler.

    Raises
    ------
    LawError : no C compiler, it fails, or the cache cannot be written.
    """
    ctypes.CDLL(str(_compiled(wanted_by, symbols)), mode=ctypes.RTLD_GLOBAL)


def _compiled(wanted_by: Path, symbols: Sequence[str]) -> Path:
    key = hashlib.sha256(SOURCE.read_bytes() + repr((_FLAGS, platform.machine(), platform.system())).encode())
    folder = cache_folder() / f"umat-{key.hexdigest()[:16]}"
    target = folder / "libromlib_abaqus.so"
    if target.is_file():
        return target
    need = f"the library of the UMAT needs utility routines of Abaqus ({', '.join(symbols)})"
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    if compiler is None:
        raise LawError(f"{need}, and there is no C compiler to make them with", file=wanted_by, found="no cc, no gcc",
                       remedy="install a C compiler (Debian: apt-get install gcc libc6-dev), or link these routines "
                              "into the library")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, name = tempfile.mkstemp(suffix=".so", dir=folder)
        os.close(number)
    except OSError as error:
        raise LawError(f"{need}, and the cache for them cannot be written", file=folder, found=str(error),
                       remedy="set XDG_CACHE_HOME to a folder that can be written") from error
    temporary = Path(name)
    try:
        done = subprocess.run([compiler, *_FLAGS, str(SOURCE), "-o", name, "-lm"], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            raise LawError(f"{need}, and compiling them failed", file=SOURCE, found=done.stderr.strip()[-2000:],
                           remedy=f"{compiler} has to be a working C compiler; CC names another one")
        temporary.replace(target)  # whole or not at all, also where several ranks compile at once
    finally:
        temporary.unlink(missing_ok=True)
    return target


def cache_folder() -> Path:
    """The folder of this user's cache that belongs to romlib."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "romlib"
