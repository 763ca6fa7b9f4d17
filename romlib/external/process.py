"""A process and all that it starts: run to its end or to a time limit, its output in a file, nothing of it left.

POSIX only: the process leads a session of its own, so that a signal reaches it with its children.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Seconds between the request to end and the end by force. Launchers such as mpirun use them to end their ranks, which
# are in groups of their own, and licensed solvers to give their licence back.
GRACE = 5.0
_NAP = 0.05


@dataclass(frozen=True)
class Ended:
    """How a process ended. status : its exit status, or minus the number of the signal that killed it."""

    status: int
    seconds: float
    timed_out: bool


def run_process(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path, timeout: float | None
) -> Ended:
    """Run a command in a folder; its stdout and stderr go into the file `log`, its stdin is empty.

    When this returns or raises, also for a KeyboardInterrupt, no process of its group is left: past `timeout` seconds
    all of them are asked to end (SIGTERM), those that remain after GRACE are killed, and so is what an ended command
    has left running. A SIGTERM to this process ends them too, where it would end this one (in its main thread, and
    without a handler of its own).

    Raises
    ------
    OSError : the program cannot be started, or the log cannot be written. SystemExit : at a SIGTERM to this process.
    """
    with _heeding_a_request_to_end():
        return _run(command, folder, environment, log, timeout)


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path, timeout: float | None
) -> Ended:
    with open(log, "wb") as stream:
        start = time.monotonic()
        process = subprocess.Popen(list(command), cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL,
                                   stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)
    limit = _Limit(process.pid, timeout)
    try:
        with limit:
            status = process.wait()
        return Ended(status, time.monotonic() - start, limit.passed)
    finally:
        _end_group(process)


@contextlib.contextmanager
def _heeding_a_request_to_end() -> Iterator[None]:
    """Turn a SIGTERM to this process, of a batch system or of mpirun, into an exception: what it started can follow."""
    mine = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    def leave(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    if mine:
        signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


class _Limit:
    """A thread that asks a group to end once the time has passed, so that who waits for it need not look at a clock."""

    def __init__(self, group: int, timeout: float | None) -> None:
        self._group, self._timeout, self._over, self.passed = group, timeout, threading.Event(), False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        if self._timeout is not None:
            self._thread.start()

    def __exit__(self, *error: object) -> None:
        self._over.set()
        if self._timeout is not None:
            self._thread.join()

    def _watch(self) -> None:
        if self._over.wait(self._timeout):
            return
        self.passed = True
        _signal(self._group, signal.SIGTERM)
        if not self._over.wait(GRACE):
            _signal(self._group, signal.SIGKILL)


def end_group(leader: int) -> None:
    """End the group of a process that this one did not start: by request, and by force after GRACE seconds."""
    end = time.monotonic() + GRACE
    left = _signal(leader, signal.SIGTERM)
    while left and time.monotonic() < end:
        time.sleep(_NAP)
        left = _signal(leader, 0)
    if left:
        _signal(leader, signal.SIGKILL)


def _end_group(process: subprocess.Popen) -> None:
    """End what is left of a process and its group: first by request."""
    end = time.monotonic() + GRACE
    left = _signal(process.pid, signal.SIGTERM)
    while left and time.monotonic() < end:
        time.sleep(_NAP)
        process.poll()  # one that has ended counts as a member of the group until it has been asked for its status
        left = _signal(process.pid, 0)
    if left:
        _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; whether there is any process in it. Signal 0 only asks."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False
