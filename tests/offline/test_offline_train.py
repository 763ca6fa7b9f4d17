"""The offline stage as a whole, against a dense full-order solution of small bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_problem import RUBBER, STEEL, bar, moved_bar, pulled_bar, solve, write

import romlib
from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.romfile import fields_path, read_rom
from romlib.errors import InputError, UnsupportedError
from romlib.mesh.mass import mass_matrix
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model, Omission
from romlib.offline.options import OfflineOptions
from romlib.offline.report import TrainingReport
from romlib.offline.train import train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import serial
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 21)
TIGHT = OfflineOptions(pod_tolerance=1e-7, cubature_tolerance=1e-6, dual_fields=("stress", "p"), dual_tolerance=1e-6)


def build(
    files: list[Path], output: Path, options: OfflineOptions = TIGHT, accept: tuple[str, ...] = ()
) -> TrainingReport:
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    with train(training, options, serial(), accept=accept, output=output) as trained:
        return trained.write()


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The bar pulled beyond yield and back, as one piece and as three, with its ROMs."""
    folder, mesh, model = tmp_path_factory.mktemp("pulled"), bar(), pulled_bar()
    u, _ = solve(mesh, model, TIMES)
    made = {"mesh": mesh, "model": model, "u": u, "folder": folder}
    for n_piece in (1, 3):
        file = write(folder / f"bar{n_piece}.vtkhdf", mesh, model, TIMES, u, n_piece)
        made[f"report{n_piece}"] = build([file], folder / f"bar{n_piece}.rom")
        made[f"rom{n_piece}"] = folder / f"bar{n_piece}.rom"
    return made


def displacement(solution: object, fields: Path, mesh: Mesh) -> np.ndarray:
    """Of all pieces, in the order of the whole mesh."""
    result = np.zeros((len(TIMES), mesh.n_node, 3))
    position = {int(node): k for k, node in enumerate(mesh.node_ids)}
    with FieldsFile(fields) as file:
        for piece in range(file.n_piece):
            nodes = [position[int(node)] for node in file.mesh(piece).node_ids]
            result[:, nodes] = solution.displacement(piece=piece)  # type: ignore[attr-defined]
    return result


@pytest.mark.parametrize("n_piece", [1, 3])
def test_the_rom_reproduces_the_full_order_solution(pulled: dict, n_piece: int) -> None:
    solution = romlib.load(pulled[f"rom{n_piece}"]).solve(f"bar{n_piece}")
    found = displacement(solution, fields_path(pulled[f"rom{n_piece}"]), pulled["mesh"])
    assert np.linalg.norm(found - pulled["u"]) <= 1e-5 * np.linalg.norm(pulled["u"])
    assert pulled[f"report{n_piece}"].errors["online displacement"] <= 1e-5
    assert pulled[f"report{n_piece}"].errors["online p"] <= 1e-3


@pytest.mark.parametrize("n_piece", [1, 3])
def test_modes_are_orthonormal_in_the_exact_mass(pulled: dict, n_piece: int) -> None:
    with FieldsFile(fields_path(pulled[f"rom{n_piece}"])) as fields:
        gram = 0.0
        for piece in range(fields.n_piece):
            modes, mass = fields.modes(piece), mass_matrix(fields.mesh(piece))
            gram = gram + sum(modes[:, :, c] @ (mass @ modes[:, :, c].T) for c in range(3))
    assert np.abs(gram - np.eye(len(gram))).max() <= 1e-10


def test_weights_are_positive_and_sum_to_the_volume(pulled: dict) -> None:
    weights = read_rom(pulled["rom3"]).clusters[0].weights
    assert weights.min() >= 0.0
    assert weights.sum() == pytest.approx(4.0, rel=1e-10)


def test_the_number_of_points_does_not_grow_with_the_pieces(pulled: dict) -> None:
    one, three = (len(read_rom(pulled[name]).points.ips) for name in ("rom1", "rom3"))
    assert three <= 1.3 * one
    assert one < 0.7 * StrainOperator(pulled["mesh"]).n_ip


def test_the_cut_of_the_mesh_changes_nothing_without_hyper_reduction(pulled: dict) -> None:
    found = [displacement(romlib.load(pulled[f"rom{n}"]).solve(f"bar{n}", hyper_reduction=False),
                          fields_path(pulled[f"rom{n}"]), pulled["mesh"]) for n in (1, 3)]
    assert np.linalg.norm(found[0] - found[1]) <= 1e-8 * np.linalg.norm(found[0])


@pytest.mark.parametrize("training", ["full_rom", "iterates"])
def test_a_richer_training_set_keeps_the_accuracy(pulled: dict, training: str) -> None:
    options = TIGHT.model_copy(update={"cubature_training": training})
    report = build([pulled["folder"] / "bar3.vtkhdf"], pulled["folder"] / f"{training}.rom", options)
    assert report.errors["online displacement"] <= 1e-5
    assert "evaluations" in report.details["full-integration ROM"]


def test_training_twice_gives_the_same_files(pulled: dict) -> None:
    again = pulled["folder"] / "again.rom"
    build([pulled["folder"] / "bar3.vtkhdf"], again)
    first, second = read_rom(pulled["rom3"]), read_rom(again)
    assert np.array_equal(first.points.ips, second.points.ips)
    assert np.array_equal(first.clusters[0].weights, second.clusters[0].weights)


def test_prescribed_displacement_is_lifted_and_its_reaction_reported(tmp_path: Path) -> None:
    mesh, model = bar(), moved_bar()
    u, internal = solve(mesh, model, TIMES)
    report = build([write(tmp_path / "moved.vtkhdf", mesh, model, TIMES, u, 2)], tmp_path / "moved.rom")
    assert report.sizes["liftings"] == 1
    assert report.errors["online displacement"] <= 1e-4
    with FieldsFile(tmp_path / "moved.fields.rom") as fields:
        for piece in range(2):
            nodes = fields.mesh(piece).node_tags["xmax"]
            assert np.allclose(fields.liftings(piece)[0][nodes, 0], 0.01, atol=1e-12)
            assert np.abs(fields.modes(piece)[:, nodes, 0]).max(initial=0.0) <= 1e-8 * np.abs(fields.modes(piece)).max()
    solution = romlib.load(tmp_path / "moved.rom").solve("moved")
    # The reaction conjugate to the amplitude: the work of the held nodes' forces on the prescribed values.
    full = 0.01 * internal[:, mesh.node_tags["xmax"], 0].sum(axis=1)
    assert np.abs(solution.reactions["end"] - full).max() <= 1e-3 * np.abs(full).max()


def test_a_dual_field_lives_only_where_its_material_has_it(tmp_path: Path) -> None:
    mesh = bar()
    x = mesh.points[mesh.blocks[0].connectivity].mean(axis=1)[:, 0]
    mesh.cell_tags.update(left=np.flatnonzero(x < 2), right=np.flatnonzero(x > 2))
    model = pulled_bar(materials={"steel": {**STEEL, "cells": "left"}, "rubber": {**RUBBER, "cells": "right"}})
    u, _ = solve(mesh, model, TIMES)
    report = build([write(tmp_path / "two.vtkhdf", mesh, model, TIMES, u, 2)], tmp_path / "two.rom")
    assert report.errors["online displacement"] <= 1e-4
    solution = romlib.load(tmp_path / "two.rom").solve("two")
    with FieldsFile(tmp_path / "two.fields.rom") as fields:
        for piece in range(2):
            coordinates = StrainOperator(fields.mesh(piece)).coordinates
            assert np.array_equal(np.isfinite(solution.field("p", -1, piece)).ravel(), coordinates[:, 0] < 2.0)


def test_what_does_work_and_is_missing_is_refused_unless_accepted(tmp_path: Path, pulled: dict) -> None:
    model: Model = pulled["model"].model_copy(
        update={"omissions": (Omission(name="springs", description="4 springs on face A", does_work=True),)})
    file = write(tmp_path / "sprung.vtkhdf", pulled["mesh"], model, TIMES, pulled["u"])
    with pytest.raises(UnsupportedError, match=r"springs[\s\S]*4 springs on face A[\s\S]*accept"):
        build([file], tmp_path / "sprung.rom")
    assert not list(tmp_path.glob("*.rom"))
    build([file], tmp_path / "sprung.rom", accept=("springs",))


def test_an_unknown_dual_field_is_refused_and_leaves_nothing(tmp_path: Path, pulled: dict) -> None:
    with pytest.raises(InputError, match=r"no material has the field creep[\s\S]*plastic_strain"):
        build([pulled["folder"] / "bar1.vtkhdf"], tmp_path / "x.rom",
              OfflineOptions(modes=3, dual_fields=("creep",)))
    assert not list(tmp_path.iterdir())


def test_reading_a_field_that_is_not_stored_names_the_way_out(tmp_path: Path, pulled: dict) -> None:
    with pytest.raises(InputError, match=r"stress is not stored[\s\S]*replay"):
        build([pulled["folder"] / "bar1.vtkhdf"], tmp_path / "x.rom", OfflineOptions(modes=3, stress="read"))


def test_runs_on_different_cuts_are_refused_with_both_sizes(tmp_path: Path, pulled: dict) -> None:
    with pytest.raises(InputError, match=r"same mesh[\s\S]*1 piece[\s\S]*3 pieces"):
        build([pulled["folder"] / "bar1.vtkhdf", pulled["folder"] / "bar3.vtkhdf"], tmp_path / "x.rom")


LINEAR = {"m": {"law": "elastic", "parameters": {"young": 1000.0, "poisson": 0.3}}}
MOVED = {
    "clamp": {"nodes": "xmin", "components": ["x", "y", "z"]},
    "end": {"nodes": "xmax", "components": ["x"], "kind": "prescribed", "value": 0.01},
    "side": {"nodes": "xmax", "components": ["z"], "kind": "prescribed", "value": 0.02}}


@pytest.mark.parametrize("n_moved", [1, 2])
@pytest.mark.parametrize("digits", ["float64", "float32"])
@pytest.mark.parametrize("n_piece", [1, 2])
def test_what_prescribed_displacements_alone_do_needs_no_mode(tmp_path, n_moved, digits, n_piece):
    """Of a linear structure the liftings are the whole answer: what is left is rounding, and no mode is made of it."""
    names = ["end", "side"][:n_moved]
    histories = {"end": "t", "side": "sin(5*t)"}
    mesh, model = bar(), pulled_bar(
        materials=LINEAR, loads={}, amplitudes={name: histories[name] for name in names},
        constraints={name: MOVED[name] for name in ("clamp", *names)})
    u, _ = solve(mesh, model, TIMES)
    stored = u.astype(digits).astype(float)
    options = TIGHT.model_copy(update={"dual_fields": ("stress",)})
    report = build([write(tmp_path / "a.vtkhdf", mesh, model, TIMES, stored, n_piece)], tmp_path / "a.rom", options)
    assert report.sizes["modes"] == 0
    assert report.errors["online displacement"] <= 1e-6
    rom = romlib.load(tmp_path / "a.rom")
    other = {"end": "1 - cos(3*t)", "side": "-t"}
    amplitudes = {name: other[name] for name in names}
    expected, _ = solve(mesh, model.model_copy(update={"amplitudes": Model.model_validate(
        {**model.model_dump(), "amplitudes": amplitudes}).amplitudes}), TIMES)
    found = rom.solve(times=TIMES, amplitudes=amplitudes)
    if n_piece == 1:
        np.testing.assert_allclose(found.displacement(), expected, atol=1e-6 * np.abs(expected).max())
    assert all(np.abs(found.reactions[name]).max() > 0.0 for name in names)
