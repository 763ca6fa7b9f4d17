"""The check passes what can be reproduced, and says what cannot, by measurement."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import romlib.check.piece
import romlib.check.residual
from romlib.check import CheckOptions, check
from romlib.errors import CheckError, InputError
from romlib.laws.points import MaterialPoints
from romlib.mesh.tags import TagSet
from romlib.model import Material, Model
from romlib.model.tag import NodeTag, Plane
from romlib.parallel import world
from romlib.snapshots.prepared import PreparedSnapshots
from romlib.snapshots.reader import Snapshots

MEASURED = {"elements", "strain size", "constraints", "temperature", "strain", "replay", "stress", "state p",
            "state plastic_strain", "internal_force", "equilibrium", "load_balance"}


def run(path, **arguments):
    with Snapshots(path) as snapshots:
        return check(snapshots, **arguments)


def changed(model, **parts):
    return Model.model_validate({**model.model_dump(), **parts})


def statuses(report):
    return {item.name: item.status for item in report.items}


def test_an_exact_file_passes_every_measurement(written, case):
    report = run(written())
    assert statuses(report) == dict.fromkeys([item.name for item in report.items], "pass")
    assert {item.name for item in report.items} == MEASURED
    for name in MEASURED - {"elements", "strain size", "replay"}:
        assert report[name].value < 1e-9, name
    assert report["elements"].value == pytest.approx(1.5)
    assert np.nanmax(case.fields["p"]) > 1e-4  # it does yield: the replay has something to reproduce


def test_single_precision_passes_the_default_tolerances(written):
    report = run(written(dtype="float32"))
    assert report.passed
    assert report["strain"].value > 1e-9  # it is not exact


def test_the_cut_into_pieces_changes_nothing(written):
    whole, cut = run(written()), run(written(3))
    assert cut.n_piece == 3
    for item in whole.items:
        assert cut[item.name].status == "pass"
        if item.value is not None:
            assert cut[item.name].value == pytest.approx(item.value, abs=1e-10), item.name


def test_wrong_loads_are_found_on_shared_nodes_too(written, case):
    wrong = changed(case.model, amplitudes={**case.model.amplitudes, "poke": "0*t"})
    whole, cut = run(written(), model=wrong), run(written(3), model=wrong)
    assert [item.name for item in whole.failed] == [item.name for item in cut.failed] == ["equilibrium"]
    assert cut["equilibrium"].value == pytest.approx(whole["equilibrium"].value, rel=1e-9)
    assert cut["load_balance"].value == pytest.approx(whole["load_balance"].value, rel=1e-9)


def test_blocks_of_one_step_change_nothing(written, monkeypatch):
    path = written(2)
    expected = run(path)
    monkeypatch.setattr(romlib.check.piece, "BLOCK_BYTES", 1)
    monkeypatch.setattr(romlib.check.residual, "SUM_BYTES", 1)
    again = run(path)
    assert [item.name for item in again.items] == [item.name for item in expected.items]
    for item in expected.items:
        assert again[item.name].status == item.status
        if item.value is not None:
            assert again[item.name].value == pytest.approx(item.value, abs=1e-12)


@pytest.mark.parametrize(("field", "failing"), [
    ("strain", {"strain"}), ("stress", {"stress", "internal_force"}), ("p", {"state p"}),
    ("internal_force", {"internal_force", "equilibrium"}), ("temperature", {"temperature"}),
])
def test_a_field_that_is_off_is_named(written, case, field, failing):
    values = case.fields[field].copy()
    values[3] *= 1.001
    report = run(written(**{field: values}), options=CheckOptions(equilibrium=1e-5))
    assert {item.name for item in report.failed} == failing
    assert 5e-5 < report[sorted(failing)[0]].value <= 1.1e-3
    assert "t = 0.5" in report[sorted(failing)[0]].detail


@pytest.mark.parametrize(("parameter", "value"), [("young", 2.1e5), ("yield", 160.0), ("linear_hardening", 4000.0)])
def test_a_wrong_parameter_of_the_law_shows_in_the_stress(written, case, parameter, value):
    steel = case.model.materials["steel"]
    wrong = Material.model_validate({**steel.model_dump(), "parameters": {**steel.parameters, parameter: value}})
    report = run(written(), model=changed(case.model, materials={"steel": wrong}))
    assert "stress" in {item.name for item in report.failed} <= {"stress", "state p", "state plastic_strain"}
    assert "parameters of the law" in report["stress"].meaning


def test_a_missing_increment_shows_in_the_stress(written, case):
    path = written()
    with Snapshots(path) as snapshots:
        thinned = type(case)(case.mesh, case.model, case.times[::2], {
            name: values[::2] for name, values in case.fields.items()})
        assert snapshots.n_step == 7
    report = run(thinned.write(path.with_name("thin.vtkhdf")))
    assert {"stress", "state p"} <= {item.name for item in report.failed}
    assert report["equilibrium"].status == report["strain"].status == "pass"


@pytest.mark.parametrize("load", ["pull", "push", "spin", "poke", "weight"])
def test_a_load_of_the_wrong_size_shows_in_equilibrium_only(written, case, load):
    twice = changed(case.model, amplitudes={**case.model.amplitudes, load: "1.5"})
    report = run(written(), model=twice)
    assert [item.name for item in report.failed] == ["equilibrium"]
    assert report["load_balance"].status == "warn"
    assert "sign" in report["equilibrium"].meaning


def test_thermal_expansion_is_replayed(written, case):
    cold = changed(case.model, amplitudes={**case.model.amplitudes, "heat": "61*t"})
    assert {"temperature", "stress"} <= {item.name for item in run(written(), model=cold).failed}


def test_a_wrong_constraint_is_found(written, case):
    wrong = changed(case.model, constraints={
        **case.model.constraints, "top": {"nodes": "zmax", "components": ["y"]}})
    report = run(written(), model=wrong)
    assert [item.name for item in report.failed] == ["constraints"]
    assert "'top'" in report["constraints"].detail


def test_large_strain_warns(written, case):
    report = run(written(names=("displacement",), displacement=100 * case.fields["displacement"]),
                 model=Model())
    assert report["strain size"].status == "warn"
    assert not report.failed and report.verdict == "undecided"  # nothing was compared


def test_a_displacement_alone_is_checked_against_the_loads(written, case):
    report = run(written(names=("displacement",)))
    assert report["equilibrium"].status == report["load_balance"].status == "pass"
    assert "replayed" in report["equilibrium"].detail
    for name in ("strain", "stress", "internal_force", "temperature"):
        assert report[name].status == "absent"


def test_plastic_strain_at_first_yield_is_measured_by_the_strain(written, case):
    last = np.abs(case.fields["strain"]).max()
    report = run(written(p=case.fields["p"] + 1e-6 * last))
    assert report["state p"].status == "pass"
    again = run(written(p=1e-7 * case.fields["p"]))
    assert again["state p"].status == "fail"  # most of it is missing
    assert run(written(p=case.fields["p"] + 1e-3 * last))["state p"].status == "fail"


def test_forces_that_the_model_lacks_are_named(written, case):
    model = changed(case.model, omissions=[
        {"name": "spring 7", "description": "to ground", "does_work": True},
        {"name": "fluid", "description": "not read", "does_work": False}])
    detail = run(written(), model=model)["equilibrium"].detail
    assert "spring 7" in detail and "fluid" not in detail


def test_without_a_model_only_the_kinematics_are_checked_and_nothing_is_decided(written):
    report = run(written(), model=Model())
    present = {name for name, status in statuses(report).items() if status != "absent"}
    assert present == {"elements", "strain size", "strain", "internal_force"}
    assert "no materials" in report["stress"].detail
    assert report.verdict == "undecided" and not report.passed


def test_stored_internal_force_needs_no_law_for_equilibrium(written, case):
    model = changed(case.model, materials={})
    model = changed(model, loads={k: v for k, v in model.loads.items() if k not in ("spin", "weight")})
    report = run(written(names=("displacement", "internal_force")), model=model)
    assert report["equilibrium"].status == "fail"  # the rotation and the weight are missing
    assert report["stress"].status == "absent"


@pytest.mark.parametrize(("parts", "failing", "said"), [
    ({"materials": {"steel": {"law": "mises", "parameters": {"young": 1.0}}}}, "replay", "poisson"),
    ({"constraints": {"b": {"nodes": "nowhere", "components": ["x"]}}}, "constraints", "nowhere"),
    ({"loads": {"pull": {"kind": "pressure", "faces": "nowhere"}}}, "equilibrium", "nowhere"),
    ({"amplitudes": {}}, "equilibrium", "no amplitude"),
])
def test_what_the_study_states_wrongly_fails_the_measurement_that_needs_it(written, case, parts, failing, said):
    report = run(written(2), model=changed(case.model, **parts))
    assert failing in {item.name for item in report.failed}
    assert said in report[failing].detail


def test_a_law_that_is_not_installed_leaves_the_check_undecided(written, case):
    report = run(written(names=("displacement",)), model=changed(case.model, materials={"steel": {"law": "nobody's"}}))
    assert report["replay"].status == "absent" and "nobody's" in report["replay"].detail
    assert report.verdict == "undecided" and not report.passed


def test_a_law_that_cannot_be_integrated_fails_and_leaves_the_rest(written, monkeypatch):
    integrate = MaterialPoints.integrate

    def fails_late(self, start, *arguments, **options):
        result, late = integrate(self, start, *arguments, **options), start.time > 0.4
        return replace(result, failed_points=np.array([3]), dt_factor=0.5, message="no root") if late else result

    monkeypatch.setattr(MaterialPoints, "integrate", fails_late)
    report = run(written(2))
    assert [item.name for item in report.failed] == ["replay"]
    assert "no root" in report["replay"].detail and "integration point 4" in report["replay"].detail
    assert report["strain"].status == report["internal_force"].status == report["equilibrium"].status == "pass"
    alone = run(written(2, names=("displacement",)))
    assert [item.name for item in alone.failed] == ["replay"]
    assert alone["equilibrium"].status == "absent" and "replay" in alone["equilibrium"].detail


def test_an_inverted_cell_is_named(written, case):
    class Moved(PreparedSnapshots):
        def mesh(self, piece):
            mesh = super().mesh(piece)
            mesh.points[mesh.blocks[0].connectivity[0, 0]] += 5.0
            return mesh

    with Snapshots(written()) as snapshots:
        report = check(Moved.of(snapshots))
    assert report["elements"].status == "fail"
    assert "Jacobian" in report["elements"].detail


def test_tags_of_the_study_are_used(written, case):
    path = written()
    model = changed(case.model, constraints={
        **case.model.constraints, "bottom": {"nodes": "foot", "components": ["x", "y", "z"]}})
    foot = NodeTag(plane=Plane(point=(0, 0, 0), normal=(0, 0, 1)))
    assert not run(path, model=model).passed
    with Snapshots(path) as snapshots:
        report = check(PreparedSnapshots(snapshots, model, TagSet({"foot": foot}, {}, {})))
    assert report.passed


def test_tolerances_decide(written, case):
    path = written(stress=case.fields["stress"] * 1.001)
    assert not run(path).passed
    assert run(path, options=CheckOptions(stress=2e-3, internal_force=2e-3)).passed
    with pytest.raises(InputError, match="stress"):
        CheckOptions(stress=0.0)


def test_a_report_is_data(written, case):
    report = run(written(p=case.fields["p"] * 1.1))
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["units"] == "mm, N, MPa, s, degC" and data["passed"] is False and data["steps"] == 7
    assert {item["name"] for item in data["items"]} == MEASURED
    rows = {row[0]: row for row in report.rows()}
    assert rows["state p"][1] == "fail" and report["state p"].meaning in rows["state p"][5]
    assert "MPa" in rows["stress"][5] and rows["strain"][1] == "pass"
    with pytest.raises(CheckError, match="state p"):
        report.raise_if_failed()
    run(written()).raise_if_failed()


def test_a_file_without_displacement_is_refused(written):
    with pytest.raises(InputError, match="displacement"):
        run(written(names=("stress",)))


@pytest.mark.mpi
def test_every_number_of_ranks_gives_the_same_report(case, tmp_path):
    comm = world()
    folder = comm.bcast(tmp_path)
    path = comm.on_root(lambda: case.write(folder / "ranks.vtkhdf", 3))
    report = run(path, comm=comm)
    alone = run(path)
    assert comm.allgather(report)[0] == report
    assert report.to_dict() == alone.to_dict()
