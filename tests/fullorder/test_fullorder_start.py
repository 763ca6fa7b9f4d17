"""Full-order runs that begin with a state: two halves are the whole, also from files and over another cut."""

from __future__ import annotations

import numpy as np
import pytest
from fullorder_example import TIMES, bar, model

from romlib.errors import InputError
from romlib.fullorder.arrays import solve_to_arrays
from romlib.fullorder.options import SolverOptions
from romlib.fullorder.record import Output, solve_to_file
from romlib.fullorder.solver import solve
from romlib.fullorder.start import start_of
from romlib.mesh.partition import number_shared_nodes, split
from romlib.parallel.comm import serial, world
from romlib.parallel.pieces import Pieces
from romlib.states.source import saved_state

pytest.importorskip("petsc4py")
BAR, HALF = bar(), 3
# What factors of an earlier tangent leave in a linear system is not part of a state.
EXACT = SolverOptions(linear_tolerance=1e-12)


@pytest.fixture(scope="module")
def whole():
    return solve_to_arrays(BAR, model(), TIMES, options=EXACT)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A state file and a snapshots file of the first half."""
    folder = tmp_path_factory.mktemp("half")
    output = Output(folder / "half.vtkhdf", ("stress", "p", "plastic_strain"), state=folder / "half.state")
    solve_to_file(output, [BAR], {0: BAR}, model(), TIMES[:HALF + 1], Pieces(serial(), 1), options=EXACT)
    return folder


def same(found, whole, bound=1e-12):
    for name in ("displacement", "stress", "reaction"):
        of = getattr(whole, name)[HALF:]
        np.testing.assert_allclose(getattr(found, name), of, rtol=0, atol=bound * np.abs(of).max())
    np.testing.assert_allclose(found.variable("p"), whole.variable("p")[HALF:], rtol=0, atol=bound)
    for name, values in whole.reactions.items():
        np.testing.assert_allclose(found.reactions[name], values[HALF:], rtol=0, atol=bound * np.abs(values).max())


def test_a_run_in_two_halves_is_the_whole_from_memory(whole):
    first = solve_to_arrays(BAR, model(), TIMES[:HALF + 1], options=EXACT)
    second = solve_to_arrays(BAR, model(), TIMES[HALF:], options=EXACT, start=first.report.state)
    same(second, whole)
    np.testing.assert_array_equal(second.report.iterations[1:], whole.report.iterations[HALF + 1:])


def test_a_run_in_two_halves_is_the_whole_from_a_file(whole, files):
    start = start_of(saved_state(files / "half.state"), {0: BAR}, model(), TIMES[HALF])
    second = solve_to_arrays(BAR, model(), TIMES[HALF:], options=EXACT, start=start)
    same(second, whole)
    np.testing.assert_array_equal(second.report.iterations[1:], whole.report.iterations[HALF + 1:])


def test_a_snapshots_file_is_a_start_from_which_only_the_first_guess_is_lost(whole, files):
    tight = SolverOptions(tolerance=1e-13, linear_tolerance=1e-12)
    start = start_of(saved_state(files / "half.vtkhdf", TIMES[HALF]), {0: BAR}, model(), TIMES[HALF])
    second = solve_to_arrays(BAR, model(), TIMES[HALF:], options=tight, start=start)
    same(second, whole, 1e-6)  # of runs that converged to 1e-8
    assert second.report.iterations[1] > whole.report.iterations[HALF + 1]


def test_a_record_in_the_middle_is_chosen_by_its_time(files):
    saved = saved_state(files / "half.vtkhdf", TIMES[1])
    assert saved.time == TIMES[1]
    with pytest.raises(InputError, match="no record at this time"):
        saved_state(files / "half.vtkhdf", 0.123)
    with pytest.raises(InputError, match="another time"):
        saved_state(files / "half.state", TIMES[1])


def test_the_cut_of_the_mesh_does_not_matter(whole, files):
    parts = dict(enumerate(number_shared_nodes(split(BAR, np.arange(BAR.n_cell) % 3))))
    start = start_of(saved_state(files / "half.state"), parts, model(), TIMES[HALF])
    steps = []
    solve(parts, model(), TIMES[HALF:], Pieces(serial(), len(parts)), options=EXACT, start=start,
          on_step=lambda k, t, result: steps.append(result))
    order = np.argsort(BAR.node_ids)
    for step, result in enumerate(steps):
        for p, part in parts.items():
            where = order[np.searchsorted(BAR.node_ids[order], part.node_ids)]
            of = whole.displacement[HALF + step, where]
            np.testing.assert_allclose(result.pieces[p].displacement, of, rtol=0, atol=1e-11 * np.abs(of).max())


@pytest.mark.mpi
def test_a_state_that_ranks_wrote_together_goes_on_on_all_of_them(whole, tmp_path_factory):
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("ranks"))
    parts = number_shared_nodes(split(BAR, np.arange(BAR.n_cell) % 3))
    pieces = Pieces(comm, 3)
    mine = pieces.each(parts.__getitem__)
    output = Output(folder / "half.vtkhdf", ("stress", "p", "plastic_strain"), state=folder / "half.state")
    solve_to_file(output, parts if comm.rank == 0 else None, mine, model(), TIMES[:HALF + 1], pieces, options=EXACT)
    order = np.argsort(BAR.node_ids)
    for name, bound in (("half.state", 1e-10), ("half.vtkhdf", 1e-6)):
        start, steps = start_of(saved_state(folder / name), mine, model(), TIMES[HALF]), []
        solve(mine, model(), TIMES[HALF:], pieces, options=EXACT, start=start,
              on_step=lambda k, t, result, steps=steps: steps.append(result))
        for p, part in mine.items():
            where = order[np.searchsorted(BAR.node_ids[order], part.node_ids)]
            of = whole.displacement[-1, where]
            np.testing.assert_allclose(steps[-1].pieces[p].displacement, of, rtol=0, atol=bound * np.abs(of).max())


def test_a_state_of_another_time_mesh_material_or_body_is_refused(files):
    saved = saved_state(files / "half.state")
    with pytest.raises(InputError, match="does not begin at the time"):
        start_of(saved, {0: BAR}, model(), 0.0)
    with pytest.raises(InputError, match=r"lacks \d+ of \d+ nodes"):
        start_of(saved, {0: bar(divisions=(5, 2, 2))}, model(), TIMES[HALF])
    moved = bar()
    moved.points[:, 2] *= 1.1
    with pytest.raises(InputError, match="elsewhere in this mesh"):
        start_of(saved, {0: moved}, model(), TIMES[HALF])
    with pytest.raises(InputError, match="another material") as caught:
        start_of(saved, {0: BAR}, model(hardening=1.0), TIMES[HALF])
    assert "linear_hardening" in caught.value.place
    warm = model().model_copy(update={"initial_temperature": 30.0})
    with pytest.raises(InputError, match="free of strain at another temperature"):
        start_of(saved, {0: BAR}, warm, TIMES[HALF])
