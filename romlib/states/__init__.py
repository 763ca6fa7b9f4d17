"""The state of a run at one time, as another run may begin with it: in memory, in a file, in a snapshots file."""
