"""What pyNastran reads of a deck, as arrays and JSON values: run in a process of its own, because a damaged deck makes
the library raise anything, print, or write files where it runs.

Each name is explained in `romlib_converters.nastran.deck`, which asks for it.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from romlib_converters.common.extras import reader
from romlib_converters.nastran.elements import CORNERS, NODES
from romlib_converters.nastran.names import unknown_places

from romlib.errors import FileFormatError

SYSTEM_KINDS = {"R": 1, "C": 2, "S": 3}
# Cards that the library reads; of all others their number counts, so that a card that it knows badly does no harm.
_READ = ("GRID", "GRDSET", "SPOINT", "EPOINT", "CORD1R", "CORD1C", "CORD1S", "CORD2R", "CORD2C", "CORD2S", "CHEXA",
         "CPENTA", "CTETRA", "CPYRAM", "CPYRA", "PSOLID", "PLSOLID", "PCOMPS", "MAT1", "TABLES1", "TABLEM1", "SPC",
         "SPC1", "SPCADD", "MPC", "MPCADD", "LOAD", "FORCE", "PLOAD4", "GRAV", "RFORCE", "TEMP", "TEMPD", "PARAM",
         "SET1", "NLPARM", "ENDDATA")
# Cards whose fields are given as they are.
_RAW = ("MATS1", "MATT1", "MAT9", "MAT11", "MATT9", "MATT11", "NLSTEP", "SPCD")
_SOLIDS = (*NODES, "CPYRA")
_NO_ELEMENTS = ("CORD", "CREEP", "CYAX", "CYJOIN", "CYSUP", "CYSYM", "CAMPBLL", "CASECC", "CSUP", "CSSCHD", "CAERO",
                "CHBDY", "CONV", "CTYPE", "CFLUID", "CDAMP5", "CONTRLT", "CLOAD")
_RIGID = ("RBE1", "RBE2", "RBE2GS", "RBE3", "RBAR", "RBAR1", "RJOINT", "RROD", "RTRPLT", "RTRPLT1", "RSPLINE", "RSSCON")
_CONTACT = ("BSURF", "BSURFS", "BCTSET", "BCONP", "BCBODY", "BCBODY1", "BCTABLE", "BCTABL1", "BLSEG", "BGSET", "BOLT",
            "BOLTFOR", "BCONECT", "BCGRID")
_LOAD_CARDS = ("FORCE1", "FORCE2", "MOMENT", "MOMENT1", "MOMENT2", "PLOAD", "PLOAD1", "PLOAD2", "PLOADX1", "SPCD",
               "RFORCE1", "RFORCE2", "ACCEL", "ACCEL1", "SLOAD", "TLOAD1", "TLOAD2", "RLOAD1", "RLOAD2", "DEFORM",
               "TEMPP1", "TEMPRB", "TEMPBC", "TEMPF", "PLOADB3", "PRESAX", "LOADCYN", "ACSRCE", "CLOAD", "TIC", "DLOAD")
_MATERIALS = ("MAT2", "MAT3", "MAT8", "MAT9", "MAT10", "MAT11", "MATORT", "MATHP", "MATHE", "MATEP", "MATVE", "MATVP",
              "MATG", "MATCZ", "MATF", "MATT9", "MATT11", "CREEP", "MATCRP", "MATSMA", "MATUSR", "MATDIGI", "MATTEP",
              "MATSR", "MATPLCY", "MCOHE", "MATPE1", "MUMAT", "NLMOPTS")


def extract(path: Path, punch: bool) -> Iterator[tuple[str, Any]]:
    """Pairs of a name and an array or a JSON value. punch : bulk data alone, without executive and case control.

    Raises
    ------
    FileFormatError : a card that cannot be read, or bulk data twice under one number; with the library's words.
    """
    model, known = _read(path, punch)
    yield "unknown_cards", unknown_places(model, known, (*_READ, *_RAW))
    yield "sol", None if model.sol is None else int(model.sol)
    yield "files", [str(Path(one).resolve()) for one in model.active_filenames]
    yield "cards", dict(model.card_count)
    yield "params", {key: _word(card.values[0]) for key, card in model.params.items() if card.values}
    yield "case_control", [str(line) for line in model.case_control_lines or []]
    yield from _grids(model)
    yield from _solids(model)
    yield "others", _others(model)
    yield "properties", {str(pid): _property(one) for pid, one in model.properties.items()}
    yield "materials", {str(number): [float(one or 0.0) for one in card.raw_fields()[2:8]]
                        for number, card in model.materials.items() if card.type == "MAT1"}
    yield "raw", _raw(model)
    yield "nlparms", {str(number): [int(card.ninc or 0), str(card.int_out)] for number, card in model.nlparms.items()}
    yield "of_materials", {name: int(model.card_count[name]) for name in _MATERIALS if name in model.card_count}
    yield "of_loads", {name: int(model.card_count[name]) for name in _LOAD_CARDS if name in model.card_count}
    yield "tables", {str(number): [np.asarray(table.x).tolist(), np.asarray(table.y).tolist()]
                     for tables in (model.tables, model.tables_m) for number, table in tables.items()
                     if table.type in ("TABLES1", "TABLEM1")}
    yield from _constraints(model)
    yield from _loads(model)
    yield "sets", {str(number): [int(one) for one in card.ids] for number, card in model.sets.items()
                   if card.type == "SET1" and not isinstance(card.ids, str)}


def _read(path: Path, punch: bool) -> tuple[Any, set[str]]:
    """The model, and the names of cards that are known."""
    bdf, log = reader("pyNastran.bdf.bdf", "nastran"), reader("cpylog", "nastran")
    model = bdf.BDF(debug=None, log=log.SimpleLogger("critical"))
    known = set(model.cards_to_read).union(_READ, _RAW, _RIGID, _CONTACT, _LOAD_CARDS, _MATERIALS)
    here, whole = os.getcwd(), str(path.resolve())  # before the folder is another one
    with tempfile.TemporaryDirectory(prefix="romlib-nastran-") as folder:
        os.chdir(folder)  # the library leaves a file where it runs when an include is missing
        model.cards_to_read = set(_READ)
        model._card_parser_prepare["CPYRA"] = model._card_parser_prepare["CPYRAM"]  # OptiStruct's name
        model._parse_primary_file_header = _nothing  # reads comments in which the library keeps options, as UTF-8 alone
        zeros = _stated_zeros(model)
        try:
            with _begin_as_comment() if punch else nullcontext():
                model.read_bdf(whole, validate=False, xref=False, punch=punch, encoding="latin-1")
        except FileFormatError:
            raise
        except Exception as error:
            words = [line.strip() for line in str(error).splitlines() if line.strip()]
            if type(error).__name__ == "MissingDeckSections":
                raise _sections(Path(whole)) from None
            raise FileFormatError("the deck cannot be read", file=path, found=f"{type(error).__name__}: "
                                  + "; ".join(words)[:400], remedy="correct the card; or convert the .op2 alone, if it "
                                  "has the geometry (option model = \"none\")") from None
        finally:
            os.chdir(here)
    _set_defaults(model, zeros)
    return model, known


def _sections(path: Path) -> FileFormatError:
    """The lines that end executive and case control, of which a deck has both or none."""
    with open(path, encoding="latin-1") as stream:
        first = {line.split(None, 1)[0].upper() for line in stream if line.strip()}
    missing = [name for name, word in (("CEND", "CEND"), ("BEGIN BULK", "BEGIN")) if word not in first]
    return FileFormatError(
        "the sections of the deck cannot be told apart", file=path, found=f"no line {' and no line '.join(missing)}",
        expected="executive control, CEND, case control, BEGIN BULK, bulk data; or bulk data alone, with neither line",
        remedy="add the line; or, where the file has bulk data alone, put $ in front of the other one and of all "
               "before it")


@contextmanager
def _begin_as_comment() -> Iterator[None]:
    """Make a comment of a line BEGIN BULK, which the library takes for a card where bulk data stand alone."""
    lines = reader("pyNastran.bdf.bdf_interface.pybdf", "nastran").BDFInputPy
    whole = lines.get_main_lines

    def commented(self: Any, name: Any) -> list[str]:
        return [f"${line}" if line.strip().upper().startswith("BEGIN") else line for line in whole(self, name)]

    lines.get_main_lines = commented
    try:
        yield
    finally:
        lines.get_main_lines = whole


def _nothing(path: str) -> None:
    pass


def _stated_zeros(model: Any) -> dict[int, set[int]]:
    """Ids of grid points whose fields CP (2), CD (6) or SEID (8) are a zero, filled as the deck is read: the library
    does not tell it from a blank, in whose place the default of GRDSET stands."""
    zeros: dict[int, set[int]] = {2: set(), 6: set(), 8: set()}
    card_class, add = model._card_parser["GRID"]

    class Grid:
        @staticmethod
        def add_card(card: Any, comment: str = "") -> Any:
            one = card_class.add_card(card, comment=comment)
            for field, value in ((2, one.cp), (6, one.cd), (8, one.seid)):
                if value == 0 and card.field(field) is not None:
                    zeros[field].add(one.nid)
            return one

    model._card_parser["GRID"] = Grid, add
    return zeros


def _set_defaults(model: Any, zeros: dict[int, set[int]]) -> None:
    """What GRDSET has for the blank fields of grid points."""
    default = model.grdset
    if default is None:
        return
    for one in model.nodes.values():
        for field, name in ((2, "cp"), (6, "cd"), (8, "seid")):
            if getattr(one, name) == 0 and one.nid not in zeros[field]:
                setattr(one, name, getattr(default, name))
        one.ps = one.ps or default.ps


def _word(value: Any) -> Any:
    return value if isinstance(value, (int, float, str)) else str(value)


def _grids(model: Any) -> Iterator[tuple[str, Any]]:
    grids = [model.nodes[number] for number in sorted(model.nodes)]
    yield "grid_ids", np.array([one.nid for one in grids], np.int64)
    yield "grid_cp", np.array([one.cp for one in grids], np.int64)
    yield "grid_cd", np.array([one.cd for one in grids], np.int64)
    yield "grid_xyz", np.array([one.xyz for one in grids], float).reshape(-1, 3)
    parts = [int(str(key[1])) for key in model.superelement_models]  # a part has its own bulk data, behind BEGIN SUPER
    yield "superelements", max([0, *parts, *(int(one.seid) for one in grids)])
    yield "spoints", np.array(sorted([*model.spoints, *model.epoints]), np.int64)
    systems = []
    for number, card in model.coords.items():
        if number == 0:
            continue
        kind = SYSTEM_KINDS[card.type[-1]]
        if card.type.startswith("CORD1"):
            systems.append([int(number), kind, 0, [], [int(card.g1), int(card.g2), int(card.g3)]])
        elif card.type.startswith("CORD2"):
            points = [np.asarray(point, float).tolist() for point in (card.e1, card.e2, card.e3)]
            systems.append([int(number), kind, int(card.rid), points, []])
    yield "systems", systems


def _solids(model: Any) -> Iterator[tuple[str, Any]]:
    by_name: dict[str, list[Any]] = {}
    for element in model.elements.values():
        name = "CPYRAM" if element.type == "CPYRA" else element.type.rstrip("0123456789")
        if name in NODES and element.type[:len(name)] == name:
            by_name.setdefault(name, []).append(element)
    yield "solid_names", sorted(by_name)
    for name, found in by_name.items():
        full = NODES[name]
        rows = [[int(one.eid), int(one.pid), *(node or 0 for node in one.nodes), *[0] * (full - len(one.nodes))]
                for one in found]
        table = np.array(rows, np.int64).reshape(-1, 2 + full)
        if (table[:, 2:2 + CORNERS[name]] < 1).any():
            wrong = int(table[(table[:, 2:2 + CORNERS[name]] < 1).any(axis=1)][0, 0])
            raise FileFormatError("an element lacks a corner", file=model.bdf_filename, place=f"{name} {wrong}")
        yield f"solids_{name}", table


def _others(model: Any) -> dict[str, int]:
    """Elements that are no solids, and contact, by name: shells, bars, springs, masses, rigid ones."""
    return {name: int(count) for name, count in model.card_count.items()
            if name in _RIGID + _CONTACT
            or (name.startswith("C") and name not in _SOLIDS and not name.startswith(_NO_ELEMENTS))}


def _raw(model: Any) -> dict[str, list[list[Any]]]:
    """Fields of the cards of `_RAW`, behind their name, as texts."""
    to_fields = reader("pyNastran.bdf.bdf", "nastran").to_fields
    found: dict[str, list[list[Any]]] = {}
    for lines in model.reject_lines:
        lines = [line for line in lines if line.strip() and not line.lstrip().startswith("$")]
        name = lines[0].replace("*", " ").replace(",", " ").split()[0].upper() if lines else ""
        if name in _RAW:
            found.setdefault(name, []).append([None if one is None else str(one).strip()
                                               for one in to_fields(lines, name)[1:]])
    return found


def _property(card: Any) -> dict[str, Any]:
    found = {"card": card.type, "material": 0, "axes": 0, "integration": None, "isop": None, "function": "SMECH"}
    if card.type == "PSOLID":
        found |= {"material": int(card.mid), "axes": int(card.cordm or 0), "integration": _word(card.integ or ""),
                  "isop": _word(card.isop if card.isop is not None else ""), "function": str(card.fctn or "SMECH")}
    elif getattr(card, "mid", None) is not None and isinstance(card.mid, int):
        found["material"] = int(card.mid)
    return found


def _constraints(model: Any) -> Iterator[tuple[str, Any]]:
    """Rows of set, node, component (1 to 6) of single points, and of each the value; sets of sets; relations."""
    rows: list[tuple[int, int, int]] = []
    values: list[float] = []
    others: Counter[str] = Counter()
    adds: dict[str, list[int]] = {}
    for number, cards in model.spcs.items():
        for card in cards:
            if card.type == "SPC1":
                mine = [(int(number), int(node), int(c)) for node in card.nodes for c in str(card.components)
                        if c != "0"]
                rows += mine
                values += [0.0] * len(mine)
            elif card.type == "SPC":
                for node, components, value in zip(card.nodes, card.components, card.enforced):
                    mine = [(int(number), int(node), int(c)) for c in str(components) if c != "0"]
                    rows += mine
                    values += [float(value or 0.0)] * len(mine)
            else:
                others[card.type] += 1
    for number, cards in model.spcadds.items():
        adds[str(number)] = [int(one) for card in cards for one in card.sets]
    yield "spc_rows", np.array(rows, np.int64).reshape(-1, 3)
    yield "spc_values", np.array(values, float)
    yield "spc_adds", adds
    yield "spc_others", dict(others)
    yield "grid_ps", np.array([(one.nid, int(c)) for one in model.nodes.values() for c in str(one.ps or "")
                               if c in "123456"], np.int64).reshape(-1, 2)
    terms = [(int(number), k, int(node), int(str(component)[0]))
             for number, cards in model.mpcs.items() for k, card in enumerate(cards) if card.type == "MPC"
             for node, component in zip(card.nodes, card.components)]
    factors = [float(one) for cards in model.mpcs.values() for card in cards if card.type == "MPC"
               for one in card.coefficients]
    yield "mpc_terms", np.array(terms, np.int64).reshape(-1, 4)
    yield "mpc_factors", np.array(factors, float)
    yield "mpc_adds", {str(number): [int(one) for card in cards for one in (card.mpc_ids if hasattr(card, "mpc_ids")
                                                                            else card.sets)]
                       for number, cards in model.mpcadds.items()}


def _loads(model: Any) -> Iterator[tuple[str, Any]]:
    cards = [(int(number), card) for number, found in model.loads.items() for card in found]
    yield "forces", _table([(number, card.node, card.cid, *(card.mag * np.asarray(card.xyz, float)).tolist())
                            for number, card in cards if card.type == "FORCE"], 6)
    pressures = [(number, card) for number, card in cards if card.type == "PLOAD4"]
    yield "pload4", _table([(number, eid, card.g1 or 0, card.g34 or 0, card.cid or 0,
                             *(np.asarray(card.nvector, float).tolist() if card.nvector is not None else (0, 0, 0)),
                             *(float(p) for p in (*card.pressures, *[card.pressures[0]] * 4)[:4]))
                            for number, card in pressures for eid in card.eids], 12)
    yield "pload4_line", [number for number, card in pressures if str(getattr(card, "surf_or_line", "SURF")) != "SURF"]
    yield "grav", _table([(number, card.cid, *(card.scale * np.asarray(card.N, float)).tolist())
                          for number, card in cards if card.type == "GRAV"], 5)
    yield "rforce", _table([(number, card.nid, card.cid, card.scale, *np.asarray(card.r123, float).tolist(),
                             card.racc or 0.0, card.method or 1)
                            for number, card in cards if card.type == "RFORCE"], 9)
    yield "load_adds", {str(number): [[float(card.scale) * float(factor), int(one)] for card in found
                                      for factor, one in zip(card.scale_factors, card.load_ids)]
                        for number, found in model.load_combinations.items()}
    yield "temperature", _table([(number, node, value) for number, card in cards if card.type == "TEMP"
                                 for node, value in card.temperatures.items()], 3)
    yield "temperature_default", _table([(number, value) for number, found in _defaults(model)
                                         for value in found], 2)


def _defaults(model: Any) -> Iterable[tuple[int, list[float]]]:
    tempds = getattr(model, "tempds", {})
    for number, card in tempds.items():
        yield int(number), [float(card.temperature)]


def _table(rows: list[tuple], width: int) -> np.ndarray:
    return np.array(rows, float).reshape(-1, width)
