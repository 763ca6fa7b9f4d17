"""The dictionary of a ROM in its file: the group /dictionary."""

from __future__ import annotations

from collections.abc import Iterator

import h5py
import numpy as np

from romlib.archive.dictionary import Choosing, Dictionary
from romlib.archive.hdf5 import write_json
from romlib.storage.contents import Contents
from romlib.storage.opening import damage
from romlib.storage.schema import Item

GROUP = "/dictionary"
_ARRAYS = {"thermal_modes": float, "values": float, "labels": np.int64, "probabilities": float, "classifier": np.uint8}


def dictionary_items() -> Iterator[Item]:
    """What the table of a ROM file has of it."""
    yield Item(f"{GROUP}/choosing", "json")
    yield Item(f"{GROUP}/thermal_modes", "real", ("n_reduced", "n_point"))
    yield Item(f"{GROUP}/values", "real", ("n_trained_case", "n_feature"))
    yield Item(f"{GROUP}/labels", "integer", ("n_trained_case",), low=0, high="n_cluster")
    yield Item(f"{GROUP}/probabilities", "real", ("n_trained_case", "n_class"), low=0.0)
    yield Item(f"{GROUP}/classifier", "integer", ("n_byte",), low=0, high=256)


def write_dictionary(group: h5py.Group, dictionary: Dictionary) -> None:
    """Into an empty group."""
    write_json(group, "choosing", dictionary.choosing.model_dump(mode="json"))
    for name, kind in _ARRAYS.items():
        group[name] = np.asarray(getattr(dictionary, name), dtype=kind)


def read_dictionary(contents: Contents) -> Dictionary | None:
    """None where the file has none.

    Raises
    ------
    FileFormatError : a description that is none.
    """
    if not contents.has(GROUP):
        return None
    with damage(contents.path, GROUP):
        choosing = Choosing.model_validate(contents.json(f"{GROUP}/choosing", dict))
    arrays = {name: np.ascontiguousarray(contents.array(f"{GROUP}/{name}"), dtype=kind)
              for name, kind in _ARRAYS.items()}
    return Dictionary(choosing, **arrays)
