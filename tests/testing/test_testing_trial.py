"""Files that are cut short, and a library that is not there, as the conformance kit tries them."""

from __future__ import annotations

import numpy as np
import pytest
from romlib_converters.common.extras import reader
from romlib_converters.common.history import FieldValues, convert_history, history_options
from synthetic_history import SyntheticHistory, displacement

from romlib.errors import FileFormatError, InputError
from romlib.model import Omission
from romlib.testing import check_converter


class LinesConverter:
    """A text with a line a record: the time. kind : what is wrong with it."""

    name, suffixes = "lines", (".lines",)

    def __init__(self, kind="sound"):
        self.kind = kind
        if "reader" in kind:
            self.reader, self.extra = "netCDF4", "exodus"

    def can_read(self, path):
        return path.suffix == ".lines" and path.is_file() and path.read_bytes().startswith(b"LINES")

    def convert(self, source, target, *, pieces=None, units=None, options=None, progress=None):
        options = history_options(self.name, options)
        try:
            lines = source.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FileFormatError("no text", file=source, found=str(error)) from error
        if self.kind == "without a message on the reader":
            try:
                import netCDF4  # noqa: F401
            except ImportError:
                raise FileFormatError("cannot read", file=source) from None
        elif "reader" in self.kind:
            reader("netCDF4", "exodus")
        if self.kind == "whole lines" and not source.read_bytes().endswith(b"\n"):
            raise FileFormatError("the last line is cut short", file=source)
        whole = bool(lines) and lines[-1] == "END"
        if self.kind in ("sound", "with a reader") and not whole:
            raise FileFormatError("the file is cut short", file=source)
        try:
            times = [float(line) for line in lines[1:len(lines) - whole]]
        except ValueError as error:
            raise FileFormatError("a line has no time", file=source, found=str(error)) from error
        history = SyntheticHistory(source, times or [])
        history.changes = {k: {"displacement": FieldValues(history.mesh.node_ids, displacement(
            history.mesh.points, time))} for k, time in enumerate(history.times)}
        if self.kind == "says it" and not whole:
            history.notes = [Omission(name="cut", description="no end", does_work=False)]
        convert_history(history, target, pieces=pieces, units=units, options=options, progress=progress)


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "job.lines"
    path.write_text("\n".join(["LINES", *(f"{0.125 * k:.3f}" for k in range(20)), "END"]) + "\n")
    return path


KNOWN = {"times": 0.125 * np.arange(20), "mutations": 0}


@pytest.mark.parametrize("kind", ["sound", "says it", "with a reader"])
def test_a_file_that_is_cut_short_is_refused_or_what_lacks_is_said(lines, kind):
    assert check_converter(LinesConverter(kind), lines, **KNOWN).n_step == 20


def test_half_a_file_that_is_taken_for_a_whole_is_named(lines):
    with pytest.raises(InputError, match=r"job\.lines cut to 50 %: half read, and nothing is said"):
        check_converter(LinesConverter("half"), lines, **KNOWN)


def test_a_format_without_an_end_cannot_tell_and_its_author_says_so(lines):
    text = lines.read_text().replace("END\n", "")
    lines.write_text(text)
    with pytest.raises(InputError, match=r"cut to 99 %: half read"):
        check_converter(LinesConverter("half"), lines, **KNOWN, ends=False)  # a time with fewer digits is another time
    check_converter(LinesConverter("whole lines"), lines, **KNOWN, ends=False)


def test_a_converter_that_does_not_say_what_to_install_is_named(lines):
    pytest.importorskip("netCDF4")
    with pytest.raises(InputError, match="without netCDF4: the message does not say what to install"):
        check_converter(LinesConverter("without a message on the reader"), lines, **KNOWN)
    import netCDF4  # is there again

    assert netCDF4.__version__
