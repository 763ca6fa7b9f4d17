"""Pictures of results in memory, and curves of probes."""

from __future__ import annotations

import numpy as np
import pytest
from sheared_box import write_box

import romlib
from romlib.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    return romlib.load(write_box(tmp_path_factory.mktemp("rom"), 2)).solve("box")


def test_probes_of_one_unit_share_a_diagram(solution, tmp_path):
    probes = [solution.probe("von_mises", tag="all", reduce=kind) for kind in ("max", "mean")]
    probes += [solution.probe("stress", node=5), solution.probe("p", node=5), solution.reaction("stretch")]
    romlib.plot_probes(probes, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes()[:8] == PNG
    solution.probe("p", node=5).plot(tmp_path / "b.png")
    assert (tmp_path / "b.png").read_bytes()[:8] == PNG
    assert solution.probe("p", node=5).plot() is not None


def test_curves_that_nobody_could_tell_apart_are_refused(solution, tmp_path):
    with pytest.raises(InputError, match=r"told apart[\s\S]*reduce"):
        solution.probe("p", tag="all").plot(tmp_path / "a.png")
    with pytest.raises(InputError, match="no probe"):
        romlib.plot_probes([], tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_a_solution_is_drawn_as_its_file_is(solution, tmp_path):
    """Without a file: the same picture, to the last pixel but for the name in it."""
    solution.plot("p", tmp_path / "solution.png", step=3)
    assert (tmp_path / "solution.png").read_bytes()[:8] == PNG
    solution.write(tmp_path / "box.vtkhdf")
    with romlib.open(tmp_path / "box.vtkhdf") as results:
        results.plot("stress.xx", tmp_path / "file.png", time=1.0)
        with pytest.raises(InputError, match="no step at this time"):
            results.plot("p", tmp_path / "x.png", time=0.123)
    assert (tmp_path / "file.png").read_bytes()[:8] == PNG
    rom = romlib.load(solution.reader.path)
    rom.plot("displacement", tmp_path / "rom.png")
    assert (tmp_path / "rom.png").stat().st_size > 5000
    assert np.all([path.suffix in (".png", ".vtkhdf") for path in tmp_path.iterdir()])
