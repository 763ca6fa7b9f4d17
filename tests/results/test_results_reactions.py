"""Reactions: what holds a body is what pulls at it, and what solvers say it is."""

from __future__ import annotations

import numpy as np
import pytest
from pulled_bar import TIMES, study_with_a_mesh

import romlib
from romlib.errors import InputError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

pytest.importorskip("petsc4py")

PULL = """[constraints.pull]
nodes = "xmax"
components = ["x"]
kind = "prescribed"
value = 0.02
"""


@pytest.fixture(scope="module")
def bar(tmp_path_factory):
    """The bar pulled by 300 MPa on 1 mm2, solved at full order; and pulled by a prescribed displacement."""
    folder = tmp_path_factory.mktemp("bar")
    mesh = box_mesh("hex8", (3, 2, 2), (3.0, 1.0, 1.0))
    with SnapshotsWriter(folder / "mesh.vtkhdf", [mesh], Model(), TIMES[:1], {"displacement": FieldSpec("node", 3)},
                         solver="none") as writer:
        writer.write("displacement", 0, 0, np.zeros((mesh.n_node, 3)))
    text = study_with_a_mesh(300.0)
    (folder / "study.toml").write_text(text)
    (folder / "pulled.toml").write_text(text.replace("[loads.traction]", PULL + "[loads.traction]").replace(
        "amplitudes.traction", 'amplitudes.pull = "t"\namplitudes.traction'))
    return folder


@pytest.mark.parametrize("pieces", [1, 2])
def test_the_reaction_of_a_fixed_end_is_the_force_at_the_other(bar, pieces):
    path = bar / f"pulled{pieces}.vtkhdf"
    romlib.solve(bar / "study.toml", "harder", path, fields=["stress"], pieces=pieces)
    with romlib.open(path) as results:
        found = results.reaction("x")
        np.testing.assert_allclose(found.values[:, 0], -300.0 * results.times, atol=1e-5)
        assert found.components == ("x",) and found.unit == "N" and "constraint 'x'" in found.where
        np.testing.assert_allclose(results.reaction("xmax").values, 0.0, atol=1e-5)  # free nodes, loads taken off
        assert results.reaction("xmax").components == ("x", "y", "z")
        with pytest.raises(InputError, match=r"no such constraint[\s\S]*did you mean 'xmax'"):
            results.reaction("xmx")


def test_the_reaction_of_a_prescribed_displacement_is_what_the_solver_reports(bar):
    report = romlib.solve(bar / "pulled.toml", "harder", bar / "prescribed.vtkhdf", fields=["stress"])
    with romlib.open(bar / "prescribed.vtkhdf") as results:
        found = results.reaction("pull").values[:, 0]
        assert np.abs(found).max() > 10.0
        np.testing.assert_allclose(0.02 * found, report.reactions["pull"], atol=1e-6)


def test_a_reaction_is_not_known_where_a_stress_beside_it_is_not(bar):
    romlib.solve(bar / "study.toml", "harder", bar / "known.vtkhdf", fields=["stress"])
    with Snapshots(bar / "known.vtkhdf") as file:
        operator = StrainOperator(file.mesh(0))
        first, last = (int(pick(operator.coordinates[:, 0])) for pick in (np.argmin, np.argmax))
        for name, steps in (("once", [2]), ("never", range(file.n_step))):
            with SnapshotsWriter(bar / f"{name}.vtkhdf", [file.mesh(0)], file.model, file.times,
                                 {"stress": file.fields["stress"]}, solver="none") as writer:
                for step in range(file.n_step):
                    stress = file.read("stress", 0, step)
                    if step in steps:
                        stress[first if name == "once" else [first, last]] = np.nan
                    writer.write("stress", step, 0, stress)
    with romlib.open(bar / "known.vtkhdf") as known, romlib.open(bar / "once.vtkhdf") as once:
        found = once.reaction("x").values[:, 0]
        assert np.flatnonzero(np.isnan(found)).tolist() == [2]
        np.testing.assert_array_equal(np.delete(found, 2), np.delete(known.reaction("x").values[:, 0], 2))
        assert np.isfinite(once.reaction("xmax").values).all()  # the other end
    with romlib.open(bar / "never.vtkhdf") as never, pytest.raises(InputError, match="not known in all cells"):
        never.reaction("x")
