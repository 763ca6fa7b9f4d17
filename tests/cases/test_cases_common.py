"""What the scripts of the cases share."""

from __future__ import annotations

import numpy as np
import pytest
from case_scripts import scripts_of

Image = pytest.importorskip("PIL.Image")


@pytest.fixture(scope="module")
def common():
    with scripts_of("_common", "colours") as scripts:
        yield scripts


@pytest.fixture
def picture(tmp_path):
    """A shaded body in a scale of colours on white, with a small red spot; a PNG, and its pixels."""
    y, x = np.mgrid[0:300, 0:400]
    pixels = np.full((300, 400, 3), 255, dtype=np.uint8)
    body = (x - 200) ** 2 + (y - 150) ** 2 < 120**2
    shade = 1.0 - 0.3 * ((x - 200) / 120.0) ** 2 + 0.02 * np.sin(x * y)
    for channel, colour in enumerate((40 + x / 2.5, 80 + y / 3, 150 - x / 6)):
        pixels[..., channel][body] = np.clip(colour * shade, 0, 255)[body]
    pixels[148:152, 198:202] = (220, 20, 30)
    Image.fromarray(pixels).save(tmp_path / "body.png")
    return tmp_path / "body.png", pixels


def test_a_picture_in_few_colours_is_a_smaller_file_that_looks_the_same(common, picture):
    path, pixels = picture
    before = path.stat().st_size
    common.colours.in_few_colours(path)
    assert path.stat().st_size < 0.5 * before
    with Image.open(path) as few:
        assert few.mode == "P" and few.size == (400, 300)
        found = np.asarray(few.convert("RGB"), dtype=int)
    assert np.abs(found - pixels).mean() < 2.0 and np.abs(found - pixels).max() < 40


def test_few_pixels_of_a_colour_of_their_own_keep_it(common, picture):
    path, pixels = picture
    common.colours.in_few_colours(path)
    with Image.open(path) as few:
        spot = np.asarray(few.convert("RGB"), dtype=int)[148:152, 198:202]
    assert np.abs(spot - pixels[148:152, 198:202]).max() <= 4
