"""Clusters of snapshots or of runs, from Gram matrices alone: how they are found, and what local bases would gain."""
