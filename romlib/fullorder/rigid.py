"""Rigid motions that no constraint holds: found and named before anything is solved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from romlib.errors import InputError
from romlib.fullorder.numbering import Numbering
from romlib.fullorder.relations import Relations
from romlib.mesh.kinematics import Kinematics, padded
from romlib.mesh.merge import bodies
from romlib.mesh.mesh import Mesh
from romlib.words import plural

FREE = 1e-12  # a motion whose squares at the constrained dofs are this part of the best held motion's is not held
NAMED = 3  # bodies that a message describes
_AXES = "xyz"


@dataclass(frozen=True, eq=False)
class Body:
    """A body of the model: smallest node id, centre (3,), radius of gyration, and G (6, 6).

    G sums r_d r_d^T over the constrained dofs d, r_d the components there of three unit translations and three unit
    rotations about the centre, lengths divided by the radius: its null space is what nothing holds. In two dimensions
    points have a third coordinate, zero, and the motions that the mesh does not have count as held.
    """

    node: int
    n_node: int
    centre: np.ndarray
    radius: float
    held: np.ndarray


def refuse_free_motions(
    meshes: Mapping[int, Mesh], shares: Mapping[int, np.ndarray], mask: np.ndarray, numbering: Numbering,
    relations: Relations | None = None,
) -> None:
    """Refuse constraints that leave a body a rigid motion: the stiffness is singular then, loaded or not. Collective.

    A body is what hangs together by nodes, over all pieces.

    Parameters
    ----------
    shares : of each piece, the part of each node (n_node,) that it counts (`romlib.loads.forces.node_share`).
    mask : (n_local, d), the constrained dofs of this rank's nodes; of the unknowns, where there are relations.

    Raises
    ------
    InputError : on every rank; names body and motions.
    """
    everything = _bodies(meshes, shares, mask, numbering, relations)
    loose = np.linalg.eigvalsh(np.reshape([body.held for body in everything], (-1, 6, 6)))
    free = [(body, free_motions(body.held)) for body, values in zip(everything, loose) if values[0] <= _floor(values)]
    if not free:
        return
    several = len(free) > 1
    lines = [f"the body with node {body.node} ({plural(body.n_node, 'node')} about {_point(body.centre)}): "
             + "; ".join(describe(motions, body.centre, body.radius)) for body, motions in free[:NAMED]]
    if len(free) > NAMED:
        lines.append(f"and {len(free) - NAMED} bodies more")
    raise InputError(
        "bodies are free to move without strain" if several else "the body is free to move without strain",
        place="constraints",
        expected="every rigid motion of every body held by a constraint", found="\n    ".join(lines),
        remedy=f"{_what_would_hold(np.concatenate([motions for _, motions in free], axis=1))}; where bodies should "
               "hang together, merge their nodes ([mesh] merge = DISTANCE)")


def _what_would_hold(motions: np.ndarray) -> str:
    """What to constrain against free motions (6, k), of one body or of several."""
    if motions.shape[1] >= len(motions):
        return "add constraints, such as planes of symmetry, or a face that is fixed in x, y, z"
    said = describe(motions, np.zeros(3), 1.0)
    axes = [word.removeprefix("translation along ") for word in said if word.startswith("translation")]
    found = [f'a constraint with components = ["{axis}"], such as a plane of symmetry across {axis}' if axis in _AXES
             else f"a constraint with normal = [{axis.strip('()')}]" for axis in axes]
    if len(axes) < len(said):
        found.append("a constraint of nodes away from the line that the body turns about, across that line")
    return "add " + ", and ".join(found)


def free_motions(held: np.ndarray) -> np.ndarray:
    """Null space (6, k) of G (6, 6)."""
    values, vectors = np.linalg.eigh(held)
    return vectors[:, values <= _floor(values)]


def _floor(values: np.ndarray) -> float:
    return FREE * max(float(values[-1]), 1.0)


def describe(motions: np.ndarray, centre: np.ndarray, radius: float) -> list[str]:
    """Free motions (6, k) in words: translations along the axes where they are, then rotations about a line."""
    if motions.shape[1] == 6:
        return ["every rigid motion: no constraint holds it"]
    translation, rotation = motions[:3], motions[3:]
    _, singular, right = np.linalg.svd(rotation)
    n_rotation = int((singular > 1e-6).sum())
    free = translation @ right[n_rotation:].T  # orthonormal
    words = [f"translation along {_direction(t)}" for t in _reduced(free)]
    turning = motions @ right[:n_rotation].T
    for axis in _reduced(turning[3:]):
        shift = turning[:3] @ np.linalg.lstsq(turning[3:], axis, rcond=None)[0]
        shift -= free @ (free.T @ shift)
        point = centre + radius * np.cross(axis, shift) / (axis @ axis)
        point = np.where(np.abs(point) > 1e-6 * radius, point, 0.0)
        words.append(f"rotation about {_direction(axis)} through {_point(point)}")
    return words


def _reduced(columns: np.ndarray) -> list[np.ndarray]:
    """A basis of the span of columns (3, k), by elimination, so that axes of coordinates stand out."""
    rows = columns.T.copy()
    found = 0
    for axis in range(3):
        if found == len(rows):
            break
        pivot = found + int(np.abs(rows[found:, axis]).argmax())
        if abs(rows[pivot, axis]) < 1e-6:
            continue
        rows[[found, pivot]] = rows[[pivot, found]]
        rows[found] /= rows[found, axis]
        others = np.arange(len(rows)) != found
        rows[others] -= rows[others, axis][:, None] * rows[found]
        found += 1
    return list(rows[:found])


def _direction(vector: np.ndarray) -> str:
    unit = vector / np.linalg.norm(vector)
    large = np.flatnonzero(np.abs(unit) > 1e-6)
    return _AXES[large[0]] if len(large) == 1 else "({:.4g}, {:.4g}, {:.4g})".format(*np.where(
        np.abs(unit) > 1e-6, unit, 0.0))


def _point(point: np.ndarray) -> str:
    return "({:.4g}, {:.4g}, {:.4g})".format(*point)


def _bodies(
    meshes: Mapping[int, Mesh], shares: Mapping[int, np.ndarray], mask: np.ndarray, numbering: Numbering,
    relations: Relations | None,
) -> list[Body]:
    """The bodies of the whole model, the same on every rank. Collective."""
    pieces = numbering.pieces
    local = pieces.each(lambda p: bodies(meshes[p]))
    # by the piece: how many bodies, and the body of each of its shared nodes
    first, label = _joined(pieces.collect(lambda p: (local[p].number, *_shared(meshes[p], local[p].of_node))))
    number = int(label.max(initial=-1)) + 1
    of_node = pieces.each(lambda p: np.where(
        local[p].of_node >= 0, label[first[p] + np.maximum(local[p].of_node, 0)], -1))
    total = pieces.sum(lambda p: moments(padded(meshes[p].points), shares[p], of_node[p], number))
    nodes = pieces.collect(lambda p: smallest_ids(meshes[p].node_ids, of_node[p], number))
    node = np.min(list(nodes.values()), axis=0)
    count = total[:, 0]
    centre = total[:, 1:4] / count[:, None]
    radius = np.sqrt(np.maximum(total[:, 4] / count - (centre * centre).sum(axis=1), 0.0))
    radius = np.where(radius > 0.0, radius, 1.0)
    held = mask if relations is None else mask & ~relations.slave[:, None]
    frames = None if relations is None else relations.frame
    grams = pieces.sum(lambda p: held_motions(
        padded(meshes[p].points), held[numbering.positions[p]], of_node[p], centre, radius,
        None if frames is None else frames[numbering.positions[p]])) + absent_motions(numbering.motion)
    if relations is not None and number:
        of = np.full(len(numbering.ids), -1)
        for p in meshes:
            of[numbering.positions[p]] = np.maximum(of[numbering.positions[p]], of_node[p])
        grams = grams + np.sum(numbering.comm.allgather(_tied_motions(of, centre, radius, relations)), axis=0)
    return [Body(int(node[k]), round(float(count[k])), centre[k], float(radius[k]), grams[k]) for k in range(number)]


def _shared(mesh: Mesh, of_node: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the shared nodes of a piece that have cells there, and their bodies in it."""
    if mesh.shared_index is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    here = np.flatnonzero((mesh.shared_index >= 0) & (of_node >= 0))
    return mesh.shared_index[here], of_node[here]


def _joined(everything: Mapping[int, tuple[int, np.ndarray, np.ndarray]]) -> tuple[dict[int, int], np.ndarray]:
    """Where each piece's bodies begin among those of all (in order), and the body of the model of each of these."""
    first, total = {}, 0
    for p, (number, _, _) in everything.items():
        first[p] = total
        total += number
    nodes = np.concatenate([np.empty(0, np.int64), *(nodes for _, nodes, _ in everything.values())])
    parts = np.concatenate([np.empty(0, np.int64), *(first[p] + of for p, (_, _, of) in everything.items())])
    _, node = np.unique(nodes, return_inverse=True)
    size = total + (int(node.max()) + 1 if len(node) else 0)
    graph = sparse.coo_matrix((np.ones(len(parts), dtype=np.int8), (parts, total + node)), shape=(size, size))
    _, label = sparse.csgraph.connected_components(graph, directed=False)
    return first, np.unique(label[:total], return_inverse=True)[1]


def moments(points: np.ndarray, share: np.ndarray, of_node: np.ndarray, number: int) -> np.ndarray:
    """(number, 5): nodes, sums of x, y, z and of squares, of each body."""
    inside = of_node >= 0
    where, x = of_node[inside], points[inside]
    columns = [np.ones(len(x)), *x.T, (x * x).sum(axis=1)]
    return np.stack([np.bincount(where, weights=share[inside] * column, minlength=number) for column in columns],
                    axis=1)


def absent_motions(motion: Kinematics) -> np.ndarray:
    """Of the rigid motions those that the kinematics do not have, as held ones, (6, 6)."""
    return np.diag([float(k not in motion.rigid) for k in range(6)])


def smallest_ids(ids: np.ndarray, of_node: np.ndarray, number: int) -> np.ndarray:
    """(number,): the smallest of the ids of each body's nodes; the largest integer where it has none."""
    found = np.full(number, np.iinfo(np.int64).max)
    np.minimum.at(found, of_node[of_node >= 0], ids[of_node >= 0])
    return found


def held_motions(
    points: np.ndarray, mask: np.ndarray, of_node: np.ndarray, centre: np.ndarray, radius: np.ndarray,
    frames: np.ndarray | None = None,
) -> np.ndarray:
    """The part of a piece in G of each body, (n_body, 6, 6).

    points : (n_node, 3). mask : (n_node, d), directions that are held: axes of coordinates, or of the nodes' `frames`
        (n_node, d, d), by columns.
    """
    node, axis = np.nonzero(mask & (of_node >= 0)[:, None])
    body = of_node[node]
    x = (points[node] - centre[body]) / radius[body][:, None]
    direction = np.eye(3)[axis] if frames is None else padded(frames[node, :, axis])
    rows = np.concatenate([direction, np.cross(x, direction)], axis=1)  # (w x r) . d = w . (r x d)
    found = np.zeros((len(centre), 6, 6))
    np.add.at(found, body, rows[:, :, None] * rows[:, None, :])
    return found


def _tied_motions(of_node: np.ndarray, centre: np.ndarray, radius: np.ndarray, relations: Relations) -> np.ndarray:
    """What relations of slaves and masters hold of each body, (n_body, 6, 6), over this rank's nodes. Collective.

    A rigid motion goes on if it moves the slave as it does the master, turned. Where the two are of two bodies, both
    count as held, so that nothing is refused that the neighbouring sector may hold.
    """
    labels = np.repeat(of_node[relations.numbering.owned][:, None], relations.numbering.dimension, axis=1).astype(float)
    of_master = np.rint(relations.of_target(labels)[:, 0]).astype(np.int64)
    node = np.flatnonzero(relations.slave & (of_node >= 0))
    body, other = of_node[node], of_master[node]
    found = np.zeros((len(centre), 6, 6))
    if not len(node):
        return found
    points, masters, turn = relations.numbering.points[node], relations.masters[node], relations.rotated[node]
    rows = at_points((points - centre[body]) / radius[body][:, None])
    rows[body == other] -= (turn @ at_points((masters - centre[body]) / radius[body][:, None]))[body == other]
    np.add.at(found, body, np.einsum("nia,nib->nab", rows, rows))
    apart = (body != other) & (other >= 0)
    across = at_points((masters[apart] - centre[other[apart]]) / radius[other[apart]][:, None])
    np.add.at(found, other[apart], np.einsum("nia,nib->nab", across, across))
    return found


def at_points(x: np.ndarray) -> np.ndarray:
    """The components (n, 3, 6) at x (n, 3) of three translations and three rotations."""
    found = np.zeros((len(x), 3, 6))
    for axis in range(3):
        found[:, axis, axis] = 1.0
        found[:, axis, 3 + (axis + 1) % 3] = x[:, (axis + 2) % 3]
        found[:, axis, 3 + (axis + 2) % 3] = -x[:, (axis + 1) % 3]
    return found
