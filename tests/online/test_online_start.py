"""Runs that begin with a state: two halves are the whole, from memory and from files; what is another's is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both

import romlib
from romlib.errors import ConvergenceError, FileFormatError, InputError
from romlib.mesh.box import box_mesh
from romlib.model import Constraint, Material, Model, Temperature, ThermalExpansion, Traction
from romlib.online.newton import NewtonOptions
from romlib.online.reduced import case_histories, reduced_problem
from romlib.online.run import ReducedRun, solve
from romlib.snapshots import Snapshots

TIMES = np.linspace(0.0, 2.0, 21)
BAR = box_mesh("hex8", (3, 1, 1), (2.0, 1.0, 1.0))


def model(hardening=4e3, expansion=1e-5):
    return Model(
        materials={"steel": Material(
            law="mises", parameters={"young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": hardening},
            thermal_expansion=ThermalExpansion(coefficient=expansion, reference_temperature=20.0))},
        constraints={"x": Constraint(nodes="xmin", components=("x",)),
                     "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed", value=1.0)},
        loads={"push": Traction(faces="ymax", direction=(0, 1, 0)), "heat": Temperature(field=1.0)},
        amplitudes={"pull": "0.004*sin(3*t)", "push": "150*sin(5*t)", "heat": "20 + 60*t"}, initial_temperature=20.0)


def bend(points):
    u = np.zeros_like(points)
    u[:, 1] = points[:, 0] ** 2
    return u


@pytest.fixture(scope="module")
def rom(tmp_path_factory):
    path = tmp_path_factory.mktemp("rom") / "bar.rom"
    modes = (affine(1), affine(2), affine(1, 2), bend)
    return romlib.load(write_both(path, *hand_made_rom(
        [BAR], model(), modes, liftings={"pull": lambda points: points * [0.5, 0, 0]},
        dual={"stress": (6, True), "p": (1, False), "plastic_strain": (6, True)})))


@pytest.fixture(scope="module")
def whole(rom):
    return rom.solve(times=TIMES)


def same(first, second, steps=slice(None), bound=1e-12):
    for name in ("coordinates", "iterations", "cutbacks"):
        of = getattr(second, name)[steps]
        np.testing.assert_allclose(getattr(first, name)[1:], of[1:], rtol=0, atol=bound * np.abs(of).max(initial=1e-30))
    for name in ("stress", "p", "plastic_strain"):
        of = second.at_points(name)[steps]
        np.testing.assert_allclose(first.at_points(name), of, rtol=0, atol=bound * np.abs(of).max())
    for name, values in second.reactions.items():
        np.testing.assert_allclose(first.reactions[name], values[steps], rtol=0, atol=bound * np.abs(values).max())


def test_something_happens_in_both_halves(whole):
    p = whole.at_points("p")[:, 0, 0]
    assert p[10] > 1e-4 and p[20] > p[10] + 1e-4
    assert whole.iterations.sum() > 40


@pytest.mark.parametrize("half", [1, 10, 15])
def test_a_run_in_two_halves_is_the_whole_from_memory_and_from_a_file(rom, whole, tmp_path, half):
    first = rom.solve(times=TIMES[:half + 1])
    same(rom.solve(times=TIMES[half:], start=first), whole, slice(half, None))
    first.write_state(tmp_path / "half.state")
    second = romlib.load(rom.path).solve(times=TIMES[half:], start=tmp_path / "half.state")
    same(second, whole, slice(half, None))
    assert any("half.state" in note and f"time {TIMES[half]:g}" in note for note in second.notes)


def test_a_run_goes_on_from_any_step_of_a_solution(rom, whole):
    for step in (3, -5):
        same(rom.solve(times=TIMES[step:], start=whole.state(step)), whole, slice(step, None))
    same(rom.solve(times=TIMES, start=whole.state(0)), whole)
    with pytest.raises(InputError, match="no such step"):
        whole.state(21)


def test_a_third_part_follows_the_second(rom, whole):
    second = rom.solve(times=TIMES[5:13], start=whole.state(5))
    same(rom.solve(times=TIMES[12:], start=second), whole, slice(12, None))


def test_all_points_are_a_start_too(rom):
    full = rom.solve(times=TIMES, hyper_reduction=False)
    second = rom.solve(times=TIMES[10:], start=full.state(10), hyper_reduction=False)
    np.testing.assert_allclose(second.coordinates, full.coordinates[10:], rtol=0,
                               atol=1e-12 * np.abs(full.coordinates).max())


def test_a_run_with_cuts_goes_on_with_its_step_size(rom):
    strict = {"max_iterations": 3, "max_cutbacks": 20}
    whole = rom.solve(times=TIMES[::4], **strict)
    assert whole.cutbacks.sum() > 2
    first = rom.solve(times=TIMES[:9:4], **strict)
    same(rom.solve(times=TIMES[8::4], start=first, **strict), whole, slice(2, None))


def test_a_full_field_is_a_start_for_a_rom(rom, whole, tmp_path):
    """Of a run over all points, whose fields are as they were integrated: nothing but the predictor is lost."""
    exact = rom.solve(times=TIMES, tolerance=1e-13)
    half = rom.solve(times=TIMES[:11], tolerance=1e-13, hyper_reduction=False)
    half.write(tmp_path / "half.vtkhdf", ["displacement", "stress", "p", "plastic_strain"])
    second = rom.solve(times=TIMES[10:], start=tmp_path / "half.vtkhdf", tolerance=1e-13)
    scale = np.abs(exact.coordinates).max()
    np.testing.assert_allclose(second.coordinates, exact.coordinates[10:], rtol=0, atol=1e-10 * scale)
    np.testing.assert_allclose(second.at_points("p"), exact.at_points("p")[10:], rtol=0, atol=1e-11)
    assert "represent to" in second.notes[0]


def test_a_file_that_lacks_what_a_state_needs_is_refused_by_name(rom, whole, tmp_path):
    for fields, match in ((["displacement", "p", "plastic_strain"], "without stress"),
                          (["displacement", "stress", "p"], "lacks internal variables of material 'steel'")):
        whole.write(tmp_path / "few.vtkhdf", fields)
        with pytest.raises(InputError, match=match) as caught:
            rom.solve(times=[2.0, 3.0], start=tmp_path / "few.vtkhdf")
        assert caught.value.remedy and "few.vtkhdf" in str(caught.value)


def test_a_start_of_another_time_is_refused_with_both(rom, whole):
    with pytest.raises(InputError, match="does not begin at the time of the state") as caught:
        rom.solve(times=[1.0, 3.0], start=whole)
    assert "2" in str(caught.value.expected) and caught.value.found == "1"


def test_what_is_no_state_is_refused(rom, tmp_path):
    with pytest.raises(InputError, match="cannot start from this"):
        rom.solve(times=TIMES, start=3.0)
    with pytest.raises(FileFormatError, match="not a state"):
        rom.solve(times=TIMES, start=rom.path)
    with pytest.raises(InputError, match="does not exist"):
        rom.solve(times=TIMES, start=tmp_path / "nothing.state")


def another(tmp_path, of, mesh=BAR, name="other.rom"):
    return romlib.load(write_both(tmp_path / name, *hand_made_rom(
        [mesh], of, (affine(1), affine(2), affine(1, 2), bend),
        liftings={"pull": lambda points: points * [0.5, 0, 0]}, dual={"stress": (6, True)})))


def test_a_state_of_another_rom_is_refused(whole, tmp_path):
    with pytest.raises(InputError, match="another ROM"):
        another(tmp_path, model()).solve(times=[2.0, 3.0], start=whole)


def test_a_field_of_another_mesh_material_or_body_is_refused(rom, whole, tmp_path):
    whole.write(tmp_path / "whole.vtkhdf", ["displacement", "stress", "p", "plastic_strain"])
    harder, finer = another(tmp_path, model(hardening=5e3)), box_mesh("hex8", (4, 1, 1), (2.0, 1.0, 1.0))
    with pytest.raises(InputError, match="another material") as caught:
        harder.solve(times=[2.0, 3.0], start=tmp_path / "whole.vtkhdf")
    assert "linear_hardening" in caught.value.place
    with pytest.raises(InputError, match=r"lacks .* integration points|elsewhere"):
        another(tmp_path, model(), finer).solve(times=[2.0, 3.0], start=tmp_path / "whole.vtkhdf")
    longer = box_mesh("hex8", (3, 1, 1), (2.5, 1.0, 1.0))
    with pytest.raises(InputError, match="elsewhere in this mesh"):
        another(tmp_path, model(), longer).solve(times=[2.0, 3.0], start=tmp_path / "whole.vtkhdf")


def test_what_is_written_of_a_resumed_run_says_so(rom, whole, tmp_path):
    second = rom.solve(times=TIMES[10:], start=whole.state(10))
    second.write(tmp_path / "second.vtkhdf")
    with Snapshots(tmp_path / "second.vtkhdf") as file:
        assert file.model.starts_from_state and file.model.initial_time == 0.0 and file.times[0] == TIMES[10]
        from romlib.check.check import check
        with pytest.raises(InputError, match="began with a state"):
            check(file)


@pytest.fixture
def run(rom):
    stored = rom.archive
    return ReducedRun(reduced_problem(stored, stored.model), case_histories(stored, stored.model, {}, TIMES))


def test_a_step_that_is_taken_back_gives_the_same_again(rom, whole, run):
    for _ in range(7):
        run.advance()
    before = run.state
    first = run.advance()
    then = run.state
    run.rollback()
    assert run.state is before and run.step == 7
    with pytest.raises(InputError, match="no step to take back"):
        run.rollback()
    assert run.advance() == first
    for array, other in ((run.state.committed.gamma, then.committed.gamma),
                         (run.state.committed.points[0].stress, then.committed.points[0].stress)):
        np.testing.assert_array_equal(array, other)
    while not run.done:
        run.advance()
    np.testing.assert_array_equal(run.state.committed.gamma, whole.coordinates[-1])
    with pytest.raises(InputError, match="last output time"):
        run.advance()


def test_a_step_that_fails_leaves_the_run_where_it_was(rom):
    stored = rom.archive
    run = ReducedRun(reduced_problem(stored, stored.model), case_histories(stored, stored.model, {}, TIMES[::10]),
                     NewtonOptions(max_iterations=2, max_cutbacks=2))
    before = run.state
    with pytest.raises(ConvergenceError):
        run.advance()
    assert run.state is before and run.step == 0


def test_the_loop_over_advance_is_what_solve_does(rom, whole, run):
    steps = [run.advance() for _ in range(20)]
    np.testing.assert_array_equal([step.iterations for step in steps], whole.iterations[1:])
    stored = rom.archive
    history = solve(reduced_problem(stored, stored.model), case_histories(stored, stored.model, {}, TIMES))
    np.testing.assert_array_equal(history.coordinates[-1], run.state.committed.gamma)
