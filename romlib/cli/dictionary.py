"""What commands say of a ROM whose basis is chosen by the input of a case."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from romlib.cli.console import pairs

if TYPE_CHECKING:
    from rich.console import Console

    from romlib.archive.dictionary import Choice, Dictionary


def choice_to_dict(choice: Choice | None) -> dict[str, Any] | None:
    """Plain values; None where no basis was chosen for the whole run."""
    return None if choice is None else asdict(choice)


def dictionary_to_dict(dictionary: Dictionary | None) -> dict[str, Any] | None:
    """Plain values of what a basis is chosen by; None where nothing does."""
    if dictionary is None:
        return None
    described = dictionary.choosing.model_dump(mode="json")
    clusters = dict(zip(described.pop("cases"), dictionary.labels.tolist()))
    return {**described, "clusters": clusters}


def show_dictionary(console: Console, d: dict[str, Any] | None) -> None:
    """A table of what a basis is chosen by; nothing where nothing does."""
    if d is None:
        return
    how = f"in {d['folds']} folds" if d["folds"] else "one left out after the other"
    members = {cluster: [name for name, one in d["clusters"].items() if one == cluster]
               for cluster in sorted(set(d["clusters"].values()))}
    rows: list[tuple[str, object]] = [
        ("classifier", d["kind"]), ("features", len(d["features"])),
        (f"rightly assigned training runs, {how}", ", ".join(f"{name} {100 * score:.0f} %"
                                                             for name, score in d["scores"].items()))]
    if d["nearest_temperature"] is not None:
        rows.append(("by the nearest temperature, one left out after the other",
                     f"{100 * d['nearest_temperature']:.0f} %"))
    fallback = "the proposed basis all the same" if d["fallback"] is None else f"the global basis, {d['fallback']}"
    rows.append((f"below a probability of {d['threshold']:g}", fallback))
    rows += [(f"training runs of cluster {cluster}", ", ".join(names)) for cluster, names in members.items()]
    console.print()
    console.print(pairs("The basis is chosen by the input of a case", rows))
