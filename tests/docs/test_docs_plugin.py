"""The example package of laws and converters: what the page on plug-ins shows of it is what it is, and it works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib

import pytest
from docs_page import PLUGIN, blocks, environment, page, paste


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the example package as pip would leave it: its modules, and its metadata with the entry points."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())
    for package in project["tool"]["setuptools"]["packages"]:
        shutil.copytree(PLUGIN / package, site / package, ignore=shutil.ignore_patterns("__pycache__"))
    metadata = project["project"]
    info = site / f"{metadata['name'].replace('-', '_')}-{metadata['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {metadata['name']}\nVersion: {metadata['version']}\n")
    (info / "entry_points.txt").write_text("\n".join(
        f"[{group}]\n" + "\n".join(f"{name} = {value}" for name, value in entries.items()) + "\n"
        for group, entries in metadata["entry-points"].items()))
    return site


def test_the_example_package_is_listed_and_ready(installed, tmp_path):
    found = json.loads(paste("romlib plugins --json", tmp_path, installed))
    rows = {row["name"]: row for kind in found.values() for row in kind}
    assert rows["maxwell"]["package"] == rows["npz"]["package"] == "romlib-example 0.1.0"
    assert rows["maxwell"]["state"] == rows["npz"]["state"] == "ready"


def test_the_entry_points_shown_are_those_of_the_example():
    (entries,) = [tomllib.loads(body) for _, body in blocks(
        page("plugins.md"), "toml")]
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    assert entries["project"]["entry-points"] == project["entry-points"]


def test_the_law_of_the_example_keeps_the_contract(installed, tmp_path):
    body = blocks(page("plugins.md"), "python")[0][1]
    tables = body.replace('"young": 1000.0', '"young": {"temperature": [0, 100], "value": [1000, 500]}').replace(
        "}))", "}), temperature=(0.0, 100.0))")
    assert tables != body
    for script in (body, tables):
        assert "LawReport(law='maxwell'" in paste(f"python - <<'THE_END'\n{script}THE_END\n", tmp_path, installed)


def test_the_example_of_the_plugin_page_is_exact(installed, tmp_path):
    """The history of the bar is exact, so the check sees rounding only, and the ROM of a linear law has no error."""
    lines = re.findall(r"^ {6}(\w.*)$", (PLUGIN / "README.md").read_text(), re.MULTILINE)
    assert lines[0] == "python docs/example_plugin/creep.py" and len(lines) == 5
    pasted = [line.strip() for line in re.findall(r"^(?:romlib|python) \S.*$", page("plugins.md"), re.MULTILINE)
              if "bar" in line or "creep" in line]
    assert pasted[:5] == lines
    shutil.copytree(PLUGIN, tmp_path / "docs" / "example_plugin", ignore=shutil.ignore_patterns("__pycache__"))
    also = ["romlib check bar.vtkhdf --study study.toml --json > check.json",
            "romlib online bar.rom --case bar -o again.vtkhdf",
            "romlib compare again.vtkhdf bar.vtkhdf --json > errors.json"]
    paste("\n".join([*lines, *also]), tmp_path, installed)
    check = json.loads((tmp_path / "check.json").read_text())
    values = {item["name"]: item["value"] for item in check["items"]}
    assert check["passed"] and values["equilibrium"] < 1e-12
    errors = json.loads((tmp_path / "errors.json").read_text())["fields"]
    assert errors["displacement"]["relative_l2"] < 1e-6


def test_the_converter_of_the_example_refuses_what_it_cannot_read(installed, tmp_path):
    script = """
import numpy as np
np.savez("short.npz", points=np.zeros((8, 3)), hex8=np.arange(8)[None], times=[0.0, 1.0])
np.savez("wrong.npz", points=np.zeros((8, 3)), hex8=np.arange(8)[None], times=[0.0, 1.0],
         displacement=np.zeros((3, 8, 3)))
open("text.npz", "w").write("no archive")
"""
    paste(f"python - <<'THE_END'\n{script}THE_END\n", tmp_path, installed)
    for name, expected in (("short", "lacks an array"), ("wrong", "does not fit"), ("text", "not one NumPy archive")):
        done = subprocess.run(["romlib", "convert", "npz", f"{name}.npz", "-o", "x.vtkhdf"], cwd=tmp_path, text=True,
                              env=environment(installed), capture_output=True, check=False)
        assert done.returncode == 2 and expected in done.stderr and f"{name}.npz" in done.stderr
        assert not (tmp_path / "x.vtkhdf").exists()
