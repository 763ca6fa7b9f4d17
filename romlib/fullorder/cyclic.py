"""Cyclic symmetry: which node of one face of a sector is which of the other, matched by rotation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from romlib.errors import InputError
from romlib.model import Constraint
from romlib.words import plural

_TOLERANCE = 1e-6  # of the distance from the axis of the farthest node: coordinates in single precision match to 1e-7


@dataclass(frozen=True, eq=False)
class Pairs:
    """Of each slave node (n,) the position of its master among the masters, and whether it is on the axis.

    A node on the axis is its own master: of its displacement the part along the axis is left.
    """

    master: np.ndarray
    on_axis: np.ndarray


def rotation(constraint: Constraint) -> np.ndarray:
    """R (3, 3) by the angle of the sector about its axis: u = R u_master."""
    assert constraint.axis is not None and constraint.angle is not None
    axis = np.array(constraint.axis) / np.linalg.norm(constraint.axis)
    sectors = round(360.0 / constraint.angle)  # exactly, however many digits the angle has
    turn = 2.0 * np.pi / sectors
    cross = np.array([[0.0, -axis[2], axis[1]], [axis[2], 0.0, -axis[0]], [-axis[1], axis[0], 0.0]])
    along = np.outer(axis, axis)
    return along + np.cos(turn) * (np.eye(3) - along) + np.sin(turn) * cross


def match(
    name: str, constraint: Constraint, slaves: tuple[np.ndarray, np.ndarray], masters: tuple[np.ndarray, np.ndarray]
) -> Pairs:
    """Match all nodes of one face with those of the other.

    Parameters
    ----------
    slaves, masters : ids (n,) and coordinates (n, 3) of the nodes of the tags `nodes` and `master`, each once.

    Raises
    ------
    InputError : a node without a partner, or two with the same one; names node and distance, and what matches instead.
    """
    (slave_ids, slave_points), (master_ids, master_points) = slaves, masters
    center, turn = np.array(constraint.center), rotation(constraint)
    turned = center + (master_points - center) @ turn.T
    axis = np.array(constraint.axis) / np.linalg.norm(np.array(constraint.axis))
    within = constraint.tolerance or _TOLERANCE * max(
        float(np.linalg.norm(np.cross(points - center, axis), axis=1).max(initial=0.0))
        for points in (slave_points, master_points))
    place = f"constraint {name!r}"
    distance, partner = cKDTree(turned).query(slave_points)
    far = np.flatnonzero(~(distance <= within))
    if len(far):
        worst = far[int(np.argmax(distance[far]))]
        raise InputError(
            "the faces of the sector do not match", place=place, expected=f"each of the "
            f"{plural(len(slave_ids), 'node')} of {constraint.nodes!r} within {within:.3g} of a node of "
            f"{constraint.master!r} turned by {constraint.angle:g} degrees",
            found=f"{plural(len(far), 'node')} without a partner; node {slave_ids[worst]} is {distance[worst]:.3g} "
                  f"from node {master_ids[partner[worst]]}",
            remedy=_remedy(constraint, center, slave_points, master_points, within))
    lonely = np.setdiff1d(np.arange(len(master_ids)), partner)
    if len(lonely) or len(np.unique(partner)) < len(partner):
        values, count = np.unique(partner, return_counts=True)
        found = (f"node {master_ids[lonely[0]]} of {constraint.master!r} has no partner" if len(lonely) else
                 f"{count.max()} nodes at node {master_ids[values[count.argmax()]]} of {constraint.master!r}")
        raise InputError(
            "the faces of the sector do not match one to one", place=place, found=found,
            expected=f"as many nodes on both faces; {len(slave_ids)} and {len(master_ids)} are there",
            remedy="both tags need the same nodes of their faces, edges included; mesh the faces periodically (gmsh: "
                   "Periodic Surface); a smaller tolerance where different nodes match")
    return Pairs(partner, slave_ids == master_ids[partner])


def _remedy(
    constraint: Constraint, center: np.ndarray, slaves: np.ndarray, masters: np.ndarray, within: float
) -> str:
    """What to do where nodes do not match: the other direction, where that matches; else mesh anew."""
    turn = rotation(constraint)
    back = center + (masters - center) @ turn  # by the angle the other way round
    if (cKDTree(back).query(slaves)[0] <= within).all():
        return f"they match the other way round: angle = {-(constraint.angle or 0.0):g}, or exchange nodes and master"
    return ("check axis, center and angle; mesh both faces alike (gmsh: Periodic Surface), or give a larger tolerance "
            "where coordinates have few digits")
