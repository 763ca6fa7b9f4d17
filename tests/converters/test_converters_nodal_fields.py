"""A temperature from the results of a thermal computation, which have no displacement, in each solver's format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from calculix_files import FLOAT64, LONG, Content, write_frd
from meshio_example import Example, box_example, write_pvd, write_vtu, write_xdmf
from zset_files import SmallComputation

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


def test_a_frd_that_is_cut_is_no_history_that_ends_there(tmp_path):
    path = frd(tmp_path)
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(FileFormatError, match="cut"):
        stored(path)


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


def test_a_node_variable_of_zset(tmp_path):
    computation = SmallComputation(tmp_path, times=TIMES)
    header = (tmp_path / "small.ut").read_text().replace("**node U1 U2 U3", "**node FLUX TP")
    (tmp_path / "small.ut").write_text(header)
    n_node = len(computation.ids)
    values = np.arange(1.0, n_node + 1) * np.array(TIMES)[:, None]
    np.stack([-values, values], axis=1).astype(">f4").tofile(tmp_path / "small.node")
    found = stored(tmp_path / "small.ut")
    np.testing.assert_allclose(found.at(computation.ids[::-1]), values[:, ::-1], rtol=1e-6)
    np.testing.assert_allclose(stored(tmp_path / "small.ut", field="FLUX").at(computation.ids[:1]), -values[:, :1])
    with pytest.raises(InputError, match="no node variable") as caught:
        stored(tmp_path / "small.ut", field="heat")
    assert "FLUX TP" in str(caught.value.expected)
