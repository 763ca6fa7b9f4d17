"""The folder in which Open MPI's launcher and the ranks of a host meet, and the room that they need there.

It is in the folder for temporary files. Where that is full, MPI does not say so: its start fails in one of many ways, a
rank ends by a signal as it touches a page that has no room (SIGBUS), or mpirun waits for ever. It is found out about
here, before MPI is started.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from romlib.errors import InputError

_FOLDER = "PMIX_SERVER_TMPDIR"  # set by mpirun for the ranks of its host
NEEDED = 10 * 2**20  # bytes: two segments of 4 MiB for the ranks' addresses, and small files


def refuse_full_session_folder() -> None:
    """Raise where there is no room for what Open MPI is going to write; with other launchers nothing is known.

    Raises
    ------
    InputError : names the folder, the room that is needed and that there is.
    """
    folder = os.environ.get(_FOLDER)
    if folder is None:
        return
    try:
        room = shutil.disk_usage(folder).free + _occupied(Path(folder))  # another rank may have begun
    except OSError:
        return
    if room < NEEDED:
        raise InputError(
            "the folder for temporary files has no room for MPI to start", file=folder,
            expected=f"room for {NEEDED / 1e6:.1f} MB", found=f"{room / 1e6:.1f} MB",
            remedy="free some room, or give a folder on another disk: TMPDIR=FOLDER mpirun -n N romlib ...")


def _occupied(folder: Path) -> int:
    """Bytes on disk of the files below a folder."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except OSError:  # it is gone
                continue
    return total
