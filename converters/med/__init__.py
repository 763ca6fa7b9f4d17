"""MED files of Salome and Code_Aster, as HDF5: meshes with groups, fields with profiles, Gauss points."""
