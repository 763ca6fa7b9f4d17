"""The process that a guarded UMAT runs in: it gets batches through shared memory, and may crash alone.

Started by `_umat_guard` as `python -m romlib_plugins._umat_worker MEMORY REQUESTS REPLIES` with three file descriptors.
A request and a reply are one line of JSON each; the first request says what to load.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
from typing import Any

from romlib_plugins._umat_call import Caller, Target
from romlib_plugins._umat_exit import stay_out
from romlib_plugins._umat_shared import batch_in, shapes, size_of

from romlib.errors import LawError

PARTS = ("what", "file", "place", "expected", "found", "remedy")


def main(memory: int, requests: int, replies: int) -> None:
    """Answer requests until the other side closes its end."""
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


def _in_json(error: LawError) -> str:
    return json.dumps({"error": {part: None if getattr(error, part) is None else str(getattr(error, part))
                                 for part in PARTS}})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
