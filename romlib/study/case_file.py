"""A case in a file of its own: the same keys as a table [cases.NAME] of a study, and what the deck of it has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from romlib.errors import StudyError
from romlib.model import Amplitude, Case, ExpressionAmplitude
from romlib.snapshots.atomic import write_atomically
from romlib.study.amplitudes import resolve_amplitudes
from romlib.study.faults import Fault, faults_of, refuse
from romlib.study.toml_file import read_toml


def read_case_file(path: str | Path) -> Case:
    """Read a case; paths of CSV amplitudes and of a temperature are relative to the file.

    Raises
    ------
    StudyError : names the file, the key, the value and what is allowed.
    """
    path = Path(path)
    _, raw = read_toml(path, "case file")
    faults: list[Fault] = []
    if "amplitudes" in raw:
        raw["amplitudes"] = resolve_amplitudes(raw["amplitudes"], path.parent, "amplitudes", faults)
    resolve_temperature(raw, path.parent)
    if not faults:
        try:
            return Case.model_validate(raw)
        except ValidationError as error:
            faults = faults_of(error, raw, Case)
    raise refuse(path, faults)


def resolve_temperature(raw: dict[str, Any], folder: Path) -> None:
    """Make `temperature` of a raw case or training run, a name or a table, a table with a path from this folder."""
    given = raw.get("temperature")
    if isinstance(given, str):
        given = raw["temperature"] = {"file": given}
    if isinstance(given, dict) and isinstance(given.get("file"), str):
        given["file"] = folder / given["file"]


def is_case_file(path: Path) -> bool:
    """Whether a file could be a case file: TOML with times."""
    try:
        return "times" in read_toml(path, "case file")[1]
    except StudyError:
        return False


def case_to_toml(case: Case, folder: Path | None = None) -> str:
    """The text of a case file; `read_case_file` reads the same case back.

    folder : of the case file; the path of a temperature is written relative to it, where it lies below.
    """
    lines = [f"description = {toml_value(case.description)}", ""] if case.description else []
    times = case.times
    if times.values is not None:
        lines.append(f"times = {_numbers(times.values)}")
    else:
        lines.append(f"times = {{ start = {times.start!r}, stop = {times.stop!r}, step = {times.step!r} }}")
    if case.temperature is not None:
        stored = case.temperature.model_dump(mode="json", exclude_defaults=True)
        if folder is not None and case.temperature.file.is_relative_to(folder):
            stored["file"] = str(case.temperature.file.relative_to(folder))
        lines.append(f"temperature = {toml_value(stored)}")
    if case.accepted:
        lines.append(f"accepted = {toml_value(list(case.accepted))}")
    if case.parameters:
        lines += ["", "[parameters]", *(f"{toml_key(name)} = {value!r}" for name, value in case.parameters.items())]
    for name, amplitude in case.amplitudes.items():
        lines += ["", f"[amplitudes.{toml_key(name)}]", *amplitude_lines(amplitude)]
    for omission in case.omissions:
        entries = omission.model_dump().items()
        lines += ["", "[[omissions]]", *(f"{key} = {toml_value(value)}" for key, value in entries)]
    if case.identity is not None:
        lines += ["", "# What the deck has besides amplitudes, to be compared with what a ROM was trained with.",
                  *_tables("identity", case.identity.model_dump(mode="json", exclude_defaults=True))]
    return "\n".join(lines) + "\n"


def _tables(key: str, entries: dict[str, Any]) -> list[str]:
    """A table and those below it; the content of a material and what is no table are written inline."""
    below = {name: entry for name, entry in entries.items() if isinstance(entry, dict) and name != "content"}
    lines = [f"{toml_key(name)} = {toml_value(entry)}" for name, entry in entries.items() if name not in below]
    lines = [f"[{key}]", *lines, ""] if lines else []
    return [*lines, *(line for name, entry in below.items() for line in _tables(f"{key}.{toml_key(name)}", entry))]


def toml_value(value: Any) -> str:
    """A value as TOML has it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml_key(name)} = {toml_value(entry)}" for name, entry in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(entry) for entry in value) + "]"
    if isinstance(value, str):  # TOML has the escapes of JSON, and wants DEL escaped too
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def write_case_file(path: str | Path, case: Case) -> None:
    """Write a case as TOML; the file appears whole or not at all."""
    write_atomically(path, case_to_toml(case, Path(path).parent).encode())


def amplitude_lines(amplitude: Amplitude) -> list[str]:
    """The entries of a table that is an amplitude."""
    if isinstance(amplitude, ExpressionAmplitude):
        return [f"expression = {toml_value(amplitude.expression)}"]
    lines = [f"time = {_numbers(amplitude.time)}", f"value = {_numbers(amplitude.value)}"]
    if amplitude.period is not None:
        lines.append(f"period = {amplitude.period!r}")
    if amplitude.start != 0.0:
        lines.append(f"start = {amplitude.start!r}")
    if amplitude.end is not None:
        lines.append(f"end = {amplitude.end!r}")
    return lines


def _numbers(values: tuple[float, ...]) -> str:
    return "[" + ", ".join(repr(float(value)) for value in values) + "]"


def toml_key(name: str) -> str:
    """A name as a key of TOML."""
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else toml_value(name)
