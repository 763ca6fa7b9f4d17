"""Commands to begin with: doctor, init."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from romlib.cli.commands_build import JsonOption

_STYLE = {"ok": "green", "missing": "dim", "broken": "bold red", "note": "yellow"}


def doctor(
    needed: Annotated[list[str] | None, typer.Argument(
        metavar="[WHAT]...", help="What you need, such as mpi, solve, pictures, or an extra (converters, plot, ...): "
        "what is missing of it counts as a failure.")] = None,
    json: JsonOption = False,
) -> None:
    """What this installation can do, found by trying it: packages, MPI, PETSc, pictures, solvers, threads, disks.

    Exit status 1 when something is broken, or missing although it was asked for.
    """
    from rich.text import Text

    from romlib.cli import doctor as doctoring
    from romlib.cli.console import print_json, stages, stdout, table
    from romlib.words import unknown

    with stages(0, "trying what is installed"):
        findings = doctoring.examine()
    known = doctoring.areas(findings)
    for name in needed or []:
        if name not in known:
            from romlib.errors import InputError

            raise InputError("romlib doctor knows nothing of this name", place="WHAT", **unknown(name, known))
    failed = doctoring.failed(findings, needed or [])
    if json:
        print_json({"findings": doctoring.as_rows(findings), "failed": doctoring.as_rows(failed)})
    else:
        console = stdout()
        console.print(table("Installation", ("what", "state", "found"), [
            (one.name, Text(one.state, style=_STYLE[one.state]), one.detail) for one in findings]))
        for one in findings:
            if one.remedy and (one in failed or one.state != "ok"):
                console.print(Text.assemble((f"{one.name}: ", _STYLE[one.state]), one.remedy), soft_wrap=True)
        console.print("\nAll that is there works." if not failed else f"\nNot as it should be: "
                      f"{', '.join(one.name for one in failed)}.", soft_wrap=True)
    if failed:
        raise typer.Exit(1)


class Kind(StrEnum):
    """What `romlib init` writes."""

    STUDY, CASE, CONVERTER, LAW = "study", "case", "converter", "law"


def init(
    kind: Annotated[Kind, typer.Argument(case_sensitive=False, metavar="study|case|converter|law",
                                         help="What to write.")],
    source: Annotated[list[str] | None, typer.Argument(
        metavar="[FROM]...", help="Of a study: a deck, a mesh, or snapshots files, one a training run. Of a case: a "
        "ROM. Of a converter or a law: its name.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write, which must not be there: "
                                                "by default study.toml or case.toml. Of a converter or a law: the "
                                                "folder, by default romlib_NAME.")] = None,
    like: Annotated[str | None, typer.Option(metavar="NAME", help="Of a case: the case of the ROM to begin with; by "
                                             "default its first.")] = None,
    json: JsonOption = False,
) -> None:
    """Write a commented file to begin with, which runs as it is: a study, a case, or a package of a converter or a law.

    What could not be known from FROM is marked FILL IN in the file, and listed.
    """
    from romlib.cli.console import print_json, stdout

    given = source or []
    if like is not None and kind is not Kind.CASE:
        raise typer.BadParameter("belongs to a case", param_hint="--like")
    if kind in (Kind.CONVERTER, Kind.LAW):
        target, unknown, then = _package(kind.value, given, output)
    else:
        target, unknown, then = _page(kind, [Path(one) for one in given], output, like)
    if json:
        print_json({"file": str(target), "fill_in": unknown, "next": then})
        return
    console = stdout()
    console.print(f"Written: {target}", soft_wrap=True)
    if unknown:
        console.print("\nTo fill in, marked FILL IN there:")
        for sentence in unknown:
            console.print(f"  - {sentence}", soft_wrap=True)
    console.print("\nNext:")
    for line in then:
        console.print(f"  {line}", soft_wrap=True)


def _package(kind: str, given: list[str], output: Path | None) -> tuple[Path, list[str], list[str]]:
    from romlib.templates.package import package_files, write_package

    if len(given) > 1:
        raise typer.BadParameter(f"a {kind} has one name, found {len(given)}", param_hint="FROM")
    name = given[0] if given else f"my_{kind}"
    target = output or Path(f"romlib_{name}")
    write_package(target, package_files(kind, name))
    return target, [f"what is marked HERE in romlib_{name}/{kind}.py"], [
        f"pip install -e {target}", f"python -m pytest {target}", "romlib plugins"]


def _page(kind: Kind, given: list[Path], output: Path | None, like: str | None) -> tuple[Path, list[str], list[str]]:
    from romlib.errors import InputError
    from romlib.snapshots.atomic import write_atomically
    from romlib.templates.case import case_page
    from romlib.templates.source import read_source
    from romlib.templates.study import study_page

    target = output or Path(f"{kind.value}.toml")
    if target.exists() or target.is_symlink():
        raise InputError("this file is there already, and is not replaced", file=target,
                         remedy="name another one with --output, or remove it")
    if kind is Kind.CASE:
        if len(given) > 1:
            raise typer.BadParameter(f"a case is of one ROM, found {len(given)}", param_hint="FROM")
        page = case_page(given[0] if given else None, target, like)
    else:
        page = study_page(read_source(given) if given else None, target)
    write_atomically(target, page.text().encode())
    return target, page.open, page.then
