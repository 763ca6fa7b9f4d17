"""Numbers of fixed columns against Python's own."""

import numpy as np
import pytest
from romlib_converters.calculix.frd_text import fixed_integers, fixed_reals


def lines_of(texts, width):
    return np.frombuffer("".join(text.rjust(width) for text in texts).encode(), np.uint8).reshape(len(texts), width)


def test_every_number_is_the_one_that_python_reads():
    random = np.random.default_rng(1)
    numbers = random.standard_normal(4000) * 10.0 ** random.integers(-40, 40, 4000)
    texts = [f"{x:12.5E}" for x in numbers] + ["0.00000E+00", "-0.00000E+00", "1", "-1.5", ".5", "5.", "+1e3", "NaN",
                                               "Infinity", "1.0E+22", "1.0E-22", "1.0E+23", "9.99999E-99"]
    found = fixed_reals(lines_of(texts, 12), 0, 12, 1)[:, 0]
    expected = np.array([float(text) for text in texts])
    assert found.view(np.int64).tolist() == expected.view(np.int64).tolist()


def test_columns_stand_side_by_side():
    lines = lines_of([" 1.00000E+00-2.50000E-03", "-7.12345E+02 0.00000E+00"], 24)
    assert fixed_reals(lines, 0, 12, 2).tolist() == [[1.0, -2.5e-3], [-712.345, 0.0]]
    assert fixed_integers(lines_of(["-1     12", "-1-123456"], 9), 2, 7).tolist() == [12, -123456]


@pytest.mark.parametrize("text", ["", "1.0E", "1..0", "x", "1_0", "1.0E+00x", "--1", "1 2", "1.0D+00"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="convert"):
        fixed_reals(lines_of([text], 12), 0, 12, 1)
    with pytest.raises(ValueError, match="whole number"):
        fixed_integers(lines_of([text], 12), 0, 12)
