"""The grids of an XDMF file: references between them resolved, time collections told from the rest, times found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from romlib_converters.meshio.xdmf_items import attributes_of, label
from romlib_converters.meshio.xml import number_of

from romlib.errors import FileFormatError, UnsupportedError
from romlib.words import plural

_GRID = {"gridtype", "collectiontype", "type"}
_TIME = {"value", "timetype", "type"}
_STEP = re.compile(r"(\w+|\*)((?:\[[^\]]*\])*)")
_PREDICATE = re.compile(r"\[\s*(?:@(\w+)\s*=\s*['\"]([^'\"]*)['\"]|(\d+))\s*\]")
_EITHER = re.compile(r"\*\[\s*(self::\w+(?:\s+or\s+self::\w+)*)\s*\]")


@dataclass(eq=False)
class Grid:
    """A uniform grid. parts : its Geometry, Topology, Time and Attributes, by tag, those that it refers to included."""

    element: Element
    parts: dict[str, list[Element]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As in the file, or nothing."""
        return self.element.get("Name") or ""


@dataclass(eq=False)
class Collection:
    """A collection in time. times : one a grid, None where there is none."""

    name: str
    grids: list[Grid]
    times: list[float | None]


def read_grids(
    root: Element, file: Path, read: Callable[[Element], np.ndarray]
) -> tuple[list[Collection], list[Grid]]:
    """The temporal collections of a file, and its grids beside them, in order.

    Raises
    ------
    UnsupportedError : pieces in space, trees, subsets, references that are not understood: by name.
    FileFormatError : not XDMF.
    """
    if root.tag != "Xdmf":
        raise FileFormatError("not an XDMF file", file=file, expected="<Xdmf>", found=f"<{root.tag}>")
    version = root.get("Version", "3.0")
    if not version.startswith(("2", "3")):
        raise UnsupportedError("this version of XDMF is not read", file=file, expected="2 or 3", found=version)
    domains = root.findall("Domain")
    if len(domains) != 1:
        raise FileFormatError("an XDMF file has one domain", file=file, found=f"{len(domains)}")
    collections, grids = [], []
    for element in domains[0]:
        if element.tag in ("Information", "Time"):
            continue
        if element.tag != "Grid":
            if element.tag == "DataItem":
                continue  # referred to by others, or by nobody
            raise _unknown(element, file)
        kind, of = _kind(element, file)
        if kind == "uniform":
            grids.append(_grid(element, root, file))
        elif kind == "collection" and of == "temporal":
            collections.append(_collection(element, root, file, read))
        else:
            raise UnsupportedError(
                "grids in several parts are not read", file=file, place=label(element),
                expected="uniform grids, alone or in a temporal collection",
                found=f"{kind} of type {of}" if kind == "collection" else kind,
                remedy="merge the parts first (ParaView: Merge Blocks with merged points)")
    return collections, grids


def _kind(element: Element, file: Path) -> tuple[str, str]:
    said = attributes_of(element, _GRID, file)
    return said.get("gridtype", "Uniform").lower(), said.get("collectiontype", "Spatial").lower()


def _grid(element: Element, root: Element, file: Path) -> Grid:
    grid = Grid(element)
    for child in element:
        children = _included(child, root, file) if child.tag.endswith("include") else [child]
        if child.tag == "Information":
            continue
        for part in children:
            if part.tag not in ("Geometry", "Topology", "Time", "Attribute"):
                raise _unknown(part, file)
            grid.parts.setdefault(part.tag, []).append(part)
    return grid


def _unknown(element: Element, file: Path) -> UnsupportedError:
    return UnsupportedError(f"<{element.tag}> of XDMF is not read", file=file, place=label(element),
                            expected="Grid, Geometry, Topology, Time, Attribute, DataItem")


def _included(element: Element, root: Element, file: Path) -> list[Element]:
    """What an xi:include refers to: the first match of each kind of element."""
    if element.get("href"):
        raise UnsupportedError("the XDMF file includes another one", file=file, found=element.get("href"),
                               remedy="write all of it into one file")
    text = re.fullmatch(r"\s*(?:xpointer|element)?\((.*)\)\s*", element.get("xpointer", ""), re.DOTALL)
    found = [] if text is None else _matches(text.group(1).strip(), root)
    first = {match.tag: match for match in reversed(found)}
    if not first:
        raise UnsupportedError("a reference within the XDMF file leads nowhere, or is not understood", file=file,
                               place="xi:include", found=element.get("xpointer") or "no xpointer")
    return list(first.values())


def _matches(path: str, root: Element) -> list[Element]:
    """The part of XPath that XDMF files use: steps with predicates by attribute and number, and a choice of names."""
    found = [root]
    if path.startswith("//"):
        name, path = path[2:].split("/", 1) if "/" in path[2:] else (path[2:], "")
        found = _step(name, [element for element in root.iter() if len(element)])
    elif path.startswith("/Xdmf"):
        path = path.removeprefix("/Xdmf").lstrip("/")
    else:
        return []
    for name in filter(None, path.split("/")):
        found = _step(name, found)
    return found


def _step(name: str, parents: list[Element]) -> list[Element]:
    either = _EITHER.fullmatch(name)
    if either:
        names = re.findall(r"self::(\w+)", either.group(1))
        return [child for parent in parents for child in parent if child.tag in names]
    step = _STEP.fullmatch(name)
    if step is None:
        return []
    found = []
    for parent in parents:
        children = [child for child in parent if step.group(1) in ("*", child.tag)]
        for predicate in re.findall(r"\[[^\]]*\]", step.group(2)):
            match = _PREDICATE.fullmatch(predicate)
            if match is None:
                return []
            attribute, value, number = match.groups()
            children = children[int(number) - 1:int(number)] if number else [
                child for child in children if child.get(attribute) == value]
        found += children
    return found


def _collection(element: Element, root: Element, file: Path, read: Callable[[Element], np.ndarray]) -> Collection:
    grids, stamps = [], []
    for child in element:
        if child.tag == "Time":
            stamps.append(child)
        elif child.tag == "Grid":
            kind, of = _kind(child, file)
            if kind != "uniform":
                raise UnsupportedError("the grids of a time collection are in several parts", file=file,
                                       place=label(child), expected="uniform grids",
                                       found=f"{kind} of type {of}" if kind == "collection" else kind,
                                       remedy="merge the parts first (ParaView: Merge Blocks with merged points)")
            grids.append(_grid(child, root, file))
        elif child.tag != "Information":
            raise _unknown(child, file)
    times = [_time(grid.parts.get("Time", []), file) for grid in grids]
    if stamps:
        listed = _listed(stamps[0], len(grids), file, read)
        if len(listed) != len(grids):
            raise FileFormatError("the list of times has another length than the collection", file=file,
                                  place=label(element), expected=plural(len(grids), "time"), found=len(listed))
        times = [own if own is not None else of_list for own, of_list in zip(times, listed)]
    return Collection(element.get("Name") or "", grids, times)


def _time(stamps: list[Element], file: Path) -> float | None:
    if not stamps:
        return None
    said = attributes_of(stamps[0], _TIME, file)
    if said.get("timetype", said.get("type", "Single")).lower() != "single" or "value" not in said:
        raise UnsupportedError("this form of time is not read", file=file, place="<Time> of a grid",
                               expected='Value="..."', found=stamps[0].attrib)
    try:
        return number_of(said["value"])
    except ValueError:
        raise FileFormatError("a time cannot be read", file=file, place="<Time>", expected="a number",
                              found=said["value"]) from None


def _listed(stamp: Element, n_grid: int, file: Path, read: Callable[[Element], np.ndarray]) -> list[float]:
    said = attributes_of(stamp, _TIME, file)
    kind = said.get("timetype", said.get("type", "Single")).lower()
    items = stamp.findall("DataItem")
    if kind not in ("list", "hyperslab") or len(items) != 1:
        raise UnsupportedError("this form of times is not read", file=file, place="<Time> of a collection",
                               expected="TimeType List or HyperSlab, with one DataItem", found=stamp.attrib)
    values = read(items[0]).ravel().astype(float)
    if kind == "list":
        return values.tolist()
    if len(values) != 3 or values[2] != n_grid:
        raise FileFormatError("times as a hyperslab are start, stride and number", file=file,
                              expected=f"three numbers, the last {n_grid}", found=values.tolist()[:5])
    return [float(values[0] + k * values[1]) for k in range(n_grid)]
