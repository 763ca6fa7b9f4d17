"""Probes of a ROM without its fields file: at the points that the ROM itself has."""

from __future__ import annotations

import numpy as np

from romlib.errors import InputError
from romlib.results.probe import Probe
from romlib.results.probing import asked
from romlib.results.scalar import Scalar, components_of
from romlib.snapshots.schema import FieldSpec
from romlib.solution.reconstruction import Reconstruction
from romlib.tensors import von_mises
from romlib.words import placed


def probe_selected(
    run: Reconstruction, name: str, point: tuple[float, ...] | None, lacking: InputError
) -> Probe:
    """The value at the selected point nearest to a point, as the laws computed it.

    lacking : says that the fields file is not there; raised, with what can be probed without it, for anything else.

    Raises
    ------
    InputError : a node, a tag or a displacement, which the ROM alone does not know; an unknown field.
    """
    if point is None or name.partition(".")[0] == "displacement":
        raise InputError(lacking.what, file=lacking.file, place="probe", remedy=(
            f"{lacking.remedy}; without it, fields of integration points are known at the points that the ROM has: "
            "give point=..."))
    scalar = Scalar.named(_SelectedFields(run), name)
    values = _values(run, scalar.field)
    there = np.flatnonzero(np.isfinite(values).all(axis=(0, 2)))
    if not len(there):
        raise InputError(f"the field {name!r} has no value at any point of the ROM", file=lacking.file,
                         remedy=lacking.remedy)
    points = run.rom.points
    distance = np.linalg.norm(points.coordinates[there] - np.array(point), axis=1)
    k = int(there[distance.argmin()])
    whole = name == scalar.field
    found = values[:, k] if whole else scalar.values(values[:, [k]])
    single = found.shape[-1] == 1
    components = components_of(scalar.field, scalar.spec) if whole and not single else ()
    where = (f"integration point {points.numbers[k]} of cell {points.cell_ids[k]} at "
             f"{placed(points.coordinates[k])}, at a distance of {distance.min():.4g}: the nearest of the "
             f"{points.n_point} points that the ROM has, because its fields file is not there")
    return Probe(found[:, 0] if single else found, points.coordinates[[k]], points.cell_ids[[k]], points.numbers[[k]],
                 where, run.times, name, components, whole and scalar.spec.tensor and not single, scalar.unit,
                 str(run.units.time), None, asked(point, None, None))


class _SelectedFields:
    """The fields that are known at the selected points: a `romlib.results.scalar.Described`."""

    def __init__(self, run: Reconstruction) -> None:
        self.path, self.model = run.path, run.model
        known, tensors = run.run.variables, run.run.tensors
        self.fields = {**{name: FieldSpec.symmetric("ip") if name in tensors else FieldSpec("ip", n_comp)
                          for name, n_comp in known.items()},
                       "strain": FieldSpec.symmetric("ip"), "von_mises": FieldSpec("ip")}


def _values(run: Reconstruction, field: str) -> np.ndarray:
    """(n_step, n_point, n_comp) at the selected points."""
    if field == "strain":
        return run.strain_at_points()
    if field == "von_mises":
        return von_mises(run.at_points("stress"))[..., None]
    return run.at_points(field)
