"""A UMAT that ends the process (STOP, XIT, exit, _exit) does not end it in silence.

`exit` runs the functions that were registered for it. Ours looks whether a UMAT was being called, says which and where,
and leaves with the status of wrong input; when nothing was being called it does nothing. It is registered when the
first UMAT is called and taken back before Python ends, because it is Python code.

`_exit`, `_Exit` and `quick_exit` run nothing. Where a library imports them, the place in its memory that holds their
address gets the address of ours (ELF, x86-64 and ARM 64). A system call of its own, or `execve`, is not seen here: the
guard, which is another process, sees any end.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from mmap import PAGESIZE
from pathlib import Path
from typing import Any

from romlib_plugins._umat_elf import Elf, read_elf
from romlib_plugins._umat_own import system_folder
from romlib_plugins._umat_running import running

STATUS = 2
_LEAVING = ("_exit", "_Exit", "quick_exit")
_READ, _WRITE = 1, 2  # PROT_READ, PROT_WRITE
_registered: list[Any] = []
_kept_out: list[bool] = []
_ours: list[Any] = []
_process = [os.getpid()]


class _LinkMap(ctypes.Structure):
    """The beginning of what the loader knows of a library (struct link_map of glibc, struct dso of musl)."""


_LinkMap._fields_ = (("base", ctypes.c_void_p), ("name", ctypes.c_char_p), ("dynamic", ctypes.c_void_p),
                     ("next", ctypes.POINTER(_LinkMap)))


def stay_out() -> None:
    """Report nothing in this process: another one watches it and sees its exit status."""
    _kept_out.append(True)


def report_exits() -> None:
    """Register for `exit`, once a process."""
    if _registered or _kept_out:
        return
    process = ctypes.CDLL(None)
    if not hasattr(process, "__cxa_atexit"):  # neither glibc, musl nor macOS
        _registered.append(None)
        return
    callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda _: _report())
    handle = ctypes.create_string_buffer(1)  # stands for a shared object, so that ours alone can be taken back
    _registered.extend((callback, handle))
    process.__cxa_atexit(callback, None, ctypes.byref(handle))
    atexit.register(process.__cxa_finalize, ctypes.byref(handle))


def watch_exits(handle: ctypes.CDLL) -> None:
    """Let a library that was just loaded, and what was loaded with it, call ours in place of `_exit` and its like."""
    if _kept_out or not sys.platform.startswith("linux"):
        return
    entry = ctypes.cast(ctypes.c_void_p(handle._handle), ctypes.POINTER(_LinkMap))
    while entry:
        this = entry.contents
        path = Path(os.fsdecode(this.name or b""))
        if path.is_absolute() and path.is_file() and system_folder(path) is None:
            elf = read_elf(path)
            for address in _slots_of(elf) if elf is not None else ():
                _write_pointer((this.base or 0) + address, _our_exit())
        entry = this.next


def _slots_of(elf: Elf) -> Iterator[int]:
    for name in _LEAVING:
        yield from elf.slots.get(name, ())


def _our_exit() -> int:
    if not _ours:
        _ours.append(ctypes.CFUNCTYPE(None, ctypes.c_int)(_leave))
    return ctypes.cast(_ours[0], ctypes.c_void_p).value or 0


def _leave(status: int) -> None:
    if os.getpid() == _process[0]:  # not in a child that the UMAT made itself
        _report()
    os._exit(status & 0xff)


def _forked() -> None:
    _process[0] = os.getpid()


os.register_at_fork(after_in_child=_forked)


def _write_pointer(address: int, value: int) -> None:
    """Write into memory that the loader may have made read-only; it is read-only again afterwards."""
    process, page = ctypes.CDLL(None, use_errno=True), ctypes.c_void_p(address // PAGESIZE * PAGESIZE)
    before = _protection(address)
    if before is None or process.mprotect(page, ctypes.c_size_t(PAGESIZE), before | _READ | _WRITE):
        return
    ctypes.c_void_p.from_address(address).value = value
    process.mprotect(page, ctypes.c_size_t(PAGESIZE), before)


def _protection(address: int) -> int | None:
    with suppress(OSError), open("/proc/self/maps") as maps:
        for line in maps:
            span, flags = line.split(maxsplit=2)[:2]
            first, last = (int(part, 16) for part in span.split("-"))
            if first <= address < last:
                return sum(bit for bit, letter in zip((1, 2, 4), "rwx") if letter in flags)
    return None


def _report() -> None:
    """Say which UMAT was being called, and leave; nothing where none was."""
    calls = running()
    if not calls or _kept_out:
        return
    text = "".join(
        f"error: the UMAT ended the process (STOP, XIT or exit): {call.target.symbol} of {call.target.library}\n"
        f"  place: {call.place()}\n"
        "  to do: a UMAT has to return, with PNEWDT below 1 where it fails; guarded = true in the parameters of the "
        "material turns this into an error that can be caught\n" for call in calls)
    os.write(2, text.encode(errors="backslashreplace"))
    os._exit(STATUS)
