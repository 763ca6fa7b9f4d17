"""Amplitudes as a study or a case file writes them: a number, a formula, a table, or a CSV file."""

from __future__ import annotations

import csv
import math
import reprlib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from romlib.errors import InputError, StudyError
from romlib.loads.expression import compile_expression
from romlib.model import ExpressionAmplitude, TableAmplitude
from romlib.study.faults import Fault, faults_of
from romlib.study.toml_file import read_text

_LONGEST_LINE = 1000  # characters of a time and a value
FORMS = ('a number, a formula such as "95*sin(2*pi*t)", {time = [...], value = [...]}, "file.csv", '
         'or {csv = "file.csv", period = ...}')


def resolve_amplitudes(amplitudes: Any, folder: Path, key: str, faults: list[Fault]) -> Any:
    """The table of amplitudes with each entry as a description; CSV files are read, formulas compiled to check them.

    Parameters
    ----------
    amplitudes : as in the TOML file; what is no table is returned as it is, for the validation to refuse.
    folder : that of the TOML file; paths of CSV files are relative to it.
    key : place of the table in the file, for messages.
    faults : what is wrong is appended here.
    """
    if not isinstance(amplitudes, dict):
        return amplitudes
    resolved = {}
    for name, value in amplitudes.items():
        try:
            resolved[name] = _amplitude(value, folder)
        except ValidationError as error:
            given = value if isinstance(value, dict) else {"value": value}
            root: type[BaseModel] = ExpressionAmplitude if "expression" in given else TableAmplitude
            faults.extend(faults_of(error, given, root, f"{key}.{name}"))
        except InputError as error:
            where = ", ".join(str(part) for part in (error.file, error.place) if part)
            place = f" ({where})" if where else ""
            expected, found = (None if part is None else str(part) for part in (error.expected, error.found))
            faults.append(Fault(f"{key}.{name}", error.what + place, expected, found, error.remedy))
    return resolved


def _amplitude(value: Any, folder: Path) -> ExpressionAmplitude | TableAmplitude:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return TableAmplitude(time=(0.0,), value=(float(value),))
    if isinstance(value, str):
        if value.lower().endswith(".csv"):
            return TableAmplitude.model_validate(read_csv_table(folder / value))
        compile_expression(value)
        return ExpressionAmplitude(expression=value)
    if not isinstance(value, dict):
        raise StudyError("this is no amplitude", expected=FORMS, found=reprlib.repr(value))
    if "csv" in value:
        rest = {name: entry for name, entry in value.items() if name != "csv"}
        if "time" in rest or "value" in rest or not isinstance(value["csv"], str):
            raise StudyError("times and values come either from a CSV file or from the table", expected=FORMS)
        return TableAmplitude.model_validate({**rest, **read_csv_table(folder / value["csv"])})
    if "expression" in value:
        amplitude = ExpressionAmplitude.model_validate(value)
        compile_expression(amplitude.expression)
        return amplitude
    return TableAmplitude.model_validate(value)


def _begins_as_number(cell: str) -> bool:
    """Whether a cell is meant as a number, such as 0,5 or 1e: a line with one is no header."""
    return cell.lstrip("+-.")[:1].isdigit()


def read_csv_table(path: Path) -> dict[str, tuple[float, ...]]:
    """Times and values of a CSV file with two columns; a first line of two words is its header.

    Columns are separated by commas, semicolons, tabs or spaces; empty lines and lines that start with # are skipped.

    Raises
    ------
    StudyError : no such file, a line that is not two finite numbers, or no numbers at all; names file and line.
    """
    text = read_text(path, "the CSV file of this amplitude does not exist",
                     "the CSV file of this amplitude cannot be read")
    times, values = [], []
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    lines = [(number, line) for number, line in lines if line and not line.startswith("#")]
    for position, (number, line) in enumerate(lines):
        delimiter = next((d for d in (";", ",", "\t") if d in line), " ")
        try:
            row = next(csv.reader([line[:_LONGEST_LINE]], delimiter=delimiter, skipinitialspace=True))
        except csv.Error:
            row = []
        cells = [cell.strip() for cell in row if cell.strip()]
        try:
            time, value = (float(cell) for cell in cells)
        except ValueError:
            if position == 0 and len(cells) == 2 and not any(_begins_as_number(cell) for cell in cells):
                continue
            raise StudyError("a line of the CSV file is not a time and a value", file=path, place=f"line {number}",
                             expected="two numbers", found=line[:60]) from None
        if not (math.isfinite(time) and math.isfinite(value)):
            raise StudyError("the CSV file has a number that is not finite", file=path, place=f"line {number}",
                             found=line[:60])
        times.append(time)
        values.append(value)
    if not times:
        raise StudyError("the CSV file has no lines of time and value", file=path, expected="two columns: time, value")
    return {"time": tuple(times), "value": tuple(values)}
