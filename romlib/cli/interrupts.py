"""Signals that end a command: unfinished files are removed, one line says so, the exit status is 128 + the signal.

The main thread raises `Interrupted`, so that every `with` statement cleans up. Where it cannot (it waits in MPI, in a
solver or a law), or does not come to an end, a second thread removes what is registered and ends the process. Code that
neither returns nor lets other threads run cannot be helped: SIGKILL is left, and the next run of the same output
removes what remains.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, NoReturn

from romlib.launcher import is_first_rank, launched_ranks

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))  # Windows
ANSWER = 0.1  # seconds in which the main thread begins to clean up; mpirun kills a second after its SIGTERM
OTHERS = 0.4  # seconds that the other ranks have to clean up: mpirun kills them soon after the first one has ended
PATIENCE = 15.0  # seconds that it then has, which is enough to end an external solver


class Interrupted(BaseException):
    """A signal wants this process to end. number : the signal."""

    def __init__(self, number: int, swallowed: threading.Event) -> None:
        super().__init__(number)
        self.number, self._swallowed = number, swallowed

    def __del__(self) -> None:
        """Only what has caught and dropped the exception comes here: `main` ends the process while it has it."""
        self._swallowed.set()


class _Request:
    """The first signal that came, and what has become of its exception."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.answered, self.swallowed = threading.Event(), threading.Event()

    def answer(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signals, in the main thread; once it cleans up, further signals change nothing."""
        if self.number is None or self.swallowed.is_set():
            self.number = number
            self.swallowed.clear()
            self.answered.set()
            if _imports(frame):
                leave(number)
            raise Interrupted(number, self.swallowed)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported: compiled ones (VTK's) crash where an exception ends what they import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


_requests: list[_Request] = []  # one at most


def heed_signals() -> None:
    """From now on SIGINT, SIGTERM and SIGHUP end this process in order. Those that are ignored (nohup) stay so."""
    request = _Request()
    _requests[:] = [request]
    for number in SIGNALS:  # first of all: until then, Ctrl-C is answered by Python
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, request.answer)
    _print_no_interrupts()
    reading, writing = os.pipe()
    if hasattr(os, "set_blocking"):  # on Windows since Python 3.12
        os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading, request), daemon=True, name="romlib signals").start()


def heed_no_longer() -> None:
    """The command is done, and what is left is to leave: a signal that comes now has nothing to stop.

    Python would take the handlers away before MPI and HDF5 are closed, and end by the signal, with the output there.
    """
    for number in SIGNALS:
        if _requests and signal.getsignal(number) == _requests[0].answer:
            signal.signal(number, signal.SIG_IGN)


def leave_if_asked() -> None:
    """End the process where a signal has come, whatever a library has made of its exception."""
    for request in _requests:
        if request.number is not None:
            leave(request.number)


def leave(number: int) -> NoReturn:
    """The last words, of rank 0, and the end; not that of HDF5 and MPI, which would wait for others, or fail."""
    with contextlib.suppress(BaseException):
        leftovers = sys.modules.get("romlib.snapshots.leftovers")  # without it there is nothing to remove
        if leftovers is not None:
            leftovers.remove_live()
        if is_first_rank():
            os.write(2, f"error: stopped by {signal.Signals(number).name}; unfinished files were removed\n".encode())
        sys.stdout.flush()
    if launched_ranks() is not None:
        time.sleep(OTHERS)
    os._exit(128 + number)


def _watch(reading: int, request: _Request) -> None:
    """Of the second thread: see that a signal has its effect."""
    while (number := os.read(reading, 1)[0]) not in SIGNALS:
        pass
    request.answered.wait(ANSWER)
    end = time.monotonic() + (PATIENCE if request.answered.is_set() else 0.0)
    while (left := end - time.monotonic()) > 0:
        if request.swallowed.wait(left):  # some library takes every exception for its own: once more
            os.kill(os.getpid(), number)
            time.sleep(ANSWER)
    leave(number)


def _print_no_interrupts() -> None:
    """Where Python or a library can only print the exception and go on, the second thread raises it again."""
    ignored, uncaught = sys.unraisablehook, sys.excepthook

    def unraisable(details: Any) -> None:
        if not issubclass(details.exc_type, Interrupted):
            ignored(details)

    def excepthook(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if not issubclass(kind, Interrupted):
            uncaught(kind, error, trace)

    sys.unraisablehook, sys.excepthook = unraisable, excepthook
