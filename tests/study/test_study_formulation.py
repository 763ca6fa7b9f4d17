"""B-bar from the study: solved at full order, checked, reduced, and solved again by the ROM."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import romlib
from romlib.errors import InputError, UnsupportedError
from romlib.mesh.box import box_mesh
from romlib.mesh.operator import StrainOperator
from romlib.model import Model
from romlib.snapshots import FieldSpec, SnapshotsWriter

meshio = pytest.importorskip("meshio", reason="meshio is not installed")
pytest.importorskip("petsc4py", reason="petsc4py is not installed")

STUDY = """
[study]
name = "block"
units = "mm, N, MPa, s"
[mesh]
file = "block.vtu"
MORE
[tags.low]
nodes = { box = { min = [0, 0, 0], max = [2, 1, 0] } }
[tags.top]
nodes = { box = { min = [0, 0, 1], max = [2, 1, 1] } }
[materials.block]
law = "mises"
parameters = { young = 70000, poisson = 0.3, yield = 100, linear_hardening = 100 }
[constraints.low]
nodes = "low"
components = ["x", "y", "z"]
[constraints.press]
nodes = "top"
components = ["z"]
kind = "prescribed"
value = -1.0
[[training]]
snapshots = "study.vtkhdf"
name = "full"
amplitudes.press = "0.02*t"
[offline]
pod_tolerance = 1e-6
dual_fields = ["stress", "p"]
[cases.full]
times = { stop = 1.0, step = 0.1 }
amplitudes.press = "0.02*t"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A block pressed between rough plates: its plastic flow keeps the volume."""
    folder = tmp_path_factory.mktemp("block")
    mesh = box_mesh("hex8", (6, 3, 3), (2.0, 1.0, 1.0))
    move = 0.15 * (mesh.points * ([2.0, 1.0, 1.0] - mesh.points)).prod(axis=1)[:, None] * [1.0, -0.7, 0.5]
    meshio.write(folder / "block.vtu", meshio.Mesh(mesh.points + move, [("hexahedron", mesh.blocks[0].connectivity)]))
    (folder / "study.toml").write_text(STUDY.replace("MORE", 'formulation = { hex8 = "B-bar" }'))
    (folder / "plain.toml").write_text(STUDY.replace("MORE", ""))
    for name in ("study", "plain"):
        romlib.solve(folder / f"{name}.toml", "full", folder / f"{name}.vtkhdf", fields=["stress", "p"])
    return folder


def force_and_formulation(path) -> tuple[float, set[str]]:
    """On the upper plate at the end, and how the cells are formulated."""
    with romlib.open(path) as results:
        mesh, stress = results.mesh, results.field("stress")[-1:]
    nodal = StrainOperator(mesh).internal_force(stress)[0]
    return float(nodal[np.isclose(mesh.points[:, 2], 1.0), 2].sum()), {block.formulation for block in mesh.blocks}


def test_a_full_order_run_has_the_formulation_of_the_study_and_does_not_lock(folder):
    found, formulations = force_and_formulation(folder / "study.vtkhdf")
    plain, standard = force_and_formulation(folder / "plain.vtkhdf")
    assert formulations == {"B-bar"} and standard == {"standard"}
    assert found < 0.0 and plain / found > 1.2


def test_the_check_passes_and_does_not_where_the_solver_had_another_formulation(folder, tmp_path):
    assert romlib.check(folder / "study.vtkhdf", folder / "study.toml").passed
    with romlib.open(folder / "study.vtkhdf") as results:
        mesh = results.mesh
        fields = {name: results.field(name) for name in ("displacement", "stress", "p")}
        times = results.times
    plain = replace(mesh, blocks=tuple(replace(block, formulation="standard") for block in mesh.blocks))
    specs = {"displacement": FieldSpec("node", 3), "stress": FieldSpec.symmetric("ip"), "p": FieldSpec("ip", 1)}
    with SnapshotsWriter(tmp_path / "a.vtkhdf", [plain], Model(), times, specs) as writer:
        for name, values in fields.items():
            for step in range(len(times)):
                writer.write(name, step, 0, values[step])
    report = romlib.check(tmp_path / "a.vtkhdf", folder / "study.toml")
    assert not report.passed


def test_a_rom_of_b_bar_cells_is_trained_and_solves_what_it_was_trained_on(folder):
    with romlib.train(folder / "study.toml", output=folder / "block.rom") as trained:
        trained.write()
    solution = romlib.load(folder / "block.rom").solve("full")
    found = romlib.compare(solution, folder / "study.vtkhdf", folder / "study.toml")
    assert found.fields["displacement"].relative < 1e-3
    assert found.fields["stress"].relative < 2e-2
    assert found.fields["p"].relative < 2e-2
    plain = romlib.compare(folder / "plain.vtkhdf", folder / "study.vtkhdf")
    assert plain.fields["stress"].relative > 0.1


@pytest.mark.parametrize(("given", "error", "words"), [
    ('{ hex20 = "B-bar" }', InputError, r"cells that the mesh lacks[\s\S]*mesh\.formulation, hex20"),
    ('{ hex8 = "enhanced strain" }', UnsupportedError, r"cannot be reproduced[\s\S]*found: 'enhanced strain'"),
    ('{ hex8 = "B-bar in plane" }', UnsupportedError, "plane and axisymmetric cells")])
def test_a_formulation_that_cannot_be_is_refused_with_its_place(folder, given, error, words):
    (folder / "wrong.toml").write_text(STUDY.replace("MORE", f"formulation = {given}"))
    with pytest.raises(error, match=words):
        romlib.solve(folder / "wrong.toml", "full", folder / "wrong.vtkhdf")
