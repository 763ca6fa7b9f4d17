from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from romlib_converters.common.child import in_child

from romlib.errors import FileFormatError, UnsupportedError

HERE = str(Path(__file__).parent)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", HERE)
    path = tmp_path / "job.rst"
    path.write_text("results")
    return path


def test_arrays_and_values_come_back_by_name(file):
    with in_child("reader_tasks:read", file, 2.0, reader="a reader") as found:
        assert list(found) == ["text", "u0", "u1", "u2"] and found["text"] == "results" and "u3" not in found
        assert np.array_equal(found["u2"], np.full((4, 3), 4.0)) and isinstance(found["u2"], np.memmap)
    with in_child("reader_tasks:table", file, reader="a reader") as found:
        assert found["ids"].tolist() == [5, 3]


@pytest.mark.parametrize("task, words", [("crash", "signal 6"), ("damaged", "ValueError: unexpected end"),
                                         ("swallow", "Memory"), ("missing", "has no attribute")])
def test_a_reader_that_fails_becomes_an_error_with_its_words_and_the_file(file, task, words):
    with pytest.raises(FileFormatError, match="a reader cannot read this file") as caught, in_child(
            f"reader_tasks:{task}", file, reader="a reader"):
        pass
    assert words in str(caught.value) and "job.rst" in str(caught.value)


def test_a_reader_that_hangs_is_ended(file):
    with pytest.raises(FileFormatError, match="does not come to an end"), in_child(
            "reader_tasks:hang", file, reader="a reader", seconds=1.0):
        pass


def test_a_refusal_of_the_function_stays_what_it_is(file):
    with pytest.raises(UnsupportedError, match="modal results") as caught, in_child(
            "reader_tasks:refuse", file, reader="a reader"):
        pass
    assert caught.value.place == "set 2" and caught.value.remedy == "another analysis"
