"""Three verdicts: reproduced (law and balance were compared), not reproduced, and undecided, with what is missing."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from romlib.check import CheckOptions, check
from romlib.errors import CheckError
from romlib.model import Model, Omission
from romlib.snapshots.reader import Snapshots

SPRING = Omission(name="spring", does_work=True, description="a spring (line 7)")


def run(path, model=None, **options):
    with Snapshots(path) as snapshots:
        return check(snapshots, model, options=CheckOptions(**options))


def changed(model, **parts):
    return Model.model_validate({**model.model_dump(), **parts})


@pytest.mark.parametrize("names", [
    (), ("displacement",), ("displacement", "stress"), ("displacement", "internal_force"), ("displacement", "strain")])
def test_law_and_equilibrium_are_enough_whatever_else_the_file_has(written, names):
    report = run(written(names=names))
    assert report.verdict == "reproduced" and report.passed and not report.undecided
    assert json.loads(json.dumps(report.to_dict()))["verdict"] == "reproduced"


@pytest.mark.parametrize("names", [(), ("displacement",), ("displacement", "stress"),
                                   ("displacement", "internal_force")])
def test_without_materials_nothing_is_reproduced(written, case, names):
    report = run(written(names=names), changed(case.model, materials={}, loads={
        name: load for name, load in case.model.loads.items() if name not in ("spin", "weight")}))
    assert not report.passed
    assert any("no law was called" in line and "--study" in line for line in report.undecided)


def test_loads_that_need_a_density_are_not_measured_without_materials(written, case):
    """As where a deck was truncated before them: that is no disagreement."""
    report = run(written(), changed(case.model, materials={}))
    assert report.verdict == "undecided" and "density" in report["equilibrium"].detail
    gone = changed(case.model, materials={}, constraints={"foot": {"nodes": "nowhere", "components": ["x"]}})
    assert run(written(), gone).verdict == "not reproduced"


def test_an_undecided_check_names_what_was_not_compared_and_is_an_error(written, case):
    report = run(written(names=("displacement",)), Model())
    assert report.verdict == "undecided" and not report.passed and not report.failed
    assert any("equilibrium was not measured" in line for line in report.undecided)
    data = report.to_dict()
    assert data["verdict"] == "undecided" and data["passed"] is False and len(data["undecided"]) == 2
    with pytest.raises(CheckError, match=r"undecided[\s\S]*no law was called"):
        report.raise_if_failed()


def test_a_failure_is_not_undecided(written, case):
    report = run(written(stress=case.fields["stress"] * 1.1), changed(case.model, omissions=[SPRING.model_dump()]))
    assert report.verdict == "not reproduced" and report.undecided


def test_what_does_work_leaves_it_undecided_until_it_is_accepted(written, case):
    model = changed(case.model, omissions=[
        SPRING.model_dump(), {"name": "line_cells", "does_work": False, "description": "bars"}])
    report = run(written(), model)
    assert report.verdict == "undecided" and len(report.undecided) == 1
    assert "spring" in report.undecided[0] and 'accept = ["spring"]' in report.undecided[0]
    assert run(written(), model, accept=("spring",)).verdict == "reproduced"
    assert run(written(), model, accept=("springs",)).verdict == "undecided"


@pytest.mark.parametrize("names", [(), ("displacement",)])
def test_a_model_without_loads_has_a_residual_where_something_moves(written, case, names):
    """Everything is held at the bottom and loaded above, by what the model lacks."""
    model = changed(case.model, loads={name: case.model.loads[name] for name in ("heat", "room")},
                    amplitudes={name: case.model.amplitudes[name] for name in ("heat", "room")},
                    constraints={"bottom": case.model.constraints["bottom"]})
    report = run(written(names=names), model)
    assert "equilibrium" in {item.name for item in report.failed}
    cold = changed(model, loads={}, amplitudes={}, initial_temperature=20.0)
    item = run(written(names=names), cold)["equilibrium"]
    assert item.status == "fail" and item.value > 0.1


def test_a_structure_at_rest_decides_nothing(written, case):
    still = {name: 0.0 * values for name, values in case.fields.items() if name != "temperature"}
    model = changed(case.model, loads={}, amplitudes={}, initial_temperature=20.0,
                    constraints={"bottom": case.model.constraints["bottom"]})
    report = run(written(**still, temperature=np.full_like(case.fields["temperature"], 20.0)), model)
    assert report.verdict == "undecided" and not report.failed


@pytest.mark.parametrize("field", ["stress", "strain", "internal_force", "displacement"])
def test_every_failing_measurement_names_first_what_does_work(written, case, field):
    model = changed(case.model, omissions=[SPRING.model_dump()])
    report = run(written(**{field: case.fields[field] * 1.05}), model)
    assert report.failed
    for item in report.items:
        known = item.meaning.startswith("known of this file: spring (a spring (line 7)). Otherwise: ")
        assert known == (item.status in ("fail", "warn")), item.name


def test_a_table_says_once_what_several_measurements_have_in_common(written, case):
    model = changed(case.model, omissions=[SPRING.model_dump()])
    report = run(written(displacement=case.fields["displacement"] * 1.05), model)
    assert len(report.failed) > 2 and all("(line 7)" in item.meaning for item in report.failed)
    said = "\n".join(row[-1] for row in report.rows())
    assert said.count("(line 7)") == 1 and said.count("known of this file: as above. Otherwise: ") == len(
        [item for item in report.items if item.status in ("fail", "warn")]) - 1
    with pytest.raises(CheckError) as caught:
        report.raise_if_failed()
    assert str(caught.value).count("(line 7)") == 1


def test_a_small_residual_of_forces_that_are_reproduced_is_the_solvers(written, case):
    """A solver that stops early: its own forces miss the loads by a part in a thousand."""
    loads = dict(case.model.loads)
    loads["pull"] = loads["pull"].model_copy(update={"value": 150.0 * 1.0005})
    item = run(written(), changed(case.model, loads={k: v.model_dump() for k, v in loads.items()}))["equilibrium"]
    assert item.status == "fail" and item.meaning.startswith("internal_force passes")
    assert "convergence limits" in item.meaning and "*CONTROLS" in item.meaning
    loads["pull"] = loads["pull"].model_copy(update={"value": 200.0})
    item = run(written(), changed(case.model, loads={k: v.model_dump() for k, v in loads.items()}))["equilibrium"]
    assert item.status == "fail" and not item.meaning.startswith("internal_force passes")


def test_pieces_decide_as_the_whole(written, case):
    model = replace(case).model
    for n_piece in (1, 3):
        assert run(written(n_piece), model).verdict == "reproduced"
        assert run(written(n_piece), changed(model, materials={})).verdict != "reproduced"
