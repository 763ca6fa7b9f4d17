"""Zset's material files: a ***behavior, as a romlib law with its parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from romlib_converters.zset.tree import Block, Word, describe, read_tree

from romlib.errors import FileFormatError, UnsupportedError
from romlib.files import regular_file
from romlib.model import Material, ParameterTable, ThermalExpansion
from romlib.words import plural

Coefficient = float | ParameterTable

# The children of a behaviour that a law is made of; **coefficient holds the density, ***material the integration.
_KNOWN = {
    "gen_evp": {"coefficient", "elasticity", "thermal_strain", "potential"},
    "linear_elastic": {"coefficient", "elasticity", "thermal_strain"},
}


@dataclass(frozen=True)
class ZsetMaterial:
    """A material, without the cells it is on, and the name of its potential (a prefix of Zset's variables).

    schemes : keywords *integration of its file.
    """

    law: str
    parameters: dict[str, Any]
    density: float | None
    thermal_expansion: ThermalExpansion | None
    potential: str | None
    schemes: tuple[Block, ...] = ()

    def on(self, cells: str) -> Material:
        """The material on the cells of a tag."""
        return Material(law=self.law, cells=cells, parameters=self.parameters, density=self.density,
                        thermal_expansion=self.thermal_expansion)


def read_material(path: Path, number: int = 1, named: str | None = None) -> ZsetMaterial:
    """The behaviour number `number` (from one) of a material file; `named`: where the deck names it, for messages.

    Raises
    ------
    InputError : no such file. FileFormatError : it has no such behaviour, or a coefficient is wrong or missing.
    UnsupportedError : a behaviour, potential, flow or hardening without a romlib law, by its name.
    """
    regular_file(path, "the material file that the deck names does not exist", place=named,
                 remedy="put it where the deck expects it")
    tree = read_tree(path)
    behaviors = [child for top in (tree, *tree.children) for child in top.all("behavior")]
    if not 1 <= number <= len(behaviors):
        raise FileFormatError("the material file does not have this behaviour", file=path, place=f"behaviour {number}",
                              expected="***behavior", found=f"{len(behaviors)} behaviours")
    schemes = [scheme for top in (tree, *tree.children) for material in top.all("material")
               for scheme in material.all("integration")]
    return replace(_behavior(behaviors[number - 1]), schemes=tuple(schemes))


def _behavior(block: Block) -> ZsetMaterial:
    name = block.arguments[0].text if block.arguments else ""
    if name not in _KNOWN or len(block.arguments) > 1:
        raise _unsupported("behaviour", " ".join(word.text for word in block.arguments), _KNOWN, block)
    for child in block.children:
        if child.name not in _KNOWN[name]:
            raise _unsupported(f"part of a behaviour {name}", child.name, _KNOWN[name], child)
    elastic = _coefficients(_kind(block.require("elasticity"), "isotropic"), ("young", "poisson"))
    expansion = block.first("thermal_strain")
    law, potential = "elastic", None
    parameters: dict[str, Any] = {}
    if name == "gen_evp" and block.all("potential"):
        if len(block.all("potential")) > 1:
            raise _unsupported("number of potentials", str(len(block.all("potential"))), ["1"], block)
        law, parameters, potential = _potential(block.require("potential"))
    return ZsetMaterial(law, _plain({**elastic, **parameters}), _density(block),
                        None if expansion is None else _expansion(expansion), potential)


def _density(block: Block) -> float | None:
    coefficients = block.first("coefficient")
    if coefficients is None:
        return None
    density = _read_coefficients(coefficients).get("masvol")
    if isinstance(density, ParameterTable):
        raise _unsupported("density", "a table in temperature", ["a constant"], coefficients)
    if density is not None and density < 0.0:
        raise FileFormatError("the density is negative", file=coefficients.file, place=coefficients.place,
                              expected="masvol >= 0", found=density)
    return density


def _expansion(block: Block) -> ThermalExpansion:
    found = _coefficients(_kind(block, "isotropic"), ("alpha", "ref_temperature"))
    reference = found["ref_temperature"]
    if isinstance(reference, ParameterTable):
        raise _unsupported("reference temperature", "a table in temperature", ["a constant"], block)
    return describe(ThermalExpansion, block, coefficient=found["alpha"], reference_temperature=reference)


def _potential(block: Block) -> tuple[str, dict[str, Any], str]:
    """Law, parameters and name of a potential: Norton flow is `chaboche`, rate-independent flow is `mises`."""
    words = [word.text for word in block.arguments]
    if not words or words[0] != "gen_evp":
        raise _unsupported("potential", " ".join(words), ["gen_evp"], block)
    for child in block.children:
        if child.name not in ("criterion", "flow", "isotropic", "kinematic"):
            raise _unsupported("part of a potential", child.name, ["criterion, flow, isotropic, kinematic"], child)
    _kind(block.require("criterion"), "mises")
    isotropic = _isotropic(block.require("isotropic"))
    kinematic = [_kinematic(child) for child in block.all("kinematic")]
    flow = block.require("flow")
    name = words[1] if len(words) > 1 else "ev"
    if _kind(flow, "norton", "plasticity").arguments[0].text == "norton":
        parameters = _coefficients(flow, ("K", "n")) | isotropic
        return "chaboche", parameters | ({"kinematic": kinematic} if kinematic else {}), name
    if any(term["D"] != 0.0 for term in kinematic) or len(kinematic) > 1:
        raise _unsupported("kinematic hardening of a rate-independent potential", "nonlinear, or several terms",
                           ["one linear term"], block)
    parameters = {"yield": isotropic["R0"], **{key: value for key, value in isotropic.items() if key != "R0"}}
    if "isotropic" in parameters:
        parameters["voce"] = parameters.pop("isotropic")
    return "mises", parameters | ({"kinematic": kinematic[0]["C"]} if kinematic else {}), name


def _isotropic(block: Block) -> dict[str, Any]:
    """R = R0, R0 + H p, or R0 + Q (1 - exp(-b p))."""
    kind = _kind(block, "constant", "linear", "nonlinear").arguments[0].text
    if kind == "constant":
        return _coefficients(block, ("R0",))
    if kind == "linear":
        found = _coefficients(block, ("R0", "H"))
        return {"R0": found["R0"], "linear_hardening": found["H"]}
    found = _coefficients(block, ("R0", "Q", "b"))
    return {"R0": found["R0"], "isotropic": {"Q": found["Q"], "b": found["b"]}}


def _kinematic(block: Block) -> dict[str, Any]:
    """X = 2/3 C alpha, with d alpha = d eps_p - D alpha dp (no D where it is linear)."""
    if _kind(block, "linear", "nonlinear").arguments[0].text == "linear":
        return {**_coefficients(block, ("C",)), "D": 0.0}
    return _coefficients(block, ("C", "D"))


def _kind(block: Block, *known: str) -> Block:
    """The block itself, if its first argument is one of those known."""
    found = block.arguments[0].text if block.arguments else ""
    if found not in known:
        raise _unsupported(block.name, found, known, block)
    return block


def _coefficients(block: Block, names: tuple[str, ...]) -> dict[str, Any]:
    """Exactly the coefficients of these names: another one would change the law."""
    found = _read_coefficients(block)
    for name in names:
        if name not in found:
            raise FileFormatError(f"the coefficient {name} is missing", file=block.file, place=block.place,
                                  expected=", ".join(names), found=", ".join(found) or "none")
    extra = [name for name in found if name not in names]
    if extra:
        raise _unsupported(f"coefficient of {block.name} {block.arguments[0].text}", extra[0], names, block)
    return {name: found[name] for name in names}


def _read_coefficients(block: Block) -> dict[str, Coefficient]:
    """`name value`, or `name temperature` with rows of value and temperature; several may share a line."""
    words = block.words
    if words and block.arguments and _is_kind(words):
        words = words[1:]
    found: dict[str, Coefficient] = {}
    position = 0
    while position < len(words):
        name = words[position]
        if position + 1 == len(words) or name.try_number() is not None:
            raise FileFormatError("a coefficient needs a name and a value", file=name.file, place=name.place,
                                  found=name.text)
        value = words[position + 1].try_number()
        position += 2
        if value is not None:
            found[name.text] = value
        elif words[position - 1].text == "temperature":
            end = position
            while end < len(words) and words[end].try_number() is not None:
                end += 1
            found[name.text] = _table(name, words[position:end])
            position = end
        else:
            raise UnsupportedError(
                f"the coefficient {name.text} depends on something that romlib does not have", file=name.file,
                place=name.place, expected="a constant, or a table in temperature", found=words[position - 1].text)
    return found


def _is_kind(words: list[Word]) -> bool:
    """Whether the first word names the kind of the block (isotropic, norton, ...), rather than a coefficient."""
    return len(words) == 1 or (words[1].try_number() is None and words[1].text != "temperature")


def _table(name: Word, words: list[Word]) -> ParameterTable:
    numbers = [word.number() for word in words]
    if not numbers or len(numbers) % 2:
        raise FileFormatError("a table in temperature needs rows of a value and a temperature", file=name.file,
                              place=f"{name.place}, {name.text}", found=plural(len(numbers), "number"))
    rows = sorted(zip(numbers[1::2], numbers[::2]))
    try:
        return ParameterTable(temperature=tuple(t for t, _ in rows), value=tuple(v for _, v in rows))
    except ValidationError as error:
        raise FileFormatError("a table in temperature is wrong", file=name.file, place=f"{name.place}, {name.text}",
                              found=error.errors()[0]["msg"]) from None


def _plain(value: Any) -> Any:
    """Tables as plain mappings, as a study would write them."""
    if isinstance(value, ParameterTable):
        return {"temperature": list(value.temperature), "value": list(value.value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _unsupported(what: str, found: str, known: object, block: Block) -> UnsupportedError:
    return UnsupportedError(
        f"romlib has no law for this {what}", file=block.file, place=block.place, found=found or "nothing",
        expected=", ".join(known) if isinstance(known, (list, tuple, set, dict)) else known,
        remedy="state the material in the study with a law of your own (an entry point of romlib.laws)")
