"""Pictures of a case in few colours: a fifth of the file, and nothing that the eye misses."""

from __future__ import annotations

from pathlib import Path

COLOURS = 256


def in_few_colours(path: Path) -> None:
    """Write a PNG again with a palette of `COLOURS`.

    Colours far from all others get entries of their own (maximum coverage), so that what is red in few pixels stays
    red; k-means then moves the entries to what they stand for.
    """
    from PIL import Image

    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=3,
                                              dither=Image.Dither.NONE)
    few.save(path, optimize=True)
