"""What every converter needs: lists of omissions, indices of ids, maps of elements, and the sink of snapshots."""
