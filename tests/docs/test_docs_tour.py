"""What can be pasted into a shell: the tutorial, of which the README has a part, and the commands for Zset."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from docs_page import README, ROOT, blocks, page, paste, section

# What the tour starts with is `make setup`: this environment is the one that it makes.
SETUP = ("make setup", ". .venv/bin/activate")


def tour() -> str:
    """One script of the tour: its shell blocks, and its Python blocks as Python would get them."""
    parts = []
    for language, body in blocks(page("tutorial.md"), "bash", "python"):
        parts.append(body if language == "bash" else f"python - <<'THE_END'\n{body}THE_END\n")
    script = "\n".join(parts)
    lines = script.splitlines()
    for line in SETUP:
        assert line in lines
    return "\n".join(line for line in lines if line not in SETUP)


def run_tour(folder: Path, coarse: bool) -> str:
    """Paste the tour in a copy of what it uses of the repository; a coarse plate takes seconds."""
    shutil.copytree(ROOT / "cases", folder / "cases", ignore=shutil.ignore_patterns("__pycache__"))
    if coarse:
        plate = folder / "cases" / "plate_demo" / "plate.py"
        source = plate.read_text()
        small = source.replace("n_side: int = 12, n_radial: int = 20, n_thickness: int = 2",
                               "n_side: int = 4, n_radial: int = 7, n_thickness: int = 1")
        assert small != source
        plate.write_text(small)
    return paste(tour(), folder)


def check_tour(folder: Path, printed: str) -> None:
    results = folder / "out" / "tour"
    made = {"plate.rom", "plate.fields.rom", "result.vtkhdf", "errors.png", "stress.png", "stress_over_time.png",
            "bounds.png", "two_peaks.vtkhdf", "p.png", "two_cycles.vtkhdf", "plate2.rom", "plate2.fields.rom"}
    assert made <= {path.name for path in results.iterdir()}
    for line in ("The check passed", "80 steps,", "p after each cycle", "largest displacement",
                 "the ROM has no load 'tractoin'"):
        assert line in printed
    cubature = re.search(r"error of the cubature: (\S+)", printed)
    assert cubature is not None and 0 < float(cubature[1]) < 5e-3
    errors = json.loads(paste("romlib compare result.vtkhdf reference.vtkhdf --json", results))["fields"]
    assert set(errors) == {"displacement", "stress", "p"}
    assert errors["displacement"]["relative_l2"] < 5e-3 and errors["stress"]["relative_l2"] < 2e-2


def needs_mpirun_and_pictures() -> None:
    pytest.importorskip("pyvista")
    if shutil.which("mpirun") is None:
        pytest.skip("the tour needs mpirun")


def test_the_tour_works_when_pasted(tmp_path):
    needs_mpirun_and_pictures()
    check_tour(tmp_path, run_tour(tmp_path, coarse=True))


def test_the_readme_shows_a_part_of_the_tour_in_its_order():
    lines = iter(tour().splitlines())
    shown = blocks(section("A ten-minute tour", README), "bash", "python")
    assert len(shown) >= 4
    for _, body in shown:
        for line in body.splitlines():
            assert line in SETUP or line in lines, line


@pytest.mark.slow
def test_the_tour_works_when_pasted_at_its_full_size(tmp_path):
    needs_mpirun_and_pictures()
    printed = run_tour(tmp_path, coarse=False)
    check_tour(tmp_path, printed)
    assert "79 of 7680" in printed


@pytest.mark.data
def test_the_commands_for_zset_work_when_pasted(data_dir, tmp_path):
    """On a computation of Zset; what the results section says of it is what is found."""
    for file in (data_dir / "zset" / "MecaSequential").iterdir():
        (tmp_path / file.name).symlink_to(file)
    text = page("how-to/zset.md")
    (study,) = [body for _, body in blocks(text, "toml")]
    (tmp_path / "cube.toml").write_text(study)
    lines = [line for line in re.findall(r"^romlib .*$", text, re.MULTILINE)]
    assert len(lines) == 7
    paste("\n".join(lines), tmp_path)
    check = json.loads(paste("romlib check cube.vtkhdf --json", tmp_path))
    limits = {"strain": 1e-6, "stress": 1e-5, "state p": 1e-5, "internal_force": 1e-6, "equilibrium": 1e-5}
    values = {item["name"]: item["value"] for item in check["items"]}
    assert all(values[name] <= limit for name, limit in limits.items())
    errors = json.loads(paste("romlib compare result.vtkhdf cube.vtkhdf --json", tmp_path))["fields"]
    assert all(errors[name]["relative_l2"] < 1e-5 for name in ("displacement", "stress", "p"))
    (basis,) = json.loads(paste("romlib info cube.rom --json", tmp_path))["clusters"]
    assert basis["points"] <= 97


@pytest.mark.data
def test_the_commands_for_ansys_work_when_pasted(data_dir, tmp_path):
    """On a real file; what the page and the results section say of it is what is found."""
    (tmp_path / "static_nar.rst").symlink_to(data_dir / "ansys" / "static_nar.rst")
    text = page("how-to/ansys.md")
    study = next(body for _, body in blocks(text, "toml"))
    (tmp_path / "nar.toml").write_text(study)
    ((_, commands),) = blocks(text, "bash")
    printed = paste(commands, tmp_path)
    assert "nlgeom" in printed and "the check failed" in printed
    errors = json.loads(paste("romlib compare again.vtkhdf nar.vtkhdf --json", tmp_path))["fields"]
    assert errors["displacement"]["relative_l2"] == pytest.approx(1.65e-3, abs=5e-5)
    assert errors["stress"]["relative_l2"] == pytest.approx(1.71e-2, abs=5e-4)
    (basis,) = json.loads(paste("romlib info nar.rom --json", tmp_path))["clusters"]
    assert (basis["modes"], basis["points"]) == (1, 2)
