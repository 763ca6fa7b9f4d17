"""What is wrong in a TOML file, in the user's words: the key, the value, what is allowed, and the closest match.

pydantic reports where in its own types an error lies; `faults_of` walks the types along that path, so that a misspelt
key can be answered with the keys that exist at that place.
"""

from __future__ import annotations

import re
import reprlib
import types
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from romlib.errors import StudyError
from romlib.words import closest, shortened, unknown

_MISSING = object()
_SHORT = reprlib.Repr()
_SHORT.maxlist = _SHORT.maxtuple = _SHORT.maxdict = 20
_LONGEST_VALUE = 80
_LONGEST_KEY = 200
_LONGEST_LIST = 1000  # characters of names that exist
_MOST_FAULTS, _MOST_SHOWN = 1000, 25  # entries that are looked at, and listed


@dataclass(frozen=True)
class Fault:
    """One wrong entry. key : where, dotted. expected, found, remedy : as in `InputError`, None for nothing to say."""

    key: str
    what: str
    expected: str | None = None
    found: str | None = None
    remedy: str | None = None


def refuse(file: Path, faults: Sequence[Fault]) -> StudyError:
    """The error that names every fault of a file; one fault fills the parts of the error, several are listed."""
    if len(faults) == 1:
        fault = faults[0]
        return StudyError(fault.what, file=file, place=fault.key or None, expected=fault.expected, found=fault.found,
                          remedy=fault.remedy)
    lines = [f"{len(faults)}{' or more' if len(faults) >= _MOST_FAULTS else ''} entries are wrong:"]
    for fault in faults[:_MOST_SHOWN]:
        details = [f"{name} {value}" for name, value in (("found", fault.found), ("expected", fault.expected)) if value]
        details += [fault.remedy] if fault.remedy else []
        lines.append("  - " + "; ".join([f"{fault.key}: {fault.what}", *details]))
    if len(faults) > _MOST_SHOWN:
        lines.append(f"  - and {len(faults) - _MOST_SHOWN} more")
    return StudyError("\n".join(lines), file=file)


def faults_of(error: ValidationError, raw: Any, root: type[BaseModel], prefix: str = "") -> list[Fault]:
    """Faults of a failed validation, one a key.

    raw : what was validated; root : the class it was validated against; prefix : the key of `raw` in the file.
    """
    faults: dict[str, Fault] = {}
    details = error.errors(include_url=False)
    located = [(detail, _locate(raw, root, detail["loc"])) for detail in details[:_MOST_FAULTS]]
    relevant = [entry for entry in located if not entry[1].irrelevant] or located[:1]
    for detail, place in relevant:
        fault = _fault(detail, place, prefix)
        first = faults.setdefault(fault.key, fault)
        if fault is not first and detail["type"] == "literal_error" and first.expected and fault.expected:
            faults[fault.key] = replace(
                first, expected=f"{first.expected}, or {fault.expected.removeprefix('one of ')}", remedy=fault.remedy)
    return list(faults.values())


@dataclass
class _Place:
    """keys : the path in the file. owners : the classes that the last key belongs to. annotations : its types."""

    keys: list[str]
    owners: list[type[BaseModel]]
    annotations: list[Any]
    value: Any
    irrelevant: bool = False

    @property
    def allowed(self) -> list[str]:
        return list(dict.fromkeys(name for owner in self.owners for name in owner.model_fields))


def _locate(raw: Any, root: type[BaseModel], loc: tuple) -> _Place:
    """Follow a pydantic location through the raw data and the types at once."""
    place = _Place([], [root], [root], raw)
    for part in loc:
        models = [a for a in place.annotations if isinstance(a, type) and issubclass(a, BaseModel)]
        items = [get_args(a) for a in place.annotations if get_origin(a) in (dict, list, tuple)]
        if isinstance(part, int):
            place.keys[-1:] = [f"{place.keys[-1] if place.keys else ''} #{part + 1}"]
            entries = place.value if isinstance(place.value, (list, tuple)) else ()
            place.value = entries[part] if part < len(entries) else _MISSING
            place.annotations = [member for args in items for member in _members(args[0])]
            continue
        inside = isinstance(place.value, dict) and part in place.value
        with_field = [model for model in models if part in model.model_fields]
        if not inside and not with_field:  # the name of a member of a union, not a key of the file
            place.irrelevant |= _other_member(part, place.value)
            place.annotations = [model for model in models if model.__name__ == part or part in _kinds(model)] or models
            continue
        place.owners = with_field or models
        place.keys.append(str(part))
        place.value = place.value.get(part, _MISSING) if isinstance(place.value, dict) else _MISSING
        place.annotations = [member for model in with_field for member in _members(model.model_fields[part].annotation)]
        if not models:
            place.annotations = [member for args in items if args for member in _members(args[-1])]
    return place


def _other_member(member: str, value: Any) -> bool:
    """Whether the value is of a shape that this member of a union was never meant for."""
    return (member in ("float", "int", "str", "bool") if isinstance(value, dict)
            else member[:1].isupper() and not isinstance(value, dict))


def _members(annotation: Any) -> list[Any]:
    """The members of a union, without annotations and None."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [member for part in get_args(annotation) for member in _members(part)]
    return [] if annotation is type(None) else [annotation]


def _kinds(model: type[BaseModel]) -> tuple:
    """The values of `kind` that select this model in a union of models."""
    field = model.model_fields.get("kind")
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def _fault(detail: Any, place: _Place, prefix: str) -> Fault:
    kind, context = detail["type"], detail.get("ctx", {})
    key = shortened(".".join([*([prefix] if prefix else []), *place.keys]), _LONGEST_KEY)
    found = _shown(place.value)
    if kind == "extra_forbidden":
        parts = unknown(place.keys[-1], place.allowed)
        return Fault(key, "this key is not known", parts["expected"], parts["found"], parts["remedy"])
    if kind == "missing":
        return Fault(key, "this key is missing", _meant(place))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        kinds = [str(value) for annotation in place.annotations
                 if isinstance(annotation, type) and issubclass(annotation, BaseModel) for value in _kinds(annotation)]
        if kind == "union_tag_not_found":
            return Fault(f"{key}.kind", "this key is missing", "one of " + ", ".join(kinds))
        return Fault(f"{key}.kind", "this value is not known", **unknown(str(context.get("tag")), kinds))
    if kind == "literal_error":
        allowed = [str(value) for annotation in place.annotations if get_origin(annotation) is Literal
                   for value in get_args(annotation)]
        # A union of a literal and something else is not in the types that were walked.
        allowed = allowed or re.findall("'([^']*)'", str(context.get("expected")))
        return Fault(key, "this value is not allowed", "one of " + ", ".join(allowed), found,
                     closest(str(place.value), allowed))
    if kind == "value_error":
        return Fault(key, shortened(str(context.get("error", detail["msg"])), _LONGEST_LIST))
    return Fault(key, "this value is not allowed", _in_toml(detail["msg"]), found)


def _meant(place: _Place) -> str | None:
    """What a key is for, as the reference of the study says it."""
    meanings = (owner.model_fields[place.keys[-1]].description for owner in place.owners
                if place.keys and place.keys[-1] in owner.model_fields)
    return next((meaning for meaning in meanings if meaning), None)


def _in_toml(message: str) -> str:
    """A message of pydantic in the words of TOML."""
    for python, toml in (("Input should be ", ""), ("a valid dictionary", "a table"), ("a valid tuple", "a list")):
        message = message.replace(python, toml)
    return message


def _shown(value: Any) -> str | None:
    if value is _MISSING:
        return None
    return shortened(reprlib.Repr.repr(_SHORT, value) if isinstance(value, (dict, list, tuple)) else repr(value),
                _LONGEST_VALUE)
