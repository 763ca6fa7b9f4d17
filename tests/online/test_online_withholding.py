"""Bounds that are withheld: from which time on, of what, and which loads nobody knows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hand_made_rom import affine, hand_made_rom

from romlib.archive.enrichment import Enrichment
from romlib.mesh.box import box_mesh
from romlib.model import Material, Model, Pressure, Temperature
from romlib.online.withholding import never_acted, withhold_all, withhold_variables

MODEL = Model(materials={"steel": Material(law="elastic", parameters={"young": 1.0, "poisson": 0.0})},
              loads={"push": Pressure(faces="xmax"), "pull": Pressure(faces="xmin"), "heat": Temperature(field=1.0)},
              amplitudes={"push": 0.0, "pull": 1.0, "heat": 0.0}, initial_temperature=0.0)


def test_loads_that_never_acted_are_known_but_for_temperatures_and_those_that_were_answered() -> None:
    rom, _ = hand_made_rom([box_mesh("hex8", (1, 1, 1))], MODEL, [affine(0)])
    rom = replace(rom, manifest=replace(rom.manifest, trained={
        "push": (0.0, 0.0), "pull": (0.0, 1.0), "heat": (0.0, 0.0)}))
    outside = {"push": 0.5, "pull": 0.25, "heat": 0.125}
    assert never_acted(rom, outside) == {"push": 0.5}
    answer = Enrichment(number=1, kind="elastic", case="a", digest="", step=1, time=1.0, what="in words", load="push")
    assert never_acted(replace(rom, enrichments=(answer,)), outside) == {}
    step = answer.model_copy(update={"kind": "step"})
    assert never_acted(replace(rom, enrichments=(step,)), outside) == {"push": 0.5}


def test_all_bounds_are_withheld_from_the_first_time_on_at_which_such_a_load_acts() -> None:
    times, values = np.arange(4.0), {"stress": np.ones(4), "p": np.ones(4)}
    said = withhold_all(times, values, {"push": 2.0, "other": 3.0})
    for value in values.values():
        np.testing.assert_array_equal(value, [1.0, 1.0, np.nan, np.nan])
    assert len(said) == 1 and "push, other never acted" in said[0] and not withhold_all(times, values, {})


def test_where_the_bound_of_the_stress_was_useless_that_of_internal_variables_is_withheld_from_then_on() -> None:
    times = np.arange(4.0)
    values = {"stress": np.array([0.1, 1.1, 0.9, 0.9]), "p": np.array([0.1, 0.1, 0.2, 0.2]), "displacement": times}
    unknown, said = withhold_variables(times, values, already=False)
    np.testing.assert_array_equal(unknown, [False, True, True, True])
    np.testing.assert_array_equal(values["p"], [0.1, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(values["displacement"], times)
    assert len(said) == 1 and "bound of p is withheld from time 1 on" in said[0]
    values = {"stress": np.full(4, 0.01), "p": np.full(4, 0.1)}
    assert not withhold_variables(times, values, already=False)[1] and np.isfinite(values["p"]).all()
    assert np.isnan(_withheld_p(times)).all()


def _withheld_p(times: np.ndarray) -> np.ndarray:
    """Of a run that begins with a state for which it was withheld."""
    values = {"stress": np.full(len(times), 0.01), "p": np.full(len(times), 0.1)}
    withhold_variables(times, values, already=True)
    return values["p"]
