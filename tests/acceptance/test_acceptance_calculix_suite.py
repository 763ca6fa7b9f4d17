"""CalculiX's own test suite: no deck is called reproduced that romlib cannot reproduce, and no refusal is a traceback.

The decks are those of Debian's package calculix-ccx-test. Most print a few values only, so that output of displacement,
force and stress is added before they are run. What romlib cannot reproduce is told here from the text of a deck alone,
by a list that has nothing to do with the converter.
"""

from __future__ import annotations

import gzip
import random
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from romlib_converters.calculix import CalculixConverter

from romlib.check import check
from romlib.errors import RomlibError
from romlib.snapshots.reader import Snapshots

SUITE = Path("/usr/share/doc/calculix-ccx-test/examples/test")
DECKS = sorted(SUITE.glob("*.inp*")) if SUITE.is_dir() else []
pytestmark = [
    pytest.mark.skipif(not DECKS, reason="no decks of CalculiX's test suite (Debian: calculix-ccx-test)"),
    pytest.mark.skipif(shutil.which("ccx") is None, reason="no ccx on the PATH (Debian: calculix-ccx)"),
]

NODES = {"C3D4": 4, "C3D6": 6, "C3D8": 8, "C3D10": 10, "C3D15": 15, "C3D20": 20, "C3D20R": 20}
# Keywords that do what a reduced model of a small-strain static solid does not have.
BEYOND = frozenset((
    "DYNAMIC", "MODALDYNAMIC", "STEADYSTATEDYNAMICS", "FREQUENCY", "COMPLEXFREQUENCY", "BUCKLE", "HEATTRANSFER",
    "COUPLEDTEMPERATURE-DISPLACEMENT", "UNCOUPLEDTEMPERATURE-DISPLACEMENT", "ELECTROMAGNETICS", "CFD", "GREEN",
    "SENSITIVITY", "SUBSTRUCTUREGENERATE", "NOANALYSIS", "SPRING", "GAP", "DASHPOT", "MASS", "CONTACTPAIR",
    "MODELCHANGE", "SUBMODEL", "HYPERELASTIC", "HYPERFOAM", "CREEP", "DEFORMATIONPLASTICITY", "CYCLICHARDENING",
    "CHANGESOLIDSECTION", "CHANGEMATERIAL", "CHANGEPLASTIC", "CYCLICSYMMETRYMODEL", "PRE-TENSIONSECTION", "MPC",
    "DISTRIBUTINGCOUPLING", "DISTRIBUTING", "USERMATERIAL", "SHELLSECTION", "BEAMSECTION", "FLUIDSECTION",
    "MEMBRANESECTION", "INITIALSTRAININCREASE", "CHANGEFRICTION"))
SAMPLE, SEED, ALWAYS = 12, 20220714, ("beamp", "achtelg")
LIMIT = {"sample": 3.0, "whole": 20.0}  # seconds a deck may take


@dataclass(frozen=True)
class Outcome:
    """kind : reproduced, not reproduced, undecided, refused or not computed. why : the error's first line."""

    kind: str
    why: str = ""


def deck_text(path: Path) -> str:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode("latin-1")


def name_of(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".inp")


def folded(text: str) -> list[str]:
    """The lines without blanks in upper case, without comments."""
    lines = ("".join(line.split()).upper() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("**")]


def solids(lines: list[str]) -> list[int]:
    """Numbers of the solid elements."""
    found, width, left = [], 0, 0
    for line in lines:
        if line.startswith("*"):
            kind = re.match(r"\*ELEMENT,.*TYPE=(\w+)", line)
            width, left = NODES.get(kind[1], 0) if kind else 0, 0
        elif width:
            numbers = [one for one in line.split(",") if one]
            found += [int(numbers[0])] if left <= 0 else []
            left = (width - len(numbers) + 1) if left <= 0 else left - len(numbers)
    return found


def with_output(text: str) -> str:
    """The deck with displacement, force and stress of every increment, at all nodes and points of solids."""
    elements = solids(folded(text))
    wanted = ["*NODE OUTPUT,DOUBLE,FREQUENCY=1", "U,RF,NT"]
    lines, begun = [], False
    if elements:
        wanted += ["*EL PRINT,ELSET=ALLSOLIDS,GLOBAL=YES,FREQUENCY=1", "S"]
    for line in text.splitlines():
        word = "".join(line.split()).upper()
        if word.startswith("*STEP") and not begun:
            begun = True
            rows = [",".join(map(str, elements[k:k + 10])) for k in range(0, len(elements), 10)]
            lines += ["*ELSET,ELSET=ALLSOLIDS", *rows] if elements else []
        lines += wanted if word.startswith("*ENDSTEP") else []
        lines.append(line)
    return "\n".join(lines) + "\n"


def beyond(text: str) -> list[str]:
    """What a deck has that cannot be reproduced: keywords, parameters, elements."""
    found = []
    for line in folded(text):
        keyword, *parameters = line[1:].split(",") if line.startswith("*") else [""]
        if keyword in BEYOND:
            found.append(keyword)
        kind = next((one[5:] for one in parameters if one.startswith("TYPE=")), "")
        if (keyword == "ELEMENT" and kind not in NODES) or (keyword == "ELASTIC" and kind[:3] not in ("", "ISO")):
            found.append(f"{keyword} {kind}")
        if keyword == "INITIALCONDITIONS" and kind not in ("TEMPERATURE", "VELOCITY"):
            found.append(f"{keyword} {kind}")
        if keyword == "STEP" and any(one in ("NLGEOM", "NLGEOM=YES", "PERTURBATION") for one in parameters):
            found.append("NLGEOM")
        if (keyword == "RESTART" and "READ" in parameters) or (keyword == "TIE" and "CYCLICSYMMETRY=YES" in parameters):
            found.append(keyword)
        if keyword == "PLASTIC" and any(one.startswith("HARDENING=") and one[10:] != "ISOTROPIC" for one in parameters):
            found.append("HARDENING")
    return found


def outcome_of(path: Path, folder: Path, limit: float) -> Outcome:
    """Run a deck, convert and check it. Anything but one of romlib's own errors goes through and fails the test."""
    folder.mkdir()
    deck = folder / f"{name_of(path)}.inp"
    deck.write_text(with_output(deck_text(path)), encoding="latin-1")
    try:
        subprocess.run(["ccx", deck.stem], cwd=folder, check=False, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return Outcome("not computed", f"longer than {limit:g} s")
    target = folder / "x.vtkhdf"
    try:
        CalculixConverter().convert(deck, target)
        with Snapshots(target) as snapshots:
            works = [one.name for one in snapshots.model.omissions if one.does_work]
            report = check(snapshots)
    except RomlibError as error:
        placed = re.search(r"line \d+|computation has no results|result file is truncated", str(error))
        assert placed, f"{deck.stem}: no place in {error}"
        return Outcome("refused", str(error).splitlines()[0])
    verdict = getattr(report, "verdict", None)
    kind = str(getattr(verdict, "value", verdict)) if verdict is not None else (
        "not reproduced" if not report.passed else "undecided" if works else "reproduced")
    if kind == "reproduced":
        assert report.passed and not works
        assert report["stress"].value is not None and report["stress"].value <= 2e-6, deck.stem
        assert report["internal_force"].value is not None and report["internal_force"].value <= 1e-9, deck.stem
        assert report["equilibrium"].value is not None and report["equilibrium"].value <= 1e-4, deck.stem
    return Outcome(kind, ", ".join(works))


def run(decks: list[Path], folder: Path, limit: float) -> dict[str, Outcome]:
    """Outcomes by deck; what is called reproduced and cannot be fails here."""
    outcomes = {name_of(path): outcome_of(path, folder / name_of(path), limit) for path in decks}
    counts = Counter(one.kind for one in outcomes.values())
    print("\n" + ", ".join(f"{count} {kind}" for kind, count in counts.most_common()))
    for (kind, why), count in Counter((one.kind, one.why) for one in outcomes.values()).most_common():
        print(f"  {count:4d} {kind}{': ' + why if why else ''}")
    wrong = {name: beyond(deck_text(path)) for path in decks
             if outcomes[name := name_of(path)].kind == "reproduced" and beyond(deck_text(path))}
    assert not wrong, f"called reproduced, but they have what cannot be: {wrong}"
    return outcomes


def test_a_sample_of_the_suite_is_judged_rightly(tmp_path):
    small = [path for path in DECKS if len(deck_text(path)) < 40_000 and name_of(path) not in ALWAYS]
    decks = random.Random(SEED).sample(small, SAMPLE)
    outcomes = run([*decks, *(path for path in DECKS if name_of(path) in ALWAYS)], tmp_path, LIMIT["sample"])
    assert [outcomes[name].kind for name in ALWAYS] == ["reproduced"] * len(ALWAYS)


@pytest.mark.slow
def test_the_whole_suite_is_judged_rightly(tmp_path):
    outcomes = run(DECKS, tmp_path, LIMIT["whole"])
    counts = Counter(one.kind for one in outcomes.values())
    assert counts["reproduced"] >= 25 and counts["not computed"] <= len(DECKS) / 10


def test_the_list_of_what_cannot_be_reproduced_knows_the_suite():
    """It is no empty list: most decks have something of it, and those that are reproduced have nothing."""
    found = {name_of(path): beyond(deck_text(path)) for path in DECKS}
    assert sum(map(bool, found.values())) > len(DECKS) / 2
    assert not any(found[name] for name in ALWAYS)
