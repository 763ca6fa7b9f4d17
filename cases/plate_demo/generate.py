"""Write the files that the user's solver would have left: snapshots of the training runs, and a reference.

The training files have displacements only: that is all romlib needs. The reference has stress and plastic strain too,
to compare with.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from newton import Step, solve
from plate import quarter_plate

from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import partition, positions_in
from romlib.mesh.skin import add_skin
from romlib.mesh.tags import add_tags
from romlib.model import Amplitude, Model
from romlib.snapshots import FieldSpec, SnapshotsWriter
from romlib.study import Study

N_PIECE = 4
TIMES = np.linspace(0.0, 1.0, 41)
SOLVER = "the serial Newton of cases/plate_demo"
FIELDS = {
    "displacement": FieldSpec("node", 3),
    "stress": FieldSpec.symmetric("ip"),
    "p": FieldSpec("ip"),
}


def generate(study: Study, case: str, folder: Path) -> dict[Path, float]:
    """Run every training case and the case to compare with; the files and the seconds that each took to solve."""
    mesh = add_skin([quarter_plate()])[0]
    runs = {folder / run.snapshots.name: (run.amplitudes, ["displacement"]) for run in study.training}
    runs[folder / "reference.vtkhdf"] = (study.cases[case].amplitudes, list(FIELDS))
    return {path: _run(path, study, mesh, amplitudes, fields) for path, (amplitudes, fields) in runs.items()}


def _run(path: Path, study: Study, mesh: Mesh, amplitudes: dict[str, Amplitude], fields: Sequence[str]) -> float:
    tagged = add_tags(mesh, study.node_tags, study.face_tags, study.cell_tags)
    deck = Model(units=study.study.units)
    model = study.complete(deck).model_copy(update={"amplitudes": amplitudes})
    pieces = partition(mesh, N_PIECE)
    where = [dict(zip(("node", "cell", "ip"), positions_in(mesh, piece))) for piece in pieces]
    specs = {name: FIELDS[name] for name in fields}
    seconds = 0.0
    fingerprint = sha256((study.text + path.name).encode()).hexdigest()[:32]
    with SnapshotsWriter(path, pieces, deck, TIMES, specs, solver=SOLVER, fingerprint=fingerprint) as writer:
        history = solve(tagged, model, TIMES)
        for number in range(len(TIMES)):
            start = time.perf_counter()
            step: Step = next(history)
            seconds += time.perf_counter() - start
            for name, spec in specs.items():
                for piece, positions in enumerate(where):
                    writer.write(name, number, piece, getattr(step, name)[positions[spec.place]])
    return seconds
