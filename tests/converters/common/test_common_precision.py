"""The check allows for single precision where a converter's displacement has it, and for nothing where it has not."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.common.history import FieldValues, SolverField, convert_history
from synthetic_history import POINTS, STRAIN, SyntheticHistory

from romlib.check import check
from romlib.model import Material, Model
from romlib.snapshots import FieldSpec, Snapshots

YOUNG, POISSON, AWAY = 2e5, 0.3, 1.0  # carried away, a body in single precision has fewer digits of strain
STRAIN = np.pi / 3.0 * STRAIN  # a number without end: round ones are taken for few digits
LAME = YOUNG * POISSON / ((1 + POISSON) * (1 - 2 * POISSON))
STRESS = LAME * np.trace(STRAIN) * np.eye(3) + YOUNG / (1 + POISSON) * STRAIN


class Moved(SyntheticHistory):
    """The body of the synthetic history, elastic, strained and carried away; displacement of the given precision."""

    def __init__(self, file, dtype):
        super().__init__(file)
        self.dtype = dtype
        self.fields = {"displacement": SolverField(FieldSpec("node", 3, dtype=np.dtype(dtype).name)),
                       "stress": SolverField(FieldSpec.symmetric("ip"))}
        steel = Material(law="elastic", parameters={"young": YOUNG, "poisson": POISSON})
        self.model = Model(materials={"steel": steel})

    def read(self, step):
        time = self.times[step]
        plain = STRESS[[0, 1, 2, 0, 1, 0], [0, 1, 2, 1, 2, 2]]
        return {"displacement": FieldValues(self.mesh.node_ids, (time * (POINTS @ STRAIN + AWAY)).astype(self.dtype)),
                "stress": [FieldValues(one.ids, time * np.ones((len(one.ids), one.element.n_point, 1)) * plain)
                           for one in self.mesh.cells]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_check_knows_the_precision_of_a_converted_displacement(tmp_path, dtype):
    single = dtype == "float32"
    file = tmp_path / "job.results"
    file.write_text("results")
    convert_history(Moved(file, dtype), tmp_path / "out.vtkhdf")
    with Snapshots(tmp_path / "out.vtkhdf") as snapshots:
        report = check(snapshots)
    stress = next(item for item in report.items if item.name == "stress")
    assert stress.status == "pass", stress
    assert (stress.value > 1e-5) == single and (stress.tolerance > 1e-5) == single, stress
    assert ("stored in single precision" in stress.detail) == single, stress
