"""What a result gives, whether a run or a file: fields of the whole mesh, probes, tables, and views of it."""
