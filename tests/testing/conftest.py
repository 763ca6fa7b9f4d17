"""Files of known content that other rooms write for their tests."""

from __future__ import annotations

import sys
from pathlib import Path

for room in ("cli", "converters/calculix", "converters/meshio"):
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / room))
