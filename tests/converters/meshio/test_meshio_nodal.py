"""A temperature from the results of a thermal computation, which have no displacement: meshio's formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from meshio_example import Example, box_example, write_pvd, write_vtu, write_xdmf

from romlib.errors import InputError
from romlib.model import TemperatureFile
from romlib.snapshots.nodal_fields import StoredTemperature

TIMES = (0.5, 1.0, 2.0)


def field(points: np.ndarray) -> np.ndarray:
    return np.outer(TIMES, 300.0 + points @ [10.0, -20.0, 5.0])


def stored(path: Path, **options) -> StoredTemperature:
    return StoredTemperature(TemperatureFile(file=path, **options))


def heat(name: str = "T") -> Example:
    box = box_example("hex8", len(TIMES))
    node = [{name: values, "q": np.ones((len(box.points), 3))} for values in field(box.points)]
    return Example(box.points, box.cells, list(TIMES), node)


@pytest.mark.parametrize("write", [write_xdmf, write_pvd])
@pytest.mark.parametrize("name", ["T", "Temperature"])
def test_a_time_series_of_meshio_s_formats(tmp_path, write, name):
    example = heat(name)
    found = stored(write(example, tmp_path))
    assert found.times.tolist() == pytest.approx(TIMES)
    nodes = np.array([4, 1])
    np.testing.assert_allclose(found.at(nodes), field(example.points)[:, nodes])
    inside = np.array([[0.3, 0.2, 0.9]])
    np.testing.assert_allclose(stored(found.source.file, interpolate=True).at(np.array([1]), inside), field(inside))


def test_one_vtu_file_is_a_temperature_that_holds(tmp_path):
    example = heat()
    path = write_vtu(Example(example.points, example.cells, [1.0], example.node[:1]), tmp_path, stamped=False)[0]
    found = stored(path)
    assert len(found.times) == 1
    np.testing.assert_allclose(found.at(np.arange(3)), field(example.points)[:1, :3])


def test_arrays_that_are_no_temperature_are_listed(tmp_path):
    path = write_xdmf(heat("melt"), tmp_path)
    with pytest.raises(InputError, match="no array of this name") as caught:
        stored(path)
    assert "melt" in str(caught.value.expected)
    with pytest.raises(InputError, match="not a scalar"):
        stored(path, field="q")
    assert stored(path, field="melt").at(np.array([0])).shape == (3, 1)
