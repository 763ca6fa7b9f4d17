"""Decks of keywords (.inp) as Abaqus has them, which CalculiX reads too: cards, numbers, meshes, steps, histories."""
