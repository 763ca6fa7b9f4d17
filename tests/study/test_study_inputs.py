"""Which files of a study a run may not replace."""

from __future__ import annotations

from pathlib import Path

from romlib.study.inputs import files_of

STUDY = """
[study]
name = "bar"
[mesh]
file = "MESH"
[[training]]
snapshots = "train.vtkhdf"
[cases.pull]
times = [0, 1]
amplitudes.pull = "pull.csv"
amplitudes.heat = { csv = "heat.csv" }
"""


def test_a_run_that_makes_the_training_files_may_write_them_and_nothing_else_of_the_study(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text(STUDY.replace("MESH", "mesh.vtkhdf"))
    made, read = ({path.name for path in files_of(study, trains=trains)} for trains in (False, True))
    assert made == read - {"train.vtkhdf"} and {"study.toml", "mesh.vtkhdf", "heat.csv"} <= made
    study.write_text(STUDY.replace("MESH", "train.vtkhdf"))  # its mesh is read
    assert "train.vtkhdf" in {path.name for path in files_of(study, trains=False)}
