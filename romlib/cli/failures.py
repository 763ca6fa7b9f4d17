"""What the user sees when a command fails: a message on stderr, once, and an exit status; no rank is left waiting."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from romlib.cli.interrupts import leave_if_asked
from romlib.errors import CheckError, ConvergenceError, RomlibError, SolverError

if TYPE_CHECKING:
    from romlib.parallel.comm import Comm

FAILED, WRONG_INPUT, UNEXPECTED = 1, 2, 3
_FAULT = "this is a fault of romlib, not of your input; please report it with the lines above"


class RomlibGroup(TyperGroup):
    """Commands whose errors become a message and an exit status, on every rank."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, BrokenPipeError):  # the last one: whoever read our output has left
            raise
        except Exception as error:
            leave_if_asked()
            if hasattr(error, "show") and hasattr(error, "exit_code"):  # a wrong option: typer prints it with the usage
                raise
            code = exit_code(error)
            comm: Comm | None = ctx.find_root().obj
            alone = comm is not None and comm.size > 1 and not getattr(error, "_agreed", False)
            if comm is None or comm.rank == 0 or alone:
                _print(error, code)
            if alone:
                assert comm is not None
                comm.abort(code)  # the other ranks do not know
            if comm is not None:
                comm.barrier()  # the launcher ends all ranks when the first one leaves: not before rank 0 has printed
            raise typer.Exit(code) from None


def exit_code(error: Exception) -> int:
    """1 for a check, a solution or an external solver that failed, 2 for what the user can put right, 3 else."""
    if isinstance(error, (CheckError, ConvergenceError, SolverError)):
        return FAILED
    return WRONG_INPUT if isinstance(error, (RomlibError, OSError)) else UNEXPECTED  # OSError: no right to write, ...


def _print(error: Exception, code: int) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if code == UNEXPECTED:
        traceback.print_exception(error, file=sys.stderr)
    console.print(Text.assemble(("error: ", "bold red"), _FAULT if code == UNEXPECTED else str(error)))
