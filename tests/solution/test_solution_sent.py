"""Solutions and ROMs are data: pickled, sent to processes, used by threads."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from bounded_bar import write_rom
from hand_made_rom import affine, hand_made_rom, write_both
from sheared_box import MISES, TIMES, write_box

import romlib
from romlib.mesh.box import box_mesh
from romlib.model import Case, Model, Temperature, TemperatureFile, ThermalExpansion, Times
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter
from romlib.solution.reader import FieldsReader

FIELDS = ("displacement", "stress", "p", "von_mises", "strain")


def assert_same(one, other):
    assert other.notes == one.notes and repr(other) == repr(one) and other.amplitudes == one.amplitudes
    for name in one.fields:
        np.testing.assert_array_equal(other.field(name), one.field(name))
    for name in ("stress", "p"):
        np.testing.assert_array_equal(other.at_points(name), one.at_points(name))
    for name, force in one.reactions.items():
        np.testing.assert_array_equal(other.reactions[name], force)
    for place in ({"point": (0.3, 0.2, 0.1)}, {"tag": "all", "reduce": "max"}):
        np.testing.assert_array_equal(other.probe("p", **place).values, one.probe("p", **place).values)


def goes_on(rom, solution, times):
    """What a run that begins with the state of a solution ends with."""
    return rom.solve(times=times, start=solution).field("stress", -1)


@pytest.mark.parametrize("hyper_reduction", [True, False])
def test_a_solution_is_pickled_as_a_whole(rom, hyper_reduction, tmp_path):
    one = rom.solve(times=TIMES, hyper_reduction=hyper_reduction)
    other = pickle.loads(pickle.dumps(one))
    assert_same(one, other)
    state, again = one.state(3), other.state(3)  # in between, for which the run is made once more
    np.testing.assert_array_equal(again.blocks[0].stress, state.blocks[0].stress)
    for name in state.run:
        np.testing.assert_array_equal(again.run[name], state.run[name])
    if hyper_reduction:
        later = np.linspace(1.0, 1.5, 3)
        np.testing.assert_array_equal(goes_on(rom, other, later), goes_on(rom, one, later))
    one.write(tmp_path / "one.vtkhdf")
    other.write(tmp_path / "other.vtkhdf")
    with romlib.open(tmp_path / "one.vtkhdf") as a, romlib.open(tmp_path / "other.vtkhdf") as b:
        assert a.model == b.model
        np.testing.assert_array_equal(a.field("stress"), b.field("stress"))


def test_bounds_of_errors_go_along_and_stand_alone(tmp_path):
    rom = romlib.load(write_rom(tmp_path / "bar.rom"))
    one = rom.solve("pull")
    sent = pickle.dumps(one)  # before they are asked for, and after
    assert one.error_bound["p"].max() > 0.0
    for other in (pickle.loads(sent), pickle.loads(pickle.dumps(one))):
        assert other.error_bound.notes == one.error_bound.notes
        for name in one.error_bound:
            np.testing.assert_array_equal(other.error_bound[name], one.error_bound[name])
    alone = pickle.loads(pickle.dumps(one.error_bound))
    assert alone.so_far(-1) == one.error_bound.so_far(-1) == one.state().bounds


def test_solutions_that_arrive_share_the_data_of_their_rom(rom):
    parts = [pickle.loads(pickle.dumps(rom.solve(times=TIMES[:k]))) for k in (3, 4, 5)]
    assert len({id(part.rom) for part in parts}) == len({id(part.reader) for part in parts}) == 1
    assert pickle.loads(pickle.dumps(rom)).reader is parts[0].reader


def test_a_temperature_in_a_file_is_opened_again_where_the_solution_arrives(tmp_path):
    mesh = box_mesh("hex8", (2, 1, 1))
    with SnapshotsWriter(tmp_path / "heat.vtkhdf", [mesh], Model(), [0.0, 1.0], {"temperature": FieldSpec("node")},
                         solver="none") as writer:
        for k in range(2):
            writer.write("temperature", k, 0, 20.0 + 100.0 * k * mesh.points[:, :1])
    hot = MISES.model_copy(update={"thermal_expansion": ThermalExpansion(
        coefficient=1e-5, strain_free_temperature=20.0, reference_temperature=20.0)})
    model = Model(materials={"a": hot}, loads={"heat": Temperature(field={"array": "T"})}, initial_temperature=20.0)
    mesh.node_arrays["T"] = mesh.points[:, 0].copy()
    made, data = hand_made_rom([mesh], model, [affine(0), affine(1)], dual={"stress": (6, True)})
    rom = romlib.load(write_both(tmp_path / "hot.rom", made, data))
    case = Case(times=Times(stop=1.0, step=0.5), temperature=TemperatureFile(file=tmp_path / "heat.vtkhdf"))
    one = rom.solve(case)
    other = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(other.state(1).blocks[0].temperature, one.state(1).blocks[0].temperature)
    assert one.state(1).blocks[0].temperature.max() > 40.0
    assert other.solved().model == one.solved().model


def solved(path, factor):
    """At the top of the module, where another process finds it."""
    rom = romlib.load(path)
    return rom.solve("box", amplitudes={"push": f"{factor}*t"})


def test_solutions_come_from_processes_that_share_nothing(tmp_path):
    rom = romlib.load(write_box(tmp_path, 2))
    factors = (60.0, 90.0)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(solved, 2 * [rom.path], factors))
        method = list(pool.map(rom.solve, ["box"]))
    for factor, other in zip(factors, found):
        assert_same(rom.solve("box", amplitudes={"push": f"{factor}*t"}), other)
    assert_same(rom.solve("box"), method[0])


def test_threads_get_what_one_would_get(rom):
    """Bit for bit: solving, reconstructing, probing, from one ROM and its one reader."""
    fresh = romlib.load(rom.path)
    factors = np.linspace(20.0, 120.0, 24)

    def work(factor):
        solution = fresh.solve("box", amplitudes={"push": f"{factor}*t"})
        return [solution.coordinates, solution.field("strain"), solution.probe("p", point=(0.3, 0.2, 0.1)).values,
                solution.probe("von_mises", tag="all", reduce="max").values, solution.displacement(-1)]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(work, factors))
    for factor, found in zip(factors, together):
        for one, other in zip(work(factor), found):
            np.testing.assert_array_equal(one, other)


def test_one_solution_is_read_by_several_threads(rom):
    one = rom.solve("box")
    fresh = replace(one, reader=FieldsReader(rom.archive, rom.fields_path, rom.path))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda k: fresh.field(FIELDS[k % len(FIELDS)], k % 6), range(40)))
    for k, values in enumerate(found):
        np.testing.assert_array_equal(values, one.field(FIELDS[k % len(FIELDS)], k % 6))
