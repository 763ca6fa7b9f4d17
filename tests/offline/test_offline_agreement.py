"""Whether training runs are runs of one model, and loads that only some of them have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_problem import STEEL, bar, moved_bar, pulled_bar, solve, write

import romlib
from romlib.archive.romfile import read_rom
from romlib.errors import InputError
from romlib.model import Model, TableAmplitude
from romlib.offline.agreement import agree
from romlib.offline.options import OfflineOptions
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import serial
from romlib.parallel.pieces import Pieces
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 6)
PULL, SHEAR = ({"kind": "traction", "faces": "xmax", "direction": [1.0, 0.2, 0.0]},
               {"kind": "traction", "faces": "ymax", "direction": [0.0, 0.3, 1.0]})


def a_set(folder, models, meshes=None, n_piece=1, u=None) -> TrainingSet:
    """Runs with these models; without displacements u the files have zeros."""
    runs = []
    for k, model in enumerate(models):
        mesh = bar() if meshes is None else meshes[k]
        values = np.zeros((len(TIMES), mesh.n_node, 3)) if u is None else u[k]
        file = Snapshots(write(folder / f"run{k}.vtkhdf", mesh, model, TIMES, values, n_piece))
        runs.append(PreparedSnapshots(file, model, name=f"run{k}"))
    return TrainingSet(runs)


def checked(training: TrainingSet):
    return agree(training, Pieces(serial(), training.n_piece))


SOFT = {**STEEL, "parameters": {**STEEL["parameters"], "young": 100e3}}
OTHERS = {
    "material 'steel', young": (pulled_bar(materials={"steel": SOFT}), "200000", "100000"),
    "the load 'pull'": (pulled_bar(loads={"pull": {**PULL, "direction": [0, 1, 0]}}), "resultant (1, 0.2, 0)",
                        "resultant (0, 1, 0)"),
    "fixed or prescribed": (pulled_bar(constraints={"clamp": {"nodes": "xmin", "components": ["x", "y"]}}),
                            "27 of them", "18 of them"),
    "the initial time": (pulled_bar(initial_time=-1.0), "0", "-1"),
    "the units": (pulled_bar(units="m, N, Pa, s"), "mm, N, MPa", "m, N, Pa")}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("n_piece", [1, 2])
def test_a_run_of_another_model_is_refused_by_what_differs_and_both_files(tmp_path, what, n_piece):
    other, first, second = OTHERS[what]
    with pytest.raises(InputError, match="not runs of one model") as caught:
        checked(a_set(tmp_path, [pulled_bar(), other], n_piece=n_piece))
    assert what in caught.value.what and caught.value.file == tmp_path / "run1.vtkhdf"
    assert first in caught.value.expected and "run0.vtkhdf" in caught.value.expected
    assert second in caught.value.found and "run1.vtkhdf" in caught.value.found


def test_a_mesh_of_the_same_ids_and_other_coordinates_is_refused(tmp_path):
    longer = replace(bar(), points=bar().points * [1.25, 1, 1])
    with pytest.raises(InputError, match="the nodes of the mesh, by id and coordinates"):
        checked(a_set(tmp_path, [pulled_bar(), pulled_bar()], [bar(), longer]))


def test_cells_in_another_order_are_refused_because_results_are_matched_by_position(tmp_path):
    mesh = bar()
    (block,) = mesh.blocks
    turned = replace(mesh, blocks=(replace(block, connectivity=block.connectivity[::-1],
                                           cell_ids=block.cell_ids[::-1]),))
    training = a_set(tmp_path, [pulled_bar(), pulled_bar()], [mesh, turned])
    checked(training)  # it is the same model
    with pytest.raises(InputError, match="in the same order"):
        training.piece(0)


def test_a_cell_with_its_nodes_in_another_order_is_named_with_both(tmp_path):
    mesh = bar()
    (block,) = mesh.blocks
    nodes = np.array(block.connectivity)
    nodes[1] = nodes[1][[1, 2, 3, 0, 5, 6, 7, 4]]
    turned = replace(mesh, blocks=(replace(block, connectivity=nodes),))
    with pytest.raises(InputError, match="on the same mesh") as caught:
        checked(a_set(tmp_path, [pulled_bar(), pulled_bar()], [mesh, turned]))
    name = f"cell {block.cell_ids[1]} on nodes "
    assert caught.value.expected == f"{name}{mesh.node_ids[block.connectivity[1]].tolist()}"
    assert caught.value.found == f"{name}{mesh.node_ids[nodes[1]].tolist()}"


def test_runs_of_other_integration_rules_are_refused_with_both(tmp_path):
    mesh = bar()
    (block,) = mesh.blocks
    fine = replace(mesh, blocks=(replace(block, quadrature="hex_gauss_27"),))
    with pytest.raises(InputError, match="on the same mesh") as caught:
        a_set(tmp_path, [pulled_bar(), pulled_bar()], [mesh, fine])
    assert "with rule hex_gauss_8" in caught.value.expected and "with rule hex_gauss_27" in caught.value.found


def test_a_load_that_is_a_multiple_of_the_first_gets_the_amplitude_for_it(tmp_path):
    training = a_set(tmp_path, [pulled_bar(), pulled_bar(loads={"pull": {**PULL, "value": 2.0}})])
    checked(training)
    assert training.amplitudes(["pull"])[6:] == pytest.approx(2 * training.amplitudes(["pull"])[:6])


def test_a_run_that_fixes_what_the_first_one_moves_has_the_amplitude_zero(tmp_path):
    fixed = moved_bar().model_copy(update={
        "constraints": {**moved_bar().constraints, "end": moved_bar().constraints["end"].model_copy(
            update={"kind": "fixed", "value": 0.0})}, "amplitudes": {"shear": moved_bar().amplitudes["shear"]}})
    training = a_set(tmp_path, [moved_bar(), fixed])
    checked(training)
    assert not training.amplitudes(["end"])[6:].any()
    with pytest.raises(InputError, match="constraint 'end'"):
        checked(a_set(tmp_path, [fixed, moved_bar()]))


def test_a_displacement_is_known_by_its_pattern_whatever_a_run_calls_it(tmp_path):
    one = moved_bar()
    end = one.constraints["end"]
    other = one.model_copy(update={
        "constraints": {"clamp": one.constraints["clamp"], "tip": end.model_copy(update={"value": 0.02})},
        "amplitudes": {"shear": one.amplitudes["shear"], "tip": one.amplitudes["end"]}})
    training = a_set(tmp_path, [one, other])
    checked(training)
    values = training.amplitudes(["end"])
    assert values[6:] == pytest.approx(2 * values[:6]) and "tip" not in training.runs[1].amplitudes


def test_loads_of_one_name_in_later_runs_are_compared_with_each_other(tmp_path):
    def run(direction):
        return pulled_bar(loads={"shear": {**SHEAR, "direction": direction}}, amplitudes={"shear": "3*t"})

    twice = a_set(tmp_path, [pulled_bar(), run([0, 0, 1]), run([0, 0, 2])])
    checked(twice)
    assert twice.amplitudes(["shear"])[12:] == pytest.approx(2 * twice.amplitudes(["shear"])[6:12])
    with pytest.raises(InputError, match="the load 'shear'"):
        checked(a_set(tmp_path, [pulled_bar(), run([0, 0, 1]), run([0, 1, 0])]))


def test_a_run_without_temperature_loads_is_not_one_of_temperature_zero(tmp_path):
    steel = {**STEEL, "thermal_expansion": {"coefficient": 1e-5, "reference_temperature": 20.0}}
    warm = pulled_bar(materials={"steel": steel}, loads={"pull": PULL, "heat": {"kind": "temperature", "field": 1.0}},
                      amplitudes={"pull": 1.0, "heat": 50.0}, initial_temperature=20.0)
    cold = pulled_bar(materials={"steel": steel}, initial_temperature=20.0)
    for models in ([warm, cold], [cold, warm]):
        with pytest.raises(InputError, match="has no temperature load"):
            checked(a_set(tmp_path, models))


def heated_set(folder, fields, n_piece=1, **model) -> TrainingSet:
    """Runs whose load "heat" is of these fields, each ten times its own number."""
    steel = {**STEEL, "thermal_expansion": {"coefficient": 1e-5, "reference_temperature": 20.0}}
    meshes = [replace(bar(), node_arrays={"hot": values}) for values in fields]
    models = [pulled_bar(materials={"steel": steel}, loads={"heat": {"kind": "temperature", "field": {"array": "hot"}}},
                         amplitudes={"heat": f"{10 * k}*t"}, **model) for k in range(1, len(fields) + 1)]
    return a_set(folder, models, meshes, n_piece)


@pytest.mark.parametrize("n_piece", [1, 2])
def test_temperature_fields_of_one_name_are_each_run_s_own_unless_they_are_multiples(tmp_path, n_piece):
    x, y, _ = bar().points.T
    training = heated_set(tmp_path, [x, 2.0 * x, x * y, 3.0 * x * y], n_piece, initial_temperature=20.0)
    trained = checked(training)
    assert list(training.model.loads) == ["heat", "heat_run2"] == list(trained.identity.loads)
    for piece in range(n_piece):
        nodes = np.searchsorted(bar().node_ids, training.piece(piece).mesh.node_ids)
        terms = training.piece(piece).temperature_terms
        assert terms["heat"] == pytest.approx(training.piece(piece).operator.interpolate(x[nodes]))
        assert terms["heat_run2"] == pytest.approx(training.piece(piece).operator.interpolate((x * y)[nodes]))
    factors = training.amplitudes(["heat", "heat_run2"])[5::6]
    assert factors == pytest.approx(np.array([[10.0, 0.0], [40.0, 0.0], [0.0, 30.0], [0.0, 120.0]]))


def test_runs_that_begin_at_other_temperatures_are_refused_where_nothing_says_which_is_free_of_strain(tmp_path):
    x = bar().points[:, 0]

    def with_start(folder, start: float, **model):
        folder.mkdir()
        training = heated_set(folder, [x, x], **model)
        return TrainingSet([run.with_amplitudes({"heat": TableAmplitude(time=(0.0, 1.0), value=(k * start, 1.0))})
                            for k, run in enumerate(training.runs)])

    checked(with_start(tmp_path / "same", 0.0))
    checked(with_start(tmp_path / "stated", 5.0, initial_temperature=0.0))
    with pytest.raises(InputError, match="begin at other temperatures"):
        checked(with_start(tmp_path / "other", 5.0))


@pytest.mark.parametrize("n_piece", [1, 2])
def test_runs_with_different_loads_train_one_rom_for_all_of_them(tmp_path, n_piece):
    times = np.linspace(0.0, 1.0, 6)
    both = pulled_bar(loads={"pull": PULL, "shear": SHEAR}, amplitudes={"pull": "30*t", "shear": "0.3*t"})
    first = pulled_bar(loads={"pull": PULL}, amplitudes={"pull": "40*t"})
    # the second run knows the loaded face by a name under which the first has another
    mesh = bar()
    renamed = replace(mesh, face_tags={**mesh.face_tags, "ymin": mesh.face_tags["ymax"]})
    second = pulled_bar(loads={"shear": {**SHEAR, "faces": "ymin"}}, amplitudes={"shear": "0.5*t"})
    u = [solve(mesh, first, times)[0], solve(renamed, second, times)[0]]
    training = a_set(tmp_path, [first, second], [mesh, renamed], n_piece, u)
    assert list(training.model.loads) == ["pull", "shear"] and not training.amplitudes(["shear"])[:6].any()
    options = OfflineOptions(pod_tolerance=1e-8, cubature_tolerance=1e-8, dual_fields=("stress",))
    with train(training, options, serial()) as trained:
        report = trained.write(tmp_path / "all.rom")
    assert report.errors["online displacement"] < 1e-5
    rom = romlib.load(tmp_path / "all.rom")
    assert set(rom.archive.trained.identity.loads) == {"pull", "shear"}
    found = rom.solve(times=times, amplitudes=both.amplitudes)
    expected = solve(mesh, both, times)[0]  # elastic: a combination of what was trained
    for piece in range(n_piece):
        ids = training.piece(piece).mesh.node_ids
        where = np.searchsorted(mesh.node_ids, ids)
        assert found.displacement(piece=piece) == pytest.approx(expected[:, where], abs=1e-5 * np.abs(expected).max())


def test_the_rom_says_what_it_was_trained_with_and_what_the_file_alone_had(tmp_path):
    deck, study = pulled_bar(materials={"steel": SOFT}), pulled_bar()
    u = solve(bar(), study, TIMES)[0]
    file = Snapshots(write(tmp_path / "run.vtkhdf", bar(), deck, TIMES, u))
    training = TrainingSet([PreparedSnapshots.of(file, study)])
    with train(training, OfflineOptions(pod_tolerance=1e-6), serial(), accept=("spring",)) as made:
        made.write(tmp_path / "a.rom")
    trained = read_rom(tmp_path / "a.rom").trained
    assert trained.identity.materials["steel"].content["young"] == 200e3
    assert trained.deck == file.identity and trained.deck.materials["steel"].content["young"] == 100e3
    assert trained.accepted == ("spring",) and trained.files == ("run.vtkhdf",)


def test_a_model_without_names_is_that_of_the_file(tmp_path):
    file = Snapshots(write(tmp_path / "run.vtkhdf", bar(), pulled_bar(), TIMES, np.zeros((6, bar().n_node, 3))))
    same = TrainingSet([PreparedSnapshots.of(file), PreparedSnapshots.of(file)])
    assert checked(same).deck is None and isinstance(same.model, Model)


def test_two_displacements_of_a_run_for_one_of_the_first_are_refused(tmp_path):
    """One of the amplitudes would be lost."""
    one = moved_bar()
    end = one.constraints["end"]
    other = one.model_copy(update={
        "constraints": {"clamp": one.constraints["clamp"], "tip": end, "top": end.model_copy(update={"value": 0.02})},
        "amplitudes": {"shear": one.amplitudes["shear"], "tip": one.amplitudes["end"], "top": one.amplitudes["end"]}})
    with pytest.raises(InputError, match="two amplitudes for one load of the first run") as error:
        checked(a_set(tmp_path, [one, other]))
    assert "amplitudes.top" in str(error.value) and "'end'" in str(error.value)


def test_no_load_is_a_multiple_of_one_that_is_zero(tmp_path):
    nothing = pulled_bar(loads={"pull": {**PULL, "value": 0.0}})
    for models in ([nothing, pulled_bar()], [pulled_bar(), nothing]):
        with pytest.raises(InputError, match="the load 'pull'"):
            checked(a_set(tmp_path, models))
