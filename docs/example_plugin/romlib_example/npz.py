"""A converter of NumPy archives: the arrays points, hex8, times and displacement, and nothing else."""

from pathlib import Path
from typing import Any

import numpy as np

from romlib.errors import FileFormatError
from romlib.mesh.mesh import CellBlock, Mesh
from romlib.mesh.partition import partition, positions_in
from romlib.mesh.skin import add_skin
from romlib.model import Model
from romlib.snapshots.converter import Progress, checked_options, read_units
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
        points, cells, times, displacement = _arrays(Path(source))
        block = CellBlock("hex8", cells, np.arange(1, len(cells) + 1), quadrature="hex_gauss_8")
        mesh = Mesh(points.astype(float), (block,), np.arange(1, len(points) + 1))
        parts = add_skin(partition(mesh, pieces or 1))
        nodes = [positions_in(mesh, part)[0] for part in parts]
        model = Model(units=read_units(units))
        with SnapshotsWriter(Path(target), parts, model, times, {"displacement": FieldSpec("node", 3)},
                             solver="NumPy", fingerprint=fingerprint([source], options)) as writer:
            for step in range(len(times)):
                for piece, positions in enumerate(nodes):
                    writer.write("displacement", step, piece, displacement[step, positions])
                if progress is not None:
                    progress(step + 1, len(times))


def _arrays(source: Path) -> list[np.ndarray]:
    """The arrays, with the shapes and values that a mesh and a history can have; whatever else is refused by name."""
    try:
        with np.load(source) as archive:
            arrays = {name: archive[name] for name in NEEDED if name in archive}
    except Exception as error:  # what zipfile, zlib and NumPy raise on a damaged archive has no common class
        raise FileFormatError("the archive is damaged", file=source, found=f"{type(error).__name__}: {error}") from None
    lacking = [name for name in NEEDED if name not in arrays]
    if lacking:
        raise FileFormatError("the archive lacks an array", file=source, expected=", ".join(NEEDED),
                              found=f"without {', '.join(lacking)}")
    points, cells, times, displacement = (arrays[name] for name in NEEDED)
    n = len(points) if points.ndim else 0
    for name, array, shape, kinds in (
            ("points", points, (n, 3), "fiu"), ("hex8", cells, (len(cells) if cells.ndim else 0, 8), "iu"),
            ("times", times, (times.size,), "fiu"), ("displacement", displacement, (times.size, n, 3), "fiu")):
        if array.shape != shape or 0 in shape or array.dtype.kind not in kinds:
            raise FileFormatError(f"the array {name} does not fit the others", file=source, expected=shape,
                                  found=f"{array.dtype} of shape {array.shape}")
        if not np.isfinite(array).all():
            raise FileFormatError("an array has a value that is not finite", file=source, place=name)
    if cells.min() < 0 or cells.max() >= n or (np.diff(times) <= 0).any():
        raise FileFormatError("the mesh or the times make no sense", file=source,
                              expected=f"node numbers from 0 to {n - 1}, and times that increase")
    return [points, cells, times, displacement]
