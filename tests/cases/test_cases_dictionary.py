"""The case of the dictionary: the rule of its hot spots, and on a few runs of a small bar, the truth and the errors."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from case_scripts import scripts_of

from romlib.mesh.box import box_mesh
from romlib.model import Material, Model
from romlib.snapshots import FieldSpec, SnapshotsWriter


@pytest.fixture(scope="module")
def case():
    """The modules of the case, which import one another as the scripts that they are."""
    with scripts_of("dictionary", "hot_spots", "solved", "judged", "truth") as scripts:
        yield scripts


def test_the_hot_spots_are_the_same_at_every_draw_and_as_many_as_promised(case):
    spots = case.hot_spots.spots
    assert [len(spots(kind)) for kind in ("train", "test", "anywhere")] == [60, 40, 20]
    assert case.hot_spots.every_spot() == case.hot_spots.every_spot()
    families = [one.family for one in spots("train")]
    assert {families.count(family) for family in case.hot_spots.FAMILIES} == {10}


def test_the_spread_moves_hot_spots_within_their_families_only(case):
    wide, narrow = case.hot_spots.spots("test", 1.0), case.hot_spots.spots("test", 0.1)
    assert [one.family for one in wide] == [one.family for one in narrow]
    for one, other in zip(wide, narrow):
        middle = case.hot_spots.FAMILIES[one.family]
        assert other.height - middle[0] == pytest.approx(0.1 * (one.height - middle[0]))
        assert abs(one.xi - middle[1]) <= 0.1 and one.degrees == other.degrees
    assert case.hot_spots.spots("anywhere", 1.0) == case.hot_spots.spots("anywhere", 0.1)


def write(path: Path, gradient: np.ndarray) -> None:
    """A run of two steps whose displacement is linear, with stress and p."""
    mesh = box_mesh("hex8", (2, 1, 1))
    model = Model(materials={"steel": Material(law="mises", parameters={
        "young": 2e5, "poisson": 0.3, "yield": 200.0, "linear_hardening": 1e3})})
    fields = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip"), "p": FieldSpec("ip")}
    with SnapshotsWriter(path, [mesh], model, [0.0, 1.0], fields) as writer:
        for step in range(2):
            writer.write("displacement", step, 0, step * mesh.points @ gradient)
            writer.write("stress", step, 0, np.full((16, 6), 3.0 * step))
            writer.write("p", step, 0, np.full((16, 1), 0.1 * step))


def test_a_case_belongs_to_the_training_run_whose_displacements_are_most_alike(case, tmp_path, monkeypatch):
    stretched, sheared = np.diag([1e-3, 0.0, 0.0]), np.array([[0.0, 1e-3, 0.0], [0.0] * 3, [0.0] * 3])
    for name, gradient in (("a", stretched), ("b", sheared), ("c", 7.0 * sheared + 0.1 * stretched)):
        write(tmp_path / f"{name}.vtkhdf", gradient)
    monkeypatch.setattr(case.truth, "spots", lambda *_: [SimpleNamespace(name="c")])
    assert case.truth.true_clusters(tmp_path, "test", {"a": 4, "b": 2}, 0.4) == {"c": 2}


def test_errors_are_relative_to_the_largest_norm_and_to_a_least_one(case, tmp_path):
    write(tmp_path / "a.vtkhdf", np.diag([1e-3, 0.0, 0.0]))
    norms = case.judged.Norms(tmp_path / "a.vtkhdf")
    reference = case.judged.Reference.read(tmp_path / "a.vtkhdf", norms)
    off = {"displacement": 1.1, "stress": 1.0, "p": 0.5}
    solution = SimpleNamespace(
        field=lambda field, steps, piece: off[field] * reference.fields[field][piece], clusters=np.array([1, 1]),
        choice=None, error_bound={"stress": np.array([0.0, 0.2])})
    found = case.judged.judge(solution, "a", reference, norms, dict.fromkeys(case.judged.QUANTITIES, 0.0))
    assert found.errors == pytest.approx({"displacement": 0.1, "stress": 0.0, "p": 0.5}, abs=1e-7)
    assert found.bounds["stress"] == 0.2 and np.isnan(found.bounds["p"])
    small = case.judged.judge(solution, "a", reference, norms, {"displacement": 0.0, "stress": 0.0, "p": 1.0})
    assert small.errors["p"] == pytest.approx(0.05)
