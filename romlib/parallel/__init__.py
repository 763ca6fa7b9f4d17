"""The ranks of a run: who has which piece, what they do together, and what it costs."""

from romlib.parallel.comm import Comm, pieces_of_rank, serial, world
from romlib.parallel.pieces import Pieces
from romlib.parallel.usage import StageTimer, StageUsage, peak_memory

__all__ = ["Comm", "Pieces", "StageTimer", "StageUsage", "peak_memory", "pieces_of_rank", "serial", "world"]
