"""Which keywords CalculiX knows, in which order it reads its cards, and which computations are refused at first sight.

CalculiX compares the beginning of a keyword line with the keywords that it knows, reads nodes, sets, materials and
amplitudes before everything else, wherever they stand, and reads over a card that it does not know, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from romlib_converters.keyword.cards import Card, fold, read_cards
from romlib_converters.keyword.deck import PROCEDURES

from romlib.errors import FileFormatError, UnsupportedError

OTHER_PROCEDURES = (
    "DYNAMIC", "MODALDYNAMIC", "STEADYSTATEDYNAMICS", "FREQUENCY", "COMPLEXFREQUENCY", "BUCKLE", "HEATTRANSFER",
    "COUPLEDTEMPERATURE-DISPLACEMENT", "UNCOUPLEDTEMPERATURE-DISPLACEMENT", "ELECTROMAGNETICS", "CFD", "GREEN",
    "SENSITIVITY", "CRACKPROPAGATION", "SUBSTRUCTUREGENERATE", "NOANALYSIS", "FEASIBLEDIRECTION", "ROBUSTDESIGN")
# A property belongs to the last *MATERIAL before it, whatever stands between them.
_OF_MATERIAL = ("MATERIAL", "CONDUCTIVITY", "CREEP", "CYCLICHARDENING", "DAMPING", "DEFORMATIONPLASTICITY", "DENSITY",
                "DEPVAR", "ELASTIC", "ELECTRICALCONDUCTIVITY", "EXPANSION", "FLUIDCONSTANTS", "HYPERELASTIC",
                "HYPERFOAM", "MAGNETICPERMEABILITY", "PLASTIC", "RATEDEPENDENT", "SPECIFICGASCONSTANT", "SPECIFICHEAT",
                "USERMATERIAL", "MOHRCOULOMB", "MOHRCOULOMBHARDENING", "VISCOELASTIC", "CHABOCHE", "NOCOMPRESSION",
                "COMPRESSION", "USERMATERIALTYPE")
_FIRST = (("NODE",), ("USERELEMENT",), ("ELEMENT",), ("NSET",), ("ELSET",), ("SURFACE",), ("TRANSFORM",),
          _OF_MATERIAL, ("DISTRIBUTION",), ("ORIENTATION",), ("TIE",), ("AMPLITUDE",), ("INITIALCONDITIONS",))
_EXACT = ("SURFACE", "TRANSFORM", "GAP")
_OTHERS = (
    "BASEMOTION", "BEAMGENERALSECTION", "BEAMSECTION", "BOUNDARY", "BOUNDARYF", "CFLUX", "CHANGECONTACTTYPE",
    "CHANGEFRICTION", "CHANGEMATERIAL", "CHANGEPLASTIC", "CHANGESOLIDSECTION", "CHANGESURFACEBEHAVIOR", "CLEARANCE",
    "CLOAD", "CONSTRAINT", "CONTACTDAMPING", "CONTACTFILE", "CONTACTOUTPUT", "CONTACTPAIR", "CONTACTPRINT", "CONTROLS",
    "CORRELATIONLENGTH", "COUPLING", "CYCLICSYMMETRYMODEL", "DASHPOT", "DESIGNRESPONSE", "DESIGNVARIABLES", "DFLUX",
    "DISTRIBUTING", "DISTRIBUTINGCOUPLING", "DISTRIBUTIONTABLE", "DLOAD", "DSLOAD", "ELEMENTOUTPUT", "ELFILE",
    "ELPRINT", "ENDSTEP", "EQUATION", "EQUATIONF", "FILM", "FILTER", "FLUIDSECTION", "FRICTION", "GAP",
    "GAPCONDUCTANCE", "GAPHEATGENERATION", "GEOMETRICCONSTRAINT", "GEOMETRICTOLERANCE", "HCF", "HEADING",
    "INITIALSTRAININCREASE", "KINEMATIC", "MASS", "MASSFLOW", "MATRIXASSEMBLE", "MEMBRANESECTION", "MODALDAMPING",
    "MODELCHANGE", "MPC", "NETWORKMPC", "NODALTHICKNESS", "NODEFILE", "NODEOUTPUT", "NODEPRINT", "NORMAL", "OBJECTIVE",
    "OUTPUT", "PHYSICALCONSTANTS", "PRE-TENSIONSECTION", "RADIATE", "RANDOMFIELD", "REFINEMESH", "RESTART",
    "RETAINEDNODALDOFS", "RIGIDBODY", "SECTIONPRINT", "SELECTCYCLICSYMMETRYMODES", "SHELLSECTION", "SOLIDSECTION",
    "SPRING", "STEP", "SUBMODEL", "SUBSTRUCTUREMATRIXOUTPUT", "SURFACEBEHAVIOR", "SURFACEINTERACTION", "TEMPERATURE",
    "TIMEPOINTS", "TRANSFORMF", "USERSECTION", "VALUESATINFINITY", "VIEWFACTOR")
KNOWN = frozenset((*PROCEDURES, *OTHER_PROCEDURES, *(one for group in _FIRST for one in group), *_OTHERS))
_RANK = {keyword: k for k, group in enumerate(_FIRST) for keyword in group}
_LONGEST = max(map(len, KNOWN))


def read_calculix_cards(path: Path) -> list[Card]:
    """The cards of a deck with the keywords that CalculiX takes them for, in the order of the file.

    Raises
    ------
    InputError, FileFormatError : see `read_cards`.
    """
    return [replace(card, keyword=known_keyword(card.keyword)) for card in read_cards(path)]


def known_keyword(keyword: str) -> str:
    """The longest keyword of CalculiX with which one begins; itself where there is none."""
    for length in range(min(len(keyword), _LONGEST), 2, -1):
        start = keyword[:length]
        if start in KNOWN and (start not in _EXACT or length == len(keyword)):
            return start
    return keyword


def in_order(cards: Iterable[Card]) -> list[Card]:
    """The cards as CalculiX reads them: nodes, elements, sets, ..., amplitudes; then the rest as it stands."""
    return sorted(cards, key=lambda card: _RANK.get(card.keyword, len(_FIRST)))


def refuse_computation(cards: Iterable[Card]) -> None:
    """The first card that makes the computation another one than a history from rest, by its line.

    Raises
    ------
    UnsupportedError : it names the card.
    """
    for card in cards:
        if card.keyword in OTHER_PROCEDURES:
            raise UnsupportedError("this kind of computation is not reduced", file=card.file, place=card.place,
                                   expected="*STATIC or *VISCO", found=f"*{card.title}")
        if card.keyword in _NEVER:
            what, expected, remedy = _NEVER[card.keyword]
            raise UnsupportedError(what, file=card.file, place=card.place, expected=expected, remedy=remedy)
        if card.keyword in _WITH:
            _WITH[card.keyword](card)


def _restart(card: Card) -> None:
    if "READ" in card.parameters:
        raise UnsupportedError("the computation goes on from another one", file=card.file, place=card.place,
                               expected="a history from its beginning", found=f"*{card.title}, READ",
                               remedy="compute the whole history in one run")


def _equation(card: Card) -> None:
    removed = [f"{name}={value}" if value else name for name, value in card.parameters.items()
               if name.startswith("REMOVE")]
    if removed:
        raise UnsupportedError("a linear relation ends during the history", file=card.file, place=card.place,
                               expected="the same relations in all steps", found=f"*{card.title}, {removed[0]}",
                               remedy="convert and train the part of the history that has the same relations")


def _contact(card: Card) -> None:
    if "ADJUST" in card.parameters:
        raise UnsupportedError("contact moves nodes before the computation", file=card.file, place=card.place,
                               expected="nodes where the deck has them", found=f"ADJUST={card.parameters['ADJUST']}",
                               remedy="adjust the nodes in the deck itself and leave ADJUST out")


_PARTS = ("this is a deck of parts, which CalculiX does not read", "a deck of nodes and elements",
          "write the deck without parts and assemblies")
# Cards that no parameter makes harmless: what they do, what is expected, and what to do.
_NEVER = {
    "PART": _PARTS, "ASSEMBLY": _PARTS, "INSTANCE": _PARTS,
    "MODELCHANGE": ("elements or contact pairs are removed or added during the history",
                    "the same elements in all steps",
                    "convert and train a deck of what stays, without *MODEL CHANGE"),
    "SUBMODEL": ("a submodel takes its displacements from another computation",
                 "a deck that has all its boundary conditions itself", None),
    "REFINEMESH": ("the solver makes another mesh than the deck has", "results on the mesh of the deck", None),
}
_WITH: dict[str, Callable[[Card], None]] = {"RESTART": _restart, "EQUATION": _equation, "CONTACTPAIR": _contact}


def same_name(cards: Iterable[Card], parameter: str = "NAME") -> None:
    """FileFormatError where two cards of one keyword have the same name (both lines are in it), or one has none."""
    first: dict[tuple[str, str], Card] = {}
    for card in cards:
        key = card.keyword, fold(card.parameter(parameter))
        if key in first:
            raise FileFormatError(f"two cards *{card.title} have the same name", file=card.file, place=card.place,
                                  expected="each name once", found=f"{card.parameters[parameter]}, also "
                                                                   f"{first[key].place} of {first[key].file.name}")
        first[key] = card
