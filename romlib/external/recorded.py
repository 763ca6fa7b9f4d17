"""A command whose end is on record, whoever still waits for it: a solver leads a session of its own, and outlives a
romlib that is killed. A small process in Python starts it, waits, and writes down how it ended.

The next romlib waits for a solver that is still at work, and takes the end of one that is not, instead of running it
again. Only a process of this host counts as being at work, and only if it is the one that was written down, by the
time when it started.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from romlib.external.process import Ended, end_group
from romlib.snapshots.leftovers import start_of, this_host

_NAP = 0.2
# Nothing but the standard library, and none of the solver's variables for Python (-I). Where the record cannot be
# written, because the folder was given up, the solver is not started.
_SCRIPT = """
import json, os, subprocess, sys, time
path, host, command = sys.argv[1], sys.argv[2], sys.argv[3:]
def write(**more):
    with open(path + ".new", "w") as file:
        json.dump({**known, **more}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
try:
    start = int(open("/proc/self/stat").read().rpartition(")")[2].split()[19])
except OSError:
    start = 0
known = {"host": host, "process": os.getpid(), "start": start, "began": time.time()}
write()
clock = time.monotonic()
try:
    status = subprocess.call(command)
except OSError as error:
    write(error=str(error))
else:
    write(status=status, seconds=time.monotonic() - clock)
"""


@dataclass(frozen=True)
class Recorded:
    """What a record says. running : the process that leads the group, while it is at work. began : clock of the host.
    ended : how the command ended, once it has. error : why it could not be started.
    """

    running: int | None = None
    began: float = 0.0
    ended: Ended | None = None
    error: str = ""


def recorded(command: Sequence[str], record: Path) -> list[str]:
    """The command with its end on record, whatever folder it runs in."""
    return [sys.executable, "-I", "-S", "-c", _SCRIPT, os.path.abspath(record), this_host(), *command]


def read_record(record: Path) -> Recorded:
    """What is on record; nothing where there is no record, or one that cannot be read."""
    try:
        found = json.loads(record.read_bytes())
        host, process, start = str(found["host"]), int(found["process"]), int(found["start"])
        began = float(found["began"])
        if "error" in found:
            return Recorded(None, began, None, str(found["error"]))
        if "status" in found:
            return Recorded(None, began, Ended(int(found["status"]), float(found["seconds"]), False))
    except (OSError, ValueError, KeyError, TypeError):
        return Recorded()
    here = host == this_host() and start > 0 and start_of(process) == start
    return Recorded(process if here else None, began)


def wait_for_end(record: Path, timeout: float | None) -> Recorded:
    """Wait for the end of a command that is at work.

    timeout : seconds since it began, after which it is ended, with all its group; so it is for an exception here.
    """
    found = read_record(record)
    while found.running is not None:
        leader, passed = found.running, time.time() - found.began
        if timeout is not None and passed > timeout:
            end_group(leader)
            return Recorded(None, found.began, Ended(-15, passed, True))
        try:
            time.sleep(_NAP)
        except BaseException:
            with contextlib.suppress(OSError):
                end_group(leader)
            raise
        found = read_record(record)
    return found
