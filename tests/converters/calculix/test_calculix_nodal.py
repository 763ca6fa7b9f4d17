"""A temperature from the results of a thermal computation, which have no displacement: CalculiX."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calculix_files import FLOAT64, LONG, Content, write_frd

from romlib.errors import FileFormatError, InputError
from romlib.mesh.box import box_mesh
from romlib.model import TemperatureFile
from romlib.snapshots.nodal_fields import StoredTemperature

TIMES = (0.5, 1.0, 2.0)
MESH = box_mesh("hex8", (3, 2, 1), (3.0, 2.0, 1.0))


def field(points: np.ndarray) -> np.ndarray:
    return np.outer(TIMES, 300.0 + points @ [10.0, -20.0, 5.0])


def stored(path: Path, **options) -> StoredTemperature:
    return StoredTemperature(TemperatureFile(file=path, **options))


def frd(folder: Path, form: int = FLOAT64, name: str = "NDTEMP", ids: np.ndarray | None = None) -> Path:
    ids = 11 + 3 * np.arange(MESH.n_node) if ids is None else ids
    elements = [(k + 1, 1, list(ids[nodes])) for k, nodes in enumerate(MESH.blocks[0].connectivity)]
    records = [(1, k + 1, time, {name: (["T"], values[:, None]), "FLUX": (["F1", "F2", "F3"], np.ones((len(ids), 3)))})
               for k, (time, values) in enumerate(zip(TIMES, field(MESH.points)))]
    return write_frd(folder / "heat.frd", Content(ids, MESH.points, elements, records), form)


@pytest.mark.parametrize("form", [LONG, FLOAT64])
def test_a_frd_of_a_thermal_computation(tmp_path, form):
    found = stored(frd(tmp_path, form))
    assert found.times.tolist() == pytest.approx(TIMES)
    nodes = np.array([5, 0, 9])
    np.testing.assert_allclose(found.at(11 + 3 * nodes), field(MESH.points)[:, nodes], rtol=1e-5)
    inside = np.array([[0.3, 0.2, 0.9], [2.5, 1.5, 0.5]])
    np.testing.assert_allclose(stored(found.source.file, interpolate=True).at(np.array([1, 2]), inside),
                               field(inside), rtol=1e-5)


def test_a_frd_without_temperature_says_what_it_has(tmp_path):
    path = frd(tmp_path, name="PRESSURE")
    with pytest.raises(InputError, match="no field of this name") as caught:
        stored(path)
    assert "PRESSURE, FLUX" in str(caught.value.expected) and "NT" in str(caught.value.remedy)
    with pytest.raises(InputError, match="several components"):
        stored(path, field="flux")
    np.testing.assert_allclose(stored(path, field="pressure").at(np.array([11])), field(MESH.points)[:, :1])


def test_a_frd_that_is_truncated_is_no_history_that_ends_there(tmp_path):
    path = frd(tmp_path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(FileFormatError, match="truncated"):
        stored(path)
