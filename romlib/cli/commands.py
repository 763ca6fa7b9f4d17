"""The commands together, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
import warnings
from typing import IO, Annotated, Any

import typer

from romlib.cli import (
    commands_build,
    commands_certify,
    commands_clusters,
    commands_enrich,
    commands_export,
    commands_external,
    commands_greedy,
    commands_inspect,
    commands_life,
    commands_look,
    commands_plot,
    commands_probe,
    commands_report,
    commands_solve,
    commands_start,
    commands_validate,
)
from romlib.cli.failures import RomlibGroup
from romlib.cli.terminal import has_colours

app = typer.Typer(
    cls=RomlibGroup, no_args_is_help=True, add_completion=True, rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Reduced order models of nonlinear structures, from the files of any finite element solver.

    The usual order:

      romlib convert zset cube.inp -o cube.vtkhdf
      romlib check cube.vtkhdf --study study.toml
      mpirun -n 2 romlib offline study.toml -o cube.rom
      romlib online cube.rom --case NAME -o result.vtkhdf
      romlib compare result.vtkhdf reference.vtkhdf
      romlib plot result.vtkhdf --field p -o p.png
    """,
    epilog="Exit status: 0 done; 1 the check failed or is undecided, a ROM misses its own training cases or the "
           "accuracy that was asked for, a bound is above a tolerance, a life rests on what nothing has checked, a "
           "solution did not converge, or an external solver failed; 2 wrong input or a full disk; 3 a fault of "
           "romlib; 130 and 143: stopped by Ctrl-C or SIGTERM.")


def _print_version(wanted: bool) -> None:
    if wanted:
        from romlib.cli.doctor import versions

        found = versions()
        typer.echo(f"romlib {found.pop('romlib')}")
        typer.echo(", ".join(f"{name} {version}" for name, version in found.items()))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the versions of romlib and of what it "
                                       "runs on, and leave.", is_eager=True,
                                          callback=_print_version)] = False,
) -> None:
    """Options before the command; each acts by its callback."""


_BUILD, _LOOK = "Build a ROM and use it", "Look at files"
app.command("init", rich_help_panel=_BUILD)(commands_start.init)
app.command("convert", rich_help_panel=_BUILD)(commands_build.convert)
app.command("external", rich_help_panel=_BUILD)(commands_external.external)
app.command("check", rich_help_panel=_BUILD)(commands_inspect.check)
app.command("clusters", rich_help_panel=_BUILD)(commands_clusters.clusters)
app.command("offline", rich_help_panel=_BUILD)(commands_build.offline)
app.command("enrich", rich_help_panel=_BUILD)(commands_enrich.enrich)
app.command("online", rich_help_panel=_BUILD)(commands_build.online)
app.command("greedy", rich_help_panel=_BUILD)(commands_greedy.greedy)
app.command("solve", rich_help_panel=_BUILD)(commands_solve.solve)
app.command("certify", rich_help_panel=_LOOK)(commands_certify.certify)
app.command("validate", rich_help_panel=_LOOK)(commands_validate.validate)
app.command("compare", rich_help_panel=_LOOK)(commands_look.compare)
app.command("life", rich_help_panel=_LOOK)(commands_life.life)
app.command("report", rich_help_panel=_LOOK)(commands_report.report)
app.command("plot", rich_help_panel=_LOOK)(commands_plot.plot)
app.command("export", rich_help_panel=_LOOK)(commands_export.export)
app.command("probe", rich_help_panel=_LOOK)(commands_probe.probe)
app.command("info", rich_help_panel=_LOOK)(commands_inspect.info)
app.command("plugins", rich_help_panel=_LOOK)(commands_inspect.plugins)
app.command("doctor", rich_help_panel=_LOOK)(commands_start.doctor)


def prepare() -> None:
    """What has to be set before the first command: warnings and the console of typer print as all else does."""
    warnings.showwarning = _show_warning
    streams = (sys.stdout, sys.stderr)  # typer has a console of its own for help and usage, with one switch for both
    if any(has_colours(stream) != _coloured_by_typer(stream) for stream in streams):
        from typer import rich_utils

        rich_utils.FORCE_TERMINAL = all(map(has_colours, streams))
        rich_utils.COLOR_SYSTEM = "auto" if rich_utils.FORCE_TERMINAL else None
    if not all(map(has_colours, streams)):
        # Where colorama is installed (mkdocs-material brings it), numba prints its code for "no colour" as Python ends,
        # into whatever a launcher makes look like a terminal: --json under mpirun would be no JSON.
        os.environ.setdefault("NUMBA_DISABLE_ERROR_MESSAGE_HIGHLIGHTING", "1")


def _coloured_by_typer(stream: IO[str] | None) -> bool:
    forced = any(os.environ.get(name) for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS", "TTY_COMPATIBLE"))
    return forced or (stream is not None and stream.isatty())


def _show_warning(*arguments: Any, **options: Any) -> None:
    from romlib.cli.console import show_warning

    show_warning(*arguments, **options)
