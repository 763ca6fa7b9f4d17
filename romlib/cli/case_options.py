"""What `solve` and `online` share: which case is solved, from which state, and where its result may go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from romlib.model import Case, TemperatureFile

CaseFileOption = Annotated[Path | None, typer.Option(help=r"A case in a TOML file: keys as in \[cases.NAME].")]
ParameterOption = Annotated[list[str] | None, typer.Option(
    metavar="NAME=NUMBER", help="The value of a parameter that the materials name, in place of the case's; may be "
                               "repeated.")]
StartOption = Annotated[Path | None, typer.Option(
    metavar="FILE", help="Begin with this state: a file that --write-state wrote, or a snapshots file with "
                         "displacement, stress and all internal variables (its last record).")]
StartTimeOption = Annotated[float | None, typer.Option(help="The time of the record to begin with.")]
WriteStateOption = Annotated[Path | None, typer.Option(help="Write the state at the end, for --start.",
                                                       metavar="FILE")]


def given_case(case: str | None, case_file: Path | None, known: Iterable[str], of: str) -> str | Case:
    """The name of a case, or what a case file has.

    known : the names that there are. of : whose they are, in words.

    Raises
    ------
    InputError : not exactly one of the two; what `romlib.study.case_file.read_case_file` refuses.
    """
    from romlib.errors import InputError
    from romlib.study.case_file import read_case_file

    if (case is None) == (case_file is None):
        raise InputError("give either --case or --case-file", place="--case",
                         expected=f"--case-file, or a case: {', '.join(known) or f'none in this {of}'}")
    return case if case_file is None else read_case_file(case_file)  # type: ignore[return-value]


def check_outputs(
    output: Path | None, state: Path | None, inputs: Sequence[Path | None], case_file: Path | None = None
) -> None:
    """Refuse a snapshots or a state file that would replace an input, what a case file names, or each other.

    Raises
    ------
    InputError : see `romlib.snapshots.outputs.check_output`.
    """
    from romlib.snapshots.outputs import check_output
    from romlib.study.inputs import files_of

    if output is None and state is None:
        return
    read = [file for file in inputs if file is not None]
    read += [] if case_file is None else files_of(case_file, "case file")
    if output is not None:
        check_output(output, read)
    if state is not None:
        check_output(state, [*read, *([] if output is None else [output])])


def refuse_time_alone(start: Path | None, start_time: float | None) -> None:
    """A time of a start needs the file."""
    if start is None and start_time is not None:
        raise typer.BadParameter("--start-time says which record of --start, and needs it", param_hint="--start-time")


def parameter_values(texts: list[str] | None) -> dict[str, float]:
    """NAME=NUMBER pairs."""
    return named_numbers(texts, "--parameter")


def named_numbers(
    texts: list[str] | None, option: str, positive: bool = False, nameless: bool = False
) -> dict[str, float]:
    """NAME=NUMBER pairs of an option, each name once. positive : the numbers are above zero, and finite.

    nameless : a NUMBER alone is one, too, by the name "".
    """
    values: dict[str, float] = {}
    for text in texts or []:
        name, equals, number = text.rpartition("=")
        name = name.strip()
        try:
            value = float(number)
        except ValueError:
            value = None
        if value is None or (positive and not 0.0 < value < float("inf")) or not (name or (nameless and not equals)):
            form = ("NUMBER or " if nameless else "") + "NAME=NUMBER" + (", above zero" if positive else "")
            raise typer.BadParameter(f"expected {form}, found {text!r}", param_hint=option)
        if name in values:
            raise typer.BadParameter(f"found two numbers of {name or 'all'}", param_hint=option)
        values[name] = value
    return values


def temperature_file(text: str) -> TemperatureFile:
    """FILE or FILE:FIELD; a file whose own name has a colon is taken as it is."""
    from romlib.files import is_file
    from romlib.model import TemperatureFile

    file, colon, name = text.rpartition(":")
    if not colon or not name or is_file(Path(text)):
        return TemperatureFile(file=Path(text))
    return TemperatureFile(file=Path(file), field=name)
