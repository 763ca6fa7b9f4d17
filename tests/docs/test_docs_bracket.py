"""The way of a CalculiX deck: few commands, no option that its page does not explain, the study that is shown.

The blocks of the page are run by test_docs_pages.py; its last, hidden line fails where the test run is not within the
accuracy that the study asks for.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib

import pytest
from docs_page import DOCS, blocks, page, paste

PAGE = page("how-to/calculix.md")
WAY = PAGE[:PAGE.index("## What the deck needs")]
CODE = "".join(body for language, body in blocks(WAY, "bash"))
PROSE = re.sub(r"^```.*?^```$|<!--.*?-->", "", WAY, flags=re.MULTILINE | re.DOTALL)


def test_the_way_has_at_most_ten_commands():
    commands = re.findall(r"^ *(gmsh|python|romlib) ", CODE, re.MULTILINE)
    assert 7 <= len(commands) <= 10


def test_every_option_of_the_way_is_explained():
    used = set(re.findall(r"(?<=\s)(--?[a-z0-9][\w-]*)", CODE))
    assert {"-3", "-o", "--command", "--case", "--field", "--spots"} <= used
    assert not {option for option in used if f"`{option}`" not in PROSE}


def test_the_study_shown_is_that_of_the_folder():
    (shown,) = [body for _, body in blocks(WAY, "toml")]
    study = tomllib.loads((DOCS / "how-to" / "bracket" / "bracket.toml").read_text())
    assert tomllib.loads(shown) == study
    assert study["offline"] == {"dual_fields": ["stress", "p"], "control_points": 100}  # accuracy: the default
    assert "\nromlib validate bracket.rom test.vtkhdf\n" in PAGE  # fails where the test run does not have it


def test_the_decks_differ_in_their_amplitudes_only():
    decks = {path.stem: path.read_text().splitlines() for path in (DOCS / "how-to" / "bracket").glob("*.inp")}
    assert set(decks) == {"large", "middle", "small", "test"}
    for lines in decks.values():
        other = [number for number, pair in enumerate(zip(lines, decks["large"])) if pair[0] != pair[1]]
        assert len(lines) == len(decks["large"]) and set(other) <= {1, lines.index("*AMPLITUDE, NAME=PRESSURE") + 1}


def test_the_mesh_and_the_first_increments_of_a_deck_pass_the_check(tmp_path):
    """The whole way takes CalculiX a minute, and is run with the slow tests."""
    for program in ("gmsh", "ccx"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    pytest.importorskip("meshio")
    for path in (DOCS / "how-to" / "bracket").iterdir():
        text = path.read_text()
        (tmp_path / path.name).write_text(text.replace("0.1, 4.", "0.1, 0.2"))
    lines = [line for line in CODE.splitlines() if line.startswith(("gmsh", "python"))]
    (external,) = [line.strip().replace("$run", "large") for line in CODE.splitlines() if "romlib external" in line]
    paste("\n".join([*lines, external, "romlib check large.vtkhdf --json > check.json"]), tmp_path)
    check = json.loads((tmp_path / "check.json").read_text())
    values = {item["name"]: item["value"] for item in check["items"]}
    assert check["passed"] and values["equilibrium"] < 1e-7 and values["stress"] < 1e-5
