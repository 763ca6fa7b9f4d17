"""The basis that the input of a case chooses, or the user, before the case is solved."""

from __future__ import annotations

from typing import Any

from romlib.archive.dictionary import Choice
from romlib.archive.rom import Rom
from romlib.dictionary.choice import Chooser, forced
from romlib.dictionary.features import drivers_of, features_of, input_of
from romlib.online.case import ResolvedCase


def features(rom: Rom, case: ResolvedCase) -> dict[str, float]:
    """What a case is described by to the dictionary of a ROM that has one."""
    assert rom.dictionary is not None
    parameters = {name: case.model.parameters[name] for name in rom.manifest.trained_parameters}
    return features_of(input_of(
        drivers_of(rom.force_terms, rom.lifting.names), case.all_amplitudes, parameters, case.times, rom.temperature,
        case.temperature), rom.dictionary.thermal_modes)


def choice_of(rom: Rom, chooser: Chooser | None, case: ResolvedCase, cluster: Any = None) -> Choice | None:
    """The basis of a whole run; None where the ROM has none to choose, or chooses step by step.

    chooser : of the ROM's dictionary. cluster : what the user wants.

    Raises
    ------
    InputError : no such cluster. And what `Chooser.choose` raises.
    """
    if cluster is not None:
        return forced(cluster, len(rom.clusters))
    return None if chooser is None else chooser.choose(features(rom, case))
