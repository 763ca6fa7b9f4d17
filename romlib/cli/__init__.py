"""The command line: one thin command per arrow of the flow, solver files -> snapshots -> ROM -> result -> report."""

from __future__ import annotations

import faulthandler
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from romlib.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Entry point of the `romlib` command."""
    try:
        from romlib.cli.interrupts import heed_no_longer, heed_signals, leave_if_asked
    except KeyboardInterrupt:  # Python's own answer to Ctrl-C, while there is none of ours; nothing has begun
        os._exit(130)
    try:
        heed_signals()  # before anything large is imported, so that Ctrl-C is never answered by a traceback
        if sys.stderr is not None:
            faulthandler.enable()  # a crash in a library of a law shows where it was
        from romlib.cli.commands import app, prepare

        prepare()
        app(prog_name="romlib")
    except BaseException as error:  # an Interrupted, or what a library has made of it
        leave_if_asked()
        if isinstance(error, KeyboardInterrupt):  # it came before the handler was there
            os._exit(130)
        if isinstance(error, SystemExit):
            heed_no_longer()
            from romlib.cli.terminal import leave_plain

            leave_plain()
        raise


def __getattr__(name: str) -> Any:
    if name == "app":
        from romlib.cli.commands import app

        return app
    raise AttributeError(f"module 'romlib.cli' has no attribute {name!r}")
