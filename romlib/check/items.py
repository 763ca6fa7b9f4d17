"""From measurements to a report: what each is compared with, whether it passes, and what a failure usually means."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from romlib.check.deviation import Deviation
from romlib.check.options import CheckOptions
from romlib.check.report import KNOWN, OTHERWISE, CheckItem, Status
from romlib.check.residual import ResidualNorms
from romlib.check.resolution import Resolution
from romlib.loads.forces import force_names
from romlib.model import Model, Temperature
from romlib.snapshots.reader import Snapshots
from romlib.words import plural

DISPLACEMENT = "displacement"
LEFT = 1e-2  # solvers stop at 5e-3 of the mean force by default; beyond this, part of a load
TIGHTEN = ("tighten its convergence limits (CalculiX: *CONTROLS, PARAMETERS=FIELD with 1e-8 as first number, 1e-4 as "
           "second; Abaqus: the same card; Zset: the ratio of *convergence)")
STATE = "state "  # the measurement of the state variable p is "state p"
NOT_CALLED = "law"  # among the failures: why nothing of a law was called, so that nothing is known to disagree
STORED_FORCE = "stored internal force"
OF_STORED_STRESS, OF_REPLAYED_STRESS = "B^T sigma of the stored stress", "B^T sigma of the replayed stress"
REPLAYED_FORCE = "internal_force replayed"  # B^T of the replayed stress, where there is a stored one too

COMPARED = {
    "elements": "volume by the solver's rule, Jacobians positive",
    "strain size": "largest strain (Frobenius norm), for small-strain theory",
    "constraints": "displacement at constrained dofs, against the prescribed values (relative to the largest one)",
    "temperature": "temperature of the model, against the stored one",
    "strain": "strain from displacement, against the stored one",
    "replay": "the laws, integrated along the strain from displacement",
    "stress": "stress replayed by the law, against the stored one",
    "internal_force": "B^T sigma, against the stored internal force (of all pieces together where they meet)",
    "equilibrium": "residual of the free dofs, relative to the largest internal force",
    "load_balance": "l2 norm of the same residual, relative to the largest one of the load",
}
MEANING = {
    "elements": "a cell is distorted, its nodes are in another order, or its formulation is not reproducible",
    "strain size": "strains this large need finite-strain theory, or the displacement has another unit than the mesh",
    "constraints": "a tag or component of the constraint is wrong, or its amplitude is not that of this run",
    "temperature": "a table, field file or initial value of the temperature is not that of this run",
    "strain": "another element formulation (B-bar where the file says standard, or incompatible modes) or integration "
              "rule than the solver's, finite strain, or a displacement written with few digits",
    "replay": "parameters of the law, or increments that the solver took and did not write",
    "stress": "parameters of the law or of thermal expansion, temperature, a law integrated by another scheme than "
              "implicit Euler, or increments that the solver took and did not write (every second one costs percents)",
    "internal_force": "another integration rule or order of integration points than the solver's, or a stress written "
                      "with few digits",
    "equilibrium": "a load that is missing, has another sign, unit or amplitude; a constraint, contact or spring that "
                   "the model lacks; linear cells that the solver takes for B-bar (Abaqus C3D8, Ansys SOLID185) and "
                   "the file does not; stress that is wrong; or a solver that stopped iterating early: then " + TIGHTEN,
    "load_balance": "as for equilibrium; or internal forces far larger than the load (thermal or residual stress)",
}

# Omissions without work by which a converter states why measurements may disagree, and which ("state": all internal
# variables). One that does work (a spring, a contact, an initial stress, a changed section) may explain any of them.
FORCES = ("internal_force", "equilibrium", "load_balance")
CAUSES = {
    "digits": ("strain", "stress", "state", *FORCES, "constraints"),
    "missing_increments": ("replay", "stress", "state", *FORCES),
    "hardening": ("stress", "state", *FORCES),
    "integration": ("stress", "state", *FORCES),
    "time_digits": ("replay", "stress", "state", *FORCES),
    "dload_order": ("equilibrium", "load_balance"),
    "temperature_beyond": ("temperature", "stress", "state", *FORCES),
    "temperature_held": ("temperature", "stress", "state", *FORCES),
    "wedges": ("strain", "stress", "state", *FORCES),
}
# Of these, how far a solver's own elements are from what they stand for, where that is known: tolerances become this.
KNOWN_SIZE = {"wedges": {"strain": 3e-4, "stress": 3e-4, "state": 3e-4, "equilibrium": 1e-3}}
# Omissions by which a converter states that a field is not there.
LEFT_OUT = {"dat_stress": "stress", "dat_strain": "strain", "frd_FORC": "internal_force"}
LARGEST_RAISE = 1e-3  # beyond it, what rounding may do cannot be told from what matters


@dataclass
class Findings:
    """What was measured on some of the pieces.

    deviations, failures : by measurement. internal_force_source : None where a piece has no internal force.
    residual : None where it could not be measured on one of the pieces. moved : largest displacement.
    resolution : what the stored digits resolve.
    """

    deviations: dict[str, Deviation]
    failures: dict[str, str]
    volume: float
    n_cell: int
    internal_force_source: str | None
    residual: ResidualNorms | None
    moved: float = 0.0
    resolution: Resolution = field(default_factory=Resolution)

    def merge(self, other: Findings) -> None:
        """Take other pieces into account."""
        for name, deviation in other.deviations.items():
            self.deviations.setdefault(name, Deviation()).merge(deviation)
        self.failures = {**other.failures, **self.failures}
        self.volume, self.n_cell = self.volume + other.volume, self.n_cell + other.n_cell
        self.moved = max(self.moved, other.moved)
        self.resolution.merge(other.resolution)
        if other.internal_force_source is None:
            self.internal_force_source = None
        if self.residual is None or other.residual is None:
            self.residual = None
        else:
            self.residual.merge(other.residual)


def items_of(findings: Findings, snapshots: Snapshots, model: Model, options: CheckOptions) -> tuple[CheckItem, ...]:
    """The items of a report, in the order in which a disagreement is looked for."""
    units = model.units
    states = sorted({name for name in (*findings.deviations, *findings.failures) if name.startswith(STATE)})
    strain = findings.deviations.get("strain size", Deviation()).difference
    floor = 0.0 if math.isnan(strain) else strain
    items = [
        _elements(findings, units.length),
        _strain_size(findings, model, options),
        _deviation(findings, "constraints", options.constraints, units.length, "the model has no constraints"),
        _deviation(findings, "temperature", options.temperature, units.temperature,
                   "the file, or the model, has no temperature"),
        _deviation(findings, "strain", options.strain, "", "the file has no strain"),
    ]
    known, found = findings.resolution, findings.deviations
    items[-1] = _resolved(items[-1], known.strain, _reference(found, "strain"), known.displacement, DISPLACEMENT)
    replay = _replay(findings, snapshots, model)
    why = {"absent": replay.detail.split("\n")[0], "fail": "the replay failed"}
    reason = why.get(replay.status, "the file has no stress")
    stress = _deviation(findings, "stress", options.stress, units.stress, reason)
    items += [replay, _resolved(stress, known.stress, _reference(found, "stress"), known.displacement, DISPLACEMENT)]
    items += [_resolved(_deviation(findings, name, options.state, "", reason, floor), known.strain,
                        _reference(found, name), known.displacement, DISPLACEMENT) for name in states]
    items.append(_force_resolved(_internal_force(findings, snapshots, units.force, options.internal_force), findings,
                                 _reference(found, "internal_force"), "stress" in snapshots.fields))
    items += _equilibrium(findings, snapshots, model, options)
    items = [_with_causes(_of_known_size(item, model), model) for item in items]
    return tuple(_of_the_solver(item, items) for item in items)


def _reference(deviations: dict[str, Deviation], name: str) -> float:
    return deviations[name].reference if name in deviations else 0.0


def _force_resolved(item: CheckItem, findings: Findings, reference: float, of_stored_stress: bool) -> CheckItem:
    """A measurement of nodal forces, against what the field that they are computed from resolves."""
    known = findings.resolution
    if of_stored_stress:
        return _resolved(item, known.stored_force, reference, known.stored_stress, "stress")
    return _resolved(item, known.force, reference, known.displacement, DISPLACEMENT)


def _of_the_solver(item: CheckItem, items: list[CheckItem]) -> CheckItem:
    """Where law and elements give the solver's own forces, a small residual is what the solver left of it."""
    reproduced = any(other.name == "internal_force" and other.status == "pass" for other in items)
    if item.name != "equilibrium" or item.status != "fail" or not reproduced or not (item.value or 1.0) <= LEFT:
        return item
    return replace(item, meaning=(
        "internal_force passes: romlib computes the solver's own forces, and the residual is in its results. A small "
        f"one is what it left when it stopped iterating: {TIGHTEN}. {item.meaning}"))


def _of_known_size(item: CheckItem, model: Model) -> CheckItem:
    """A measurement that fails by no more than what the solver's own elements are known to be off by, passes."""
    kind = item.name.split(" ")[0] if item.name.startswith(STATE) else item.name
    for entry in model.omissions:
        size = KNOWN_SIZE.get(entry.name, {}).get(kind, 0.0)
        if item.status == "fail" and item.value is not None and item.tolerance is not None and item.value <= size:
            said = f"tolerance raised from {item.tolerance:.1e}: see {entry.name} in what the model leaves out"
            return replace(item, status="pass", tolerance=size, compared=f"{item.compared} ({said})",
                           detail=f"{item.detail}; {entry.description}")
    return item


def _with_causes(item: CheckItem, model: Model) -> CheckItem:
    """A measurement that disagrees, with what the file itself says of the reason before what is usual."""
    kind = item.name.split(" ")[0] if item.name.startswith(STATE) else item.name
    if item.status == "absent":
        lacking = [entry.description for entry in model.omissions if LEFT_OUT.get(entry.name) == kind]
        return replace(item, detail="; ".join([item.detail, *lacking]))
    beyond = item.resolved is not None and item.value is not None and item.value > item.resolved
    causes = [f"{entry.name} ({entry.description})" for entry in model.omissions
              if entry.does_work or (kind in CAUSES.get(entry.name, ()) and not (beyond and entry.name == "digits"))]
    if item.status not in ("fail", "warn") or not causes:
        return item
    return replace(item, meaning=f"{KNOWN}{'; '.join(causes)}{OTHERWISE}{item.meaning}")


def _resolved(item: CheckItem, noise: float, reference: float, precision: str, field: str) -> CheckItem:
    """A measurement that fails, against what the stored digits resolve.

    Its tolerance is raised to that, up to `LARGEST_RAISE`, and says so; beyond, the file cannot tell, and says that.

    noise, reference : of the quantity, in the same unit. precision : of `field`, in words.
    """
    if item.status not in ("fail", "warn") or item.value is None or item.tolerance is None or reference <= 0.0:
        return item
    resolved = noise / reference
    if not precision:
        return item
    value, tolerance = item.value, item.tolerance
    item = replace(item, resolved=resolved)
    if not resolved > tolerance:
        return item
    what = f"the {field} is stored {precision}, which resolves this measurement to {resolved:.2g}"
    if resolved > LARGEST_RAISE:
        said = ("only: the difference found is no larger than what these digits leave open, and smaller errors cannot "
                "be seen. Store more digits, and check again. Besides:" if value <= resolved else
                f"only: the difference found is {value / resolved:.2g} times that, so that there is another cause "
                "as well. Store more digits to see it clearly:")
        return replace(item, meaning=f"{what} {said} {item.meaning}")
    raised = replace(item, tolerance=resolved, detail=(
        f"{item.detail}; {what}: the tolerance of {tolerance:.1e} is raised to {resolved:.2g}"))
    if not value <= resolved:
        return raised
    words = f"{item.compared} (tolerance raised from {tolerance:.1e}: {what})"
    return replace(raised, status="pass", compared=words)


def _elements(findings: Findings, length: str) -> CheckItem:
    failure = findings.failures.get("elements")
    if failure is not None:
        return CheckItem("elements", "fail", None, None, COMPARED["elements"], failure, MEANING["elements"])
    detail = f"{plural(findings.n_cell, 'cell')}, {findings.volume:.6g} {length}^3"
    return CheckItem("elements", "pass", findings.volume, None, COMPARED["elements"], detail, MEANING["elements"])


def _replay(findings: Findings, snapshots: Snapshots, model: Model) -> CheckItem:
    name, status, detail = "replay", "pass", f"{plural(snapshots.n_step, 'step')}"
    if not model.materials:
        status, detail = "absent", "the model has no materials"
    elif "elements" in findings.failures:
        status, detail = "absent", "the elements could not be built"
    elif NOT_CALLED in findings.failures:
        status, detail = "absent", findings.failures[NOT_CALLED]
    elif name in findings.failures:
        status, detail = "fail", findings.failures[name]
    return CheckItem(name, cast(Status, status), None, None, COMPARED[name], detail, MEANING[name])


def _strain_size(findings: Findings, model: Model, options: CheckOptions) -> CheckItem:
    deviation = findings.deviations.get("strain size")
    name, limit = "strain size", options.strain_size
    if deviation is None:
        return _absent(name, limit, "the elements could not be built")
    value = deviation.difference
    if math.isnan(value):
        return CheckItem(name, "fail", value, limit, COMPARED[name], f"not a number at {deviation.place}",
                         "the displacement has a value that is not a number")
    finite = any(entry.name == "nlgeom" for entry in model.omissions)
    status: Status = "pass" if value <= limit and not finite else "warn"
    detail = deviation.place + ("; the solver computed with finite strain" if finite else "")
    return CheckItem(name, status, value, limit, COMPARED[name], detail, MEANING[name])


def _deviation(
    findings: Findings, name: str, tolerance: float, unit: str, reason: str, floor: float = 0.0
) -> CheckItem:
    """The item of a relative error; `reason`: why it is absent, where it is; `floor`: see `CheckOptions.state`."""
    kind = "stress" if name.startswith(STATE) else name
    compared = COMPARED.get(name, f"{name.removeprefix(STATE)} replayed by the law, against the stored one")
    if name in findings.failures:
        return CheckItem(name, "fail", None, tolerance, compared, findings.failures[name], MEANING[kind])
    deviation = findings.deviations.get(name)
    if deviation is None:
        return CheckItem(name, "absent", None, tolerance, compared, reason, MEANING[kind])
    value = deviation.relative()
    status = _status(value, tolerance)
    detail = f"largest difference {deviation.difference:.3g} of {deviation.reference:.6g} {unit}".rstrip()
    if deviation.place:
        detail += f", {deviation.place}"
    if status == "fail" and deviation.difference <= tolerance * floor:
        part = f"{deviation.difference / floor:.1g} of the largest strain"
        status, detail = "pass", f"{detail}; passes, being {part}"
        compared += f"; the difference is {part}, finer than the strain itself is known: it passes"
    return CheckItem(name, status, value, tolerance, compared, detail, MEANING[kind])


def _internal_force(findings: Findings, snapshots: Snapshots, unit: str, tolerance: float) -> CheckItem:
    """B^T sigma of the stored stress; where that passes, of the replayed one, if closer: a printed one has few."""
    name = "internal_force"
    reason = "there is no stress" if name in snapshots.fields else "the file has no internal force"
    replayed, stored = findings.deviations.get(REPLAYED_FORCE), findings.deviations.get(name)
    if replayed is None or stored is None or not replayed.relative() < stored.relative() <= tolerance:
        return _deviation(findings, name, tolerance, unit, reason)
    deviations = {**findings.deviations, name: replayed}
    item = _deviation(replace(findings, deviations=deviations), name, tolerance, unit, reason)
    return replace(item, detail=f"{item.detail}; of the replayed stress (of the stored one: {stored.relative():.3g})")


def _equilibrium(
    findings: Findings, snapshots: Snapshots, model: Model, options: CheckOptions
) -> tuple[CheckItem, CheckItem]:
    driven = force_names(model) or any(isinstance(load, Temperature) for load in model.loads.values()) or any(
        constraint.kind == "prescribed" for constraint in model.constraints.values())
    failure = findings.failures.get("equilibrium")
    reason = None
    if not (model.materials or model.constraints or model.loads):
        reason = "the model has no materials, no constraints and no loads"
    elif not driven and findings.moved == 0.0:
        reason = "the model has no load and no prescribed displacement, and nothing moves"
    elif findings.internal_force_source is None:
        called = NOT_CALLED not in findings.failures
        reason = ("neither the file nor a law gives a stress" if not model.materials
                  else "the replay failed" if called else "no law was called, and the file has no stress")
    elif failure is not None and not model.materials and "have no material" in failure:
        reason = "the model has no materials, and its loads need their density"
    if reason is None and failure is not None:
        compared = COMPARED["equilibrium"]
        return (CheckItem("equilibrium", "fail", None, options.equilibrium, compared, failure, MEANING["equilibrium"]),
                _absent("load_balance", options.load_balance, "see equilibrium"))
    if reason is not None or findings.residual is None:
        reason = reason or "it could not be measured on every piece"
        return (_absent("equilibrium", options.equilibrium, reason),
                _absent("load_balance", options.load_balance, reason))
    return (_residual_item(findings, findings.residual, snapshots.times, model, options.equilibrium),
            _load_item(findings.residual, snapshots.times, model, options.load_balance))


def _residual_item(
    findings: Findings, norms: ResidualNorms, times: np.ndarray, model: Model, tolerance: float
) -> CheckItem:
    step, force = int(np.argmax(norms.residual_max)), model.units.force
    largest, reference = float(norms.residual_max[step]), float(norms.internal_max.max())
    value = _ratio(largest, reference)
    detail = (f"largest residual {largest:.3g} of {reference:.6g} {force} ({findings.internal_force_source}), "
              f"node {norms.node[step]}, t = {times[step]:.6g}")
    lacking = [entry.name for entry in model.omissions if entry.does_work]
    if lacking:
        detail += f"; the deck has forces that the model lacks: {', '.join(lacking)}"
    item = CheckItem("equilibrium", _status(value, tolerance), value, tolerance, COMPARED["equilibrium"], detail,
                     MEANING["equilibrium"])
    source = findings.internal_force_source
    return item if source == STORED_FORCE else _force_resolved(item, findings, reference, source == OF_STORED_STRESS)


def _load_item(norms: ResidualNorms, times: np.ndarray, model: Model, tolerance: float) -> CheckItem:
    residual, load = np.sqrt(norms.squares)
    step, peak = int(np.argmax(residual)), float(load.max())
    if peak == 0.0:
        return _absent("load_balance", tolerance, "the model has no force")
    value = _ratio(float(residual[step]), peak)
    status: Status = "pass" if value <= tolerance else "warn"
    detail = f"residual {residual[step]:.3g} of {peak:.6g} {model.units.force}, t = {times[step]:.6g}"
    name = "load_balance"
    return CheckItem(name, status, value, tolerance, COMPARED[name], detail, MEANING[name])


def _absent(name: str, tolerance: float | None, reason: str) -> CheckItem:
    return CheckItem(name, "absent", None, tolerance, COMPARED[name], reason, MEANING[name])


def _status(value: float, tolerance: float) -> Status:
    return "pass" if value <= tolerance else "fail"  # a value that is not a number fails


def _ratio(value: float, reference: float) -> float:
    if value == 0.0:
        return 0.0
    return value / reference if reference > 0.0 else math.inf
