"""The process that a guarded UMAT runs in: it gets batches through shared memory, and may crash alone.

Started by `_umat_guard` as `python -m romlib_plugins._umat_worker MEMORY REQUESTS REPLIES PARENT FROM_MAIN`: three file
descriptors, the number of the process that started it, and whether its main thread did. A request and a reply are one
line of JSON each; the first request says what to load. It ends with its parent, whatever it is doing.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import sys
import threading
import time
from typing import Any

from romlib_plugins._umat_call import Caller, Target
from romlib_plugins._umat_exit import stay_out
from romlib_plugins._umat_shared import batch_in, shapes, size_of

from romlib.errors import LawError

_POLL = 0.5  # seconds between two looks for the parent
_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
PARTS = ("what", "file", "place", "expected", "found", "remedy")


def main(memory: int, requests: int, replies: int, parent: int, from_main: int) -> None:
    """Answer requests until the other side closes its end."""
    _end_with(parent, bool(from_main))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    stay_out()
    with os.fdopen(requests) as incoming, os.fdopen(replies, "w", buffering=1) as outgoing:
        target: dict[str, Any] = json.loads(incoming.readline())
        try:
            caller = Caller(Target(**{name: tuple(value) if isinstance(value, list) else value
                                      for name, value in target.items()}))
        except LawError as error:
            print(_in_json(error), file=outgoing)
            return
        print(json.dumps({"ready": True}), file=outgoing)
        view: mmap.mmap | None = None
        for line in incoming:
            request = json.loads(line)
            layout = shapes(request["n"], caller.target.depvar, request["tangent"], request["temperature"])
            if view is None or len(view) < size_of(layout):
                view = mmap.mmap(memory, os.fstat(memory).st_size)
            try:
                outcome = caller(batch_in(view, layout, request["time"], request["dt"]))
                answer = json.dumps({"n_failed": outcome.n_failed, "pnewdt": outcome.pnewdt})
            except LawError as error:
                answer = _in_json(error)
            print(answer, file=outgoing)


def _end_with(parent: int, from_main: bool) -> None:
    """End by SIGKILL when the parent has ended, also while a UMAT loops.

    On Linux the kernel sees to it; its signal comes with the end of the thread that started this process, so that it is
    asked for only where that was the main one. Everywhere a thread looks: compiled code leaves Python to it.
    """
    if from_main and sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, ctypes.c_ulong(signal.SIGKILL))

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_POLL)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


def _in_json(error: LawError) -> str:
    return json.dumps({"error": {part: None if getattr(error, part) is None else str(getattr(error, part))
                                 for part in PARTS}})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
