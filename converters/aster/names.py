"""Which fields of a MED file are which of Code_Aster's, by their names: RESULT, padded to eight, then the symbol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from romlib_converters.med.fields import MedField

from romlib.errors import InputError
from romlib.tensors import VTK_NAMES
from romlib.words import one_of, unknown

# Symbols of Code_Aster by romlib's names, the one that is taken first.
SYMBOLS: Mapping[str, tuple[str, ...]] = {
    "displacement": ("DEPL",), "temperature": ("TEMP",), "internal_force": ("FORC_NODA",),
    "stress": ("SIEF_ELGA", "SIGM_ELGA"), "strain": ("EPSI_ELGA",), "plastic_strain": ("EPSP_ELGA",),
    "state_variables": ("VARI_ELGA",), "element_node_stress": ("SIGM_ELNO", "SIEF_ELNO")}
ACCELERATION = "ACCE"
_AXES = ("DX", "DY", "DZ")
_ROTATIONS = ("DRX", "DRY", "DRZ")
_MIXED = ("PRES", "GONF")  # unknowns of mixed formulations
_CONTACT = ("LAGS_C", "LAGS_F1", "LAGS_F2")


def symbol_of(name: str) -> tuple[str, str] | None:
    """Result and symbol of a field's name; None where it has none that is known."""
    symbols = sorted({one for every in SYMBOLS.values() for one in every} | {ACCELERATION}, key=len, reverse=True)
    match = re.fullmatch(rf"(?P<result>.*?)[_ ]*(?P<symbol>{'|'.join(symbols)})[_ ]*", name.strip(), re.IGNORECASE)
    return None if match is None else (match["result"], match["symbol"].upper())


def choose(fields: Mapping[str, MedField], options: Mapping[str, object], file: Path) -> dict[str, MedField]:
    """The field of the file that is each of romlib's.

    Parameters
    ----------
    options : "result" names the result of which the fields are; a name of romlib's names a field.

    Raises
    ------
    InputError : no displacement, several results, or a name that does not exist.
    """
    known = {name: parsed for name in fields if (parsed := symbol_of(name)) is not None}
    wanted = options.get("result")
    results = list(dict.fromkeys(result for result, symbol in known.values() if symbol in SYMBOLS["displacement"]))
    if wanted is not None:
        every = list(dict.fromkeys(result for result, _ in known.values()))
        if wanted not in every:
            raise InputError("the file has no result of this name", file=file, place="option result",
                             **unknown(str(wanted), every))
        known = {name: parsed for name, parsed in known.items() if parsed[0] == wanted}
    elif len(results) > 1 and "displacement" not in options:
        raise InputError("the file has several results", file=file, expected="one result with a displacement DEPL",
                         found=", ".join(results), remedy=f"name one: --option result={results[0]}")
    found = {}
    for ours, symbols in SYMBOLS.items():
        if ours in options:
            name = str(options[ours])
            if name not in fields:
                raise InputError("the file has no such field", file=file, place=f"option {ours}",
                                 **unknown(name, fields))
            found[ours] = fields[name]
            continue
        for symbol in symbols:
            names = [name for name, (_, one) in known.items() if one == symbol]
            if ours != "displacement" and "displacement" in found and len(names) > 1:
                mine = symbol_of(found["displacement"].name)
                names = [name for name in names if mine is not None and known[name][0] == mine[0]]
            if len(names) == 1 and ours not in found:
                found[ours] = fields[names[0]]
    if "displacement" not in found:
        raise InputError(
            "the file has no displacement", file=file, expected="a field DEPL, such as RESU____DEPL",
            found=one_of(fields), remedy="print DEPL by IMPR_RESU (FORMAT='MED'), or name the field: --option "
            "displacement=NAME; a temperature alone is one for a study, which names this file")
    return found


def vector_columns(field: MedField, dimension: int, file: Path) -> list[int]:
    """Columns of DX, DY, DZ.

    Raises
    ------
    InputError : one is missing.
    """
    names = [name.upper() for name in field.components]
    missing = [axis for axis in _AXES[:dimension] if axis not in names]
    if missing and len(names) == dimension and not set(names) & {*_AXES, *_ROTATIONS}:
        return list(range(dimension))  # another writer's names, as many as there are directions
    if missing:
        raise InputError("a component of a vector is missing", file=file, place=f"field {field.name}",
                         expected=", ".join(_AXES[:dimension]), found=", ".join(field.components),
                         remedy="print all components")
    return [names.index(axis) for axis in _AXES[:dimension]]


def tensor_columns(field: MedField, dimension: int) -> tuple[list[int], tuple[str, ...]] | None:
    """Columns of the components of a tensor (SIXX, EPXY, ...), and their names; None where one is missing."""
    needed = VTK_NAMES if dimension == 3 else VTK_NAMES[:4]
    of = {name.upper()[2:].lower(): k for k, name in enumerate(field.components)
          if re.fullmatch(r"(SI|EP)[XYZ]{2}", name.upper())}
    return ([of[one] for one in needed], needed) if all(one in of for one in needed) else None


def formulation_of(displacement: MedField) -> str:
    """"standard", or a mixed formulation by its unknowns, which the strain operator does not reproduce."""
    mixed = [name for name in displacement.components if name.upper() in _MIXED]
    return f"mixed, with {' and '.join(mixed)}" if mixed else "standard"


def has_contact(displacement: MedField) -> bool:
    """Whether there are multipliers of contact among the unknowns."""
    return any(name.upper() in _CONTACT for name in displacement.components)
