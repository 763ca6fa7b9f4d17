"""What the user sees when a command fails: a message on stderr, once, and an exit status; no rank is left waiting."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from romlib.cli.interrupts import leave_if_asked
from romlib.errors import CheckError, ConvergenceError, RomlibError, SolverError, VerificationError

if TYPE_CHECKING:
    from romlib.parallel.comm import Comm

FAILED, WRONG_INPUT, UNEXPECTED = 1, 2, 3
_FAULT = "this is a fault of romlib, not of your input; please report it with the lines above"


class RomlibGroup(TyperGroup):
    """Commands whose errors become a message and an exit status, on every rank."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the words before the command."""
        try:
            return super().make_context(*arguments, **options)
        except Exception as error:
            if _is_of_typer(error):
                raise _escaped(error) from None
            raise

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, BrokenPipeError):  # the last one: whoever read our output has left
            raise
        except Exception as error:
            leave_if_asked()
            if _is_of_typer(error):
                raise _escaped(error) from None
            code = exit_code(error)
            comm: Comm | None = ctx.find_root().obj
            alone = comm is not None and comm.size > 1 and not getattr(error, "agreed", False)
            if comm is None or comm.rank == 0 or alone:
                _print(error, code)
            if alone:
                assert comm is not None
                comm.abort(code)  # the other ranks do not know
            if comm is not None:
                comm.barrier()  # the launcher ends all ranks when the first one leaves: not before rank 0 has printed
            raise typer.Exit(code) from None


def _is_of_typer(error: Exception) -> bool:
    """A wrong option or command, which typer prints with the usage."""
    return hasattr(error, "show") and hasattr(error, "exit_code")


def exit_code(error: Exception) -> int:
    """1: a check, verification, solution or external solver failed; 2: what the user can put right; 3: all else."""
    if isinstance(error, (CheckError, ConvergenceError, SolverError, VerificationError)):
        return FAILED
    return WRONG_INPUT if isinstance(error, (RomlibError, OSError)) else UNEXPECTED  # OSError: no right to write, ...


def _print(error: Exception, code: int) -> None:
    from rich.text import Text

    from romlib.cli.console import printable, stderr

    if code == UNEXPECTED:
        sys.stderr.write(printable("".join(traceback.format_exception(error))))
    message = _FAULT if code == UNEXPECTED else printable(str(error))
    stderr().print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def _escaped(error: Exception) -> Exception:
    """A wrong option: typer prints its message, in which are the words of the command line."""
    from romlib.cli.console import printable

    message = printable(error.format_message())  # type: ignore[attr-defined]
    error.format_message = lambda: message  # type: ignore[attr-defined]
    return error
