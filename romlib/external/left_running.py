"""What a killed run has left running: a solver leads a session of its own, and outlives a parent that is killed.

Who starts a solver notes which process it is; the next run ends it before it begins anew, so that two solvers never
work at one time. Only a process of this host that is still the same one, by the time when it started, is ended.
"""

from __future__ import annotations

import json
from pathlib import Path

from romlib.external.process import end_group
from romlib.snapshots.atomic import write_atomically
from romlib.snapshots.leftovers import start_of, this_host


def note_process(path: Path, number: int) -> None:
    """Write which process runs, for `end_noted`."""
    noted = {"host": this_host(), "process": number, "start": start_of(number)}
    write_atomically(path, json.dumps(noted).encode())


def end_noted(path: Path) -> bool:
    """End the process that a killed run has noted, with its group; whether there was one. A file that is not there, or
    cannot be read, names none."""
    try:
        noted = json.loads(path.read_bytes())
        host, number, start = noted["host"], int(noted["process"]), noted["start"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if host != this_host() or not start or start_of(number) != start:
        return False
    end_group(number)
    return True
