"""A case that was converted from a deck, fitted to what a ROM was trained with, or a study describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from romlib.errors import InputError
from romlib.identity.compare import Comparison, Difference, thermal
from romlib.loads.amplitudes import scaled
from romlib.model import Amplitude, Case, TableAmplitude
from romlib.model.identity import Identity, Part, TrainedModel
from romlib.model.parameters import evaluated_where_known
from romlib.words import listed

_ZERO = TableAmplitude(time=(0.0,), value=(0.0,))


@dataclass(frozen=True)
class FittedCase:
    """Amplitudes by the names of the model, one each; notes for the user; and the parameters of the case.

    from_file : the temperature is that of the file that the case names, and not of the temperature loads.
    """

    amplitudes: dict[str, Amplitude]
    notes: tuple[str, ...] = ()
    parameters: dict[str, float] = field(default_factory=dict)
    from_file: bool = False


def fit_case(trained: TrainedModel | None, case: Case, *, with_temperature: bool = True) -> FittedCase:
    """The amplitudes of a case for a model: by pattern where the case knows the patterns, else by name.

    A case without an identity (written by hand) uses the names knowingly, and is taken as it is. Otherwise mesh,
    materials, constraints and initial temperature must be those of the training, or those of the deck of the training
    where the study had put its own over them. Each load takes the name of the trained load of its pattern, and the
    amplitude for its size; a trained load that the deck does not have is zero. Where materials were trained with
    formulas of parameters, the deck's numbers must be what they give for the values that the case states, or else for
    those of one of the training runs, which are then the case's.

    with_temperature : False where temperatures come from elsewhere, and the temperature loads of both do not count. Nor
        do they where the case has other ones and names a file with its temperature, which is then the case's.

    Raises
    ------
    InputError : names everything that differs, with the line of the deck and what was trained; or an omission that does
        virtual work and that neither the case nor the training accepts; or a load of the deck without amplitude.
    """
    notes = _omissions(case, () if trained is None else trained.accepted)
    if case.identity is None:
        return FittedCase(dict(case.amplitudes), tuple(notes), case.parameters,
                          with_temperature and case.temperature is not None)
    if trained is None:
        notes.append("the ROM was written by an older version of romlib and does not say what it was trained with: "
                     "mesh, materials, constraints and load patterns of the case could not be compared, only names")
        return FittedCase(dict(case.amplitudes), tuple(notes), case.parameters)
    identity, given = case.identity, dict(case.amplitudes)
    from_file = with_temperature and case.temperature is not None and _other_temperature(trained, identity)
    if from_file and case.temperature is not None:
        notes.append("the deck of the case has temperatures that are none of the training: they are taken from "
                     f"{case.temperature.file.name}")
    if from_file or not with_temperature:
        trained = trained.model_copy(update={"identity": _isothermal(trained.identity)})
        identity = _isothermal(identity)
        given = {name: one for name, one in given.items() if name in identity.driven or name not in case.identity.loads}
    parameters, found = _parameters(trained, case.parameters, identity)
    matches: dict[str, _Match] = {}
    if not found:
        matches, found = _match(trained, identity)
    if found:
        files = f" ({', '.join(trained.files)})" if trained.files else ""
        raise refusal(f"the case differs from what was trained{files}", found, "trained", "the case",
                      remedy=_remedy(trained))
    _refuse_lost_amplitudes(identity, given)
    amplitudes: dict[str, Amplitude] = {}
    for name, amplitude in given.items():
        match = matches.get(name, _Match(name))
        if match.name in amplitudes:
            raise InputError("the case gives two amplitudes for one load of the training", expected="one",
                             place=f"amplitudes.{name}", found=f"another one for {match.name!r}")
        amplitudes[match.name] = amplitude if match.factor == 1.0 else scaled(amplitude, match.factor)
    missing = [name for name in trained.identity.driven if name not in amplitudes]
    notes += [f"the deck of the case has no load or displacement {name!r}: it is zero" for name in missing]
    notes += [f"{name!r} of the case is {match.words()} of the training"
              for name, match in matches.items() if match != _Match(name)]
    return FittedCase({**amplitudes, **dict.fromkeys(missing, _ZERO)}, tuple(notes), parameters, from_file)


def _other_temperature(trained: TrainedModel, case: Identity) -> bool:
    """Whether the case has temperature loads whose patterns are not all among those of the training."""
    def thermal_loads(identity: Identity) -> Identity:
        return identity.model_copy(update={"prescribed": {}, "loads": {
            name: part for name, part in identity.loads.items() if part.kind == "temperature"}})

    deck = None if trained.deck is None else thermal_loads(trained.deck)
    own = trained.model_copy(update={"identity": thermal_loads(trained.identity), "deck": deck})
    return bool(_match(own, thermal_loads(case))[1])


def _parameters(
    trained: TrainedModel, stated: dict[str, float], case: Identity
) -> tuple[dict[str, float], list[Difference]]:
    """Values of the parameters with which the materials of a deck are the trained ones, and what differs all the same.

    stated : by the case; without any, those of each training run are tried, the first one's first.
    """
    runs = list(trained.parameters) or [{}]
    common = {name: value for name, value in runs[0].items() if all(run.get(name) == value for run in runs)}
    tried = [{**common, **stated}] if stated else runs
    first: list[Difference] = []
    for k, values in enumerate(tried):
        materials = {name: part.model_copy(update={"content": evaluated_where_known(part.content, values)})
                     for name, part in trained.identity.materials.items()}
        update: dict[str, object] = {"identity": trained.identity.model_copy(update={"materials": materials})}
        if k:  # the deck of the training is the first run's
            update["deck"] = None
        found = _differences(trained.model_copy(update=update), case)
        if not found:
            return values, []
        first = first or found
    return tried[0], first


def _remedy(trained: TrainedModel) -> str:
    remedy = "solve what was trained, or train on a run of this model"
    names = list(trained.parameters[0]) if trained.parameters else []
    if not names:
        return remedy
    return (f"{remedy}; where a material differs from every training run in the values of {', '.join(names)} alone, "
            f"state them: [parameters] {names[0]} = ... in the case file, or --parameter {names[0]}=...")


def _refuse_lost_amplitudes(identity: Identity, given: Mapping[str, Amplitude]) -> None:
    """A load that the deck has is not zero because its amplitude was taken out of the case file."""
    lost = [name for name in identity.driven if name not in given]
    if lost:
        raise InputError(
            "the case lacks an amplitude: its deck has this load or prescribed displacement",
            place=f"amplitudes.{lost[0]}", expected=f"an amplitude for each of {listed(identity.driven)}",
            found=listed(given),
            remedy="write the case again with `romlib convert --case`, or give the amplitude (0: no load)")


def _isothermal(identity: Identity) -> Identity:
    """The identity without its temperature loads."""
    return identity.model_copy(update={
        "loads": {name: part for name, part in identity.loads.items() if part.kind != "temperature"}})


@dataclass(frozen=True)
class _Match:
    """The trained load of the same pattern, and what multiplies the amplitude where one is a multiple of the other."""

    name: str
    factor: float = 1.0

    def words(self) -> str:
        return repr(self.name) if self.factor == 1.0 else f"{self.factor:.6g} times {self.name!r}"


def refusal(what: str, found: list[Difference], first: str, second: str, *, remedy: str, file: Path | None = None
            ) -> InputError:
    """The error that names every difference, with what either side has. first, second : what the sides are called."""
    if len(found) == 1:
        return InputError(f"{what}: {found[0].what}", file=file, expected=f"{found[0].first} ({first})",
                          found=f"{found[0].second} ({second})", remedy=remedy)
    lines = [f"{what} in {len(found)} things:"]
    lines += [f"  - {one.what}: {one.first} ({first}) / {one.second} ({second})" for one in found]
    return InputError("\n".join(lines), file=file, remedy=remedy)


def model_differences(first: Identity, second: Identity) -> dict[str, list[Difference]]:
    """What differs besides the loads, by what it is about; where the meshes differ, nothing else is compared."""
    comparison = Comparison(first, second)
    mesh = comparison.mesh()
    if mesh:
        return {"mesh": mesh}
    return {"materials": comparison.materials(), "constraints": comparison.constraints(),
            "initial state": comparison.initial_state()}


def _differences(trained: TrainedModel, case: Identity) -> list[Difference]:
    """What differs from the trained model, and from the deck of the training too."""
    from_trained = model_differences(trained.identity, case)
    from_deck = {} if trained.deck is None else model_differences(trained.deck, case)
    return [one for about, found in from_trained.items()
            if trained.deck is None or from_deck.get(about, found) for one in found]


def _match(trained: TrainedModel, case: Identity) -> tuple[dict[str, _Match], list[Difference]]:
    """The trained load of each load of the case, by its pattern, and what has none."""
    comparison = Comparison(trained.identity, case)
    known, deck = trained.identity.driven, {} if trained.deck is None else trained.deck.driven

    def match(name: str, part: Part) -> _Match | None:
        factor = comparison.factor(known[name], part)
        if factor is None and name in deck:
            factor = comparison.factor(deck[name], part)
        return None if factor is None else _Match(name, factor)

    own = {name: match(name, part) for name, part in case.driven.items() if name in known}
    names = {name: one for name, one in own.items() if one is not None}
    found = []
    for name, part in case.driven.items():
        taken = {one.name for one in names.values()}
        free = [one for other in known if other not in taken and (one := match(other, part)) is not None]
        if name in names:
            continue
        if free:
            names[name] = free[0]
        elif name in known:
            found.append(comparison.pattern(name, known[name], part))
        else:
            found.append(comparison.stranger(name, part))
    return names, found + _without_temperature(trained.identity, case)


def _without_temperature(trained: Identity, case: Identity) -> list[Difference]:
    """A temperature that nobody drives is not zero but the initial one, which trained temperature loads cannot say."""
    fields = [[name for name, part in one.loads.items() if part.kind == "temperature"] for one in (trained, case)]
    if not fields[0] or fields[1] or not thermal(trained):
        return []
    return [Difference("the temperature", f"temperature loads {', '.join(fields[0])}",
                       "no temperature load: the initial temperature holds")]


def _omissions(case: Case, accepted: tuple[str, ...]) -> list[str]:
    """Notes on omissions that are accepted, and on those by which the solver's answer differs from romlib's.

    Raises
    ------
    InputError : one that does virtual work is not.
    """
    working = [one for one in case.omissions if one.does_work]
    for one in working:
        if one.name not in (*case.accepted, *accepted):
            raise InputError(
                f"the deck of the case has something that does virtual work and that the model lacks: {one.name}",
                found=one.description,
                remedy=f'solve a deck without it, or accept it: accepted = ["{one.name}"] in the case file, or '
                       f"--accept {one.name} when the deck is converted")
    return [f"the deck of the case has {one.name}, which is left out: {one.description}" if one.does_work else
            f"the solver's answer to the deck of the case may be another: {one.description}" for one in case.omissions]
