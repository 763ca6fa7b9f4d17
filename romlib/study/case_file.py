"""A case in a file of its own: the same keys as a table [cases.NAME] of a study."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from romlib.errors import StudyError
from romlib.model import Amplitude, Case, ExpressionAmplitude
from romlib.snapshots.atomic import atomic_target
from romlib.study.amplitudes import resolve_amplitudes
from romlib.study.faults import Fault, faults_of, refuse
from romlib.study.toml_file import read_toml


def read_case_file(path: str | Path) -> Case:
    """Read a case; paths of CSV amplitudes are relative to the file.

    Raises
    ------
    StudyError : names the file, the key, the value and what is allowed.
    """
    path = Path(path)
    _, raw = read_toml(path, "case file")
    faults: list[Fault] = []
    if "amplitudes" in raw:
        raw["amplitudes"] = resolve_amplitudes(raw["amplitudes"], path.parent, "amplitudes", faults)
    if not faults:
        try:
            return Case.model_validate(raw)
        except ValidationError as error:
            faults = faults_of(error, raw, Case)
    raise refuse(path, faults)


def is_case_file(path: Path) -> bool:
    """Whether a file could be a case file: TOML with times."""
    try:
        return "times" in read_toml(path, "case file")[1]
    except StudyError:
        return False


def case_to_toml(case: Case) -> str:
    """The text of a case file; `read_case_file` reads the same case back."""
    lines = [f"description = {json.dumps(case.description, ensure_ascii=False)}", ""] if case.description else []
    times = case.times
    if times.values is not None:
        lines.append(f"times = {_numbers(times.values)}")
    else:
        lines.append(f"times = {{ start = {times.start!r}, stop = {times.stop!r}, step = {times.step!r} }}")
    for name, amplitude in case.amplitudes.items():
        lines += ["", f"[amplitudes.{_key(name)}]", *_amplitude_lines(amplitude)]
    return "\n".join(lines) + "\n"


def write_case_file(path: str | Path, case: Case) -> None:
    """Write a case as TOML; the file appears whole or not at all."""
    with atomic_target(Path(path)) as temporary:
        temporary.write_text(case_to_toml(case), encoding="utf-8")


def _amplitude_lines(amplitude: Amplitude) -> list[str]:
    if isinstance(amplitude, ExpressionAmplitude):
        return [f"expression = {json.dumps(amplitude.expression, ensure_ascii=False)}"]
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


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else json.dumps(name, ensure_ascii=False)
