"""What the user sees when a command fails: a message on stderr, once, and an exit status; no rank is left waiting."""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from romlib.cli.interrupts import leave_if_asked
from romlib.errors import CheckError, ConvergenceError, InputError, RomlibError, SolverError, VerificationError
from romlib.launcher import is_first_rank

if TYPE_CHECKING:
    from romlib.parallel.comm import Comm

FAILED, WRONG_INPUT, UNEXPECTED = 1, 2, 3
_FIRST = 5.0  # seconds that the first rank has for an error from before there is MPI
_FAULT = "this is a fault of romlib, not of your input; please report it with the lines above"


class RomlibGroup(TyperGroup):
    """Commands whose errors become a message and an exit status, on every rank."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the words before the command."""
        from romlib.cli.console import printing

        try:
            with printing(sys.stdout):  # of the help, which typer prints
                return super().make_context(*arguments, **options)
        except InputError as error:
            _print(error, WRONG_INPUT)
            raise typer.Exit(WRONG_INPUT) from None
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
            alone = comm is not None and comm.size > 1 and not _is_agreed(error)
            if comm is None and not is_first_rank():
                time.sleep(_FIRST)  # the launcher ends the others when the first one has printed the same, and left
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


def _is_agreed(error: Exception) -> bool:
    from romlib.parallel.comm import is_agreed

    return is_agreed(error)


def exit_code(error: Exception) -> int:
    """1: a check, verification, solution or external solver failed; 2: what the user can put right; 3: all else."""
    if isinstance(error, (CheckError, ConvergenceError, SolverError, VerificationError)):
        return FAILED
    return WRONG_INPUT if isinstance(error, (RomlibError, OSError)) else UNEXPECTED  # OSError: no right to write, ...


def _print(error: Exception, code: int) -> None:
    from rich.text import Text

    from romlib.cli.console import printable, printing, stderr

    message = _FAULT if code == UNEXPECTED else printable(str(error))
    with suppress(InputError):  # standard error cannot be written to: the exit status is left
        with printing(sys.stderr):
            if code == UNEXPECTED:
                sys.stderr.write(printable("".join(traceback.format_exception(error))))
        stderr().print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def _escaped(error: Exception) -> Exception:
    """A wrong option: typer prints its message, in which are the words of the command line."""
    from romlib.cli.console import printable

    message = printable(error.format_message())  # type: ignore[attr-defined]
    error.format_message = lambda: message  # type: ignore[attr-defined]
    return error
