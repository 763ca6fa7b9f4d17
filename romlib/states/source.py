"""Whatever a run may start from, as a state."""

from __future__ import annotations

import reprlib
from pathlib import Path
from typing import Any

from romlib.errors import InputError
from romlib.states.file import read_state
from romlib.states.records import record_state
from romlib.states.state import SavedState
from romlib.storage.opening import kind_of


def saved_state(source: Any, time: float | None = None) -> SavedState | None:
    """The state of a solution, of a state file or of a snapshots file; None for None.

    Parameters
    ----------
    source : a path, a state, or what has a method `state`. time : of the record of a snapshots file, or of a solution;
        the last one without it.

    Raises
    ------
    InputError, FileFormatError, SchemaError : something else; a state of another time; and what reading it raises.
    """
    if isinstance(source, (str, Path)):
        if kind_of(source) == "snapshots":
            return record_state(source, time)
        source = read_state(source)
    elif source is not None and not isinstance(source, SavedState):
        if not callable(getattr(source, "state", None)):
            raise InputError("a run cannot start from this", place="start", found=reprlib.repr(source), expected=(
                "a solution, a state, or the name of a state file or a snapshots file"))
        source = source.state()
    if source is not None and time is not None and abs(source.time - time) > 1e-9 * max(1.0, abs(time)):
        raise InputError("the state is of another time", file=source.what, place="--start-time",
                         expected=f"{source.time:.12g}, the only time of the state", found=f"{time:.12g}")
    return source
