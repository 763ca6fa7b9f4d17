"""What a model is, known by its content and not by its names. Made and compared by `romlib.identity`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from romlib.model.base import Description
from romlib.model.parameters import ParameterValues


class Part(Description):
    """The content of one thing: a load's pattern, a set of degrees of freedom, a material with its cells, the mesh.

    kind : of the thing ("pressure", "fixed", "material", ...). source : file and line of the deck, where known.
    count : how many nodes, degrees of freedom or cells it has. norm : size of the field; what differences are relative
    to. value : for people: the resultant of a force, the mean of a field, the centre of the nodes, cells by type.
    sketch : the field projected on fixed pseudo-random fields; the difference of two fields shows in it.
    content : law and parameters of a material. unknown : the file alone does not say what it is.
    """

    kind: str
    source: str = ""
    count: float = 0.0
    norm: float = 0.0
    value: tuple[float, ...] = ()
    sketch: tuple[float, ...] = ()
    content: dict[str, Any] = Field(default_factory=dict)
    unknown: bool = False


class Identity(Description):
    """A model and its mesh by their content; independent of pieces, order, ranks, and names of tags.

    units : empty where nobody stated them. tolerance : how far patterns may differ because the solver moves nodes that
    the deck places otherwise (0: they are what the deck says). nodes : ids and coordinates. cells : types, rules, node
    lists. held : degrees of freedom that are fixed or prescribed. linear : those in linear relations. constraints : the
    degrees of freedom of each constraint. prescribed : the displacement of each prescribed constraint at amplitude one.
    loads : the force, or the temperature, of each load at amplitude one. orientations : of materials that state axes,
    how these differ from the axes of the coordinates; none where a material states none.
    """

    units: str = ""
    initial_time: float = 0.0
    tolerance: float = 0.0
    nodes: Part
    cells: Part
    held: Part
    linear: Part
    initial_temperature: Part | None = None
    materials: dict[str, Part] = Field(default_factory=dict)
    constraints: dict[str, Part] = Field(default_factory=dict)
    prescribed: dict[str, Part] = Field(default_factory=dict)
    loads: dict[str, Part] = Field(default_factory=dict)
    orientations: dict[str, Part] = Field(default_factory=dict)

    @property
    def driven(self) -> dict[str, Part]:
        """What an amplitude multiplies, by its name."""
        return {**self.loads, **self.prescribed}


class TrainedModel(Description):
    """What a ROM was trained with, for cases to be compared with.

    identity : of the model that was trained. deck : of the first training file alone, before the study's own
    definitions. accepted : omissions that the study accepted. files : names of the training files. parameters : of each
    of them, what its materials were computed with.
    """

    identity: Identity
    deck: Identity | None = None
    accepted: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    parameters: tuple[ParameterValues, ...] = ()
