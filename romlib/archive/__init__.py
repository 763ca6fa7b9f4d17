"""The ROM archive: its data classes and the HDF5 files that hold them."""
