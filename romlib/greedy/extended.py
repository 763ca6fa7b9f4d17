"""A study with candidates that were run among its training runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from romlib.model import Case
from romlib.study.case_file import amplitude_lines, toml_key, toml_value
from romlib.study.study import Study, Training


def extended(study: Study, cases: Mapping[str, Case], files: Mapping[str, Path]) -> Study:
    """The study with a training run for each of the files, which have the amplitudes and parameters of their cases.

    cases : candidates. files : the snapshots files of those that train, by candidate, in order. The text of the study,
    which a ROM keeps, has the new runs at its end.
    """
    if not files:
        return study
    runs = [Training(name=name, snapshots=path, amplitudes=cases[name].amplitudes, parameters=cases[name].parameters,
                     temperature=cases[name].temperature) for name, path in files.items()]
    copy = study.model_copy(update={
        "training": (*study.training, *runs),
        "cases": {name: case for name, case in study.cases.items() if name not in files}})
    folder = Path() if study.path is None else study.path.parent
    copy._text = "\n".join([study.text.rstrip("\n"), *(line for run in runs for line in _lines(run, folder))]) + "\n"
    return copy


def _lines(run: Training, folder: Path) -> list[str]:
    """A training run in TOML; paths from the folder of the study."""
    lines = ["", "[[training]]                                   # by romlib greedy", f"name = {toml_value(run.name)}",
             f"snapshots = {toml_value(os.path.relpath(run.snapshots, folder))}"]
    if run.temperature is not None:
        stored = run.temperature.model_dump(mode="json", exclude_defaults=True)
        lines.append(f"temperature = {toml_value({**stored, 'file': os.path.relpath(run.temperature.file, folder)})}")
    if run.parameters:
        lines.append(f"parameters = {toml_value(dict(run.parameters))}")
    for name, amplitude in run.amplitudes.items():
        lines += [f"[training.amplitudes.{toml_key(name)}]", *amplitude_lines(amplitude)]
    return lines
