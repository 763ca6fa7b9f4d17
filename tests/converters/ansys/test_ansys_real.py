"""Real results of Ansys, compared with what meshio++ and Ansys' own reader find in them."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from romlib_converters.ansys import AnsysConverter
from romlib_converters.ansys.history import AnsysHistory
from romlib_converters.ansys.results import ElementResults, SetReader
from romlib_converters.ansys.rst import RstFile

from romlib.check import check
from romlib.errors import UnsupportedError
from romlib.laws.law import Increment
from romlib.laws.mises import MisesLaw
from romlib.mesh.operator import StrainOperator
from romlib.snapshots.reader import Snapshots

pytestmark = pytest.mark.data
FILES = {"static_nar": (201, {"hex20": 24}, 5), "temp_v13": (216, {"hex8": 125}, 1),
         "cyc_stress": (150, {"hex8": 80}, 1)}


@pytest.fixture(scope="module")
def static_nar(data_dir, tmp_path_factory):
    """The converted file of 24 SOLID186."""
    target = tmp_path_factory.mktemp("ansys") / "nar.vtkhdf"
    AnsysConverter().convert(data_dir / "ansys" / "static_nar.rst", target)
    with Snapshots(target) as snapshots:
        yield snapshots


@pytest.mark.parametrize("name", FILES)
def test_counts_displacement_and_stress_are_those_of_meshio(data_dir, name):
    meshio = pytest.importorskip("meshioplusplus")
    path = data_dir / "ansys" / f"{name}.rst"
    rst = RstFile(path)
    reader, (n_node, cells, n_set) = SetReader(rst), FILES[name]
    assert len(rst.database.node_ids) == n_node and len(rst.sets) == n_set
    assert {kind: sum(len(group.positions) for group in reader.groups if group.cell_type == kind)
            for kind in cells} == cells
    times = meshio.ansys_rst.time_values(str(path))
    for number, result in enumerate(rst.sets):
        other = meshio.read(str(path), time_step=number)
        assert result.time == times[number]
        assert np.array_equal(other.points, rst.database.points)
        found = reader.displacement(result)
        expected = other.point_data["U"][np.searchsorted(np.sort(rst.database.node_ids), found.ids)]
        assert np.allclose(found.values, expected, rtol=0.0, atol=1e-12 * np.abs(expected).max())
        theirs = other.cell_data["S"][0].reshape(len(rst.database.elements), -1, 6)
        assert len(other.cells) == 1
        for group, stress in zip(reader.groups, reader.corner_stress(ElementResults(rst, result)), strict=True):
            assert np.array_equal(rst.database.elements.ids[group.positions], stress.ids)
            mine, size = theirs[group.positions, :8], np.nanmax(np.abs(theirs))
            assert np.allclose(stress.values, mine, rtol=0.0, atol=1e-6 * size)


def test_displacement_is_that_of_ansys_own_reader(data_dir):
    pytest.importorskip("ansys.mapdl.reader")
    path = data_dir / "ansys" / "static_nar.rst"
    code = ("import json, sys; from ansys.mapdl.reader import read_binary; r = read_binary(sys.argv[1]); "
            "print(json.dumps([[a.tolist() for a in r.nodal_solution(k)] for k in range(r.n_results)]))")
    # In a process of its own: asking this reader for the components of this file ends the process by a signal.
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    history = AnsysHistory(path)
    theirs = json.loads(done.stdout.splitlines()[-1])
    assert len(theirs) == len(history.times)
    for step, (ids, values) in enumerate(theirs):
        found, = history.read(step)["displacement"]
        order = np.argsort(found.ids)
        assert found.ids[order].tolist() == ids
        assert np.allclose(found.values[order], values, rtol=0.0, atol=1e-15)


def test_formulations_that_are_not_reproduced_are_refused_by_name_or_taken_at_the_users_word(data_dir, tmp_path):
    path, target = data_dir / "ansys" / "cyc_stress.rst", tmp_path / "out.vtkhdf"
    with pytest.raises(UnsupportedError, match="SOLID185 has a formulation") as caught:
        AnsysConverter().convert(path, target)
    assert "simplified enhanced strain (KEYOPT(2) = 3)" in caught.value.found and not target.exists()
    AnsysConverter().convert(path, target, options={"formulation": "standard"})
    with Snapshots(target) as snapshots:
        assert (snapshots.n_node_total, snapshots.n_cell_total) == (150, 80)
        notes = {note.name: note for note in snapshots.model.omissions}
        assert notes["formulation_SOLID185_hex8"].does_work
        # Nodes have axes of their own here, in which some are held: relations, in global axes.
        held = snapshots.model.constraints["held_in_nodal_axes"]
        assert held.kind == "linear" and len(snapshots.mesh(0).node_tags["held_in_nodal_axes"]) == 25
        u = snapshots.read("displacement", 0, 0)
        mesh = snapshots.mesh(0)
        outward = mesh.points[:, :2] / np.linalg.norm(mesh.points[:, :2], axis=1)[:, None]
        across = np.abs(u[:, 0] * outward[:, 1] - u[:, 1] * outward[:, 0])
        assert across.max() < 1e-3 * np.linalg.norm(u[:, :2], axis=1).max()  # it turns about z, and grows outward


def test_b_bar_with_thermal_expansion_is_reproduced_to_rounding(data_dir, tmp_path):
    """SOLID185 as Ansys has it by default, heated, with double precision throughout (release 13)."""
    AnsysConverter().convert(data_dir / "ansys" / "temp_v13.rst", tmp_path / "out.vtkhdf", units="m, N, Pa, s")
    with Snapshots(tmp_path / "out.vtkhdf") as snapshots:
        assert snapshots.mesh(0).blocks[0].formulation == "B-bar" and not snapshots.model.omissions
        report = check(snapshots)
    assert report.passed, report
    assert all(report[name].value < 1e-11 for name in ("temperature", "stress", "internal_force", "equilibrium"))


def test_static_nar_has_its_model_with_materials_and_constraints(static_nar):
    model, mesh = static_nar.model, static_nar.mesh(0)
    laws = {name: material.parameters for name, material in model.materials.items()}
    assert laws["material_1"] == pytest.approx({"young": 71000, "poisson": 0.33, "yield": 280,
                                                "linear_hardening": 71000 * 500 / 70500})
    assert laws["material_2"] == pytest.approx({"young": 45000, "poisson": 0.35, "yield": 193,
                                                "linear_hardening": 45000 * 920 / 44080})
    assert {name: len(mesh.cell_tags[name]) for name in ("ALU_BODY", "MG_BODY")} == {"ALU_BODY": 12, "MG_BODY": 12}
    assert np.array_equal(mesh.cell_tags["material_1"], mesh.cell_tags["ALU_BODY"])
    moved = model.amplitudes["prescribed_z"]
    assert moved.time == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1]) and moved.value == pytest.approx(
        [0, 0.4, 0.8, 1.2, 1.6, 2])
    assert np.array_equal(mesh.node_tags["prescribed_z"], mesh.node_tags["_DISPNONZEROUZ"])
    assert mesh.blocks[0].quadrature == "hex_gauss_8" and [o.name for o in model.omissions] == ["nlgeom"]


def test_the_check_of_static_nar_measures_what_large_deflection_changes_and_names_it(static_nar):
    report = check(static_nar)
    assert not report.passed and report["constraints"].value == 0.0
    assert 0.01 < report["stress"].value < 0.025 and 0.01 < report["state p"].value < 0.03
    assert "nlgeom" in str(report["stress"])


def test_static_nar_obeys_the_law_of_its_file_in_logarithmic_strain(static_nar):
    """The block is stretched along z and held across: no rotation. Ansys adds up increments over the length in the
    middle of each substep, which is ln(1 + du/dz) but for the square of an increment."""
    mesh = static_nar.mesh(0)
    operator = StrainOperator(mesh)
    material = np.isin(operator.cell, mesh.cell_tags["material_2"])
    largest = max(np.abs(static_nar.read("stress", 0, step)).max() for step in range(5))
    for number in (1, 2):
        law = MisesLaw.from_parameters(dict(static_nar.model.materials[f"material_{number}"].parameters))
        mine = np.flatnonzero(material == (number == 2))
        state, n = law.initial_state(len(mine)), len(mine)
        strain, before = np.zeros((n, 6)), np.zeros(n)
        for step in range(5):
            small = operator.strain(static_nar.read("displacement", 0, slice(step, step + 1)))[0, mine]
            assert np.abs(small[:, [0, 1, 3, 4, 5]]).max() < 1e-12
            strain[:, 2] += (small[:, 2] - before) / (1.0 + 0.5 * (small[:, 2] + before))
            before = small[:, 2]
            assert np.allclose(strain[:, 2], np.log1p(small[:, 2]), rtol=1e-5)
            done = law.integrate(Increment(strain, strain, np.zeros((n, 6)), None, None, 0.0, 1.0, np.zeros(n),
                                           np.zeros(n), np.zeros((n, 3))), state, False)
            state = done.state
            assert np.abs(done.stress - static_nar.read("stress", 0, step)[mine]).max() < 2e-7 * largest
            assert np.allclose(state[:, 0], static_nar.read("p", 0, step)[mine, 0], rtol=1e-5, atol=1e-9)
