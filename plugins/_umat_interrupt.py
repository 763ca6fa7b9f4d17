"""Ctrl-C and SIGTERM end a process whose UMAT does not return.

Python handles a signal between two of its own instructions, and compiled code has none: a UMAT that loops would hold
the process for ever. The C part of Python's handler also writes the signal's number into a pipe; a thread reads it,
gives the call GRACE seconds to return, and ends the process by the same signal where it is still in the same call of
the UMAT.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time

from romlib_plugins._umat_running import running

GRACE = 1.0
_ENDING = (signal.SIGINT, signal.SIGTERM)
_watched: list[int] = []


def watch_signals() -> None:
    """Start to watch, once a process; only the main thread can, and only where nobody else (asyncio) uses the pipe."""
    if _watched or threading.current_thread() is not threading.main_thread():
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    if before != -1:
        signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        os.close(reading)
        os.close(writing)
    else:
        threading.Thread(target=_watch, args=(reading,), name="romlib-umat-signals", daemon=True).start()
    _watched.append(before)


def _watch(descriptor: int) -> None:
    while True:
        for number in os.read(descriptor, 64):
            if number in _ENDING:
                _end_unless_it_returns(number)


def _end_unless_it_returns(number: int) -> None:
    before = {id(call): call.progress for call in running()}
    time.sleep(GRACE)
    stuck = [call for call in running() if before.get(id(call)) == call.progress]
    if not stuck:
        return
    text = "".join(f"error: interrupted while the UMAT {call.target.symbol} of {call.target.library} was being called; "
                   f"it has not returned for {GRACE:g} s\n  place: {call.place()}\n" for call in stuck)
    os.write(2, text.encode(errors="backslashreplace"))
    ctypes.CDLL(None).signal(number, None)  # SIG_DFL; `signal.signal` is for the main thread, which is in the UMAT
    os.kill(os.getpid(), number)
