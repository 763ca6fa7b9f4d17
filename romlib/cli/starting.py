"""What `solve` and `online` share of states: their files are checked before any work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer


def check_outputs(output: Path | None, state: Path | None, inputs: Sequence[Path]) -> None:
    """Refuse a snapshots or a state file that would replace an input, or each other.

    Raises
    ------
    InputError : see `romlib.snapshots.outputs.check_output`.
    """
    from romlib.snapshots.outputs import check_output

    if output is not None:
        check_output(output, inputs)
    if state is not None:
        check_output(state, [*inputs, *([] if output is None else [output])])


def refuse_time_alone(start: Path | None, start_time: float | None) -> None:
    """A time of a start needs the file."""
    if start is None and start_time is not None:
        raise typer.BadParameter("--start-time says which record of --start, and needs it", param_hint="--start-time")
