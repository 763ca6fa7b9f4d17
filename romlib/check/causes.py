"""What one change would explain a failed check: a constant of a material, the size of a load, a unit of stress.

The measurement is repeated on a sample, some hundred cells of one piece, with each constant of each material times a
factor, the factor fitted so that the difference from the solver is as small as it can be. A change that takes nine
tenths of the difference is named. That it explains the difference does not make it the cause: several changes may do
so alike, and are then all named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.blocks import blocks
from romlib.check.report import CheckItem
from romlib.errors import InputError, RomlibError
from romlib.fem.piece import Piece
from romlib.laws.points import MaterialPoints
from romlib.laws.replay import Replay
from romlib.loads.amplitudes import amplitude_of, evaluate
from romlib.loads.constraints import constrained_dofs
from romlib.loads.forces import force_factor, force_names, unit_force
from romlib.mesh.mesh import Mesh
from romlib.mesh.partition import split
from romlib.model import Model
from romlib.snapshots.reader import Snapshots

EXPLAINED = 0.1  # of the difference is left where a change explains it
_ALIKE = 3.0  # times what the best change leaves: others that leave no more are named too
_MOST = 3  # changes that are named
_NODES, _STEPS = 20, 100  # of the sample
_ROWS = 12  # of a table, up to which each of its values is a constant by itself too
_TRIES, _DECADES = 6, (-9, -6, -3, 3, 6, 9)
_BYTES = 32 * 2**20
_WHOLE = ("temperature", "p")  # lists of tables that are no constants, but what these are given at
_WORDS = {3: "a thousand", 6: "a million", 9: "a billion"}


@dataclass(frozen=True)
class Change:
    """A change in words; what it leaves of the difference, or of what the solver has where that is less (0: nothing, 1:
    all); and its factor.
    """

    words: str
    left: float
    factor: float

    def __str__(self) -> str:
        return self.words + unit_words(self.factor)


def unit_words(factor: float) -> str:
    """Whether a factor is that between two units, in words; else nothing."""
    power = np.log10(factor) if factor > 0.0 else 0.0
    size = abs(round(power))
    if size not in _WORDS or abs(abs(power) - size) > 2e-3:
        return ""
    return f" (a factor of {_WORDS[size]}: given in another unit?)"


class Sample:
    """Some cells of a piece, and what the solver computed there.

    kind : "stress", the stored one; "force", the stored internal force; "equilibrium", the loads; "loads", the same
        where the laws are known to be right.

    Raises
    ------
    RomlibError : the laws cannot follow the file, or the loads cannot be built.
    """

    def __init__(self, snapshots: Snapshots, piece: int, mesh: Mesh, model: Model, kind: str, step: int) -> None:
        self.kind, self.model = kind, model
        self.times = np.asarray(snapshots.times[:_STEPS], dtype=float)
        self._choose(mesh, snapshots.read("displacement", piece, step))
        fem = self._fem = Piece(self._mesh, model)
        self._strain = np.concatenate([
            fem.operator.strain(values[:, self._nodes]) for values in self._blocks(snapshots, piece, "displacement")])
        self._temperature = fem.temperature(model.amplitudes, self.times)
        self._loads: dict[str, np.ndarray] = {}
        if kind == "stress":
            self._wanted = np.concatenate([
                values[:, self._ips] for values in self._blocks(snapshots, piece, "stress")])
        elif kind == "force":
            self._wanted = np.concatenate([values[:, self._nodes][:, self._at] for values in self._blocks(
                snapshots, piece, "internal_force")])
        else:
            self._find_loads()
        self._computed = self._of(fem.points)
        before, wanted = self._difference(self._computed), self._wanted[np.isfinite(self._wanted)]
        # Beside a difference that is larger than what is wanted, almost anything would be an improvement.
        self.size = min(float(np.linalg.norm(before)), float(np.linalg.norm(wanted)) or np.inf)

    def _choose(self, mesh: Mesh, displacement: np.ndarray) -> None:
        """Nodes inside the piece that are free somehow, those of the most strained cells first, and their cells."""
        operator = Piece(mesh, self.model).operator
        strained = np.linalg.norm(operator.strain(displacement[None])[0], axis=1)
        cells = operator.cell[np.argsort(-strained, kind="stable")]
        inside = np.full(mesh.n_node, True)
        if mesh.shared_index is not None and self.kind != "stress":
            inside = np.asarray(mesh.shared_index) < 0
        free = np.full((mesh.n_node, mesh.dimension), True)
        if self.kind in ("equilibrium", "loads"):
            for name, constraint in self.model.constraints.items():
                nodes, axes = constrained_dofs(name, constraint, mesh)
                free[nodes[:, None], axes] = False
            inside &= free.any(axis=1)
        nodes_of = _nodes_of_cells(mesh)
        first = np.concatenate([nodes_of(cell) for cell in _few(cells, _NODES)] or [np.empty(0, np.int64)])
        order = np.random.default_rng(0).permutation(mesh.n_node)
        chosen = [_few(nodes[inside[nodes]], _NODES // 2) for nodes in (first, order)]
        at = np.unique(np.concatenate(chosen))
        if not len(at):
            raise InputError("no node inside of the piece is free", place="sample of the check")
        owners = np.ones(mesh.n_cell, dtype=np.int64)
        begin = 0
        for block in mesh.blocks:
            here = np.isin(block.connectivity, at).any(axis=1)
            owners[begin:begin + block.n_cell][here] = 0
            begin += block.n_cell
        self._mesh = split(mesh, owners)[0] if owners.any() else mesh
        self._nodes = np.flatnonzero(np.isin(mesh.node_ids, self._mesh.node_ids))
        self._at = np.flatnonzero(np.isin(self._mesh.node_ids, mesh.node_ids[at]))
        self._ips = np.flatnonzero(owners[operator.cell] == 0)
        self._free = free[self._nodes][self._at]

    def _blocks(self, snapshots: Snapshots, piece: int, field: str) -> Iterator[np.ndarray]:
        rows = max(snapshots.n_node(piece), snapshots.n_ip(piece), 1)
        for steps in blocks(len(self.times), 8 * 6 * rows, _BYTES):
            yield snapshots.read(field, piece, steps)

    def _find_loads(self) -> None:
        """The force of each load at the nodes of the sample, (n_step, n, d)."""
        share = np.ones(self._mesh.n_node)
        for name in force_names(self.model):
            load = self.model.loads[name]
            pattern = unit_force(
                load, self._mesh, self.model.materials, self._fem.operator, name=name, node_share=share)
            factor = force_factor(load, evaluate(amplitude_of(self.model, name), self.times))
            self._loads[name] = factor[:, None, None] * (pattern[self._at] * self._free)
        self._wanted = sum(self._loads.values(), np.zeros((len(self.times), len(self._at), self._mesh.dimension)))

    def _of(self, points: MaterialPoints) -> np.ndarray:
        """What is compared, with other materials: stress (n_step, n_ip, 6), or forces (n_step, n, d)."""
        replay = Replay(points, self.model.initial_time)
        stress = np.stack([
            replay.advance(time, self._strain[k], None if self._temperature is None else self._temperature[k]).stress
            for k, time in enumerate(self.times)])
        return stress if self.kind == "stress" else self._fem.operator.internal_force(stress)[:, self._at] * self._free

    def _difference(self, computed: np.ndarray) -> np.ndarray:
        found = self._wanted - computed
        return found[np.isfinite(found)]

    def with_constant(self, material: str, path: tuple, factor: float) -> np.ndarray | None:
        """The difference (n,) with a constant times a factor; None where the law refuses it."""
        one = self.model.materials[material]
        changed = one.model_copy(update={"parameters": _scaled(one.parameters, path, factor)})
        try:
            points = self._fem.points.with_materials({**self.model.materials, material: changed})
            return self._difference(self._of(points))
        except (RomlibError, ValueError, ArithmeticError):
            return None

    def changes(self) -> list[Change]:
        """All changes that were tried, those that leave least first."""
        found = self._of_loads()
        if self.kind == "loads":
            return sorted(found, key=lambda change: change.left)
        found += self._of_all_stress()
        for material, one in self.model.materials.items():
            for path, value in _constants(one.parameters) if one.law != "umat" else ():
                factor, left = _fit(lambda f, m=material, p=path: self.with_constant(m, p, f),  # type: ignore[misc]
                                    self._difference(self._computed), self.size)
                name = _name(path)
                words = (f"{name} of {material!r} were {factor * value:.4g} instead of {value:.4g}"
                         if isinstance(value, float) else f"{name} of {material!r} were {factor:.4g} times as large")
                found.append(Change(words, left, factor))
        return sorted(found, key=lambda change: change.left)

    def _of_all_stress(self) -> list[Change]:
        """All stresses of the laws by one factor, as where all their constants are in another unit."""
        ok = np.isfinite(self._wanted - self._computed)
        computed, wanted = self._computed[ok], self._wanted[ok]
        square = float(computed @ computed)
        factor = float(computed @ wanted) / square if square else 1.0
        left = float(np.linalg.norm(wanted - factor * computed)) / self.size
        return [Change(f"all stresses of the laws were {factor:.4g} times as large", left, factor)]

    def _of_loads(self) -> list[Change]:
        found, difference = [], self._wanted - self._computed if self._loads else np.empty(0)
        for name, force in self._loads.items():
            square = float((force * force).sum())
            factor = 1.0 - float((force * difference).sum()) / square if square else 1.0
            left = float(np.linalg.norm(difference + (factor - 1.0) * force)) / self.size
            found.append(Change(f"the force of the load {name!r} were {factor:.4g} times as large", left, factor))
        return found


def kind_of_failure(items: Sequence[CheckItem]) -> str | None:
    """What of the failed measurements says most of the laws, as `Sample.kind`; None where none of them does.

    Where digits are few enough to explain a difference, nothing is fitted to it. Where the law gives the solver's own
    forces, or its stress, it is the loads that fail.
    """
    by_name = {item.name: item for item in items}

    def failed(name: str) -> bool:
        item = by_name.get(name)
        return item is not None and item.status == "fail" and item.value is not None and not (
            item.resolved is not None and item.value <= item.resolved)

    if failed("stress"):
        return "stress"
    if failed("internal_force"):
        return "force"
    passed = any(name in by_name and by_name[name].status == "pass" for name in ("stress", "internal_force"))
    return None if not failed("equilibrium") else "loads" if passed else "equilibrium"


def explanations(sample: Sample) -> list[str]:
    """Changes that explain the difference, in words: "as if ..."; none where no single one does."""
    if not sample.size:
        return []
    changes = [one for one in sample.changes() if one.left <= EXPLAINED and abs(one.factor - 1.0) > 1e-6]
    alike = [one for one in changes[:_MOST] if one.left <= _ALIKE * changes[0].left + 1e-9]
    return [f"as if {one}: that would take {100 * (1 - one.left):.3g} % of the difference on a sample of "
            f"{len(sample.times)} steps" for one in alike]


def _fit(
    difference: Callable[[float], np.ndarray | None], before: np.ndarray, size: float
) -> tuple[float, float]:
    """The factor that leaves least of a difference, and how much of `size`: Gauss-Newton in its logarithm."""
    best, left, at = _descend(difference, 0.0, float(np.linalg.norm(before)) / size, before, size)
    if left <= EXPLAINED:
        return float(np.exp(best)), left
    for power in _DECADES:  # another unit is farther than Gauss-Newton goes
        found = difference(10.0**power)
        if found is not None and found.shape == before.shape and np.linalg.norm(found) < 0.5 * left * size:
            best, left, at = power * np.log(10.0), float(np.linalg.norm(found)) / size, found
    best, left, _ = _descend(difference, best, left, at, size)
    return float(np.exp(best)), left


def _descend(
    difference: Callable[[float], np.ndarray | None], best: float, left: float, at: np.ndarray, size: float
) -> tuple[float, float, np.ndarray]:
    """Gauss-Newton from a logarithm of the factor: that, what is left, and the difference there."""
    for _ in range(_TRIES):
        near = difference(np.exp(best + 1e-4))
        if near is None or near.shape != at.shape:
            break
        slope = (near - at) / 1e-4
        square = float(slope @ slope)
        if square == 0.0:
            break
        step = float(np.clip(-(slope @ at) / square, -0.7, 0.7))
        found = difference(np.exp(best + step))
        if found is None or found.shape != at.shape or np.linalg.norm(found) >= left * size * (1.0 - 1e-2):
            break
        best, left, at = best + step, float(np.linalg.norm(found)) / size, found
    return best, left, at


def _constants(parameters: Any, path: tuple = ()) -> Iterator[tuple[tuple, float | tuple]]:
    """Numbers among the parameters of a law, and the values of its tables as wholes, by where they are."""
    if isinstance(parameters, dict):
        for name, value in parameters.items():
            if name not in _WHOLE:
                yield from _constants(value, (*path, name))
    elif isinstance(parameters, (list, tuple)):
        if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in parameters):
            yield path, tuple(parameters)
            if len(parameters) <= _ROWS:
                yield from (((*path, k), float(value)) for k, value in enumerate(parameters) if value)
        else:
            for k, value in enumerate(parameters):
                yield from _constants(value, (*path, k))
    elif isinstance(parameters, (int, float)) and not isinstance(parameters, bool) and parameters:
        yield path, float(parameters)


def _scaled(parameters: Any, path: tuple, factor: float) -> Any:
    """The parameters with what is at a place times a factor."""
    if path:
        if isinstance(parameters, dict):
            return {**parameters, path[0]: _scaled(parameters[path[0]], path[1:], factor)}
        return [_scaled(value, path[1:], factor) if k == path[0] else value for k, value in enumerate(parameters)]
    return [factor * value for value in parameters] if isinstance(parameters, (list, tuple)) else factor * parameters


def _name(path: tuple) -> str:
    words = ""
    for part in path:
        words += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if words else part
    return words.removesuffix(".value")


def _few(values: np.ndarray, most: int) -> np.ndarray:
    """The first different values, in their order."""
    _, first = np.unique(values, return_index=True)
    return values[np.sort(first)[:most]]


def _nodes_of_cells(mesh: Mesh) -> Callable[[int], np.ndarray]:
    ends = np.cumsum([block.n_cell for block in mesh.blocks])

    def nodes(cell: int) -> np.ndarray:
        k = int(np.searchsorted(ends, cell, side="right"))
        block = mesh.blocks[k]
        return np.asarray(block.connectivity[cell - (ends[k] - block.n_cell)])

    return nodes
