"""Whether a stream is a terminal of a user, and whether it gets colours. Costs nothing to import.

A stream of a rank is no terminal: launchers give their ranks pseudo terminals, although their own output may be a log.
A launcher may hide that it is one, so that a terminal that is not the one of the process's session counts as none too.
NO_COLOR and FORCE_COLOR (any value but the empty one, and "0" for the latter) decide about colours, NO_COLOR first; of
moving things, such as a bar, only a real terminal has any.
"""

from __future__ import annotations

import atexit
import os
import sys
from typing import IO, Any

from romlib.launcher import launched_ranks


def is_terminal(stream: IO[Any] | None) -> bool:
    """Whether somebody looks at the stream as it is written."""
    if stream is None or launched_ranks() is not None:
        return False
    try:
        return stream.isatty() and _is_ours(stream.fileno())
    except (OSError, ValueError):  # closed, or without a file, as in a notebook
        return False


def _is_ours(descriptor: int) -> bool:
    """Whether a terminal is the controlling one, where the system can tell."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        os.tcgetpgrp(descriptor)
    except OSError:
        return False
    return True


def has_colours(stream: IO[Any] | None) -> bool:
    """Whether colours, and bold type, go to the stream."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "") not in ("", "0"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def leave_plain() -> None:
    """Let nothing but output go to a stdout without colours as the process ends.

    numba makes use of colorama where that is installed, which then ends every process with a code that resets the
    terminal: after the JSON of a rank too, because the rank's stream looks like a terminal to it.
    """
    module = sys.modules.get("colorama.initialise")
    if module is not None and not has_colours(sys.stdout):
        atexit.unregister(module.reset_all)
