"""What the temperatures of the training runs span: all of it, however small a part of one field is."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from scipy.sparse import csr_matrix

from romlib.archive.rom import TemperatureAtPoints
from romlib.model import TableAmplitude
from romlib.offline.thermal import trained_temperatures


def test_a_field_that_training_had_at_a_millionth_of_the_others_is_no_new_one() -> None:
    """Whether a field is new is asked to 1e-6 of the rise: what is kept has to be finer."""
    generator, times = np.random.default_rng(3), (0.0, 1.0, 2.0)
    large, small, other = generator.standard_normal((3, 30))
    terms = {"large": large, "small": 1e-5 * small}
    stored = TemperatureAtPoints(terms, np.zeros(30), np.arange(1), csr_matrix((30, 1)))
    run = SimpleNamespace(role="run", case_times=np.array(times), amplitudes={
        "large": TableAmplitude(time=times, value=(0.0, 1.0, 0.5)),
        "small": TableAmplitude(time=times, value=(0.0, 0.2, 1.0))})
    trained = trained_temperatures([run], stored)
    assert trained is not None and len(trained.modes) == 2

    def outside(field: np.ndarray) -> float:
        return float(np.linalg.norm(field - (field @ trained.modes.T) @ trained.modes) / np.linalg.norm(field))

    assert outside(large + 3e-5 * small) < 1e-9 < 1e-6 < outside(large + 3e-5 * other)
