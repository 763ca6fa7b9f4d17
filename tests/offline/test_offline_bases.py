"""Local bases of clusters of the snapshots: from one training to a ROM that switches between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_problem import bar, moved_runs, pulled_bar, solve, write

import romlib
from romlib.archive.fieldsfile import FieldsFile
from romlib.archive.rom import Rom
from romlib.archive.romfile import fields_path, read_rom
from romlib.errors import InputError
from romlib.offline.bases import _least_number
from romlib.offline.gather import gather
from romlib.offline.options import OfflineOptions
from romlib.offline.train import Trained, build, train
from romlib.offline.training import TrainingSet
from romlib.parallel.comm import Comm, serial, world
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

TIMES = np.linspace(0.0, 1.0, 13)


def trained(files: list[Path], comm: Comm, clusters: dict[str, Any], accept: bool = False, **more: Any) -> Trained:
    options = OfflineOptions(**{"pod_tolerance": 1e-4, "cubature_tolerance": 1e-3, "dual_fields": ("stress", "p"),
                                "dual_tolerance": 1e-3, "calibration": False, **more}, clusters=clusters)
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    return train(training, options, comm, scratch_folder=files[0].parent, accept_errors=accept)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two runs of the moved bar in three pieces, the same files for every rank; each begins elastic, at rest."""
    comm = world()
    folder = comm.on_root(lambda: tmp_path_factory.mktemp("moved"))

    def make() -> list[Path]:
        return [write(folder / f"{name}.vtkhdf", bar(), model, TIMES, solve(bar(), model, TIMES)[0], 3)
                for name, model in moved_runs().items()]

    return comm.on_root(make)


@pytest.fixture(scope="module")
def four(files: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three local bases and the global one, written."""
    path = tmp_path_factory.mktemp("four") / "four.rom"
    with trained(files, serial(), {"number": 3, "minimum_modes": 4}) as made:
        made.write(path)
    return path


def arrays_of(rom: Rom) -> list[np.ndarray]:
    return [rom.points.ips, *(getattr(basis, name) for basis in rom.clusters
                              for name in ("strain_modes", "weights", "loads")), rom.lifting.strains,
            *(gappy.operator for gappy in rom.gappy.values())]


def test_one_cluster_is_the_rom_of_a_study_without_clusters_to_the_bit(files: list[Path]) -> None:
    with trained(files, serial(), {}) as without, trained(
            files, serial(), {"number": 1, "overlap": 0, "minimum_modes": 50, "points_per_mode": 9}) as one:
        assert one.rom.archive.switching is None and len(one.rom.archive.clusters) == 1
        assert all(np.array_equal(a, b) for a, b in zip(arrays_of(without.rom.archive), arrays_of(one.rom.archive)))
        assert without.report.errors == one.report.errors and one.report.clusters == []


def test_local_bases_share_their_points_and_a_run_switches_between_them(four: Path) -> None:
    rom, solution = read_rom(four), romlib.load(four).solve("one")
    assert rom.switching is not None and rom.switching.fallback == 3 and rom.switching.n_local == 3
    assert [basis.n_mode for basis in rom.clusters[:3]] < [rom.clusters[3].n_mode] * 3
    weights = np.stack([basis.weights for basis in rom.clusters])
    assert weights.sum(axis=1) == pytest.approx(np.full(4, rom.manifest.volume), rel=1e-9)
    alone = (weights > 0.0).sum(axis=1)
    assert (weights > 0.0).any(axis=0).sum() < 0.7 * alone.sum()  # one union
    assert len(set(solution.clusters.tolist())) > 1
    assert rom.manifest.errors["online displacement"] <= 0.05 and rom.manifest.errors["online stress"] <= 0.05
    # A snapshot of the elastic beginning has no p, and its cluster does not mind.
    assert {rom.switching.labels[k] for k in np.flatnonzero(rom.switching.times == 0.0)} <= {0, 1, 2}


def test_what_is_switched_by_are_the_products_of_the_fields_themselves(four: Path, files: list[Path]) -> None:
    rom = read_rom(four)
    switching, n_mode = rom.switching, [basis.n_mode for basis in rom.clusters]
    assert switching is not None
    energy, products, squares = 0.0, 0.0, 0.0
    with FieldsFile(fields_path(four), rom) as fields, Snapshots(files[0]) as one, Snapshots(files[1]) as two:
        for piece in range(fields.n_piece):
            operators = TrainingSet([PreparedSnapshots.of(one)]).piece(piece)
            every = np.concatenate([*(fields.modes(piece, k) for k in range(4)), fields.liftings(piece)])
            every = np.concatenate([every, one.read("displacement", piece), two.read("displacement", piece)])
            strains = operators.operator.strain(every)
            whole = np.einsum("ipa,p,pab,jpb->ij", strains, operators.operator.weights, operators.virgin_tangent(),
                              strains, optimize=True)
            n = sum(n_mode) + 1
            energy, products, squares = energy + whole[:n, :n], products + whole[:n, n:], squares + np.diag(whole)[n:]
    size = np.sqrt(np.diag(energy))
    assert np.abs((switching.energy - energy) / np.outer(size, size)).max() <= 1e-9
    assert np.abs(switching.products - products).max() <= 1e-9 * np.abs(products).max()
    np.testing.assert_allclose(switching.sizes, np.sqrt(squares), rtol=1e-9, atol=1e-9 * np.sqrt(squares.max()))
    assert switching.run_names == ("one", "two") and np.array_equal(switching.times, np.tile(TIMES, 2))


def test_each_local_basis_has_its_minimum_of_modes_and_of_points(files: list[Path]) -> None:
    wanted = {"number": 3, "overlap": 0, "minimum_modes": 6, "points_per_mode": 4, "keep_global": False}
    with trained(files, serial(), wanted, pod_tolerance=1e-2, cubature_tolerance=1e-2) as made:
        rom, rows = made.rom.archive, made.report.clusters
        assert rom.switching is not None and rom.switching.fallback is None and len(rom.clusters) == 3
        assert all(basis.n_mode >= 6 and basis.n_weighted >= 24 for basis in rom.clusters)
        weighted = np.stack([basis.weights > 0.0 for basis in rom.clusters])
        assert weighted.any(axis=0).sum() < 0.6 * weighted.sum()  # each prefers the points that the others have
        assert [row["modes"] for row in rows] == [basis.n_mode for basis in rom.clusters]
        assert all(row["kind"] == "local" and row["trained_on"] >= row["snapshots"] for row in rows)
        assert made.report.sizes["local bases"] == 3


def test_a_cluster_of_snapshots_that_are_too_much_alike_takes_in_others_and_says_so(tmp_path: Path) -> None:
    """The bar is pulled elastically for most of the run, along one direction, and then yields."""
    mesh = bar()
    model = pulled_bar(amplitudes={"pull": {"time": [0.0, 0.75, 1.0], "value": [0.0, 20.0, 150.0]}})
    file = write(tmp_path / "pull.vtkhdf", mesh, model, TIMES, solve(mesh, model, TIMES)[0])
    with trained([file], serial(), {"number": 2, "overlap": 0, "minimum_modes": 4}, accept=True) as made:
        labels = made.rom.archive.switching.labels
        elastic = int(labels[5])
        assert np.all(labels[:7] == elastic)
        assert not np.diag(made.collection.dual.grams["p"])[:10].any()  # which have no p either
        assert np.abs(made.rom.solve("pull").at_points("p")[:8]).max() <= 1e-12
        assert any(note.startswith(f"cluster {elastic} has") and "alike" in note for note in made.report.notes)
        assert made.rom.archive.clusters[elastic].n_mode >= 3
        assert len(made.rom.archive.cases) == 1 and made.report.errors["online stress"] <= 0.05


def test_bases_of_some_of_the_snapshots_are_chosen_by_those(files: list[Path]) -> None:
    options = OfflineOptions(pod_tolerance=1e-3, cubature_tolerance=1e-2, calibration=False,
                             clusters={"number": 2, "minimum_modes": 3, "keep_global": False})
    training = TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files])
    gathered = gather(training, options, serial(), scratch_folder=files[0].parent)
    with build(gathered, accept_errors=True, rows=np.repeat([False, True], 13)) as made:
        switching = made.rom.archive.switching
        assert switching is not None and (switching.runs == 1).all()
        np.testing.assert_array_equal(switching.times, TIMES)
        # A snapshot is about what its own basis makes of it.
        first = [0, *np.cumsum([basis.n_mode for basis in made.rom.archive.clusters])]
        for snapshot in np.flatnonzero(switching.sizes > 0.0):
            cluster = switching.labels[snapshot]
            own = [*range(first[cluster], first[cluster + 1]), *range(first[-1], len(switching.energy))]
            products = switching.products[own, snapshot]
            square = products @ np.linalg.lstsq(switching.energy[np.ix_(own, own)], products, rcond=None)[0]
            assert square == pytest.approx(switching.sizes[snapshot] ** 2, rel=1e-2)


def test_more_clusters_than_there_are_snapshots_are_refused(files: list[Path]) -> None:
    said: list[str] = []
    with pytest.raises(InputError, match="not as many training snapshots as clusters") as caught:
        train(TrainingSet([PreparedSnapshots.of(Snapshots(file)) for file in files]),
              OfflineOptions(clusters={"number": 27}), serial(), progress=said.append, scratch_folder=files[0].parent)
    assert "[clusters] number" in str(caught.value) and "1 ... 26" in str(caught.value) and not said  # no stress yet


def test_clusters_that_are_trained_on_all_snapshots_are_told_of(files: list[Path]) -> None:
    with trained(files[:1], serial(), {"number": 2, "overlap": 100, "minimum_modes": 1}) as made:
        assert all(row["trained_on"] >= 12 for row in made.report.clusters)  # all but the one at rest
        assert any("trained on all snapshots" in note and "0, 1" in note for note in made.report.notes)


def test_snapshots_that_are_all_parallel_are_no_clusters(tmp_path: Path) -> None:
    mesh, model = bar(), pulled_bar(amplitudes={"pull": "10*t"})
    file = write(tmp_path / "pull.vtkhdf", mesh, model, TIMES[:5], solve(mesh, model, TIMES[:5])[0])
    with pytest.raises(InputError, match="not as many different snapshots"):
        trained([file], serial(), {"number": 2})


def test_very_many_integrands_are_combined_and_the_error_is_that_of_all(
    files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("reduce_cubature", "room", "sampled_rom"):
        monkeypatch.setattr(f"romlib.offline.{module}.LARGE", 20)
    with trained(files, serial(), {"number": 2, "minimum_modes": 4}, cubature_tolerance=1e-2, calibration=True) as made:
        errors = made.report.errors
        assert errors["cubature on its training set"] <= 1.2e-2 and errors["cubature on the snapshots"] <= 1.5e-2
        assert errors["online stress"] <= 0.05 and made.rom.archive.indicator.factors
        for one in made.bases.reductions:
            assert len(one.selection.weights) < 0.8 * made.report.sizes["integration points"]


@pytest.mark.mpi
def test_the_clusters_and_their_points_do_not_depend_on_the_ranks(files: list[Path]) -> None:
    wanted = {"number": 3, "minimum_modes": 4}
    with trained(files, serial(), wanted) as alone, trained(files, world(), wanted) as together:
        one, other = alone.rom.archive, together.rom.archive
        assert one.switching is not None and other.switching is not None
        for name in ("pieces", "ips"):
            np.testing.assert_array_equal(getattr(one.points, name), getattr(other.points, name))
        for name in ("labels", "medoids", "runs"):
            np.testing.assert_array_equal(getattr(one.switching, name), getattr(other.switching, name))
        size = np.abs(one.switching.energy).max()
        assert np.abs(one.switching.energy - other.switching.energy).max() <= 1e-8 * size
        here, there = alone.rom.solve("two"), together.rom.solve("two")
        np.testing.assert_array_equal(here.clusters, there.clusters)
        stress = here.at_points("stress")
        assert np.abs(stress - there.at_points("stress")).max() <= 1e-8 * np.abs(stress).max()


@pytest.mark.parametrize("n", [0, 1, 2, 7, 10])
def test_bisection_takes_as_few_more_as_are_enough(n: int) -> None:
    own, more = np.arange(3), np.arange(10)
    assert _least_number(lambda numbers: len(numbers) >= 3 + n, own, more) == n
    assert _least_number(lambda numbers: False, own, more) == 10
