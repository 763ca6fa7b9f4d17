"""A UMAT that ends the process (STOP, XIT, exit) does not end it in silence.

`exit` runs the functions that were registered for it. Ours looks whether a UMAT was being called, says which and where,
and leaves with the status of wrong input; when nothing was being called it does nothing. It is registered when the
first UMAT is called and taken back before Python ends, because it is Python code.
"""

from __future__ import annotations

import atexit
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

STATUS = 2
_running: dict[int, tuple[Any, Any]] = {}  # (target, batch) of the calls under way, by thread
_registered: list[Any] = []


@contextmanager
def watched(target: Any, batch: Any) -> Iterator[None]:
    """While a UMAT is called: target has `symbol` and `library`, batch `place` and `progress`."""
    _register()
    _running[get_ident()] = target, batch
    try:
        yield
    finally:
        del _running[get_ident()]


def stay_out() -> None:
    """Report nothing in this process: another one watches it and sees its exit status."""
    _registered.append(None)


def _report(_: Any) -> None:
    if not _running:
        return
    text = "".join(
        f"error: the UMAT ended the process (STOP, XIT or exit): {target.symbol} of {target.library}\n"
        f"  place: {batch.place(int(batch.progress[0]))}\n"
        "  to do: a UMAT has to return, with PNEWDT below 1 where it fails; guarded = true in the parameters of the "
        "material turns this into an error that can be caught\n" for target, batch in _running.values())
    os.write(2, text.encode())
    os._exit(STATUS)


def _register() -> None:
    if _registered:
        return
    process = ctypes.CDLL(None)
    if not hasattr(process, "__cxa_atexit"):  # neither glibc, musl nor macOS
        _registered.append(None)
        return
    callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(_report)
    handle = ctypes.create_string_buffer(1)  # stands for a shared object, so that ours alone can be taken back
    _registered.extend((callback, handle))
    process.__cxa_atexit(callback, None, ctypes.byref(handle))
    atexit.register(process.__cxa_finalize, ctypes.byref(handle))
