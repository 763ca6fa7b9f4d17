# -*- coding: utf-8 -*-
"""Write what romlib needs of an Abaqus output database into a folder of plain files. Run it with Abaqus's own Python:

    abaqus python export_odb.py JOB.odb [FOLDER]

and then convert the folder: romlib convert abaqus FOLDER -o JOB.vtkhdf. It needs nothing but Abaqus (Python 2.7 or 3,
NumPy), changes nothing in the output database, and writes into a new folder: odb.json says what there is, and each
array is a file .npy. The layout is documented in romlib's page solver-formats.md, "Abaqus".
"""

from __future__ import print_function

import json
import os
import sys

import numpy as np

FORMAT, VERSION = "romlib export of an Abaqus output database", 1
NODAL = ("U", "RF", "NT11", "NT")
AT_POINTS = ("S", "E", "PE", "PEEQ")  # and SDV1, SDV2, ...
OVERVIEW = "odb.json"


class Folder(object):
    """A new folder of arrays."""

    def __init__(self, path):
        if os.path.exists(path):
            raise SystemExit("%s exists already: name another folder" % path)
        os.makedirs(path)
        self.path = path
        self.number = 0

    def array(self, values):
        """Write an array; returns the name of its file."""
        name = "a%06d.npy" % self.number
        self.number += 1
        np.save(os.path.join(self.path, name), np.ascontiguousarray(values))
        return name

    def overview(self, content):
        """Write the overview, last, so that a folder that has one is whole."""
        with open(os.path.join(self.path, OVERVIEW), "w") as stream:
            json.dump(content, stream, indent=1, sort_keys=True)


def export(odb, folder, say=print):
    """Everything of an output database that romlib takes. odb : as odbAccess opens it. folder : a `Folder`."""
    assembly = odb.rootAssembly
    instances = list(assembly.instances.values())
    names = [instance.name for instance in instances]
    content = {
        "format": FORMAT, "version": VERSION, "odb": os.path.basename(odb.name),
        "abaqus": str(getattr(getattr(odb, "jobData", None), "version", "")),
        "instances": [_instance(instance, folder) for instance in instances],
        "node_sets": _sets(assembly, instances, "nodeSets", "nodes", names, folder),
        "element_sets": _sets(assembly, instances, "elementSets", "elements", names, folder),
        "steps": [], "left_out": {},
    }
    for step in odb.steps.values():
        say("step %s: %d frames" % (step.name, len(step.frames)))
        content["steps"].append({
            "name": step.name, "procedure": str(step.procedure), "domain": str(step.domain),
            "nlgeom": bool(step.nlgeom), "start": float(step.totalTime), "period": float(step.timePeriod),
            "frames": [_frame(odb, frame, names, folder, content["left_out"]) for frame in step.frames]})
    folder.overview(content)
    return content


def _instance(instance, folder):
    nodes = instance.nodes
    labels = np.array([node.label for node in nodes], dtype=np.int64)
    points = np.array([node.coordinates for node in nodes], dtype=float).reshape(len(labels), -1)
    kinds = {}  # type: dict
    for one in instance.elements:
        kinds.setdefault((str(one.type), len(one.connectivity)), []).append((one.label,) + tuple(one.connectivity))
    elements = []
    for kind, n_node in sorted(kinds):
        table = np.array(kinds[kind, n_node], dtype=np.int64)
        elements.append({"type": kind, "labels": folder.array(table[:, 0]), "nodes": folder.array(table[:, 1:])})
    return {"name": instance.name, "space": str(instance.embeddedSpace), "labels": folder.array(labels),
            "points": folder.array(points), "elements": elements}


def _sets(assembly, instances, sets, members, names, folder):
    """Sets of the assembly and of its instances: labels by instance."""
    found = {}
    for owner, prefix in [(assembly, "")] + [(instance, instance.name + ".") for instance in instances]:
        for name, one in getattr(owner, sets).items():
            parts = {}  # type: dict
            for member in _flat(getattr(one, members)):
                instance = getattr(member, "instanceName", None) or prefix[:-1]
                if instance in names:
                    parts.setdefault(names.index(instance), []).append(member.label)
            found[prefix + name] = [{"instance": k, "labels": folder.array(np.array(parts[k], dtype=np.int64))}
                                    for k in sorted(parts)]
    return found


def _flat(members):
    """Nodes or elements of a set: a sequence, or for sets of the assembly a sequence for each instance."""
    for one in members or ():
        if hasattr(one, "label"):
            yield one
        else:
            for member in one:
                yield member


def _frame(odb, frame, names, folder, left_out):
    fields = {}
    for name in frame.fieldOutputs.keys():
        nodal = name in NODAL
        if not (nodal or name in AT_POINTS or (name.startswith("SDV") and name[3:].isdigit())):
            continue
        output = frame.fieldOutputs[name]
        if output.isComplex:
            left_out[name] = "it is complex"
            continue
        if not nodal and any(_local(block) for block in output.bulkDataBlocks):
            try:
                output = output.getTransformedField(datumCsys=_global_axes(odb))
            except Exception as error:  # what odbAccess raises where it cannot turn a field
                left_out[name] = "it is in local axes, and could not be turned: %s" % error
                continue
        wanted = "NODAL" if nodal else "INTEGRATION_POINT"
        blocks = [_block(block, names, folder) for block in output.bulkDataBlocks if str(block.position) == wanted]
        if blocks:
            fields[name] = blocks
        else:
            left_out[name] = "it is not at %s" % ("nodes" if nodal else "integration points")
    return {"increment": int(frame.incrementNumber), "time": float(frame.frameValue),
            "load_case": frame.loadCase is not None, "fields": fields}


def _local(block):
    axes = getattr(block, "localCoordSystem", None)
    return axes is not None and len(axes) > 0


def _global_axes(odb):
    """The global system, to which fields in local axes are turned; it is made in memory, not in the file."""
    name = "ROMLIB-GLOBAL"
    if name not in odb.rootAssembly.datumCsyses.keys():
        import abaqusConstants

        odb.rootAssembly.DatumCsysByThreePoints(
            name=name, coordSysType=abaqusConstants.CARTESIAN, origin=(0.0, 0.0, 0.0), point1=(1.0, 0.0, 0.0),
            point2=(0.0, 1.0, 0.0))
    return odb.rootAssembly.datumCsyses[name]


def _block(block, names, folder):
    """A block of values: labels and points of its rows, and the values in the precision of the file."""
    try:
        data = np.array(block.data)
    except Exception:  # "If the underlying data are in double precision, an exception will be thrown"
        data = np.array(block.dataDouble)
    data = data.reshape(len(data), -1)
    instance = getattr(block, "instance", None)
    found = {"instance": names.index(instance.name) if instance is not None else 0,
             "position": str(block.position), "components": [str(one) for one in block.componentLabels],
             "data": folder.array(data), "points": None}
    if str(block.position) == "NODAL":
        labels = np.array(block.nodeLabels, dtype=np.int64)
    else:
        labels, points = np.array(block.elementLabels, dtype=np.int64), np.array(block.integrationPoints, np.int64)
        if len(labels) < len(data):  # one label for all points of an element
            labels = np.repeat(labels, len(data) // len(labels))
        found["points"] = folder.array(points)
        section = getattr(block, "sectionPoint", None)
        found["section_point"] = int(section.number) if section is not None and section.number else 0
    found["labels"] = folder.array(labels)
    return found


def main(arguments):
    """The command line."""
    if len(arguments) not in (1, 2) or not arguments[0].lower().endswith(".odb"):
        raise SystemExit("use: abaqus python export_odb.py JOB.odb [FOLDER]")
    try:
        from odbAccess import openOdb
    except ImportError:
        raise SystemExit("this is not Abaqus's Python: run  abaqus python export_odb.py %s" % arguments[0])
    target = arguments[1] if len(arguments) == 2 else arguments[0][:-4] + "_odb"
    odb = openOdb(path=arguments[0], readOnly=True)
    try:
        export(odb, Folder(target))
    finally:
        odb.close()
    print("written: %s" % target)


if __name__ == "__main__":
    main(sys.argv[1:])
