"""What an online run returns: full fields, probes, reactions, and a snapshots file."""
