"""HDF5 files of romlib: one table of all that a file may have, one reader that believes nothing, checksums.

A file may come from a stranger or from a failing disk. Nothing outside the file is followed, no code is loaded, sizes
are known and bounded before memory is taken, and every array is checked against its row of the table when it is read.
"""
