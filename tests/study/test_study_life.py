"""Life of real runs: a strip in cyclic shear and tension, solved by its ROM, written, cut in pieces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand_made_rom import affine, hand_made_rom, write_both

import romlib
from romlib.errors import InputError, StudyError
from romlib.life.table import LifeTable, StrainLife
from romlib.mesh.box import box_mesh
from romlib.mesh.mesh import Mesh
from romlib.mesh.operator import StrainOperator
from romlib.mesh.partition import number_shared_nodes, partition
from romlib.model import Case, Constraint, Material, Model
from romlib.nodal.average import Averaging
from romlib.snapshots.error_bounds import ErrorBounds
from romlib.snapshots.reader import Snapshots
from romlib.study.life import life
from romlib.study.study import Study

YOUNG, POISSON, YIELD, HARDENING = 2e5, 0.3, 200.0, 4e3
AMPLITUDE = 0.004
CASE = Case(times={"stop": 3.0, "step": 0.025}, amplitudes={"pull": f"{AMPLITUDE}*sin(2*pi*t)"})
CURVE = StrainLife(kind="strain_life", fatigue_strength_coefficient=900.0, fatigue_strength_exponent=-0.09,
                   fatigue_ductility_coefficient=0.4, fatigue_ductility_exponent=-0.6)
TABLE = LifeTable(counting="period", materials={"steel": CURVE})
STUDY = """
[study]
name = "life of the strip"
[life]
counting = "period"
[life.materials.steel]
kind = "strain_life"
fatigue_strength_coefficient = 900
fatigue_strength_exponent = -0.09
fatigue_ductility_coefficient = 0.4
fatigue_ductility_exponent = -0.6
"""


def bent(points):
    """A stretch along x that grows with y: no two heights have one strain."""
    u = np.zeros_like(points)
    u[:, 0] = points[:, 0] * (0.5 + 0.5 * points[:, 1])
    return u


def write_rom(path: Path, n_piece: int = 1) -> Path:
    mesh = box_mesh("hex8", (4, 3, 1), (2.0, 1.0, 1.0))
    pieces = list(number_shared_nodes(partition(mesh, n_piece))) if n_piece > 1 else [mesh]
    steel = Material(law="mises", parameters={"young": YOUNG, "poisson": POISSON, "yield": YIELD,
                                              "linear_hardening": HARDENING})
    model = Model(materials={"steel": steel}, amplitudes={"pull": "0*t"}, constraints={
        "pull": Constraint(nodes="xmax", components=("x",), kind="prescribed")})
    rom, data = hand_made_rom(pieces, model, [affine(1), affine(2)], liftings={"pull": bent},
                              dual={"stress": (6, True), "p": (1, False)}, cases={"wave": CASE})
    rom.manifest.study = STUDY
    return write_both(path, rom, data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("life")
    for name, n_piece in (("one", 1), ("three", 3)):
        rom = romlib.load(write_rom(folder / f"{name}.rom", n_piece))
        rom.solve("wave", hyper_reduction=False).write(folder / f"{name}.vtkhdf")
    (folder / "study.toml").write_text(STUDY)
    return folder


def by_hand(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Largest equivalent strain range of a cycle, by loops, and p at the end, at every point of a file."""
    with Snapshots(path) as snapshots:
        strain = StrainOperator(snapshots.mesh(0)).strain(snapshots.read("displacement", 0))
        p = snapshots.read("p", 0)[-1, :, 0]
    s = strain - strain[..., :3].sum(-1, keepdims=True) / 3 * np.array([1, 1, 1, 0, 0, 0])
    largest = np.zeros(strain.shape[1])
    for start in (0, 40, 80):
        for a in range(start, start + 41):
            for b in range(start, a):
                largest = np.maximum(largest, np.sqrt(2 / 3) * np.linalg.norm(s[a] - s[b], axis=1))
    return largest, p


def test_ranges_and_p_of_a_result_are_those_found_by_loops_over_its_arrays(folder):
    found = life(folder / "one.vtkhdf", number=3)
    ranges, p = by_hand(folder / "one.vtkhdf")
    np.testing.assert_allclose(found.fields["strain_range"][0], ranges, rtol=1e-12)
    np.testing.assert_array_equal(found.fields["p"][0], p)
    assert found.cycles.period == pytest.approx(1.0) and found.cycles.number == 3
    first = found.spots[0]
    assert first.values["strain_range"] == pytest.approx(ranges.max(), rel=1e-12) == ranges[first.ip]
    assert first.strain_ranges.max() == pytest.approx(ranges.max(), rel=1e-12)
    assert first.p_increments.sum() == pytest.approx(p[first.ip])
    with Snapshots(folder / "one.vtkhdf") as snapshots:
        operator = StrainOperator(snapshots.mesh(0))
    assert (first.cell, first.number) == (operator.cell_ids[first.ip], operator.point_numbers[first.ip])
    np.testing.assert_array_equal(first.coordinates, operator.coordinates[first.ip])
    assert first.nodal["strain_range"] > first.values["strain_range"]  # the strain grows up to the edge


def test_the_damage_of_a_hot_spot_is_that_of_its_strain_range(folder):
    found = life(folder / "one.vtkhdf", study=folder / "study.toml", number=1)
    spot = found.spots[0]
    assert found.by == "damage" and spot.damage == found.fields["damage"][0].max()
    for extent, n in zip(spot.judged.strain, spot.judged.failure):
        assert 900.0 / YOUNG * (2 * n) ** -0.09 + 0.4 * (2 * n) ** -0.6 == pytest.approx(extent / 2, rel=1e-9)
    np.testing.assert_allclose(spot.judged.strain, spot.strain_ranges)
    assert spot.damage == pytest.approx((1.0 / spot.judged.failure).sum())
    assert spot.repetitions == pytest.approx(1.0 / spot.damage)


@pytest.mark.parametrize("table", [TABLE, LifeTable(materials={"steel": CURVE})])
def test_how_a_mesh_is_cut_does_not_matter(folder, table):
    one, three = (life(folder / f"{name}.vtkhdf", table=table, number=4) for name in ("one", "three"))
    assert len(three.fields["damage"]) == 3
    assert [(s.cell, s.number) for s in one.spots] == [(s.cell, s.number) for s in three.spots]
    for a, b in zip(one.rows(), three.rows()):
        for name in ("damage", "strain_range", "stress_range", "p", "strain_range_nodal", "p_nodal"):
            assert a[name] == pytest.approx(b[name], rel=1e-9)


def test_a_case_of_a_rom_has_the_life_of_its_written_result_and_of_its_selected_points(folder):
    """All points of this ROM are selected: what is read from the modes is what the file has."""
    written = life(folder / "one.vtkhdf", study=folder / "study.toml")
    solved = life(folder / "one.rom", case="wave")
    selected = life(folder / "one.rom", case="wave", selected_points=True)
    whole = life(romlib.load(folder / "one.rom").solve("wave", hyper_reduction=False))
    assert solved.table == written.table and solved.by == "damage"  # from the study of the ROM
    np.testing.assert_allclose(whole.fields["damage"][0], written.fields["damage"][0], rtol=1e-6)
    np.testing.assert_allclose(selected.fields["damage"][0], whole.fields["damage"][0], rtol=1e-6)
    np.testing.assert_allclose(solved.fields["strain_range"][0], written.fields["strain_range"][0], rtol=1e-6)
    assert selected.spots[0].place == written.spots[0].place and not selected.whole and not selected.spots[0].nodal
    assert any("selected points" in note for note in selected.notes)


def test_a_rom_without_its_fields_file_is_looked_at_where_it_has_points(folder, tmp_path):
    (tmp_path / "alone.rom").write_bytes((folder / "one.rom").read_bytes())
    alone = life(tmp_path / "alone.rom", case="wave")
    assert not alone.whole and alone.spots[0].values["damage"] > 0.0


def test_small_blocks_of_points_and_steps_change_nothing(folder, monkeypatch):
    before = life(folder / "three.vtkhdf", table=TABLE)
    monkeypatch.setattr("romlib.study.life._POINT_BYTES", 1e5)
    monkeypatch.setattr("romlib.study.histories._BLOCK_BYTES", 1e4)
    after = life(folder / "three.vtkhdf", table=TABLE)
    for name, parts in before.fields.items():
        for a, b in zip(parts, after.fields[name]):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_hot_spots_are_apart_and_ranked(folder):
    found = life(folder / "one.vtkhdf", number=5, distance=0.4, by="p")
    places = np.array([spot.coordinates for spot in found.spots])
    apart = np.linalg.norm(places[:, None] - places, axis=2) + 10 * np.eye(len(places))
    assert len(places) > 1 and apart.min() > 0.4
    ranked = np.array([spot.values["p"] for spot in found.spots])
    assert (np.diff(ranked) <= 1e-8 * ranked[0]).all()  # mirrored places differ by rounding


def test_what_is_not_there_is_refused_by_name(folder, tmp_path):
    file = folder / "one.vtkhdf"
    with pytest.raises(StudyError, match="no such material"):
        life(file, table=LifeTable(materials={"stel": CURVE}))
    with pytest.raises(InputError, match="ranked by 'damage'"):
        life(file, by="damage")
    with pytest.raises(InputError, match="a case is needed"):
        life(folder / "one.rom")
    with pytest.raises(InputError, match="has one run"):
        life(file, case="wave")
    rom = romlib.load(folder / "one.rom")
    rom.solve("wave").write(tmp_path / "u.vtkhdf", fields=["displacement"])
    mean = CURVE.model_copy(update={"mean_stress": "morrow"})
    with pytest.raises(InputError, match="needs stresses"):
        life(tmp_path / "u.vtkhdf", table=LifeTable(materials={"steel": mean}))
    assert life(tmp_path / "u.vtkhdf", table=TABLE).spots[0].values["damage"] > 0.0


def test_a_life_beyond_the_measured_range_of_a_curve_is_told(folder):
    table = LifeTable(counting="period", materials={"steel": CURVE.model_copy(update={"valid": (1e5, 1e7)})})
    assert any("outside of the curve's range" in one for one in life(folder / "one.vtkhdf", table=table).unchecked)
    assert not life(folder / "one.vtkhdf", table=TABLE).unchecked


def test_the_table_of_a_study_is_validated(tmp_path):
    path = tmp_path / "study.toml"
    for wrong, message in ((STUDY.replace("fatigue_strength_exponent = -0.09", "fatigue_strength_exponent = 0.09"),
                            "life.materials.steel.fatigue_strength_exponent"),
                           (STUDY.replace("fatigue_ductility_exponent", "fatigue_ductility_exponant"),
                            "did you mean 'fatigue_ductility_exponent'"),
                           (STUDY.replace('"period"', '"rainflow"\nmeasure = "equivalent"'), "measure with a sign"),
                           (STUDY.replace('"strain_life"', '"sn"'), "strain_life")):
        path.write_text(wrong)
        with pytest.raises(StudyError) as error:
            Study.read(path)
        assert message in str(error.value)


def test_rows_become_a_table_of_pandas_and_of_html(folder):
    found = life(folder / "one.vtkhdf", number=2)
    assert "<table>" in found._repr_html_() and "strain_range" in found._repr_html_()
    pandas = pytest.importorskip("pandas")
    frame = found.to_pandas()
    assert isinstance(frame, pandas.DataFrame) and frame.index.tolist() == [1, 2]
    assert frame.loc[1, "strain_range"] == found.spots[0].values["strain_range"]


@pytest.mark.filterwarnings("error")
def test_materials_without_p_or_without_a_fatigue_curve_have_the_rest(tmp_path):
    """Half of the strip is elastic: no p there, no damage, and strain ranges all the same."""
    mesh = box_mesh("hex8", (4, 3, 1), (2.0, 1.0, 1.0))
    mesh = Mesh(**{**mesh.__dict__, "cell_tags": {"stiff": np.arange(6), "soft": np.arange(6, 12)}})
    parameters = {"young": YOUNG, "poisson": POISSON}
    model = Model(materials={
        "glass": Material(law="elastic", cells="stiff", parameters=parameters),
        "steel": Material(law="mises", cells="soft", parameters={**parameters, "yield": YIELD,
                                                                 "linear_hardening": HARDENING})},
        amplitudes={"pull": "0*t"},
        constraints={"pull": Constraint(nodes="xmax", components=("x",), kind="prescribed")})
    rom, data = hand_made_rom([mesh], model, [affine(1), affine(2)], liftings={"pull": bent},
                              dual={"stress": (6, True)}, cases={"wave": CASE})
    solution = romlib.load(write_both(tmp_path / "two.rom", rom, data)).solve("wave", hyper_reduction=False)
    solution.write(tmp_path / "two.vtkhdf", fields=["displacement", "stress", "p"])
    found = life(tmp_path / "two.vtkhdf", table=TABLE, by="strain_range", number=12, distance=0.0)
    glass = np.isin(StrainOperator(mesh).cell, np.arange(6))
    assert np.isnan(found.fields["damage"][0][glass]).all() and np.isnan(found.fields["p"][0][glass]).all()
    assert (found.fields["damage"][0][~glass] > 0).all() and (found.fields["strain_range"][0] > 0).all()
    assert {spot.material for spot in life(tmp_path / "two.vtkhdf", table=TABLE).spots} == {"steel"}
    assert any("no fatigue curve, and no damage, of glass" in note for note in found.notes)
    for spot in found.spots:
        assert (spot.damage is None) == (spot.material == "glass") == ("p" not in spot.nodal)
    for cells, name in ((np.arange(6), "glass"), (np.arange(6, 12), "steel")):  # what the other material has is not its
        alone = Averaging(mesh, cells=cells)
        at_nodes = alone.nodes(found.fields["stress_range"][0][alone.ips][None, :, None])[0, :, 0]
        for spot in (spot for spot in found.spots if spot.material == name):
            nodes = mesh.blocks[0].connectivity[np.flatnonzero(mesh.blocks[0].cell_ids == spot.cell)[0]]
            assert spot.nodal["stress_range"] == pytest.approx(at_nodes[nodes].max(), rel=1e-12)


def test_a_bound_that_is_withheld_at_some_time_is_none_of_the_run(folder):
    found, times = life(folder / "one.vtkhdf", number=1), np.array([0.0, 1.0, 2.0])
    known = replace(found, bounds=ErrorBounds(
        {"displacement": np.array([0.1, 0.2, np.nan]), "stress": np.array([0.1, 0.3, 0.2])}, times=times))
    assert (known.bound("strain_range"), known.bound("stress_range"), known.bound("p")) == (None, 0.3, None)
