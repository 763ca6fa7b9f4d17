"""The replay of a real Zset computation: Norton flow, nonlinear kinematic hardening, thermal strain."""

import numpy as np
import pytest

from romlib.laws.points import MaterialPoints
from romlib.laws.replay import Replay
from romlib.model import Material
from romlib.tensors import mandel_from_vtk

pytestmark = pytest.mark.data

N_CELL, N_NODE = 216, 343
TIMES = np.linspace(0.0, 2.0, 11)


@pytest.fixture(scope="module")
def cube(data_dir):
    """Integration-point fields of the stored records, (11, 1728) or (11, 1728, 6) Kelvin-Mandel; temperature last."""
    folder = data_dir / "zset" / "MecaSequential"
    header = (folder / "cube.ut").read_text().splitlines()
    names = next(line.split()[1:] for line in header if line.startswith("**integ"))
    raw = np.fromfile(folder / "cube.integ", dtype=">f4").astype(float).reshape(len(TIMES), N_CELL, len(names), 8)
    fields = {name: raw[:, :, k].reshape(len(TIMES), -1) for k, name in enumerate(names)}
    out = {"evrcum": fields["evrcum"]}
    for name in ("eto", "sig", "evri"):
        out[name] = mandel_from_vtk(np.stack(
            [fields[name + c] for c in ("11", "22", "33", "12", "23", "31")], axis=-1))
    out["temperature"] = _temperature(folder)
    return out


def _temperature(folder):
    cells = [line.split() for line in (folder / "cube.geof").read_text().splitlines() if " c3d8 " in line]
    connectivity = np.array([[int(i) for i in words[2:]] for words in cells]) - 1
    assert connectivity.shape == (N_CELL, 8)
    first, second = (np.fromfile(folder / f"temperature{k}.node", dtype=">f4").astype(float) for k in (1, 2))
    weight = np.interp(TIMES, [0.0, 1.0, 2.0], [0.0, 1.0, 0.0])
    nodal = (1.0 - weight)[:, None] * first + weight[:, None] * second
    corner = np.array([[x, y, z] for z in (-1, 1) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    gauss = np.array([[x, y, z] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)]) / np.sqrt(3.0)
    shape = np.prod(1.0 + gauss[:, None, :] * corner[None, :, :], axis=2) / 8.0
    return np.einsum("qa,tca->tcq", shape, nodal[:, connectivity]).reshape(len(TIMES), -1)


def _material(**changed):
    parameters = dict(
        young={"temperature": (0.0, 2000.0), "value": (2e5, 2e5)}, poisson=0.3, K=300.0, n=30.0, R0=10.0,
        kinematic=[{"C": 1e5, "D": 1000.0}])
    return Material(law="chaboche", parameters=parameters | changed, thermal_expansion=dict(
        coefficient=2e-5, reference_temperature=20.0, strain_free_temperature=20.0))


def _replay(cube, material):
    n = N_CELL * 8
    points = MaterialPoints.from_arrays(
        {"cube": material}, np.zeros(n, dtype=int), np.repeat(np.arange(1, N_CELL + 1), 8),
        np.tile(np.arange(8), N_CELL), np.zeros((n, 3)))
    replay = Replay(points, 0.0)
    states = [replay.advance(*record) for record in zip(TIMES, cube["eto"], cube["temperature"])]
    return [np.array(values) for values in (
        [state.stress for state in states], [points.variable(state.states, "p")[:, 0] for state in states],
        [points.variable(state.states, "plastic_strain") for state in states])]


def test_replayed_fields_agree_with_the_solver(cube):
    stress, p, plastic_strain = _replay(cube, _material())
    assert np.abs(cube["evrcum"]).max() > 1e-4  # the case is not elastic
    assert np.linalg.norm(stress - cube["sig"]) <= 1e-6 * np.linalg.norm(cube["sig"])
    assert np.abs(stress - cube["sig"]).max() <= 1e-5 * np.abs(cube["sig"]).max()
    assert np.abs(p - cube["evrcum"]).max() <= 1e-6 * cube["evrcum"].max()
    assert np.abs(plastic_strain - cube["evri"]).max() <= 1e-6 * np.abs(cube["evri"]).max()


@pytest.mark.parametrize("wrong", [dict(K=303.0), dict(kinematic=[{"C": 1e5, "D": 1010.0}]), dict(R0=10.1)])
def test_a_parameter_off_by_a_percent_is_seen(cube, wrong):
    _, p, _ = _replay(cube, _material(**wrong))
    assert np.abs(p - cube["evrcum"]).max() > 1e-4 * cube["evrcum"].max()
