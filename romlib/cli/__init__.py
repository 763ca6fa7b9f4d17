"""The command line: one thin command per arrow of the flow, solver files -> snapshots -> ROM -> result -> report."""

from romlib.cli.app import app, main

__all__ = ["app", "main"]
