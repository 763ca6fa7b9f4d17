"""Comparison of two histories: errors that are known in advance, whatever the cut."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_example import TIMES, bar, cut, displacement, plastic_strain, scaled, write

from romlib.errors import InputError
from romlib.model import Model
from romlib.report import compare as module
from romlib.report.compare import Comparison, compare
from romlib.report.matching import match_times
from romlib.snapshots.reader import Snapshots

FIELDS = {"displacement": displacement, "p": plastic_strain}


def compared(candidate: Path, reference: Path, **options) -> Comparison:
    with Snapshots(candidate) as a, Snapshots(reference) as b:
        return compare(a, b, **options)


@pytest.mark.parametrize(("n_candidate", "n_reference"), [(1, 1), (3, 1), (1, 3), (2, 3)])
@pytest.mark.parametrize("cell_type", ["hex8", "tet10"])
def test_a_scaled_history_is_wrong_by_the_scale_in_both_norms_whatever_the_cut(
        tmp_path, n_candidate, n_reference, cell_type):
    mesh = bar(cell_type)
    wrong = {"displacement": scaled(displacement, 1.02), "p": scaled(plastic_strain, 0.9)}
    a = write(tmp_path / "a.vtkhdf", cut(mesh, n_candidate), wrong)
    b = write(tmp_path / "b.vtkhdf", cut(mesh, n_reference), FIELDS)
    result = compared(a, b)
    for name, error in (("displacement", 0.02), ("p", 0.1)):
        field = result.fields[name]
        assert field.relative == pytest.approx(error, rel=1e-9) and field.frobenius == pytest.approx(error, rel=1e-9)
        assert not field.replayed and not field.skipped
    assert repr(result).endswith("relative L2 errors: displacement 0.02, p 0.1)")
    assert result.fields["p"].over_time == pytest.approx(0.1 * TIMES**2, abs=1e-12)
    assert result.fields["p"].largest == pytest.approx(0.1 * 1e-2 * 4, rel=0.1)


def test_l2_norms_are_integrals_over_the_volume(tmp_path):
    def constant(*values):
        return lambda x, t: np.tile(values, (len(x), 1))

    zero = {"displacement": constant(0.0, 0.0, 0.0), "p": constant(0.0)}
    one = {"displacement": constant(0.0, 3.0, 4.0), "p": constant(2.0)}
    pieces = cut(bar("tet10"), 2)
    result = compared(write(tmp_path / "a.vtkhdf", pieces, zero), write(tmp_path / "b.vtkhdf", pieces, one))
    assert result.fields["displacement"].reference == pytest.approx(5.0 * np.sqrt(6.0) * np.ones(6))
    assert result.fields["p"].difference == pytest.approx(2.0 * np.sqrt(6.0) * np.ones(6))


def test_the_frobenius_norm_counts_interface_nodes_once(tmp_path):
    mesh, pieces = bar(), cut(bar(), 3)

    def bump(x, t):
        return displacement(x, t) + np.where(x[:, :1] == 1.5, 1e-4, 0.0)  # on an interface, for some cuts

    a, b = (write(tmp_path / f"{f.__name__}.vtkhdf", pieces, {"displacement": f}) for f in (bump, displacement))
    u, v = (np.stack([f(mesh.points, t) for t in TIMES]) for f in (bump, displacement))
    assert sum(piece.n_node for piece in pieces) > mesh.n_node
    assert compared(a, b).fields["displacement"].frobenius == pytest.approx(np.linalg.norm(u - v) / np.linalg.norm(v))


def test_blocks_of_steps_do_not_change_the_errors(tmp_path, monkeypatch):
    a = write(tmp_path / "a.vtkhdf", cut(bar(), 2), {n: scaled(f, 1.1) for n, f in FIELDS.items()}, stress_factor=1.1)
    b = write(tmp_path / "b.vtkhdf", [bar()], {"displacement": displacement})
    whole = compared(a, b)
    monkeypatch.setattr(module, "BLOCK_BYTES", 1)
    blocks = compared(a, b)
    for name, field in whole.fields.items():
        assert blocks.fields[name].difference == pytest.approx(field.difference)
        assert blocks.fields[name].frobenius == pytest.approx(field.frobenius)


def test_only_common_times_are_compared_and_the_others_are_listed(tmp_path):
    fine = np.sort(np.append(np.linspace(0.0, 1.0, 11), 1.5))
    a = write(tmp_path / "a.vtkhdf", [bar()], {n: scaled(f, 1.1) for n, f in FIELDS.items()}, times=fine)
    b = write(tmp_path / "b.vtkhdf", cut(bar(), 2), FIELDS, times=np.append(TIMES, 2.0))
    result = compared(a, b)
    assert result.times == pytest.approx(TIMES)
    assert result.match.unmatched_candidate == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9, 1.5])
    assert result.match.unmatched_reference == pytest.approx([2.0])
    assert result.fields["p"].over_time == pytest.approx(0.1 * TIMES**2, abs=1e-12)


def test_files_without_a_common_time_are_refused(tmp_path):
    a = write(tmp_path / "a.vtkhdf", [bar()], FIELDS, times=TIMES + 0.05)
    b = write(tmp_path / "b.vtkhdf", [bar()], FIELDS)
    with pytest.raises(InputError, match="no time in common"):
        compared(a, b)


@given(st.lists(st.integers(0, 60), unique=True, min_size=1), st.lists(st.integers(0, 60), unique=True, min_size=1))
def test_times_match_when_they_differ_by_rounding_only(first, second):
    a, b = np.sort(first) * 0.1, np.sort(second) / 10 * (1 + 1e-13)
    match = match_times(a, b)
    assert set(np.rint(10 * a[match.candidate])) == set(first) & set(second)
    assert np.allclose(a[match.candidate], b[match.reference], rtol=1e-12)
    assert len(match.unmatched_candidate) + len(match.candidate) == len(a)
    assert len(match.unmatched_reference) + len(match.reference) == len(b)


def test_stress_that_the_reference_lacks_is_replayed_by_its_law(tmp_path):
    a = write(tmp_path / "a.vtkhdf", cut(bar(), 2), {"displacement": displacement}, stress_factor=1.01)
    b = write(tmp_path / "b.vtkhdf", cut(bar(), 3), {"displacement": displacement})
    field = compared(a, b).fields["stress"]
    assert field.replayed and field.relative == pytest.approx(0.01, rel=1e-8)
    stored = write(tmp_path / "c.vtkhdf", cut(bar(), 3), {"displacement": displacement}, stress_factor=1.0)
    again = compared(a, stored).fields["stress"]
    assert not again.replayed and again.reference == pytest.approx(field.reference)


def test_what_cannot_be_compared_is_named_with_the_reason(tmp_path):
    force = {**FIELDS, "internal_force": displacement}
    a = write(tmp_path / "a.vtkhdf", [bar()], force, stress_factor=1.0)
    b = write(tmp_path / "b.vtkhdf", [bar()], {**force, "temperature": lambda x, t: x[:, :1]}, model=Model())
    result = compared(a, b)
    assert set(result.fields) == {"displacement", "p"}
    assert "no materials" in result.left_out["stress"] and "part of each piece" in result.left_out["internal_force"]
    assert "a.vtkhdf" in result.left_out["temperature"]
    with pytest.raises(InputError, match="no materials"):
        compared(a, b, fields=["stress"])
    assert set(compared(a, b, fields=["p"]).fields) == {"p"}


def test_a_variable_that_no_law_computes_is_left_out(tmp_path):
    a = write(tmp_path / "a.vtkhdf", [bar()], FIELDS)
    b = write(tmp_path / "b.vtkhdf", [bar()], {"displacement": displacement})
    result = compared(a, b)
    assert set(result.fields) == {"displacement"} and "no law" in result.left_out["p"]


def test_points_without_the_field_are_left_out_and_counted(tmp_path):
    def absent(x, t):
        return np.where(x[:, :1] > 1.5, plastic_strain(x, t), np.nan)

    both = write(tmp_path / "b.vtkhdf", cut(bar(), 2), {"p": absent})
    a = write(tmp_path / "a.vtkhdf", [bar()], {"p": scaled(absent, 1.1)})
    field = compared(a, both).fields["p"]
    assert field.relative == pytest.approx(0.1) and field.skipped == 0
    field = compared(write(tmp_path / "c.vtkhdf", [bar()], {"p": scaled(plastic_strain, 1.1)}), both).fields["p"]
    assert field.relative == pytest.approx(0.1) and field.skipped == bar().n_cell * 8 // 2


def test_files_on_different_meshes_are_refused(tmp_path):
    a = write(tmp_path / "a.vtkhdf", [bar("tet10")], FIELDS)
    b = write(tmp_path / "b.vtkhdf", [bar("hex8")], FIELDS)
    with pytest.raises(InputError, match="not on the same mesh"):
        compared(b, a)
    moved = replace(bar(), points=bar().points + np.array([0.0, 0.01, 0.0]))
    with pytest.raises(InputError, match="different places") as error:
        compared(write(tmp_path / "c.vtkhdf", [moved], FIELDS), b)
    assert "node" in str(error.value)


def test_the_result_is_json_even_where_the_reference_is_zero(tmp_path):
    zero = {"p": lambda x, t: np.zeros((len(x), 1))}
    b = write(tmp_path / "b.vtkhdf", [bar()], zero)
    result = json.loads(json.dumps(compared(write(tmp_path / "a.vtkhdf", [bar()], {"p": plastic_strain}), b).to_dict()))
    assert result["fields"]["p"]["relative_l2"] is None and result["fields"]["p"]["frobenius"] is None
    assert result["fields"]["p"]["over_time"]["difference_l2"][-1] > 0
    assert result["times"] == pytest.approx(TIMES.tolist())
