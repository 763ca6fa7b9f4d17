"""Two identities side by side: what differs, in words and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from romlib.identity.contents import CELL_TYPES
from romlib.identity.sketch import N_SKETCH
from romlib.model.identity import Identity, Part
from romlib.words import plural

# Patterns that differ by less are the same: sums in another order, twelve digits of a sketch.
SAME = 1e-6
# Coordinates may have been rounded to single precision or to the six digits of a text file.
SAME_NODES = 1e-5
# A force on faces comes from differences of coordinates over an element, which is smaller than the mesh: its error is a
# multiple of the coordinates'.
_FINENESS, _WIDEST = 1e3, 1e-3
_ONE_MEMBER = 1e-3  # sets that differ in one member differ by about one
_SAME_NUMBER = 1e-9
_MOST = 6
ISOTROPIC = ("elastic", "mises", "chaboche")  # laws of romlib, which material axes do not matter to
_ANISOTROPIC = ("cubic", "orthotropic")
_NODAL = {"traction", "pressure", "nodal_force"}


@dataclass(frozen=True)
class Difference:
    """One thing that two models do not have in common. first, second : what each of them has."""

    what: str
    first: str
    second: str


def relative(first: Part, second: Part) -> float:
    """Size of the difference of two fields relative to the larger of them; infinite where one is not known."""
    if first.unknown or second.unknown:
        return 0.0 if first.unknown and second.unknown else float("inf")
    size = max(first.norm, second.norm)
    if size == 0.0:
        return 0.0
    one, two = (np.array(part.sketch or np.zeros(N_SKETCH)) for part in (first, second))
    return float(np.sqrt(np.mean((one - two) ** 2)) / size) if len(one) == len(two) else float("inf")


def same_set(first: Part, second: Part) -> bool:
    """Whether two sets of degrees of freedom or cells have the same members."""
    return relative(first, second) * max(first.norm, second.norm) <= _ONE_MEMBER


class Comparison:
    """Compares `second` with `first`.

    tolerance : of forces on faces: wider where the coordinates have few digits, or where a solver moves nodes.
    """

    def __init__(self, first: Identity, second: Identity) -> None:
        self.first, self.second = first, second
        self.stated = max(first.tolerance, second.tolerance)
        nodes = relative(first.nodes, second.nodes)
        self.tolerance = max(SAME, self.stated, min(_FINENESS * nodes, _WIDEST))

    def same(self, first: Part, second: Part) -> bool:
        """Whether two patterns are the same to the tolerance of their kind."""
        on_faces = {"traction", "pressure"} & {first.kind, second.kind}
        tolerance = self.tolerance if on_faces else SAME
        return _comparable(first, second) and relative(first, second) <= tolerance

    def factor(self, first: Part, second: Part) -> float | None:
        """What the amplitude of the second pattern is multiplied by to be one of the first; None where none is.

        One where they are the same. The amplitude of a rotation enters the force squared.
        """
        if self.same(first, second):
            return 1.0
        if first.unknown or second.unknown or len(first.sketch) != len(second.sketch) or not first.sketch:
            return None
        one, two = np.array(first.sketch), np.array(second.sketch)
        ratio = float(one @ two) / float(one @ one)
        multiple = first.model_copy(update={
            "sketch": tuple(ratio * one), "norm": abs(ratio) * first.norm})
        if ratio == 0.0 or not self.same(multiple, second) or (first.kind == "centrifugal" and ratio < 0.0):
            return None
        factor = float(np.sqrt(ratio)) if first.kind == "centrifugal" else ratio
        return float(f"{factor:.11g}")  # as many digits as the sketches have

    def mesh(self) -> list[Difference]:
        """Nodes by id and place, cells by type, rule and nodes, units."""
        one, two = self.first, self.second
        if one.units and two.units and one.units != two.units:
            return [Difference("the units", one.units, two.units)]
        if one.nodes.count != two.nodes.count:
            return [Difference("the nodes of the mesh", *(plural(mesh.nodes.count, "node") for mesh in (one, two)))]
        moved = relative(one.nodes, two.nodes)
        if moved > max(SAME_NODES, self.stated):
            return [Difference(
                f"the nodes of the mesh, by id and coordinates (by about {moved:.2g} of the size of the mesh)",
                _place_of(one.nodes), _place_of(two.nodes))]
        if not same_set(one.cells, two.cells):
            return [self._cells()]
        return []

    def _cells(self) -> Difference:
        """Cells of other types or rules; or other nodes of some; or the same nodes in another order."""
        one, two = self.first.cells, self.second.cells
        here, there = _cells_of(one), _cells_of(two)
        rules, elements = ([part.content.get(key) for part in (one, two)] for key in ("rules", "elements"))
        if here != there or rules[0] != rules[1] or None in elements:
            return Difference("the cells of the mesh, by type, integration rule, formulation and nodes", here, there)
        some = max(round(0.5 * (relative(one, two) * max(one.norm, two.norm))**2), 1)  # each counts in both
        sides = [Part(kind="elements", norm=part.norm, sketch=tuple(sketch or ()))
                 for part, sketch in zip((one, two), elements)]
        if same_set(*sides):
            return Difference("the order of the nodes of some cells (their connectivity), or how the solver "
                              "interpolates in them", here, f"the same nodes in another order, in about {some} of them")
        return Difference("the nodes of some cells (their connectivity)", here, f"about {some} of them on other nodes")

    def materials(self) -> list[Difference]:
        """Laws and parameters, parameter by parameter, and the cells that have them; whatever their names."""
        one, two = self.first.materials, self.second.materials
        found = []
        for name, part in one.items():
            known, other = name, two.get(name)
            if other is None or not same_set(part, other):  # another name on the same cells
                known, other = next(((n, p) for n, p in two.items() if not p.unknown and same_set(part, p)),
                                    (name, None))
            if other is None:
                there = two.get(name)
                found.append(Difference(
                    f"material {name!r}" + _at(there), _on(part), "no such material" if there is None else _on(there)))
                continue
            for key, here, there_ in unlike(part.content, other.content, self._needs_density):
                found.append(Difference(f"material {name!r}{_at(other)}, {key}", here, there_))
            found += self._axes(name, known, other)
        names = [name for name, part in two.items() if name not in one
                 and not any(same_set(part, known) for known in one.values())]
        return found + [Difference(f"material {name!r}{_at(two[name])}", "no such material", _on(two[name]))
                        for name in names]

    def _axes(self, name: str, known: str, other: Part) -> list[Difference]:
        """Axes of a material that are others; none are those of the coordinates, and isotropic laws have none."""
        law, expansion = other.content.get("law"), other.content.get("thermal_expansion", {})
        if law in ISOTROPIC and not isinstance(expansion.get("coefficient"), list):
            return []
        none = Part(kind="axes")
        here, there = self.first.orientations.get(name, none), self.second.orientations.get(known, none)
        if relative(here, there) <= max(SAME_NODES, self.tolerance):
            return []
        return [Difference(f"material {name!r}{_at(other)}, orientation", _axes_of(here), _axes_of(there))]

    @property
    def _needs_density(self) -> bool:
        """Whether a load of either acts on masses."""
        return any(part.kind in ("body_force per mass", "centrifugal")
                   for one in (self.first, self.second) for part in one.loads.values())

    def constraints(self) -> list[Difference]:
        """The degrees of freedom that are fixed or prescribed, and those in linear relations; whatever their names."""
        found = []
        for what, kinds, one, two in (
                ("fixed or prescribed", ("fixed", "prescribed"), self.first.held, self.second.held),
                ("tied by linear relations", ("linear",), self.first.linear, self.second.linear)):
            if same_set(one, two):
                continue
            names = self._constraints_that_differ(kinds)
            listed = "".join(f"; {entry}" for entry in names[:_MOST])
            found.append(Difference(f"the degrees of freedom that are {what}{listed}",
                                    f"{one.count:.0f} of them", f"{two.count:.0f} of them"))
        return found or self._relations()

    def _relations(self) -> list[Difference]:
        """Linear relations of the same degrees of freedom, where both models know what they are."""
        sides = [{name: str(part.content["relations"]) for name, part in side.constraints.items()
                  if "relations" in part.content} for side in (self.first, self.second)]
        if not all(sides) or set(sides[0].values()) == set(sides[1].values()):
            return []
        names = [name for name, content in sides[1].items() if content not in sides[0].values()]
        listed = ", ".join(f"constraint {name!r}{_at(self.second.constraints[name])}" for name in names[:_MOST])
        return [Difference(f"the linear relations {listed}".rstrip(), "other coefficients or relations",
                           "the same degrees of freedom in other relations")]

    def _constraints_that_differ(self, kinds: tuple[str, ...]) -> list[str]:
        sides = [{name: part for name, part in side.constraints.items() if part.kind in kinds}
                 for side in (self.first, self.second)]
        found = []
        for mine, others, here in ((sides[1], sides[0], True), (sides[0], sides[1], False)):
            for name, part in mine.items():
                if not any(same_set(part, other) for other in others.values()):
                    found.append(f"constraint {name!r}{_at(part)}" + ("" if here else " of the training"))
        return found

    def initial_state(self) -> list[Difference]:
        """The initial temperature, where a material depends on temperature."""
        one, two = self.first.initial_temperature, self.second.initial_temperature
        if not (thermal(self.first) or thermal(self.second)) or (one is None and two is None):
            return []
        if one is not None and two is not None and self.same(one, two):
            return []
        return [Difference("the initial temperature" + ("" if two is None else _at(two)), _field(one), _field(two))]

    def pattern(self, name: str, first: Part, second: Part) -> Difference:
        """The difference of two patterns in words."""
        size = relative(first, second)
        by = f" (by about {100 * size:.3g} %)" if np.isfinite(size) and _comparable(first, second) else ""
        return Difference(f"the pattern of {_named(name, second)}{by}", _pattern(first), _pattern(second))

    def stranger(self, name: str, second: Part) -> Difference:
        """A load that `first` has nothing like."""
        return Difference(_named(name, second), f"none of this pattern ({', '.join(self.first.driven) or 'no load'})",
                          _pattern(second))


def thermal(identity: Identity) -> bool:
    """Whether temperature acts on a material: by expansion, by parameters in tables, or by code of the user's own."""
    return any("thermal_expansion" in part.content or part.content.get("law") not in (*ISOTROPIC, *_ANISOTROPIC)
               or _has_table(part.content) for part in identity.materials.values())


def _has_table(value: Any) -> bool:
    if isinstance(value, dict):
        return "temperature" in value or any(_has_table(entry) for entry in value.values())
    return isinstance(value, list) and any(_has_table(entry) for entry in value)


def unlike(one: dict[str, Any], two: dict[str, Any], density: bool) -> list[tuple[str, str, str]]:
    """Parameters that differ: key and both values."""
    flat = _flat(one), _flat(two)
    hashed = all("sha256" in side for side in flat)
    found = []
    for key in dict.fromkeys([*flat[0], *flat[1]]):
        if key == ("library" if hashed else "sha256"):
            continue
        if key == "density" and not density and not all(key in side for side in flat):
            continue  # nothing acts on masses: one may state it and the other not
        here, there = (side.get(key, "none") for side in flat)
        if not _equal(here, there):
            found.append((key, _shown(here), _shown(there)))
    return found


def _flat(content: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(content, dict):
        items = [(f"{prefix}.{name}" if prefix else name, entry) for name, entry in content.items()]
    elif isinstance(content, list) and any(isinstance(entry, dict) for entry in content):
        items = [(f"{prefix} #{k}", entry) for k, entry in enumerate(content, 1)]
    else:
        return {prefix: content}
    return {key: value for name, entry in items for key, value in _flat(entry, name).items()}


def _equal(one: Any, two: Any) -> bool:
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(_equal(a, b) for a, b in zip(one, two))
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, two)]
    if all(numbers):
        return abs(one - two) <= _SAME_NUMBER * max(abs(one), abs(two))
    return type(one) is type(two) and one == two


def _shown(value: Any) -> str:
    text = f"{value:.10g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 80 else text[:80] + " ..."


def _comparable(first: Part, second: Part) -> bool:
    """Whether two patterns are of one kind: a traction, a pressure and forces on nodes are all nodal forces."""
    return first.kind == second.kind or {first.kind, second.kind} <= _NODAL


def _named(name: str, part: Part) -> str:
    return f"the {'constraint' if part.kind == 'prescribed' else 'load'} {name!r}{_at(part)}"


def _axes_of(part: Part) -> str:
    return ", ".join(f"{key} {_shown(value)}" for key, value in part.content.items()) or "the axes of the coordinates"


def _at(part: Part | None) -> str:
    return f" ({part.source})" if part is not None and part.source else ""


def _on(part: Part) -> str:
    return "cells that are not known" if part.unknown else f"on {plural(part.count, 'cell')} of its own"


def _numbers(values: tuple[float, ...]) -> str:
    size = max((abs(value) for value in values), default=0.0)
    return ", ".join(f"{value if abs(value) > 1e-12 * size else 0.0:.6g}" for value in values)


def _place_of(part: Part) -> str:
    return f"{plural(part.count, 'node')} around ({_numbers(part.value)})"


def _cells_of(part: Part) -> str:
    plane = "".join(f", {key} {part.content[key]}" for key in ("kinematics", "thickness") if key in part.content)
    types = ", ".join(f"{count:.0f} {name}" for name, count in zip(CELL_TYPES, part.value) if count) or "none"
    rules = "".join(f", {count:.0f} with rule {name}" for name, count in part.content.get("rules", {}).items())
    return types + rules + plane


def _field(part: Part | None) -> str:
    if part is None:
        return "none stated"
    return "not known" if part.unknown else f"{_numbers(part.value)} in the mean of the nodes"


def _pattern(part: Part) -> str:
    if part.unknown:
        return f"{part.kind}, not known from the file alone"
    if part.content:  # one node, or a rotation
        return f"{part.kind}, " + ", ".join(f"{name} {_shown(value)}" for name, value in part.content.items())
    words: dict[str, Callable[[], str]] = {
        "temperature": lambda: f"mean {_numbers(part.value)}",
        "prescribed": lambda: f"mean ({_numbers(part.value)}) at {plural(part.count, 'node')}",
        "body_force per mass": lambda: f"({_numbers(part.value)}) in {plural(part.count, 'cell')}",
        "body_force per volume": lambda: f"({_numbers(part.value)}) in {plural(part.count, 'cell')}"}
    said = words.get(part.kind, lambda: f"resultant ({_numbers(part.value)}) on {plural(part.count, 'node')}")()
    return f"{part.kind}, {said}"
