"""A ROM without its fields file is probed where it has points, and says so."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import romlib
from romlib.errors import InputError


@pytest.fixture
def alone(rom, tmp_path):
    return romlib.load(shutil.copy(rom.path, tmp_path / "box.rom"))


@pytest.mark.parametrize("name", ["p", "stress", "von_mises", "strain", "stress.xy", "strain.norm"])
def test_a_point_gets_the_value_of_the_nearest_selected_point(rom, alone, name):
    """Here all points are selected ones, and the fields at them what the modes make of them."""
    point = (0.31, 0.22, 0.7)
    found, expected = alone.solve("box").probe(name, point=point), rom.solve("box").probe(name, point=point)
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-6, atol=1e-9)
    assert (found.ids[0], found.numbers[0]) == (expected.ids[0], expected.numbers[0])
    assert found.components == expected.components and found.title == expected.title
    distance = np.linalg.norm(expected.coordinates[0] - point)
    assert f"at a distance of {distance:.4g}" in found.where and "its fields file is not there" in found.where


@pytest.mark.parametrize("name, place", [
    ("displacement", {"point": (0, 0, 0)}), ("p", {"node": 1}), ("p", {"tag": "all"}),
    ("p", {"tag": "all", "reduce": "max"})])
def test_what_the_rom_alone_does_not_know_is_refused_by_the_file_that_is_missing(alone, name, place):
    with pytest.raises(InputError, match=r"fields file of the ROM is not[\s\S]*box\.fields\.rom[\s\S]*give point"):
        alone.solve("box").probe(name, **place)


def test_reactions_of_prescribed_displacements_need_no_fields_file(rom, alone):
    solution = alone.solve("box")
    np.testing.assert_array_equal(solution.reaction("stretch").values, rom.solve("box").reactions["stretch"])
    with pytest.raises(InputError, match=r"box\.fields\.rom"):
        solution.reaction("xmin")
    with pytest.raises(InputError, match=r"box\.fields\.rom"):
        alone.mesh  # noqa: B018


def test_an_unknown_field_is_refused_with_those_that_there_are(alone):
    with pytest.raises(InputError, match=r"no such field[\s\S]*p, plastic_strain, strain, von_mises"):
        alone.solve("box").probe("backstress", point=(0, 0, 0))
