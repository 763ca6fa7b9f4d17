"""A converter of NumPy archives: the arrays points, hex8, times and displacement, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import FileFormatError
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.partition import partition, positions_in
from romlib.mesh.skin import add_skin
from romlib.model import Model, UnitSystem
from romlib.snapshots.converter import Progress, checked_options
from romlib.snapshots.fingerprint import fingerprint
from romlib.snapshots.schema import FieldSpec
from romlib.snapshots.writer import SnapshotsWriter

NEEDED = ("points", "hex8", "times", "displacement")  # (n, 3), (m, 8), (k,), (k, n, 3)


class NpzConverter:
    """Eight-node hexahedra in VTK's node order, integrated by eight Gauss points."""

    name = "npz"
    suffixes = (".npz",)

    def can_read(self, path: Path) -> bool:
        """Whether the file is a zip archive with this suffix, as NumPy writes them."""
        path = Path(path)
        return path.suffix == ".npz" and path.is_file() and path.open("rb").read(2) == b"PK"

    def convert(
        self, source: Path | list[Path], target: Path, *, pieces: int | None = None, units: str | None = None,
        options: dict[str, Any] | None = None, progress: Progress | None = None,
    ) -> None:
        """Write the snapshots file; see `romlib.snapshots.converter.Converter`."""
        options = checked_options(self.name, options, ())  # this converter has none: any is refused by name
        if isinstance(source, list) or not self.can_read(source):
            raise FileFormatError("this is not one NumPy archive", file=str(source), expected="a file NAME.npz")
        with np.load(source) as archive:
            lacking = [name for name in NEEDED if name not in archive]
            if lacking:
                raise FileFormatError("the archive lacks an array", file=source, expected=", ".join(NEEDED),
                                      found=f"without {', '.join(lacking)}")
            points, cells, times, displacement = (archive[name] for name in NEEDED)
        if displacement.shape != (len(times), *points.shape):
            raise FileFormatError("the displacement does not fit the mesh and the times", file=source,
                                  expected=(len(times), *points.shape), found=displacement.shape)
        block = CellBlock("hex8", cells, np.arange(1, len(cells) + 1), quadrature="hex_gauss_8")
        mesh = Mesh(points.astype(float), (block,), np.arange(1, len(points) + 1))
        parts = add_skin(partition(mesh, pieces or 1))
        nodes = [positions_in(mesh, part)[0] for part in parts]
        model = Model(units=UnitSystem() if units is None else UnitSystem.model_validate(units))
        with SnapshotsWriter(Path(target), parts, model, times, {"displacement": FieldSpec("node", 3)},
                             solver="NumPy", fingerprint=fingerprint([source], options)) as writer:
            for step in range(len(times)):
                for piece, positions in enumerate(nodes):
                    writer.write("displacement", step, piece, displacement[step, positions])
                if progress is not None:
                    progress(step + 1, len(times))
