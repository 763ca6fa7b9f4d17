"""A picture file: drawn in memory, then written at once, so that what it needs is known when there is no room."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from romlib.snapshots.atomic import write_atomically


def write_image(output: str | Path, image: np.ndarray) -> None:
    """Write pixels (rows, columns, 3 or 4) as PNG."""
    from matplotlib.image import imsave

    drawn = BytesIO()
    imsave(drawn, image, format="png")
    write_atomically(output, drawn.getvalue())


def write_figure(output: str | Path, figure: Any) -> None:
    """Write a figure of matplotlib as PNG."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png")
    write_atomically(output, drawn.getvalue())
