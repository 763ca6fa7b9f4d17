"""Commands that make files: convert, offline, online."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from romlib.cli.case_options import (
    CaseFileOption,
    ParameterOption,
    StartOption,
    StartTimeOption,
    WriteStateOption,
    check_outputs,
    given_case,
    parameter_values,
    refuse_time_alone,
    temperature_file,
)
from romlib.words import plural

if TYPE_CHECKING:
    from romlib.snapshots.error_bounds import ErrorBounds


def _alone(wanted: bool) -> bool:
    if wanted:
        from romlib.cli.console import keep_stdout_for_us

        keep_stdout_for_us()
    return wanted


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on stdout.", callback=_alone)]


def convert(
    format: Annotated[str | None, typer.Argument(help="Format of the source, see --list; auto: known by the content of "
                                                 "the files.", metavar="FORMAT", show_default=False)] = None,
    source: Annotated[list[Path] | None, typer.Argument(help="File, folder or files of the solver.",
                                                        metavar="SOURCE", show_default=False)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o",
                                                help="The snapshots file (.vtkhdf) to write.")] = None,
    pieces: Annotated[int | None, typer.Option(min=1, help="Cut the mesh into so many pieces; by default as the "
                                               "solver has it. Offline uses at most as many ranks.")] = None,
    units: Annotated[str | None, typer.Option(help='Unit system of the files, such as "mm, N, MPa, s, degC". '
                                              "Nothing is ever converted.")] = None,
    option: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", help="An option of the converter; "
                                                     "may be repeated.")] = None,
    nodal: Annotated[bool, typer.Option("--nodal", help="Add values at nodes and of cells, made of those at the "
                                        "integration points, for ParaView to show.")] = False,
    case: Annotated[bool, typer.Option("--case", help="Write the times and amplitudes of a deck, which needs no "
                                       "results, as a case file (.toml) for `romlib online --case-file`.")] = False,
    accept: Annotated[list[str] | None, typer.Option(metavar="NAME", help="With --case: something of the deck that "
                                                     "does virtual work and that the case goes without; may be "
                                                     "repeated.")] = None,
    formats: Annotated[bool, typer.Option("--list", help="List the formats, what each reads, and whether the library "
                                          "that reads it is installed.")] = False,
    json: JsonOption = False,
) -> None:
    """Convert the files of a solver into a snapshots file, which ParaView opens as it is."""
    from romlib.cli.console import counted, print_json, stdout
    from romlib.files import file_or_folder
    from romlib.snapshots.conversion import convert as convert_files
    from romlib.snapshots.formats import AUTO, converter_for
    from romlib.snapshots.outputs import check_output

    if formats:
        _list_formats(json)
        return
    for given, name, what in ((format, "FORMAT", "auto, or one of romlib convert --list"),
                              (source, "SOURCE", "files of the solver"), (output, "--output", "-o NAME.vtkhdf")):
        if not given:
            raise typer.BadParameter(f"missing; expected {what}", param_hint=name)
    assert format is not None and source is not None and output is not None
    source = [file_or_folder(path) for path in source]
    if case:
        check_output(output, source)
        for name, unused in (("--pieces", pieces), ("--option", option), ("--nodal", nodal)):
            if unused:
                raise typer.BadParameter("a case is read from the deck alone", param_hint=name)
        _convert_case(converter_for(format, source), source, output, tuple(accept or ()), units, json)
        return
    if accept:
        raise typer.BadParameter("belongs to --case; the study of a ROM accepts omissions", param_hint="--accept")
    with counted(f"converting {', '.join(path.name for path in source)}") as progress:
        used = convert_files(source, output, format, pieces=pieces, units=units,
                             options=converter_options(option or []), nodal=nodal, progress=progress)
    from romlib.cli.describe import show_snapshots
    from romlib.cli.next_steps import after_convert, show_next
    from romlib.snapshots.info import info

    summary = info(output)
    if json:
        print_json({"format": used, **summary})
        return
    if format == AUTO:
        stdout().print(f"Recognised as {used}")
    show_snapshots(stdout(), summary, brief=True)
    show_next(stdout(), after_convert(output, summary))


def _list_formats(json: bool) -> None:
    from dataclasses import asdict

    from romlib.cli.console import print_json, stdout, table
    from romlib.snapshots.formats import installed_formats

    found = installed_formats()
    if json:
        print_json([{**asdict(one), "ready": one.ready} for one in found])
        return
    stdout().print(table("Formats", ("format", "what it reads", "files", "reader", "state"), [
        (one.name, one.reads, " ".join(one.suffixes), one.reader or "romlib's own",
         "ready" if one.ready else "see below") for one in found]))
    for one in found:
        if not one.ready:
            stdout().print(f"{one.name} {one.state}", soft_wrap=True)
    stdout().print("\nromlib convert auto FILE -o NAME.vtkhdf recognises a file by its content.", soft_wrap=True)


def converter_options(texts: list[str]) -> dict[str, Any]:
    """KEY=VALUE pairs; a value that TOML reads as a number, a truth value or a list is one, else it is text."""
    import tomllib

    options: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"expected KEY=VALUE, found {text!r}", param_hint="--option")
        try:
            options[key.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            options[key.strip()] = value
    return options


def _convert_case(
    converter: Any, source: list[Path], output: Path, accept: tuple[str, ...], units: str | None, json: bool
) -> None:
    from romlib.cli.console import pairs, print_json, stderr, stdout, table
    from romlib.cli.file_info import times_in_words
    from romlib.errors import UnsupportedError
    from romlib.snapshots.converter import CaseReader, DeckReader
    from romlib.snapshots.outputs import check_output, files_read, is_snapshots, refuse_files_of, refuse_inputs
    from romlib.study.case_file import is_case_file, write_case_file
    from romlib.study.deck_case import case_of_deck, has_fields, temperature_path, write_temperature

    name = converter.name
    if not isinstance(converter, (CaseReader, DeckReader)):
        raise UnsupportedError(f"the converter {name} cannot read the history of a deck", place="--case",
                               remedy="write the case file by hand: the same keys as [cases.NAME] of a study")
    if len(source) != 1:
        raise typer.BadParameter(f"--case reads one deck, found {len(source)}", param_hint="SOURCE")
    omissions: tuple = ()
    refuse_files_of(source[0], output, is_case_file)
    with files_read() as read:
        if isinstance(converter, DeckReader):
            deck = converter.read_deck(source[0])
            case, omissions = case_of_deck(deck, accept, units), deck.model.omissions
        else:
            case = converter.read_case(source[0])
            stderr().print(f"note: the converter {name} does not say what else the deck has: mesh, materials, "
                           "constraints and load patterns cannot be compared with those of a ROM, only names of loads")
    refuse_inputs(output, read)
    if isinstance(converter, DeckReader) and has_fields(deck):
        beside = temperature_path(output)
        check_output(beside, [*source, output])
        refuse_files_of(source[0], beside, is_snapshots)
        refuse_inputs(beside, read)
        case = case.model_copy(update={"temperature": write_temperature(deck, beside)})
    write_case_file(output, case)
    if json:
        print_json({"file": str(output), "case": case.model_dump(mode="json"),
                    "omissions": [one.model_dump() for one in omissions]})
        return
    stdout().print(f"Case written to {output}", soft_wrap=True)
    stdout().print(pairs("", [
        ("times", times_in_words(case)), ("amplitudes", ", ".join(case.amplitudes) or "none"),
        *([] if case.temperature is None else [("temperature", case.temperature.file.name)])]))
    if omissions:
        stdout().print(table("In the deck, but not in the case", ("name", "does virtual work", "what it is"), [
            (one.name, "yes: accepted" if one.does_work else "no", one.description) for one in omissions]))


def offline(
    context: typer.Context,
    study: Annotated[Path, typer.Argument(help="The study file (.toml).", metavar="STUDY")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The ROM to write: X.rom, with X.fields.rom beside.")],
    skip_check: Annotated[bool, typer.Option("--skip-check", help="Train without the nonintrusivity check.")] = False,
    scratch: Annotated[Path | None, typer.Option(help="Where scratch files go, which may take many gigabytes; by "
                                                 "default the folder of the ROM.", metavar="FOLDER")] = None,
    accept_errors: Annotated[bool, typer.Option("--accept-errors", help="Write the ROM although it does not reproduce "
                                                "its own training cases within the limits of the study; the ROM says "
                                                "so.")] = False,
    json: JsonOption = False,
) -> None:
    """Train a ROM from a study. Runs the nonintrusivity check first, and refuses to go on when it fails.

    Ends by solving the training cases with the ROM: exit status 1, and no ROM, where an error is beyond its limit; exit
    status 1 with the ROM written where it misses the accuracy that the study states ([offline] accuracy).

    Works in parallel over the pieces of the snapshots file: mpirun -n N romlib offline ...
    """
    from romlib.cli.console import print_json, stages, stdout
    from romlib.parallel.comm import world

    comm = world()
    context.find_root().obj = comm
    with comm.agreement():
        from romlib.study.pipeline import train

        with (
            stages(comm.rank, f"training {output.name} on {plural(comm.size, 'rank')}") as progress,
            train(study, comm, output=output, skip_check=skip_check, accept_errors=accept_errors, scratch=scratch,
                  progress=progress) as trained,
        ):
            report = trained.write()
    if comm.rank == 0:
        if json:
            print_json({"rom": str(output), "ranks": comm.size, **report.to_dict()})
        else:
            from romlib.archive.romfile import read_rom
            from romlib.cli.describe import show_training
            from romlib.cli.next_steps import after_offline, show_next

            show_training(stdout(), output, report, comm.size)
            show_next(stdout(), after_offline(output, read_rom(output).cases))
    accuracy = report.accuracy
    if accuracy is not None and not accuracy.met and not accuracy.by_default:
        raise typer.Exit(1)


def online(
    rom: Annotated[Path, typer.Argument(help="The ROM (.rom).", metavar="ROM")],
    case: Annotated[str | None, typer.Option(help="A case that the ROM has from its study.", metavar="NAME")] = None,
    case_file: CaseFileOption = None,
    parameter: ParameterOption = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the fields as a snapshots file: needs "
                                                "the .fields.rom beside the ROM.")] = None,
    fields: Annotated[str | None, typer.Option(
        "--fields", "--field", help="Fields to write, separated by commas; by default displacement and the dual fields "
        "of the ROM.", metavar="NAMES")] = None,
    no_nodal: Annotated[bool, typer.Option("--no-nodal", help="Leave out the values at nodes and of cells that "
                                           "ParaView shows: a smaller file.")] = False,
    temperature: Annotated[str | None, typer.Option(help="A nodal temperature history instead of the temperature loads "
                                                    "of the ROM: a snapshots file or a thermal result, by default its "
                                                    "field temperature.", metavar="FILE[:FIELD]")] = None,
    cluster: Annotated[int | None, typer.Option(min=0, metavar="NUMBER", help="Solve in the basis of this cluster, "
                                                "whatever the ROM would choose.")] = None,
    full_integration: Annotated[bool, typer.Option("--no-hyper-reduction", help="Integrate at all points, to tell the "
                                                   "error of the modes from that of the selected points.")] = False,
    start: StartOption = None,
    start_time: StartTimeOption = None,
    write_state: WriteStateOption = None,
    tolerance: Annotated[list[str] | None, typer.Option(
        metavar="NUMBER|NAME=NUMBER", help="Exit with status 1 where the bound of a relative error is above this, or "
        "withheld: of every quantity, or of displacement, stress, p, ...; may be repeated.")] = None,
    enrich: Annotated[Path | None, typer.Option(metavar="STUDY", help="Enrich the ROM as the run goes on: where a "
                                                "bound passes the tolerance, a full-order step takes its place, and "
                                                "the ROM is trained again. The study of the ROM.")] = None,
    budget: Annotated[int, typer.Option(min=0, help="With --enrich: at most so many full-order steps on this case, "
                                        "those of earlier calls included.")] = 10,
    newton_tolerance: Annotated[float, typer.Option(min=0.0, help="Newton converges when the residual is below this "
                                                    "part of the forces.")] = 1e-8,
    json: JsonOption = False,
) -> None:
    """Solve a case with a ROM, with bounds of its errors. One process; needs neither MPI nor the solver."""
    import time

    import romlib
    from romlib.archive.romfile import fields_path
    from romlib.cli.commands_enrich import enrich_online
    from romlib.cli.console import counted, watching
    from romlib.cli.error_bounds import tolerances_of
    from romlib.states.source import saved_state

    if enrich is not None:
        others = {"--parameter": parameter, "--temperature": temperature, "--start": start, "--fields": fields,
                  "--write-state": write_state, "--cluster": cluster, "--no-hyper-reduction": full_integration or None}
        enrich_online(enrich, rom, case, case_file, output, tolerance, budget, json,
                      [name for name, value in others.items() if value is not None], not no_nodal)
        return
    stored = None if temperature is None else temperature_file(temperature)
    values = parameter_values(parameter)
    refuse_time_alone(start, start_time)
    heat = None if stored is None else stored.file
    check_outputs(output, write_state, [rom, fields_path(rom), start, heat], case_file)
    model = romlib.load(rom)
    definition = given_case(case, case_file, model.archive.cases, "ROM")
    if fields is not None and output is None:
        raise typer.BadParameter("--fields says what to write, and needs --output", param_hint="--fields")
    tolerances = tolerances_of(tolerance, model.archive, rom)
    with counted(f"solving {case or (case_file or rom).name}") as progress:
        clock = time.perf_counter()
        solution = model.solve(case=definition, parameters=values, temperature=stored,
                               start=saved_state(start, start_time), cluster=cluster,
                               hyper_reduction=not full_integration, tolerance=newton_tolerance,
                               watch=watching(progress))
        wall = time.perf_counter() - clock
    with nullcontext() if write_state is None else solution.pending_state(write_state):  # both files appear, or none
        if output is not None:
            with counted(f"writing {output.name}"):
                solution.write(output, fields=names_of(fields), nodal=not no_nodal)
    from romlib.cli.describe import online_summary

    summary = online_summary(solution, rom, case or str(case_file), wall, output)
    _show_run(summary, solution.error_bound, tolerances, json)


def _show_run(summary: dict[str, Any], bounds: ErrorBounds, tolerances: dict[str, float], json: bool) -> None:
    """Print an online run; exit with 1 where a bound is above its tolerance."""
    from romlib.cli.console import print_json, stderr, stdout
    from romlib.cli.describe import show_online
    from romlib.cli.error_bounds import passed_to_dict, say_passed

    passed = bounds.passed(tolerances)
    summary |= {"tolerances": tolerances, "passed": [passed_to_dict(one) for one in passed]}
    print_json(summary) if json else show_online(stdout(), summary)
    if passed:
        say_passed(stderr(), passed)
        raise typer.Exit(1)


def names_of(text: str | None) -> list[str] | None:
    """The names of an option that takes several, separated by commas."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
