"""Temporary files and folders whose names say which process they belong to, and the removal of what dead ones left.

A name ends in `.romlib-HOST-PID-START-RANDOM.part`: the host (with the process's own view of process numbers, so that
two containers are two hosts), the process, when it started, and random digits. A process that is killed cannot clean
up; the next run that writes the same output removes what belongs to a process of this host that does not live any more,
and of another host, whose processes cannot be seen from here, what has not been touched for a week.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from pathlib import Path

OLD = 7 * 24 * 3600.0  # seconds after which a leftover of another host is removed
_TRIES = 10  # to empty a folder in which another thread, which a signal is about to end, goes on making files
_MOST_BYTES = 120  # of the output's own name, so that no name gets longer than file systems allow (255 bytes)
_TAG = re.compile(r"\.romlib-(?P<host>\w+)-(?P<pid>\d+)-(?P<start>\d+)-[0-9a-f]{12}\.(part|old)\Z", re.ASCII)
_live: dict[Path, int] = {}  # what this process has to remove when it ends early: path -> process that made it


def temporary_path(folder: Path, name: str, suffix: str = "part") -> Path:
    """A new path `.NAME.romlib-HOST-PID-START-RANDOM.SUFFIX` in a folder; nothing is created."""
    pid = os.getpid()
    return folder / f"{_stem(name)}.romlib-{this_host()}-{pid}-{start_of(pid) or 0}-{secrets.token_hex(6)}.{suffix}"


def remember(path: Path) -> None:
    """The process has this file or folder; `remove_live` removes it."""
    _live[path] = os.getpid()


def discard(path: Path) -> None:
    """Remove a temporary file or folder of this process, if it is still there, and forget it."""
    _live.pop(path, None)
    _remove(path)


def forget(path: Path) -> None:
    """The file is no temporary file any more."""
    _live.pop(path, None)


def remove_live() -> None:
    """Remove every temporary file and folder of this process: for a signal that ends it, from whichever thread."""
    for path, pid in list(_live.items()):
        if pid == os.getpid():  # a forked process has inherited the list, not the files
            discard(path)


def remove_leftovers(folder: Path, name: str) -> list[Path]:
    """Remove what dead processes left of the temporary files or folders `name` in a folder; what was removed."""
    removed, stem = [], _stem(name)
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            tag = _TAG.search(entry.name)
            if tag and entry.name[:tag.start()] == stem and _is_dead(tag, Path(entry.path)):
                _remove(Path(entry.path))
                removed.append(Path(entry.path))
    return removed


def _stem(name: str) -> str:
    return "." + name.encode(errors="surrogateescape")[:_MOST_BYTES].decode(errors="ignore").lstrip(".")


def _is_dead(tag: re.Match[str], path: Path) -> bool:
    if tag["host"] != this_host():
        return time.time() - _last_change(path) > OLD
    pid, start = int(tag["pid"]), int(tag["start"])
    found = start_of(pid)
    return found is None or (start > 0 and 0 < found != start)


def _last_change(path: Path) -> float:
    """Of a file, or of a folder and the files in it."""
    times = []
    with contextlib.suppress(OSError):
        for each in (path, *(path.iterdir() if path.is_dir() and not path.is_symlink() else ())):
            times.append(each.lstat().st_mtime)
    return max(times, default=time.time())


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        for _ in range(_TRIES):
            if not path.is_dir() or path.is_symlink():
                path.unlink(missing_ok=True)
                return
            shutil.rmtree(path, ignore_errors=True)


@functools.cache
def this_host() -> str:
    """Name of the host and a few digits of the name with the process's view of process numbers."""
    name = socket.gethostname()
    try:
        view = os.readlink("/proc/self/ns/pid")
    except OSError:  # a system without them has one view
        view = ""
    digits = hashlib.sha256(f"{name}/{view}".encode(errors="surrogateescape")).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9]', '_', name)[:24]}_{digits}"


def start_of(pid: int) -> int | None:
    """When a process started, in ticks since the system did; 0 where that cannot be told; None where it is dead."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _start_without_proc(pid)
    except OSError:
        return None if not Path(f"/proc/{pid}").exists() else 0
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else int(rest[18])  # a zombie is dead, only not yet buried


def _start_without_proc(pid: int) -> int | None:
    if os.name == "nt":  # where os.kill would end the process
        return 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass
    return 0
