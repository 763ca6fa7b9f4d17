"""What is quoted of a log."""

from __future__ import annotations

import re

from romlib.external.log import N_LAST, first_match, last_lines


def test_the_last_lines_are_quoted_in_order(tmp_path):
    log = tmp_path / "log"
    log.write_text("\n\n".join(f"line {k}" for k in range(200_000)) + "\n")
    quoted = last_lines(log).splitlines()[1:]
    assert [line.split("| ")[1] for line in quoted] == [f"line {k}" for k in range(200_000 - N_LAST, 200_000)]


def test_bytes_that_are_no_text_and_long_lines_can_be_quoted(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"\xff\xfe" + b"x" * 1000 + b"\n")
    assert len(last_lines(log)) < 300
    assert first_match(log, re.compile("x+")) is not None


def test_empty_and_absent_logs_are_said_to_be_so(tmp_path):
    (tmp_path / "log").write_text("\n \n")
    assert "empty" in last_lines(tmp_path / "log")
    assert "cannot be read" in last_lines(tmp_path / "absent")


def test_the_first_line_that_matches_is_given_with_its_number(tmp_path):
    log = tmp_path / "log"
    log.write_text("begin\n *WARNING: small\n *ERROR: large\n *ERROR: larger\n")
    assert first_match(log, re.compile(r"\*ERROR")) == "line 3 of the log: *ERROR: large"
    assert first_match(log, re.compile("^end")) is None
