"""The snapshots file: a VTKHDF file with what a reduced order model needs beyond VTK. Its layout is in `schema`."""

from romlib.snapshots.info import info
from romlib.snapshots.reader import Snapshots
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

__all__ = ["FieldSpec", "Snapshots", "SnapshotsWriter", "info"]
