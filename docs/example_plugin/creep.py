"""Write the exact history of a bar under uniaxial stress, and a study for it.

    python creep.py && romlib convert npz bar.npz -o bar.vtkhdf && romlib offline study.toml -o bar.rom
"""

from pathlib import Path

import numpy as np

from romlib.mesh.box import box_mesh

YOUNG, POISSON, RELAXATION = 1000.0, 0.3, 0.5
STUDY = f"""[study]
name = "bar"
units = "mm, N, MPa, s"
[materials.bar]
law = "maxwell"
parameters = {{ young = {YOUNG}, poisson = {POISSON}, relaxation_time = {RELAXATION} }}
[tags]
left.nodes = {{ plane = {{ point = [0, 0, 0], normal = [1, 0, 0] }} }}
front.nodes = {{ plane = {{ point = [0, 0, 0], normal = [0, 1, 0] }} }}
bottom.nodes = {{ plane = {{ point = [0, 0, 0], normal = [0, 0, 1] }} }}
right.faces = {{ plane = {{ point = [4, 0, 0], normal = [1, 0, 0] }} }}
[constraints]
left = {{ nodes = "left", components = ["x"] }}
front = {{ nodes = "front", components = ["y"] }}
bottom = {{ nodes = "bottom", components = ["z"] }}
[loads.pull]
kind = "traction"
faces = "right"
direction = [1, 0, 0]
[[training]]
snapshots = "bar.vtkhdf"
amplitudes.pull = {{ time = [0, 1], value = [0, 10] }}
[offline]
dual_fields = ["stress", "viscous_strain"]
[cases.hold]
times = {{ stop = 2.0, step = 0.1 }}
amplitudes.pull = {{ time = [0, 0.2], value = [0, 5] }}
"""


def history(stress: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Axial and lateral strain (n_time, 2) of the law under a uniaxial stress (n_time,), implicit Euler."""
    deviator = np.outer(stress, [2 / 3, -1 / 3]) * (1 + POISSON) / YOUNG  # of the elastic strain: s / 2G
    viscous = np.cumsum(np.diff(times, prepend=times[0])[:, None] / RELAXATION * deviator, axis=0)
    return deviator + viscous + (stress * (1 - 2 * POISSON) / (3 * YOUNG))[:, None]


if __name__ == "__main__":
    mesh, times = box_mesh("hex8", (8, 2, 2), (4.0, 1.0, 1.0)), np.linspace(0.0, 2.0, 21)
    strain = history(10.0 * np.minimum(times, 1.0), times)[:, [0, 1, 1]]
    np.savez("bar.npz", points=mesh.points, hex8=mesh.blocks[0].connectivity, times=times,
             displacement=strain[:, None, :] * mesh.points)
    Path("study.toml").write_text(STUDY)
