"""What Abaqus's module odbAccess gives, as far as the scripting reference says and `export_odb.py` asks for it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


class Repository(dict):
    """Named objects in their order, as Abaqus's repositories have them."""


class BulkBlock:
    """FieldBulkData: in double precision `data` raises, as the reference says, and `dataDouble` has the values."""

    def __init__(self, position, labels, data, components, instance, points=None, double=False, axes=None,
                 once=False):
        self.position, self.componentLabels, self.instance = position, tuple(components), instance
        self.type = "TENSOR_3D_FULL" if len(components) == 6 else "VECTOR" if len(components) == 3 else "SCALAR"
        self._data, self._double = data, double
        self.localCoordSystem, self.sectionPoint = axes, None
        if position == "NODAL":
            self.nodeLabels = tuple(labels)
        else:
            self.elementLabels = tuple(dict.fromkeys(labels)) if once else tuple(labels)
            self.integrationPoints = tuple(points)

    @property
    def data(self):
        if self._double:
            raise RuntimeError("the data are in double precision")
        return self._data.astype(np.float32)

    @property
    def dataDouble(self):  # noqa: N802
        return self._data


class Field:
    """FieldOutput."""

    def __init__(self, name, blocks, turned=None, complex_values=False):
        self.name, self.bulkDataBlocks, self.isComplex = name, tuple(blocks), complex_values
        self.locations = tuple(SimpleNamespace(position=block.position) for block in blocks)
        self._turned = turned

    def getTransformedField(self, datumCsys):  # noqa: N802
        assert datumCsys.name == "ROMLIB-GLOBAL"
        if self._turned is None:
            raise RuntimeError("no such transformation")
        return self._turned


class Assembly:
    """OdbAssembly."""

    def __init__(self, instances, node_sets, element_sets):
        self.instances = Repository((one.name, one) for one in instances)
        self.nodeSets, self.elementSets, self.datumCsyses = node_sets, element_sets, Repository()

    def DatumCsysByThreePoints(self, name, coordSysType, origin, point1, point2):  # noqa: N802
        assert (origin, point1, point2) == ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
        self.datumCsyses[name] = SimpleNamespace(name=name)


def instance(name, node_labels, points, kind, element_labels, nodes, sets=None):
    """OdbInstance. nodes : labels of nodes of each element. sets : labels of nodes by name."""
    mesh_nodes = [SimpleNamespace(label=int(label), coordinates=np.float32(point), instanceName=name)
                  for label, point in zip(node_labels, points)]
    elements = [SimpleNamespace(label=int(label), type=kind, connectivity=tuple(map(int, row)), instanceName=name)
                for label, row in zip(element_labels, nodes)]
    by_label = {node.label: node for node in mesh_nodes}
    return SimpleNamespace(
        name=name, embeddedSpace="THREE_D", nodes=mesh_nodes, elements=elements, elementSets=Repository(),
        nodeSets=Repository((key, SimpleNamespace(name=key, nodes=tuple(by_label[int(one)] for one in labels)))
                            for key, labels in (sets or {}).items()))


def assembly_set(parts, member):
    """OdbSet of the assembly: one sequence for each instance."""
    return SimpleNamespace(**{member: tuple(tuple(part) for part in parts)})


def frame(increment, time, fields, load_case=None):
    """OdbFrame."""
    return SimpleNamespace(incrementNumber=increment, frameValue=time, frameId=increment, loadCase=load_case,
                           fieldOutputs=Repository((one.name, one) for one in fields))


def step(name, frames, procedure="*STATIC", domain="TIME", start=0.0, period=1.0, nlgeom=False):
    """OdbStep."""
    return SimpleNamespace(name=name, procedure=procedure, domain=domain, totalTime=start, timePeriod=period,
                           nlgeom=nlgeom, frames=frames)


def database(assembly, steps):
    """Odb."""
    return SimpleNamespace(name="/somewhere/job.odb", rootAssembly=assembly, jobData=SimpleNamespace(version="2024"),
                           steps=Repository((one.name, one) for one in steps))
