"""Labelled arrays and tables have what the fields have, with units, names and places."""

from __future__ import annotations

import numpy as np
import pytest

import romlib
from romlib.errors import InputError
from romlib.mesh.operator import StrainOperator
from romlib.results.optional import import_optional
from romlib.results.probe_table import joined, summary
from romlib.tensors import vtk_from_mandel

pandas, xarray = pytest.importorskip("pandas"), pytest.importorskip("xarray")


def test_a_dataset_has_plain_components_units_and_places(solution):
    data = solution.to_xarray()
    assert isinstance(data, xarray.Dataset) and set(data.data_vars) == set(solution.fields)
    assert data["stress"].dims == ("time", "point", "component") and data["p"].dims == ("time", "point")
    assert data["displacement"].dims == ("time", "node", "direction")
    stress = vtk_from_mandel(solution.field("stress"))
    np.testing.assert_array_equal(data["stress"].values, stress)
    np.testing.assert_array_equal(data["stress"].sel(component="xz"), stress[..., 5])
    np.testing.assert_array_equal(data["displacement"].sel(direction="y"), solution.displacement()[..., 1])
    assert data["stress"].attrs["units"] == data["von_mises"].attrs["units"] == "MPa"
    assert data["displacement"].attrs["units"] == data["x"].attrs["units"] == "mm"
    assert data["time"].attrs["units"] == "s" and "units" not in data["p"].attrs
    assert "not" not in data["stress"].attrs["components"] and "xx, yy, zz, xy, yz, xz" in data[
        "stress"].attrs["components"]
    operator = StrainOperator(solution.mesh)
    np.testing.assert_array_equal(data["cell_id"], operator.cell_ids)
    np.testing.assert_array_equal(data["number"], operator.point_numbers)
    np.testing.assert_allclose(data["point_y"], operator.coordinates[:, 1])
    np.testing.assert_array_equal(data["node_id"], solution.mesh.node_ids)
    np.testing.assert_array_equal(data["time"], solution.times)


def test_a_dataset_of_some_fields_and_steps_has_no_more(solution):
    data = solution.to_xarray(["p"], steps=[1, 3])
    assert set(data.data_vars) == {"p"} and set(data.coords) == {
        "time", "cell_id", "number", "material", "point_x", "point_y", "point_z"}
    assert set(data["material"].values) == {"a"}
    np.testing.assert_array_equal(data["time"], solution.times[[1, 3]])
    one = solution.to_xarray(["displacement"], steps=-1, piece=0)
    np.testing.assert_array_equal(one["displacement"][0], solution.displacement(-1, piece=0))
    with pytest.raises(InputError, match="backstress"):
        solution.to_xarray(["backstress"])
    with pytest.raises(InputError, match="no piece 9"):
        solution.to_xarray(["p"], piece=9)


def test_one_field_may_be_given_by_its_name_alone(solution, tmp_path):
    """A text is one name: its letters would be fields of their own, such as p."""
    assert set(solution.to_xarray("stress").data_vars) == {"stress"}
    assert "stress" in solution.to_pyvista(fields="stress").point_data
    solution.write(tmp_path / "stress.vtkhdf", "stress")
    with romlib.open(tmp_path / "stress.vtkhdf") as results:
        assert list(results.stored_fields) == ["stress"]
        assert romlib.export(results, tmp_path / "x.vtu", "stress").fields == ("stress",)


def test_a_dataset_is_written_and_read_by_xarray_itself(solution, tmp_path):
    data = solution.to_xarray(["stress", "p"], steps=[0, -1])
    again = xarray.Dataset.from_dict(data.to_dict())
    xarray.testing.assert_identical(again, data)


def test_a_table_of_a_probe_has_the_times_as_index_and_units(solution):
    frame = solution.probe("stress", point=(1.1, 0.4, 0.3)).to_pandas()
    assert list(frame.columns) == [f"stress.{name}" for name in ("xx", "yy", "zz", "xy", "yz", "xz")]
    assert frame.index.name == "time" and frame.attrs["units"]["stress.xx"] == "MPa"
    np.testing.assert_array_equal(frame.index, solution.times)
    np.testing.assert_array_equal(frame["stress.xy"], solution.probe("stress.xy", point=(1.1, 0.4, 0.3)).values)
    largest = solution.probe("p", tag="all", reduce="max")
    frame = largest.to_pandas()
    assert list(frame.columns) == ["largest_p", "cell", "point", "x", "y", "z"]
    np.testing.assert_array_equal(frame[["x", "y", "z"]], largest.coordinates)
    places = solution.probe("displacement.x", tag="xmax")
    frame = places.to_pandas()
    np.testing.assert_array_equal(frame.to_numpy(), places.values)
    assert frame.columns[0] == f"displacement.x at node {places.ids[0]}"


def test_pandas_reads_what_is_written_without_being_told_anything(solution, tmp_path):
    probe = solution.probe("stress", node=5)
    probe.to_csv(tmp_path / "a.csv")
    frame = pandas.read_csv(tmp_path / "a.csv")
    assert list(frame.columns)[:2] == ["time (s)", "stress.xx (MPa)"]
    np.testing.assert_allclose(frame.to_numpy()[:, 1:], probe.plain_values, rtol=1e-15)  # pandas rounds
    with pytest.raises(InputError, match="folder"):
        probe.to_csv(tmp_path / "nowhere" / "a.csv")


def test_several_probes_make_one_table_of_names_that_differ(solution):
    probes = [solution.probe("p", point=(1.1, 0.4, 0.3)), solution.probe("p", node=5),
              *(solution.probe("p", tag=tag, reduce=how) for tag in ("all", "xmax") for how in ("max", "min", "mean")),
              solution.reaction("stretch")]
    columns = joined(probes)
    names = [name for name, _, _ in columns]
    assert len(set(names)) == len(names) and names[0] == "time" and "p at node 5" in names
    assert all(len(values) == solution.n_step for _, _, values in columns)
    rows = summary(probes)
    assert len(rows) == 9 and rows[-1][0] == "reaction_of_stretch.x (N)"
    largest = next(row for row in rows if row[0].startswith("largest_p"))
    assert float(largest[2]) == pytest.approx(solution.probe("p", tag="all").values.max(), rel=1e-4)
    assert "at that time at cell" in largest[4]
    alone = joined([solution.probe("p", node=5)])
    assert [name for name, _, _ in alone] == ["time", "p"]


def test_a_library_that_is_not_there_is_named_with_what_installs_it():
    with pytest.raises(InputError, match=r"needs a_library_of_nobody[\s\S]*pip install 'romlib-mechanics\[data\]'"):
        import_optional("a_library_of_nobody", "data")
