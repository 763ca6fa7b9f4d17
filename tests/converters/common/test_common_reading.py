from __future__ import annotations

import sys
from pathlib import Path

import pytest
from romlib_converters.common.reading import reading

from romlib.errors import FileFormatError, UnsupportedError


@pytest.mark.parametrize("raised", [ValueError("bad number"), KeyError("x"), OverflowError("too large")])
def test_what_a_library_raises_names_the_file_and_says_its_words(raised):
    with pytest.raises(FileFormatError, match=type(raised).__name__) as caught, reading(Path("job.rst"), "set 3"):
        raise raised
    assert caught.value.file == Path("job.rst") and caught.value.place == "set 3"


def test_a_library_that_exits_is_caught_and_a_refusal_stays_what_it_is():
    with pytest.raises(FileFormatError, match="SystemExit"), reading(Path("job.rst")):
        sys.exit("cannot read")
    with pytest.raises(UnsupportedError, match="modal"), reading(Path("job.rst")):
        raise UnsupportedError("modal results")
