"""The deck of a candidate: the text of the user's deck with what the candidate has in the places that ask for it.

    {amplitude:LOAD}  lines "time, value" at the times of the case     {parameter:NAME}  a number
    {values:LOAD}     lines of one value                               {case}            the name of the candidate
    {times}           lines of one time                                {start} {stop} {steps}   first and last time,
                                                                       and the number of steps between

Any other brace is the deck's own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from romlib.errors import StudyError
from romlib.files import regular_file
from romlib.loads.amplitudes import evaluate
from romlib.model import Case
from romlib.words import unknown

_CASE = "{case}"
_PLACEHOLDER = re.compile(r"\{(?:(amplitude|values|parameter):([^{}\n]+)|(times|case|start|stop|steps))\}")


def deck_path(deck: Path, stem: str) -> Path:
    """The deck of a candidate; {case} in the name of the file or of its folder stands for the candidate's stem."""
    return Path(str(deck).replace(_CASE, stem))


def deck_text(deck: Path, stem: str, name: str, case: Case) -> str:
    """The text of a candidate's deck.

    Raises
    ------
    StudyError : there is no such deck; it asks for an amplitude or a parameter that the case does not have.
    """
    path = regular_file(deck_path(deck, stem), f"there is no deck for the candidate {name!r}", error=StudyError,
                        remedy="correct greedy.solver.deck")
    text = path.read_bytes().decode(errors="surrogateescape")
    times = case.times.instants()
    plain = {"times": _lines(times), "case": name, "start": repr(float(times[0])), "stop": repr(float(times[-1])),
             "steps": str(len(times) - 1)}

    def value(match: re.Match[str]) -> str:
        kind, what, word = match.groups()
        if word is not None:
            return plain[word]
        known = case.parameters if kind == "parameter" else case.amplitudes
        if what not in known:
            raise StudyError(
                f"the deck asks for {'a parameter' if kind == 'parameter' else 'an amplitude'} that the candidate "
                f"{name!r} does not have", file=path, place=f"line {text.count(chr(10), 0, match.start()) + 1}",
                **unknown(what, list(known), "give it in the case"))
        if kind == "parameter":
            return repr(case.parameters[what])
        values = evaluate(case.amplitudes[what], times)
        return _lines(values) if kind == "values" else "\n".join(
            f"{time!r}, {one!r}" for time, one in zip(times.tolist(), values.tolist(), strict=True))

    return _PLACEHOLDER.sub(value, text)


def refuse_bad_decks(deck: Path, stems: Mapping[str, str], cases: Mapping[str, Case]) -> None:
    """Before any run: every candidate has a deck, and no two have the same.

    stems : by candidate.

    Raises
    ------
    StudyError : what `deck_text` raises; two candidates with one deck.
    """
    seen: dict[str, str] = {}
    for name, case in cases.items():
        digest = hashlib.sha256(deck_text(deck, stems[name], name, case).encode(errors="surrogateescape")).hexdigest()
        if digest in seen:
            raise StudyError(
                f"the candidates {seen[digest]!r} and {name!r} have the same deck", file=deck_path(deck, stems[name]),
                place="greedy.solver.deck", expected="{amplitude:LOAD}, {parameter:NAME} or the like in the deck, or "
                "{case} in its name", remedy="write them where the deck has what differs between candidates")
        seen[digest] = name


def _lines(values: np.ndarray) -> str:
    return "\n".join(repr(one) for one in values.tolist())
