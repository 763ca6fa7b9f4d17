"""A UMAT in a process of its own: a crash, an exit or a hang becomes a LawError that says which call it was.

The process is started anew, not forked, so that this works under MPI; variables of the MPI launcher are taken out of
its environment. Before each call it writes the number of the point into memory that both share. Laws with the same
parameters share a process; it ends with the last of them, or when this process ends, whatever it is doing then.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from typing import IO, Any

import numpy as np
from romlib_plugins._umat_call import Batch, Outcome, Target
from romlib_plugins._umat_shared import INPUTS, OUTPUTS, batch_in, shapes, size_of
from romlib_plugins._umat_shim import EXIT_STATUS

from romlib.errors import LawError

TIMEOUT = 60.0  # seconds that one call of a UMAT may take; loading it, and compiling the loop, may take START_TIMEOUT
START_TIMEOUT = 300.0
_POLL = 0.2
_KEPT_OUTPUT = 2**20
_SHOWN_LINES = 8
_LAUNCHERS = ("OMPI_", "PMIX_", "PMI_", "PRTE_", "ORTE_", "MPI_", "MPICH_", "HYDRA_", "HYDI_", "I_MPI_")

_starting = threading.Lock()
_workers: weakref.WeakValueDictionary[str, _Worker] = weakref.WeakValueDictionary()


class GuardedCaller:
    """Like `_umat_call.Caller`, in another process; it raises LawError where the process dies.

    Raises
    ------
    LawError : what `_umat_library` raises, from there; or the process dies while the library is loaded.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._worker = _worker_of(target)

    def __call__(self, batch: Batch) -> Outcome:
        """Integrate a batch; outputs are in its arrays.

        Raises
        ------
        LawError : the process died in a call, or a call took longer than TIMEOUT.
        """
        worker = self._worker
        if worker.dead:
            worker = self._worker = _worker_of(self.target)
        return worker.integrate(batch)


def _worker_of(target: Target) -> _Worker:
    key = json.dumps(target.to_dict(), sort_keys=True)
    with _starting:
        worker = _workers.get(key)
        if worker is None or worker.dead:
            worker = _workers[key] = _Worker(target)
        return worker


class _Worker:
    """The process and what leads to it."""

    def __init__(self, target: Target) -> None:
        self.target, self.dead, self._lock = target, False, threading.Lock()
        shared = "/dev/shm" if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK) else None
        self._memory: IO[bytes] = tempfile.TemporaryFile(dir=shared)  # noqa: SIM115 (closed by _close)
        self._memory.truncate(mmap.PAGESIZE)
        self._view = mmap.mmap(self._memory.fileno(), 0)
        self._output: IO[bytes] = tempfile.TemporaryFile("a+b")  # noqa: SIM115
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        descriptors = (self._memory.fileno(), theirs_in, theirs_out)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "romlib_plugins._umat_worker", *map(str, descriptors), str(os.getpid()),
                 str(int(threading.current_thread() is threading.main_thread()))],
                pass_fds=descriptors, stdin=subprocess.DEVNULL, stdout=self._output, stderr=self._output,
                env=_clean_environment())
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._requests, self._replies = os.fdopen(ours_out, "w", buffering=1), os.fdopen(ours_in, "rb")
        self._end = weakref.finalize(
            self, _close, self._process, self._requests, self._replies, self._memory, self._output)
        self._progress: np.ndarray = np.ndarray((1,), np.int64, self._view)
        self._progress[0] = -1
        self._ask(target.to_dict(), None)

    def integrate(self, batch: Batch) -> Outcome:
        """One batch there and back; threads take turns."""
        with self._lock:
            return self._integrate(batch)

    def _integrate(self, batch: Batch) -> Outcome:
        n, tangent, temperature = len(batch.cells), len(batch.tangent) > 0, len(batch.temperature) > 0
        layout = shapes(n, self.target.depvar, tangent, temperature)
        if len(self._view) < size_of(layout):
            self._memory.truncate(size_of(layout))
            self._view = mmap.mmap(self._memory.fileno(), 0)
            self._progress = np.ndarray((1,), np.int64, self._view)
        there = batch_in(self._view, layout, batch.time, batch.dt)
        for name in INPUTS:
            getattr(there, name)[...] = getattr(batch, name)
        there.failure[...] = 0
        self._progress[0] = -1
        reply = self._ask({"n": n, "tangent": tangent, "temperature": temperature, "time": batch.time, "dt": batch.dt},
                          batch)
        for name in OUTPUTS:
            getattr(batch, name)[...] = getattr(there, name)
        if os.fstat(self._output.fileno()).st_size > _KEPT_OUTPUT:
            self._output.truncate(0)
        return Outcome(reply["n_failed"], reply["pnewdt"])

    def _ask(self, request: dict[str, Any], batch: Batch | None) -> dict[str, Any]:
        with contextlib.suppress(BrokenPipeError):  # it is dead already: the reply says so
            print(json.dumps(request), file=self._requests)
        line = self._wait(batch)
        reply = json.loads(line)
        if "error" in reply:
            parts = reply["error"]
            raise LawError(parts.pop("what"), **parts)
        return reply

    def _wait(self, batch: Batch | None) -> bytes:
        """The next line; where there is none, the process has died or hangs."""
        last, since = int(self._progress[0]), time.monotonic()
        while True:
            if select.select([self._replies], [], [], _POLL)[0]:
                line = self._replies.readline()
                if line.endswith(b"\n"):
                    return line
                raise self._crash(batch, self._process.wait())
            now, called = time.monotonic(), int(self._progress[0])
            if called != last:
                last, since = called, now
            if now - since > (START_TIMEOUT if called < 0 else TIMEOUT):
                self._process.kill()
                self._process.wait()
                raise self._crash(batch, None)

    def _crash(self, batch: Batch | None, status: int | None) -> LawError:
        self.dead = True
        called = int(self._progress[0])
        if batch is None:
            place = "while it was loaded"
        else:
            place = batch.place(called) if called >= 0 else "before its first call of the batch"
        output = self._last_output()
        self._end()
        return LawError(
            f"the UMAT {_how(status)}", file=self.target.library, place=place,
            found=f"symbol {self.target.symbol}" + (f"; it wrote\n    {output}" if output else "; it wrote nothing"),
            remedy="run it with these inputs under a debugger; frequent causes: fewer PROPS or STATEV than it uses, "
                   "an argument that romlib passes as zero (see the plug-in's documentation), a call of STOP or XIT")

    def _last_output(self) -> str:
        self._output.seek(max(0, self._output.seek(0, os.SEEK_END) - 8192))
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return "\n    ".join(lines[-_SHOWN_LINES:])


def _how(status: int | None) -> str:
    """The way in which a process ended, None: it was killed because it hung."""
    if status is None:
        return f"hangs: one call took more than {TIMEOUT:g} s"
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"crashed: signal {-status} ({signal.Signals(-status).name})"
        return f"crashed: signal {-status}"
    if status == EXIT_STATUS:
        return "ended the analysis (XIT)"
    return f"ended the process: exit status {status} (STOP or exit)"


def _clean_environment() -> dict[str, str]:
    """Without what would make the process, or an MPI inside the library, believe that it is a rank of this run."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_LAUNCHERS)}


def _close(process: subprocess.Popen[bytes], *streams: IO[str] | IO[bytes]) -> None:
    for stream in streams:
        with contextlib.suppress(OSError):
            stream.close()
    try:
        process.wait(2.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

