"""Results as the files of other programs: VTU, PVD, XDMF, CSV, Exodus."""
