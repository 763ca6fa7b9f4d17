"""The command line with a training that waits at a certain place: for tests that interrupt it.

python interrupted.py HOW ARGUMENTS OF ROMLIB...; it prints `waiting PID` when it waits.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from romlib.cli import main
from romlib.offline import train

CRASHES = """
import os, signal, time
try:
    time.sleep(60)
except BaseException:
    os.kill(os.getpid(), signal.SIGSEGV)
"""


def sleep() -> None:
    """In Python: an interrupt comes at once."""
    time.sleep(60)


def spin() -> None:
    """In compiled code that lets other threads run, like a wait in MPI: the main thread sees no signal."""
    import numba

    @numba.njit("int64(int64)", nogil=True)
    def forever(n):  # type: ignore[no-untyped-def]
        while n >= 0:
            n = (n + 1) % 1000
        return n

    forever(0)


def swallow() -> None:
    """In a library that takes every exception for its own."""
    with contextlib.suppress(BaseException):
        time.sleep(60)
    time.sleep(60)


def convert() -> None:
    """In a library that makes another exception of it."""
    try:
        time.sleep(60)
    except BaseException as error:
        raise ImportError("something could not be imported") from error


def load() -> None:
    """In the import of a module that crashes where an exception ends it, as some compiled ones do."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "crashes.py").write_text(CRASHES)
        sys.path.insert(0, folder)
        importlib.import_module("crashes")


def wait(*arguments: object) -> None:
    """In the place of the verification: the scratch folder is full, the output is not begun."""
    os.write(1, f"waiting {os.getpid()}\n".encode())
    globals()[sys.argv[0]]()


train.verify = wait  # type: ignore[assignment]
sys.argv = sys.argv[1:]
main()
