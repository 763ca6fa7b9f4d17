"""A bar in uniaxial tension whose material is a UMAT: every point has the same strain, found from the law itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from umat_example import J2EVP, increment

from romlib.laws.law import Law
from romlib.mesh.box import box_mesh
from romlib.model import Material, Model
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

TIMES = np.linspace(0.0, 1.0, 11)
MESH = box_mesh("hex8", (2, 1, 1), (2.0, 1.0, 1.0))
STUDY = """
[study]
name = "bar"
[materials.steel]
law = "umat"
[materials.steel.parameters]
library = "%s"
symbol = "J2EVP"
props = [200000, 0.3, 150, 100, 50, 1000, 300, 5]
depvar = 7
variables = { p = 1, plastic_strain = [2, 3, 4, 5, 6, 7] }
[constraints]
x = { nodes = "xmin", components = ["x"] }
y = { nodes = "ymin", components = ["y"] }
z = { nodes = "zmin", components = ["z"] }
[loads.pull]
kind = "traction"
faces = "xmax"
direction = [1, 0, 0]
[[training]]
snapshots = "bar.vtkhdf"
[training.amplitudes.pull]
time = %s
value = %s
[offline]
modes = 2
dual_fields = ["stress", "p"]
"""


def uniaxial(law: Law) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Strain (n_step, 6), stress along x (n_step,), state (n_step, n_state) for a sine of axial strain."""
    strain, stress, state = np.zeros((1, 6)), np.zeros((1, 6)), law.initial_state(1)
    strains, along, states = [strain[0]], [0.0], [state[0]]
    for start, end in pairwise(TIMES):
        new = strain.copy()
        new[0, 0] = 4e-3 * np.sin(2 * np.pi * end)
        for _ in range(50):
            result = law.integrate(increment(
                new, strain0=strain, stress0=stress, time=start, dt=end - start), state)
            if np.abs(result.stress[0, 1:3]).max() < 1e-11:
                break
            new[0, 1:3] -= np.linalg.solve(result.tangent[0, 1:3, 1:3], result.stress[0, 1:3])
        strain, stress, state = new, result.stress, result.state
        strains.append(strain[0])
        along.append(stress[0, 0])
        states.append(state[0])
    return np.array(strains), np.array(along), np.array(states)


def write_bar(folder: Path, law: Law, library: str, statev: bool = False, model: Model | None = None) -> Path:
    """bar.vtkhdf and study.toml; `statev`: with the list of state variables as a solver writes it."""
    strain, along, state = uniaxial(law)
    specs = {"displacement": FieldSpec("node", 3)}
    if statev:
        specs["statev"] = FieldSpec("ip", law.n_state)
    raw = np.zeros((len(TIMES), law.n_state))
    raw[:, law.layout.position] = state * law.layout.scale
    with SnapshotsWriter(folder / "bar.vtkhdf", [MESH], model or Model(), TIMES, specs) as writer:
        for step in range(len(TIMES)):
            writer.write("displacement", step, 0, MESH.points * strain[step, :3])
            if statev:
                writer.write("statev", step, 0, np.tile(raw[step], (8 * MESH.n_cell, 1)))
    study = folder / "study.toml"
    study.write_text(STUDY % (library, TIMES.tolist(), along.tolist()))
    return study


def steel(library: str, **changed: object) -> Material:
    """The material of the study."""
    return Material(law="umat", parameters={"library": library, **J2EVP, **changed})
