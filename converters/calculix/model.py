"""romlib's model of a CalculiX deck: what all decks have, and its linear relations, body loads and elements."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

import numpy as np
from romlib_converters.calculix.bodies import body_loads
from romlib_converters.calculix.elements import OTHERS
from romlib_converters.calculix.expanded import triangle_forces
from romlib_converters.calculix.sections import section_materials
from romlib_converters.keyword.active import Group, Histories
from romlib_converters.keyword.cards import Card, fold
from romlib_converters.keyword.model import Entry, ModelParts, by_components

from romlib.errors import UnsupportedError
from romlib.model import ArrayReference, Material, NodalForce, Omission


class ModelBuilder(ModelParts):
    """Puts a deck's model together. times : of the records, or of the increments; roots of speeds are exact there."""

    solver = "CalculiX"

    def _turned(self, nodes: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return self.deck.links.systems.turned_at(nodes, vectors)

    def _act(self) -> None:
        self._constraints()
        self._links()
        self._forces()
        self._pressures()
        self._bodies()

    def _materials(self) -> tuple[dict[str, Material], dict[str, Card], list[Omission]]:
        return section_materials(self.deck, self.cell_tags, self.cell_arrays)

    def _constraints(self) -> None:
        history = Histories.of(self.deck.loads.boundary)
        self._same_in_all_steps(history, self.deck.places.mesh.node_ids[history.keys // 3])
        outside = Histories.of(self.deck.loads.outside)
        self._same_in_all_steps(outside, outside.keys // 8, self._reference_nodes())
        moving = (history.values != 0).any(axis=0)
        in_turned = np.isin(history.keys // 3, self.deck.links.systems.nodes)
        if (moving & in_turned).any():
            self._refuse_local(history, moving & in_turned)
        nodes, held = np.unique(history.keys // 3, return_counts=True)
        in_turned &= ~np.isin(history.keys // 3, nodes[held == 3])  # all directions are held, whatever the axes
        self._fix(history.keys[~moving & ~in_turned], history.cards[0, ~moving & ~in_turned])
        for nodes, mask in by_components(history.keys[in_turned]):
            if mask:
                self._linear("transform", nodes, (True, True, True), "zero displacement in a local system (*TRANSFORM)",
                             self._card(int(history.cards[0, in_turned].min())))
        for group in history.groups(self.deck.steps, self.deck.amplitudes):
            self._prescribe(group)
        self._moving = history.keys[moving]

    def _reference_nodes(self) -> np.ndarray:
        """Ids of nodes of no solid that act on solids: by linear relations, or by other elements."""
        linked = [link.elsewhere for link in self.deck.links.found]
        others = [group.nodes.ravel() for group in self.deck.inp.groups if group.kind in OTHERS]
        return np.unique(np.concatenate([np.empty(0, np.int64), *linked, *others]))

    def _refuse_local(self, history: Histories, wrong: np.ndarray) -> NoReturn:
        """wrong : (n,) which of the places are prescribed in a local system."""
        one = int(np.flatnonzero(wrong)[0])
        card = self._card(int(history.cards[int((history.values[:, one] != 0).argmax()), one]))
        node = self.deck.places.mesh.node_ids[history.keys[one] // 3]
        raise UnsupportedError(
            "a displacement is prescribed in a local system (*TRANSFORM)", file=card.file,
            place=f"{card.place}, node {node}", expected="zero displacement in local systems",
            found=f"component {history.keys[one] % 3 + 1} moves",
            remedy="prescribe all three components at these nodes in the global system (without *TRANSFORM), or load "
                   "them by forces")

    def _list_of_faces(self, history: Histories) -> np.ndarray:
        """The order of CalculiX's list of pressures: by element, then by face.

        A face that is loaded in a later step for the first time moves the faces behind it on in that list, but not the
        values from which their ramps begin (version 2.20; measured). The histories are then as the solver has them.
        """
        cells, faces = history.keys // 8, history.keys % 8
        order = np.lexsort([faces, self.deck.places.mesh.cell_ids[cells]])
        steps, amplitudes = self.deck.steps, self.deck.amplitudes
        if (history.starts(steps, amplitudes) != history.starts(steps, amplitudes, order)).any():
            card = self.deck.loads.cards["DLOAD"]
            self.omissions.append(Omission(name="dload_order", does_work=False, description=(
                f"faces are loaded in a later step for the first time (*{card.title}, line {card.line} of "
                f"{card.file.name}): CalculiX then begins ramps of pressures at values of other faces; romlib's "
                "amplitudes do the same. Load these faces with zero from the first step on, if that is not meant")))
        return order

    def _press(self, group: Group, known: dict[str, np.ndarray]) -> None:
        """Pressures on edges of CAX3 become forces at nodes: see `triangle_forces`."""
        found = triangle_forces(self.deck.places, group.keys, group.factors)
        if found is None:
            super()._press(group, known)
            return
        forces, others = found
        if others.any():
            super()._press(replace(group, keys=group.keys[others], factors=group.factors[others]), known)
        nodes = np.flatnonzero(forces.any(axis=1))
        tag = self._tag_nodes(nodes, f"pressed_{len(self.entries) + 1}")
        array = self._array_name(f"force_{tag}_{len(self.entries) + 1}")
        self.entries.append(Entry(self._base(group, "pressure"), tag, NodalForce(
            nodes=tag, direction=ArrayReference(array=array)), group.parts, self._card(group.card), {array: forces}))
        if not any(one.name == "dload_cax3" for one in self.omissions):
            self.omissions.append(Omission(name="dload_cax3", does_work=False, description=(
                "pressures on CAX3 are forces at nodes: CalculiX takes the radius in the middle of an edge for all of "
                "it, half of the force for each node")))

    def _bodies(self) -> None:
        bodies, notes = body_loads(self.deck, self.cell_tags, self.times)
        self.omissions += notes
        self.entries += [Entry(self._base(one.group, one.kind), one.tag, one.load, one.group.parts, one.card)
                         for one in bodies]

    def _check_temperature(self, materials: dict[str, Material]) -> None:
        """Twenty-node elements, and those of eight nodes that become such, interpolate temperature by a table of their
        own: only a uniform one is reproduced."""
        fields = [array for name, array in self.node_arrays.items() if name.startswith("temperature")]
        if self.deck.temperature0 is not None:
            fields.append(self.deck.temperature0)
        acts = len(materials) < len({fold(section.material) for section in self.deck.sections}) or any(
            material.thermal_expansion is not None or material.law == "umat"
            or any(isinstance(value, dict) for value in material.parameters.values())
            for material in materials.values())
        for block in self.deck.places.mesh.blocks:
            nodes = np.unique(block.connectivity)
            own_table = block.cell_type in ("hex20", "quad8")
            if acts and own_table and any((one[nodes] != one[nodes[0]]).any() for one in fields):
                card = self.deck.loads.cards.get("TEMPERATURE") or self.deck.initial
                held = [f"{one.description}; or " for one in self.deck.omissions if one.name == "temperature_held"][:1]
                raise UnsupportedError(
                    "a temperature that varies in space acts on elements C3D20, C3D20R or of 8 nodes in two "
                    "dimensions, in which CalculiX interpolates it by a table of its own",
                    file=self.deck.file if card is None else card.file,
                    place=f"element {block.cell_ids[0]}" if card is None else card.place,
                    expected="a uniform temperature, or other elements", found=f"element {block.cell_ids[0]}",
                    remedy=f"{''.join(held)}compute with C3D10 or C3D8, CPE6 or CAX6")
