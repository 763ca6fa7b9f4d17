"""A dictionary of bases: which local basis a case is solved in, chosen from its input before the run."""
