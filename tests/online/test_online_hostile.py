"""What a user may give to `solve` and to a solution by mistake: a clear error before anything is computed."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both
from hypothesis import given
from hypothesis import strategies as st

import romlib
from romlib.errors import InputError, RomlibError
from romlib.loads.amplitudes import evaluate
from romlib.loads.nodal_temperature import NodalTemperature
from romlib.mesh.box import box_mesh
from romlib.model import Constraint, Material, Model, TableAmplitude, Times, Traction
from romlib.online import history
from romlib.online.newton import NewtonOptions

MISES = Material(law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 4e3})
NOTHING = object()
HOSTILE = (None, NOTHING, float("nan"), float("inf"), -1, 0, 2.5, "x", "", b"x", [], [[]], {}, {"x": 1}, set(), 10**400,
           1j, [float("nan")], np.zeros((2, 2)), np.array(["a"]), lambda t: t)


@pytest.fixture(scope="module")
def rom(tmp_path_factory):
    model = Model(
        materials={"a": MISES}, loads={"push": Traction(faces="ymax", direction=(0, 1, 0))},
        constraints={"stretch": Constraint(nodes="xmax", components=("x",), kind="prescribed")},
        amplitudes={"push": "100*t", "stretch": "0.001*t"})
    mesh = box_mesh("hex8", (2, 1, 1), (2.0, 1.0, 1.0))
    made, data = hand_made_rom([mesh], model, [affine(1), affine(2)], liftings={"stretch": affine(0)},
                               dual={"stress": (6, True), "p": (1, False)})
    return romlib.load(write_both(tmp_path_factory.mktemp("rom") / "box.rom", made, data))


@pytest.fixture(scope="module")
def solution(rom):
    return rom.solve(times=[0.0, 0.5, 1.0])


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("name", ["case", "times", "amplitudes", "temperature", "tolerance", "max_iterations",
                                  "max_cutbacks"])
def test_solve_refuses_what_it_cannot_use(rom, name, value):
    given = {"times": [0.0, 0.1], name: value}
    harmless = {"case": [None], "temperature": [None], "amplitudes": [None, {}], "max_cutbacks": [0]}.get(name, [])
    if any(type(value) is type(one) and value == one for one in harmless):
        assert rom.solve(**given).n_step == 2
        return
    with pytest.raises(RomlibError) as error:
        rom.solve(**given)
    assert len(str(error.value)) < 2000


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_an_amplitude_that_is_none_is_refused(rom, value):
    if isinstance(value, (int, float)) and np.isfinite(value := value if value != 10**400 else np.inf):
        value = {"time": [0, 1], "value": [value]}
    with pytest.raises(RomlibError):
        rom.solve(times=[0.0, 1.0], amplitudes={"push": value})


@pytest.mark.parametrize("times", [
    [0.0], [1.0, 0.0], [0.0, 0.0], [0.0, np.nan], [0.0, np.inf], [[0.0, 1.0]], "ab", [None, 1], [0, 10**400], 3.0,
    np.arange(6_000_000), [0.0, "x"], [0.0, 1j]], ids=lambda times: repr(times)[:20])
def test_times_that_do_not_increase_or_never_end_are_refused(rom, times):
    with pytest.raises(InputError, match="times of a run") as error:
        rom.solve(times=times)
    assert len(str(error.value)) < 1000


@given(start=st.floats(allow_nan=False, allow_infinity=False), stop=st.floats(allow_nan=False, allow_infinity=False),
       step=st.floats(min_value=0, exclude_min=True, allow_nan=False, allow_infinity=False))
def test_steps_are_refused_or_increase(start, stop, step):
    try:
        times = Times(start=start, stop=stop, step=step)
    except ValueError as error:
        assert any(words in str(error) for words in ("after start", "rounding", "steps, more"))
        return
    if (stop - start) / step < 10_000:
        instants = times.instants()
        assert instants[0] == start and instants[-1] == stop and (np.diff(instants) > 0).all()


@pytest.mark.parametrize(("times", "words"), [
    ({"stop": 1.0, "step": 1e-300}, "rounding"), ({"stop": 1e9, "step": 1e-6}, "1e\\+15 steps"),
    ({"start": 1e16, "stop": 1.1e16, "step": 1.0}, "rounding"),
    ({"start": -1e308, "stop": 1e308, "step": 1e305}, "steps")])
def test_endless_runs_are_refused_with_their_number_of_steps(times, words):
    with pytest.raises(ValueError, match=words):
        Times(**times)


def test_a_history_that_does_not_fit_into_memory_is_refused_before_the_first_step(rom, monkeypatch):
    monkeypatch.setattr(history, "free_memory", lambda: 2**20)
    monkeypatch.setattr(history, "_ALWAYS_FITS", 2**10)
    with pytest.raises(InputError, match="does not fit into memory") as error:
        rom.solve(times=np.linspace(0.0, 1.0, 10_000))
    assert "10000 output times" in str(error.value)
    monkeypatch.setattr(history, "free_memory", lambda: None)
    assert rom.solve(times=[0.0, 0.1]).n_step == 2


def test_the_system_says_what_memory_is_free():
    free = history.free_memory()
    assert free is None or 2**20 < free < 2**50


@pytest.mark.parametrize("options", [
    {"tolerance": 0}, {"tolerance": np.nan}, {"tolerance": np.inf}, {"tolerance": 2.0}, {"tolerance": "x"},
    {"max_iterations": 0}, {"max_iterations": 1.5}, {"max_iterations": 10**9}, {"max_cutbacks": -1},
    {"max_cutbacks": 1000}])
def test_options_of_newton_are_bounded(options):
    with pytest.raises(InputError, match="out of range"):
        NewtonOptions(**options)


@pytest.mark.parametrize(("times", "values", "node_ids"), [
    ([0.0, np.nan], [[1.0], [2.0]], None), ([0.0, 1.0], [[1.0]], None), (0.0, [[1.0]], None),
    ([], np.empty((0, 1)), None),
    ([0.0, 1.0], [1.0, 2.0], None), (["a"], [[1.0]], None), ([1.0, 0.0], [[1.0], [1.0]], None),
    ([0.0], [[np.inf]], None)])
def test_a_temperature_that_is_none_is_refused(times, values, node_ids):
    with pytest.raises(InputError):
        NodalTemperature(times, values, node_ids)


@pytest.mark.parametrize("piece", [1, -1, 99, 0.5, "0", True, np.nan])
def test_a_piece_that_does_not_exist_is_refused(rom, solution, piece):
    everywhere = rom.solve(times=[0.0, 0.5], hyper_reduction=False)
    for one in (solution, everywhere):
        for read in (one.displacement, lambda piece, one=one: one.field("stress", piece=piece)):
            with pytest.raises(InputError, match="piece"):
                read(piece=piece)


@pytest.mark.parametrize("name", ["nothing", "", None, 3, "p_"])
def test_a_field_that_does_not_exist_is_refused(rom, solution, tmp_path, name):
    for one in (solution, rom.solve(times=[0.0, 0.5], hyper_reduction=False)):
        with pytest.raises(InputError):
            one.field(name)
        with pytest.raises(InputError):
            one.probe(name, node=1)
        with pytest.raises(InputError):
            one.at_points(name)
        with pytest.raises(InputError):
            one.write(tmp_path / "x.vtkhdf", fields=[name])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", [
    {}, {"point": (0, 0, np.nan)}, {"point": (0, 0)}, {"point": "abc"}, {"point": (0, 0, "x")}, {"point": 1.0},
    {"node": 10**9}, {"node": "x"}, {"node": 1.5}, {"node": np.nan}, {"node": True}, {"tag": "nowhere"},
    {"tag": "all", "node": 1}])
def test_a_probe_nowhere_is_refused(solution, place):
    for name in ("displacement", "stress"):
        with pytest.raises(InputError):
            solution.probe(name, **place)


@pytest.mark.parametrize("steps", [99, -99, "x", 1.5, [0, 99], [0.5], None])
def test_a_step_that_does_not_exist_is_refused(solution, steps):
    if steps is None:
        assert solution.displacement(steps).shape[-1] == 3  # as NumPy takes it: all of them
        return
    with pytest.raises(InputError, match="step"):
        solution.displacement(steps)


def test_a_table_whose_values_overflow_or_whose_period_is_lost_is_refused():
    with pytest.raises(InputError, match="no finite value"):
        evaluate(TableAmplitude(time=(0.0, 1.0), value=(-1e308, 1e308)), np.array([0.5]))
    with pytest.raises(InputError, match="period"):
        evaluate(TableAmplitude(time=(0.0, 1e-300), value=(0.0, 1.0), period=1e-300), np.array([0.0, 1.0]))
