"""Materials whose numbers are formulas of the parameters of a run, and the same with numbers, for laws to be built.

Whatever computes takes an evaluated model; whatever describes (files, identities) keeps the formulas.

A law class says by `text_parameters` which of its parameters are texts; all other texts are formulas then. Of a law
that does not say so, the texts that are formulas of parameters with values are taken for such.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from romlib.errors import InputError, LawError
from romlib.laws.registry import law_class
from romlib.model.library import LIBRARY
from romlib.model.material import Material, ParameterTable
from romlib.model.model import Model
from romlib.model.parameters import evaluated_where_known, formula_of
from romlib.words import closest, one_of

_WHERE = "[parameters] of the study, parameters of the training run or of the case, or --parameter"


def evaluated_model(model: Model) -> Model:
    """The model with numbers in its materials; the same model where they have nothing else.

    Raises
    ------
    InputError : a formula that cannot be read, names a parameter without a value, or has no finite value.
    """
    changed = {name: evaluated for name, material in model.materials.items()
               if (evaluated := _evaluated(name, material, model.parameters)) is not material}
    return model.model_copy(update={"materials": {**model.materials, **changed}}) if changed else model


def parameters_of(materials: Mapping[str, Material]) -> list[str]:
    """Names of the parameters that the materials' formulas have, in order. A formula that cannot be read has none."""
    names: dict[str, None] = {}
    for material in materials.values():
        for _, text, _ in _formulas(material):
            try:
                names.update(dict.fromkeys(sorted(formula_of(text).names)))
            except InputError:
                continue
    return list(names)


def refuse_unused(parameters: Mapping[str, float], materials: Mapping[str, Material], place: str) -> None:
    """InputError where a parameter is given that no material has."""
    known = parameters_of(materials)
    for name in parameters:
        if name not in known:
            raise InputError(
                f"no material has a parameter {name!r}", place=f"{place}.{name}", found=name,
                expected=one_of(known, "none: all materials are numbers"), remedy=closest(name, list(known)))


def refuse_missing(parameters: Mapping[str, float], materials: Mapping[str, Material], place: str) -> None:
    """InputError where a parameter of the materials has no value."""
    for name in parameters_of(materials):
        if name not in parameters:
            raise _without_value(name, parameters, f"{place}.{name}", None)


def is_symbolic(value: Any) -> bool:
    """Whether a density, a coefficient or a parameter has a text in it."""
    if isinstance(value, Mapping):
        return any(is_symbolic(entry) for entry in value.values())
    return isinstance(value, str) or (isinstance(value, (list, tuple)) and any(is_symbolic(entry) for entry in value))


def _texts_of(law: str) -> tuple[str, ...] | None:
    """Parameters of a law that are texts; None where the law does not say, or is not installed."""
    try:
        return _stated_texts(law)
    except LawError:
        return None


@lru_cache(maxsize=64)  # looking a law up reads the metadata of all packages: 5 ms, as long as a reduced run
def _stated_texts(law: str) -> tuple[str, ...] | None:
    """`_texts_of` an installed law; an error is not kept."""
    stated = getattr(law_class(law), "text_parameters", None)
    return None if stated is None else tuple(stated)


def _symbolic(material: Material) -> dict[str, Any]:
    """The parameters of the law that have formulas in them."""
    texts = {key: value for key, value in material.parameters.items()
             if key != LIBRARY and not isinstance(value, ParameterTable) and is_symbolic(value)}
    if not texts:
        return texts
    names = _texts_of(material.law) or ()
    return {key: value for key, value in texts.items() if key not in names}


def _formulas(material: Material) -> Iterator[tuple[str, str, bool]]:
    """Place, text, and whether it can be nothing else than a formula, of all texts that may be one."""
    for key, value in _symbolic(material).items():
        for text in _leaves(value):
            yield f"parameters.{key}", text, _texts_of(material.law) is not None
    if isinstance(material.density, str):
        yield "density", material.density, True
    for one in () if material.thermal_expansion is None else material.thermal_expansion.coefficients:
        if isinstance(one, str):
            yield "thermal_expansion.coefficient", one, True


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    entries = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    for entry in entries:
        yield from _leaves(entry)


def _evaluated(name: str, material: Material, parameters: Mapping[str, float]) -> Material:
    update: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key, value in _symbolic(material).items():
        own[key] = evaluated_where_known(value, parameters) if _texts_of(material.law) is None else _number(
            value, parameters, f"materials.{name}.parameters.{key}")
    if own:
        update["parameters"] = {**material.parameters, **own}
    if isinstance(material.density, str):
        place = f"materials.{name}.density"
        update["density"] = _number(material.density, parameters, place)
        if update["density"] < 0.0:
            raise InputError("a density is negative", place=place, found=f"{material.density} = {update['density']:g}",
                             expected="0 or more")
    expansion = material.thermal_expansion
    if expansion is not None and any(isinstance(one, str) for one in expansion.coefficients):
        found = tuple(_number(one, parameters, f"materials.{name}.thermal_expansion.coefficient")
                      for one in expansion.coefficients)
        update["thermal_expansion"] = expansion.model_copy(
            update={"coefficient": found[0] if expansion.is_isotropic else found})
    return material.model_copy(update=update) if update else material


def _number(value: Any, parameters: Mapping[str, float], place: str) -> Any:
    """A value with numbers for all texts in it."""
    if isinstance(value, Mapping):
        return {key: _number(entry, parameters, f"{place}.{key}") for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_number(entry, parameters, place) for entry in value]
    if not isinstance(value, str):
        return value
    try:
        formula = formula_of(value)
    except InputError as error:
        raise LawError(f"{error.what}; a text in place of a number is a formula of parameters",
                       place=f"{place}, {error.place}", expected=error.expected, found=error.found,
                       remedy=error.remedy) from None
    for name in sorted(formula.names):
        if name not in parameters:
            raise _without_value(name, parameters, place, value)
    number = float(formula(parameters))
    if not np.isfinite(number):
        values = ", ".join(f"{name} = {parameters[name]:g}" for name in sorted(formula.names))
        raise LawError("a formula of parameters has no finite value", place=place, found=f"{value} = {number}",
                       expected="a finite number", remedy=f"correct the formula, or the values ({values})")
    return number


def _without_value(name: str, parameters: Mapping[str, float], place: str, formula: str | None) -> LawError:
    return LawError(
        f"the parameter {name!r} has no value", place=place, found=formula,
        expected=f"one of those with values: {', '.join(parameters)}" if parameters else f"a value of {name}",
        remedy=closest(name, list(parameters), f"give it: {_WHERE}"))
