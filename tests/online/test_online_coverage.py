"""A case that leaves the training range is said to."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from romlib.archive.manifest import Manifest
from romlib.model import Model
from romlib.online.coverage import outside_training

ROM = SimpleNamespace(manifest=Manifest("x", trained={"pull": (-100.0, 120.0), "heat": (20.0, 20.0)}))
TIMES = np.linspace(0.0, 1.0, 11)


@pytest.mark.parametrize(("pull", "heat", "said"), [
    ("120*t", 20.0, []), ("-100*t", 20.0, []), ("120.0000001*t", 20.0, []),
    ("130*t", 20.0, ["pull"]), ("-101*t", 20.0, ["pull"]),
    ("10*t", "20 + t", ["heat"]), ("200*t", 0.0, ["pull", "heat"]),
])
def test_each_load_outside_its_range_is_named_with_both_ranges(pull: str, heat: object, said: list[str]) -> None:
    amplitudes = Model.model_validate({"amplitudes": {"pull": pull, "heat": heat, "other": 1e9}}).amplitudes
    notes = outside_training(ROM, amplitudes, TIMES)  # type: ignore[arg-type]
    assert [note.what for note in notes] == [note.sentence.split()[0] for note in notes] == said
    assert all("extrapolates" in note.sentence for note in notes)


def test_figures_of_both_ranges_are_in_the_note() -> None:
    amplitudes = Model.model_validate({"amplitudes": {"pull": "130*t"}}).amplitudes
    (note,) = outside_training(ROM, amplitudes, TIMES)  # type: ignore[arg-type]
    assert "from 0 to 130" in note.sentence and "from -100 to 120" in note.sentence
    assert note.since == 1.0  # at the time before it is 117
