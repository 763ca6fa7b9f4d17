"""A picture put together: marks are drawn where the look shows their places, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from romlib.report.colours import Colouring
from romlib.report.layout import BodyImage, Mark, compose, frame

ROOM = frame(1, 1, 1, width=800)
WIDTH, HEIGHT = ROOM.body


def picture(*marks):
    pixels = np.full((HEIGHT, WIDTH, 3), 230, dtype=np.uint8)
    body = BodyImage(pixels, Colouring((0.0, 1.0), "viridis"), "p", marks=marks)
    return compose(ROOM, [body], "title", "subtitle", ["a line"])


@pytest.mark.parametrize("place", [(-5.0, 100.0), (WIDTH + 30.0, HEIGHT + 60.0), (100.0, -1.0), (50.0, HEIGHT + 2.0)])
def test_a_mark_whose_place_a_close_look_leaves_out_is_not_drawn(place):
    assert (picture(Mark(place, "max 0.004, node 13421")) == picture()).all()


def test_a_mark_in_the_look_is_drawn_at_its_place_with_its_text():
    mark = Mark((200.0, 150.0), "max 0.004, node 13421")
    changed = (picture(mark) != picture()).any(axis=2)
    wordless = (picture(replace(mark, text=" ")) != picture()).any(axis=2)
    assert changed.sum() > wordless.sum() > 20
    assert wordless.any(axis=0).argmax() < wordless.shape[1] // 2
