"""Names of bulk data cards: those that a deck may have, and those that nobody knows, such as misspelt ones.

A card with a misspelt name is another card to a reader that looks at names: it would be lost, with the element, load
or constraint that it is. A solver stops at one; so does the converter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from romlib_converters.common.streams import names_of_option

from romlib.errors import FileFormatError, InputError
from romlib.model import Omission
from romlib.words import closest_name, listed, plural, shortlist

_NAME = re.compile(r"[A-Za-z0-9]+")
OPTION = "ignore_cards"
# What the solvers know and pyNastran does not: contact, nonlinear properties, control and output of MSC and Simcenter
# Nastran, names that MSC Apex gives. Materials, loads and rigid elements stand where they are counted, in `extract`.
_NAMES = """
    ABSNMVS ABSTRCT ADAPT BCAUTOP BCHANGE BCMATL BCMOVE BCNURB2 BCNURBS BCONPRG BCONPRP BCPATCH BCPFLG BCPROP BCPROP1
    BCPROPS BCRGSRF BCRIGID BCSCAP BCSURF BCTRIM BDYLIST BDYOR BNDFIX BNDFIX1 BNDFRE1 BNDFREE BNDGRID BOUTPUT CAMPBLL
    CBELT CBUTT CCRSFIL CFILLET CFLUID2 CFLUID3 CFLUID4 CHEXAFD CHEXAL CHEXCZ CIFHEX CIFPENT CIFQDX CIFQUAD COMBWLD
    CONTRLT CPENTAL CPENTCZ CQUADX4 CSEAM CSLOT3 CSLOT4 CWELD CYSUP CYSYM EBDADD EBDSET FBALOAD FBODYLD FBODYSB FREEPT
    GENUDS IPSTRAIN ISTRESS ISTRNSH ISTRSSH ITER MATHED MATHEM MATTF MATTG MATTHE MATTM MATVORT MCHSTAT MESUPER MODTRAK
    MPCREEP NLADAPT NLAUTO NLCNTL NLCNTL2 NLCNTLG NLCYSYM NLDAMP NLFREQ NLHARM NLOPTM NLOUT NLRGAP NLRSFD NLSTEP NTHICK
    OUTPUT PACINF PBARN1 PBEMN1 PBUSH2D PCOHE PCOMPF PCOMPFQ PCOMPG1 PCOMPG2 PGPLSN PLCOMP PLOTEL3 PLOTEL4 PLOTEL6
    PLOTEL8 PLOTHEX PLOTPEN PLOTPYR PLOTTET PRODN1 PSHEARN PSHLN1 PSHLN2 PSLDN1 PSOLCZ PSPRMAT PWELD PWSEAM SEUPPER
    SWLDPRM TABISTR TABLE3D TABLED5 TABLEL1 TABSCTL TEMPEX TIC3 TICD TSTEP UDNAME UDSESV USRSUB6 VCCT VIEWEX
"""
_MORE = frozenset(_NAMES.split())


def unknown_places(model: Any, known: Collection[str], read: Iterable[str]) -> dict[str, list[Any]]:
    """Number of cards, file and line of the first, and the name that may be meant, by names that are not `known`.

    model : pyNastran's, that has read a deck. read : names whose cards matter, of which one may be meant.
    """
    found = {name: [int(count), "", 0, closest_name(name, read) or ""] for name, count in model.card_count.items()
             if name not in known and name not in _MORE}
    if found:
        for path in model.active_filenames:
            _look(Path(path), found)
    return found


def _look(path: Path, found: dict[str, list[Any]]) -> None:
    with open(path, encoding="latin-1") as stream:
        for number, line in enumerate(stream, start=1):
            match = _NAME.match(line[:8])
            name = match[0].upper() if match else ""
            if name in found and not found[name][2]:
                found[name][1:3] = str(path), number


def ignored_names(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of cards that the user says to leave out."""
    return tuple(name.upper() for name in names_of_option(options, OPTION))


def refuse_unknown(file: Path, found: Mapping[str, Sequence[Any]], ignored: Sequence[str]) -> list[Omission]:
    """Refuse cards whose names are not known, but for those that the user says to leave out; what to say of these.

    found : of `unknown_places`.

    Raises
    ------
    InputError : a name to be left out that the deck does not have, or that is known. FileFormatError : unknown names.
    """
    strange = [name for name in ignored if name not in found]
    if strange:
        raise InputError("a card to be left out is none of the deck's unknown ones", file=file,
                         place=f"option {OPTION}", expected=listed(found, "no name: all are known"), found=strange[0])
    left = [name for name in found if name not in ignored]
    if left:
        name = left[0]
        count, where, line, meant = found[name]
        raise FileFormatError(
            "the deck has a card of a name that is not known", file=where or file,
            place=f"line {line}" if line else None, expected=f"{meant}, perhaps" if meant else "a bulk data card",
            found=f"{plural(count, 'card')} {name}" + (f"; and {shortlist('name', left[1:])}" if left[1:] else ""),
            remedy=f"correct the name; or leave the card out, with $ in front of its lines, or with --option "
                   f"{OPTION}={','.join(left)} of romlib convert")
    return [Omission(name="ignored_cards", does_work=True, description=(
        "cards of unknown names are left out, as the user wants it: "
        + listed(f"{found[name][0]} {name}" for name in ignored)))] if ignored else []
