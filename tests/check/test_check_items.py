"""What the check says of a disagreement: first what the file is known to lack, then what is usual."""

from __future__ import annotations

import numpy as np
import pytest

from romlib.check import CheckOptions, check
from romlib.check.items import CAUSES, KNOWN_SIZE, MEANING
from romlib.model import Model, Omission
from romlib.snapshots.reader import Snapshots


def run(path, model, *names, options=None):
    lacking = tuple(Omission(name=name, does_work=False, description=f"why {name}") for name in names)
    with Snapshots(path) as snapshots:
        return check(snapshots, Model.model_validate({**model.model_dump(), "omissions": lacking}), options=options)


@pytest.mark.parametrize("name", CAUSES)
def test_a_known_cause_stands_before_the_usual_ones_where_it_can_be_one(written, case, name):
    path = written(**{field: case.fields[field] * 1.01 for field in ("stress", "strain")},
                   internal_force=case.fields["internal_force"] * 1.02)
    report = run(path, case.model, name, "something_else")
    for item in report.items:
        known = f"why {name}" in item.meaning
        assert known == (item.status in ("fail", "warn") and item.name in CAUSES[name]), item.name
        assert MEANING.get(item.name, "") in item.meaning and "something_else" not in item.meaning
    assert any(f"why {name}" in report[item].meaning for item in CAUSES[name] if item != "state")


def test_what_passes_needs_no_cause(written, case):
    report = run(written(), case.model, "digits", "missing_increments")
    assert report.passed and not any("why" in item.meaning for item in report.items)


def test_finite_strain_is_warned_of_whatever_the_size_of_the_strain(written, case):
    item = run(written(), case.model, "nlgeom")["strain size"]
    assert item.status == "warn" and "finite strain" in item.detail
    assert run(written(), case.model)["strain size"].status == "pass"


def test_forces_are_measured_with_the_closer_stress_where_the_stored_one_passes(written, case):
    """A printed stress has few digits; a wrong one is not made up for."""
    printed = case.fields["stress"] * (1.0 + 1e-7 * np.sign(np.sin(np.arange(case.fields["stress"].size))).reshape(
        case.fields["stress"].shape))
    exact = run(written(stress=printed), case.model)["internal_force"]
    assert exact.status == "pass" and exact.value < 1e-9
    assert "of the replayed stress (of the stored one: " in exact.detail
    wrong = run(written(stress=case.fields["stress"] * 1.01), case.model, options=CheckOptions(stress=1.0))
    assert [item.name for item in wrong.failed] == ["internal_force"]
    assert wrong["internal_force"].value == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize(("part", "status"), [(1e-4, "pass"), (4e-4, "fail")])
def test_what_is_known_of_a_solver_s_elements_raises_a_tolerance_to_its_size_and_no_further(
        written, case, part, status):
    path = written(stress=case.fields["stress"] * (1.0 + part))
    assert run(path, case.model)["stress"].status == "fail"
    item = run(path, case.model, "wedges")["stress"]
    assert item.status == status and item.tolerance == (KNOWN_SIZE["wedges"]["stress"] if status == "pass" else 1e-5)
    assert ("raised from 1.0e-05: see wedges" in item.compared) == (status == "pass")
    assert ("why wedges" in item.meaning) == (status == "fail")
